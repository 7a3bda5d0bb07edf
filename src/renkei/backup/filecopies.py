"""The sealed files beside the copies: each sealed once to the same recipients, and named by its id.

They lie in ``files/<recipients>/<last two digits>/<id>.age``, shared by all generations. When the
recipients change, every file is sealed anew, so that whoever holds an identity opens all of a copy.
"""

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

import orjson

from renkei.backup.shelves import (
    PARTIAL,
    make_folder,
    open_plainly,
    sum_of,
)
from renkei.backup.tables import Database
from renkei.backup.trouble import Trouble, at_place
from renkei.files import s3, store
from renkei.kernel import age, durable
from renkei.kernel.errors import Tampered

FOLDER: Final = "files"
_TABLE: Final = "files_file"
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_MARK = re.compile(r"[0-9a-f]{16}", re.ASCII)
_SUM = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PIECE: Final = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as the database names it: bytes and SHA-256 of what lies on the disk, sealed."""

    id: str  # 32 hexadecimal digits
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a generation lists it: what it is, and what its copy is.

    Of one that was lost or damaged before it could be copied there is no copy: its sum is empty.
    """

    id: str
    size: int
    sha256: str
    copy_size: int
    copy_sha256: str

    @property
    def stored(self) -> Stored:
        """The file itself."""
        return Stored(self.id, self.size, self.sha256)


@dataclass(slots=True)
class Tally:
    """What became of the files in one run."""

    count: int = 0
    bytes: int = 0  # of all copies the generation names
    new: int = 0
    new_bytes: int = 0
    damaged: list[str] = field(default_factory=list)  # not there, or not what the database says


class Wanted:
    """The files of one moment, kept aside on the disk so that the database can be let go of."""

    def __init__(self, stored: Iterable[Stored]) -> None:
        self.count = 0
        self._kept = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed once it has been read
        for file in stored:
            self._kept.write(orjson.dumps(file) + b"\n")
            self.count += 1

    def __iter__(self) -> Iterator[Stored]:
        """Each file, once."""
        with self._kept:
            self._kept.seek(0)
            for line in self._kept:
                yield Stored(**orjson.loads(line))


def in_database(database: Database) -> Iterator[Stored]:
    """Every file the database names, in the order of the ids; none from before there were files."""
    if not any(table.name == _TABLE for table in database.tables()):
        return
    for found in database.ask(f"SELECT id, sealed_size, sha256 FROM {_TABLE} ORDER BY id"):
        yield Stored(str(found[0]).replace("-", ""), int(found[1]), str(found[2]))


def copy_of(root: Path, mark: str, file_id: str) -> Path:
    """Where its copy lies; made of digits alone, whatever a list says.

    Raises:
        ValueError: these are no digits of an id.
    """
    if not (_ID.fullmatch(file_id) and _MARK.fullmatch(mark)):
        raise ValueError("no id")
    return root / FOLDER / mark / file_id[-2:] / f"{file_id}.age"


def write_list(listed: Iterable[Listed], sink: BinaryIO) -> None:
    """One line a file."""
    for one in listed:
        sink.write(orjson.dumps(one) + b"\n")


def read_list(path: Path) -> Iterator[Listed]:
    """The files of a generation, in the order of their ids.

    Raises:
        Trouble: the list is not one that we would write.
    """
    with open_plainly(path) as file:
        for line in file:
            try:
                one = Listed(**orjson.loads(line))
                sound = _ID.fullmatch(one.id) and _SUM.fullmatch(one.sha256)
            except (ValueError, TypeError) as error:
                raise Trouble(f"{path} が読めません。", why="damaged") from error
            if not sound:
                raise Trouble(f"{path} が読めません。", why="damaged")
            yield one


class Copier:
    """Seals the files that are not there yet, and lists all of them."""

    def __init__(self, root: Path, to: list[age.Recipient], mark: str) -> None:
        self.tally = Tally()
        self._root = root
        self._to = to
        self._mark = mark

    def copy(self, stored: Iterable[Stored], before: Iterator[Listed]) -> Iterator[Listed]:
        """List each file, sealing it first if need be.

        Args:
            stored: the files that are wanted, in the order of their ids.
            before: what an earlier generation to the same recipients listed, in the same order.
        """
        known = next(before, None)
        for file in stored:
            while known is not None and known.id < file.id:
                known = next(before, None)
            earlier = known if known is not None and known.stored == file else None
            listed = self._one(file, earlier)
            if listed.copy_sha256:
                self.tally.count += 1
                self.tally.bytes += listed.copy_size
            else:
                self.tally.damaged.append(file.id)
            yield listed

    def _one(self, file: Stored, earlier: Listed | None) -> Listed:
        path = copy_of(self._root, self._mark, file.id)
        size = _size(path)
        if earlier is not None and size == earlier.copy_size:
            return earlier
        if size is None or earlier is not None:
            if not self._seal(file, path):
                return Listed(file.id, file.size, file.sha256, 0, "")
            self.tally.new += 1
            self.tally.new_bytes += file.size
        summed, copied = sum_of(path)
        return Listed(file.id, file.size, file.sha256, copied, summed)

    def _seal(self, file: Stored, path: Path) -> bool:
        """Seal a file, if it is what the database says.

        Raises:
            Trouble: the bucket in which it lies does not answer; it is not lost for that.
        """
        for folder in (path.parent.parent.parent, path.parent.parent, path.parent):
            make_folder(folder)
        fresh = path.with_name(f"{PARTIAL}{path.name}")
        fresh.unlink(missing_ok=True)
        try:
            source = store.sealed_bytes(UUID(file.id))
        except s3.Unreachable as error:
            raise _silent() from error
        except (Tampered, OSError):
            return False
        with source, at_place(self._root), age.sealing(fresh, self._to) as sink:
            sound = _pour(source, sink) == file.sha256
        if not sound:
            fresh.unlink()
            return False
        fresh.replace(path)
        durable.sync(path.parent)
        return True


def _silent() -> Trouble:
    return Trouble(
        "ファイルを置いているバケット（S3_URL）が答えません。renkei check で確かめてください。",
        why="unreachable",
    )


def _size(path: Path) -> int | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_size


def _pour(source: BinaryIO, sink: BinaryIO) -> str:
    """Move all bytes; their SHA-256."""
    summed = sha256()
    try:
        while piece := source.read(_PIECE):
            summed.update(piece)
            sink.write(piece)
    except s3.Unreachable as error:
        raise _silent() from error
    return summed.hexdigest()


def unpack(root: Path, mark: str, file: Stored, held: list[age.Identity], target: Path) -> bool:
    """Open a copy into ``target``; whether it is what the database says. Else nothing is left."""
    try:
        with open_plainly(copy_of(root, mark, file.id)):
            pass
        with age.opening(copy_of(root, mark, file.id), held) as source, target.open("xb") as plain:
            sound = _pour_at_most(source, plain, file.size) == file.sha256
    except (age.Unreadable, Trouble):
        sound = False
    if not sound:
        target.unlink(missing_ok=True)
    return sound


def _pour_at_most(source: BinaryIO, sink: BinaryIO, size: int) -> str:
    """Move ``size`` bytes and no more; their SHA-256, empty if there were more or fewer."""
    summed, left = sha256(), size
    while left >= 0 and (piece := source.read(_PIECE)):
        left -= len(piece)
        summed.update(piece)
        if left >= 0:
            sink.write(piece)
    return summed.hexdigest() if left == 0 else ""


def prune(root: Path, wanted: dict[str, set[bytes]]) -> int:
    """Remove the copies that no generation names any more; how many.

    Args:
        root: the place.
        wanted: the ids that stay, for each set of recipients.
    """
    removed = 0
    for path in _copies(root):
        mark, name = path.parent.parent.name, path.name
        file_id = name.removesuffix(".age")
        left_over = name.startswith(PARTIAL)
        if left_over or bytes.fromhex(file_id) not in wanted.get(mark, set()):
            path.unlink()
            removed += not left_over
    for marked in _folders(root / FOLDER):
        for folder in _folders(marked):
            _remove_if_empty(folder)
        _remove_if_empty(marked)
    return removed


def _copies(root: Path) -> Iterator[Path]:
    """Every copy and every leftover of ours; nothing else, and nothing behind a link."""
    for mark in _folders(root / FOLDER):
        if _MARK.fullmatch(mark.name):
            for folder in _folders(mark):
                for path in list(folder.iterdir()):
                    name = path.name.removeprefix(PARTIAL)
                    if name.endswith(".age") and _ID.fullmatch(name.removesuffix(".age")):
                        yield path


def _folders(path: Path) -> list[Path]:
    if path.is_symlink() or not path.is_dir():
        return []
    return [one for one in path.iterdir() if one.is_dir() and not one.is_symlink()]


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def facts(tally: Tally) -> dict[str, Any]:
    """What the manifest says of the files."""
    return {"count": tally.count, "bytes": tally.bytes, "damaged": len(tally.damaged)}
