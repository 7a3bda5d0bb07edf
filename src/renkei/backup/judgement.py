"""Whether the copies are what the policy asks for; needs no database.

Source: the guidelines for the safe management of medical information systems (Ministry of Health,
Labour and Welfare, edition 6.0) ask for several generations, in several ways, one of them where
nobody can reach it over the network; and that bringing them back is tried.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from renkei.backup.models import BackupRun, Kind, Outcome
from renkei.backup.selectors import Newest

CURRENT = timedelta(days=35)  # a place without a good copy for longer no longer counts as one
GOOD, NEVER, OLD, BROKEN = "good", "never", "old", "broken"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that has to be done again and again: when it last was, and whether that is enough.

    Args:
        state: ``GOOD``, or red: ``NEVER`` done, too ``OLD``, or ``BROKEN`` when the last trial at
            some place could not bring the copy back.
        age: how old it is; None if it was never done.
        limit: how old it may be.
    """

    kind: str
    state: str
    at: datetime | None
    age: timedelta | None
    limit: timedelta

    @property
    def red(self) -> bool:
        """Whether something has to be done."""
        return self.state != GOOD


@dataclass(slots=True)
class Copies:
    """The copies of one kind at one place."""

    place: str
    kind: str
    offline: bool  # as declared when a copy was last made
    last: BackupRun
    good: BackupRun | None = None  # the newest good one
    oldest: datetime | None = None
    generations: int | None = None
    trial: BackupRun | None = None  # the last time one was brought back

    @property
    def failed(self) -> bool:
        """Whether the last run here failed."""
        return self.last.outcome == Outcome.FAILED

    @property
    def trial_failed(self) -> bool:
        """Whether the last one brought back from here could not be."""
        return self.trial is not None and self.trial.outcome == Outcome.FAILED


def judge(newest: Newest, figures: dict[str, Any], now: datetime) -> list[Line]:
    """The lines in the order in which they are shown: content, keys, trial.

    Keys are as pressing as content: each new patient has a new key, and a copy without it stays
    shut.
    """
    fresh = timedelta(hours=figures["backup_max_age_hours"])
    tried = timedelta(days=figures["restore_test_max_days"])
    failed = newest.broken is not None and now - newest.broken <= tried
    return [
        _line(Kind.CONTENT.value, newest.content, fresh, now),
        _line(Kind.KEYS.value, newest.keys, fresh, now),
        _line(Kind.VERIFY.value, newest.verify, tried, now, BROKEN if failed else ""),
    ]


def _line(kind: str, at: datetime | None, limit: timedelta, now: datetime, known: str = "") -> Line:
    """The line of one kind; its state follows from its age unless it is known to be worse."""
    age = None if at is None else now - at
    by_age = NEVER if age is None else OLD if age > limit else GOOD
    return Line(kind, known or by_age, at, age, limit)


def gather(runs: Collection[BackupRun]) -> list[Copies]:
    """The copies by place and kind, from the runs, newest first."""
    found: dict[tuple[str, str], Copies] = {}
    trials: dict[str, BackupRun] = {}
    for run in runs:
        if run.kind == Kind.VERIFY:
            trials.setdefault(run.place, run)
            continue
        here = found.setdefault(
            (run.place, run.kind), Copies(run.place, run.kind, run.offline, run)
        )
        if run.outcome == Outcome.DONE:
            here.good, here.offline = run, run.offline
        if here.generations is None:
            here.generations, here.oldest = run.generations, run.oldest_at
    for here in found.values():
        here.trial = trials.get(here.place) if here.kind == Kind.CONTENT else None
    return list(found.values())


def advice(copies: Collection[Copies], now: datetime) -> Iterator[str]:
    """What would make the copies safer, as fixed words; nothing before there is a copy."""
    standing = [one for one in copies if one.good and now - one.good.began_at <= CURRENT]
    content = [one for one in standing if one.kind == Kind.CONTENT]
    if not content:
        return
    if len(content) == 1:
        yield "one_place"
    if not any(one.offline for one in content):
        yield "none_offline"
    if all(one.generations == 1 for one in content):
        yield "one_generation"
    keys = [one for one in standing if one.kind == Kind.KEYS]
    if any(_together(one.place, other.place) for one in keys for other in content):
        yield "keys_beside"


def _together(keys: str, content: str) -> bool:
    """Whether one place is the other, lies within it, or is the folder made right beside it."""
    first, second = PurePath(keys), PurePath(content)
    beside = second.with_name(f"{second.name}-keys") if second.name else second
    return first in (second, beside) or first in second.parents or second in first.parents
