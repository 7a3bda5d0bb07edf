"""What is shown of patients: the list of them, the record, and what registering one needs."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from renkei.group.models import Group, Member
from renkei.group.selectors import FROM_VISIBLE, VISIBLE, reaching
from renkei.group.shell import Shell, shell
from renkei.kernel import clock, vault
from renkei.kernel.database import as_uuid, rows
from renkei.kernel.japanese import fold_kana, kana_row, sort_key, split_name
from renkei.patient.consents import (
    NEEDED,
    ConsentLine,
    badge,
    consents_of,
    current,
    gap,
    of_patients,
    open_groups,
)
from renkei.patient.identity import open_identity, open_relative
from renkei.patient.models import Basics, Identity, Patient, RelatedPerson, Relative
from renkei.people.faces import name_of
from renkei.people.models import Organization
from renkei.people.selectors import in_office
from renkei.policy.facts import PHYSICIANS
from renkei.policy.loading import load
from renkei.policy.rules import RULES, may
from renkei.policy.standing import LOADS, Standing, Where
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class PatientLine:
    """A patient in the list."""

    patient: UUID
    identity: Identity
    organization: str  # the managing one
    gap: str  # what of the consent is not in order, see ``consents.gap``
    group: UUID | None  # the group the person sees
    open: bool  # that group has not been ended
    unread: int
    managed: bool  # the person may open the patient's record
    has_group: bool  # an open group exists, whether or not the person is in it
    namesake: str  # "person" (same reading), "family" (same family name) or ""
    deceased: bool = False

    @property
    def row(self) -> str:
        """The row of the kana index: あ, か, さ and so on."""
        return kana_row(self.identity.kana)


@dataclass(frozen=True, slots=True)
class Patients:
    """The patients of a person."""

    lines: list[PatientLine]  # in the order of their kana
    can_register: bool
    shell: Shell


_OWN = f"""
    SELECT p.id, p.key_id, p.identity_sealed, po.name, c.state, g.id, g.closed_at, g.last_seq,
      m.read_seq, p.organization_id,
      (SELECT COUNT(*) FROM patient_consent w
        WHERE w.patient_id = p.id AND w.withdrawn_on IS NOT NULL),
      c.declined, c.original_kept_by_id, c.copy_given_on, p.deceased_at
    {FROM_VISIBLE} JOIN people_organization po ON po.id = p.organization_id
    WHERE {VISIBLE} AND g.kind = 'patient' AND g.archived_at IS NULL ORDER BY g.opened_at"""


# Patients whose group rests in the archive are found there, and not in the daily list (A11.6).
RESTING = Exists(
    Group.objects.filter(
        patient=OuterRef("pk"), kind="patient", closed_at=None, archived_at__isnull=False
    )
)


def manages(standing: Standing, organization: UUID) -> bool:
    """Whether the person keeps the records of that organization's patients."""
    return may(Standing(standing.who, Where(organization=organization)), "patient.see")


def _gap(state: str | None, withdrawn: int, papers: tuple[Any, ...]) -> str:
    """``consents.gap`` from the columns of a list."""
    if state is None:
        return "withdrawn" if withdrawn else "missing"
    if state != "given":
        return "exempt"
    declined, keeper, copy = papers
    if NEEDED & {int(number) for number in declined.split(",") if number}:
        return "declined"
    if keeper is None:
        return "keeper"
    return "" if copy else "copy"


def _own(standing: Standing) -> dict[UUID, PatientLine]:
    """The patients whose group the person sees; of several groups the open one, then the newest."""
    found = rows(_OWN, reaching(standing.who.reach))
    vault.warm({key for one in found if (key := as_uuid(one[1]))})
    lines: dict[UUID, PatientLine] = {}
    for one in sorted(found, key=lambda one: one[6] is None):
        patient, key, managing = as_uuid(one[0]), as_uuid(one[1]), as_uuid(one[9])
        assert patient is not None and key is not None and managing is not None
        lines[patient] = PatientLine(
            patient=patient,
            identity=open_identity(patient, key, one[2]),
            organization=one[3],
            gap="" if one[14] is not None else _gap(one[4], one[10], one[11:14]),
            group=as_uuid(one[5]),
            open=one[6] is None,
            unread=one[7] - one[8],
            managed=manages(standing, managing),
            has_group=one[6] is None,
            namesake="",
            deceased=one[14] is not None,
        )
    return lines


def _of_organization(standing: Standing, known: dict[UUID, PatientLine]) -> list[PatientLine]:
    """The patients of the organization one keeps the records of, but for those known already."""
    organization = standing.who.organization
    if organization is None or not manages(standing, organization):
        return []
    patients = Patient.objects.filter(organization_id=organization).exclude(pk__in=known)
    patients = patients.exclude(RESTING)
    listed = list(patients.select_related("organization"))
    consents, groups = of_patients(listed), open_groups(listed)
    return [
        PatientLine(
            patient=one.id,
            identity=open_identity(one.id, one.key_id, one.identity_sealed),
            organization=one.organization.name,
            gap="" if one.deceased_at else gap(consents[one.id]),
            group=None,
            open=False,
            unread=0,
            managed=True,
            has_group=one.id in groups,
            namesake="",
            deceased=one.deceased_at is not None,
        )
        for one in listed
    ]


def _family(identity: Identity) -> set[str]:
    """What a family name is known by: as written, and as read."""
    return {split_name(identity.name)[0], fold_kana(split_name(identity.kana)[0])}


def _reading(identity: Identity) -> str:
    return "".join(fold_kana(identity.kana).split())


def namesake(one: Identity, other: Identity) -> str:
    """Whether two patients could be mistaken: "person", "family" or ""."""
    if _reading(one) == _reading(other) or one.name == other.name:
        return "person"
    return "family" if _family(one) & _family(other) else ""


def _with_namesakes(lines: list[PatientLine]) -> list[PatientLine]:
    """The lines marked where another patient has the same name."""
    marked = []
    for line in lines:
        same = {namesake(line.identity, other.identity) for other in lines if other is not line}
        kind = next((kind for kind in ("person", "family") if kind in same), "")
        marked.append(replace(line, namesake=kind))
    return marked


@disclosure("patients.list", on="region")
def see_patients(standing: Standing) -> Patients:
    """The patients whose group one is in, and those whose record one keeps (A8.1, A11.3)."""
    own = _own(standing)
    lines = [*own.values(), *_of_organization(standing, own)]
    who = standing.who
    return Patients(
        lines=_with_namesakes(sorted(lines, key=lambda line: sort_key(line.identity.kana))),
        can_register=who.organization is not None and manages(standing, who.organization),
        shell=shell(standing),
    )


@dataclass(frozen=True, slots=True)
class Similar:
    """A patient who could be the same, or be mistaken for another."""

    patient: UUID
    identity: Identity
    kind: str  # "same" (name and birth date), "person" (same name) or "family"


@disclosure("patient.register", on="organization")
def see_similar(standing: Standing, identity: Identity) -> list[Similar]:
    """The organization's patients with the same name, the likeliest first."""
    listed = list(Patient.objects.filter(organization=standing.what.target_organization))
    vault.warm({one.key_id for one in listed})
    found = []
    for one in listed:
        other = open_identity(one.id, one.key_id, one.identity_sealed)
        kind = namesake(identity, other)
        if kind == "person" and other.birth_date == identity.birth_date:
            kind = "same"
        if kind:
            found.append(Similar(one.id, other, kind))
    return sorted(found, key=lambda one: ("same", "person", "family").index(one.kind))


@disclosure("patient.register", on="organization")
def may_register(standing: Standing) -> None:
    """Nothing is shown; an empty form is only for who may fill it in."""


@dataclass(frozen=True, slots=True)
class Around:
    """A related person with their part."""

    person: Relative
    emergency_contact: bool
    proxy: bool


def around(patient: UUID) -> list[Around]:
    """The related persons in calling order, with their part."""
    found = RelatedPerson.objects.filter(patient_id=patient)
    return [
        Around(
            open_relative(one.id, one.key_id, one.person_sealed), one.emergency_contact, one.proxy
        )
        for one in found
    ]


@dataclass(frozen=True, slots=True)
class Physician:
    """A physician of another organization, to whom a group can be delegated (A11.2)."""

    role: UUID
    name: str
    organization: str


@dataclass(frozen=True, slots=True)
class Record:
    """A patient's record as the managing organization keeps it."""

    patient: UUID
    identity: Identity
    basics: Basics
    related: list[Around]
    organization: str
    organization_id: UUID
    consents: list[ConsentLine]
    badge: str
    group: UUID | None  # the open one
    group_seen: bool  # the person is in it
    group_managed: bool  # the person manages who is in it
    members: int
    can: frozenset[str]
    shell: Shell
    erase_at: datetime | None = None  # it will be erased then (A11.7)
    archived: bool = False  # the group rests in the archive
    died_on: date | None = None
    physicians: tuple[Physician, ...] = ()  # while there is no group yet

    @property
    def consent(self) -> ConsentLine | None:
        """The consent in force."""
        return current(self.consents)

    @property
    def gap(self) -> str:
        """What of the consent is not in order."""
        return gap(self.consents)


_RULES = [name for name, rule in RULES.items() if rule.needs <= LOADS["patient"]]


def record(standing: Standing) -> Record:
    """The record for a page whose own rule has been asked already."""
    where = standing.where
    assert where is not None and where.patient is not None
    patient = Patient.objects.select_related("organization").get(pk=where.patient)
    group = Group.objects.filter(patient=patient, kind="patient", closed_at=None).first()
    consents, frame = consents_of(patient.id), shell(standing)
    return Record(
        patient=patient.id,
        identity=patient.identity,
        basics=patient.basics,
        related=around(patient.id),
        organization=patient.organization.name,
        organization_id=patient.organization_id,
        consents=consents,
        badge=badge(consents),
        group=group.id if group else None,
        group_seen=group is not None and may_see_group(standing, group.id),
        group_managed=group is not None and _manages_group(standing, group.id),
        members=Member.objects.filter(group=group, ended_at=None).count() if group else 0,
        can=frozenset(name for name in _RULES if may(standing, name)),
        shell=frame,
        erase_at=patient.erase_at,
        archived=group is not None and group.archived_at is not None,
        died_on=patient.died_on,
        physicians=() if group else _physicians(patient.organization),
    )


def _physicians(managing: Organization) -> tuple[Physician, ...]:
    """The physicians of the region's other organizations."""
    found = in_office(clock.now()).filter(
        profession__in=PHYSICIANS,
        organization__region=managing.region_id,
        organization__approved_on__isnull=False,
    )
    found = found.exclude(organization=managing)
    listed = list(found.select_related("account", "organization"))
    vault.warm({one.account.key_id for one in listed})
    lines = [Physician(one.id, name_of(one.account), one.organization.name) for one in listed]
    return tuple(sorted(lines, key=lambda one: (one.organization, one.name)))


def may_see_group(standing: Standing, group: UUID) -> bool:
    """Whether the person reads the patient's group, which may rest in the archive."""
    return may(load(standing.who.actor, "group", group), "group.see")


def _manages_group(standing: Standing, group: UUID) -> bool:
    """Whether the person manages who is in the patient's group."""
    return may(load(standing.who.actor, "group", group), "group.manage")


@disclosure("patient.see", on="patient", opens="record")
def see_record(standing: Standing) -> Record:
    """The patient's record, for the managing organization (A4)."""
    return record(standing)


@disclosure("patient.change", on="patient", opens="record")
def see_basics_desk(standing: Standing) -> Record:
    """The record for who changes the basics; ``Tampered`` if part of them does not open."""
    seen = record(standing)
    Patient.objects.get(pk=seen.patient).require_basics()
    return seen
