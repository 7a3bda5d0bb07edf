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


def _read_on(
    read: Callable[[Actor, Cast], str], actor: Actor, cast: Cast, stop: Event
) -> list[Seen]:
    """All that was shown until it stops; nothing where it was refused."""
    seen: list[Seen] = []
    while not stop.is_set():
        asked = time.monotonic()
        with suppress(*OVER):
            seen.append((asked, read(actor, cast)))
    return seen


def _meanwhile(stop: Event, *changes: Callable[[], Any]) -> list[float]:
    """Make one change after the other; when each was done."""
    done: list[float] = []
    try:
        for change in changes:
            time.sleep(0.15)
            change()
            done.append(time.monotonic())
        time.sleep(0.15)
    finally:
        stop.set()
    return done


@pytest.mark.parametrize("way", WAYS)
def test_whose_standing_ends_is_shown_nothing_from_that_moment_on(
    committed: Cast, at_once: AtOnce, way: str
) -> None:
    world, stop = World(committed), Event()
    post(committed, "manager", "薬が変わりました")
    changed, *readers = at_once(
        lambda: _meanwhile(stop, lambda: WAYS[way](world)),
        lambda: _read_on(_page, world.nurse, committed, stop),
        lambda: _read_on(_part, world.nurse, committed, stop),
        lambda: _read_on(_page, committed["manager"], committed, stop),
    )
    assert isinstance(changed, list), changed
    for seen in readers[:2]:
        assert any("薬が変わりました" in shown for _, shown in seen)
        assert not [shown for asked, shown in seen if asked > changed[0]]
    assert readers[2] or way == "consent withdrawn"


def test_what_was_corrected_or_taken_back_is_shown_to_nobody_who_asks_later(
    committed: Cast, at_once: AtOnce
) -> None:
    stop, nurse = Event(), committed["nurse"]
    for _ in range(20):
        post(committed, "manager")
    message = post(committed, "nurse", "三錠でした")
    changed, *readers = at_once(
        lambda: _meanwhile(
            stop,
            lambda: correct_communication(nurse, message, text="二錠でした", version=1),
            lambda: withdraw_communication(nurse, message, reason="別の方のこと"),
        ),
        *(
            lambda read=read, name=name: _read_on(read, committed[name], committed, stop)
            for read in (_page, _part)
            for name in ("manager", "nurse")
        ),
    )
    corrected, withdrawn = changed
    for seen in readers:
        assert any("三錠でした" in shown for _, shown in seen)
        assert any("二錠でした" in shown for _, shown in seen)
        assert not [1 for asked, shown in seen if asked > corrected and "三錠でした" in shown]
        assert not [1 for asked, shown in seen if asked > withdrawn and "二錠でした" in shown]
