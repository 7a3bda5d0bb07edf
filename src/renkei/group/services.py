"""Opening a patient's group, who is in charge of it, leaving it, ending it."""

from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.group.membership import checked_reason, checked_role_in_care, group_of, join, say
from renkei.group.models import Group, Invitation, Member
from renkei.kernel import vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.people.models import PractitionerRole
from renkei.policy.use_case import Change, use_case


@use_case("group.open", on="patient")
def open_group(change: Change, *, role_in_care: str) -> Group:
    """Open the patient's group, with oneself as its first manager (A5.1, A11.1).

    Raises:
        Problem: the patient has an open group already.
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
    Member.objects.filter(group=group).update(read_seq=group.last_seq)
    return group


def _new_group(change: Change, *, region: UUID, opened_by: UUID | None) -> Group:
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


def _end_membership(
    change: Change, group: Group, member: Member, *, reason: str, released_by: UUID | None
) -> None:
    member.ended_at, member.released_by_id = change.now, released_by
    member.seal("end_reason", reason)
    member.save(update_fields=["ended_at", "released_by", "end_reason"])
    change.about("Member", member.id, account=member.account_id.hex)
    say(
        change,
        group,
        "released" if released_by else "left",
        subject=member.role,
        sender=released_by or member.account_id,
    )
    change.end_standings(group=group.id, account=member.account_id)


def _refuse_last_manager(group: Group, member: Member) -> None:
    """A group is never without a manager in office while others are in it."""
    others = group.members.filter(ended_at=None).exclude(pk=member.pk)
    in_office = others.filter(manager=True, role__ended_at=None, account__suspended_at=None)
    if member.manager and not in_office.exists() and others.exists():
        raise Problem(gettext_noop("This is the last manager of the group."))


@use_case("group.leave", on="group")
def leave_group(change: Change, *, reason: str) -> None:
    """Leave the group oneself, at once, with a reason (N3.6).

    Raises:
        Problem: no reason, or one is the last manager of a group with others in it.
    """
    group, where = group_of(change), change.standing.where
    assert where is not None and where.member is not None
    member = Member.objects.select_for_update().get(pk=where.member.id)
    change.about("Group", group.id)
    cleaned = checked_reason(reason)
    _refuse_last_manager(group, member)
    _end_membership(change, group, member, reason=cleaned, released_by=None)


@use_case("member.release", on="member")
def release_member(change: Change, *, reason: str) -> None:
    """End somebody's part in the group, with a reason (A5.2, A8.4).

    Raises:
        Problem: no reason, or it is the last manager of a group with others in it.
    """
    group, member = group_of(change), _member(change)
    cleaned = checked_reason(reason)
    _refuse_last_manager(group, member)
    _end_membership(change, group, member, reason=cleaned, released_by=change.account)


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
    member.manager, member.appointed_by_id, member.appointed_at = True, change.account, change.now
    member.save(update_fields=["manager", "appointed_by", "appointed_at"])
    say(change, group, "appointed", subject=member.role)
    change.end_standings(group=group.id, account=member.account_id)


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
    _refuse_last_manager(group, member)
    member.manager, member.appointed_by_id, member.appointed_at = False, None, None
    member.save(update_fields=["manager", "appointed_by", "appointed_at"])
    change.end_standings(group=group.id, account=member.account_id)


@use_case("group.close", on="group")
def close_group(change: Change, *, reason: str) -> None:
    """End the group: it stays readable to its members, and nobody writes or joins (A5.1).

    Raises:
        Problem: no reason was given.
    """
    group = group_of(change)
    change.about("Group", group.id)
    cleaned = checked_reason(reason)
    say(change, group, "closed", subject=None, text=cleaned)
    group.closed_at = change.now
    group.save(update_fields=["closed_at"])
    group.invitations.filter(state="open").update(
        state=Invitation.State.TAKEN_BACK, closed_at=change.now
    )
    change.end_standings(group=group.id)


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
