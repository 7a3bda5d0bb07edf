"""What a person is shown of their groups: the list of them, and the head of one."""

from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from renkei.communication import log
from renkei.group.selectors import FROM_VISIBLE, VISIBLE
from renkei.kernel import vault
from renkei.kernel.clock import from_us
from renkei.kernel.database import as_uuid, row, rows
from renkei.patient.models import Basics, Identity, Relative
from renkei.people.disclosures import Me, me
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.policy.facts import consent_for_sharing
from renkei.policy.rules import Can
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure


def open_identity(patient: UUID, key: UUID, sealed: bytes) -> Identity:
    """Who a patient is, from the columns of a query."""
    place = f"patient.Patient/{patient.hex}/identity_sealed"
    return Identity(**vault.unseal_json(key, sealed, about=place))


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest entry of a group, for a list."""

    sender: str
    text: str  # first words; empty for events and withdrawn messages
    event: str
    importance: str
    withdrawn: bool
    sent_at: Any  # aware datetime


class GroupLine(NamedTuple):
    """A group in a list."""

    id: UUID
    kind: str
    patient: UUID | None
    identity: Identity | None
    unread: int
    last_seq: int
    manager: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class Shell:
    """What the frame of every signed-in page shows: the person, and their groups with news."""

    me: Me
    groups: list[GroupLine]

    @property
    def unread(self) -> int:
        """Unread entries in all groups together."""
        return sum([line.unread for line in self.groups])


_LINE = """g.id, g.kind, g.last_seq, g.closed_at, m.read_seq, m.manager,
    p.id, p.key_id, p.identity_sealed"""
_PREVIEW = 60  # characters


def _line(found: tuple[Any, ...]) -> GroupLine:
    patient, key = as_uuid(found[6]), as_uuid(found[7])
    identity = open_identity(patient, key, found[8]) if patient and key else None
    group = as_uuid(found[0])
    assert group is not None
    return GroupLine(
        group,
        found[1],
        patient,
        identity,
        found[2] - found[4],
        found[2],
        bool(found[5]),
        found[3] is not None,
    )


def newest_of(found: tuple[Any, ...]) -> Newest | None:
    """The newest entry of a group from its columns, in the order of ``home._NEWEST``."""
    message, key, sender, sender_key = (as_uuid(found[at]) for at in (0, 1, 8, 9))
    if message is None or key is None or sender is None or sender_key is None:
        return None
    withdrawn, event = found[6] is not None, found[4]
    text = "" if withdrawn or event else log.unseal(key, message, found[2], found[3])[:_PREVIEW]
    profile = vault.unseal_json(
        sender_key, found[10], about=f"people.Account/{sender.hex}/profile_sealed"
    )
    return Newest(
        sender=profile["name"],
        text=text,
        event=event,
        importance=found[5],
        withdrawn=withdrawn,
        sent_at=from_us(found[7]),
    )


def _kana(line: GroupLine) -> str:
    return line.identity.kana if line.identity else ""


def shell(standing: Standing) -> Shell:
    """The frame of a page whose own rule has been asked already."""
    who = standing.who
    assert who.account is not None
    found = rows(f"SELECT {_LINE} {FROM_VISIBLE} WHERE {VISIBLE}", [who.account.hex])
    vault.warm(as_uuid(one[7]) for one in found)
    lines = sorted((_line(one) for one in found), key=_kana)
    return Shell(me(standing), lines)


@disclosure("home.see", on="region")
def see_shell(standing: Standing) -> Shell:
    """The frame alone, for pages that show nothing else of a patient."""
    return shell(standing)


@dataclass(frozen=True, slots=True)
class Call:
    """A number to ring, in calling order."""

    name: str
    who: str  # relationship or organization
    phone: str


class MemberLine(NamedTuple):
    """A member of a group, now or formerly."""

    id: UUID
    face: Face
    role_in_care: str
    manager: bool
    appointed_by: str
    origin: str
    joined_at: Any
    ended_at: Any
    read_seq: int


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a group's pages: about whom, under whose care, who takes part."""

    group: UUID
    kind: str
    open: bool
    patient: UUID | None
    identity: Identity
    basics: Basics
    relatives: list[Relative]
    organization: str
    organization_id: UUID
    organization_phone: str
    consent: str  # "given", "incomplete", "exempt", "withdrawn" or "missing"
    calls: list[Call]
    members: list[MemberLine]  # current ones, managers first, then by kana
    last_seq: int
    read_seq: int
    can: Can  # the permissions the person has here
    me: UUID
    shell: Shell

    @property
    def organizations(self) -> int:
        """How many organizations take part."""
        return len({member.face.organization_id for member in self.members})


_HEAD = """
    SELECT p.id, p.key_id, p.identity_sealed, p.basics_sealed, o.name, o.phone,
      (SELECT COUNT(*) FROM patient_consent w
        WHERE w.patient_id = p.id AND w.withdrawn_on IS NOT NULL)
    FROM group_group g
    JOIN people_organization o ON o.id = g.organization_id
    JOIN patient_patient p ON p.id = g.patient_id
    WHERE g.id = %s"""
_MEMBERS = f"""
    SELECT {COLUMNS}, m.id, m.role_in_care, m.manager, m.origin, m.joined_at, m.ended_at,
      m.read_seq, b.id, b.key_id, b.profile_sealed
    FROM group_member m
    JOIN people_practitionerrole r ON r.id = m.role_id
    JOIN people_account a ON a.id = r.account_id
    JOIN people_organization o ON o.id = r.organization_id
    LEFT JOIN people_account b ON b.id = m.appointed_by_id
    WHERE m.group_id = %s"""
_RELATIVES = """
    SELECT id, key_id, person_sealed FROM patient_relatedperson
    WHERE patient_id = %s ORDER BY calling_order, id"""


def _member(found: tuple[Any, ...], names: dict[Any, str]) -> MemberLine:
    rest = found[WIDTH:]
    appointed_by = names.get(rest[7], "")
    if rest[7] is not None and not appointed_by:
        appointer, key = as_uuid(rest[7]), as_uuid(rest[8])
        assert appointer is not None and key is not None
        place = f"people.Account/{appointer.hex}/profile_sealed"
        names[rest[7]] = appointed_by = vault.unseal_json(key, rest[9], about=place)["name"]
    member = as_uuid(rest[0])
    assert member is not None
    return MemberLine(
        member,
        face(found[:WIDTH]),
        rest[1],
        bool(rest[2]),
        appointed_by,
        rest[3],
        from_us(rest[4]),
        from_us(rest[5]) if rest[5] else None,
        rest[6],
    )


def members(group: UUID, *, former: bool = False) -> list[MemberLine]:
    """The members of a group in one query: current ones, or with the former too."""
    sql = _MEMBERS if former else _MEMBERS + " AND m.ended_at IS NULL"
    names: dict[Any, str] = {}  # of those who appointed managers: mostly the same few
    lines = [_member(one, names) for one in rows(sql, [group.hex])]
    return sorted(
        lines, key=lambda line: (line.ended_at is not None, not line.manager, line.face.kana)
    )


def relatives(patient: UUID) -> list[Relative]:
    """The related persons in calling order."""
    people = []
    for found in rows(_RELATIVES, [patient.hex]):
        person, key = as_uuid(found[0]), as_uuid(found[1])
        assert person is not None and key is not None
        place = f"patient.RelatedPerson/{person.hex}/person_sealed"
        people.append(Relative(**vault.unseal_json(key, found[2], about=place)))
    return people


def calls(basics: Basics, around: list[Relative], fallback: Call) -> list[Call]:
    """Whom to ring, in order: physician, nurse station, then family."""
    order = []
    if basics.physician_phone:
        order.append(
            Call(basics.physician_name, basics.physician_organization, basics.physician_phone)
        )
    if basics.nurse_phone:
        order.append(Call(basics.nurse_station, "", basics.nurse_phone))
    for relative in around:
        order += [Call(relative.name, relative.relationship, phone) for phone in relative.phones]
    return order or [fallback]


def consent_badge(standing: Standing, withdrawn: bool) -> str:
    """What the badge in the head says of the consent; "incomplete" keeps the group closed (A6)."""
    consent = standing.where.consent if standing.where else None
    if consent is None:
        return "withdrawn" if withdrawn else "missing"
    if consent.state != "given":
        return "exempt"
    return "given" if consent_for_sharing(standing) else "incomplete"


def head(standing: Standing) -> Head:
    """The head of a group's page whose own rule has been asked already."""
    where = standing.where
    assert where is not None and where.group is not None and standing.who.account is not None
    found = row(_HEAD, [where.group.hex])
    assert found is not None
    patient, key = as_uuid(found[0]), as_uuid(found[1])
    assert patient is not None and key is not None
    place = f"patient.Patient/{patient.hex}/basics_sealed"
    basics = Basics(**(vault.unseal_json(key, found[3], about=place) if found[3] else {}))
    around = relatives(patient)
    return Head(
        group=where.group,
        kind=where.kind,
        open=where.open,
        patient=patient,
        identity=open_identity(patient, key, found[2]),
        basics=basics,
        relatives=around,
        organization=found[4],
        organization_id=where.organization,
        organization_phone=found[5],
        consent=consent_badge(standing, bool(found[6])),
        calls=calls(basics, around, Call(found[4], "", found[5])),
        members=members(where.group),
        last_seq=where.last_seq,
        read_seq=where.member.read_seq if where.member else 0,
        can=Can(standing, "group"),
        me=standing.who.account,
        shell=shell(standing),
    )


@disclosure("group.see", on="group")
def see_head(standing: Standing) -> Head:
    """The head of the group, for pages that show nothing of the log."""
    return head(standing)
