"""One open stream: writing to it, and what happens when it cannot keep up."""

import asyncio
import time
from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from renkei.kernel.wsgi_bridge import abort
from renkei.kernel.wsgi_request import Message, Send

if TYPE_CHECKING:
    from renkei.live.room import Room

MOST_EVENTS: Final = 256
MOST_BYTES: Final = 1024 * 1024

FREE, WAITING, ASKING = range(3)
"""Whether a stream may hear, waits to be asked about, or is being asked about."""


def body(data: bytes) -> Message:
    """A piece of a stream; one object serves all streams it is written to."""
    return {"type": "http.response.body", "body": data, "more_body": True}


def event(kind: str, data: object, ident: str = "") -> Message:
    """A server-sent event whose data is one line of JSON."""
    head = f"event: {kind}\nid: {ident}\n" if ident else f"event: {kind}\n"
    line = orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)
    return body(b"".join((head.encode(), b"data: ", line, b"\n\n")))


def entry_event(kind: str, group: UUID, seq: int, html: str) -> Message:
    """A message, or one that has changed; only the former moves ``Last-Event-ID`` on."""
    ident = f"{group}:{seq}" if kind == "message" else ""
    return event(kind, {"group": group, "seq": seq, "html": html}, ident)


class _Rest:
    """The rest of a ``send`` that could not finish at once, for a task to await."""

    __slots__ = ("_step", "_waiting")

    def __init__(self, waiting: Any, step: Generator[Any, Any, None]) -> None:
        self._waiting = waiting
        self._step = step

    def __await__(self) -> Generator[Any, Any, None]:
        yield self._waiting
        yield from self._step


class Backlog:
    """What a stream that cannot keep up has still to be sent."""

    __slots__ = ("_bytes", "_events", "since", "task")

    def __init__(self) -> None:
        self._events: deque[Message] = deque()
        self._bytes = 0
        self.since = time.monotonic()
        self.task: asyncio.Task[None] | None = None

    def add(self, message: Message) -> bool:
        """Keep ``message`` for later; False if that is more than we keep for anyone."""
        self._events.append(message)
        self._bytes += len(message["body"])
        return len(self._events) <= MOST_EVENTS and self._bytes <= MOST_BYTES

    def next(self) -> Message | None:
        """The oldest message; having got rid of one starts the patience anew."""
        if not self._events:
            return None
        message = self._events.popleft()
        self._bytes -= len(message["body"])
        self.since = time.monotonic()
        return message

    def clear(self) -> None:
        self._events.clear()


class Stream:
    """One open page, as the hub knows it.

    Nothing here waits: a write either goes to the server's buffer or, once that is
    full, into a bounded backlog that a task of its own empties. Idle streams have
    neither task nor backlog.
    """

    __slots__ = (
        "account",
        "backlog",
        "band",
        "cookie",
        "ended",
        "held",
        "holds",
        "rendering",
        "rooms",
        "send",
        "session",
        "task",
        "until",
    )

    def __init__(self, send: Send, cookie: bytes, task: "asyncio.Task[Any] | None") -> None:
        self.send = send
        self.cookie = cookie
        self.task = task
        self.session = ""
        self.account: UUID | None = None
        self.rendering = ""
        self.band = ""
        self.until = 0.0
        self.rooms: list[Room] = []
        self.held = FREE
        self.holds = 0
        self.backlog: Backlog | None = None
        self.ended = False

    def write(self, message: Message) -> None:
        """Send ``message`` after all earlier ones, or cut the stream if it is too slow."""
        if self.ended:
            return
        if self.backlog is None:
            self._start(message)
        elif not self.backlog.add(message):
            self.cut()

    def end(self, last: Message) -> None:
        """Say one last thing and end; a stream that cannot keep up is cut instead."""
        if self.ended:
            return
        if self.backlog is None:
            self._start({**last, "more_body": False})
        if self.backlog is not None:
            self.cut()
        self.ended = True

    def cut(self) -> None:
        """End without a word and without waiting for the client."""
        if self.ended:
            return
        self.ended = True
        if self.backlog is not None:
            self.backlog.clear()
        if abort(self.send):
            return
        for task in (self.backlog.task if self.backlog else None, self.task):
            if task is not None and task is not asyncio.current_task():
                task.cancel()

    async def drained(self) -> None:
        """Wait until nothing is left to be sent."""
        while self.backlog is not None and self.backlog.task is not None and not self.ended:
            await asyncio.wait([self.backlog.task])

    def _start(self, message: Message) -> None:
        """Send at once; only if the server makes us wait, let a task do the waiting."""
        step = self.send(message).__await__()
        try:
            waiting = next(step)
        except StopIteration:
            return
        except Exception:
            self.cut()
            return
        self.backlog = backlog = Backlog()
        backlog.task = asyncio.get_running_loop().create_task(
            self._drain(backlog, _Rest(waiting, step))
        )

    async def _drain(self, backlog: Backlog, rest: _Rest) -> None:
        try:
            await rest
            while message := backlog.next():
                await self.send(message)
        except Exception:
            self.cut()
        finally:
            self.backlog = None
