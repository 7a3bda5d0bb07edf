"""Keeping the index: a follower of the logs, making it anew, and erasing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from time import sleep
from typing import Any, ClassVar, Final
from uuid import UUID

from renkei.communication import log
from renkei.communication.following import Follower, News, alone
from renkei.communication.index.history import ends
from renkei.communication.index.postgresql import InPostgreSQL
from renkei.communication.index.sqlite import InFile
from renkei.communication.index.store import Indexed, Store
from renkei.communication.index.tokens import PURPOSE, searched, tokens
from renkei.kernel import vault
from renkei.kernel.damage import DAMAGE
from renkei.kernel.database import id_of, on_postgresql, rows, snapshot

_PAUSE: Final = 0.2  # seconds, while somebody else is at it
_ENTRIES = """
    SELECT seq, id, key_id, version, text, sent_at FROM communication_communication
    WHERE group_id = %s AND event = '' AND withdrawn_at IS NULL AND seq IN ({})"""


@cache
def store() -> Store:
    """The index of this installation."""
    return InPostgreSQL() if on_postgresql() else InFile()


def _indexed(found: tuple[Any, ...], keys: Mapping[UUID, bytes]) -> Indexed | None:
    """What the index holds of an entry; nothing of what does not open."""
    key_id = id_of(found[2])
    key = keys.get(key_id)
    if key is None:
        return None
    try:
        text = log.unseal(key_id, id_of(found[1]), found[3], found[4])
    except DAMAGE:
        return None
    return Indexed(found[5], tokens(key, searched(text)))


def _read(group: UUID, seqs: Sequence[int]) -> dict[int, Indexed]:
    """What there is to be found in these entries of a group, as they are now."""
    found: list[tuple[Any, ...]] = []
    for at in range(0, len(seqs), 500):
        some = seqs[at : at + 500]
        found += rows(_ENTRIES.format(", ".join(["%s"] * len(some))), [group.hex, *some])
    keys = vault.derived({id_of(one[2]) for one in found}, PURPOSE)
    return {one[0]: held for one in found if (held := _indexed(one, keys)) is not None}


class Indexing(Follower):
    """Takes into the index what can be found, and out of it what cannot any more."""

    name: ClassVar[str] = "index"

    def __init__(self) -> None:
        self._store = store()
        super().__init__(self._store)

    def take(self, news: Sequence[News]) -> None:
        """Read the entries as they are now and keep their tokens."""
        with snapshot():
            read = [(one, _read(one.group, self._store.reading(one))) for one in news]
        for one, entries in read:
            if one.erased:
                self._store.forget([one.group])
            self._store.put(one, {} if one.erased else entries)


def rebuild(said: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Make the index anew from the logs; how many entries there are.

    A server that runs meanwhile takes part in it.

    Args:
        said: told how far it has come: entries in the index, and all.
    """
    while True:
        with alone(Indexing.name) as ours:
            if ours:
                store().clear()
                break
        sleep(_PAUSE)
    while True:
        Indexing().follow()
        there = ends(None)
        total = sum(last for last, _ in there.values())
        done = total - sum(last - seq for _, seq, _, last, _ in store().behind(None))
        said(done, total)
        if done == total:
            return total
        sleep(_PAUSE)


def forget(groups: Iterable[UUID]) -> None:
    """Let nothing of these groups be left in the index: they were erased."""
    store().forget(list(groups))
