"""Files on their way in: sealed as they arrive, and taken up again where a line broke off.

What has come lies beside the files as ``<id>.new``, in whole sealed pieces; nothing of it is ever
written in clear. How far it has come is how long it is, so a break, a crash or another process
loses less than one piece. It is durable once it is whole; until then who brings it still has it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Protocol
from uuid import UUID

from renkei.files import sealing, store
from renkei.kernel.errors import Unknown

PIECE = sealing.PIECE
_ROOM = 8 * PIECE  # taken in at a time, if it comes as fast
_MUCH = 1_048_576  # bytes that the disk is told of before the rest comes
_SEALED = sealing.sealed_size(PIECE) - sealing.HEAD


class Source(Protocol):
    """What is read from: a request."""

    def readinto1(self, room: memoryview, /) -> int:
        """Fill the room, or the beginning of it, with what is there; how much; 0 at the end."""


class OtherPlace(Exception):
    """It has come further, or less far, than who brings it thinks."""


class Busy(Exception):
    """Another request is just bringing the same file."""


def begin(key_id: UUID, file_id: UUID) -> None:
    """Make the place for a file that is to come.

    Raises:
        Erased: the data key was destroyed.
        OSError: it could not be written.
    """
    with store.new_place(file_id) as place, store.made_new(place, file_id) as sink:
        sink.write(sealing.head(key_id, file_id))


def offset(file_id: UUID, size: int) -> int:
    """How many bytes of ``size`` have come.

    Raises:
        Unknown: there is no place for it any more.
    """
    with _opened(file_id) as file:
        return _come(file, size)


def receive(key_id: UUID, file_id: UUID, *, size: int, at: int, source: Source) -> int:
    """Take in what follows on byte ``at``; how many bytes have come now.

    Raises:
        Busy: another request is at it.
        Unknown: there is no place for it any more.
        OtherPlace: it has come further, or less far.
        OSError: the line broke, or the disk is full; whole pieces are kept.
    """
    with _opened(file_id) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy from error
        if _come(file, size) != at:
            raise OtherPlace
        if at == size:  # all is there: nothing of it is taken up again
            return at
        growing = sealing.Growing(key_id, file_id, _head(file), size)
        file.truncate(sealing.HEAD + at // PIECE * _SEALED)
        begins = file.seek(0, os.SEEK_END)
        at = _take_in(file, growing, size, at, source)
        file.flush()
        if at == size:  # whole: durable from here on
            os.fsync(file.fileno())
        elif file.tell() - begins >= _MUCH:  # written while the rest comes, and not dropped
            os.posix_fadvise(file.fileno(), begins, 0, os.POSIX_FADV_DONTNEED)
    return at


def _take_in(file: BinaryIO, growing: sealing.Growing, size: int, at: int, source: Source) -> int:
    """Write whole pieces as they come, however few or many come at a time; how far that went."""
    room, sealed = memoryview(bytearray(_ROOM)), memoryview(bytearray(sealing.sealed_size(_ROOM)))
    held = 0
    while at < size and (come := source.readinto1(room[held : size - at])):
        held += come
        whole = held if at + held == size else held - held % PIECE
        if whole:
            file.write(sealed[: growing.seal_into(sealed, at, room[:whole])])
            at, held = at + whole, held - whole
            room[:held] = room[whole : whole + held]
    return at


def _come(file: BinaryIO, size: int) -> int:
    body = os.fstat(file.fileno()).st_size - sealing.HEAD
    if body >= sealing.sealed_size(size) - sealing.HEAD:
        return size
    return max(0, body) // _SEALED * PIECE


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(sealing.HEAD)


@contextmanager
def _opened(file_id: UUID) -> Iterator[BinaryIO]:
    try:
        with store.opened_new(file_id) as file:
            yield file
    except FileNotFoundError as error:
        raise Unknown("upload") from error


def content(key_id: UUID, file_id: UUID, size: int) -> "Come":
    """What has come, all of it, to be read in clear.

    Raises:
        Unknown: it has not come yet, or is not there any more.
        Erased, Tampered: as reading a file.
    """
    return Come(key_id, file_id, size)


class Come:
    """A file that has come, open for reading any part of it."""

    def __init__(self, key_id: UUID, file_id: UUID, size: int) -> None:
        if offset(file_id, size) != size:
            raise Unknown("upload")
        self._keys = key_id, file_id
        self.size = size

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The content from ``start`` up to ``end``."""
        key_id, file_id = self._keys
        stop = self.size if end is None else min(end, self.size)
        with _opened(file_id) as file:
            opened = sealing.Opened(key_id, file_id, file, size=self.size)
            yield from opened.read(min(start, stop), stop)

    def part(self, start: int, end: int) -> bytes:
        """Some bytes of it; fewer at the end."""
        return b"".join(self.read(start, end)) if start < min(end, self.size) else b""


def forget(file_id: UUID) -> None:
    """Take what has come away."""
    with suppress(FileNotFoundError):
        store.unlink(file_id, store.NEW)
