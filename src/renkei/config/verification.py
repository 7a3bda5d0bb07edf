"""Everything ``renkei audit verify`` holds against everything else, part by part.

Each part says how much it looked at and names what does not fit. A part that cannot be read at all
is a fault too, and does not keep the others from being looked at.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import UUID

from django.db import DatabaseError
from django.utils.translation import gettext_noop

from renkei.audit import heads, seals, trail
from renkei.audit.heads import Head
from renkei.audit.trail import Break, Progress
from renkei.communication import proof as messages
from renkei.files import proof as files
from renkei.kernel import vault
from renkei.kernel.database import unsound
from renkei.kernel.master import MasterKeyMissing

PARTS: Final = ("database", "trail", "messages", "keys", "values", "files", "head")
UNREADABLE = gettext_noop("this part of the database cannot be read: its file is damaged")
UNSOUND = gettext_noop("the file of the database is damaged")
NO_MASTER_KEY = gettext_noop("not looked at: the master key is not here")

Looked = tuple[int, list[Break]]
Tell = Callable[[str, int], None]  # is told the part and how much of it was looked at so far


@dataclass(slots=True)
class Part:
    """One part, looked at."""

    name: str
    count: int = 0
    seconds: float = 0.0
    breaks: list[Break] = field(default_factory=list)
    note: str = ""  # why it was not looked at
    erased: int = 0  # values whose key was destroyed on purpose


def verify(tell: Tell, *, given: list[Head], signed_by: str = "") -> Iterator[Part]:
    """Look at one part after the other; ``given`` are signed heads taken before."""
    damaged: set[UUID] = set()
    yield _timed("database", lambda part: _databases())
    yield _timed("trail", lambda part: trail.verify(partial(tell, "trail")))
    yield _timed("messages", lambda part: messages.verify(partial(tell, "messages")))
    yield _timed("keys", lambda part: _keys(damaged))
    yield _timed("values", lambda part: _values(part, partial(tell, "values"), damaged))
    yield _timed("files", lambda part: files.verify())
    for head in given:
        yield _timed("head", partial(_head, head, signed_by))


def _timed(name: str, look: Callable[[Part], Looked]) -> Part:
    part, began = Part(name), time.perf_counter()
    try:
        part.count, part.breaks = look(part)
    except MasterKeyMissing:
        part.note = NO_MASTER_KEY
    except DatabaseError:
        part.breaks = [Break(name, 0, UNREADABLE)]
    part.seconds = time.perf_counter() - began
    return part


def _databases() -> Looked:
    found = {alias: unsound(alias) for alias in ("default", "keys")}
    return len(found), [Break(alias, 0, UNSOUND) for alias, faults in found.items() if faults]


def _head(head: Head, signed_by: str, part: Part) -> Looked:
    return heads.compare(head, signed_by=signed_by)


def _keys(damaged: set[UUID]) -> Looked:
    count, found = vault.verify()
    damaged |= {key for key, _ in found}
    return count, [Break(f"DataKey/{key.hex}", 0, why) for key, why in found]


def _values(part: Part, progress: Progress, damaged: set[UUID]) -> Looked:
    found = seals.verify(progress, damaged=frozenset(damaged))
    part.erased = found.erased
    return found.opened, found.breaks
