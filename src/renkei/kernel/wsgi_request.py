"""An ASGI request as WSGI wants it: the environ, and the body as a file."""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import Future
from functools import lru_cache
from typing import Any, Final
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
"""What is read before a thread is taken: more than the longest message, percent-encoded."""
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


class Upload:
    """The body of a request."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._until = 0.0
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
            first = await self.piece(SMALL)
        except TimeoutError:
            raise Refused(408) from None
        if self.complete:
            environ["CONTENT_LENGTH"] = str(len(first))
            return io.BytesIO(first)
        if not length:
            raise Refused(411)
        return io.BufferedReader(_Input(self, first), PIECE)

    def hurry(self) -> None:
        """From now on a thread waits: the rest has to be here in time."""
        self._until = asyncio.get_running_loop().time() + UPLOAD_SECONDS

    async def piece(self, size: int = PIECE) -> bytes:
        """The next 64 KiB, or what is left; TimeoutError if that takes too long."""
        piece = b""
        patience = PIECE_SECONDS if self._until else STALL_SECONDS
        until = asyncio.get_running_loop().time() + patience
        async with asyncio.timeout_at(min(until, self._until or until)):
            while not self.complete and len(piece) < size:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                piece += message.get("body", b"")
                self.complete = not message.get("more_body", False)
        return piece


class _Input(io.RawIOBase):
    """A large upload as a file: reading waits, in the thread, for the client."""

    def __init__(self, upload: Upload, first: bytes) -> None:
        self._upload = upload
        self._rest = memoryview(first)
        self._coming: Future[bytes] | None = None
        self._loop = asyncio.get_running_loop()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            coming, self._coming = self._coming or self._next(), None
            if coming is None:
                return 0
            try:
                self._rest = memoryview(coming.result())
            except TimeoutError:
                raise Gone from None
            self._coming = self._next()
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def _next(self) -> "Future[bytes] | None":
        """The piece after this one, which comes while this one is worked on."""
        if self._upload.complete:
            return None
        return asyncio.run_coroutine_threadsafe(self._upload.piece(), self._loop)


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
