"""What a disaster use gives people to do, for their home page."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.clock import from_us
from renkei.kernel.database import as_uuid, id_of, row, rows
from renkei.policy.standing import Standing
from renkei.region import parameters
from renkei.region.disaster import Band, Disaster
from renkei.region.edition import in_force


class Due(NamedTuple):
    """One thing to do: which, about which disaster use, until when, how many of how many."""

    kind: str  # safety emergency confirm settle overdue publish
    disaster: UUID | None = None
    until: datetime | None = None
    number: int = 0
    of: int = 0
    late: bool = False
    drill: bool = False


_REPORTED = """
    SELECT COUNT(DISTINCT patient_id) FROM safety_safetyreport
    WHERE disaster_id = %s AND patient_id IN ({})"""
_UNDECIDED = """
    SELECT d.id, d.drill, d.until, d.ended_at, rg.policy_id, rg.coming, rg.coming_at,
      COUNT(*)
    FROM safety_emergencyuse u
    JOIN region_disasteruse d ON d.id = u.disaster_id AND d.removed_at IS NULL
    JOIN region_region rg ON rg.id = d.region_id
    WHERE u.outcome = '' AND {} AND (d.until <= %s OR d.ended_at IS NOT NULL)
    GROUP BY d.id, d.drill, d.until, d.ended_at, rg.policy_id, rg.coming, rg.coming_at
    ORDER BY d.until"""
_UNPUBLISHED = """
    SELECT d.id, d.drill, d.until FROM region_disasteruse d
    WHERE d.region_id = %s AND d.published_at IS NULL AND d.removed_at IS NULL
      AND (d.until <= %s OR d.ended_at IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM safety_emergencyuse u
        WHERE u.disaster_id = d.id AND u.outcome = '')
    ORDER BY d.until"""


def tasks(standing: Standing, band: Band | None, patients: Collection[UUID]) -> Iterator[Due]:
    """What there is to do now; for pages whose own rule has been asked already."""
    if band is not None:
        yield from _during(standing, band, patients)
    yield from _afterwards(standing)


def _during(standing: Standing, band: Band, patients: Collection[UUID]) -> Iterator[Due]:
    who, disaster = standing.who, band.disaster
    if who.operator and not disaster.confirmed and disaster.set_by != who.account:
        yield _due("confirm", disaster, disaster.set_at)
    elif who.operator and disaster.unconfirmed:
        yield _due("unconfirmed", disaster, disaster.set_at)
    if disaster.covers(who.organization) and not who.device_fits and not who.anywhere:
        yield _due("emergency", disaster, disaster.until)
    if patients:
        missing = len(patients) - _reported(disaster, patients)
        if missing:
            yield _due("safety", disaster, disaster.until)._replace(
                number=missing, of=len(patients)
            )


def _due(kind: str, disaster: Disaster, until: datetime) -> Due:
    late = disaster.unconfirmed and kind in ("confirm", "unconfirmed")
    return Due(kind, disaster.id, until, late=late, drill=disaster.drill)


def _reported(disaster: Disaster, patients: Collection[UUID]) -> int:
    places = ", ".join(["%s"] * len(patients))
    ids = [disaster.id.hex, *(one.hex for one in patients)]
    found = row(_REPORTED.format(places), ids)
    return found[0] if found else 0


def _afterwards(standing: Standing) -> Iterator[Due]:
    who, now = standing.who, clock.to_us(clock.now())
    if who.administrator and who.organization:
        for due in _undecided("u.organization_id = %s", who.organization, now):
            yield due._replace(kind="settle")
    if who.operator and who.region:
        late = (one for one in _undecided("d.region_id = %s", who.region, now) if one.late)
        yield from late
        for disaster, drill, until in rows(_UNPUBLISHED, [who.region.hex, now]):
            yield Due("publish", id_of(disaster), from_us(until), drill=bool(drill))


def _undecided(whose: str, thing: UUID, now: int) -> Iterator[Due]:
    for disaster, drill, until, ended, policy, coming, coming_at, count in rows(
        _UNDECIDED.format(whose), [thing.hex, now]
    ):
        edition = in_force(as_uuid(policy), as_uuid(coming), coming_at, now)
        days = parameters.of(edition)["disaster_reconciliation_days"]
        by = from_us(min(until, ended or until)) + timedelta(days=days)
        late = clock.now() > by
        yield Due("overdue", id_of(disaster), by, count, late=late, drill=bool(drill))
