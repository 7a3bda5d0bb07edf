"""The few things SQL says differently on SQLite and PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection


@lru_cache(maxsize=20_000)
def _uuid(digits: str) -> UUID:
    """The id with these digits. The same few thousand ids come by again and again."""
    return UUID(digits)


def as_uuid(value: str | UUID | None) -> UUID | None:
    """An id as Python knows it: SQLite gives 32 hexadecimal digits, PostgreSQL a UUID."""
    return _uuid(value) if isinstance(value, str) else value


def row(sql: str, params: Sequence[Any]) -> tuple[Any, ...] | None:
    """The first row of a query on the main database, or None."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: tuple[Any, ...] | None = cursor.fetchone()
    return found


def rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of a query on the main database."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def execute(sql: str, params: Sequence[Any]) -> int:
    """Run a statement on the main database; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


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
