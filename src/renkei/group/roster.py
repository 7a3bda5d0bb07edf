"""What is shown of who is in a group: to members, to those who manage it, to who invites."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from renkei.group.about import open_about
from renkei.group.head import Head, head
from renkei.group.members import MemberLine, members
from renkei.group.models import About
from renkei.group.shell import Shell, shell
from renkei.kernel import clock
from renkei.kernel.clock import from_us
from renkei.kernel.damage import readable
from renkei.kernel.database import as_uuid, id_of, row, rows
from renkei.kernel.errors import Unknown
from renkei.kernel.japanese import initials
from renkei.patient.consents import ConsentLine, badge, consents_of, current, gap
from renkei.patient.identity import open_identity
from renkei.patient.models import Identity
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.policy.rules import RULES, may
from renkei.policy.standing import LOADS, Asked, Colleague, Standing, What
from renkei.policy.use_case import disclosure
from renkei.policy.who import working


@dataclass(frozen=True, slots=True)
class Seat:
    """A member with what the person may do about them."""

    line: MemberLine
    mine: bool
    appointed_at: datetime | None
    release: bool
    appoint: bool  # may put in charge, or take that back


@dataclass(frozen=True, slots=True)
class Waiting:
    """An invitation that has not led to a place in the group yet."""

    id: UUID
    face: Face
    role_in_care: str
    manager: bool
    accepted: bool
    approved: bool
    expired: bool
    expires_at: datetime
    inviter: str
    take_back: bool


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is in a group, who is asked, who was in it. Nothing of what is said there."""

    group: UUID
    open: bool  # neither ended nor archived
    archived: bool
    ended: bool
    patient: UUID | None  # None of a free group, as the two that follow
    identity: Identity | None
    about: About | None  # of a free group alone, as the two that follow
    entry: str
    listing: str
    organization: str
    consent: ConsentLine | None
    badge: str
    gap: str
    seats: list[Seat]
    waiting: list[Waiting]
    former: list[MemberLine]
    reasons: dict[UUID, str]  # why members left or were released, for who manages and reads
    head: Head | None  # for those who read the group
    can: frozenset[str]
    shell: Shell
    erase_at: datetime | None = None  # it will be erased then (A11.7)
    wishes: int = 0  # requests to join a free group that wait, for who may answer them

    @property
    def organizations(self) -> int:
        """How many organizations take part."""
        working = [seat.line for seat in self.seats if not seat.line.relation]
        return len({line.face.organization_id for line in working})

    @property
    def managers(self) -> int:
        """How many members manage the group."""
        return sum(seat.line.manager for seat in self.seats)


GROUP = """
    SELECT p.id, p.key_id, p.identity_sealed, o.name, g.closed_at, g.archived_at, g.key_id,
      g.about_sealed
    FROM group_group g
    LEFT JOIN patient_patient p ON p.id = g.patient_id
    JOIN people_organization o ON o.id = g.organization_id WHERE g.id = %s"""
_OFFICE = """
    SELECT m.id, r.ended_at, r.until, a.suspended_at, m.appointed_at FROM group_member m
    LEFT JOIN people_practitionerrole r ON r.id = m.role_id
    JOIN people_account a ON a.id = m.account_id
    WHERE m.group_id = %s AND m.ended_at IS NULL"""
_WAITING = f"""
    SELECT {COLUMNS}, i.id, i.role_in_care, i.manager, i.accepted_at, i.approved_at, i.expires_at,
      i.invited_by_id
    FROM group_invitation i
    JOIN people_practitionerrole r ON r.id = i.role_id
    JOIN people_account a ON a.id = r.account_id
    JOIN people_organization o ON o.id = r.organization_id
    WHERE i.group_id = %s AND i.state = 'open' ORDER BY i.invited_at"""
_NAME = f"""
    SELECT {COLUMNS} FROM people_account a
    LEFT JOIN people_practitionerrole r ON r.id IS NULL
    LEFT JOIN people_organization o ON o.id IS NULL WHERE a.id = %s"""
_GROUP_RULES = [name for name, rule in RULES.items() if rule.needs <= LOADS["group"]]


def about_colleague(standing: Standing, one: Face, *, in_office: bool) -> Standing:
    """The standing to one colleague in this group, as the rules judge it.

    Patient and relatives are nobody's colleagues.
    """
    if one.role is None or one.organization_id is None:
        return standing
    colleague = Colleague(
        account=one.account,
        role=one.role,
        organization=one.organization_id,
        in_office=in_office,
        administrators=0,  # decides about approvals alone
        administrator=False,
        profession=one.profession,
    )
    return replace(standing, what=What(colleague=colleague))


def _seats(standing: Standing, group: UUID, lines: list[MemberLine]) -> list[Seat]:
    office = {id_of(one[0]): one for one in rows(_OFFICE, [group.hex])}
    now = clock.to_us(clock.now())
    seats = []
    for line in lines:
        _, ended, until, suspended, appointed = office[line.id]
        works = ended is None and working(until, now) and suspended is None
        about = about_colleague(standing, line.face, in_office=works)
        seats.append(
            Seat(
                line=line,
                mine=line.face.account == standing.who.account,
                appointed_at=from_us(appointed) if appointed else None,
                release=may(about, "member.release"),
                appoint=may(about, "member.dismiss" if line.manager else "member.appoint"),
            )
        )
    return seats


def _waiting_line(standing: Standing, found: tuple[Any, ...], name: str) -> Waiting:
    rest, invited = found[WIDTH:], face(found[:WIDTH])
    expires = from_us(rest[5])
    asked = Asked(
        id=id_of(rest[0]),
        open=expires > clock.now(),
        invited_by=id_of(rest[6]),
        accepted=rest[3] is not None,
        approved=rest[4] is not None,
    )
    about = about_colleague(standing, invited, in_office=True)
    about = replace(about, what=replace(about.what, invitation=asked))
    return Waiting(
        id=asked.id,
        face=invited,
        role_in_care=rest[1],
        manager=bool(rest[2]),
        accepted=asked.accepted,
        approved=asked.approved,
        expired=not asked.open,
        expires_at=expires,
        inviter=name,
        take_back=may(about, "invitation.take_back"),
    )


def _waiting(standing: Standing, group: UUID) -> list[Waiting]:
    lines = []
    for found in rows(_WAITING, [group.hex]):
        inviter = row(_NAME, [id_of(found[WIDTH + 6]).hex])
        assert inviter is not None
        lines.append(_waiting_line(standing, found, face(inviter).name))
    return lines


_REASONS = """
    SELECT id, key_id, end_reason FROM group_member
    WHERE group_id = %s AND ended_at IS NOT NULL AND end_reason IS NOT NULL"""


def _reasons(standing: Standing, group: UUID) -> dict[UUID, str]:
    """Why members left, sealed under the group's key; for its managers alone (N3.6)."""
    if not (may(standing, "group.see") and may(standing, "group.manage")):
        return {}
    return {id_of(one[0]): _reason(*one) for one in rows(_REASONS, [group.hex])}


def _reason(member: str | UUID, key: str | UUID, sealed: bytes) -> str:
    return readable(id_of(key), sealed, about=f"group.Member/{id_of(member).hex}/end_reason")


_WISHES = "SELECT COUNT(*) FROM group_joinrequest WHERE group_id = %s AND state = 'open'"


def _wishes(standing: Standing, group: UUID) -> int:
    if not may(standing, "group.admit"):
        return 0
    found = row(_WISHES, [group.hex])
    return found[0] if found else 0


def roster(standing: Standing) -> Roster:
    """The roster for a page whose own rule has been asked already."""
    where = standing.where
    assert where is not None and where.group is not None
    found = row(GROUP, [where.group.hex])
    if found is None:  # network and direct groups: nobody comes or goes there by anybody's doing
        raise Unknown("patient")
    patient = as_uuid(found[0])
    everybody = members(where.group, where.kind, former=True)
    consents = consents_of(patient) if patient else []
    reads = may(standing, "group.see")
    top = head(standing) if reads else None
    return Roster(
        group=where.group,
        open=found[4] is None and found[5] is None,
        archived=found[5] is not None,
        ended=found[4] is not None,
        patient=patient,
        identity=open_identity(patient, id_of(found[1]), found[2]) if patient else None,
        about=open_about(where.group, id_of(found[6]), found[7]) if found[7] else None,
        entry=where.entry,
        listing=where.listing,
        organization=found[3],
        consent=current(consents),
        badge=badge(consents) if patient else "",
        gap=gap(consents) if patient else "",
        seats=_seats(standing, where.group, [one for one in everybody if one.ended_at is None]),
        waiting=_waiting(standing, where.group),
        former=[one for one in everybody if one.ended_at is not None],
        reasons=_reasons(standing, where.group),
        head=top,
        can=frozenset(name for name in _GROUP_RULES if may(standing, name)),
        shell=top.shell if top else shell(standing),
        erase_at=from_us(where.erase_at) if where.erase_at else None,
        wishes=_wishes(standing, where.group),
    )


@disclosure("group.see", on="group", opens="members")
def see_members(standing: Standing) -> Roster:
    """Who is in the group, for its members."""
    return roster(standing)


@disclosure("group.manage", on="group", opens="members")
def see_management(standing: Standing) -> Roster:
    """Who is in the group, for those who manage it; administrators do so without reading (A8.4)."""
    return roster(standing)


@disclosure("group.close", on="group", opens="members")
def see_closing(standing: Standing) -> Roster:
    """The group that somebody is about to end."""
    return roster(standing)


@disclosure("group.archive", on="group", opens="members")
def see_archiving(standing: Standing) -> Roster:
    """The group that somebody is about to move to the archive."""
    return roster(standing)


@disclosure("group.bring_back", on="group", opens="members")
def see_bringing_back(standing: Standing) -> Roster:
    """The group that somebody is about to bring back from the archive."""
    return roster(standing)


@dataclass(frozen=True, slots=True)
class MemberPage:
    """One member, for who releases them. Their administrator learns no patient's name here."""

    id: UUID
    group: UUID
    face: Face
    role_in_care: str
    patient: str  # the name for who manages the group, else initials; empty of a free group
    title: str  # of a free group
    manages: bool
    shell: Shell


_MEMBER = f"""
    SELECT {COLUMNS}, m.role_in_care, p.id, p.key_id, p.identity_sealed, g.key_id, g.about_sealed
    FROM group_member m
    JOIN group_group g ON g.id = m.group_id
    LEFT JOIN patient_patient p ON p.id = g.patient_id
    JOIN people_account a ON a.id = m.account_id
    LEFT JOIN people_practitionerrole r ON r.id = m.role_id
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE m.id = %s AND g.kind <> 'network'"""


@disclosure("member.release", on="member")
def see_member(standing: Standing) -> MemberPage:
    """Whom one is about to release from which patient's group (A8.4)."""
    where, member = standing.where, standing.what.member
    assert where is not None and where.group is not None and member is not None
    found = row(_MEMBER, [member.hex])
    if found is None:  # without a role in it
        raise Unknown("member")
    rest = found[WIDTH:]
    manages = may(standing, "group.manage")
    name = ""
    if patient := as_uuid(rest[1]):
        identity = open_identity(patient, id_of(rest[2]), rest[3])
        name = identity.name if manages else initials(identity.name, identity.kana)
    return MemberPage(
        id=member,
        group=where.group,
        face=face(found[:WIDTH]),
        role_in_care=rest[0],
        patient=name,
        title=open_about(where.group, id_of(rest[4]), rest[5]).name if rest[5] else "",
        manages=manages,
        shell=shell(standing),
    )


@disclosure("member.dismiss", on="member")
def see_group_of(standing: Standing) -> UUID:
    """The group in which one is about to put a member in charge."""
    assert standing.where is not None and standing.where.group is not None
    return standing.where.group
