"""Hints travel from whoever commits to whoever listens."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from renkei.kernel import bus as bus_module
from renkei.kernel.bus import Hint, LocalBus, RedisBus


def redis_answers() -> bool:
    try:
        with socket.create_connection(("127.0.0.1", 6379), timeout=0.2) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


needs_redis = pytest.mark.skipif(not redis_answers(), reason="no Redis on 127.0.0.1:6379")
# a channel of its own for each test process: channels carry the number of the database
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
URL = f"redis://127.0.0.1:6379/{15 - WORKER % 4}"
HINTS = [
    Hint("log", uuid4(), 3),
    Hint("changed", uuid4(), 2),
    Hint("read", uuid4(), 1, uuid4()),
    Hint("standing", None, 0, uuid4()),
    Hint("standing"),
]


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(bus_module, "_bus", None)
    yield
    bus_module.close()


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_every_listener_hears_and_none_after_unsubscribing() -> None:
    bus = LocalBus()
    one: list[Hint] = []
    two: list[Hint] = []
    stop = bus.subscribe(one.append)
    bus.subscribe(two.append)
    bus.publish(HINTS[0])
    stop()
    bus.publish(HINTS[1])
    assert one == HINTS[:1]
    assert two == HINTS[:2]


def test_a_listener_that_fails_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Hint) -> None:
        raise ValueError("secret words")

    bus = LocalBus()
    heard: list[Hint] = []
    bus.subscribe(fail)
    bus.subscribe(heard.append)
    bus.publish(HINTS[0])
    assert heard == HINTS[:1]
    assert "ValueError" in caplog.text
    assert "secret words" not in caplog.text


def test_a_hint_survives_being_written_down() -> None:
    for hint in HINTS:
        assert bus_module._decode(bus_module._encode(hint)) == hint
    for nonsense in (b"", b"log", b"\xff", b"log x 1 ", b"shout  1 ", b"log  one "):
        assert bus_module._decode(nonsense) is None


def test_one_process_has_one_bus(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    bus = bus_module.bus()
    assert isinstance(bus, LocalBus)
    assert bus_module.bus() is bus
    bus_module.close()
    monkeypatch.setenv("REDIS_URL", URL)
    assert isinstance(bus_module.bus(), RedisBus)


def test_a_child_process_makes_its_own_bus(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    mine = bus_module.bus()
    child = os.fork()
    if child == 0:
        os._exit(0 if bus_module.bus() is not mine else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_publishing_never_waits_for_a_redis_that_is_away() -> None:
    bus = RedisBus("redis://127.0.0.1:1/0")
    bus.subscribe(lambda hint: None)
    began = time.monotonic()
    for _ in range(1000):
        bus.publish(HINTS[0])
    assert time.monotonic() - began < 5  # of a thousand; waiting for each would take longer
    bus.close()
    bus.publish(HINTS[0])


@needs_redis
def test_hints_cross_redis_from_many_threads() -> None:
    ours, theirs = RedisBus(URL), RedisBus(URL)
    heard: list[Hint] = []
    theirs.subscribe(heard.append)
    assert theirs.wait_until_listening(3)

    def publish_all() -> None:
        for hint in HINTS:
            ours.publish(hint)

    threads = [threading.Thread(target=publish_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wait_for(lambda: len(heard) == 40)
    assert set(heard) == set(HINTS)
    ours.close()
    theirs.close()


@needs_redis
def test_closing_sends_what_was_published_just_before() -> None:
    theirs = RedisBus(URL)
    heard: list[Hint] = []
    theirs.subscribe(heard.append)
    assert theirs.wait_until_listening(3)
    ours = RedisBus(URL)
    for hint in HINTS:
        ours.publish(hint)
    ours.close()
    assert wait_for(lambda: heard == HINTS)
    theirs.close()


@needs_redis
def test_nonsense_and_a_lost_connection_do_not_stop_the_listener() -> None:
    bus = RedisBus(URL)
    heard: list[Hint] = []
    bus.subscribe(heard.append)
    assert bus.wait_until_listening(3)
    bus._redis.publish(bus._channel, b"nonsense")
    for client in bus._redis.client_list(_type="pubsub"):
        if client["db"] == "15":
            bus._redis.client_kill_filter(_id=client["id"])
    bus.publish(HINTS[0])

    def heard_again() -> bool:
        bus.publish(HINTS[1])
        return HINTS[1] in heard

    assert wait_for(heard_again)
    bus.close()
