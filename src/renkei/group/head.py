"""The head of a group's pages: about whom it is, under whose care, who takes part."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from renkei.group.about import open_about
from renkei.group.members import MemberLine, members
from renkei.group.models import About
from renkei.group.selectors import has_blocked
from renkei.group.shell import GroupLine, Shell, shell
from renkei.kernel.clock import from_us, now, to_us
from renkei.kernel.database import as_uuid, id_of, row
from renkei.patient.identity import open_basics, open_identity, relatives
from renkei.patient.models import Basics, Identity, Relative
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.policy.facts import consent_for_sharing
from renkei.policy.rules import Can
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class Call:
    """A number to ring, in calling order."""

    name: str
    who: str  # relationship or organization
    phone: str


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
    basics = open_basics(patient, key, found[3]) if inner else Basics()
    around = list(relatives(patient).values()) if inner else []
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
