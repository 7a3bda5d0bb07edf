"""What stands out about somebody when a review comes to them (N1.2): facts, and no verdict."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.clock import from_us
from renkei.policy.who import STOPPED, working
from renkei.training.courses import heads
from renkei.training.validity import states

UNOPENED: Final = timedelta(days=30)  # what waits unread for so long was not opened for long
ABSENT: Final = timedelta(days=60)  # without signing in
MARKS: Final = (
    "left", "leaves", "stopped", "reads_only", "organization", "pledge", "training", "unopened",
    "never", "absent", "device", "factor",
)  # fmt: skip
# What comes and goes while somebody decides; a decision does not hang on it.
PASSING: Final = frozenset({"unopened", "absent", "never"})

# Of role ``r``, account ``a`` and organization ``o``.
STATE: Final = """r.ended_at, r.until, r.restriction, r.pledged_on, a.suspended_at,
    (o.suspended_at IS NOT NULL OR o.left_on IS NOT NULL OR o.approved_on IS NULL
      OR o.pledged_on IS NULL)"""
STATE_WIDTH: Final = 6


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that stands out, and since when or from when on, if that is known."""

    word: str  # of ``MARKS``
    at: datetime | None = None


def of_state(found: Sequence[Any]) -> list[Mark]:
    """What the columns ``STATE`` say: gone or going, stopped, without pledge."""
    ended, until, restriction, pledged, suspended, stopped = found
    now = clock.to_us(clock.now())
    marks = []
    if ended is not None or not working(until, now):
        marks.append(Mark("left", from_us(ended if ended is not None else until)))
    elif until is not None:
        marks.append(Mark("leaves", from_us(until)))
    if suspended is not None or restriction in STOPPED:
        marks.append(Mark("stopped"))
    elif restriction:
        marks.append(Mark("reads_only"))
    if stopped:
        marks.append(Mark("organization"))
    if pledged is None:
        marks.append(Mark("pledge"))
    return marks


def of_family(suspended: object) -> list[Mark]:
    """What stands out about patient and relatives, who pledge and train for nobody (A11.5)."""
    return [Mark("stopped")] if suspended is not None else []


def unopened(oldest_unread: int | None) -> list[Mark]:
    """Whether what has waited longest for a member has waited for long."""
    if oldest_unread is None or clock.now() - from_us(oldest_unread) < UNOPENED:
        return []
    return [Mark("unopened", from_us(oldest_unread))]


def untrained(region: UUID, accounts: Iterable[UUID]) -> set[UUID]:
    """Who of these lacks a required course, or let it lapse (A9)."""
    required = [one for one in heads(region) if one.required]
    return {
        account
        for account, known in states(set(accounts), required).items()
        if any(one.word in ("missing", "lapsed") for one in known)
    }


def lasting(marks: Collection[Mark]) -> list[str]:
    """The words of those on which a decision hangs."""
    return [one.word for one in marks if one.word not in PASSING]
