"""The file itself: a tar stream, written and read member by member, with nothing else beside it.

Only plain files under a few fixed names. A reader that meets anything else - a link, a device, a
long name, a path - refuses the whole file, so there is nothing an attacker could aim elsewhere.

Source: POSIX.1-2001, ustar interchange format.
"""

import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO, Final

import orjson
from django.utils.translation import gettext_noop

from renkei.kernel.errors import Problem

README: Final = "README.md"
SIGNING: Final = "signing.key"
MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
SIGNATURE: Final = "SHA256SUMS.sig"
KEYS: Final = "keys"
TABLES: Final = "tables"
FILES: Final = "files"

PART: Final = 4 * 1024 * 1024  # bytes after which lines go on in the next part
LONGEST: Final = 8 * 1024 * 1024  # bytes of one line
LARGEST: Final = PART + LONGEST  # bytes of a member that is read whole
LARGEST_SUMS: Final = 256 * 1024 * 1024
PIECE: Final = 64 * 1024
MOST: Final = 2_000_000  # members of one file

_BLOCK = tarfile.BLOCKSIZE
_PART = r"[0-9]{4,7}\.jsonl"
_NAMES = re.compile(
    rf"README\.md|signing\.key|manifest\.json|SHA256SUMS(\.sig)?|({KEYS}|{FILES})/{_PART}"
    rf"|{TABLES}/[a-z_]{{1,40}}\.[A-Za-z_]{{1,60}}/{_PART}"
    rf"|{FILES}/[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}"
)

_SUM = re.compile(r"([0-9a-f]{64})  (.{1,200})\n", re.ASCII)

NOT_OURS = gettext_noop("This is not a file that Renkei exported, or it was changed.")
STRANGE = gettext_noop(
    "The file holds something that is no part of an export, or the same part twice."
)
TOO_LARGE = gettext_noop("A part of the file is larger than any that Renkei writes.")
NOT_A_LINE = gettext_noop("Line %(line)s of a part is not one that Renkei writes.")
CUT = gettext_noop("The file was cut off.")


class Writer:
    """Writes members one after the other and keeps the sum of each."""

    def __init__(self, sink: BinaryIO, moment: datetime) -> None:
        self._sink = sink
        self._moment = moment
        self.sums: dict[str, str] = {}  # name → SHA-256

    def add(self, name: str, content: bytes) -> None:
        """One member that is at hand."""
        self.add_stream(name, len(content), [content])

    def add_stream(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        """One member of a known size, piece by piece.

        Raises:
            ValueError: it was longer or shorter.
        """
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, int(self._moment.timestamp())
        self._sink.write(info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict"))
        written, digest = 0, sha256()
        for piece in pieces:
            self._sink.write(piece)
            digest.update(piece)
            written += len(piece)
        if written != size:
            raise ValueError(f"{name} has {written} bytes, not {size}")
        self._sink.write(bytes(-size % _BLOCK))
        self.sums[name] = digest.hexdigest()

    def add_lines(self, folder: str, lines: Iterable[bytes]) -> None:
        """Lines, in parts of about 4 MiB, so that no more than that is ever in memory."""
        part, number = bytearray(), 0
        for line in lines:
            if len(line) > LONGEST:
                raise ValueError(f"a line of {folder} has {len(line)} bytes")
            part += line
            if len(part) >= PART:
                number += 1
                self.add(f"{folder}/{number:04}.jsonl", bytes(part))
                part.clear()
        if part:
            self.add(f"{folder}/{number + 1:04}.jsonl", bytes(part))

    def end(self) -> None:
        """Two empty blocks: here it ends."""
        self._sink.write(bytes(2 * _BLOCK))


class Member:
    """One member while the stream stands at it."""

    def __init__(self, name: str, size: int, source: BinaryIO) -> None:
        self.name = name
        self.size = size
        self._source = source
        self._left = size

    @property
    def folder(self) -> str:
        """``tables/region.Region`` for the parts of that table; the name itself for the rest."""
        return self.name.rpartition("/")[0] if self.name.endswith(".jsonl") else self.name

    def content(self) -> bytes:
        """All of it.

        Raises:
            Problem: too large, or cut off.
        """
        if self.size > (LARGEST_SUMS if self.name == SUMS else LARGEST):
            raise Problem(TOO_LARGE)
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """All of it that was not read yet, in pieces of 64 KiB."""
        while self._left:
            piece = _exactly(self._source, min(PIECE, self._left))
            self._left -= len(piece)
            yield piece


def members(source: BinaryIO) -> Iterator[Member]:
    """The members of a stream, in its order; what the caller does not read is passed over.

    Raises:
        Problem: there is something in it that no export has, or it was cut off.
    """
    seen: set[str] = set()
    while any(block := _exactly(source, _BLOCK)):
        member = _member(block, source)
        if member.name in seen or len(seen) >= MOST:
            raise Problem(STRANGE)
        seen.add(member.name)
        yield member
        for _ in member.pieces():
            pass
        if any(_exactly(source, -member.size % _BLOCK)):
            raise Problem(STRANGE)
    while rest := source.read(PIECE):
        if any(rest):
            raise Problem(STRANGE)


def _member(block: bytes, source: BinaryIO) -> Member:
    try:
        info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        raise Problem(NOT_OURS) from error
    plain = info.type == tarfile.REGTYPE and not info.linkname and info.size >= 0
    if not plain or not _NAMES.fullmatch(info.name):
        raise Problem(STRANGE)
    return Member(info.name, info.size, source)


def _exactly(source: BinaryIO, size: int) -> bytes:
    piece = source.read(size)
    if len(piece) != size:
        raise Problem(CUT)
    return piece


def lines(content: bytes) -> Iterator[tuple[int, dict[str, object]]]:
    """The JSON objects of a part, each with the number of its line.

    Raises:
        Problem: a line is no JSON object.
    """
    for number, line in enumerate(io.BytesIO(content), 1):
        if len(line) > LONGEST:
            raise Problem(TOO_LARGE)
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise Problem(NOT_A_LINE, line=number)
        yield number, found


def sums_text(sums: dict[str, str]) -> bytes:
    """The sums as the program ``sha256sum`` writes and checks them."""
    return "".join(f"{sha}  {name}\n" for name, sha in sums.items()).encode()


def read_sums(content: bytes) -> dict[str, str]:
    """The sums that ``sums_text`` wrote.

    Raises:
        Problem: it wrote no such thing.
    """
    sums = {}
    for line in io.BytesIO(content):
        found = _SUM.fullmatch(line.decode("ascii", "replace"))
        if found is None:
            raise Problem(NOT_OURS)
        sums[found[2]] = found[1]
    return sums
