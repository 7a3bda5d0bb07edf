"""Bytes of the files are changed from outside: never shown as what somebody wrote."""

import asyncio
import random
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks import client
from benchmarks.fill import TEXT

from .conftest import ROUNDS
from .load import Line
from .memory import Verdict
from .place import Place

PAGE = 4096  # bytes
UNSHOWN = "保存したときのものと一致しないため表示できません"


def _change(file: Path, statement: str, *, free: str = "") -> None:
    with closing(sqlite3.connect(file)) as link, link:
        if free:
            link.execute(f"DROP TRIGGER IF EXISTS {free}")
        assert link.execute(statement).rowcount == 1


def _flipped(table: str, column: str, where: str) -> str:
    """One byte of a sealed value is another, in the middle of it."""
    half = f"length({column}) / 2"
    other = f"CASE hex(substr({column}, {half}, 1)) WHEN '00' THEN X'01' ELSE X'00' END"
    return (
        f"UPDATE {table} SET {column} = CAST(substr({column}, 1, {half} - 1) || {other}"
        f" || substr({column}, {half} + 1) AS BLOB) WHERE {where}"
    )


async def _pages(place: Place, paths: list[tuple[int, str]]) -> list[tuple[int, str]]:
    line, found = Line(place.port), []
    for person, path in paths:
        status, body = await line.ask(client.get(path, place.people[person]["cookie"]))
        found.append((status, body.decode()))
    line.close()
    return found


@contextmanager
def _served(place: Place) -> Iterator[None]:
    place.start()
    try:
        yield
    finally:
        place.stop()


def _last_message(file: Path, group: str) -> str:
    with closing(sqlite3.connect(file)) as link:
        asked = "SELECT id FROM communication_communication WHERE group_id = ? ORDER BY seq DESC"
        return str(link.execute(asked, [group.replace("-", "")]).fetchone()[0])


def test_a_byte_of_a_message_is_named_and_its_page_shows_nothing_of_it(
    place: Place, tell: Callable[..., None]
) -> None:
    group, message = place.groups[1], _last_message(place.data / "renkei.db", place.groups[1])
    _change(
        place.data / "renkei.db",
        _flipped("communication_communication", "text", f"id = '{message}'"),
    )
    said = place.command("audit", "verify")
    assert said.returncode == 1
    assert f"グループ {group.replace('-', '')} の3番" in said.stdout
    with _served(place):
        asked = [(0, f"/groups/{group}"), (0, f"/groups/{place.groups[0]}"), (0, "/home")]
        damaged, healthy, home = asyncio.run(_pages(place, asked))
    assert "Traceback" not in damaged[1] + home[1]
    assert (damaged[0], healthy[0], home[0]) == (200, 200, 200)
    assert "（3回目の記録）" not in damaged[1] and UNSHOWN in damaged[1]
    assert "（3回目の記録）" in healthy[1]
    tell("byte of a message flipped", 1, Verdict(1), "named by audit verify; not shown")


def test_a_byte_of_the_trail_is_named(place: Place, tell: Callable[..., None]) -> None:
    _change(
        place.data / "renkei.db",
        "UPDATE audit_auditevent SET detail = replace(detail, '\"version\":1', '\"version\":2')"
        " WHERE id = (SELECT max(id) FROM audit_auditevent WHERE detail LIKE '%\"version\":1%')",
        free="audit_no_update",
    )
    said = place.command("audit", "verify")
    assert said.returncode == 1 and "証跡 グループ " in said.stdout
    tell("byte of the audit trail flipped", 1, Verdict(1), "named by audit verify")


def test_a_byte_of_a_key_opens_nothing_and_is_said_clearly(
    place: Place, tell: Callable[..., None]
) -> None:
    with closing(sqlite3.connect(place.data / "renkei.db")) as link:
        sql = "SELECT key_id FROM group_group WHERE id = ?"
        (key,) = link.execute(sql, [place.groups[2].replace("-", "")]).fetchone()
    _change(place.data / "keys.db", _flipped("kernel_datakey", "wrapped", f"id = '{key}'"))
    with _served(place):
        asked = [(0, f"/groups/{place.groups[2]}"), (0, f"/groups/{place.groups[0]}")]
        damaged, healthy = asyncio.run(_pages(place, asked))
    assert (damaged[0], healthy[0]) == (200, 200)
    assert "回目の記録" not in damaged[1] and UNSHOWN in damaged[1]
    tell("byte of a data key flipped", 1, Verdict(1), "clear page; the other groups open")


def _pages_with_rows(file: Path) -> list[int]:
    """The numbers of the pages that hold rows or an index of them, from 0."""
    raw = file.read_bytes()
    return [at for at in range(1, len(raw) // PAGE) if raw[at * PAGE] in (2, 5, 10, 13)]


def _flip(file: Path, lot: random.Random) -> int:
    """Change one byte of one page; its place in the file."""
    raw = bytearray(file.read_bytes())
    at = lot.choice(_pages_with_rows(file)) * PAGE + lot.randrange(PAGE)
    raw[at] ^= 1 << lot.randrange(8)
    file.write_bytes(raw)
    return at


def _what_is_named(place: Place, file: Path, before: list[str]) -> str:
    """Who notices: SQLite itself, ``audit verify``, or nobody."""
    try:
        with closing(sqlite3.connect(file)) as link:
            if link.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                return "integrity_check"
    except sqlite3.DatabaseError:
        return "integrity_check"
    said = place.command("audit", "verify")
    if "Traceback" in said.stderr:
        return "audit verify, by stumbling"
    if said.returncode:
        return "audit verify"
    return "nothing, it is free space" if _rows(file) == before else "nobody"


def _rows(file: Path) -> list[str]:
    """All there is in the rows of a database."""
    with closing(sqlite3.connect(file)) as link:
        link.text_factory = bytes
        names = link.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        tables = [name.decode() for (name,) in names]
        return [repr(link.execute(f'SELECT * FROM "{table}"').fetchall()) for table in tables]


def _shows_nothing_damaged(pages: list[tuple[int, str]], at: int) -> list[str]:
    told = []
    for status, body in pages:
        if status not in (200, 302, 401, 403, 404, 410, 500, 503):
            told.append(f"byte {at}: answered {status}")
        if "Traceback" in body or (status >= 500 and "うまくいきません" not in body
                                   and "表示できません" not in body):  # fmt: skip
            told.append(f"byte {at}: an unclear page: {body[:300]}")
        for words in re.findall(r"朝の訪問です。[^<]*", body):
            if not re.fullmatch(re.escape(TEXT) + r"(（\d回目の記録）?)?", words):
                told.append(f"byte {at}: shown {words!r}")
    return told


def test_a_flipped_byte_anywhere_in_the_file_is_never_shown_as_what_somebody_wrote(
    place: Place, tmp_path: Path, seed: int, tell: Callable[..., None]
) -> None:
    lot, verdict, who = random.Random(seed), Verdict(), Counter[str]()
    for name in ("renkei.db", "keys.db"):
        with closing(sqlite3.connect(place.data / name)) as link:
            assert link.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    kept = tmp_path / "kept"
    shutil.copytree(place.data, kept)
    paths = [(0, "/home"), *((0, f"/groups/{group}") for group in place.groups)]
    paths += [(0, f"/groups/{place.groups[0]}/members"), (0, "/patients"), (0, "/")]
    rounds = max(int(ROUNDS) // 5, 4) if ROUNDS else 4
    for number in range(rounds):
        shutil.rmtree(place.data)
        shutil.copytree(kept, place.data)
        file = place.data / ("keys.db" if number % 4 == 3 else "renkei.db")
        at = _flip(file, lot)
        who[_what_is_named(place, file, _rows(kept / file.name))] += 1
        try:
            with _served(place):
                verdict.unverifiable += _shows_nothing_damaged(
                    asyncio.run(_pages(place, paths)), at
                )
        except RuntimeError:
            who["does not start"] += 1
        verdict.acknowledged += 1
    note = ", ".join(f"{name}: {count}" for name, count in who.most_common())
    tell("byte flipped anywhere in a file", rounds, verdict, f"{note}; seed {seed}")


def test_a_malformed_database_is_said_clearly(place: Place, tell: Callable[..., None]) -> None:
    file = place.data / "renkei.db"
    with _served(place):
        asked = asyncio.run(_pages(place, [(0, "/home")]))
        assert asked[0][0] == 200
    with closing(sqlite3.connect(file)) as link:
        link.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sql = "SELECT rootpage FROM sqlite_master WHERE name = 'communication_communication'"
        (root,) = link.execute(sql).fetchone()
    raw = bytearray(file.read_bytes())
    raw[(root - 1) * PAGE : root * PAGE] = bytes([7]) * PAGE
    file.write_bytes(raw)
    said = place.command("audit", "verify")
    assert said.returncode == 1 and "壊れています" in said.stdout
    assert "Traceback" not in said.stderr
    with _served(place):
        (status, body), *_ = asyncio.run(_pages(place, [(0, f"/groups/{place.groups[0]}")]))
    assert status == 503 and "Traceback" not in body and "malformed" not in body
    tell("a page of the database overwritten", 1, Verdict(1), "503; audit verify says so")
