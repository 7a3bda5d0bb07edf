"""What the live server reads: who may hear which groups, and the entries as everyone sees them.

Called in threads of the live server. Every answer is of one moment of the database; what failed
with the database drops its connection, so that the next call begins with a fresh one.
"""

from collections.abc import Callable, Collection, Mapping
from functools import wraps
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID
from zlib import crc32

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import translation

from renkei.communication.entries import entries
from renkei.communication.hearing import record_hearing
from renkei.communication.rendering import LANGUAGES, Rendering
from renkei.device.keys import shown
from renkei.group.selectors import cursors, positions_of, visible_positions
from renkei.kernel import metrics
from renkei.kernel.database import row, snapshot
from renkei.kernel.errors import SignedOut
from renkei.live.backend import Listener
from renkei.people.sessions import stored_key
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Actor
from renkei.region.disaster import mark

P = ParamSpec("P")
R = TypeVar("R")
_FURTHEST = 2**62  # a number beyond the end of every log


def _reads(
    method: Callable[Concatenate["LiveBackend", P], R],
) -> Callable[Concatenate["LiveBackend", P], R]:
    """One moment of the database for the whole call."""

    @wraps(method)
    def run(self: "LiveBackend", /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with snapshot():
                return method(self, *args, **kwargs)
        except (DatabaseError, InterfaceError) as error:
            metrics.DATABASE_ERRORS.labels(type(error).__name__).inc()
            connection.close()
            raise

    return run


def _cookies(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value.strip('"') for name, _, value in pairs}


def _actor(cookies: dict[str, str]) -> Actor:
    """For whom a browser's cookies speak; nobody without a session."""
    session = cookies.get(settings.SESSION_COOKIE_NAME, "")
    return Actor(session=stored_key(session) if session else "", shown=shown(cookies))


class LiveBackend:
    """The program behind the live server (``renkei.live.backend.Backend``)."""

    def __init__(self) -> None:
        self._watch: Any = None  # a connection of its own: it notices the commits of all others
        self._lock = Lock()

    @_reads
    def admit(self, cookie: str) -> Listener | None:
        """Who sends this Cookie header and what they may hear; None if nothing.

        The question must be asked again when the session or the password runs out.
        """
        cookies = _cookies(cookie)
        actor = _actor(cookies)
        if not actor.session:
            return None
        try:
            standing = load(actor, "region")
        except SignedOut:
            return None
        who = standing.who
        if not who.proved:
            return None  # elsewhere, or the secret changed meanwhile: the page asks once more
        if who.account is None or not may(standing, "home.see"):
            return None
        on, on_until = mark(standing)
        return Listener(
            session=actor.session,
            account=who.account,
            groups=visible_positions(who.reach),
            until=min(who.until, on_until or who.until) / 1_000_000,
            band=on,
            rendering="en" if cookies.get("look", "").split(".")[0] == "en" else LANGUAGES[0],
        )

    @_reads
    def events(self, group: UUID, after: int, rendering: str, limit: int) -> list[tuple[int, str]]:
        """The first ``limit`` entries after number ``after`` as (number, html), ascending."""
        return self._rendered(group, after + 1, after + limit, rendering)

    @_reads
    def event(self, group: UUID, seq: int, rendering: str) -> str | None:
        """One entry as it is now; None if there is none."""
        found = self._rendered(group, seq, seq, rendering)
        return found[0][1] if found else None

    def _rendered(self, group: UUID, first: int, last: int, language: str) -> list[tuple[int, str]]:
        with translation.override(language):
            found = entries(group, first, min(last, _FURTHEST), [])
            if not found:
                return []
            rendering = Rendering(cursors(group))
            return [(one.seq, str(rendering.html([one], headings=False))) for one in found]

    def replayed(self, cookie: str, ranges: Mapping[UUID, tuple[int, int]]) -> None:
        """Put on record which past entries (first, last) are about to be sent to who sent it."""
        try:
            record_hearing(_actor(_cookies(cookie)), ranges)
        except (DatabaseError, InterfaceError):
            connection.close()
            raise

    @_reads
    def positions(self, groups: Collection[UUID]) -> dict[UUID, int]:
        """The number of the newest entry of each group."""
        return positions_of(groups)

    def epoch(self) -> tuple[int, int]:
        """Two numbers: one differs after any commit, one after a standing may have ended."""
        try:
            found = row("SELECT SUM(standing_epoch) FROM region_region", [])
            return self._commits(), int(found[0] or 0) if found else 0
        except (DatabaseError, InterfaceError):
            connection.close()
            with self._lock:
                self._watch = None
            raise

    def _commits(self) -> int:
        """A number that differs once anybody has committed anything.

        SQLite counts the commits of other connections, so this connection never writes. On
        PostgreSQL the text of the snapshot changes whenever a transaction ends.
        """
        with self._lock:
            if self._watch is None:
                self._watch = connection.copy()
                self._watch.inc_thread_sharing()
            with self._watch.cursor() as cursor:
                if self._watch.vendor == "sqlite":
                    cursor.execute("PRAGMA data_version")
                    return int(cursor.fetchone()[0])
                cursor.execute("SELECT pg_current_snapshot()::text")
                return crc32(cursor.fetchone()[0].encode())
