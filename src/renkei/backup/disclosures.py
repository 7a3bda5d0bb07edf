"""What the operator is shown of the copies: nothing of what is in them, and of no region."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from renkei.backup.judgement import Copies, Line, advice, gather, judge
from renkei.backup.models import BackupRun, Kind, Outcome
from renkei.backup.selectors import last_runs, newest
from renkei.kernel import clock
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region import parameters

SHOWN = timedelta(days=366)  # a place without any run for longer is not shown any more


@dataclass(frozen=True, slots=True)
class Backups:
    """Everything on the operator's page about copies."""

    lines: list[Line]  # content, keys, trial
    copies: list[Copies]  # by place and kind, latest first
    oldest: datetime | None  # how far back one can go
    failure: BackupRun | None  # the last one
    mended: bool  # whether the same has gone well since, at the same place
    advice: list[str]

    @property
    def red(self) -> list[Line]:
        """What has to be done."""
        return [line for line in self.lines if line.red]

    @property
    def places(self) -> int:
        """How many places there are."""
        return len({one.place for one in self.copies})

    @property
    def offline(self) -> bool:
        """Whether one of them is off the network."""
        return any(one.offline for one in self.copies)


def _lines(standing: Standing) -> list[Line]:
    """The lines as the person's own region judges them."""
    assert standing.who.region is not None
    now = clock.now()
    found = newest(standing.who.region, now)
    return judge(found, parameters.of(found.policy), now)


def concern(standing: Standing) -> Line | None:
    """The first thing that is wrong with the copies; for home, once the rule has been asked."""
    return next((line for line in _lines(standing) if line.red), None)


@disclosure("backup.see", on="region")
def see_backups(standing: Standing) -> Backups:
    """When copies were made and tried, where they lie, and what is to be done about them."""
    now = clock.now()
    runs = list(last_runs(now - SHOWN))
    copies = gather(runs)
    failure = next((run for run in runs if run.outcome == Outcome.FAILED), None)
    return Backups(
        lines=_lines(standing),
        copies=copies,
        oldest=min(
            (one.oldest for one in copies if one.kind == Kind.CONTENT and one.oldest), default=None
        ),
        failure=failure,
        mended=failure is not None and _mended(failure, runs),
        advice=list(advice(copies, now)),
    )


def _mended(failure: BackupRun, runs: list[BackupRun]) -> bool:
    """Whether the same has gone well at the same place after it failed."""
    return any(
        run.outcome == Outcome.DONE
        and (run.place, run.kind) == (failure.place, failure.kind)
        and (run.ended_at, run.id) > (failure.ended_at, failure.id)
        for run in runs
    )
