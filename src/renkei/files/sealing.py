"""Sealing content of any length in pieces, so that a part of it can be read without the rest.

A sealed file is one byte that names the format, the key of the file itself, sealed under a data
key of the vault, and then pieces of 64 KiB, each sealed with AES-256-GCM under the file's key. The
nonce of a piece is its number and whether it is the last; the id of the file is bound in as well.
So a piece that was changed, moved, dropped, repeated or brought from another file does not open,
and neither does the end of a file that was cut off. The key is used for one file alone, so numbers
may serve as nonces.

Source: STREAM, of Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance" (CRYPTO 2015), as age uses it; NIST SP 800-38D (GCM).
"""

import os
from collections.abc import Iterable, Iterator
from functools import partial
from typing import BinaryIO, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from renkei.kernel import vault
from renkei.kernel.errors import Tampered

PIECE = 65_536  # bytes of content in every piece but the last
_TAG = 16  # bytes that each piece is longer by
_FORMAT = b"\x01"
_KEY = 61  # bytes of the file's key, sealed by the vault
HEAD = len(_FORMAT) + _KEY  # bytes before the first piece
_SEALED = PIECE + _TAG


class Unseal(Protocol):
    """Opens what was sealed under a data key: the vault, or whoever else holds its keys."""

    def __call__(self, key_id: UUID, sealed: bytes, /, *, about: str) -> bytes:
        """The bytes that were sealed; the errors of ``vault.unseal``."""


def _pieces(size: int) -> int:
    """How many pieces content of ``size`` bytes has; an empty one has one."""
    return max(1, -(-size // PIECE))


def sealed_size(size: int) -> int:
    """How many bytes ``size`` bytes of content become."""
    return HEAD + size + _TAG * _pieces(size)


def plain_size(sealed: int) -> int:
    """How many bytes of content became ``sealed`` bytes."""
    body = sealed - HEAD
    return body - _TAG * -(-body // _SEALED)


def seal(key_id: UUID, file_id: UUID, source: Iterable[bytes] | BinaryIO) -> Iterator[bytes]:
    """The sealed bytes of a new file, piece by piece.

    Raises:
        Erased: the data key was destroyed.
    """
    plain_key = os.urandom(32)
    sealed_key = vault.seal(key_id, plain_key, about=about(file_id))
    return seal_with(plain_key, sealed_key, file_id, source)


def seal_with(
    plain_key: bytes, sealed_key: bytes, file_id: UUID, source: Iterable[bytes] | BinaryIO
) -> Iterator[bytes]:
    """The sealed bytes of a file whose own key is known: the same key gives the same bytes."""
    yield _FORMAT + sealed_key
    key = AESGCM(plain_key)
    for number, (piece, last) in enumerate(_cut(source)):
        nonce = _nonce(number, last)
        yield key.encrypt(nonce, piece, file_id.bytes + nonce)


class Growing:
    """Seals a file of a known size piece by piece, as it arrives.

    A piece is sealed once it is whole; the same piece at the same place gives the same bytes.

    Raises:
        Erased: the data key was destroyed.
        Tampered: the beginning was changed or belongs to another file.
    """

    def __init__(self, key_id: UUID, file_id: UUID, head: bytes, size: int) -> None:
        if head[:1] != _FORMAT:
            raise Tampered(about(file_id))
        self._key = AESGCM(vault.unseal(key_id, head[1:], about=about(file_id)))
        self._id = file_id
        self._size = size

    def seal_into(self, room: memoryview, start: int, content: memoryview) -> int:
        """Seal the pieces that begin at ``start`` into the room; how many bytes they have become.

        Only what the file ends with may be less than a whole piece.
        """
        filled = 0
        for at in range(0, len(content), PIECE):
            piece = content[at : at + PIECE]
            nonce = _nonce((start + at) // PIECE, start + at + len(piece) == self._size)
            end = filled + len(piece) + _TAG
            self._key.encrypt_into(nonce, piece, self._id.bytes + nonce, room[filled:end])
            filled = end
        return filled


def head(key_id: UUID, file_id: UUID) -> bytes:
    """The beginning of a new file, before its first piece: its own key, sealed.

    Raises:
        Erased: the data key was destroyed.
    """
    return _FORMAT + vault.seal(key_id, os.urandom(32), about=about(file_id))


def about(file_id: UUID) -> str:
    """The associated data of the key of a file."""
    return f"files.File/{file_id.hex}/key"


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _cut(source: Iterable[bytes] | BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """The content in pieces, each with whether it is the last."""
    read = getattr(source, "read", None)
    held = bytearray()
    for part in iter(partial(read, PIECE), b"") if read else source:
        held += part
        while len(held) > PIECE:
            yield bytes(held[:PIECE]), False
            del held[:PIECE]
    yield bytes(held), True


class Opened:
    """A sealed file whose own key has been opened.

    Raises:
        Erased: the data key was destroyed.
        Tampered: the beginning was changed or belongs to another file.
    """

    def __init__(
        self,
        key_id: UUID,
        file_id: UUID,
        source: BinaryIO,
        *,
        size: int,
        unseal: Unseal = vault.unseal,
    ) -> None:
        head = source.read(HEAD)
        if head[:1] != _FORMAT:
            raise Tampered(about(file_id))
        self.sealed_key = head[1:]
        self._key = AESGCM(unseal(key_id, self.sealed_key, about=about(file_id)))
        self._id = file_id
        self._source = source
        self._size = size
        self._last = _pieces(size) - 1

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """The content from ``start`` up to ``end``; only the pieces needed are opened.

        Raises:
            Tampered: a piece was changed; what was given before it is as it was sealed.
        """
        first = min(start // PIECE, self._last)
        self._source.seek(HEAD + first * _SEALED)
        for number in range(first, _pieces(end)):
            begins = number * PIECE
            yield self._piece(number)[max(0, start - begins) : end - begins]

    def _piece(self, number: int) -> bytes:
        nonce = _nonce(number, number == self._last)
        sealed = self._source.read(min(_SEALED, self._size + _TAG - number * PIECE))
        try:
            return self._key.decrypt(nonce, sealed, self._id.bytes + nonce)
        except (InvalidTag, ValueError) as error:  # ValueError: cut off within the tag
            raise Tampered(f"file {self._id}, piece {number}") from error
