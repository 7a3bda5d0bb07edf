"""A bare HTTP client: prepared requests over kept connections, so that it costs little itself."""

import asyncio
import time
from collections.abc import Callable, Iterable

Request = Callable[[], bytes]


def get(path: str, cookie: str, accept: str = "text/html") -> bytes:
    """A GET request."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nAccept: {accept}\r\n\r\n"
    ).encode()


def post(path: str, cookie: str, csrf: str, body: bytes, kind: str = "json") -> bytes:
    """A POST request as the page's script sends it; of another ``kind`` as a form does."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nX-CSRFToken: {csrf}\r\n"
        f"Accept: application/json\r\nContent-Type: application/{kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    length, chunked = 0, False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
        chunked = chunked or line == b"transfer-encoding: chunked"
    if not chunked:
        return status, await reader.readexactly(length)
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return status, body


async def run(
    port: int, requests: Iterable[Callable[[], bytes]], *, concurrency: int, expect: int
) -> list[float]:
    """Send every request once over ``concurrency`` connections; the seconds each took."""
    pending = iter(requests)
    took: list[float] = []

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        for make in pending:
            began = time.perf_counter()
            writer.write(make())
            status, body = await answer(reader)
            took.append(time.perf_counter() - began)
            if status != expect:
                raise RuntimeError(f"{status} instead of {expect}: {body[:300]!r}")
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(concurrency)))
    return took
