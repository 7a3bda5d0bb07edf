"""One moment of a whole database, whichever engine holds it.

The rows are read, and their digests taken, from the database itself at the very moment the copy
is of: a copy that differs from what it was made of is found, whatever went wrong in between.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import psycopg
from django.db import connections

from renkei.backup import postgresql_copy, sqlite_copy
from renkei.backup.tables import Database, PostgreSQL, Progress, SQLite
from renkei.backup.trouble import Trouble
from renkei.kernel.database import engine_of


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of a database: its rows can be read, and it can be written into a stream."""

    engine: str  # "sqlite" or "postgresql"
    rows: Database
    _params: dict[str, Any]

    def dump(self, sink: BinaryIO, progress: Progress) -> int:
        """Write all of it into ``sink``; the bytes it takes before it is made smaller."""
        if isinstance(self.rows, SQLite):
            return sqlite_copy.dump(self.rows.connection, sink, progress)
        assert isinstance(self.rows, PostgreSQL)
        return postgresql_copy.dump(self.rows.connection, self._params, sink, progress)

    def copy_to(self, path: Path) -> None:
        """Write all of it into a new file: a database of SQLite, or what pg_restore reads."""
        if isinstance(self.rows, SQLite):
            sqlite_copy.copy_pages(self.rows.connection, path, silently)
        else:
            with path.open("xb") as file:
                self.dump(file, silently)
        with path.open("rb") as file:
            os.fsync(file.fileno())


@contextmanager
def snapshot(alias: str) -> Iterator[Snapshot]:
    """Hold one moment of a database of this installation; writers are not held up.

    Raises:
        Trouble: there is no such database, or it does not answer.
    """
    params = connections[alias].get_connection_params()
    try:
        if engine_of(alias) == "sqlite":
            held: Database = sqlite_copy.hold(Path(connections[alias].settings_dict["NAME"]))
        else:
            held = postgresql_copy.hold(params)
    except (sqlite3.Error, psycopg.Error) as error:
        raise _silent(error) from error
    try:
        yield Snapshot(engine_of(alias), held, params)
    except (sqlite3.Error, psycopg.Error) as error:
        raise _silent(error) from error
    finally:
        held.close()


def silently(part: str, done: int, total: int) -> None:
    """Tell nobody."""


def _silent(error: Exception) -> Trouble:
    return Trouble(
        f"データベースが応答しません（{type(error).__name__}）。"
        "サーバーの状態を確かめて、もう一度実行してください。",
        why="database",
    )
