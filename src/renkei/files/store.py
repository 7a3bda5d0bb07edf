"""Where sealed files lie: ``DATA/files/<last two digits of the id>/<id>``, for their owner alone.

With ``S3_URL`` new ones lie in a bucket (``files/bucket.py``); what lies on the disk stays there
and is found first. Files that are just coming lie on the disk in any case.

A file is written whole, made durable and only then named; its row is saved after that. So a row
never speaks of bytes that are not there, and what a crash leaves behind is a file that no row
knows, which ``files/leftovers.py`` removes. Links are never followed. Nobody else knows of paths.
"""

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop

from renkei.files import bucket, sealing
from renkei.files.models import File
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Tampered

MISSING = gettext_noop("the file is not there")
UNREADABLE = gettext_noop("the file cannot be read")
OTHER_SIZE = gettext_noop("the file has another size than its record says")
CHANGED = gettext_noop("the file is not what was sealed")

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe put there does not hold us up
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
LOCK = "lock"
NEW = ".new"  # while it is being written
_durable: dict[Path, frozenset[str]] = {}  # of which drawers of a folder this process knows it


class Missing(Tampered):
    """There is a record of the file, but no file."""


def folder() -> Path:
    """Where all files lie."""
    return Path(settings.DATA) / "files"


def path_of(file_id: UUID) -> Path:
    """Where the file of that id lies, if there is one."""
    return folder() / _drawer(file_id) / file_id.hex


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────


def write(key_id: UUID, source: Iterable[bytes] | BinaryIO) -> File:
    """Seal content into a new file; its bytes are durable, its row is for the caller to save.

    Save the row in the transaction of whatever the file belongs to. If that never commits, nothing
    has to be undone: the bytes are removed later as left over.

    Raises:
        Erased: the data key was destroyed.
        OSError: it could not be written, such as for want of space; nothing is left of it.
    """
    file = File(id=uuid7(), key_id=key_id, made_at=clock.now())
    sealed = sealing.seal(key_id, file.id, source)
    if bucket.used():
        file.sealed_size, file.sha256 = bucket.put(file.id, sealed)
        file.size = sealing.plain_size(file.sealed_size)
        return file
    _make_folders(file.id)
    with _drawer_of(file.id) as place:
        try:
            file.sealed_size, file.sha256 = _fill(place, file.id.hex, sealed)
        except BaseException:
            for name in (file.id.hex + NEW, file.id.hex):
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=place)
            raise
    file.size = sealing.plain_size(file.sealed_size)
    return file


def put_back(file: File, sealed: Iterator[bytes]) -> None:
    """Put the sealed bytes of a record into their place, durably; they come from elsewhere.

    Raises:
        Tampered: they are not the bytes of the record; nothing is left of them.
        FileExistsError, OSError: it could not be written.
    """
    if put_back_damaged(file, sealed) != (file.sealed_size, file.sha256):
        _remove_now(file.id)
        raise Tampered(f"file {file.id}")


def put_back_damaged(file: File, found: Iterator[bytes]) -> tuple[int, str]:
    """Put bytes that are not those of the record into its place all the same; size and hash.

    They do not open there any more than where they come from, and ``check`` goes on saying so.
    """
    if bucket.used():
        if bucket.has(file.id):
            raise FileExistsError(f"file {file.id}")
        return bucket.put(file.id, found)
    _make_folders(file.id)
    with _drawer_of(file.id) as place:
        return _fill(place, file.id.hex, found)


def _fill(place: int, name: str, parts: Iterator[bytes]) -> tuple[int, str]:
    """Write a file under another name, make it durable, name it; its size and its hash."""
    size, digest = 0, sha256()
    with os.fdopen(os.open(name + NEW, _WRITE, 0o600, dir_fd=place), "wb") as sink:
        for part in parts:
            sink.write(part)
            digest.update(part)
            size += len(part)
        sink.flush()
        os.fsync(sink.fileno())
    os.rename(name + NEW, name, src_dir_fd=place, dst_dir_fd=place)
    os.fsync(place)
    return size, digest.hexdigest()


def _make_folders(file_id: UUID) -> None:
    """Make what is missing, durably; another process may just have made it, and not yet durably."""
    top, drawer = folder(), _drawer(file_id)
    if drawer in _durable.get(top, ()) and (top / drawer).is_dir():
        return
    with suppress(FileExistsError):
        top.mkdir(mode=0o700)
    with _opened(top) as within, _opened(top.parent) as above:
        with suppress(FileExistsError):
            os.mkdir(drawer, 0o700, dir_fd=within)
        there = frozenset(os.listdir(within))
        os.fsync(within)
        os.fsync(above)
    _durable[top] = there


def _drawer(file_id: UUID) -> str:
    return file_id.hex[-2:]


@contextmanager
def _opened(path: Path | str, within: int | None = None) -> Iterator[int]:
    """A folder, open; a link in its place is an ``OSError``."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    descriptor = os.open(path, flags, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _drawer_of(file_id: UUID) -> Iterator[int]:
    """The folder of a file, open."""
    with _opened(folder()) as top, _opened(_drawer(file_id), top) as place:
        yield place


# ── On their way in ──────────────────────────────────────────────────────────────────────────────


@contextmanager
def new_place(file_id: UUID) -> Iterator[int]:
    """The folder of a file that is to come, made if need be."""
    _make_folders(file_id)
    with _drawer_of(file_id) as place:
        yield place


def made_new(place: int, file_id: UUID) -> BinaryIO:
    """What has come of a file, before the first of it; for its owner alone."""
    return os.fdopen(os.open(file_id.hex + NEW, _WRITE, 0o600, dir_fd=place), "wb")


def opened_new(file_id: UUID) -> BinaryIO:
    """What has come of a file, to go on with.

    Raises:
        FileNotFoundError: there is nothing.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
    with _drawer_of(file_id) as place:
        return os.fdopen(os.open(file_id.hex + NEW, flags, dir_fd=place), "r+b")


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────


def read(file: File, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The content from byte ``start`` up to ``end``; what is wrong from the first shows at once.

    Raises:
        Missing: there is no file.
        Tampered: the bytes are not those that were sealed; if it shows later, what was given before
            is as it was.
        Erased: its key was destroyed.
        OSError: it could not be read.
    """
    if file.sealed_size != sealing.sealed_size(file.size):
        raise Tampered(f"file {file.id}")
    with ExitStack() as closing:
        source = closing.enter_context(sealed_bytes(file.id))
        if _size_of(source) != file.sealed_size:
            raise Tampered(f"file {file.id}")
        opened = sealing.Opened(file.key_id, file.id, source, size=file.size)
        closing.pop_all()
    stop = file.size if end is None else min(end, file.size)
    return _read(source, opened, max(0, start), stop)


def _read(source: BinaryIO, opened: sealing.Opened, start: int, end: int) -> Iterator[bytes]:
    with source:
        yield from opened.read(start, end)


def sealed_bytes(file_id: UUID) -> BinaryIO:
    """The sealed bytes, on the disk or in the bucket.

    Raises:
        Missing: there is no file.
        Tampered: what is there is no plain file.
        OSError: it could not be read.
    """
    try:
        with _drawer_of(file_id) as place:
            descriptor = os.open(file_id.hex, _READ, dir_fd=place)
    except FileNotFoundError as error:
        return _in_bucket(file_id, error)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):  # a link, no folder, a socket
            raise Tampered(f"file {file_id}") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Tampered(f"file {file_id}")
    return os.fdopen(descriptor, "rb")


def _in_bucket(file_id: UUID, error: OSError) -> BinaryIO:
    if bucket.used():
        with suppress(FileNotFoundError):
            return cast(BinaryIO, bucket.Remote(file_id))
    raise Missing(f"file {file_id}") from error


def _size_of(source: BinaryIO) -> int:
    found: Any = source
    return found.size if isinstance(found, bucket.Remote) else os.fstat(source.fileno()).st_size


def check(file: File) -> str:
    """Say why the stored bytes are not those of the record; empty if they are. Needs no key."""
    try:
        with sealed_bytes(file.id) as source:
            if _size_of(source) != file.sealed_size:
                return OTHER_SIZE
            digest = file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]
    except Missing:
        return MISSING
    except Tampered:
        return CHANGED
    except OSError:
        return UNREADABLE
    return "" if digest == file.sha256 else CHANGED


# ── Removing ─────────────────────────────────────────────────────────────────────────────────────


def remove(file_id: UUID) -> None:
    """Take a file away: its row now, its bytes once that is committed."""
    File.objects.filter(pk=file_id).delete()
    # robust: the commit stands in any case
    transaction.on_commit(lambda: _remove_unless_kept(file_id), robust=True)


def _remove_unless_kept(file_id: UUID) -> None:
    """Remove the bytes, unless all are being kept: then they are removed later as left over."""
    with suppress(BlockingIOError), removing():
        _remove_now(file_id)


def _remove_now(file_id: UUID) -> None:
    unlink(file_id)
    if bucket.used():
        bucket.remove(file_id)


def unlink(file_id: UUID, ending: str = "") -> None:
    """Take away what lies on the disk of a file; with ``NEW``, what has come of it."""
    with suppress(FileNotFoundError), _drawer_of(file_id) as place:
        os.unlink(file_id.hex + ending, dir_fd=place)


def erase(file_id: UUID) -> None:
    """Remove the bytes at once, whatever row speaks of them; safe to repeat.

    Raises:
        BlockingIOError: all files are being kept for a copy; nothing was removed.
        s3.Unreachable: it may still lie in the bucket, in one of its versions.
    """
    with removing():
        unlink(file_id, NEW)
        _remove_now(file_id)


@contextmanager
def removing() -> Iterator[None]:
    """Remove bytes while the block lasts.

    Raises:
        BlockingIOError: all files are being kept for a copy.
    """
    with _lock(fcntl.LOCK_SH | fcntl.LOCK_NB):
        yield


@contextmanager
def keeping() -> Iterator[None]:
    """Let no process remove the bytes of any file while the block lasts; for making copies."""
    with _lock(fcntl.LOCK_EX):
        yield


@contextmanager
def _lock(how: int) -> Iterator[None]:
    """Hold the lock of the folder.

    Raises:
        BlockingIOError: another has it, and ``how`` was not to wait.
    """
    with suppress(FileExistsError):
        folder().mkdir(mode=0o700)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    with _opened(folder()) as top, os.fdopen(os.open(LOCK, flags, 0o600, dir_fd=top)) as lock:
        fcntl.flock(lock, how)
        yield


def holds_anything() -> bool:
    """Whether there is anything at all in the folder, or of ours in the bucket."""
    if bucket.used() and next(bucket.everything(), None) is not None:
        return True
    return folder().is_dir() and any(path.name != LOCK for path in folder().iterdir())


def clear() -> None:
    """Remove everything: of an import that is taken back; there was nothing before."""
    shutil.rmtree(folder(), ignore_errors=True)
    if bucket.used():
        bucket.clear()
