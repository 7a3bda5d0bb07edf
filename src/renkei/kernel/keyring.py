"""The data keys this process holds ready, and when it has to let go of them."""

from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from hmac import digest
from threading import Lock
from time import monotonic
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from renkei.kernel.errors import Erased, Tampered
from renkei.kernel.master import MasterKeyMissing, masters, masters_now
from renkei.kernel.models import DataKey

_HELD = 8192  # data keys held ready in memory
_LOOK = 1.0  # seconds a key destroyed by another process may still be used by this one

_ready: OrderedDict[int, AESGCM] = OrderedDict()  # by number: an id takes long to hash
_derived: dict[tuple[int, str], bytes] = {}  # by the number of the key, and what it is for
_lock = Lock()
_gone = -1  # how many keys were destroyed when this process last looked
_look_at = 0.0  # on the monotonic clock
_turn = 0  # how often all of them were let go of


def key(key_id: UUID) -> AESGCM:
    """The data key, ready for use.

    Raises:
        Erased: it was destroyed.
        MasterKeyMissing: the master key it was wrapped with is not here.
        Tampered: what is stored of it was changed.
    """
    if monotonic() > _look_at:
        _look()
    ready = _ready.get(key_id.int)
    if ready is None:
        gone = _gone
        stored = DataKey.objects.filter(pk=key_id).first()
        if stored is None:
            raise Erased(str(key_id))
        ready = AESGCM(unwrap(stored))
        _remember(key_id, ready, gone)
    return ready


def warm(key_ids: Iterable[UUID | None]) -> None:
    """Fetch the keys not yet in memory with one query; for pages that open many records."""
    missing = {one for one in key_ids if one is not None and one.int not in _ready}
    if missing:
        gone = _gone
        for stored in DataKey.objects.filter(pk__in=missing, wrapped__isnull=False):
            with suppress(Tampered):  # whoever opens what a damaged key sealed is told there
                _remember(stored.id, AESGCM(unwrap(stored)), gone)


def derived(key_ids: Iterable[UUID], purpose: str) -> dict[UUID, bytes]:
    """For each of the data keys, 32 bytes that follow from it and tell nothing of it.

    For what has to be the same each time, as a word in an index; what is sealed is never the same
    twice. A key that was destroyed or damaged has none.

    Source: NIST SP 800-108 (a key derived by HMAC).
    """
    if monotonic() > _look_at:
        _look()
    gone, wanted = _gone, list(key_ids)
    found = {one: _derived[one.int, purpose] for one in wanted if (one.int, purpose) in _derived}
    missing = [one for one in wanted if one not in found]
    for at in range(0, len(missing), 500):
        asked = missing[at : at + 500]
        for stored in DataKey.objects.filter(pk__in=asked, wrapped__isnull=False):
            with suppress(Tampered):
                found[stored.id] = digest(unwrap(stored), f"renkei {purpose}".encode(), "sha256")
    with _lock:
        if gone == _gone:
            if len(_derived) > _HELD:
                _derived.clear()
            _derived.update({(one.int, purpose): found[one] for one in missing if one in found})
    return found


def unwrap(stored: DataKey) -> bytes:
    """The plain key of a row; with a rotation under way master key and row are read again."""
    for held in (masters, masters_now):
        try:
            return held().unwrap(stored.id, stored.wrapped, stored.master)
        except MasterKeyMissing:
            continue
    stored.refresh_from_db()  # it was wrapped anew after it was read
    return masters_now().unwrap(stored.id, stored.wrapped, stored.master)


def hold(key_id: UUID, plain: bytes) -> None:
    """Keep a key that was just made."""
    _remember(key_id, AESGCM(plain), _gone)


def turn() -> int:
    """A number that moves on when all keys are let go of, and with them what they opened."""
    if monotonic() > _look_at:
        _look()
    return _turn


def forget() -> None:
    """Drop all of them from memory."""
    global _gone, _look_at, _turn
    with _lock:
        _gone, _look_at, _turn = -1, 0.0, _turn + 1
        _ready.clear()
        _derived.clear()


def _remember(key_id: UUID, ready: AESGCM, gone: int) -> None:
    """Keep a key at hand, unless one was destroyed since it was read: it might be this one."""
    with _lock:
        if gone != _gone:
            return
        _ready[key_id.int] = ready
        if len(_ready) > _HELD:
            _ready.popitem(last=False)


def _look() -> None:
    """Forget what is in memory if another process has destroyed a key meanwhile.

    Keys are only ever destroyed, so their number tells. If the key store cannot be asked nothing
    is opened: what was erased must not be shown because a database is away.
    """
    global _gone, _look_at, _turn
    gone = DataKey.objects.filter(destroyed_at__isnull=False).count()
    with _lock:
        if gone != _gone:
            _gone, _turn = gone, _turn + 1
            _ready.clear()
            _derived.clear()
        _look_at = monotonic() + _LOOK
