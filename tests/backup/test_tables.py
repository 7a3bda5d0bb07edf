"""Rows in one spelling, whatever the engine, and what differs."""

import sqlite3
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from django.db import connections

from renkei.backup import rowlist, tables
from renkei.backup.tables import Counting, PostgreSQL, Row, SQLite
from tests.backup.conftest import silent
from tests.conftest import _POSTGRESQL, _administer

ROWS = [
    (UUID(int=2), True, '{"b": 1, "aa": [true, null]}', b"\x00\xff", "連携\t", 1.5),
    (UUID(int=1), False, '{"aa": 2}', None, "あ", None),
    (UUID(int=0xF << 120), None, "[]", b"", "Z", -0.25),
]
MOMENT = datetime(2026, 5, 1, 23, 59, 59, 7, tzinfo=UTC)


def sqlite():
    link = sqlite3.connect(":memory:")
    link.execute(
        "CREATE TABLE thing (id char(32) PRIMARY KEY, yes bool, said text NOT NULL"
        ' CHECK ((JSON_VALID("said") OR "said" IS NULL)), raw BLOB, word varchar(9), part real,'
        " at datetime)"
    )
    link.execute("CREATE TABLE word (stream varchar(60) PRIMARY KEY, n bigint)")
    for id_, yes, said, raw, word, part in ROWS:
        moment = MOMENT.strftime("%Y-%m-%d %H:%M:%S.%f")
        values = (id_.hex, yes, said, raw, word, part, moment)
        link.execute("INSERT INTO thing VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    for number, word in enumerate(("a", "B", "é", "b", "-")):
        link.execute("INSERT INTO word VALUES (?, ?)", (word, number))
    return SQLite(link)


def digests(database):
    counting = Counting(silent, 0)
    for row in tables.rows(database):
        counting.add(row)
    return counting.digests(database)


@pytest.mark.skipif(not _POSTGRESQL, reason="databases on a server")
def test_the_same_rows_have_the_same_digest_on_both_engines():
    _administer("DROP DATABASE IF EXISTS backup_spelling", "CREATE DATABASE backup_spelling")
    kept = connections.settings["default"]
    given = {"host": kept["HOST"], "port": kept["PORT"] or 5432, "user": kept["USER"]}
    link = psycopg.connect(dbname="backup_spelling", password=kept["PASSWORD"] or None, **given)
    link.execute(
        "CREATE TABLE thing (raw bytea, id uuid PRIMARY KEY, part double precision, yes boolean,"
        " said jsonb NOT NULL, at timestamptz, word varchar(9))"
    )
    link.execute("CREATE TABLE word (n bigint, stream varchar(60) PRIMARY KEY)")
    for id_, yes, said, raw, word, part in ROWS:
        link.execute(
            "INSERT INTO thing (id, yes, said, raw, word, part, at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (id_, yes, said, raw, word, part, MOMENT),
        )
    for number, word in enumerate(("a", "B", "é", "b", "-")):
        link.execute("INSERT INTO word (stream, n) VALUES (%s, %s)", (word, number))
    try:
        assert digests(PostgreSQL(link)) == digests(sqlite())
    finally:
        link.close()
        _administer("DROP DATABASE backup_spelling")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE thing SET yes = 0 WHERE yes = 1",
        "UPDATE thing SET raw = NULL WHERE raw = x''",
        "UPDATE thing SET word = 'a'  WHERE word = 'Z'",
        "UPDATE thing SET at = '2026-05-01 23:59:59.000008' WHERE word = 'Z'",
        "DELETE FROM thing WHERE word = 'Z'",
        "ALTER TABLE thing ADD COLUMN more text",
    ],
)
def test_no_change_escapes_the_digest(change):
    before, after = sqlite(), sqlite()
    after.connection.execute(change)
    assert digests(before)["thing"] != digests(after)["thing"]
    assert digests(before)["word"] == digests(after)["word"]


def test_the_spelling_of_json_is_no_change():
    before, after = sqlite(), sqlite()
    after.connection.execute("""UPDATE thing SET said = '{"aa":2 }' WHERE word = 'あ'""")
    assert digests(before) == digests(after)


def row(table, key, hash_=b"h"):
    return Row(table, key.encode(), hash_ * 32)


def listed(*rows):
    return [(one.table, one.key, one.hash.hex()[:16]) for one in rows]


def found(wanted, rows):
    return [
        (one.table, one.key, one.what) for one in rowlist.differences(listed(*wanted), iter(rows))
    ]


def test_each_kind_of_difference_is_named_by_its_first_row():
    a, b, c = row("t", "[1]"), row("t", "[2]"), row("t", "[3]")
    assert found([a, b, c], [a, b, c]) == []
    assert found([a, b, c], [a, row("t", "[2]", b"x"), c]) == [("t", "[2]", "changed")]
    assert found([a, b, c], [a, c]) == [("t", "[2]", "missing")]
    assert found([a, b], [a, b, c]) == [("t", "[3]", "unknown")]
    assert found([a, b], []) == [("t", "[1]", "missing")]
    other = row("s", "[1]"), row("u", "[1]")
    assert found([a], [other[0], a, other[1]]) == [("s", "[1]", "unknown"), ("u", "[1]", "unknown")]
    assert found([other[0], a, other[1]], [a]) == [("s", "[1]", "missing"), ("u", "[1]", "missing")]
