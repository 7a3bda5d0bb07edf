"""What is held in memory for all readers shows nobody what was over before they asked.

Who asks, the wording of a message and its HTML are kept from one page to the next; pages are read
in threads here while the truth changes under them.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event
from typing import Any

import pytest

from renkei.communication.reading import read_entries, read_timeline
from renkei.communication.rendering import Rendering
from renkei.communication.services import correct_communication, withdraw_communication
from renkei.kernel.errors import Refused, SignedOut, Unknown
from renkei.policy.standing import Actor
from renkei.policy.use_case import GateClosed
from tests.attack.test_endings import WAYS, World
from tests.cast import Cast, post

AtOnce = Callable[..., list[Any]]
Seen = tuple[float, str]  # when it was asked for, and what was shown
OVER = (GateClosed, Refused, SignedOut, Unknown)


def _page(actor: Actor, cast: Cast) -> str:
    shown = read_timeline(actor, cast.group)
    return str(Rendering(shown.cursors).html(shown.entries))


def _part(actor: Actor, cast: Cast) -> str:
    shown = read_entries(actor, cast.group, after=0)
    return str(Rendering(shown.cursors).html(shown.entries))


class Readers:
    """Threads that read on until the changes are over, each several times between two changes."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._turns: list[int] = []
        self._over = Event()

    def reading(self, read: Callable[[Actor, Cast], str], actor: Actor) -> Callable[[], list[Seen]]:
        """What a thread does: the result is all that was shown; nothing where it was refused."""
        number = len(self._turns)
        self._turns.append(0)

        def run() -> list[Seen]:
            seen: list[Seen] = []
            while not self._over.is_set():
                asked = time.monotonic()
                with suppress(*OVER):
                    seen.append((asked, read(actor, self._cast)))
                self._turns[number] += 1
            return seen

        return run

    def meanwhile(self, *changes: Callable[[], Any]) -> list[float]:
        """Make one change after the other; when each was done."""
        done: list[float] = []
        try:
            for change in changes:
                self._let_read()
                change()
                done.append(time.monotonic())
            self._let_read()
        finally:
            self._over.set()
        return done

    def _let_read(self) -> None:
        wanted = [turns + 3 for turns in self._turns]
        until = time.monotonic() + 30
        while any(had < want for had, want in zip(self._turns, wanted, strict=True)):
            assert time.monotonic() < until
            time.sleep(0.01)


@pytest.mark.parametrize("way", WAYS)
def test_whose_standing_ends_is_shown_nothing_from_that_moment_on(
    committed: Cast, at_once: AtOnce, way: str
) -> None:
    world, readers = World(committed), Readers(committed)
    post(committed, "manager", "薬が変わりました")
    reading = [
        readers.reading(read, actor)
        for read, actor in (
            (_page, world.nurse),
            (_part, world.nurse),
            (_page, committed["manager"]),
        )
    ]
    changed, *shown_to = at_once(lambda: readers.meanwhile(lambda: WAYS[way](world)), *reading)
    assert isinstance(changed, list), changed
    for seen in shown_to[:2]:
        assert any("薬が変わりました" in shown for _, shown in seen)
        assert not [shown for asked, shown in seen if asked > changed[0]]
    assert shown_to[2]


def test_what_was_corrected_or_taken_back_is_shown_to_nobody_who_asks_later(
    committed: Cast, at_once: AtOnce
) -> None:
    readers, nurse = Readers(committed), committed["nurse"]
    for _ in range(20):
        post(committed, "manager")
    message = post(committed, "nurse", "三錠でした")
    reading = [
        readers.reading(read, committed[name])
        for read in (_page, _part)
        for name in ("manager", "nurse")
    ]
    changed, *shown_to = at_once(
        lambda: readers.meanwhile(
            lambda: correct_communication(nurse, message, text="二錠でした", version=1),
            lambda: withdraw_communication(nurse, message, reason="別の方のこと"),
        ),
        *reading,
    )
    corrected, withdrawn = changed
    for seen in shown_to:
        assert any("三錠でした" in shown for _, shown in seen)
        assert any("二錠でした" in shown for _, shown in seen)
        assert not [1 for asked, shown in seen if asked > corrected and "三錠でした" in shown]
        assert not [1 for asked, shown in seen if asked > withdrawn and "二錠でした" in shown]
