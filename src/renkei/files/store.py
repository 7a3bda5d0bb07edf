"""Where sealed files lie: ``DATA/files/<last two digits of the id>/<id>``, for their owner alone.

With ``S3_URL`` new ones lie in a bucket (``files/bucket.py``); what lies on the disk stays there
and is found first. Files that are just coming lie on the disk in any case.

A file is written whole, made durable and only then named; its row is saved after that. So a row
never speaks of bytes that are not there, and what a crash leaves behind is a file that no row
knows, which ``sweep`` removes. Links are never followed. This is the one place that knows of paths.
"""

import errno
import fcntl
import logging
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from hashlib import file_digest, sha256
from itertools import islice
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

log = logging.getLogger("renkei.files")
LEFT_ALONE = timedelta(days=1)  # what no row knows may be on its way to one for so long
MISSING = gettext_noop("the file is not there")
UNREADABLE = gettext_noop("the file cannot be read")
OTHER_SIZE = gettext_noop("the file has another size than its record says")
CHANGED = gettext_noop("the file is not what was sealed")

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe put there does not hold us up
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_LOCK = "lock"
_NEW = ".new"  # while it is being written
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
    has to be undone: ``sweep`` removes the file later.

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
            for name in (file.id.hex + _NEW, file.id.hex):
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
    with os.fdopen(os.open(name + _NEW, _WRITE, 0o600, dir_fd=place), "wb") as sink:
        for part in parts:
            sink.write(part)
            digest.update(part)
            size += len(part)
        sink.flush()
        os.fsync(sink.fileno())
    os.rename(name + _NEW, name, src_dir_fd=place, dst_dir_fd=place)
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
    return os.fdopen(os.open(file_id.hex + _NEW, _WRITE, 0o600, dir_fd=place), "wb")


def opened_new(file_id: UUID) -> BinaryIO:
    """What has come of a file, to go on with.

    Raises:
        FileNotFoundError: there is nothing.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
    with _drawer_of(file_id) as place:
        return os.fdopen(os.open(file_id.hex + _NEW, flags, dir_fd=place), "r+b")


def unlink_new(file_id: UUID) -> None:
    """Take away what has come of a file."""
    _unlink_now(file_id, _NEW)


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
    transaction.on_commit(lambda: _unlink(file_id), robust=True)  # the commit stands in any case


def _unlink(file_id: UUID) -> None:
    """Remove the bytes, unless all are being kept: then a later ``sweep`` does."""
    with suppress(BlockingIOError), _lock(fcntl.LOCK_SH | fcntl.LOCK_NB):
        _remove_now(file_id)


def _remove_now(file_id: UUID) -> None:
    _unlink_now(file_id)
    if bucket.used():
        bucket.remove(file_id)


def _unlink_now(file_id: UUID, ending: str = "") -> None:
    with suppress(FileNotFoundError), _drawer_of(file_id) as place:
        os.unlink(file_id.hex + ending, dir_fd=place)


def erase(file_id: UUID) -> None:
    """Remove the bytes at once, whatever row speaks of them; safe to repeat.

    Raises:
        BlockingIOError: all files are being kept for a copy; nothing was removed.
        bucket.Unreachable: it may still lie in the bucket, in one of its versions.
    """
    with _lock(fcntl.LOCK_SH | fcntl.LOCK_NB):
        _unlink_now(file_id, _NEW)
        _remove_now(file_id)


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
    with _opened(folder()) as top, os.fdopen(os.open(_LOCK, flags, 0o600, dir_fd=top)) as lock:
        fcntl.flock(lock, how)
        yield


def holds_anything() -> bool:
    """Whether there is anything at all in the folder, or of ours in the bucket."""
    if bucket.used() and next(bucket.everything(), None) is not None:
        return True
    return folder().is_dir() and any(path.name != _LOCK for path in folder().iterdir())


def clear() -> None:
    """Remove everything: of an import that is taken back; there was nothing before."""
    shutil.rmtree(folder(), ignore_errors=True)
    if bucket.used():
        bucket.clear()


def sweep() -> int:
    """Remove what a crash left behind more than a day ago; how many files that were.

    A database that does not belong to the folder - empty, another's, an old copy put back - must
    not cost a file: the file of the newest row has to be there, and what is younger stays. While
    all are being kept, nothing happens.
    """
    count = 0
    with (
        suppress(BlockingIOError, bucket.Unreachable),  # no reason not to start: the next time
        _lock(fcntl.LOCK_SH | fcntl.LOCK_NB),
    ):
        for file_id, ending in list(_leftovers()):
            with suppress(OSError):  # nor is what cannot be removed
                _unlink_now(file_id, ending)
                count += 1
        for file_id in _left_in_bucket():
            with suppress(OSError):
                bucket.remove(file_id)
                count += 1
        if bucket.used():
            bucket.break_off(clock.now() - LEFT_ALONE)
    if count:
        log.info("leftover files removed", extra={"facts": {"count": count}})
    return count


def _leftovers() -> Iterator[tuple[UUID, str]]:
    """Files that may go, each with the ending of its name."""
    before = _newest()
    for path in unknown():
        ending = path.suffix if path.suffix == _NEW else ""
        file_id = _id_at(path.with_suffix("") if ending else path)
        if file_id and (ending or file_id < before):
            yield file_id, ending


def _newest() -> UUID:
    """The newest row's file, if it is there: what is older and in no row is left over."""
    newest = File.objects.order_by("pk").values_list("pk", flat=True).last()
    there = newest and (path_of(newest).is_file() or (bucket.used() and bucket.has(newest)))
    return newest if newest and there else UUID(int=0)


def _left_in_bucket() -> list[UUID]:
    before = _newest()
    ids = {one for _, one in unknown_in_bucket() if one is not None}
    return sorted(one for one in ids if one < before)


def unknown_in_bucket() -> Iterator[tuple[str, UUID | None]]:
    """What has lain in the bucket for more than a day and belongs to no row: name and id.

    Raises:
        bucket.Unreachable: it does not answer.
    """
    if not bucket.used():
        return
    before = clock.now() - LEFT_ALONE
    objects = iter(bucket.everything())
    while some := list(islice(objects, 1000)):
        known = File.objects.only("pk").in_bulk([one for _, one, _ in some if one])
        yield from ((name, one) for name, one, at in some if at < before and one not in known)


def unknown() -> Iterator[Path]:
    """What has lain in the folder for more than a day and belongs to no row."""
    before = (clock.now() - LEFT_ALONE).timestamp()
    if not folder().is_dir():
        return
    for entry in sorted(folder().iterdir()):
        found = sorted(entry.iterdir()) if _is_drawer(entry) else [entry]
        old = {path: _id_at(path) for path in found if _touched(path) < before}
        old.pop(folder() / _LOCK, None)
        known = File.objects.only("pk").in_bulk([one for one in old.values() if one])
        yield from (path for path, file_id in old.items() if file_id not in known)


def _is_drawer(path: Path) -> bool:
    return not path.is_symlink() and path.is_dir() and len(path.name) == 2


def _touched(path: Path) -> float:
    """When it was last written; never, if it has just gone."""
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _id_at(path: Path) -> UUID | None:
    """The id of the file whose place this is, if it is one's place."""
    try:
        file_id = UUID(hex=path.name)
    except ValueError:
        return None
    return file_id if path.parts[-2:] == (_drawer(file_id), file_id.hex) else None
