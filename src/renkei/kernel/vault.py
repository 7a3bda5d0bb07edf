"""Sealing content, and the keys it is sealed with.

Everything a person wrote or that tells who a patient is, is sealed with AES-256-GCM under a data
key of its group, patient or region. The identity of the record is bound in as associated data, so
a sealed text moved to another row does not open. Data keys rest in the key store, wrapped by the
master key, which is given by ``RENKEI_MASTER_KEY`` or lies in a file that only its owner can read.

Source: NIST SP 800-38D (GCM); guideline on safety management of medical information systems,
chapter 8 (encryption of stored data, management of keys).
"""

import os
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction

from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Erased, Tampered
from renkei.kernel.models import DataKey

_FORMAT = b"\x01"  # AES-256-GCM, 12 bytes of nonce
_NONCE = 12  # bytes
_OPEN_KEYS = 8192  # data keys held ready in memory

_ready: OrderedDict[int, AESGCM] = OrderedDict()  # by number: an id takes long to hash
_lock = Lock()
_masters_lock = Lock()


class MasterKeyMissing(Exception):
    """No master key, though there are keys wrapped by one; nothing can be opened."""


class MasterKeys:
    """The master keys by fingerprint; the first is the one new keys are wrapped with."""

    def __init__(self, keys: list[bytes]) -> None:
        self.by_fingerprint = {fingerprint(key): AESGCM(key) for key in keys}
        self.current = fingerprint(keys[0])

    def wrap(self, key_id: UUID, plain: bytes) -> bytes:
        """Seal a data key for the key store."""
        nonce = os.urandom(_NONCE)
        return nonce + self.by_fingerprint[self.current].encrypt(nonce, plain, key_id.bytes)

    def unwrap(self, key: DataKey) -> bytes:
        """The plain data key.

        Raises:
            Erased: the key was destroyed.
            MasterKeyMissing: it was wrapped by a master key that is not here.
            Tampered: the stored bytes were changed.
        """
        if key.wrapped is None:
            raise Erased(str(key.id))
        if key.master not in self.by_fingerprint:
            raise MasterKeyMissing(key.master)
        wrapped = bytes(key.wrapped)
        try:
            return self.by_fingerprint[key.master].decrypt(
                wrapped[:_NONCE], wrapped[_NONCE:], key.id.bytes
            )
        except (InvalidTag, ValueError) as error:
            raise Tampered(f"key {key.id}") from error


def fingerprint(key: bytes) -> str:
    """What tells master keys apart without telling anything about them."""
    return sha256(b"renkei master " + key).hexdigest()[:16]


def master_key_file() -> Path:
    """Where the master key lies when the environment does not give it."""
    return Path(settings.DATA) / "master.key"


def _read_master_keys() -> list[bytes]:
    given = os.environ.get("RENKEI_MASTER_KEY", "")
    if not given and master_key_file().exists():
        given = master_key_file().read_text()
    return [b64decode(part) for part in given.replace(",", " ").split()]


def _write_master_keys(keys: list[bytes]) -> None:
    """Replace the key file in one step; never readable by others, not even for a moment."""
    path = master_key_file()
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"\n".join(b64encode(key) for key in keys) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


_masters: MasterKeys | None = None


def masters() -> MasterKeys:
    """The master keys of this installation; made on the very first use.

    Raises:
        MasterKeyMissing: there is none, yet the key store holds keys.
    """
    global _masters
    found = _masters
    if found is None:
        with _masters_lock:  # two threads must not make two
            found = _masters = _masters or MasterKeys(_read_or_make_master_keys())
    return found


def _masters_now() -> MasterKeys:
    """The master keys read anew: another process may have rotated them meanwhile."""
    global _masters
    with _masters_lock:
        _masters = MasterKeys(_read_or_make_master_keys())
        return _masters


def _unwrap(key: DataKey) -> AESGCM:
    held = masters()
    if key.wrapped is not None and key.master not in held.by_fingerprint:
        held = _masters_now()
    return AESGCM(held.unwrap(key))


def _read_or_make_master_keys() -> list[bytes]:
    keys = _read_master_keys()
    if not keys:
        if DataKey.objects.exists():
            raise MasterKeyMissing("no master key")
        keys = [os.urandom(32)]
        _write_master_keys(keys)
    return keys


def forget_everything() -> None:
    """Drop all keys from memory; the next use reads them again."""
    global _masters
    with _lock:
        _masters = None
        _ready.clear()


def make_key(purpose: str) -> UUID:
    """Make a data key and keep it, wrapped, in the key store.

    It is durable when this returns; within ``making_keys``, when that block ends.
    """
    key_id, plain = uuid7(), os.urandom(32)
    with transaction.atomic(using="keys"):  # a rotation is either over or has not begun
        held = _masters_now()
        DataKey.objects.create(
            id=key_id,
            purpose=purpose,
            wrapped=held.wrap(key_id, plain),
            master=held.current,
            made_at=clock.now(),
        )
    _remember(key_id, AESGCM(plain))
    return key_id


@contextmanager
def making_keys() -> Iterator[None]:
    """Make all keys of the block durable at its end, at once; none of them if it fails.

    The content sealed with them has to be committed after the block, never before: a key that
    opens nothing does no harm, but content whose key was not kept is lost.
    """
    with transaction.atomic(using="keys"):
        yield


def _remember(key_id: UUID, ready: AESGCM) -> None:
    with _lock:
        _ready[key_id.int] = ready
        if len(_ready) > _OPEN_KEYS:
            _ready.popitem(last=False)


def _key(key_id: UUID) -> AESGCM:
    ready = _ready.get(key_id.int)
    if ready is None:
        stored = DataKey.objects.filter(pk=key_id).first()
        if stored is None:
            raise Erased(str(key_id))
        ready = _unwrap(stored)
        _remember(key_id, ready)
    return ready


def warm(key_ids: Iterable[UUID | None]) -> None:
    """Fetch the keys not yet in memory with one query; for pages that open many records."""
    missing = {one for one in key_ids if one is not None and one.int not in _ready}
    if missing:
        for stored in DataKey.objects.filter(pk__in=missing, wrapped__isnull=False):
            _remember(stored.id, _unwrap(stored))


def seal(key_id: UUID, plain: bytes, *, about: str) -> bytes:
    """Seal bytes under a data key; ``about`` names the one record and field it belongs to."""
    nonce = os.urandom(_NONCE)
    return _FORMAT + nonce + _key(key_id).encrypt(nonce, plain, about.encode())


def unseal(key_id: UUID, sealed: bytes | memoryview, *, about: str) -> bytes:
    """The bytes that were sealed.

    Raises:
        Erased: the key was destroyed.
        Tampered: the bytes were changed, or belong to another record.
    """
    raw = bytes(sealed)
    if raw[:1] != _FORMAT:
        raise Tampered(about)
    try:
        return _key(key_id).decrypt(raw[1 : 1 + _NONCE], raw[1 + _NONCE :], about.encode())
    except (InvalidTag, ValueError) as error:  # ValueError: cut off within the nonce
        raise Tampered(about) from error


def seal_json(key_id: UUID, value: Any, *, about: str) -> bytes:
    """Seal a value of strings, numbers, lists and dicts."""
    return seal(key_id, orjson.dumps(value), about=about)


def unseal_json(key_id: UUID, sealed: bytes | memoryview, *, about: str) -> Any:
    """The value that ``seal_json`` sealed; the errors of ``unseal``."""
    return orjson.loads(unseal(key_id, sealed, about=about))


def rotate() -> int:
    """Wrap every data key with a new master key; returns how many were wrapped anew.

    With the key file, a new key is made and the old one removed once nothing needs it. With
    ``RENKEI_MASTER_KEY`` the operator puts the new key before the old one, separated by a comma,
    and runs this; afterwards the old one can be taken out. Safe to run again after a crash.
    """
    forget_everything()
    from_file = not os.environ.get("RENKEI_MASTER_KEY")
    if from_file:
        masters()
        _write_master_keys([os.urandom(32), *_read_master_keys()])
        forget_everything()
    count = 0
    stale = DataKey.objects.filter(wrapped__isnull=False).exclude(master=masters().current)
    for key_id in list(stale.values_list("pk", flat=True)):
        with transaction.atomic(using="keys"):
            _wrap_anew(key_id)
        count += 1
    with transaction.atomic(using="keys"):  # whoever makes a key now waits, and reads anew
        for key_id in list(stale.values_list("pk", flat=True)):
            _wrap_anew(key_id)
            count += 1
        if from_file:
            _write_master_keys(_read_master_keys()[:1])
    forget_everything()
    return count


def _wrap_anew(key_id: UUID) -> None:
    key = DataKey.objects.select_for_update().get(pk=key_id)
    key.wrapped = masters().wrap(key.id, masters().unwrap(key))
    key.master = masters().current
    key.save(update_fields=["wrapped", "master"])
