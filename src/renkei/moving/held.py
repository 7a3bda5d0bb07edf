"""Opening sealed values for the export, and sealing them again to the very same bytes.

AES-GCM gives the same ciphertext for the same key, nonce, place and content. So it is enough to
keep the nonce beside the readable value, and the exact bytes where a value could be spelled in
several ways: the audit trail commits to hashes of ciphertexts, and goes on being provable.
"""

from base64 import b64decode, b64encode
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils.translation import gettext_noop

from renkei.kernel.errors import Erased, Tampered
from renkei.kernel.sealed import Holds

_FORMAT = b"\x01"  # as the vault writes it: AES-256-GCM with 12 bytes of nonce before the rest
_NONCE = 12
Sealed = dict[str, Any]

WHYS = {
    "tampered": gettext_noop("it is not what was sealed"),
    "no key": gettext_noop("its key is not in the key store"),
    "missing": gettext_noop("the file is not there"),
}


class Faulty(Tampered):
    """A sealed value that does not open, though its key was never destroyed."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why  # a key of ``WHYS``


class HeldKeys:
    """The data keys of one moment in clear; None for one that was destroyed."""

    def __init__(self, keys: dict[UUID, bytes | None]) -> None:
        self._keys = keys
        self._ready = lru_cache(maxsize=4096)(self._cipher)

    def __contains__(self, key: UUID) -> bool:
        return key in self._keys

    def _cipher(self, key: UUID) -> AESGCM | None:
        plain = self._keys[key]
        return None if plain is None else AESGCM(plain)

    def unseal(self, key_id: UUID, sealed: bytes, /, *, about: str) -> bytes:
        """What was sealed there.

        Raises:
            Erased: its key was destroyed.
            Faulty: the key is not known, or the bytes are not what was sealed.
        """
        if key_id not in self._keys:
            raise Faulty("no key")
        cipher = self._ready(key_id)
        if cipher is None:
            raise Erased(str(key_id))
        nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            if sealed[:1] != _FORMAT:
                raise ValueError
            return cipher.decrypt(nonce, rest, about.encode())
        except (InvalidTag, ValueError) as error:
            raise Faulty("tampered") from error

    def opened(self, key: UUID, sealed: bytes, place: str, holds: Holds) -> Sealed:
        """A sealed value as an export writes it; Faulty as ``unseal``."""
        try:
            plain = self.unseal(key, sealed, about=place)
        except Erased:
            return {"erased": True, "sealed": b64encode(sealed).decode()}
        return readable(plain, holds) | {"nonce": b64encode(sealed[1 : 1 + _NONCE]).decode()}

    def resealed(self, key: UUID, written: Any, place: str, holds: Holds) -> bytes:
        """The same ciphertext again, from what ``opened`` or ``kept`` wrote.

        Raises:
            ValueError: it is nothing that they write.
        """
        if not isinstance(written, dict):
            raise ValueError("no sealed value")
        if "sealed" in written:
            return self._as_it_was(key, written)
        cipher = self._ready(key) if key in self._keys else None
        nonce = _base64(written.get("nonce"))
        plain = _plain(written, holds)
        if cipher is None or len(nonce) != _NONCE or set(written) - {"value", "nonce", "plain"}:
            raise ValueError("no sealed value")
        return _FORMAT + nonce + cipher.encrypt(nonce, plain, place.encode())

    def _as_it_was(self, key: UUID, written: Sealed) -> bytes:
        if key not in self._keys:
            said: Sealed = {"fault": "no key"}
        else:
            said = {"erased": True} if self._keys[key] is None else {"fault": "tampered"}
        if written != said | {"sealed": written["sealed"]}:
            raise ValueError("no sealed value")
        return _base64(written["sealed"])


def kept(sealed: bytes, fault: str) -> Sealed:
    """A value that does not open, as an export with faults writes it."""
    return {"fault": fault, "sealed": b64encode(sealed).decode()}


def readable(plain: bytes, holds: Holds) -> Sealed:
    """The value for people and programs, and its bytes where the value does not say them all."""
    if holds == "bytes":
        return {"value": b64encode(plain).decode()}
    try:
        value = plain.decode() if holds == "text" else orjson.loads(plain)
        same = holds == "text" or orjson.dumps(value) == plain
    except ValueError:  # sealed so by a fault of ours: moved as it is
        value, same = None, False
    return {"value": value} if same else {"value": value, "plain": b64encode(plain).decode()}


def _plain(written: Sealed, holds: Holds) -> bytes:
    if "plain" in written:
        plain = _base64(written["plain"])
        if readable(plain, holds) != {"value": written.get("value"), "plain": written["plain"]}:
            raise ValueError("the value and its bytes do not agree")
        return plain
    value = written["value"] if "value" in written else _missing()
    if holds == "json":
        return orjson.dumps(value)
    if not isinstance(value, str):
        raise ValueError("no text")
    return value.encode() if holds == "text" else _base64(value)


def _missing() -> Any:
    raise ValueError("no value")


def _base64(text: Any) -> bytes:
    """The bytes; ValueError if it is no base64, or spelled otherwise."""
    if not isinstance(text, str):
        raise ValueError("no base64")
    found = b64decode(text, validate=True)
    if b64encode(found).decode() != text:
        raise ValueError("no base64")
    return found
