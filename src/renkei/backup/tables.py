"""The rows of every table of a database, in one spelling on SQLite and PostgreSQL alike.

Works on the driver's own connection and learns from the database itself which tables there are, so
that a copy made by an older program can be read as well as one of today.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
import psycopg

Turn = Callable[[Any], Any]
Progress = Callable[[str, int, int], None]
EVERY: Final = 5000  # rows between two words about how far it has come


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns in the order of their names, and its primary key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    order: str  # the primary key as ORDER BY wants it
    turns: tuple[tuple[int, Turn], ...]  # how columns of some types become what both engines say


@dataclass(frozen=True, slots=True)
class Row:
    """Where a row stands and the SHA-256 of what it says."""

    table: str
    key: bytes  # a JSON list
    hash: bytes


@dataclass(frozen=True, slots=True)
class Digest:
    """How many rows a table has, and SHA-256 over their hashes in the order of its key."""

    rows: int
    digest: str


class Database(Protocol):
    """A database whose rows can be read, at one moment."""

    def tables(self) -> list[Table]:
        """Every table, in the order of the names."""

    def ask(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query without parameters, not all at once."""

    def close(self) -> None:
        """Let go of it."""


def rows(database: Database) -> Iterator[Row]:
    """Every row of every table, in the order of the names and primary keys."""
    for table in database.tables():
        yield from _rows(database, table)


def _rows(database: Database, table: Table) -> Iterator[Row]:
    columns = ", ".join(f'"{column}"' for column in table.columns)
    places = [table.columns.index(column) for column in table.key]
    spelt = orjson.dumps(table.columns)
    for found in database.ask(f'SELECT {columns} FROM "{table.name}" ORDER BY {table.order}'):
        values = list(found)
        for place, turn in table.turns:
            if values[place] is not None:
                values[place] = turn(values[place])
        key = _json([values[place] for place in places])
        yield Row(table.name, key, sha256(spelt + _json(values)).digest())


def _json(values: list[Any]) -> bytes:
    return orjson.dumps(values, default=_hexadecimal, option=orjson.OPT_SORT_KEYS)


def _hexadecimal(value: Any) -> str:
    if isinstance(value, bytes | memoryview | bytearray):
        return value.hex()
    raise TypeError(type(value).__name__)


class Counting:
    """Adds up rows as they pass by; ``digests`` is right once all have."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._sums: dict[str, tuple[Any, int]] = {}
        self._progress = progress
        self._total = total
        self._passed = 0

    def add(self, row: Row) -> None:
        """Count one row; they come table by table, in the order of the key."""
        summed, number = self._sums.get(row.table) or (sha256(), 0)
        summed.update(row.hash)
        self._sums[row.table] = summed, number + 1
        self._passed += 1
        if self._passed % EVERY == 0 and self._passed < self._total:
            self._progress("rows", self._passed, self._total)

    def digests(self, database: Database) -> dict[str, Digest]:
        """What each table came to, the empty ones included."""
        if self._total:
            self._progress("rows", self._total, self._total)
        found = {table.name: Digest(0, sha256().hexdigest()) for table in database.tables()}
        for name, (summed, number) in self._sums.items():
            found[name] = Digest(number, summed.hexdigest())
        return found


def count(database: Database) -> int:
    """How many rows there are altogether."""
    return sum(
        next(database.ask(f'SELECT COUNT(*) FROM "{table.name}"'))[0] for table in database.tables()
    )


# ── SQLite ───────────────────────────────────────────────────────────────────────────────────────

_JSON_CHECK = re.compile(r'JSON_VALID\("(\w+)"\)')  # how Django marks a column that holds JSON


class SQLite:
    """A database in a file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def tables(self) -> list[Table]:
        """Every table, in the order of the names."""
        listed = self.connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
            " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        )
        return [self._table(name, sql) for name, sql in listed.fetchall()]

    def _table(self, name: str, sql: str) -> Table:
        found = self.connection.execute(f'PRAGMA table_info("{name}")').fetchall()
        json = set(_JSON_CHECK.findall(sql or ""))
        types = {column[1]: "json" if column[1] in json else column[2].lower() for column in found}
        keyed = sorted((column[5], column[1]) for column in found if column[5])
        key = tuple(column for _, column in keyed) or tuple(sorted(types))
        order = ", ".join(f'"{column}"' for column in key)
        return _table(name, types, key, order, {"json": orjson.loads, "datetime": _moment})

    def ask(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query without parameters, not all at once."""
        yield from self.connection.execute(sql)

    def close(self) -> None:
        """Let go of it."""
        self.connection.close()


def _moment(value: str | datetime) -> str:
    """A moment of Django's own columns, in UTC; SQLite keeps it as words without a zone."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────

_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, NULL),
           COALESCE(array_position(i.indkey::int2[], a.attnum), -1)
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
     WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
     ORDER BY c.relname COLLATE "C", a.attname COLLATE "C"
"""
_WORDS: Final = ("text", "character varying", "character")


def _hex_of(value: UUID) -> str:
    return value.hex


class PostgreSQL:
    """A database on a server, within one transaction."""

    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self.connection = connection

    def tables(self) -> list[Table]:
        """Every table, in the order of the names."""
        found: dict[str, list[tuple[str, str, int]]] = {}
        for name, column, kind, place in self.connection.execute(_COLUMNS).fetchall():
            found.setdefault(name, []).append((column, kind, place))
        return [self._table(name, columns) for name, columns in found.items()]

    def _table(self, name: str, columns: list[tuple[str, str, int]]) -> Table:
        types = {column: kind for column, kind, _ in columns}
        keyed = sorted((place, column) for column, _, place in columns if place >= 0)
        key = tuple(column for _, column in keyed) or tuple(sorted(types))
        order = ", ".join(
            f'"{column}" COLLATE "C"' if types[column] in _WORDS else f'"{column}"'
            for column in key
        )
        turns: dict[str, Turn] = {
            "uuid": _hex_of,
            "boolean": int,
            "timestamp with time zone": _moment,
        }
        return _table(name, types, key, order, turns)

    def ask(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query without parameters, not all at once."""
        with self.connection.cursor(name="rows", binary=True) as cursor:
            cursor.itersize = 2000
            yield from cursor.execute(sql.encode())

    def close(self) -> None:
        """Let go of it."""
        self.connection.close()


def _table(
    name: str, types: dict[str, str], key: tuple[str, ...], order: str, turns: dict[str, Turn]
) -> Table:
    columns = tuple(sorted(types))
    needed = tuple(
        (place, turns[types[column]])
        for place, column in enumerate(columns)
        if types[column] in turns
    )
    return Table(name, columns, key, order, needed)
