"""Where copies of the keys lie that hold a key destroyed since, and making them anew at once.

Copies of the content may be write-once; copies of the keys never are. After an erasure each place
gets a fresh copy without the destroyed keys, and those with them are removed, as in every run
(``keycopy.prune``). A place that this machine does not reach now waits for its next run.
"""

import logging
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from django.db.models import Max

from renkei.backup import erasures, keycopy, recipients
from renkei.backup.models import BackupRun, Kind, Outcome
from renkei.backup.recording import record
from renkei.backup.run import alone
from renkei.backup.shelves import CONTENT, KEYS, Shelf
from renkei.backup.trouble import Trouble, at_place
from renkei.kernel import clock

log = logging.getLogger("renkei.backup")


def places() -> dict[str, datetime]:
    """Every place at which copies of the keys were made, and when the newest one was begun."""
    made = BackupRun.objects.filter(kind=Kind.KEYS, outcome=Outcome.DONE)
    return dict(made.values_list("place").annotate(newest=Max("began_at")).order_by("place"))


def behind(destroyed_at: datetime) -> list[str]:
    """The places at which no copy was made since: a key destroyed then may still lie there."""
    return [place for place, newest in places().items() if newest <= destroyed_at]


def note_erased() -> None:
    """Put the destroyed keys on the erase list of every place of copies that is reached."""
    runs = BackupRun.objects.filter(kind__in=(Kind.CONTENT, Kind.KEYS), outcome=Outcome.DONE)
    for kind, place in sorted(set(runs.values_list("kind", "place"))):
        root = Path(place)
        if root.is_absolute() and Shelf(root, KEYS if kind == Kind.KEYS else CONTENT).names():
            with suppress(Trouble), at_place(root):
                erasures.note(root, keycopy.destroyed())


def make_anew(place: str) -> bool:
    """Make a fresh copy of the keys at a place that is reached, and remove the others.

    Whether it was done. A place that is not there, or is not one of ours any more, is left alone:
    nothing is ever made where no copies lay before.
    """
    root = Path(place)
    if not root.is_absolute() or not Shelf(root, KEYS).names():
        return False
    began, before = clock.now(), os.umask(0o077)
    try:
        with alone(), at_place(root):
            made = keycopy.copy(root, recipients.recipients())
            keycopy.prune(root, made)
            erasures.note(root, keycopy.destroyed())
    except Trouble as trouble:
        log.warning(
            "a copy of the keys could not be made anew", extra={"facts": {"why": trouble.why}}
        )
        return False
    finally:
        os.umask(before)
    record("keys", root, began, outcome="done", generation=made.generation, bytes=made.size)
    return True
