"""Copying a database of PostgreSQL at one moment, and bringing it back, with its own programs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, Final, LiteralString
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from renkei.backup.tables import PostgreSQL, Progress
from renkei.backup.trouble import Trouble

PIECE: Final = 1 << 20  # bytes moved at a time
INDEX: Final = "renkei_index"  # the schema of the search index, which makes itself anew
_OURS: Final = ("client_encoding", "cursor_factory", "prepare_threshold", "context", "password")


def _libpq(params: dict[str, Any]) -> dict[str, Any]:
    """What the server's own programs are told on their command line: never a password."""
    return {name: value for name, value in params.items() if name not in _OURS}


def _connect(params: dict[str, Any], *, autocommit: bool) -> "psycopg.Connection[tuple[Any, ...]]":
    password = params.get("password")
    held = psycopg.connect(
        make_conninfo(**_libpq(params)), password=password, autocommit=autocommit
    )
    held.execute("SET bytea_output = 'hex'")
    return held


def hold(params: dict[str, Any]) -> PostgreSQL:
    """One moment of a database, from its first reading on."""
    held = _connect(params, autocommit=False)
    held.rollback()
    held.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    held.read_only = True
    return PostgreSQL(held)


def _program(name: str, params: dict[str, Any], *arguments: str) -> "subprocess.Popen[bytes]":
    """One of the server's own programs; the password is given where no process listing shows it."""
    environment = {**os.environ, "LC_ALL": "C"}
    if params.get("password"):
        environment["PGPASSWORD"] = str(params["password"])
    try:
        return subprocess.Popen(
            [name, "--no-password", "-d", make_conninfo(**_libpq(params)), *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise Trouble(
            f"{name} がありません。PostgreSQLのクライアント（Debianなら postgresql-client）を"
            "入れてください。",
            why="database",
        ) from error


def _ended(process: "subprocess.Popen[bytes]", name: str, said: bytes) -> None:
    if process.wait():
        last = said.decode(errors="replace").strip().splitlines()[-1:]
        raise Trouble(f"{name} が失敗しました: {''.join(last)[:200]}", why="database")


def dump(
    held: "psycopg.Connection[tuple[Any, ...]]",
    params: dict[str, Any],
    sink: BinaryIO,
    progress: Progress,
) -> int:
    """Let pg_dump write the moment that ``held`` sees."""
    found = held.execute("SELECT pg_export_snapshot(), pg_database_size(current_database())")
    exported, total = found.fetchone() or ("", 0)
    arguments = ["-Fc", "-Z1", "--no-owner", "--no-privileges", f"--snapshot={exported}"]
    arguments.append(f"--exclude-schema={INDEX}")
    process = _program("pg_dump", params, *arguments)
    assert process.stdin and process.stdout and process.stderr
    process.stdin.close()
    size = 0
    try:
        while piece := process.stdout.read(PIECE):
            sink.write(piece)
            size += len(piece)
            progress("database", min(size, total - 1024) >> 10, total >> 10)
    except BaseException:
        process.kill()
        raise
    finally:
        said = process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        process.wait()
    _ended(process, "pg_dump", said)
    progress("database", total >> 10, total >> 10)
    return size


def load(source: BinaryIO, params: dict[str, Any]) -> None:
    """Bring what pg_dump wrote back into an empty database: all of it or nothing.

    Raises:
        Trouble: pg_restore is not there or refused.
    """
    arguments = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    process = _program("pg_restore", params, *arguments)
    assert process.stdin and process.stdout and process.stderr
    process.stdout.close()
    try:
        shutil.copyfileobj(source, process.stdin, PIECE)
        process.stdin.close()
    except BrokenPipeError:
        pass  # it has ended already, and says why below
    except BaseException:
        process.kill()
        raise
    finally:
        said = process.stderr.read()
        process.stderr.close()
        process.wait()
    _ended(process, "pg_restore", said)


def is_empty(params: dict[str, Any]) -> bool:
    """Whether there is no table in the database yet."""
    held = hold(params)
    try:
        return not held.tables()
    finally:
        held.close()


@contextmanager
def scratch(params: dict[str, Any], ending: str) -> Iterator[dict[str, Any]]:
    """A new database beside this one for the length of the block; how it is reached.

    A connection is held to it meanwhile, so that those left by killed runs can be told from it;
    they are removed first.

    Raises:
        Trouble: the user may not make one.
    """
    prefix = f"{params['dbname'][:30]}_verify_"
    name = f"{prefix}{ending}"
    try:
        for left in _left_over(params, prefix):
            with suppress(psycopg.Error):  # somebody has just taken it into use
                _administer(params, "DROP DATABASE {}", left)
        _administer(params, "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", name)
    except psycopg.Error as error:
        raise Trouble(
            "試しのデータベースを作れません。PostgreSQLの利用者に CREATEDB を許してください。",
            why="database",
        ) from error
    made = {**params, "dbname": name}
    held = _connect(made, autocommit=True)
    try:
        yield made
    finally:
        held.close()
        _administer(params, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _left_over(params: dict[str, Any], prefix: str) -> list[str]:
    """The databases of this beginning that nobody is connected to."""
    held = _connect(params, autocommit=True)
    try:
        found = held.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname NOT IN"
            " (SELECT datname FROM pg_stat_activity WHERE datname IS NOT NULL)",
            [prefix],
        )
        return [name for (name,) in found.fetchall()]
    finally:
        held.close()


def _administer(params: dict[str, Any], statement: LiteralString, name: str) -> None:
    held = _connect(params, autocommit=True)
    try:
        held.execute(sql.SQL(statement).format(sql.Identifier(name)))
    finally:
        held.close()


_EMPTY: Final = """
    DROP SCHEMA IF EXISTS renkei_index CASCADE;
    DO $$ DECLARE one record; BEGIN
      FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
        EXECUTE format('DROP TABLE %I CASCADE', one.tablename);
      END LOOP;
      FOR one IN SELECT p.oid::regprocedure AS name FROM pg_proc p
                  WHERE p.pronamespace = current_schema()::regnamespace AND NOT EXISTS
                        (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP
        EXECUTE 'DROP ROUTINE ' || one.name || ' CASCADE';
      END LOOP;
    END $$
"""


def empty_again(params: dict[str, Any]) -> None:
    """Take everything out of a database that was empty before we filled it."""
    held = _connect(params, autocommit=True)
    try:
        held.execute(_EMPTY)
    finally:
        held.close()


def url(params: dict[str, Any]) -> str:
    """The address of a database as the environment gives it; empty if there is none."""
    if not params:
        return ""
    user, password = (quote(str(params.get(name) or ""), safe="") for name in ("user", "password"))
    host = quote(str(params.get("host") or ""), safe="")
    rest = {
        name: value
        for name, value in _libpq(params).items()
        if name not in ("user", "host", "port", "dbname")
    }
    port = f":{params['port']}" if params.get("port") else ""
    query = f"?{urlencode(rest)}" if rest else ""
    return (
        f"postgres://{user}:{password}@{host}{port}/{quote(str(params['dbname']), safe='')}{query}"
    )
