"""Uploads as a weapon: that trickle, that are huge once opened, that are no pictures."""

import asyncio
import struct
import threading
import time
import zlib
from contextlib import closing
from io import BytesIO
from typing import Any

import pytest
import uvloop
from PIL import Image

from renkei.kernel import wsgi_request
from renkei.kernel.bus import LocalBus
from renkei.kernel.errors import Problem, Refused, SignedOut
from renkei.people import services
from renkei.people.services import change_photo
from tests.cast import Cast
from tests.live.world import World, served
from tests.policy.test_races import lock_everything


def reading(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """An application that reads all there is."""
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


async def begin_upload(port: int) -> asyncio.StreamWriter:
    """An upload of 10 MB of which only the beginning ever comes."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n")
    writer.write(b"x" * 300_000)
    await writer.drain()
    return writer


async def ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    with closing(writer):
        return await asyncio.wait_for(reader.read(), 3)


def test_uploads_that_trickle_leave_threads_for_everybody_else() -> None:
    from renkei.config.asgi import build

    async def story() -> None:
        world = World()
        app = build(wsgi=reading, backend=world, bus=LocalBus(), threads=8)
        async with served(app) as (port, _, _):
            slow = [await begin_upload(port) for _ in range(20)]
            await asyncio.sleep(0.2)
            assert b" 200 " in await ask(port)
            for writer in slow:
                writer.transport.abort()

    uvloop.run(story())


def test_an_upload_that_trickles_steadily_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece comes in time, and the whole never would."""
    from renkei.config.asgi import build

    monkeypatch.setattr(wsgi_request, "UPLOAD_SECONDS", 0.5)
    over = threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        try:
            return reading(environ, start_response)
        finally:
            over.set()

    async def story() -> None:
        world = World()
        built = build(wsgi=app, backend=world, bus=LocalBus(), threads=1)
        async with served(built) as (port, _, _):
            writer = await begin_upload(port)
            began = time.monotonic()
            while not over.is_set() and time.monotonic() - began < 20:
                writer.write(b"x" * 20_000)
                await asyncio.sleep(0.05)
            assert over.is_set()
            writer.transport.abort()

    uvloop.run(story())


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that is huge once it is opened."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    packer, line = zlib.compressobj(9), b"\0" + bytes(width * 4)
    packed = b"".join(packer.compress(line) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def test_a_picture_that_is_huge_once_opened_is_not_opened(cast: Cast) -> None:
    with pytest.raises(Problem):
        change_photo(cast["nurse"], None, picture=bomb(5000, 5000))


def test_nobody_who_writes_waits_while_a_picture_is_opened(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture is opened although somebody else holds the write lock, so it needs none."""
    written, opened = BytesIO(), threading.Event()
    Image.new("RGB", (300, 300)).save(written, "JPEG")
    square = services._square

    def told(picture: bytes) -> bytes:
        opened.set()
        return square(picture)

    monkeypatch.setattr(services, "_square", told)
    holder = lock_everything(1.0)
    worker = threading.Thread(
        target=lambda: change_photo(committed["nurse"], None, picture=written.getvalue())
    )
    worker.start()
    assert opened.wait(0.7)
    holder.join()
    worker.join()


def test_a_picture_of_somebody_who_may_not_set_one_is_not_opened(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(picture: bytes) -> bytes:
        raise AssertionError("it was opened")

    monkeypatch.setattr(services, "_square", never)
    with pytest.raises((SignedOut, Refused)):
        change_photo(cast["nobody"], None, picture=b"x")


def test_only_a_few_pictures_are_opened_at_the_same_time(cast: Cast) -> None:
    taken = 0
    while services._opening.acquire(blocking=False):
        taken += 1
    try:
        with pytest.raises(Problem):
            change_photo(cast["nurse"], None, picture=b"x")
    finally:
        for _ in range(taken):
            services._opening.release()
    assert taken <= 2


@pytest.mark.parametrize(
    "what",
    [
        b"",
        b"GIF89a\x01\x00\x01\x00",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"\x89PNG\r\n\x1a\n" + b"\0" * 30,
        bomb(300, 300)[:45],
        b"RIFF\x10\0\0\0WEBPVP8 \0\0",
        b"\xff\xd8\xff\xe1\x00\x20Exif\0\0MM\0\x2a" + b"\xff" * 40,
    ],
)
def test_what_is_no_picture_is_a_problem_and_no_fault(cast: Cast, what: bytes) -> None:
    with pytest.raises(Problem):
        change_photo(cast["nurse"], None, picture=what)


def test_of_a_picture_that_is_something_else_too_only_the_picture_is_kept(cast: Cast) -> None:
    from renkei.people.disclosures import see_photo

    change_photo(cast["nurse"], None, picture=bomb(40, 40) + b"<script>alert(1)</script>")
    kept, _ = see_photo(cast["manager"], None, cast.account("nurse"))
    assert kept.startswith(b"\xff\xd8")
    assert b"<script" not in kept
