"""Following all logs with a cursor of one's own: what a search index or a notifier stands on.

A follower has a name, and for each group a cursor: up to which entry, and up to which alteration
(corrected, withdrawn, hidden, erased), it has come. Nothing is written for it when somebody posts.
A hint on the bus only wakes it; where it stands and what there is, the database says. Its effect
and its cursor are kept in one transaction, so that after ``kill -9`` it goes on where it stood:
nothing is lost and nothing done twice. An effect outside (a mail) has to be put down as a row to be
sent by somebody else, or be harmless when it happens again.

Of several processes one at a time follows under a name: it holds a lock that ends with the process.
"""

import fcntl
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction

from renkei.kernel import clock
from renkei.kernel.database import execute, id_of, on_postgresql, one_writer, row, rows
from renkei.kernel.entity import uuid7

AT_ONCE: Final = 500  # entries and alterations taken in one step, if one group has not more


class Overtaken(Exception):
    """Somebody else has moved the cursor meanwhile; what this step did is undone."""


class Stuck(Exception):
    """Of so many groups nothing could be taken; the next turn tries again."""


@dataclass(frozen=True, slots=True)
class News:
    """What a follower has not seen of one group: new entries, and altered ones.

    ``altered`` names entries of any number, each with what happened to it, in order; one that is
    also new is to be read as it is now. ``erased`` says that the group is gone for good.
    """

    group: UUID
    after: int  # the last entry seen
    last: int  # the last new one; equal to ``after`` if there is none
    altered: tuple[tuple[int, str], ...] = ()
    alteration: int = 0  # the last alteration seen
    last_alteration: int = 0

    @property
    def erased(self) -> bool:
        """Whether the group was erased."""
        return any(what == "erased" for _, what in self.altered)

    @property
    def seqs(self) -> list[int]:
        """The entries to look at, each once, ascending."""
        old = {seq for seq, _ in self.altered if 0 < seq <= self.after}
        return [*sorted(old), *range(self.after + 1, self.last + 1)]


Place = tuple[UUID, int, int, int, int]
"""A group, how far a follower is there (entry, alteration), and how far its log goes."""


class Cursors(Protocol):
    """Where a follower keeps how far it is: where its effect is kept."""

    def begin(self) -> None:
        """Be known; called before anything else, as often as one likes."""

    def behind(self, groups: Collection[UUID] | None) -> list[Place]:
        """The groups, of these or of all, in which there is something to take."""

    def step(self) -> AbstractContextManager[None]:
        """One transaction around an effect and the moving of the cursors."""

    def move(self, news: News) -> None:
        """Put the cursor behind what was taken.

        Raises:
            Overtaken: it does not stand where ``news`` begins.
        """


class Follower:
    """Takes what is new. A subclass says its name and what it does; the rest is the same for all.

    Who keeps its effect elsewhere than in the main database gives cursors that lie there too.
    """

    name: ClassVar[str]
    from_now: ClassVar[bool] = False  # leave alone what was said before it first followed

    def __init__(self, cursors: Cursors | None = None) -> None:
        self.cursors = cursors or InDatabase(self.name, from_now=self.from_now)

    def take(self, news: Sequence[News]) -> None:
        """Do what there is to do, within the transaction that moves the cursors."""
        raise NotImplementedError

    def follow(self, groups: Collection[UUID] | None = None) -> int | None:
        """Take all that is new in these groups, or in all; how many entries and alterations.

        What cannot be taken of one group does not hold up the others.

        Returns:
            None if another process follows under this name at the moment.

        Raises:
            Stuck: of some groups nothing could be taken; all others are done.
        """
        taken, stuck = 0, _Stuck()
        with alone(self.name) as ours:
            if not ours:
                return None
            self.cursors.begin()
            while batch := _batch(self.cursors.behind(groups), stuck.groups):
                taken += self._step(batch, stuck)
        if stuck.groups:
            raise Stuck(len(stuck.groups)) from stuck.error
        return taken

    def _step(self, batch: Sequence[News], stuck: "_Stuck") -> int:
        """One step; if it fails, each group alone, so that the one that cannot be taken shows."""
        try:
            with self.cursors.step():
                self.take(batch)
                for news in batch:
                    self.cursors.move(news)
        except DatabaseError:
            raise
        except Exception as error:
            if len(batch) > 1:
                return sum(self._step([news], stuck) for news in batch)
            stuck.groups.add(batch[0].group)
            stuck.error = error
            return 0
        return sum(one.last - one.after + len(one.altered) for one in batch)


@dataclass(slots=True)
class _Stuck:
    """Groups of which nothing could be taken, and the last reason."""

    groups: set[UUID] = field(default_factory=set)
    error: Exception | None = None


def _batch(places: list[Place], but: Collection[UUID]) -> list[News]:
    """The first of what there is to take, group by group, not more than fits in one step."""
    batch, room = [], AT_ONCE
    for group, seq, alteration, last, last_alteration in places:
        if room <= 0:
            break
        if group in but:
            continue
        until = min(last, seq + room)
        altered = _altered(group, alteration, min(last_alteration, alteration + room))
        batch.append(
            News(group, seq, until, altered, alteration, alteration + len(altered)),
        )
        room -= until - seq + len(altered)
    return batch


def _altered(group: UUID, after: int, last: int) -> tuple[tuple[int, str], ...]:
    if last <= after:
        return ()
    found = rows(
        "SELECT seq, what FROM communication_alteration"
        " WHERE group_id = %s AND number > %s AND number <= %s ORDER BY number",
        [group.hex, after, last],
    )
    return tuple((seq, what) for seq, what in found)


# ── One at a time ────────────────────────────────────────────────────────────────────────────────


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Be the only one who follows under this name while the block runs; False if somebody does.

    The lock ends with the process, however it ends. On PostgreSQL it is the connection's, over
    which the follower also writes: who has lost the one cannot do the other.
    """
    held = _advisory(name) if on_postgresql() else _file(name)
    with held as ours:
        yield ours


@contextmanager
def _advisory(name: str) -> Iterator[bool]:
    place = [f"renkei.follower.{name}"]
    got = row("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", place)
    ours = bool(got and got[0])
    try:
        yield ours
    finally:
        if ours:
            with suppress(DatabaseError):  # the connection is gone, and the lock with it
                row("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", place)


@contextmanager
def _file(name: str) -> Iterator[bool]:
    path = settings.DATA / f"follower-{name}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _taken(descriptor)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# ── Cursors beside the logs ──────────────────────────────────────────────────────────────────────

_BEHIND = """
    SELECT g.id, COALESCE(c.seq, 0), COALESCE(c.alteration, 0), g.last_seq, g.last_alteration
    FROM group_group g
    LEFT JOIN communication_cursor c ON c.group_id = g.id AND c.following_id = %s
    WHERE (g.last_seq > COALESCE(c.seq, 0) OR g.last_alteration > COALESCE(c.alteration, 0))"""
_FROM_NOW = "SELECT id, last_seq, last_alteration FROM group_group"
_KEEP = """
    INSERT INTO communication_cursor (id, following_id, group_id, seq, alteration)
    VALUES (%s, %s, %s, %s, %s) ON CONFLICT (following_id, group_id) DO NOTHING"""
_MOVE = """
    UPDATE communication_cursor SET seq = %s, alteration = %s
    WHERE following_id = %s AND group_id = %s AND seq = %s AND alteration = %s"""


def within(groups: Collection[UUID] | None, column: str) -> tuple[str, list[str]]:
    """A condition that a column names one of these groups; none if they are all meant."""
    if groups is None:
        return "", []
    return f" AND {column} IN ({', '.join(['%s'] * len(groups))})", [one.hex for one in groups]


class InDatabase:
    """Cursors in the main database, for a follower whose effect is there."""

    def __init__(self, name: str, *, from_now: bool) -> None:
        self._name, self._from_now = name, from_now
        self._id: UUID | None = None

    def begin(self) -> None:
        """Be known; who follows from now on sets its cursors at the end of every log."""
        found = row("SELECT id FROM communication_following WHERE name = %s", [self._name])
        if found is None:
            with self.step():
                found = (self._first(),)
        self._id = id_of(found[0])

    def _first(self) -> UUID:
        following = uuid7()
        execute(
            "INSERT INTO communication_following (id, name, begun_at) VALUES (%s, %s, %s)",
            [following.hex, self._name, clock.to_us(clock.now())],
        )
        if self._from_now:
            for group, seq, alteration in rows(_FROM_NOW, []):
                values = [uuid7().hex, following.hex, id_of(group).hex, seq, alteration]
                execute(_KEEP, values)
        return following

    def behind(self, groups: Collection[UUID] | None) -> list[Place]:
        """The groups, of these or of all, in which there is something to take."""
        if self._id is None or (groups is not None and not groups):
            return []
        condition, ids = within(groups, "g.id")
        found = rows(_BEHIND + condition + " ORDER BY g.id", [self._id.hex, *ids])
        return [(id_of(one[0]), *one[1:]) for one in found]

    @contextmanager
    def step(self) -> Iterator[None]:
        """One durable transaction."""
        with one_writer(), transaction.atomic(durable=True):
            yield

    def move(self, news: News) -> None:
        """Put the cursor behind what was taken, if it stands where it stood."""
        assert self._id is not None
        to = [news.last, news.last_alteration]
        where = [self._id.hex, news.group.hex]
        if execute(_MOVE, [*to, *where, news.after, news.alteration]):
            return
        new = news.after == 0 and news.alteration == 0
        if not (new and execute(_KEEP, [uuid7().hex, *where, *to])):
            raise Overtaken(news.group)
