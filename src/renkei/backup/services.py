"""What the host's own commands record about copies."""

import re
from datetime import datetime

from renkei.backup.models import PLACE, BackupRun, Kind, Outcome, Why
from renkei.kernel.entity import uuid7
from renkei.kernel.japanese import clean_text
from renkei.policy.use_case import Change, use_case

_TIMESTAMP = re.compile(r"[0-9TZ.:+-]{0,40}", re.ASCII)


def shown_place(place: str) -> str:
    """A place as one line of at most ``PLACE`` characters; of a longer one its end."""
    line = " ".join(clean_text(place).split())
    return line if len(line) <= PLACE else "…" + line[1 - PLACE :]


@use_case("backup.record", on="region")
def record_backup(
    change: Change,
    *,
    kind: str,
    generation: str,
    place: str,
    began_at: datetime,
    bytes: int,
    files: int,
    outcome: str,
    why: str = "",
    oldest: datetime | None = None,
    generations: int | None = None,
    offline: bool = False,
) -> BackupRun:
    """Record that a copy was made or brought back for a trial, or that it failed.

    The place is kept out of the audit line, for a path may name anything.

    Args:
        kind: a word of ``Kind``.
        generation: the timestamp that names the copy; empty if it failed before it had one.
        place: what the host calls where the copy lies, such as the folder.
        bytes: the size of the copy.
        files: how many files are in it.
        outcome: a word of ``Outcome``.
        why: a word of ``Why`` if it failed, else empty.
        oldest: the moment of the oldest copy that now stands at this place.
        generations: how many copies now stand at this place.
        offline: whether the host declared this place to be off the network or write-once.

    Raises:
        ValueError: a word or the timestamp is none.
    """
    if not _TIMESTAMP.fullmatch(generation):
        raise ValueError("a generation is named by its timestamp")
    run = BackupRun(
        id=uuid7(),
        kind=Kind(kind),
        generation=generation,
        place=shown_place(place),
        offline=offline,
        began_at=min(began_at, change.now),  # a clock put back must not make a copy newer than now
        ended_at=change.now,
        bytes=bytes,
        files=files,
        oldest_at=oldest,
        generations=generations,
        outcome=Outcome(outcome),
        why=Why(why) if why else "",
    )
    run.save(force_insert=True)
    change.about(
        "BackupRun",
        run.id,
        what=str(run.kind),
        generation=generation,
        bytes=bytes,
        files=files,
        outcome=str(run.outcome),
        why=str(run.why),
    )
    return run
