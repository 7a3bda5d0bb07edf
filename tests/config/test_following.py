"""Followers while the server runs: woken by a hint, and by a look where no hint came."""

import threading
from collections.abc import Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import connections

from renkei.communication.following import Follower, News
from renkei.communication.services import withdraw_communication
from renkei.config import following
from renkei.config.following import Following
from renkei.kernel import bus
from tests.cast import Cast, post

SOON = 20.0  # seconds a busy machine may take


class Ear(Follower):
    """Hears, and lets the test wait for it."""

    name = "ear"
    from_now = True

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[UUID, int]] = []
        self.bell = threading.Condition()

    def take(self, news: Sequence[News]) -> None:
        with self.bell:
            self.heard += [(one.group, seq) for one in news for seq in one.seqs]
            self.bell.notify_all()

    def wait_for(self, number: int) -> bool:
        with self.bell:
            return self.bell.wait_for(lambda: len(self.heard) >= number, SOON)


@contextmanager
def running(ear: Ear, *, every: float):
    ear.follow()
    with Following(ear, every=every) as thread:
        assert thread.running
        yield
    assert not thread.running
    connections.close_all()


def test_a_hint_wakes_it_at_once(committed: Cast) -> None:
    ear = Ear()
    with running(ear, every=3600.0):
        message = post(committed, "nurse", "おはようございます")
        assert ear.wait_for(1)
        withdraw_communication(committed["nurse"], message, reason="取り消します")
        assert ear.wait_for(2)
    assert ear.heard[0] == ear.heard[1]
    assert ear.heard[0][0] == committed.group


def test_it_finds_by_itself_what_no_hint_told(committed: Cast, monkeypatch) -> None:
    ear = Ear()
    with running(ear, every=0.05):
        monkeypatch.setattr(bus, "_bus", bus.LocalBus())  # as if another process had posted
        post(committed, "nurse", "別のところから")
        assert ear.wait_for(1)


def test_it_asks_nothing_more_while_nothing_happens(committed: Cast, monkeypatch) -> None:
    ear = Ear()
    looks = []
    counted = following._length_of_all_logs
    monkeypatch.setattr(following, "_length_of_all_logs", lambda: looks.append(1) or counted())
    follow = ear.follow
    turns = []
    ear.follow = lambda *groups: turns.append(1) or follow(*groups)
    turns.clear()
    with Following(ear, every=0.01):
        bell = threading.Event()
        for _ in range(2000):
            if len(looks) > 5:
                break
            bell.wait(0.01)
    connections.close_all()
    assert len(looks) > 5
    assert len(turns) == 1
