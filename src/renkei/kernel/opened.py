"""Names as they were opened last: the same few hundred stand on page after page.

Kept in memory as long as the keys they were sealed with: whoever lets go of those lets go of these.
What is stored decides each time, since a value is found by its sealed bytes, and these are never
the same twice.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any, Final, TypeVar
from uuid import UUID

from renkei.kernel import keyring, vault

T = TypeVar("T")
MOST: Final = 4096  # values; some 4 MB

_held: dict[bytes, tuple[UUID, UUID, str, Any]] = {}  # under which key, whose, which, what
_lock = Lock()
_turn = 0


def opened(key_id: UUID, sealed: bytes, of: UUID, place: str, make: Callable[[Any], T]) -> T:
    """What was sealed as JSON, made into what it is used as; it is shared, so never to be changed.

    Args:
        of: the record it belongs to.
        place: the model, and the field after it, with ``{}`` where the record stands.

    Raises:
        Erased, Tampered: as ``vault.unseal`` says.
    """
    global _turn
    turn = keyring.turn()
    if turn != _turn:
        with _lock:
            _held.clear()
            _turn = turn
    found = _held.get(sealed)
    if found is not None and found[0] == key_id and found[1] == of and found[2] == place:
        return found[3]  # type: ignore[no-any-return]
    value = make(vault.unseal_json(key_id, sealed, about=place.format(of.hex)))
    with _lock:
        if turn == _turn:
            if len(_held) >= MOST:
                del _held[next(iter(_held))]
            _held[bytes(sealed)] = key_id, of, place, value
    return value
