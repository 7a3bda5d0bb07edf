"""The few things SQL says differently on SQLite and PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from threading import RLock
from typing import Any
from uuid import UUID

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections


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


@lru_cache(maxsize=500)
def _for_sqlite(sql: str) -> str:
    """The statement with SQLite's placeholders."""
    return sql.replace("%s", "?").replace("%%", "%")


def _run(sql: str, params: Sequence[Any]) -> Any:
    """Run one statement on the driver's own cursor, in the transaction Django has open.

    The few statements of the hot paths go past Django's cursor wrappers, which would cost more
    than SQLite itself; on PostgreSQL they are prepared after a few uses. Errors are Django's.
    """
    wrapper = connections[DEFAULT_DB_ALIAS]
    if wrapper.connection is None:
        wrapper.ensure_connection()
    with wrapper.wrap_database_errors:
        if wrapper.vendor == "sqlite":
            return wrapper.connection.execute(_for_sqlite(sql), params)
        return psycopg.Cursor(wrapper.connection).execute(sql.encode(), params)


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


_writer = RLock()


@contextmanager
def one_writer() -> Iterator[None]:
    """Let the writers of this process wait in line for SQLite's one write lock.

    Left to itself SQLite has them look again and again after pauses, which costs CPU and lets
    some wait long. PostgreSQL has its own queues.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with _writer:
        yield


def for_update(*tables: str) -> str:
    """The clause that locks the rows a standing stands on.

    SQLite needs none: its transactions are IMMEDIATE, so there is one writer at a time.
    """
    return f" FOR UPDATE OF {', '.join(tables)}" if connection.vendor == "postgresql" else ""


@contextmanager
def snapshot() -> Iterator[None]:
    """Let every read in the block see one moment of the database, without a write lock.

    Inside a transaction that is already open the block simply joins it.
    """
    if connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    begin = "BEGIN"
    if connection.vendor == "postgresql":
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    execute(begin, [])
    try:
        yield
    finally:
        execute("ROLLBACK", [])
