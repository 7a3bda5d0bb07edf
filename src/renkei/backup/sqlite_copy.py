"""Copying a SQLite database at one moment while it is written to, and bringing it back."""

import gzip
import shutil
import sqlite3
from pathlib import Path
from typing import BinaryIO, Final

from django.conf import settings

from renkei.backup.shelves import workplace
from renkei.backup.tables import Progress, SQLite
from renkei.backup.trouble import Trouble, at_place

PIECE: Final = 1 << 20  # bytes moved at a time
PAGES: Final = 2000  # pages copied in one step
SCRATCH: Final = ".copy-"  # how the folder of a plain copy begins; never outlives its run


def hold(path: Path) -> SQLite:
    """One moment of a database in use; writers go on meanwhile.

    Raises:
        Trouble: there is none.
    """
    if not path.exists():
        raise Trouble(
            f"{path} がありません。--data でデータフォルダーを指定してください。", why="database"
        )
    held = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=20)
    held.execute("PRAGMA query_only = ON")
    held.execute("BEGIN")
    held.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()  # from here on, one moment
    return SQLite(held)


def dump(source: sqlite3.Connection, sink: BinaryIO, progress: Progress) -> int:
    """Write all of it, made smaller, into ``sink``; the bytes it takes on a disk."""
    with workplace(Path(settings.DATA), SCRATCH) as folder:
        path = folder / "renkei.db"
        with at_place(Path(settings.DATA)):
            copy_pages(source, path, progress)
        with path.open("rb") as plain:
            _compress(plain, sink)
        return path.stat().st_size


def copy_pages(source: sqlite3.Connection, path: Path, progress: Progress) -> None:
    """Copy within the read transaction that ``source`` is in, so that it never begins anew."""
    needed = _bytes_of(source)
    if shutil.disk_usage(path.parent).free < needed:
        raise _no_room(path, needed)

    def tell(status: int, remaining: int, total: int) -> None:
        progress("database", needed * (total - remaining) // total >> 10, needed >> 10)

    copy = sqlite3.connect(path)
    copy.execute("PRAGMA synchronous = OFF")  # whoever keeps the copy makes it durable at the end
    try:
        source.backup(copy, pages=PAGES, progress=tell)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise _no_room(path, needed) from error
    finally:
        copy.close()


def _no_room(path: Path, needed: int) -> Trouble:
    return Trouble(
        f"{path.parent.parent} に空きが足りません。一時的に{needed >> 20}MBを使います。",
        why="full",
    )


def _bytes_of(source: sqlite3.Connection) -> int:
    pages, size = (
        source.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size")
    )
    return int(pages) * int(size)


def copy_small(source: SQLite) -> bytes:
    """All of a small database, never on the disk in plain: the key store."""
    with sqlite3.connect(":memory:") as copy:
        source.connection.backup(copy)
        whole = copy.serialize()
    copy.close()
    return whole


def _compress(plain: BinaryIO, sink: BinaryIO) -> None:
    with gzip.GzipFile(filename="", fileobj=sink, mode="wb", compresslevel=1, mtime=0) as smaller:
        shutil.copyfileobj(plain, smaller, PIECE)


def load(source: BinaryIO, path: Path, *, size: int) -> None:
    """Write the database that ``dump`` wrote, which takes ``size`` bytes, into a new file.

    Raises:
        Trouble: it is longer or shorter than that, or no such stream.
    """
    left = size
    try:
        with gzip.GzipFile(fileobj=source) as plain, path.open("xb") as file:
            while piece := plain.read(PIECE):
                left -= len(piece)
                if left < 0:
                    break
                file.write(piece)
    except (gzip.BadGzipFile, EOFError) as error:
        raise Trouble("データベースの写しが途中で切れています。", why="damaged") from error
    if left:
        raise Trouble("データベースの写しの大きさが目録と違います。", why="damaged")


def opened(path: Path) -> SQLite:
    """A database that was brought back, to be read.

    Raises:
        Trouble: the file is no sound database.
    """
    held = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None)
    try:
        found = held.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError:
        found = "no database"
    if found != "ok":
        held.close()
        raise Trouble("データベースの写しが壊れています。", why="damaged")
    return SQLite(held)
