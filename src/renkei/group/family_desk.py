"""What is shown of a patient's group with the family to who may open it and ask people in (A11.5).

Nothing of what is said in either group.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from renkei.group.members import MemberLine, members
from renkei.group.models import FamilyAgreement
from renkei.group.shell import Shell, shell
from renkei.kernel import vault
from renkei.kernel.clock import from_us
from renkei.kernel.damage import DAMAGE, sentence
from renkei.kernel.database import as_day, as_uuid, id_of, row, rows
from renkei.kernel.errors import Unknown
from renkei.patient.identity import open_identity, relatives
from renkei.patient.models import Identity
from renkei.people.faces import COLUMNS, WIDTH, Face, face, open_profile
from renkei.policy.facts import consent_for_family, consent_for_sharing
from renkei.policy.rules import RULES, may
from renkei.policy.standing import LOADS, Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody around the patient who could be let in, or the patient."""

    id: UUID | None  # None for the patient
    name: str
    kana: str
    relationship: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """That the patient agreed: who said so, how, when, and who wrote it down."""

    by: str
    relationship: str
    how: str
    on: date | None
    recorded_by: str
    sheet: str = ""  # the code of the signed sheet
    filed: bool = False  # its scan


@dataclass(frozen=True, slots=True)
class Inside:
    """The patient or a relative in the group."""

    member: UUID
    face: Face
    relation: str
    relationship: str
    email: str
    begun: bool  # they have set a password
    suspended: bool
    link_until: datetime | None  # a one-time link that is still good
    agreed: Agreed | None


@dataclass(frozen=True, slots=True)
class FamilyDesk:
    """Both groups of a patient side by side, and who is in the one with the family."""

    group: UUID  # the one that was asked for
    kind: str
    identity: Identity
    patient: UUID
    organization: str
    beside: UUID | None  # the patient's other group that is open
    refused: str  # why nobody can be let in: "sharing", "purpose", "ended" or nothing
    team: list[MemberLine]  # of the patient's group
    inside: frozenset[UUID]  # accounts in the group with the family
    people: list[Inside]
    choices: list[Person]  # who is not in it yet
    can: frozenset[str]
    shell: Shell


_PLACE = """
    SELECT p.id, p.key_id, p.identity_sealed, o.name, x.id
    FROM group_group g
    JOIN patient_patient p ON p.id = g.patient_id
    JOIN people_organization o ON o.id = g.organization_id
    LEFT JOIN group_group x ON x.patient_id = p.id AND x.id <> g.id AND x.closed_at IS NULL
      AND x.kind = CASE WHEN g.kind = 'family' THEN 'patient' ELSE 'family' END
    WHERE g.id = %s"""
_INSIDE = f"""
    SELECT {COLUMNS}, m.id, m.relation, m.related_person_id, a.email, a.password_changed_at,
      a.suspended_at,
      (SELECT MAX(l.until) FROM people_onetimelink l WHERE l.account_id = a.id
        AND l.used_at IS NULL AND l.ended_at IS NULL),
      f.id, f.key_id, f.said_sealed, f.how, f.agreed_on, b.id, b.key_id, b.profile_sealed,
      ep.code, ep.scan_id
    FROM group_member m
    JOIN people_account a ON a.id = m.account_id
    LEFT JOIN people_practitionerrole r ON r.id = m.role_id
    LEFT JOIN people_organization o ON o.id = r.organization_id
    LEFT JOIN group_familyagreement f ON f.member_id = m.id
    LEFT JOIN people_account b ON b.id = f.recorded_by_id
    LEFT JOIN enrollment_paper ep ON ep.id = f.paper_id
    WHERE m.group_id = %s AND m.ended_at IS NULL AND m.relation <> '' ORDER BY m.joined_at"""
_RULES = [name for name, rule in RULES.items() if rule.needs <= LOADS["group"]]


@disclosure("family.see", on="group", opens="family")
def see_family(standing: Standing) -> FamilyDesk:
    """The group with the family, from the patient's group or from itself."""
    return _desk(standing)


@disclosure("family.invite", on="group", opens="family")
def see_inviting_family(standing: Standing) -> FamilyDesk:
    """The same, for who lets somebody of the family in."""
    return _desk(standing)


def _desk(standing: Standing) -> FamilyDesk:
    where = standing.where
    assert where is not None and where.group is not None
    found = row(_PLACE, [where.group.hex])
    if found is None:
        raise Unknown("patient")
    patient, beside = id_of(found[0]), as_uuid(found[4])
    identity = open_identity(patient, id_of(found[1]), found[2])
    inner, family = (where.group, beside) if where.kind == "patient" else (beside, where.group)
    team = members(inner, "patient") if inner else []
    around = _around(patient, identity)
    people = _people(family, around) if family and where.kind == "family" else []
    taken = {one.face.account for one in members(family, "family")} if family else set()
    return FamilyDesk(
        group=where.group,
        kind=where.kind,
        identity=identity,
        patient=patient,
        organization=found[3],
        beside=beside,
        refused=_refused(standing),
        team=[one for one in team if not one.relation],
        inside=frozenset(taken),
        people=people,
        choices=_left(family, around),
        can=frozenset(name for name in _RULES if may(standing, name)),
        shell=shell(standing),
    )


def _refused(standing: Standing) -> str:
    if not consent_for_sharing(standing):
        return "sharing"
    if not consent_for_family(standing):
        return "purpose"
    return "" if standing.where is not None and standing.where.open else "ended"


def _around(patient: UUID, identity: Identity) -> dict[UUID | None, Person]:
    """The patient, and those around them, in calling order."""
    listed: dict[UUID | None, Person] = {None: Person(None, identity.name, identity.kana, "本人")}
    for number, one in relatives(patient).items():
        listed[number] = Person(number, one.name, one.kana, one.relationship)
    return listed


def _left(family: UUID | None, around: dict[UUID | None, Person]) -> list[Person]:
    """Who is not in the group yet."""
    taken = set()
    if family is not None:
        sql = (
            "SELECT related_person_id FROM group_member"
            " WHERE group_id = %s AND ended_at IS NULL AND relation <> ''"
        )
        taken = {as_uuid(one[0]) for one in rows(sql, [family.hex])}
    return [one for one in around.values() if one.id not in taken]


def _people(group: UUID, around: dict[UUID | None, Person]) -> list[Inside]:
    return [_inside(one, around) for one in rows(_INSIDE, [group.hex])]


def _inside(found: tuple[Any, ...], around: dict[UUID | None, Person]) -> Inside:
    rest = found[WIDTH:]
    known = around.get(as_uuid(rest[2])) if rest[2] is not None or rest[1] == "patient" else None
    return Inside(
        member=id_of(rest[0]),
        face=face(found[:WIDTH]),
        relation=rest[1],
        relationship=known.relationship if known else "",
        email=rest[3],
        begun=rest[4] is not None,
        suspended=rest[5] is not None,
        link_until=from_us(rest[6]) if rest[6] is not None else None,
        agreed=_agreed(rest[7:]) if rest[7] is not None else None,
    )


def _agreed(found: tuple[Any, ...]) -> Agreed:
    try:
        place = f"group.FamilyAgreement/{id_of(found[0]).hex}/said_sealed"
        said = vault.unseal_json(id_of(found[1]), found[2], about=place)
    except DAMAGE as damage:
        said = {"by": sentence(damage), "relationship": ""}
    recorder = open_profile(id_of(found[5]), id_of(found[6]), found[7])["name"]
    how = FamilyAgreement.How(found[3]).value
    return Agreed(
        said["by"], said["relationship"], how, as_day(found[4]), recorder,
        found[8] or "", found[9] is not None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LinkDesk:
    """Somebody of the family who is given a new link."""

    member: UUID
    group: UUID
    face: Face
    email: str
    begun: bool
    shell: Shell


_ONE = f"""
    SELECT {COLUMNS}, a.email, a.password_changed_at
    FROM group_member m
    JOIN people_account a ON a.id = m.account_id
    LEFT JOIN people_practitionerrole r ON r.id = m.role_id
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE m.id = %s AND m.relation <> ''"""


@disclosure("family.link", on="member")
def see_family_link(standing: Standing) -> LinkDesk:
    """Whom a new one-time link is for."""
    where, member = standing.where, standing.what.member
    assert where is not None and where.group is not None and member is not None
    found = row(_ONE, [member.hex])
    if found is None:
        raise Unknown("member")
    rest = found[WIDTH:]
    return LinkDesk(
        member, where.group, face(found[:WIDTH]), rest[0], rest[1] is not None, shell(standing)
    )
