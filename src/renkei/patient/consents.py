"""What is shown of a patient's consent: the facts of form 4, the register, what is still to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from renkei.group.models import Group
from renkei.group.shell import Shell, shell
from renkei.kernel import clock, vault
from renkei.kernel.damage import DAMAGE, sentence, word
from renkei.kernel.japanese import sort_key
from renkei.patient.identity import open_identity
from renkei.patient.models import Consent, Identity, Patient, Signature
from renkei.people.faces import name_of
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure

NEEDED = frozenset({1, 2, 5})  # purposes without which this network cannot be used


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One record of consent, or of an exemption from it, in full."""

    id: UUID
    state: str
    signed_on: date | None
    signature: Signature
    declined: list[int]
    keeper: str
    keeper_id: UUID | None
    copy_given_on: date | None
    seek_by: date | None
    recorded_at: datetime
    recorded_by: str
    withdrawn_on: date | None
    ended_at: datetime | None

    @property
    def given(self) -> bool:
        """Form 4 was signed."""
        return self.state == Consent.State.GIVEN

    @property
    def proxy(self) -> bool:
        """Somebody signed on the patient's behalf."""
        return self.given and self.signature.relationship not in ("本人", "")

    @property
    def stops(self) -> list[int]:
        """The declined purposes without which others cannot take part."""
        return sorted(NEEDED & set(self.declined))

    @property
    def overdue(self) -> bool:
        """The date by which the consent was to be sought has passed."""
        return self.seek_by is not None and self.seek_by < clock.today()

    @property
    def shares(self) -> bool:
        """Other organizations can take part on the strength of this record (A6)."""
        if not self.given:
            return True
        return not self.stops and bool(self.keeper_id) and self.copy_given_on is not None


def _signature(consent: Consent) -> Signature:
    """Who signed and why so; if it does not open, each of its sentences says so."""
    try:
        return consent.signature
    except DAMAGE as found:
        said = sentence(found)
        return Signature(
            signer=word(found),
            declined_reason=said,
            exemption_reason=said,
            withdrawal_reason=said,
        )


def _line(consent: Consent) -> ConsentLine:
    keeper, recorder = consent.original_kept_by, consent.recorded_by
    return ConsentLine(
        id=consent.id,
        state=consent.state,
        signed_on=consent.signed_on,
        signature=_signature(consent),
        declined=consent.declined_purposes,
        keeper=keeper.name if keeper else "",
        keeper_id=keeper.id if keeper else None,
        copy_given_on=consent.copy_given_on,
        seek_by=consent.seek_by,
        recorded_at=consent.recorded_at,
        recorded_by=name_of(recorder),
        withdrawn_on=consent.withdrawn_on,
        ended_at=consent.ended_at,
    )


def consents_of(patient: UUID) -> list[ConsentLine]:
    """All records of a patient's consent, the current one first, then the newest."""
    found = Consent.objects.filter(patient_id=patient).select_related(
        "original_kept_by", "recorded_by"
    )
    lines = [_line(one) for one in found]
    return sorted(lines, key=lambda one: (one.ended_at is None, one.recorded_at), reverse=True)


def current(lines: Iterable[ConsentLine]) -> ConsentLine | None:
    """The record in force, if there is one."""
    return next((one for one in lines if one.ended_at is None), None)


def badge(lines: Iterable[ConsentLine]) -> str:
    """What the badge says: "given", "exempt", "withdrawn" or "missing"."""
    listed = list(lines)
    now = current(listed)
    if now is not None:
        return "given" if now.given else "exempt"
    return "withdrawn" if any(one.withdrawn_on for one in listed) else "missing"


def gap(lines: list[ConsentLine]) -> str:
    """What is not in order, in one word; "" if nothing is.

    "missing", "withdrawn", "declined" (1, 2 or 5), "keeper", "copy", "overdue" or "exempt".
    """
    now = current(lines)
    if now is None:
        return badge(lines)
    if not now.given:
        return "overdue" if now.overdue else "exempt"
    if now.stops:
        return "declined"
    if now.keeper_id is None:
        return "keeper"
    return "" if now.copy_given_on else "copy"


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One patient of the organization in the register of consents."""

    patient: UUID
    identity: Identity
    gap: str
    consent: ConsentLine | None  # in force, or else the newest
    group: UUID | None


@dataclass(frozen=True, slots=True)
class Register:
    """The register of missing, exempt and withdrawn consents (A6)."""

    lines: list[RegisterLine]  # those that need a step, then the rest by kana
    shell: Shell


_ORDER = ("overdue", "missing", "copy", "keeper", "exempt", "withdrawn", "declined", "")


def of_patients(patients: list[Patient]) -> dict[UUID, list[ConsentLine]]:
    """The consents of many patients in one query."""
    vault.warm({one.key_id for one in patients})
    found: dict[UUID, list[ConsentLine]] = {one.id: [] for one in patients}
    kept = Consent.objects.filter(patient__in=patients).select_related(
        "original_kept_by", "recorded_by"
    )
    for consent in kept.order_by("-recorded_at"):
        found[consent.patient_id].append(_line(consent))
    return found


def open_groups(patients: list[Patient]) -> dict[UUID, UUID]:
    """The open patient groups by patient."""
    found = Group.objects.filter(patient__in=patients, kind="patient", closed_at=None)
    return {patient: group for group, patient in found.values_list("id", "patient_id") if patient}


def _register(patients: list[Patient]) -> list[RegisterLine]:
    consents, groups = of_patients(patients), open_groups(patients)
    lines = [
        RegisterLine(
            patient=one.id,
            identity=open_identity(one.id, one.key_id, one.identity_sealed),
            gap="" if one.deceased_at else gap(consents[one.id]),
            consent=next(iter(consents[one.id]), None),
            group=groups.get(one.id),
        )
        for one in patients
    ]
    return sorted(lines, key=lambda line: (_ORDER.index(line.gap), sort_key(line.identity.kana)))


@disclosure("organization.see", on="organization")
def see_register(standing: Standing) -> Register:
    """The consents of all patients of the organization (A6)."""
    patients = Patient.objects.filter(organization=standing.what.target_organization)
    return Register(_register(list(patients)), shell(standing))
