"""Hints after a commit: "look, something changed here".

A hint carries no content and decides nothing; the database is the truth. Whoever
listens reads for itself, and looks now and then without having heard anything, so
a lost hint costs a second and never a message.
"""

import atexit
import logging
import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, Literal, NamedTuple, Protocol, cast, get_args
from uuid import UUID

import redis

log = logging.getLogger(__name__)

Kind = Literal["log", "changed", "read", "standing"]
KINDS: Final = frozenset(get_args(Kind))


class Hint(NamedTuple):
    """What may be worth looking at.

    ``log``: the group's log has grown to ``seq``. ``changed``: message ``seq`` of the
    group was corrected, withdrawn or acknowledged. ``read``: ``account`` has read the
    group up to ``seq``. ``standing``: who may hear may have changed, for the group, for
    the account, or, if neither is given, for everybody.
    """

    kind: Kind
    group: UUID | None = None
    seq: int = 0
    account: UUID | None = None


Callback = Callable[[Hint], None]
Unsubscribe = Callable[[], None]


class Bus(Protocol):
    """Anything that carries hints."""

    def publish(self, hint: Hint) -> None:
        """Tell all subscribers, from any thread; never raises and never waits for a network."""

    def subscribe(self, callback: Callback) -> Unsubscribe:
        """Call ``callback`` with each hint, in some thread, until what is returned is called."""

    def close(self) -> None:
        """Send what was published and stop; publishing afterwards does nothing."""


class LocalBus:
    """Carries hints inside this process, in the thread that publishes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: tuple[Callback, ...] = ()

    def publish(self, hint: Hint) -> None:
        for callback in self._callbacks:
            try:
                callback(hint)
            except Exception as error:
                log.warning("A listener failed on a hint: %s", type(error).__name__)

    def subscribe(self, callback: Callback) -> Unsubscribe:
        with self._lock:
            self._callbacks = (*self._callbacks, callback)
        return partial(self._unsubscribe, callback)

    def close(self) -> None:
        with self._lock:
            self._callbacks = ()

    def _unsubscribe(self, callback: Callback) -> None:
        with self._lock:
            self._callbacks = tuple(known for known in self._callbacks if known != callback)


class RedisBus:
    """Carries hints between processes through Redis.

    Publishing only puts the hint into a queue; one thread sends, in batches. Another
    thread listens once there is a subscriber. Both come back by themselves when Redis
    does. Hints made while Redis is away are dropped.
    """

    QUEUE: Final = 10_000
    BATCH: Final = 100
    PAUSE: Final = 0.5

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=2, socket_connect_timeout=2, health_check_interval=30
        )
        database = self._redis.connection_pool.connection_kwargs.get("db", 0)
        self._channel = f"renkei:hints:{database}"
        self._local = LocalBus()
        self._queue: queue.Queue[Hint | None] = queue.Queue(self.QUEUE)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._listening = threading.Event()
        self._sender: threading.Thread | None = None
        self._listener: threading.Thread | None = None

    def publish(self, hint: Hint) -> None:
        if self._closed.is_set():
            return
        try:
            if self._sender is None:
                self._start_sender()
            self._queue.put_nowait(hint)
        except Exception as error:
            log.warning("A hint was dropped: %s", type(error).__name__)

    def subscribe(self, callback: Callback) -> Unsubscribe:
        unsubscribe = self._local.subscribe(callback)
        with self._lock:
            if self._listener is None and not self._closed.is_set():
                self._listener = self._thread(self._listen, "bus-listen")
        return unsubscribe

    def wait_until_listening(self, timeout: float) -> bool:
        """Wait for the subscription to stand; False if it does not within ``timeout`` seconds."""
        return self._listening.wait(timeout)

    def close(self) -> None:
        self._closed.set()
        if self._sender is not None:
            with suppress(queue.Full):
                self._queue.put_nowait(None)
            self._sender.join(3)
        if self._listener is not None:
            self._listener.join(2)
        self._local.close()
        self._redis.close()

    def _start_sender(self) -> None:
        with self._lock:
            if self._sender is None:
                self._sender = self._thread(self._send, "bus-send")

    def _thread(self, target: Callable[[], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread

    def _send(self) -> None:
        while batch := self._batch():
            try:
                pipe = self._redis.pipeline(transaction=False)
                for hint in batch:
                    pipe.publish(self._channel, _encode(hint))
                pipe.execute()
            except Exception as error:
                log.warning("%d hints were dropped: %s", len(batch), type(error).__name__)
                self._closed.wait(self.PAUSE)

    def _batch(self) -> list[Hint]:
        """Wait for a hint and take all that wait with it; empty once closed."""
        batch = []
        hint = self._queue.get()
        while hint is not None:
            batch.append(hint)
            if len(batch) >= self.BATCH:
                break
            try:
                hint = self._queue.get_nowait()
            except queue.Empty:
                break
        if hint is None and batch:
            self._queue.put(None)
        return batch

    def _listen(self) -> None:
        while not self._closed.is_set():
            channel = self._redis.pubsub()  # type: ignore[no-untyped-call]
            try:
                channel.subscribe(self._channel)
                while not self._closed.is_set():
                    self._hear(channel.get_message(timeout=0.5))
            except Exception as error:
                log.warning("The bus is deaf for the moment: %s", type(error).__name__)
                self._closed.wait(self.PAUSE)
            finally:
                self._listening.clear()
                with suppress(Exception):
                    channel.close()

    def _hear(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        if message["type"] == "subscribe":
            self._listening.set()
        elif message["type"] == "message":
            hint = _decode(message["data"])
            if hint is not None:
                self._local.publish(hint)


def _encode(hint: Hint) -> bytes:
    group = hint.group.hex if hint.group else ""
    account = hint.account.hex if hint.account else ""
    return f"{hint.kind} {group} {hint.seq} {account}".encode()


def _decode(data: bytes) -> Hint | None:
    """The hint in ``data``; None, with a line in the log, if there is none."""
    try:
        kind, group, seq, account = data.decode().split(" ")
        if kind not in KINDS:
            raise ValueError(kind)
        return Hint(
            cast(Kind, kind),
            UUID(group) if group else None,
            int(seq),
            UUID(account) if account else None,
        )
    except ValueError:
        log.warning("Something on the bus was not a hint")
        return None


_lock = threading.Lock()
_bus: Bus | None = None


def bus() -> Bus:
    """This process's bus: through Redis if ``REDIS_URL`` is set, else inside the process."""
    global _bus
    if _bus is None:
        with _lock:
            if _bus is None:
                url = os.environ.get("REDIS_URL", "")
                _bus = RedisBus(url) if url else LocalBus()
    return _bus


def close() -> None:
    """Send what waits and forget the process's bus; the next ``bus()`` makes a new one."""
    global _bus
    with _lock:
        last, _bus = _bus, None
    if last is not None:
        last.close()


def _forget() -> None:
    """After a fork the child has none of its parent's threads: let it make its own bus."""
    global _bus, _lock
    _bus, _lock = None, threading.Lock()


atexit.register(close)
os.register_at_fork(after_in_child=_forget)
