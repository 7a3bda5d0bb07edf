"""Who follows the logs while the server runs: each in a thread of its own, woken by the bus."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import Any, Final, Self
from uuid import UUID

from renkei.communication.following import Follower
from renkei.communication.index.keeping import Indexing
from renkei.config.watch import Watch
from renkei.kernel.bus import Hint, Unsubscribe, bus
from renkei.kernel.database import row
from renkei.notification.noticing import Noticing

LOOK_SECONDS: Final = 5.0  # until what no hint told of is found: written by a command, say
MOST_NAMED: Final = 300  # groups by name in one question; above it, all are looked at
GATHER_SECONDS: Final = 1.0  # so that what is said by many at the same time is taken together


def _length_of_all_logs() -> Any:
    """What differs once anything was said or altered anywhere; no transaction forgets to count."""
    return row("SELECT COUNT(*), SUM(last_seq + last_alteration) FROM group_group", [])


class Following(Watch):
    """Lets one follower take what is new, in the groups a hint tells of, now and then in all."""

    def __init__(self, follower: Follower, *, every: float = LOOK_SECONDS) -> None:
        super().__init__(
            f"follower.{follower.name}", "what is new could not be followed", every=every
        )
        self._follower = follower
        self._every_look, self._next_look = every, 0.0
        self._seen: Any = None  # how long all logs were when all of it had been taken
        self._heard: set[UUID] = set()
        self._lock = Lock()
        self._unsubscribe: Unsubscribe | None = None

    def __enter__(self) -> Self:
        self._unsubscribe = bus().subscribe(self._hear)
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        super().__exit__()

    def _hear(self, hint: Hint) -> None:
        """Remember the group, in the thread that tells; the database says what there is."""
        if hint.kind in ("log", "changed") and hint.group is not None:
            with self._lock:
                self._heard.add(hint.group)
            self.wake()

    def turn(self) -> None:
        """Take what is new."""
        with self._lock:
            told = bool(self._heard)
        if told:
            time.sleep(GATHER_SECONDS)
        with self._lock:
            heard, self._heard = self._heard, set()
        if time.monotonic() >= self._next_look:
            self._look()
        elif heard:
            self._follower.follow(heard if len(heard) <= MOST_NAMED else None)

    def _look(self) -> None:
        """Look at all groups, unless all logs are as long as when all of it had been taken."""
        now = _length_of_all_logs()
        if now != self._seen and self._follower.follow() is not None:
            self._seen = now
        self._next_look = time.monotonic() + self._every_look


FOLLOWERS: Final[tuple[type[Follower], ...]] = (Indexing, Noticing)


@contextmanager
def following() -> Iterator[None]:
    """Let all followers follow while the block runs."""
    with ExitStack() as stack:
        for follower in FOLLOWERS:
            stack.enter_context(Following(follower()))
        yield
