"""``GET /live``: one server-sent event stream for all groups of whoever asks.

``after=<group>:<number>``, repeatable, asks for what was said in a group after that
message; ``Last-Event-ID`` counts as one more. Nothing of what a request says is ever logged.
"""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

from renkei.kernel import trace
from renkei.kernel.bus import Bus
from renkei.kernel.wsgi_request import MOST_HEADERS, Message, Receive, Refused, Scope, Send
from renkei.live.backend import Backend, Listener
from renkei.live.hub import Hub
from renkei.live.stream import Stream, body

log = logging.getLogger(__name__)

MOST_POSITIONS: Final = 1000
HINTS: Final = {405: [(b"allow", b"GET")], 503: [(b"retry-after", b"2")]}
RETRY: Final = body(b"retry: 2000\n\n")
HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
)


class Live:
    """The stream server as an ASGI application."""

    def __init__(self, backend: Backend, bus: Bus) -> None:
        self.hub = Hub(backend, bus)

    def start(self) -> None:
        """Begin to listen to the bus; the first request does it if nobody else did."""
        self.hub.start()

    async def stop(self) -> None:
        """End all streams with a goodbye and take no new ones."""
        await self.hub.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        try:
            stream = await self._open(scope, send)
        except Refused as refused:
            _log(refused.status, began)
            return await _refuse(send, refused.status)
        _lighten(scope)
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            if not stream.ended:
                raise
        finally:
            self.hub.leave(stream)
            _log(200, began)

    async def _open(self, scope: Scope, send: Send) -> Stream:
        """Admit whoever asks and begin the stream, or refuse."""
        if scope["method"] != "GET":
            raise Refused(405)
        if len(scope["headers"]) > MOST_HEADERS:
            raise Refused(431)
        wanted = _wanted(scope)
        if self.hub.stopping:
            raise Refused(503)
        self.start()
        cookie = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
        changes = self.hub.standing.changes
        listener = await self._admit(cookie)
        await send(_start())
        stream = Stream(send, cookie, asyncio.current_task())
        self.hub.enter(stream, listener)
        await self._greet(stream, changes, wanted)
        return stream

    async def _admit(self, cookie: bytes) -> Listener:
        try:
            listener = await self.hub.standing.admit(cookie)
        except Exception as error:
            log.warning("Nobody can be admitted: %s", type(error).__name__)
            raise Refused(503) from None
        if listener is None:
            raise Refused(401)
        return listener

    async def _greet(self, stream: Stream, changes: int, wanted: dict[UUID, int]) -> None:
        """Begin the stream, asking once more if a standing changed while it was admitted."""
        try:
            stream.write(RETRY)
            if self.hub.stopping:
                self.hub.end(stream, "stop")
            if self.hub.standing.changes != changes:
                stream.holds += 1
                await self.hub.standing.ask(stream)
            if not stream.ended:
                await self.hub.greet(stream, wanted)
        except Exception as error:
            log.warning("A stream could not begin: %s", type(error).__name__)
            stream.end(body(b""))
        except asyncio.CancelledError:
            self.hub.leave(stream)
            raise


def _start() -> Message:
    """The head of a stream, with the id of the request that opened it."""
    ident = (trace.HEADER.lower().encode(), trace.current().encode())
    return {"type": "http.response.start", "status": 200, "headers": [*HEADERS, ident]}


def _log(status: int, began: float) -> None:
    """One line for a stream that has ended or was refused: how it went and how long it stood."""
    seconds = time.monotonic() - began
    facts: dict[str, object] = {"route": "live", "status": status, "s": round(seconds, 1)}
    log.info("stream", extra={"facts": facts})


def _lighten(scope: Scope) -> None:
    """Forget what the request said: it may stay open for hours, and there are many.

    The server still asks for the method with each piece that is sent.
    """
    if isinstance(scope["headers"], list):
        scope["headers"].clear()
    method = scope["method"]
    scope.clear()
    scope["method"] = method


async def _refuse(send: Send, status: int) -> None:
    start = [(b"content-length", b"0"), (b"cache-control", b"no-store"), *HINTS.get(status, [])]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": b""})


def _wanted(scope: Scope) -> dict[UUID, int]:
    """From where each group is to be replayed; refused if ``after`` makes no sense."""
    query = scope["query_string"].decode("latin-1")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_POSITIONS)
        wanted = dict(_position(value) for name, value in pairs if name == "after")
    except ValueError:
        raise Refused(400) from None
    for name, value in scope["headers"]:
        if name == b"last-event-id":
            with suppress(ValueError):
                group, seq = _position(value.decode("latin-1"))
                wanted[group] = max(seq, wanted.get(group, 0))
    return wanted


def _position(text: str) -> tuple[UUID, int]:
    group, _, seq = text.partition(":")
    if not (seq.isascii() and seq.isdigit() and len(seq) <= 15):
        raise ValueError("not a position")
    return UUID(group), int(seq)
