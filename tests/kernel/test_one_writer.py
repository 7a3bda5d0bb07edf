"""Writers wait in line; where another process holds SQLite's write lock, nobody waits for ever."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import OperationalError, connections

from renkei.communication.models import Communication
from renkei.communication.services import send_communication
from renkei.kernel import clock, database
from renkei.people import idle
from renkei.people.models import Session
from tests.cast import Cast

pytestmark = pytest.mark.skipif(
    database.on_postgresql(), reason="PostgreSQL lets many write at a time"
)
PEOPLE = 12
PATIENCE = 0.6  # seconds, where an office has 20


@pytest.fixture
def holder(committed: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """Another process, as far as SQLite can tell, that may hold the lock."""
    monkeypatch.setattr(database, "LONGEST", PATIENCE)
    monkeypatch.setattr(database, "_brief_until", 0.0)
    monkeypatch.setitem(connections.settings["default"]["OPTIONS"], "timeout", PATIENCE)
    connections.close_all()
    other = sqlite3.connect(
        settings.DATA / "renkei.db", isolation_level=None, check_same_thread=False
    )
    yield other
    other.close()


def post(cast: Cast, key: UUID) -> float:
    """Say something; the seconds it took, below zero if it could not be."""
    began = time.monotonic()
    try:
        send_communication(cast["nurse"], cast.group, text="訪問しました", key=key, confirmed=True)
    except OperationalError:
        return began - time.monotonic()
    return time.monotonic() - began


def test_only_the_first_of_many_waits_in_vain_for_another_process(
    committed: Cast, holder: sqlite3.Connection
) -> None:
    """They come one after another, as on the thread for short writes."""
    keys = [uuid4() for _ in range(PEOPLE)]
    holder.execute("BEGIN IMMEDIATE")
    took = [post(committed, key) for key in keys]
    holder.execute("ROLLBACK")
    assert max(took) < 0
    assert -took[0] >= PATIENCE
    assert -sum(took[1:]) < (PEOPLE - 1) * PATIENCE / 2
    for _ in range(2):
        assert min(post(committed, key) for key in keys) > 0
    written = Communication.objects.filter(idempotency_key__in=keys)
    assert written.count() == PEOPLE


def test_only_the_first_of_many_waits_in_vain_for_somebody_here(
    committed: Cast,
    holder: sqlite3.Connection,
    at_once: Callable[..., list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "STUCK", 0.1)
    begun, done = Event(), Event()

    def long() -> None:
        with database.one_writer():
            begun.set()
            done.wait(20)

    def posts() -> list[float]:
        begun.wait(20)
        try:
            return [post(committed, uuid4()) for _ in range(PEOPLE)]
        finally:
            done.set()

    _, took = at_once(long, posts)
    assert max(took) < 0
    assert -took[0] >= PATIENCE
    assert -sum(took[1:]) < (PEOPLE - 1) * PATIENCE / 2
    assert post(committed, uuid4()) > 0


def test_who_reads_does_not_wait_until_it_can_be_noted_that_they_are_there(
    committed: Cast, holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is made; that its session lasts on is written with the next one as well."""
    monkeypatch.setattr(database, "LONGEST", 20 * PATIENCE)
    monkeypatch.setattr(idle, "PATIENCE", PATIENCE)
    session = committed["nurse"].session
    before = Session.objects.get(pk=session).last_seen_at
    monkeypatch.setattr(clock, "now", lambda: before + timedelta(minutes=2))
    idle.forget_everything()
    connections.settings["default"]["OPTIONS"]["timeout"] = 20 * PATIENCE
    connections.close_all()
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(OperationalError):
        idle.move_on(session, address=None)
    assert time.monotonic() - began < 10 * PATIENCE
    holder.execute("ROLLBACK")
    assert idle.is_due(session)
    idle.move_on(session, address=None)
    assert Session.objects.get(pk=session).last_seen_at > before


def test_who_gets_in_lets_the_next_wait_as_long_as_ever(
    committed: Cast, holder: sqlite3.Connection, at_once: Callable[..., list[Any]]
) -> None:
    holder.execute("BEGIN IMMEDIATE")
    assert post(committed, uuid4()) < 0
    holder.execute("ROLLBACK")
    assert post(committed, uuid4()) > 0
    holder.execute("BEGIN IMMEDIATE")

    def let_go() -> None:
        time.sleep(PATIENCE / 2)
        holder.execute("ROLLBACK")

    took, _ = at_once(lambda: post(committed, uuid4()), let_go)
    assert took > PATIENCE / 4
