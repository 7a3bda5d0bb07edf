"""Messages as they were opened last: who opens a group is shown what others were shown just now.

Kept in memory, in words and as HTML, and never written down. What is stored decides each time: a
message is found again only if its row is the same to the last byte, and of what is sealed no two
are ever the same. All of them are let go of with the keys they were sealed with, and when an
erasure begins; each at the latest when nobody has asked for it for twice ``UNASKED_SECONDS``.
"""

from collections.abc import Hashable
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from renkei.kernel import keyring
from renkei.people.faces import Face

if TYPE_CHECKING:
    from renkei.communication.entries import Entry

MOST: Final = 1024  # messages asked for of late, and as many before: together some 10 MB
LONGEST: Final = 4096  # bytes sealed: what is longer is rare, and opened each time
UNASKED_SECONDS: Final = 600.0

Row = tuple[Any, ...]
Forms = dict[Hashable, list[str]]  # its HTML by language and so on, in its parts (``rendering``)

_late: "dict[Hashable, tuple[Row, Entry]]" = {}  # by id
_before: "dict[Hashable, tuple[Row, Entry]]" = {}
_lock = Lock()
_turn = 0  # of the keys
_cleared = 0  # how often all of them were let go of
_until = 0.0  # on the monotonic clock


def forget() -> None:
    """Let go of all of them, and of what is being opened at this moment."""
    with _lock:
        _forget()


def _forget() -> None:
    global _cleared
    _cleared += 1
    _late.clear()
    _before.clear()


def let_go() -> int:
    """Let go of those that nobody has asked for; of all of them if keys were let go of.

    Returns:
        How often all were let go of, for ``find`` and ``keep``.
    """
    global _turn
    turn = keyring.turn()
    if turn > _turn:
        with _lock:
            _turn = turn
            _forget()
    age()
    return _cleared


def age() -> None:
    """Let go of those that nobody has asked for."""
    if monotonic() > _until:
        with _lock:
            _age()


def _age() -> None:
    global _late, _before, _until
    _late, _before, _until = {}, _late, monotonic() + UNASKED_SECONDS


def find(found: Row, sender: Face, clock_back: bool, cleared: int) -> "Entry | None":
    """The entry that was made of this row and is written by who has this face.

    Args:
        cleared: as ``let_go`` gave it for the page it stands on.
    """
    message = found[0]
    held = _late.get(message) or _before.get(message)
    if held is None or held[0] != found:
        return None
    entry = held[1]
    if entry.sender != sender or entry.clock_back != clock_back:
        return None
    if message not in _late:
        _keep(message, held, cleared)
    return entry


def keep(found: Row, entry: "Entry", cleared: int) -> None:
    """Keep an entry of which its row and the author's face are all that it was made of.

    Args:
        cleared: as ``let_go`` gave it before the entry was opened.
    """
    if len(found[9]) <= LONGEST:
        _keep(found[0], (found, entry), cleared)


def _keep(message: Hashable, held: "tuple[Row, Entry]", cleared: int) -> None:
    with _lock:
        if cleared != _cleared:
            return
        if len(_late) >= MOST:
            _age()
        _late[message] = held
