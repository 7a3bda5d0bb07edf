"""The same over a real network: uvicorn, one port, streams and pages side by side."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from benchmarks.server import free_port
from renkei.config import protocol
from renkei.config.server import Server

from .world import World, parse, run_served, until

SRC = Path(__file__).parents[2] / "src"


def pages(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """A page that takes its time."""
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.5)
    start_response("200 OK", [])
    return [f"{environ['wsgi.url_scheme']} {environ['REMOTE_ADDR']}".encode()]


class Client:
    """An open connection to ``/live`` that keeps what it hears."""

    def __init__(self, port: int, person: str, query: str = "") -> None:
        self.head = b""
        self.data = b""
        self.ended = False
        self._port, self._person, self._query = port, person, query

    async def open(self) -> "Client":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.writer.write(
            f"GET /live{self._query} HTTP/1.1\r\nHost: h\r\n"
            f"Cookie: sessionid={self._person}\r\n\r\n".encode()
        )
        self.head = await self.reader.readuntil(b"\r\n\r\n")
        self._task = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        while data := await self.reader.read(65536):
            self.data += data
        self.ended = True

    @property
    def events(self) -> list[tuple[str, Any]]:
        whole, rest = b"", self.data
        while b"\r\n" in rest:
            size, rest = rest.split(b"\r\n", 1)
            whole += rest[: int(size, 16)]
            rest = rest[int(size, 16) + 2 :]
        return parse(whole[: whole.rfind(b"\n\n") + 2])

    def of(self, kind: str) -> list[Any]:
        return [data for name, data in self.events if name == kind]


async def get(port: int, head: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head}\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
    with closing(writer):
        return await reader.read()


def test_streams_and_pages_share_a_port() -> None:
    world = World()
    group = world.group("aiko")

    async def story(port: int, _: Server) -> None:
        client = await Client(port, "aiko").open()
        head = client.head.lower()
        assert head.startswith(b"http/1.1 200")
        assert b"content-type: text/event-stream" in head
        assert b"cache-control: no-store" in head
        assert b"x-accel-buffering: no" in head
        assert b"date: " in head
        assert b"server: " not in head
        assert b"access-control" not in head
        await until(lambda: bool(client.of("hello")))
        world.post(group, "発熱")
        await until(lambda: bool(client.of("message")))
        assert client.of("message")[0]["html"] == "<p>ja 発熱</p>\n"
        assert (await get(port, "GET / HTTP/1.1")).endswith(b"http 127.0.0.1")
        assert (await get(port, "GET /live HTTP/1.1")).startswith(b"HTTP/1.1 401 ")
        client.writer.close()

    run_served(story, wsgi=pages, world=world)


def test_a_proxy_on_this_machine_is_believed() -> None:
    async def story(port: int, _: Server) -> None:
        head = "GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https"
        assert (await get(port, head)).endswith(b"https 192.0.2.7")

    run_served(story, wsgi=pages)


def test_a_client_that_disconnects_leaves_nothing_behind() -> None:
    world = World()
    world.group("aiko")

    async def story(port: int, server: Server) -> None:
        hub = server._app.live.hub
        client = await Client(port, "aiko").open()
        await until(lambda: len(hub.streams) == 1)
        client.writer.transport.abort()
        await until(lambda: not hub.streams and not hub.rooms)

    run_served(story, wsgi=pages, world=world)


def test_a_client_that_reads_nothing_is_cut_off() -> None:
    world = World()
    group = world.group("aiko")

    async def story(port: int, server: Server) -> None:
        hub = server._app.live.hub
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /live HTTP/1.1\r\nHost: h\r\nCookie: sessionid=aiko\r\n\r\n")
        await until(lambda: len(hub.streams) == 1)
        for _ in range(600):
            world.post(group, "x" * 20_000)
        await until(lambda: not hub.streams)
        await until(lambda: not server.server_state.connections)
        writer.close()

    run_served(story, wsgi=pages, world=world)


def test_heads_that_are_too_large_or_too_slow_are_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)

    async def story(port: int, _: Server) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nX-Large: " + b"x" * 50_000)
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()
        assert (await get(port, "GET / HTTP/1.1")).startswith(b"HTTP/1.1 200 ")

    run_served(story, wsgi=pages)


def test_a_graceful_stop_says_goodbye_and_finishes_what_runs() -> None:
    world = World()
    world.group("aiko")

    async def story(port: int, server: Server) -> None:
        client = await Client(port, "aiko").open()
        await until(lambda: bool(client.of("hello")))
        slow = asyncio.create_task(get(port, "GET /slow HTTP/1.1"))
        await asyncio.sleep(0.2)
        server.should_exit = True
        assert (await slow).startswith(b"HTTP/1.1 200 ")
        await until(lambda: client.ended)
        assert client.of("bye") == [{"why": "stop"}]

    run_served(story, wsgi=pages, world=world)


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    program = """
import socket, sys
from uuid import UUID
from renkei.config.asgi import build
from renkei.config.server import serve
from renkei.kernel.bus import LocalBus
def wsgi(environ, start_response):
    start_response("200 OK", [])
    return [b"ready"]
serve("127.0.0.1", int(sys.argv[1]), app=build(wsgi=wsgi, backend=None, bus=LocalBus()))
sys.stdout.write("cleaned up")
"""
    command = [sys.executable, "-c", program, "18471"]
    started = subprocess.Popen(
        command, env={"PYTHONPATH": str(SRC)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    yield started
    started.kill()


def test_a_signal_ends_serving_and_the_caller_goes_on(process: "subprocess.Popen[bytes]") -> None:
    async def ready() -> None:
        for _ in range(200):
            try:
                assert (await get(18471, "GET / HTTP/1.1")).endswith(b"ready")
                return
            except OSError:
                await asyncio.sleep(0.05)
        raise AssertionError("it did not start")

    asyncio.run(ready())
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=10)
    assert (out, err, process.returncode) == (b"cleaned up", b"", 0)


CROWD = """
import sys
from live.world import World
from renkei.config.asgi import build
from renkei.config.server import serve
world = World()
for number in range(50):
    world.group(*(f"p{number * 20 + n}" for n in range(20)))
def wsgi(environ, start_response):
    start_response("200 OK", [])
    status = open("/proc/self/smaps_rollup").read()
    return [status.split("Pss:")[1].split()[0].encode()]
serve("127.0.0.1", int(sys.argv[1]), app=build(wsgi=wsgi, backend=world, bus=world.bus))
"""


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs /proc")
def test_what_a_thousand_idle_streams_weigh(capsys: pytest.CaptureFixture[str]) -> None:
    async def weigh() -> int:
        for _ in range(200):
            with suppress(OSError):
                return int((await get(port, "GET / HTTP/1.1")).split()[-1])
            await asyncio.sleep(0.05)
        raise AssertionError("it did not start")

    async def story() -> float:
        warm = [await Client(port, f"p{n}").open() for n in range(100)]
        before = await weigh()
        crowd = [await Client(port, f"p{n % 1000}").open() for n in range(100, 1100)]
        await asyncio.sleep(1.5)
        after = await weigh()
        for client in (*warm, *crowd):
            client.writer.transport.abort()
        return (after - before) / 1000

    port = free_port()
    path = f"{SRC}:{Path(__file__).parents[1]}"
    command = [sys.executable, "-c", CROWD, str(port)]
    server = subprocess.Popen(command, env={"PYTHONPATH": path})
    try:
        asyncio.run(weigh())
        each = asyncio.run(story())
    finally:
        server.terminate()
        server.wait(15)
    with capsys.disabled():
        print(f" {each:.1f} KiB for each idle stream ", end="")
    assert each < 20
