"""An ASGI request as WSGI wants it: the environ, and the body as a file."""

import asyncio
import io
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from functools import lru_cache
from time import monotonic
from typing import Any, Final, Protocol
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Environ = dict[str, Any]
WSGIApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

PIECE: Final = 64 * 1024
SMALL: Final = 256 * 1024
"""What is read whole before a thread is taken: more than the longest message, percent-encoded."""
LARGEST_BODY: Final = 20_000_000
LARGEST_HEAD: Final = 32 * 1024
STALL_SECONDS: Final = 60.0
PIECE_SECONDS: Final = 15.0
"""How long 64 KiB may take while a thread waits for them: a phone with a bar of reception."""
MOST_HEADERS: Final = 100
UPLOAD_SECONDS: Final = 180.0
"""How long a large upload may hold its thread, however steadily it trickles."""


class Gone(OSError):
    """The client went away, or does not go on."""


class Refused(Exception):
    """The request is answered with a bare status and does not reach the application."""

    def __init__(self, status: int) -> None:
        self.status = status


class Line:
    """A connection lent to a thread, which alone reads from it; anybody may hang up."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._closing = threading.Lock()

    def receive(self, room: memoryview, seconds: float) -> int:
        """Fill the beginning of the room with what is there, or comes within that time; how much.

        Raises:
            Gone: nothing came, or nothing comes any more.
        """
        try:
            self._socket.settimeout(max(0.001, seconds))
            size = self._socket.recv_into(room)
        except OSError:
            raise Gone from None
        if not size:
            raise Gone
        return size

    def hang_up(self) -> None:
        """End the connection; whoever waits for it hears of it at once."""
        with self._closing, suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Read no more; the connection stays."""
        with self._closing:
            self._socket.close()


class Connection(Protocol):
    """What a request came in on: ``scope["connection"]``."""

    def lend(self) -> Line:
        """Where the rest of the body comes, for a thread to read it; nobody else reads there."""

    def take_back(self, unread: int) -> None:
        """What was lent; behind so many bytes of the body that nobody read is the next request."""


class Upload:
    """The body of a request."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._rest: _Rest | None = None
        self.complete = False

    async def begin(self, environ: Environ) -> io.BufferedIOBase:
        """Read what is small; of what is large, read its beginning."""
        length = environ.get("CONTENT_LENGTH", "")
        if not length and "HTTP_TRANSFER_ENCODING" not in environ:
            self.complete = True
            return io.BytesIO()
        if length and not (length.isascii() and length.isdigit()):
            raise Refused(400)
        if int(length or 0) > LARGEST_BODY:
            raise Refused(413)
        try:
            first = await self._beginning(SMALL if int(length or 0) <= SMALL else PIECE)
        except TimeoutError:
            raise Refused(408) from None
        if self.complete:
            environ["CONTENT_LENGTH"] = str(len(first))
            return io.BytesIO(first)
        if not length or "HTTP_TRANSFER_ENCODING" in environ:
            raise Refused(411)
        connection: Connection = self._scope["connection"]
        self._rest = _Rest(first, int(length) - len(first), connection.lend())
        return io.BufferedReader(self._rest, PIECE)

    async def _beginning(self, enough: int) -> bytes:
        beginning = b""
        async with asyncio.timeout(STALL_SECONDS):
            while not self.complete and len(beginning) < enough:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                beginning += message.get("body", b"")
                self.complete = not message.get("more_body", False)
        return beginning

    def hurry(self) -> None:
        """From now on a thread waits: the rest has to be here in time."""
        if self._rest is not None:
            self._rest.until = monotonic() + UPLOAD_SECONDS

    def close(self) -> None:
        """In the thread: it reads no more."""
        if self._rest is not None:
            self._rest.pass_over()
            self._rest.close()

    def end(self) -> None:
        """The thread reads no more: the connection is there for the next request."""
        if self._rest is not None:
            self._rest.close()
            self._scope["connection"].take_back(self._rest.left)
            self._rest = None
            self.complete = True

    def abandon(self) -> None:
        """If a thread still reads: the client is gone."""
        if self._rest is not None:
            self._rest.line.hang_up()


class _Rest(io.RawIOBase):
    """A large upload as a file: reading waits, in the thread, for the client."""

    def __init__(self, first: bytes, left: int, line: Line) -> None:
        self._first = memoryview(first)
        self._patience = PIECE_SECONDS
        self._awaited = PIECE
        self.line = line
        self.left = left
        self.until = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), len(self._first) or self.left)
        if self._first:
            buffer[:size] = self._first[:size]
            self._first = self._first[size:]
        elif size:
            size = self._receive(memoryview(buffer)[:size])
        return size

    def _receive(self, room: memoryview) -> int:
        """What is there, or comes next; each 64 KiB have their time, and the whole."""
        began = monotonic()
        seconds = min(self._patience, self.until - began)
        if seconds <= 0:
            raise Gone
        size = self.line.receive(room, seconds)
        self.left -= size
        self._awaited -= size
        self._patience -= monotonic() - began
        if self._awaited <= 0:
            self._awaited, self._patience = PIECE, PIECE_SECONDS
        return size

    def pass_over(self) -> None:
        """Take away what has come and nobody reads: closed on it, a line loses the answer."""
        room = memoryview(bytearray(PIECE))
        with suppress(Gone):
            while self.left and not self.closed:
                came = self.line.receive(room[: self.left], 0)
                self.left -= came
                if came < PIECE:
                    return

    def close(self) -> None:
        self.line.close()
        super().close()


@lru_cache(512)
def _key(name: bytes) -> str:
    """The environ's name for a header; empty for one that could pose as another."""
    if b"_" in name:
        return ""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def make_environ(scope: Scope) -> Environ:
    """The request as WSGI wants it; refused if its head is too large."""
    root = scope.get("root_path", "")
    raw = scope.get("raw_path") or scope["path"].encode()
    server, client = scope.get("server") or ("", None), scope.get("client") or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root.encode().decode("latin-1"),
        "PATH_INFO": unquote_to_bytes(raw).decode("latin-1").removeprefix(root),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or ""),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": _FileWrapper,
    }
    room = LARGEST_HEAD - len(raw) - len(scope["query_string"])
    if len(scope["headers"]) > MOST_HEADERS or _add_headers(environ, scope["headers"]) > room:
        raise Refused(431)
    return environ


def _add_headers(environ: Environ, headers: Headers) -> int:
    """Add the headers, those sent several times joined into one; return their size."""
    size = 0
    for name, value in headers:
        size += len(name) + len(value) + 4
        key = _key(name)
        if key in environ:
            mark = "; " if key == "HTTP_COOKIE" else ","
            environ[key] += mark + value.decode("latin-1")
        elif key:
            environ[key] = value.decode("latin-1")
    return size


class _FileWrapper(FileWrapper):
    """Sends files in pieces of 64 KiB, whatever size the application would choose."""

    def __init__(self, filelike: Any, _size: int = PIECE) -> None:
        super().__init__(filelike, PIECE)
