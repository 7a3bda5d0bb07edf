"""What a person is shown of their groups: the list of them, and the head of one."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from renkei.communication import log
from renkei.group.about import open_about
from renkei.group.models import About
from renkei.group.selectors import FROM_VISIBLE, VISIBLE, has_blocked, reaching
from renkei.kernel import vault
from renkei.kernel.clock import from_us, now, to_us
from renkei.kernel.damage import DAMAGE, sentence, word
from renkei.kernel.database import as_uuid, id_of, row, rows
from renkei.kernel.opened import opened
from renkei.patient.models import Basics, Identity, Relative
from renkei.people.disclosures import Me, me
from renkei.people.faces import COLUMNS, OR_OPERATOR, WIDTH, Face, face, open_profile
from renkei.people.selectors import IN_OFFICE
from renkei.policy.facts import consent_for_sharing
from renkei.policy.rules import Can
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region.disaster import Band, band

_IDENTITY = "patient.Patient/{}/identity_sealed"


def _identity(found: dict[str, str]) -> Identity:
    return Identity(**found)


def open_identity(patient: UUID, key: UUID, sealed: bytes) -> Identity:
    """Who a patient is, from the columns of a query; a word for a name that does not open."""
    try:
        return opened(key, sealed, patient, _IDENTITY, _identity)
    except DAMAGE as found:
        return Identity(name=word(found), kana="", birth_date="", sex="")


def _open_basics(patient: UUID, key: UUID, sealed: bytes | None) -> Basics:
    """What the team needs to know at once; if it does not open, every part of it says so."""
    if sealed is None:
        return Basics()
    place = f"patient.Patient/{patient.hex}/basics_sealed"
    try:
        return Basics(**vault.unseal_json(key, sealed, about=place))
    except DAMAGE as found:
        said = sentence(found)
        return Basics(conditions=said, allergies=said, equipment=said, wishes=said)


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
    title: str = ""  # of a free group its name, of a direct one that of the other
    deceased: bool = False  # the patient has died: nothing of theirs is asked for any more


@dataclass(frozen=True, slots=True)
class Shell:
    """What the frame of every signed-in page shows: the person, and their groups with news."""

    me: Me
    groups: list[GroupLine]
    band: Band | None = None  # a disaster use is in force

    @property
    def unread(self) -> int:
        """Unread entries in all groups together."""
        return sum([line.unread for line in self.groups])


_LINE = """g.id, g.kind, g.last_seq, g.closed_at, m.read_seq, m.manager,
    p.id, p.key_id, p.identity_sealed, p.deceased_at, g.key_id, g.about_sealed, da.id, da.key_id,
    da.profile_sealed"""
_OTHER = """
    LEFT JOIN group_member dm2 ON dm2.group_id = CASE WHEN g.kind = 'direct' THEN g.id END
      AND dm2.account_id <> m.account_id
    LEFT JOIN people_account da ON da.id = dm2.account_id"""
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
        title="" if identity else _title(group, found),
        deceased=found[9] is not None,
    )


def _title(group: UUID, found: tuple[Any, ...]) -> str:
    """The name of a free group, or of the other of two; none for the network group."""
    if found[11] is not None:
        return open_about(group, id_of(found[10]), found[11]).name
    if found[12] is not None:
        return open_profile(id_of(found[12]), id_of(found[13]), found[14])["name"]
    return ""


def _first_words(key: UUID, message: UUID, version: int, sealed: bytes) -> str:
    try:
        return log.unseal(key, message, version, sealed)[:_PREVIEW]
    except DAMAGE as found:
        return sentence(found)


def newest_of(found: tuple[Any, ...]) -> Newest | None:
    """The newest entry of a group from its columns, in the order of ``home._NEWEST``."""
    message, key, sender, sender_key = (as_uuid(found[at]) for at in (0, 1, 8, 9))
    if message is None or key is None or sender is None or sender_key is None:
        return None
    withdrawn, event = found[6] is not None, found[4]
    text = "" if withdrawn or event else _first_words(key, message, found[2], found[3])
    return Newest(
        sender=open_profile(sender, sender_key, found[10])["name"],
        text=text,
        event=event,
        importance=found[5],
        withdrawn=withdrawn,
        sent_at=from_us(found[7]),
    )


def _place(line: GroupLine) -> tuple[str, str, bool]:
    """By kana; the group with a patient's family next to the patient's own (A11.5)."""
    kana = line.identity.kana if line.identity else line.title
    return kana, line.patient.hex if line.patient else "", line.kind == "family"


def shell(standing: Standing) -> Shell:
    """The frame of a page whose own rule has been asked already."""
    return Shell(me(standing), lines(standing, "g.archived_at IS NULL"), band(standing))


def lines(standing: Standing, which: str) -> list[GroupLine]:
    """The groups that the person may see now, of those a condition names, in the order of kana."""
    asked = f"SELECT {_LINE} {FROM_VISIBLE} {_OTHER} WHERE {VISIBLE} AND {which}"
    found = rows(asked, reaching(standing.who.reach))
    vault.warm(as_uuid(one[at]) for one in found for at in (7, 13))
    return sorted((_line(one) for one in found), key=_place)


def archived_lines(standing: Standing) -> list[GroupLine]:
    """The groups in the archive that the person may see now: in no daily list, and still found."""
    return lines(standing, "g.archived_at IS NOT NULL")


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
    relation: str = ""  # "patient" or "relative" of a family group (A11.5)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a group's pages: about whom, under whose care, who takes part."""

    group: UUID
    kind: str
    open: bool
    patient: UUID | None
    identity: Identity | None  # None in the network group
    basics: Basics
    relatives: list[Relative]
    organization: str  # managing; the operator of the network group
    organization_id: UUID | None
    organization_phone: str
    consent: str  # "given", "incomplete", "exempt", "withdrawn" or "missing"
    calls: list[Call]
    members: list[MemberLine]  # current ones, managers first, then by kana
    last_seq: int
    read_seq: int
    can: Can  # the permissions the person has here
    me: UUID
    shell: Shell
    asked: int = 0  # requests to use what the person wrote here, which wait for their answer
    about: About | None = None  # of a free group
    entry: str = ""  # how one comes into it
    listing: str = ""
    other: Face | None = None  # of the two, who is not the one who reads
    blocked: bool = False  # by the one who reads; the other never learns of it (A13.1)
    erase_at: datetime | None = None  # it will be erased then, and nobody writes any more (A11.7)
    archived: bool = False
    deceased: bool = False

    @property
    def organizations(self) -> int:
        """How many organizations take part."""
        working = [one for one in self.members if not one.relation]
        return len({member.face.organization_id for member in working})

    @property
    def beside(self) -> GroupLine | None:
        """The other group of this patient, for who is in both: with the family, or without."""
        if self.patient is None:
            return None
        others = [one for one in self.shell.groups if one.patient == self.patient]
        kinds = {"patient": "family", "family": "patient"}
        return next(
            (one for one in others if one.kind == kinds[self.kind] and not one.closed), None
        )

    @property
    def family(self) -> list[MemberLine]:
        """Patient and relatives among the members (A11.5)."""
        return [one for one in self.members if one.relation]


_HEAD = """
    SELECT p.id, p.key_id, p.identity_sealed, p.basics_sealed, o.name, o.phone,
      (SELECT COUNT(*) FROM patient_consent w
        WHERE w.patient_id = p.id AND w.withdrawn_on IS NOT NULL), p.deceased_at,
      (SELECT COUNT(DISTINCT x.request_id) FROM disclosure_reuseitem x
        JOIN disclosure_reuserequest ru ON ru.id = x.request_id
        WHERE x.author_id = %s AND x.answer = '' AND ru.group_id = g.id
          AND ru.state IN ('waiting', 'permitted') AND ru.until > %s)
    FROM group_group g
    JOIN people_organization o ON o.id = g.organization_id
    JOIN patient_patient p ON p.id = g.patient_id
    WHERE g.id = %s"""
_MEMBERS = f"""
    SELECT {COLUMNS}, m.id, m.role_in_care, m.manager, m.origin, m.joined_at, m.ended_at,
      m.read_seq, b.id, b.key_id, b.profile_sealed, m.relation
    FROM group_member m
    JOIN people_account a ON a.id = m.account_id
    LEFT JOIN people_practitionerrole r ON r.id = m.role_id
    LEFT JOIN people_organization o ON o.id = r.organization_id
    LEFT JOIN people_account b ON b.id = m.appointed_by_id
    WHERE m.group_id = %s"""
# In the network group everybody stands with the first of their roles, or as the operator's.
_EVERYBODY = f"""
    SELECT {OR_OPERATOR}, m.id, m.role_in_care, m.manager, m.origin, m.joined_at, m.ended_at,
      m.read_seq, NULL, NULL, NULL, ''
    FROM group_member m
    JOIN people_account a ON a.id = m.account_id
    LEFT JOIN people_practitionerrole r ON r.id =
      (SELECT x.id FROM people_practitionerrole x
        JOIN people_organization xo ON xo.id = x.organization_id
        WHERE x.account_id = m.account_id AND {IN_OFFICE.format(role="x")}
          AND x.pledged_on IS NOT NULL
          AND xo.suspended_at IS NULL AND xo.left_on IS NULL AND xo.approved_on IS NOT NULL
        ORDER BY x.started_at, x.id LIMIT 1)
    LEFT JOIN people_organization o ON o.id = r.organization_id
    LEFT JOIN people_operatorrole op ON op.account_id = a.id AND op.ended_at IS NULL
    LEFT JOIN region_region rg ON rg.id = a.region_id AND op.id IS NOT NULL
    WHERE m.group_id = %s AND a.suspended_at IS NULL AND (r.id IS NOT NULL OR op.id IS NOT NULL)"""
_RELATIVES = """
    SELECT id, key_id, person_sealed FROM patient_relatedperson
    WHERE patient_id = %s ORDER BY calling_order, id"""


def _member(found: tuple[Any, ...], names: dict[Any, str]) -> MemberLine:
    rest = found[WIDTH:]
    appointed_by = names.get(rest[7], "")
    if rest[7] is not None and not appointed_by:
        appointer, key = as_uuid(rest[7]), as_uuid(rest[8])
        assert appointer is not None and key is not None
        names[rest[7]] = appointed_by = open_profile(appointer, key, rest[9])["name"]
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
        rest[10],
    )


def members(group: UUID, kind: str, *, former: bool = False) -> list[MemberLine]:
    """The members of a group in one query: current ones, or with the former too."""
    sql = _EVERYBODY if kind == "network" else _MEMBERS
    sql += "" if former else " AND m.ended_at IS NULL"
    names: dict[Any, str] = {}  # of those who appointed managers: mostly the same few
    moment = [to_us(now())] if kind == "network" else []
    lines = [_member(one, names) for one in rows(sql, [*moment, group.hex])]
    return sorted(
        lines, key=lambda line: (line.ended_at is not None, not line.manager, line.face.kana)
    )


def relatives(patient: UUID) -> list[Relative]:
    """The related persons in calling order."""
    found = rows(_RELATIVES, [patient.hex])
    return [open_relative(id_of(one[0]), id_of(one[1]), one[2]) for one in found]


def open_relative(person: UUID, key: UUID, sealed: bytes) -> Relative:
    """Who a related person is, from the columns of a query."""
    place = f"patient.RelatedPerson/{person.hex}/person_sealed"
    try:
        return Relative(**vault.unseal_json(key, sealed, about=place))
    except DAMAGE as found:
        return Relative(name=word(found), relationship="")


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
    if where.kind == "free":
        return _free_head(standing)
    if where.patient is None:
        return _network_head(standing)
    me = standing.who.account
    found = row(_HEAD, [me.hex, to_us(now()), where.group.hex])
    assert found is not None
    patient, key = as_uuid(found[0]), as_uuid(found[1])
    assert patient is not None and key is not None
    inner = where.kind == "patient"  # what the professionals note stands with them alone (A11.5)
    basics = _open_basics(patient, key, found[3]) if inner else Basics()
    around = relatives(patient) if inner else []
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
        members=members(where.group, where.kind),
        last_seq=where.last_seq,
        read_seq=where.member.read_seq if where.member else 0,
        can=Can(standing, "group"),
        me=me,
        shell=shell(standing),
        erase_at=from_us(where.erase_at) if where.erase_at else None,
        archived=where.archived,
        deceased=found[7] is not None,
        asked=found[8],
    )


def _network_head(standing: Standing) -> Head:
    """The head of a group about no patient: the network group is kept by the operator (A18)."""
    where, around = standing.where, shell(standing)
    assert where is not None and where.group is not None and standing.who.account is not None
    inside = members(where.group, where.kind)
    other = _other_of(standing, inside) if where.kind == "direct" else None
    operator, phone = around.me.operator_name, around.me.operator_phone
    return Head(
        group=where.group,
        kind=where.kind,
        open=where.open,
        patient=None,
        identity=None,
        basics=Basics(),
        relatives=[],
        organization=operator,
        organization_id=None,
        organization_phone=phone,
        consent="",
        calls=[Call(operator, "", phone)],
        members=inside,
        last_seq=where.last_seq,
        read_seq=where.member.read_seq if where.member else 0,
        can=Can(standing, "group"),
        me=standing.who.account,
        shell=around,
        other=other,
        blocked=other is not None and has_blocked(standing.who.account, other.account),
        erase_at=from_us(where.erase_at) if where.erase_at else None,
        archived=where.archived,
    )


_FREE = """
    SELECT g.key_id, g.about_sealed, o.name, o.phone FROM group_group g
    JOIN people_organization o ON o.id = g.organization_id WHERE g.id = %s"""


def _free_head(standing: Standing) -> Head:
    """The head of a free group: what it is for, and where it was founded (A12.4, A5.1)."""
    where = standing.where
    assert where is not None and where.group is not None
    found = row(_FREE, [where.group.hex])
    assert found is not None
    return replace(
        _network_head(standing),
        organization=found[2],
        organization_id=where.organization,
        organization_phone=found[3],
        calls=[Call(found[2], "", found[3])],
        about=open_about(where.group, id_of(found[0]), found[1]),
        entry=where.entry,
        listing=where.listing,
    )


_THE_OTHER = f"""
    SELECT {COLUMNS} FROM group_member m
    JOIN people_account a ON a.id = m.account_id
    LEFT JOIN people_practitionerrole r ON r.id = m.role_id
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE m.group_id = %s AND m.account_id <> %s"""


def _other_of(standing: Standing, inside: list[MemberLine]) -> Face:
    """The other of two, also when they work here no more (A13.1)."""
    where, me = standing.where, standing.who.account
    assert where is not None and where.group is not None and me is not None
    for line in inside:
        if line.face.account != me:
            return line.face
    found = row(_THE_OTHER, [where.group.hex, me.hex])
    assert found is not None
    return face(found[:WIDTH])


@disclosure("group.see", on="group")
def see_head(standing: Standing) -> Head:
    """The head of the group, for pages that show nothing of the log."""
    return head(standing)
