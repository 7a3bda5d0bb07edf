"""Runs a WSGI application under an ASGI server, on a fixed number of threads.

A thread is taken only when the request is there: small bodies are read before. Of a large one the
thread reads the rest, from the connection itself; streamed responses pass through in pieces. Each
side waits for the other, and a side that stalls too long is given up. Large uploads never hold more
than a quarter of the threads, and those from one place come one after another. However many one
place asks for at once, a thread is left for everybody else. Brief writes come one after another on
a thread of their own: the database lets one write at a time, threads that wait for the same lock
only wake each other, and a connection that others did not write behind keeps the pages it has read.
What a request says is never logged.
"""

import asyncio
import logging
import re
import threading
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from http import HTTPStatus
from itertools import chain
from typing import Any, Final

from renkei.kernel import metrics, trace
from renkei.kernel.crowd import Lane, Turns, place_of
from renkei.kernel.wsgi_request import (
    PIECE,
    STALL_SECONDS,
    Environ,
    Gone,
    Headers,
    Receive,
    Refused,
    Scope,
    Send,
    Upload,
    WSGIApp,
    make_environ,
)

log = logging.getLogger(__name__)

CLOSE: Final = (b"connection", b"close")


def abort(send: Send) -> bool:
    """End the connection behind ``send`` without waiting for the client, if the server lets us."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
    return transport is not None


class WSGIBridge:
    """An ASGI application that is the given WSGI application.

    Args:
        costly: the paths at which a POST is hard work, such as hashing a password: half of the
            threads at most do that, one place after another, and the others stay for everybody.
        brief: the paths at which a POST is a short write; None if they may run side by side.
    """

    def __init__(
        self,
        wsgi_app: WSGIApp,
        threads: int,
        costly: frozenset[str] = frozenset(),
        brief: re.Pattern[str] | None = None,
    ) -> None:
        self._app = wsgi_app
        self._costly = costly
        self._brief = brief
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="web")
        self._turns = Turns(max(1, threads - 1))  # one thread is left for everybody else
        self._for_large = Lane(max(1, threads // 4))
        self._for_costly = Lane(max(1, threads // 2))
        self._for_brief = Lane(1)
        self._pen = ThreadPoolExecutor(1, thread_name_prefix="pen")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        upload = Upload(scope, receive)
        try:
            environ = make_environ(scope)
            environ["wsgi.input"] = await upload.begin(environ)
        except Refused as refused:
            metrics.TURNED_AWAY.labels(HTTPStatus(refused.status).phrase.lower()).inc()
            return await answer(send, refused.status)
        except Gone:
            return
        place = place_of(environ["REMOTE_ADDR"])
        reply = partial(self._reply, environ, place, upload, receive, send)
        posted = environ["PATH_INFO"] if environ["REQUEST_METHOD"] == "POST" else ""
        if not upload.complete:
            lane = self._for_large
        elif posted in self._costly:
            lane = self._for_costly
        elif posted and self._brief and self._brief.fullmatch(posted):
            return await reply(self._for_brief, self._pen)
        else:
            return await reply(self._turns, self._pool)
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await lane.take(place)
        except TimeoutError:
            upload.end()
            return await answer(send, 503)
        try:
            upload.hurry()
            await reply(self._turns, self._pool)
        finally:
            lane.give(place)

    async def _reply(
        self,
        environ: Environ,
        place: str,
        upload: Upload,
        receive: Receive,
        send: Send,
        turns: Turns | Lane,
        threads: ThreadPoolExecutor,
    ) -> None:
        """Let the application answer; whoever is slow to fetch the answer keeps no turn."""
        await turns.take(place)
        reply = _Reply(send, environ["REQUEST_METHOD"], upload)
        try:
            try:
                threads.submit(copy_context().run, reply.run, self._app, environ)
                await reply.more.wait()
                upload.end()
                if not reply.whole:
                    reply.watch(receive)
                    await reply.forward()
            finally:
                turns.give(place)
            if reply.whole:
                await reply.forward()
        finally:
            reply.abandon()

    def close(self) -> None:
        """Finish what runs and take nothing more."""
        self._pool.shutdown(wait=True)
        self._pen.shutdown(wait=True)


class _Reply:
    """The way of a response from the thread that makes it to the loop that sends it.

    A response that is whole crosses over once. Another crosses in pieces: whatever has
    come together while the last piece was being sent, and never much more than 64 KiB.
    """

    def __init__(self, send: Send, method: str, upload: Upload) -> None:
        self.whole = False
        self.more = asyncio.Event()
        self._send = send
        self._method = method
        self._upload = upload
        self._loop = asyncio.get_running_loop()
        self._watcher: asyncio.Task[None] | None = None
        self._status = 0
        self._headers: Headers = []
        self._lock = threading.Condition()
        self._pieces: list[bytes] = []
        self._unsent = 0
        self._begun = self._ended = self._failed = self._gone = False

    # In the thread

    def run(self, app: WSGIApp, environ: Environ) -> None:
        """Call the application and hand over what it says; always ends the response."""
        if self._gone:
            return
        answer: Iterable[bytes] = ()
        try:
            answer = app(environ, self.start_response)
            self._produce(answer)
        except Gone:
            self._fail()
            self._call(abort, self._send)
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            name = type(error).__name__
            log.error("%s in %s line %s", name, where.filename, where.lineno)
            self._fail()
        finally:
            _close(answer)

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """What the application calls first; a second time only to report an error."""
        if exc_info and self._begun:
            raise exc_info[1].with_traceback(exc_info[2])
        if self._status and not exc_info:
            raise AssertionError("the response has already begun")
        self._status = int(status[:3])
        self._headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]
        return self._pieces.append

    def _produce(self, answer: Iterable[bytes]) -> None:
        if isinstance(answer, list | tuple) or getattr(answer, "streaming", None) is False:
            return self._hand_over_whole(b"".join(chain(self._pieces, answer)))
        rest = iter(answer)
        first = next((chunk for chunk in rest if chunk), b"")
        self._begin()
        first = b"".join((*self._pieces, first))
        if not first or (b"content-length", b"%d" % len(first)) in self._headers:
            return self._hand_over_whole(first)
        self._pieces = []
        for chunk in chain((first,), rest):
            self._put(chunk)
        self._put(b"", last=True)

    def _begin(self) -> None:
        if not self._status:
            raise AssertionError("the response has not begun")
        self._begun = True
        self._upload.close()

    def _hand_over_whole(self, body: bytes) -> None:
        self._begin()
        if self._status in (204, 304):
            self._headers = [pair for pair in self._headers if pair[0] != b"content-length"]
        elif self._method != "HEAD" and b"content-length" not in dict(self._headers):
            self._headers.append((b"content-length", b"%d" % len(body)))
        self._pieces = [body]
        self._ended = self.whole = True
        self._call(self.more.set)

    def _put(self, chunk: bytes, *, last: bool = False) -> None:
        """Add to what is to be sent, waiting while too much is."""
        with self._lock:
            while self._unsent >= PIECE and not self._gone:
                if not self._lock.wait(STALL_SECONDS):
                    self._gone = True
            if self._gone:
                raise Gone
            self._pieces.append(chunk)
            self._unsent += len(chunk)
            self._ended = last
        self._call(self.more.set)

    def _fail(self) -> None:
        self._failed = True
        self._call(self.more.set)

    def _call(self, function: Callable[..., object], *args: object) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *args)

    # On the loop

    async def forward(self) -> None:
        """Send the response; what fails after it has begun is left incomplete."""
        if self._failed and not self._begun:
            return await answer(self._send, 500)
        start = {"type": "http.response.start", "status": self._status, "headers": self._headers}
        await self._send(start)
        ended = False
        while not ended:
            await self.more.wait()
            self.more.clear()
            with self._lock:
                pieces, self._pieces, ended = self._pieces, [], self._ended
            if self._failed:
                return
            body = b"".join(pieces)
            if not body and not ended:
                continue
            await self._send({"type": "http.response.body", "body": body, "more_body": not ended})
            with self._lock:
                self._unsent -= len(body)
                self._lock.notify()

    def watch(self, receive: Receive) -> None:
        """Give up the response when the client goes away."""
        self._watcher = self._loop.create_task(self._watch(receive))

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._give_up()

    def abandon(self) -> None:
        """Nobody waits for the response any more."""
        if self._watcher is not None:
            self._watcher.cancel()
        self._upload.abandon()
        self._give_up()

    def _give_up(self) -> None:
        with self._lock:
            self._gone = True
            self._lock.notify()


def _close(answer: Iterable[bytes]) -> None:
    close = getattr(answer, "close", None)
    if close is not None:
        try:
            close()
        except Exception as error:
            log.error("%s while closing a response", type(error).__name__)


async def answer(send: Send, status: int) -> None:
    """A bare answer that says no more than its status; its connection ends with it."""
    body = HTTPStatus(status).phrase.encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body)), CLOSE]
    headers.append((trace.HEADER.lower().encode(), trace.current().encode()))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
