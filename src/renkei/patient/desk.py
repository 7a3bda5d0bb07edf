"""What recording form 4 needs to know: the record, who could keep the original, since when (P4)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from renkei.group.models import Member
from renkei.patient.disclosures import Record
from renkei.patient.disclosures import record as in_full
from renkei.people.models import Organization
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region.models import PolicyVersion


@dataclass(frozen=True, slots=True)
class Keeper:
    """An organization that could keep the signed original (F3)."""

    id: UUID
    name: str
    medical: bool


@dataclass(frozen=True, slots=True)
class ConsentDesk:
    """What recording a consent needs to know."""

    record: Record
    keepers: list[Keeper]  # the proposed one first (F3)
    effective_on: date | None  # when the region's policy took effect (A6)


def _keepers(record: Record, region: UUID | None) -> list[Keeper]:
    """The managing organization and the region's medical institutions, the proposed one first.

    The managing organization keeps the original; if it is no medical institution, that of the
    visiting physician is proposed (F3).
    """
    found = Organization.objects.filter(region=region, suspended_at=None, left_on=None).order_by(
        "kana"
    )
    physicians = Member.objects.filter(
        group=record.group, ended_at=None, role__profession="医師", group__isnull=False
    ).values_list("role__organization_id", flat=True)
    medical = {one.id: Keeper(one.id, one.name, one.kind in Organization.MEDICAL) for one in found}

    def rank(one: Keeper) -> int:
        if one.id == record.organization_id:
            return 0 if one.medical else 2
        visits = one.id in set(physicians) or one.name == record.basics.physician_organization
        return 1 if one.medical and visits else 3

    listed = [one for one in medical.values() if one.medical or one.id == record.organization_id]
    return sorted(listed, key=rank)


@disclosure("consent.record", on="patient", opens="consent")
def see_consent_desk(standing: Standing) -> ConsentDesk:
    """What is on the desk when form 4 is recorded."""
    record = in_full(standing)
    first = PolicyVersion.objects.filter(region=standing.who.region).order_by("number").first()
    return ConsentDesk(
        record=record,
        keepers=_keepers(record, standing.who.region),
        effective_on=first.effective_on if first else None,
    )
