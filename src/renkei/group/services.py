"""Opening a patient's group, who is in charge of it, leaving it, ending it."""

from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.group.membership import (
    about_member,
    ask_in,
    checked_reason,
    checked_role_in_care,
    end_membership,
    finish,
    group_of,
    join,
    put_in_charge,
    refuse_last_manager,
    say,
)
from renkei.group.models import Group, Member
from renkei.kernel import vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.people.models import PractitionerRole
from renkei.people.selectors import in_office
from renkei.policy.facts import PHYSICIANS, consent_for_sharing
from renkei.policy.rules import may
from renkei.policy.use_case import Change, use_case

ATTENDING: Final = "主治医"


@use_case("group.open", on="patient")
def open_group(change: Change, *, role_in_care: str, attending: UUID | None = None) -> Group:
    """Open the patient's group, with oneself as its first manager (A5.1, A11.1).

    Args:
        attending: the role of the attending physician, if of another organization, to whom the
            managing organization delegates the group: once they have joined (A11.2).

    Raises:
        Problem: the patient has an open group already, or it cannot be delegated so.
    """
    who = change.standing.who
    if Group.objects.filter(patient=change.patient, kind="patient", closed_at=None).exists():
        raise Problem(gettext_noop("This patient has a group already."))
    assert who.role is not None
    role = PractitionerRole.objects.get(pk=who.role)
    group = _new_group(change, region=change.region, opened_by=who.account)
    change.stream = f"group:{group.id.hex}"
    change.about("Group", group.id, patient=change.patient.hex)
    join(
        change,
        group,
        role,
        role_in_care=checked_role_in_care(role_in_care),
        manager=True,
        origin=Member.Origin.OPENED,
        appointed_by=who.account,
    )
    say(change, group, "opened", subject=role)
    if attending is not None:
        _delegate(change, group, attending)
    Member.objects.filter(group=group).update(read_seq=group.last_seq)
    return group


def _delegate(change: Change, group: Group, attending: UUID) -> None:
    """Ask the attending physician of another organization in, to be in charge of the group."""
    found = in_office(change.now).filter(
        pk=attending, profession__in=PHYSICIANS, organization__region=group.region_id
    )
    role = found.exclude(organization=group.organization_id).first()
    if role is None or not consent_for_sharing(change.standing):
        raise Problem(
            gettext_noop("The group can be delegated to a physician once the consent is in order."),
            field="attending",
        )
    entity = change.entity
    ask_in(change, group, role, role_in_care=ATTENDING, manager=True)
    change.detail["delegated"], change.entity = role.id.hex, entity


def _new_group(change: Change, *, region: UUID, opened_by: UUID | None) -> Group:
    assert change.where.organization is not None  # the patient's
    group = Group(
        id=uuid7(),
        key_id=vault.make_key("group"),
        region_id=region,
        kind=Group.Kind.PATIENT,
        patient_id=change.patient,
        organization_id=change.where.organization,
        opened_at=change.now,
        opened_by_id=opened_by,
    )
    group.save(force_insert=True)
    return group


@use_case("group.leave", on="group")
def leave_group(change: Change, *, reason: str, successor: UUID | None = None) -> None:
    """Leave the group oneself, at once, with a reason (N3.6).

    Args:
        successor: the member who manages the group from now on; the last manager names one.

    Raises:
        Problem: no reason, a successor who may not take charge, or none where one is needed.
    """
    group, where = group_of(change), change.where
    assert where.member is not None
    member = Member.objects.select_for_update().get(pk=where.member.id)
    change.about("Group", group.id)
    cleaned = checked_reason(reason)
    if successor is not None:
        _succeed(change, group, successor)
    refuse_last_manager(group, member, change.now)
    end_membership(change, group, member, reason=cleaned, released_by=None)


def _succeed(change: Change, group: Group, successor: UUID) -> None:
    """Put another member in charge as part of leaving, if that is allowed of them."""
    others = group.members.filter(ended_at=None).exclude(account=change.account)
    taking = others.select_related("account", "role__organization").filter(pk=successor)
    member = taking.first()
    about = about_member(change.standing, member, change.now) if member else None
    if member is None or about is None or not may(about, "member.appoint"):
        raise Problem(
            gettext_noop("This person cannot take charge of the group. Please choose another."),
            field="successor",
        )
    if not member.manager:
        put_in_charge(change, group, member)
        change.detail["successor"] = member.account_id.hex


@use_case("member.release", on="member")
def release_member(change: Change, *, reason: str) -> None:
    """End somebody's part in the group, with a reason (A5.2, A8.4).

    Raises:
        Problem: no reason, or it is the last manager of a group with others in it.
    """
    group, member = group_of(change), _member(change)
    cleaned = checked_reason(reason)
    refuse_last_manager(group, member, change.now)
    end_membership(change, group, member, reason=cleaned, released_by=change.account)


def _member(change: Change) -> Member:
    member_id = change.standing.what.member
    assert member_id is not None
    member = Member.objects.select_for_update().get(pk=member_id)
    change.about("Member", member.id, account=member.account_id.hex)
    return member


@use_case("member.appoint", on="member")
def appoint_manager(change: Change) -> None:
    """Put a member in charge of the group; on record and in the timeline (A11.2)."""
    group, member = group_of(change), _member(change)
    if member.manager:
        change.silent = True
        return
    put_in_charge(change, group, member)


@use_case("member.dismiss", on="member")
def dismiss_manager(change: Change) -> None:
    """Take back that a member is in charge of the group (A11.2).

    Raises:
        Problem: it would leave the group without a manager.
    """
    group, member = group_of(change), _member(change)
    if not member.manager:
        change.silent = True
        return
    refuse_last_manager(group, member, change.now)
    member.manager, member.appointed_by_id, member.appointed_at = False, None, None
    member.save(update_fields=["manager", "appointed_by", "appointed_at"])
    say(change, group, "dismissed", subject=member.role)
    change.end_standings(group=group.id, account=member.account_id)


@use_case("group.close", on="group")
def close_group(change: Change, *, reason: str) -> None:
    """End the group: it stays readable to its members, and nobody writes or joins (A5.1).

    Raises:
        Problem: no reason was given.
    """
    group = group_of(change)
    change.about("Group", group.id)
    finish(change, group, checked_reason(reason))


# ── Taken over from paper ────────────────────────────────────────────────────────────────────────


@use_case("region.load", on="patient")
def take_over_group(
    change: Change, *, region: UUID, team: list[tuple[PractitionerRole, str, bool]]
) -> Group:
    """Open the group of a patient whose team exists on paper.

    Args:
        team: role, role in care, whether a manager. Nobody approved or accepted anything here,
            and the memberships say so.
    """
    group = _new_group(change, region=region, opened_by=None)
    change.stream = f"group:{group.id.hex}"
    change.about("Group", group.id, patient=change.patient.hex)
    change.detail["members"] = [role.id.hex for role, _, _ in team]
    for role, role_in_care, manager in team:
        member = Member(
            id=uuid7(),
            key_id=group.key_id,
            group=group,
            account_id=role.account_id,
            role=role,
            role_in_care=checked_role_in_care(role_in_care),
            manager=manager,
            origin=Member.Origin.PAPER,
            joined_at=change.now,
        )
        member.save(force_insert=True)
    return group
