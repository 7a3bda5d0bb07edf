"""Sealing content, and the keys it is sealed with.

Everything a person wrote or that tells who a patient is, is sealed with AES-256-GCM under a data
key of its group, patient or region. The identity of the record is bound in as associated data, so
a sealed text moved to another row does not open. Data keys rest in the key store, wrapped by the
master key (``renkei.kernel.master``).

Source: NIST SP 800-38D (GCM); guideline on safety management of medical information systems,
chapter 8 (encryption of stored data, management of keys).
"""

import hmac
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from renkei.kernel import clock, keyring, keystore, master
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Erased as Erased
from renkei.kernel.errors import Tampered
from renkei.kernel.keyring import derived as derived
from renkei.kernel.keyring import key as _key
from renkei.kernel.keyring import warm as warm
from renkei.kernel.keystore import StillThere as StillThere
from renkei.kernel.master import MasterKeyMissing as MasterKeyMissing
from renkei.kernel.master import MasterKeys as MasterKeys
from renkei.kernel.master import MasterKeyWrong
from renkei.kernel.master import fingerprint as fingerprint
from renkei.kernel.master import master_key_file as master_key_file
from renkei.kernel.master import masters as masters
from renkei.kernel.models import DataKey
from renkei.kernel.rotation import rotate as rotate

_FORMAT = b"\x01"  # AES-256-GCM, 12 bytes of nonce
_NONCE = 12  # bytes


def forget_everything() -> None:
    """Drop all keys from memory; the next use reads them again."""
    master.forget()
    keyring.forget()


def make_key(purpose: str) -> UUID:
    """Make a data key and keep it, wrapped, in the key store.

    It is durable when this returns; within ``making_keys``, when that block ends.
    """
    key_id, plain = uuid7(), os.urandom(32)
    with transaction.atomic(using="keys"):
        keystore.let_rotation_wait()
        held = master.masters_now()
        DataKey.objects.create(
            id=key_id,
            purpose=purpose,
            wrapped=held.wrap(key_id, plain),
            master=held.current,
            made_at=clock.now(),
        )
    keyring.hold(key_id, plain)
    return key_id


@contextmanager
def making_keys() -> Iterator[None]:
    """Make all keys of the block durable at its end, at once; none of them if it fails.

    The content sealed with them has to be committed after the block, never before: a key that
    opens nothing does no harm, but content whose key was not kept is lost.
    """
    with transaction.atomic(using="keys"):
        yield


def seal(key_id: UUID, plain: bytes, *, about: str) -> bytes:
    """Seal bytes under a data key; ``about`` names the one record and field it belongs to."""
    nonce = os.urandom(_NONCE)
    return _FORMAT + nonce + _key(key_id).encrypt(nonce, plain, about.encode())


def mark(key_id: UUID, plain: bytes, *, about: str) -> str:
    """A keyed hash: equal for equal bytes, and without the key nothing can be tried out (HMAC).

    The key must be one that seals nothing: its first two blocks of keystream are the HMAC's key.

    Source: RFC 2104 (HMAC); NIST SP 800-38D, section 6.5 (the keystream of GCM).
    """
    derived = _key(key_id).encrypt(bytes(_NONCE), bytes(32), about.encode())[:32]
    return hmac.digest(derived, about.encode() + b"\0" + plain, "sha256").hex()


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


# ── The end of a key ─────────────────────────────────────────────────────────────────────────────


def destroy(key_ids: Collection[UUID]) -> int:
    """Destroy data keys for good; returns how many of them still stood. What they sealed is erased.

    Durable when this returns, and the wrapped bytes are in no file of the key store: on SQLite it
    is written anew and its write-ahead log cut to nothing; on PostgreSQL the table is rewritten
    without them. Not promised there: PostgreSQL's own write-ahead log, its archive, replicas and
    blocks the file system has taken back may hold the wrapped bytes until they are overwritten.
    Without the master key of that time they open nothing, so rotate it afterwards. This process
    forgets the keys at once, others within a second.

    Must not be called inside a transaction of the key store. Safe to repeat.

    Raises:
        StillThere: the keys are destroyed, but the files could not be cleaned just now.
    """
    return _destroy(dict.fromkeys(key_ids, clock.now()))


def destroy_again(erased: Mapping[UUID, datetime]) -> None:
    """Destroy what an erase list names, after a restore; remember also what is not in the store.

    Safe to repeat; a key that is destroyed already keeps its time. The errors of ``destroy``.
    """
    DataKey.objects.bulk_create(
        [
            DataKey(id=key_id, purpose="erased", master="", made_at=at, destroyed_at=at)
            for key_id, at in erased.items()
        ],
        ignore_conflicts=True,  # what is in the store stays as it is
    )
    _destroy(erased)


def destroyed() -> dict[UUID, datetime]:
    """The erase list: every key that was destroyed, and when."""
    listed = DataKey.objects.values_list("pk", "destroyed_at")
    return {key_id: at for key_id, at in listed.filter(destroyed_at__isnull=False) if at}


def _destroy(erased: Mapping[UUID, datetime]) -> int:
    count = 0
    try:
        with transaction.atomic(using="keys", durable=True):
            for key_id, at in sorted(erased.items()):  # in one order: no deadlock
                standing = DataKey.objects.filter(pk=key_id, wrapped__isnull=False)
                count += standing.update(wrapped=None, destroyed_at=at)
            transaction.on_commit(keystore.clean, using="keys")
    finally:
        keyring.forget()
    return count


# ── Whether all is well ──────────────────────────────────────────────────────────────────────────


NO_MASTER: Final = gettext_noop("the master key it was wrapped with is not here")
DAMAGED: Final = gettext_noop("the stored key is damaged or was changed")
HALF_GONE: Final = gettext_noop("the key is gone without having been destroyed, or the reverse")


def verify() -> tuple[int, list[tuple[UUID, str]]]:
    """Unwrap every key: how many there are, destroyed ones too, and which do not fit, and why.

    Raises:
        MasterKeyMissing: there are keys, and no master key is here.
    """
    keys = list(DataKey.objects.exclude(purpose__in=[master.NEXT, master.LAST]).order_by("pk"))
    if any(key.wrapped is not None for key in keys):
        masters()
    found = [(key.id, why) for key in keys if (why := _what_is_wrong_with(key))]
    return len(keys), found


def _what_is_wrong_with(key: DataKey) -> str:
    if (key.wrapped is None) != (key.destroyed_at is not None):
        return HALF_GONE
    try:
        if key.wrapped is not None:
            keyring.unwrap(key)
    except Tampered:
        return DAMAGED
    except MasterKeyMissing:
        return NO_MASTER
    return ""


def check() -> None:
    """See that the master key is the one the key store needs. Makes and changes nothing.

    One key is opened for each master key in use; a damaged one is passed over for another.

    Raises:
        MasterKeyMissing: it is not here, or not the right one.
        Tampered: it is the right one by its fingerprint, and yet opens none.
    """
    given = master.read()
    if not keystore.is_made():
        return
    wrapped = _wrapped()
    for one in wrapped.order_by().values_list("master", flat=True).distinct():
        if not given:
            raise master.InCustody if master.custody_file().exists() else MasterKeyMissing
        if one not in masters().by_fingerprint:
            raise MasterKeyWrong(one)
        _open_one_of(list(wrapped.filter(master=one).order_by("pk")[:5]))


def is_open() -> bool:
    """Whether the oldest key and the newest open; cheap enough to be asked every second."""
    wrapped = _wrapped().order_by("pk")
    ends = [key for key in (wrapped.first(), wrapped.last()) if key]
    try:
        if ends:
            _open_one_of(ends)
    except (MasterKeyMissing, Tampered):
        return False
    return True


def _wrapped() -> QuerySet[DataKey]:
    standing = DataKey.objects.filter(wrapped__isnull=False)
    return standing.exclude(purpose__in=[master.NEXT, master.LAST])


def _open_one_of(keys: list[DataKey]) -> None:
    failed: Tampered | None = None
    for key in keys:
        try:
            keyring.unwrap(key)
            return
        except Tampered as error:
            failed = error
    if failed:
        raise failed
