"""Leaving a group oneself: what is shown before, and of the groups one was in (N3.6).

Names of former groups are for the administrator of the organization for which the person was in
them; the person sees days alone, and nobody any content.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from renkei.group.about import open_about
from renkei.group.head import Head, head
from renkei.group.membership import about_member, in_charge
from renkei.group.models import Group, Invitation, Member
from renkei.group.shell import Shell, shell
from renkei.kernel import clock, vault
from renkei.kernel.japanese import initials
from renkei.patient.identity import open_identity
from renkei.patient.models import Identity
from renkei.people.faces import Face, name_of
from renkei.people.models import PractitionerRole
from renkei.people.staff import face_of
from renkei.policy.rules import may
from renkei.policy.standing import Actor, On, Standing
from renkei.policy.use_case import disclosure, own_record


@dataclass(frozen=True, slots=True)
class Successor:
    """A member who could manage the group from now on."""

    member: UUID
    face: Face
    part: str  # the role in the care


@dataclass(frozen=True, slots=True)
class Leaving:
    """Before one leaves: whose group it is, and what has to be settled first."""

    group: UUID
    name: str  # initials, for who may not read it at present
    organization: str  # managing
    phone: str
    free: bool  # a free group, into which one comes back as one came in
    last: bool  # the last manager of an open group with others in it
    successors: list[Successor]
    invites: bool  # may invite somebody who takes over
    asked: int  # open invitations one has sent
    head: Head | None
    shell: Shell


@disclosure("group.leave", on="group")
def see_leaving(standing: Standing) -> Leaving:
    """What leaving needs, also for who may not read the group at present (N3.6)."""
    where = standing.where
    assert where is not None and where.group is not None and where.member is not None
    group = Group.objects.select_related("patient", "organization").get(pk=where.group)
    others = list(
        group.members.filter(ended_at=None)
        .exclude(pk=where.member.id)
        .select_related("account", "role__account", "role__organization")
    )
    now = clock.now()
    last = (
        where.member.manager
        and where.open
        and bool(others)
        and not in_charge(group.members.filter(ended_at=None), now)
        .exclude(pk=where.member.id)
        .exists()
    )
    reads = may(standing, "group.see")
    top = head(standing) if reads else None
    place = group.organization
    return Leaving(
        group=group.id,
        name=_name(group, reads),
        organization=place.name if place else "",
        phone=place.phone if place else "",
        free=where.kind == "free",
        last=last,
        successors=_successors(standing, others, now) if last else [],
        invites=may(standing, "group.manage"),
        asked=Invitation.objects.filter(
            group=group, invited_by=standing.who.account, state=Invitation.State.OPEN
        ).count(),
        head=top,
        shell=top.shell if top else shell(standing),
    )


def _name(group: Group, reads: bool) -> str:
    if group.about_sealed:
        return open_about(group.id, group.key_id, group.about_sealed).name
    if group.patient is None:
        return ""
    who = open_identity(group.patient.id, group.patient.key_id, group.patient.identity_sealed)
    return who.name if reads else initials(who.name, who.kana)


def _successors(standing: Standing, others: list[Member], now: datetime) -> list[Successor]:
    found = []
    for one in others:
        about = about_member(standing, one, now)
        if one.role is not None and about is not None and may(about, "member.appoint"):
            found.append(Successor(one.id, face_of(one.role), one.role_in_care))
    return sorted(found, key=lambda one: one.face.kana)


# ── The groups one was in ────────────────────────────────────────────────────────────────────────

LEFT: Final = "left"  # by themselves
RELEASED: Final = "released"  # by a manager, or with the end of the work
KINDS: Final = (Group.Kind.PATIENT, Group.Kind.FAMILY)


@dataclass(frozen=True, slots=True)
class Former:
    """One place in a group that has ended: when, and how. Never anything that was said there."""

    organization: str  # for which the person was in it; empty for patient and relatives
    joined_at: datetime
    ended_at: datetime
    how: str  # "left" or "released"
    identity: Identity | None = None  # for the administrator alone
    managed_by: str = ""  # the organization that manages the group; likewise
    part: str = ""


def _ended(**of: object) -> list[Member]:
    return list(
        Member.objects.filter(ended_at__isnull=False, group__kind__in=KINDS, **of)
        .select_related("group__patient", "group__organization", "role__organization")
        .order_by("-ended_at")
    )


def _how(one: Member) -> str:
    return RELEASED if one.released_by_id else LEFT


@disclosure("home.see", on="region")
def see_own_former(standing: Standing) -> list[Former]:
    """In how many groups one was, from when to when: no name of anybody (N3.6)."""
    return [_without_name(one) for one in _ended(account=standing.who.account)]


def _without_name(one: Member) -> Former:
    assert one.ended_at is not None
    place = one.role.organization.name if one.role else ""  # patient and relatives have none
    return Former(place, one.joined_at, one.ended_at, _how(one))


@dataclass(frozen=True, slots=True)
class FormerOf:
    """The groups in which one of one's own people was, for the organization."""

    role: UUID
    name: str
    profession: str
    groups: list[Former]


def see_former_of(actor: Actor, on: On) -> FormerOf:
    """In which groups one of one's people was for the organization; that it was looked at is kept.

    Raises:
        Refused: the person is not one of the administrator's own.
    """
    found, standing = _former_of(actor, on)
    with own_record(standing, "page.see", f"PractitionerRole/{found.role.hex}") as change:
        change.detail["opened"] = "former_groups"
    return found


@disclosure("staff.see_groups", on="staff")
def _former_of(standing: Standing) -> tuple[FormerOf, Standing]:
    colleague = standing.what.colleague
    assert colleague is not None
    role = PractitionerRole.objects.select_related("account").get(pk=colleague.role)
    ended = _ended(account=role.account_id, role__organization=role.organization_id)
    vault.warm(one.group.patient.key_id for one in ended if one.group.patient)
    groups = [_with_name(one) for one in ended]
    return FormerOf(role.id, name_of(role.account), role.profession, groups), standing


def _with_name(one: Member) -> Former:
    plain, patient = _without_name(one), one.group.patient
    assert patient is not None and one.group.organization is not None
    return Former(
        plain.organization,
        plain.joined_at,
        plain.ended_at,
        plain.how,
        identity=open_identity(patient.id, patient.key_id, patient.identity_sealed),
        managed_by=one.group.organization.name,
        part=one.role_in_care,
    )
