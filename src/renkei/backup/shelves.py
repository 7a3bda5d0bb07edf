"""Where copies lie: folders named by the moment, each whole or not there at all.

What lies at a place may have been changed by whoever had the disk in hand. So names are made by
us and never taken from what is there, and symbolic links are not followed.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from renkei.backup import generations
from renkei.backup.trouble import Trouble, at_place
from renkei.kernel import clock, durable

PARTIAL: Final = ".partial-"
CONTENT: Final = "content"
KEYS: Final = "keys"
AHEAD: Final = timedelta(minutes=10)  # by which the clocks of two machines may well differ
_PIECE: Final = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Shelf:
    """The generations of one kind at one place.

    Args:
        root: the place, such as the folder of a disk.
        kind: ``CONTENT`` or ``KEYS``, which is also the name of the folder.
    """

    root: Path
    kind: str

    @property
    def folder(self) -> Path:
        """Where the generations lie."""
        return self.root / self.kind

    def names(self) -> list[str]:
        """The generations that stand here, oldest first."""
        if not _is_folder(self.folder):
            return []
        with os.scandir(self.folder) as found:
            return sorted(
                one.name
                for one in found
                if generations.moment_of(one.name) and one.is_dir(follow_symlinks=False)
            )

    def ahead(self) -> list[str]:
        """The generations from a moment that has not come: the clock was, or is, wrong."""
        soon = generations.name_of(clock.now() + AHEAD)
        return [name for name in self.names() if name > soon]

    def newest(self) -> str:
        """The newest generation of those whose moment has come, else of all; empty if none stands.

        What was made while the clock stood in the future would pass for the newest for years.
        """
        names, ahead = self.names(), set(self.ahead())
        return max((name for name in names if name not in ahead), default=max(names, default=""))

    def path(self, name: str) -> Path:
        """The folder of one generation."""
        if generations.moment_of(name) is None:
            raise ValueError(name)
        return self.folder / name

    @contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """A folder to fill; at the end of the block it stands here under its name, durably."""
        make_folder(self.folder)
        partial = self.folder / f"{PARTIAL}{name}"
        partial.mkdir(mode=0o700)
        try:
            yield partial
            durable.sync(partial)
            partial.rename(self.folder / name)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        durable.sync(self.folder)

    def remove(self, name: str) -> None:
        """Take a generation away; at no moment is half of one seen."""
        partial = self.folder / f"{PARTIAL}{name}"
        self.path(name).rename(partial)
        shutil.rmtree(partial)

    def clean(self) -> None:
        """Remove what a killed run has left."""
        if _is_folder(self.folder):
            for left in self.folder.glob(f"{PARTIAL}*"):
                shutil.rmtree(left, ignore_errors=True)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def make_folder(path: Path) -> None:
    """See that there is a folder for its owner alone.

    Raises:
        Trouble: something else stands there, such as a link that would lead elsewhere.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.is_symlink():
        raise Trouble(
            f"{path} がリンクになっています。写しの場所としては使えません。", why="unreachable"
        )


def open_plainly(path: Path) -> BinaryIO:
    """A file to read, if it is an ordinary one and no link.

    Raises:
        Trouble: it is not there, or it is something else.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Trouble(f"{path} がないか、読めません。", why="damaged") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Trouble(f"{path} が普通のファイルではありません。", why="damaged")
    return os.fdopen(descriptor, "rb")


def read_small(path: Path, limit: int) -> bytes:
    """All of a file of at most ``limit`` bytes.

    Raises:
        Trouble: it is not there, it is no ordinary file, or it is longer.
    """
    with open_plainly(path) as file, at_place(path):
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Trouble(f"{path} が大きすぎます。", why="damaged")
    return data


def sum_of(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file."""
    summed, size = sha256(), 0
    with open_plainly(path) as file, at_place(path):
        while piece := file.read(_PIECE):
            summed.update(piece)
            size += len(piece)
    return summed.hexdigest(), size


# ── Places of our own, for a while ───────────────────────────────────────────────────────────────


@contextmanager
def workplace(parent: Path, prefix: str) -> Iterator[Path]:
    """A folder for its owner alone, gone at the end of the block.

    It is locked meanwhile, so that ``sweep`` can tell it from what a killed run has left.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep(parent: Path, prefix: str) -> None:
    """Remove the folders that killed runs have left."""
    for left in parent.glob(f"{prefix}*"):
        if left.is_symlink() or not left.is_dir():
            continue
        descriptor = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            pass  # somebody is at work there
        finally:
            os.close(descriptor)
