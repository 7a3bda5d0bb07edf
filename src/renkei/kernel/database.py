"""The few things SQL says differently on SQLite and PostgreSQL."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from threading import RLock, get_ident, local
from time import monotonic
from typing import Any, Final, overload
from uuid import UUID

import psycopg
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    OperationalError,
    connection,
    connections,
)

from renkei.kernel.metrics import WRITER_WAIT


@lru_cache(maxsize=20_000)
def _uuid(digits: str) -> UUID:
    """The id with these digits. The same few thousand ids come by again and again."""
    return UUID(digits)


def id_of(value: str | UUID) -> UUID:
    """The id in a column that is never empty."""
    return _uuid(value) if isinstance(value, str) else value


def as_uuid(value: str | UUID | None) -> UUID | None:
    """An id as Python knows it: SQLite gives 32 hexadecimal digits, PostgreSQL a UUID."""
    return _uuid(value) if isinstance(value, str) else value


@overload
def as_day(value: str | date) -> date: ...
@overload
def as_day(value: str | date | None) -> date | None: ...
def as_day(value: str | date | None) -> date | None:
    """A day as Python knows it: SQLite gives its letters, PostgreSQL a date."""
    return date.fromisoformat(value) if isinstance(value, str) else value


class _Thread(local):
    """What each thread has of its own: its connection, which Django would look up every time."""

    def __init__(self) -> None:
        self.link = connections[DEFAULT_DB_ALIAS]


_thread = _Thread()


def on_postgresql() -> bool:
    """Whether the main database is PostgreSQL; else it is SQLite."""
    return _thread.link.vendor == "postgresql"


def engine_of(alias: str) -> str:
    """Which engine holds a database of the installation: "sqlite" or "postgresql"."""
    return "postgresql" if connections[alias].vendor == "postgresql" else "sqlite"


def has_table(alias: str, table: str) -> bool:
    """Whether there is a database with this table; looking makes none."""
    link = connections[alias]
    if link.vendor == "sqlite" and not Path(str(link.settings_dict["NAME"])).exists():
        return False
    return table in link.introspection.table_names()


@lru_cache(maxsize=500)
def _for_sqlite(sql: str) -> str:
    """The statement with SQLite's placeholders."""
    return sql.replace("%s", "?").replace("%%", "%")


def _run(sql: str, params: Sequence[Any]) -> Any:
    """Run one statement on the driver's own cursor, in the transaction Django has open.

    The few statements of the hot paths go past Django's cursor wrappers, which would cost more
    than SQLite itself; on PostgreSQL they are prepared after a few uses. Errors are Django's.
    """
    wrapper = _thread.link
    if wrapper.connection is None:
        wrapper.ensure_connection()
    try:
        if wrapper.vendor == "sqlite":
            return wrapper.connection.execute(_for_sqlite(sql), params)
        return psycopg.Cursor(wrapper.connection).execute(sql.encode(), params)
    except (sqlite3.Error, psycopg.Error):
        with wrapper.wrap_database_errors:
            raise


def row(sql: str, params: Sequence[Any]) -> tuple[Any, ...] | None:
    """The first row of a query on the main database, or None."""
    cursor = _run(sql, params)
    found: tuple[Any, ...] | None = cursor.fetchone()
    cursor.close()
    return found


def rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of a query on the main database."""
    found: list[tuple[Any, ...]] = _run(sql, params).fetchall()
    return found


def execute(sql: str, params: Sequence[Any]) -> int:
    """Run a statement on the main database; the number of rows it touched."""
    return int(_run(sql, params).rowcount)


def read_on(sql: str) -> Iterator[tuple[Any, ...]]:
    """All rows of a query on the main database, without holding them all in memory."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while chunk := cursor.fetchmany(2000):
            yield from chunk


@contextmanager
def damaged_text() -> Iterator[None]:
    """Let text that is no UTF-8 any more be read: what cannot be decoded becomes \ufffd.

    For proofs, which have to say which value was damaged instead of stopping there. PostgreSQL
    itself keeps text what it is.
    """
    connection.ensure_connection()
    if on_postgresql():
        yield
        return
    link: Any = connection.connection
    before, link.text_factory = link.text_factory, partial(str, encoding="utf-8", errors="replace")
    try:
        yield
    finally:
        link.text_factory = before


def unsound(alias: str) -> list[str]:
    """What SQLite itself finds damaged in the file of a database; PostgreSQL has its checksums."""
    link = connections[alias]
    if link.vendor != "sqlite":
        return []
    try:
        with link.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check(20)")
            return [str(found) for (found,) in cursor.fetchall() if found != "ok"]
    except DatabaseError as error:
        return [str(error)]


LONGEST: Final = 20.0  # seconds that a writer waits, in this process and for another one
STUCK: Final = 1.0  # seconds; a turn that takes longer waits for another process, or is a bulk load
BEHIND: Final = 1  # waits behind one that is stuck: of the three threads that one place may have
# (``wsgi_bridge``) one stays free for its readers
BRIEFLY: Final = 0.05  # seconds that a writer waits after one before it waited in vain

_writer = RLock()
_waiting: set[int] = set()  # threads
_turn_began = 0.0
_brief_until = 0.0  # writers wait briefly, unless one gets in before


@contextmanager
def one_writer(seconds: float | None = None) -> Iterator[None]:
    """Let the writers of this process wait in line for SQLite's one write lock.

    Left to itself SQLite has them look again and again after pauses, which costs CPU and lets
    some wait long. While another process holds the lock, one waits for all: those who come after
    it only look, so that in line too nobody waits much longer. PostgreSQL has its own queues.

    Args:
        seconds: how long a write may keep somebody waiting who does not need it; None: ``LONGEST``.

    Raises:
        OperationalError: another process holds the lock, and enough wait for it already, or it
            took too long.
    """
    global _turn_began
    if on_postgresql():
        yield
        return
    waited = 0.0 if _writer.acquire(blocking=False) else _await_turn(seconds or LONGEST)
    WRITER_WAIT.observe(waited)
    try:
        _turn_began = monotonic()
        if waited < STUCK and _turn_began > _brief_until and seconds is None:
            yield
        else:
            with _patience((seconds or LONGEST) - waited):
                yield
    except OperationalError as error:
        if seconds is None:
            _note(error)
        raise
    finally:
        _writer.release()


def _note(error: OperationalError) -> None:
    """If it waited in vain for another process, those who come next wait briefly."""
    global _brief_until
    if getattr(error.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        _brief_until = monotonic() + LONGEST


def _await_turn(seconds: float) -> float:
    """Stand in line, so long at most; the seconds it took."""
    global _brief_until
    began, me = monotonic(), get_ident()
    _waiting.add(me)
    try:
        while not _writer.acquire(timeout=STUCK / 4):
            now = monotonic()
            too_many = len(_waiting) > BEHIND or now < _brief_until
            in_vain = now - began > seconds
            if in_vain and seconds >= LONGEST:
                _brief_until = now + LONGEST
            if in_vain or (too_many and now - _turn_began > STUCK):
                raise OperationalError("the database is locked by another process")
    finally:
        _waiting.discard(me)
    return monotonic() - began


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Wait no longer than this for another process's lock, and briefly if one waited in vain."""
    global _brief_until
    if monotonic() < _brief_until:
        seconds = BRIEFLY
    execute(f"PRAGMA busy_timeout = {max(1, int(seconds * 1000))}", [])
    try:
        yield
        _brief_until = 0.0
    finally:
        execute(f"PRAGMA busy_timeout = {int(LONGEST * 1000)}", [])


def shred(*tables: str) -> bool:
    """Leave nothing of deleted rows in the files; whether all of it is done already.

    SQLite overwrites what it deletes (``secure_delete``); the pages as they were stand in the
    write-ahead log until it is cut to nothing. PostgreSQL frees the room of the rows; its bytes
    are overwritten by later rows, and its own log ages by itself: what stands there is ciphertext
    and bare ids. Not within a transaction.
    """
    link = connections[DEFAULT_DB_ALIAS]
    with link.cursor() as cursor:
        if on_postgresql():
            for table in tables:
                cursor.execute(f"VACUUM {link.ops.quote_name(table)}")
            return True
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return not cursor.fetchone()[0]  # 1: somebody reads from the log


def listed(column: str) -> str:
    """An aggregate: the values of a column with commas between them, as text; NULL if none."""
    if on_postgresql():
        return f"STRING_AGG(CAST({column} AS TEXT), ',')"
    return f"GROUP_CONCAT({column})"


def by_bytes() -> str:
    """The clause that puts text in the order of its bytes, as SQLite and Python do."""
    return ' COLLATE "C"' if on_postgresql() else ""


def for_update(*tables: str) -> str:
    """The clause that locks the rows a standing stands on.

    SQLite needs none: its transactions are IMMEDIATE, so there is one writer at a time.
    """
    return f" FOR UPDATE OF {', '.join(tables)}" if on_postgresql() else ""


@contextmanager
def snapshot() -> Iterator[None]:
    """Let every read in the block see one moment of the database, without a write lock.

    Inside a transaction that is already open the block simply joins it.
    """
    link = _thread.link
    if link.in_atomic_block:
        yield
        return
    link.ensure_connection()
    begin = "BEGIN"
    if on_postgresql():
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    try:
        execute(begin, [])
    except OperationalError:  # cut while nobody used it; nothing has begun, so once more
        link.close()
        link.ensure_connection()
        execute(begin, [])
    try:
        yield
    finally:
        execute("ROLLBACK", [])
