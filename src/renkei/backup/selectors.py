"""Which runs count. Returns rows; decides nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from renkei.backup.models import BackupRun
from renkei.kernel import clock
from renkei.kernel.database import as_uuid, row
from renkei.region.edition import in_force


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest good run of each kind, and what decides how old it may be; None: never."""

    policy: UUID | None
    content: datetime | None
    keys: datetime | None
    verify: datetime | None
    broken: datetime | None  # a trial that failed and was not made good at the same place


def _good(kind: str) -> str:
    """When the newest good run of a kind began; one that lies in the future proves nothing."""
    return (
        "(SELECT MAX(began_at) FROM backup_backuprun"
        f" WHERE kind = '{kind}' AND outcome = 'done' AND began_at <= %s)"
    )


_NEWEST = f"""
    SELECT rg.policy_id, rg.coming, rg.coming_at,
      {_good("content")}, {_good("keys")}, {_good("verify")},
      (SELECT MAX(f.ended_at) FROM backup_backuprun f
        WHERE f.kind = 'verify' AND f.outcome = 'failed' AND NOT EXISTS (
          SELECT 1 FROM backup_backuprun d WHERE d.kind = 'verify' AND d.outcome = 'done'
            AND d.place = f.place AND d.ended_at >= f.ended_at))
    FROM region_region rg WHERE rg.id = %s"""


def newest(region: UUID, now: datetime) -> Newest:
    """The newest good run of each kind, in one query: home asks for it too."""
    found = row(_NEWEST, [*[clock.to_us(now)] * 3, region.hex])
    assert found is not None
    policy = in_force(as_uuid(found[0]), as_uuid(found[1]), found[2], clock.to_us(now))
    return Newest(policy, *map(clock.from_us, found[3:]))


def last_runs(since: datetime) -> QuerySet[BackupRun]:
    """The last good and the last failed run of each kind at each place, newest first."""
    return (
        BackupRun.objects.filter(ended_at__gt=since)
        .annotate(
            number=Window(
                RowNumber(),
                partition_by=[F("place"), F("kind"), F("outcome")],
                order_by=[F("ended_at").desc(), F("id").desc()],
            )
        )
        .filter(number=1)
        .order_by("-ended_at", "-id")
    )
