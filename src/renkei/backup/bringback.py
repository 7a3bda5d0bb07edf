"""Bringing a generation back: opened, compared, put where an installation keeps it.

Only what the signed manifest vouches for is opened, and only into folders that the caller made.
"""

import gzip
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from renkei.backup import (
    content,
    filecopies,
    keycopy,
    postgresql_copy,
    rowlist,
    sqlite_copy,
    tables,
)
from renkei.backup.content import DATABASE, FILES, ROWS
from renkei.backup.manifest import Manifest, Summing
from renkei.backup.shelves import CONTENT, Shelf
from renkei.backup.tables import Database, Progress
from renkei.backup.trouble import Trouble, at_place
from renkei.files import store
from renkei.kernel import age

DATABASE_FILE: Final = "renkei.db"
DUMP: Final = "renkei.dump"
SPARE: Final = 50_000_000  # bytes that have to stay free


@dataclass(frozen=True, slots=True)
class Target:
    """Where a generation is brought back to.

    Args:
        folder: an empty folder of our own.
        content: how the database is reached if it is PostgreSQL; empty for a file in the folder.
        keys: the same of the key store.
    """

    folder: Path
    content: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A generation of the content and the keys that go with it, and what opens them."""

    root: Path
    made: Manifest
    keys_root: Path
    keys: Manifest | None
    held: list[age.Identity]

    @property
    def folder(self) -> Path:
        """Where the archives of the content lie."""
        return Shelf(self.root, CONTENT).path(self.made.generation)


def bring_back(source: Source, target: Target, progress: Progress) -> list[str]:
    """Bring all of it back; what is not as it was when the copy was made, in words.

    Raises:
        Trouble: it does not open, or there is no room.
    """
    _refuse_no_room(source, target)
    with at_place(target.folder):
        database(source, target, progress)
        held = opened(source, target)
        try:
            faults = compare(source, held, progress)
            faults += files(source, held, target.folder, progress)
        finally:
            held.close()
        if source.keys is not None:
            keys(source, target)
    return faults


def _refuse_no_room(source: Source, target: Target) -> None:
    needed = SPARE + int(source.made.facts["files"]["bytes"])
    needed += source.made.archives[DATABASE].plain
    if shutil.disk_usage(target.folder).free < needed:
        raise Trouble(
            f"{target.folder.parent} に空きが足りません（{needed >> 20}MB要ります）。", why="full"
        )


def database(source: Source, target: Target, progress: Progress) -> None:
    """Bring the database back; nothing of it is used before all of it is what the manifest says.

    Raises:
        Trouble: it does not open, or it is something else.
    """
    archive = source.made.archives[DATABASE]
    sqlite = source.made.facts["engine"] == "sqlite"
    dump = target.folder / DUMP
    try:
        with age.opening(source.folder / DATABASE, source.held) as stream:
            passing = Summing(stream)
            if sqlite:
                path = target.folder / DATABASE_FILE
                sqlite_copy.load(cast(BinaryIO, passing), path, size=archive.plain)
            else:
                with dump.open("xb") as file:
                    shutil.copyfileobj(cast(BinaryIO, passing), file, sqlite_copy.PIECE)
            same = passing.read_on() == archive.inner
    except age.Unreadable as error:
        raise _shut(source, DATABASE) from error
    if not same:
        raise Trouble(f"写し {source.made.generation} の {DATABASE} が違います。", why="damaged")
    if not sqlite:
        with dump.open("rb") as plain:
            postgresql_copy.load(plain, target.content)
        dump.unlink()
    progress("database", archive.plain >> 10, archive.plain >> 10)


def _shut(source: Source, name: str) -> Trouble:
    return Trouble(
        f"写し {source.made.generation} の {name} が開きません。"
        "写しを開く鍵のファイルが合っているか確かめてください。",
        why="wrong_key",
    )


def opened(source: Source, target: Target) -> Database:
    """The database that was brought back, to be read."""
    if source.made.facts["engine"] == "sqlite":
        return sqlite_copy.opened(target.folder / DATABASE_FILE)
    return postgresql_copy.hold(target.content)


def compare(source: Source, held: Database, progress: Progress) -> list[str]:
    """What is different in the rows: table, and primary key of its first row that differs."""
    counting = tables.Counting(progress, tables.count(held))

    def passing() -> Iterator[tables.Row]:
        for row in tables.rows(held):
            counting.add(row)
            yield row

    faults = [_different(one) for one in rowlist.differences(_listed_rows(source), passing())]
    found = counting.digests(held)
    wanted = source.made.facts["tables"]
    for name in sorted(set(wanted) | set(found)):
        same = name in found and name in wanted
        if same:
            mine = {"rows": found[name].rows, "digest": found[name].digest}
            same = wanted[name] == mine
        if not same and not any(f"表 {name} " in fault for fault in faults):
            faults.append(f"表 {name} が写したときと違います。")
    return faults


def _listed_rows(source: Source) -> Iterator[tuple[str, bytes, str]]:
    try:
        with (
            age.opening(source.folder / ROWS, source.held) as stream,
            gzip.GzipFile(fileobj=stream) as plain,
        ):
            yield from rowlist.read(cast(BinaryIO, plain))
    except age.Unreadable as error:
        raise _shut(source, ROWS) from error
    except (gzip.BadGzipFile, EOFError, ValueError) as error:
        raise Trouble(
            f"写し {source.made.generation} の {ROWS} が読めません。", why="damaged"
        ) from error


_WHAT: Final = {"changed": "違います", "missing": "足りません", "unknown": "余計です"}


def _different(found: rowlist.Difference) -> str:
    return f"表 {found.table} の行 {found.key} が{_WHAT[found.what]}。"


def files(source: Source, held: Database, folder: Path, progress: Progress) -> list[str]:
    """Bring every file back that the database names; those that are not what it says."""
    mark, faults = content.sealed_to(source.made), []
    gone = lost(source)
    total = int(source.made.facts["files"]["count"]) + len(gone)
    for number, file in enumerate(filecopies.in_database(held), 1):
        if file.id not in gone:
            path = folder / store.path_of(UUID(file.id)).relative_to(store.folder().parent)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not filecopies.unpack(source.root, mark, file, source.held, path):
                faults.append(f"ファイル {file.id} の写しがないか、壊れています。")
        progress("files", number, max(total, number))
    return faults


def lost(source: Source) -> set[str]:
    """The files that were lost or damaged already when the copy was made."""
    listed = filecopies.read_list(source.folder / FILES)
    return {file.id for file in listed if not file.copy_sha256}


def keys(source: Source, target: Target) -> None:
    """Bring the key store back, and the files that go with it."""
    assert source.keys is not None
    keycopy.unpack(source.keys_root, source.keys, source.held, target.folder)
    dump = target.folder / keycopy.STORE["postgresql"]
    if dump.exists():
        with dump.open("rb") as stream:
            postgresql_copy.load(stream, target.keys)
        dump.unlink()
