"""What a generation says of itself, signed by the installation that made it.

Identities and facts only: a manifest lies in clear beside the sealed archives.
"""

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from renkei.audit.trail import canonical
from renkei.backup.shelves import read_small, sum_of
from renkei.backup.trouble import Trouble
from renkei.kernel import clock, durable, signing

FILE: Final = "manifest.json"
FORMAT: Final = 1
LARGEST: Final = 4_000_000  # bytes
_ARCHIVES: Final = {
    "content": {"database.age", "rows.age", "files.jsonl"},
    "keys": {"keys.age"},
}
_ABOUT: Final = b"renkei copy\n"  # a signature on something else never passes for one on a manifest
_SUM = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Archive:
    """One file of a generation, as it lies there and as it is once opened.

    Args:
        sha256: of the file as it lies there.
        size: its bytes.
        inner: SHA-256 of what was sealed in it; empty if it is not sealed.
        plain: how many bytes the database in it takes on a disk.
    """

    sha256: str
    size: int
    inner: str = ""
    plain: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a generation, when it was made and by whom.

    Args:
        moment: what it is of, in microseconds since the epoch.
        program: the version of the program that made it.
        signed_by: the public key of the installation.
        sealed_to: the recipients.
        facts: what else is known of this kind; see ``content`` and ``keycopy``.
    """

    kind: str
    generation: str
    moment: int
    program: str
    signed_by: str
    sealed_to: list[str]
    archives: dict[str, Archive]
    facts: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def made_at(self) -> datetime:
        """The moment it is of."""
        return clock.from_us(self.moment)

    @property
    def size(self) -> int:
        """Bytes of its own archives."""
        return sum(archive.size for archive in self.archives.values())


def write(folder: Path, manifest: Manifest) -> None:
    """Sign it and put it in place."""
    said = asdict(manifest)
    signature = signing.sign(_ABOUT + canonical(said))
    durable.put(folder / FILE, canonical({"manifest": said, "signature": signature}) + b"\n")


def read(folder: Path, *, kind: str) -> Manifest:
    """The manifest of a generation, which has signed what it says.

    Whose signature it is has to be judged by ``signed_by``.

    Raises:
        Trouble: it is not there, was changed, or belongs to another generation or kind.
    """
    try:
        found = orjson.loads(read_small(folder / FILE, LARGEST))
        said, signature = found["manifest"], found["signature"]
        if said["format"] != FORMAT:
            raise Trouble(
                f"{folder} は、この版では読めない形式です。新しい版の Renkei を使ってください。",
                why="other",
            )
        if not signing.is_signed(_ABOUT + canonical(said), signature, by=said["signed_by"]):
            raise ValueError("signature")
        archives = {name: Archive(**one) for name, one in said.pop("archives").items()}
        manifest = Manifest(**said, archives=archives)
        _check(manifest, folder, kind)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Trouble(
            f"{folder} の目録が壊れているか、書き換えられています。", why="damaged"
        ) from error
    return manifest


def _check(manifest: Manifest, folder: Path, kind: str) -> None:
    """Raise ValueError over a manifest that is signed and yet not this one's."""
    if (manifest.kind, manifest.generation) != (kind, folder.name):
        raise ValueError("of another generation")
    if set(manifest.archives) != _ARCHIVES[kind]:
        raise ValueError("archives")
    for archive in manifest.archives.values():
        if not (_SUM.fullmatch(archive.sha256) and archive.size >= 0 and archive.plain >= 0):
            raise ValueError("archive")


def archive_of(path: Path, *, inner: str = "", plain: int = 0) -> Archive:
    """How a finished archive is described."""
    summed, size = sum_of(path)
    return Archive(summed, size, inner, plain)


class Summing:
    """A stream that adds up what passes through it, in either direction."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._sum = sha256()

    def write(self, data: bytes) -> int:
        """Pass bytes on."""
        self._sum.update(data)
        return self._stream.write(data)

    def read(self, size: int = -1) -> bytes:
        """Pass bytes on."""
        data = self._stream.read(size)
        self._sum.update(data)
        return data

    def flush(self) -> None:
        """Pass on what is held back."""
        self._stream.flush()

    def read_on(self) -> str:
        """Read what is left; the SHA-256 of all of it."""
        while self.read(1 << 20):
            pass
        return self.ended()

    def ended(self) -> str:
        """The SHA-256 of all that has passed."""
        return self._sum.hexdigest()


def damaged(folder: Path, manifest: Manifest, *, only: Collection[str] = ()) -> list[str]:
    """The archives of a generation that are not what the manifest says, by name."""
    wrong = []
    for name, archive in sorted(manifest.archives.items()):
        if only and name not in only:
            continue
        try:
            same = sum_of(folder / name) == (archive.sha256, archive.size)
        except Trouble:
            same = False
        if not same:
            wrong.append(name)
    return wrong


def short(public_key: str) -> str:
    """The fingerprint of a signing key, to be compared by eye: four groups of four."""
    digits = sha256(public_key.encode()).hexdigest()[:16]
    return " ".join(digits[place : place + 4] for place in range(0, 16, 4))
