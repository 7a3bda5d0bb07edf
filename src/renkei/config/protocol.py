"""uvicorn's protocol, for which nothing a client does, or fails to do, lasts for ever.

The head of a request has a size and a time limit, few requests wait behind one another on a
connection, an answer that is not fetched is given up, and connections are counted at the door.
While a large body comes, the connection is lent to the thread that reads it.
"""

import asyncio
from typing import Any, Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from renkei.config.door import Door
from renkei.kernel import metrics
from renkei.kernel.wsgi_request import LARGEST_HEAD, Gone, Line

HEAD_SECONDS: Final = 20.0
FETCH_SECONDS: Final = 60.0
"""How long a client may leave lying what was written to it, about 64 KiB at a time."""
MOST_PIPELINED: Final = 16
FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class Flood(Exception):
    """Too many requests at once on one connection."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    __slots__ = (
        "_answering", "_door", "_head", "_inside", "_late", "_lent", "_unfetched", "_unread"
    )  # fmt: skip

    def __init__(self, door: Door, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._door = door
        self._answering: RequestResponseCycle | None = None
        self._inside = False
        self._head = 0
        self._late: asyncio.TimerHandle | None = None
        self._unfetched: asyncio.TimerHandle | None = None
        self._lent: Line | None = None
        self._unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = self.client[0] if self.client else None
        self._inside = self._door.connect(address, len(self.connections) - 1)
        if not self._inside:
            metrics.TURNED_AWAY.labels("many connections").inc()
            transport.write(FULL)
            transport.close()
            return
        metrics.CONNECTIONS.inc()
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self._unread and not (data := self._pass_over(data)):
            return
        in_head = self._head >= 0
        if in_head:
            self._head += len(data)
            if self._late is None:
                self._await_head()
        super().data_received(data)
        if in_head and self._head > LARGEST_HEAD and not self.transport.is_closing():
            metrics.TURNED_AWAY.labels("large head").inc()
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MOST_PIPELINED:
            metrics.TURNED_AWAY.labels("pipelined").inc()
            self._abort()
            raise Flood
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head = -1
        self._hurry_no_more()
        cast(Any, self.scope)["connection"] = self
        super().on_headers_complete()
        if self._door.stopping:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """What comes at once is passed on as it came; only what comes after it is added to it."""
        cycle = cast(Any, self.cycle)
        if not cycle.body:
            cycle.body = b""
        elif type(cycle.body) is bytes:
            cycle.body = bytearray(cycle.body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hurry_no_more()
        self._fetched()
        if self._inside:
            self._inside = False
            self._door.disconnect(self.client[0] if self.client else None)
            metrics.CONNECTIONS.dec()
        if self._lent is not None:
            self._lent.hang_up()
        self._forget_answering()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._fetched()
        self._unfetched = self.loop.call_later(FETCH_SECONDS, self._give_up)

    def resume_writing(self) -> None:
        self._fetched()
        super().resume_writing()

    def shutdown(self) -> None:
        """Close once what was begun is answered; a request whose head is coming is begun."""
        idle = self.cycle is None or self.cycle.response_complete
        if not (idle and self._head > 0):
            super().shutdown()

    def lend(self) -> Line:
        """The connection itself: a thread reads the rest of a body from it, and nothing else does.

        Asked for by whoever has just received what had come of that body, and not all of it.

        Raises:
            Gone: the client is not there any more.
        """
        if self.transport.is_closing():
            raise Gone
        self.flow.pause_reading()
        self._lent = Line(self.transport.get_extra_info("socket").fileno())
        return self._lent

    def take_back(self, unread: int) -> None:
        """Go on reading here, at the next request: behind so much of the body that nobody read."""
        self._lent = None
        if self.parser is not None:
            self._unread = unread
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as the first was
            self.on_message_complete()

    def _pass_over(self, data: bytes) -> bytes:
        """What follows on the body that nobody read."""
        rest = data[self._unread :]
        self._unread = max(0, self._unread - len(data))
        return rest

    def _await_head(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _hurry_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        self._late = None
        if not self.transport.is_closing():
            metrics.TURNED_AWAY.labels("slow head").inc()
            self.transport.close()

    def _fetched(self) -> None:
        if self._unfetched is not None:
            self._unfetched.cancel()
            self._unfetched = None

    def _give_up(self) -> None:
        self._unfetched = None
        metrics.TURNED_AWAY.labels("not fetched").inc()
        self._abort()

    def _abort(self) -> None:
        """End the connection now; what still answers on it answers into the void."""
        self._forget_answering()
        self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _forget_answering(self) -> None:
        """Tell the answer under way, which need not be that to the last request."""
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()
