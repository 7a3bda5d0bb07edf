"""The vital signs of a patient's group over some weeks, as graph and table show them (Observation).

Only what stands in the log now: of a corrected message its newest wording, of a withdrawn one
nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from renkei.communication import observations
from renkei.communication.entries import Faces
from renkei.communication.measuring import OLDEST
from renkei.communication.observations import Observed, Reading
from renkei.group.head import Head, head
from renkei.group.ranges import InForce, in_force
from renkei.kernel import clock
from renkei.kernel.clock import JAPAN, to_us
from renkei.kernel.damage import tell
from renkei.kernel.database import id_of, row, rows
from renkei.kernel.errors import Tampered
from renkei.people.faces import Face
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region.vitals import Range

SPANS: Final = {"2w": 14, "3m": 92}  # days
_MOST: Final = 1000  # messages: eleven a day over three months


@dataclass(frozen=True, slots=True)
class Taken:
    """One measuring: when, by whom, in which message."""

    observed: Observed  # held against the ranges in force now
    readings: list[Reading]
    author: Face
    seq: int


@dataclass(frozen=True, slots=True)
class Vitals:
    """The page of vital signs."""

    head: Head
    first: date
    last: date  # both included
    days: int
    taken: list[Taken]  # the newest first
    damaged: int  # messages whose values do not open
    more: bool  # there are more in this time than are shown
    ranges: InForce | None
    earlier: bool  # something was measured before


# It is posted after it was measured, and no longer after than OLDEST.
_MEASURED: Final = """
    SELECT c.id, c.key_id, c.seq, c.sender_id, c.role_id, c.version, c.measured
    FROM communication_communication c
    WHERE c.group_id = %s AND c.measured IS NOT NULL AND c.sent_at >= %s AND c.sent_at < %s
      AND c.withdrawn_at IS NULL
    ORDER BY c.sent_at DESC LIMIT %s"""
_NEWEST: Final = """
    SELECT MAX(c.sent_at) FROM communication_communication c
    WHERE c.group_id = %s AND c.measured IS NOT NULL AND c.withdrawn_at IS NULL"""
_EARLIER: Final = """
    SELECT 1 FROM communication_communication c
    WHERE c.group_id = %s AND c.measured IS NOT NULL AND c.sent_at < %s
      AND c.withdrawn_at IS NULL LIMIT 1"""


@disclosure("observation.see", on="group", opens="vitals")
def see_vitals(standing: Standing, *, days: int, until: date | None = None) -> Vitals:
    """What was measured in so many days until one; without a day, until today.

    Who has not measured for longer sees the time until the last measuring.
    """
    where = standing.where
    assert where is not None and where.group is not None and where.patient is not None
    last = min(until or _last_day(where.group, days), clock.today())
    first = last - timedelta(days=days - 1)
    start, end = clock.begins(first), clock.begins(last + timedelta(days=1))
    posted = [to_us(start), to_us(end + OLDEST)]
    found = rows(_MEASURED, [where.group.hex, *posted, _MOST + 1])
    ranges, top = in_force(where.patient), head(standing)
    faces = Faces(top.members)
    opened = [_taken(one, faces, ranges.ranges if ranges else {}) for one in found[:_MOST]]
    taken = [one for one in opened if one is not None and start <= one.observed.at < end]
    return Vitals(
        head=top,
        first=first,
        last=last,
        days=days,
        taken=sorted(taken, key=lambda one: (one.observed.at, one.seq), reverse=True),
        damaged=opened.count(None),
        more=len(found) > _MOST,
        ranges=ranges,
        earlier=row(_EARLIER, [where.group.hex, to_us(start)]) is not None,
    )


def _last_day(group: UUID, days: int) -> date:
    """Today, or the day of the last measuring if that is longer ago than is shown."""
    today, found = clock.today(), row(_NEWEST, [group.hex])
    if found is None or found[0] is None:
        return today
    newest = clock.from_us(found[0]).astimezone(JAPAN).date()
    return newest if newest <= today - timedelta(days=days) else today


def _taken(found: tuple[Any, ...], faces: Faces, ranges: Mapping[str, Range]) -> Taken | None:
    """A measuring, opened; None where it does not open."""
    message, key = id_of(found[0]), id_of(found[1])
    try:
        kept = observations.unseal(key, message, found[5], found[6])
    except Tampered as damage:
        tell(damage)
        return None
    assert kept is not None
    observed = replace(kept, outside=observations.outside(kept.values, ranges))
    author = faces.author(found[3], found[4])
    return Taken(observed, observations.readings(observed), author, found[2])
