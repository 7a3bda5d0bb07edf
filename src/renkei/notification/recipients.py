"""Whom something is for that is in no group: an audience of the operator, an area of a disaster."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from renkei.people.models import Account, OperatorRole, PractitionerRole
from renkei.region.audience import Audience


def addressed(region: UUID, to: Audience, now: datetime) -> set[UUID]:
    """The accounts that an audience of the operator's holds."""
    here = Account.objects.filter(region=region, suspended_at=None)
    families = set(here.filter(family=True).values_list("pk", flat=True)) if to.families else set()
    if to.everyone:
        return families | set(here.filter(family=False).values_list("pk", flat=True))
    found = PractitionerRole.objects.filter(
        PractitionerRole.working(now), account__region=region, account__suspended_at=None
    ).values_list("account", "organization", "profession", "administrator")
    return families | {
        account
        for account, place, profession, administrator in found
        if to.holds(place, profession, administrator)
    }


def in_area(region: UUID, area: Collection[str] | None, now: datetime) -> set[UUID]:
    """Who works for one of these organizations, or for any; and the operator's people."""
    working = PractitionerRole.objects.filter(
        PractitionerRole.working(now), organization__region=region
    )
    if area is not None:
        working = working.filter(organization__in=[UUID(one) for one in area])
    operators = OperatorRole.objects.filter(account__region=region, ended_at=None)
    return {
        *working.values_list("account", flat=True),
        *operators.values_list("account", flat=True),
    }
