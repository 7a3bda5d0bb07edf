"""Floods of what is slow on purpose: whoever is at work does not wait for it."""

import asyncio
import threading
import time
from typing import Any
from uuid import uuid4

import pytest
import uvloop
from django.urls import reverse

from renkei.config.asgi import BRIEF, COSTLY, Application, build
from renkei.kernel.bus import LocalBus
from tests.live.world import World, served

PLACES = 40


class AtOnce:
    """How many were inside at once, at most."""

    def __init__(self) -> None:
        self.most = self._inside = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1


async def _send(port: int, head: str, place: str) -> bytes:
    """Send a request as if from there, and give back the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    headers = f"Host: h\r\nX-Forwarded-For: {place}\r\nConnection: close"
    writer.write(f"{head}\r\n{headers}\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


def test_a_flood_of_passwords_from_everywhere_leaves_half_of_the_threads() -> None:
    """Each comes from a place of its own, so that no limit for one of them helps."""
    hashing = AtOnce()

    def pages(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            with hashing:
                time.sleep(0.1)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    async def story() -> None:
        app = build(wsgi=pages, backend=World(), bus=LocalBus(), threads=4)
        async with served(app) as (port, _, _):
            flood = [
                asyncio.create_task(
                    _send(
                        port,
                        "POST /sign-in HTTP/1.1\r\nContent-Length: 0",
                        f"198.51.100.{number}",
                    )
                )
                for number in range(PLACES)
            ]
            await asyncio.sleep(0.2)
            began = time.perf_counter()
            for _ in range(5):
                assert b" 200 " in await _send(port, "GET /home HTTP/1.1", "203.0.113.1")
            assert time.perf_counter() - began < 0.5
            assert not all(one.done() for one in flood)
            assert all(b" 200 " in one for one in await asyncio.gather(*flood))

    uvloop.run(story())
    assert hashing.most == 2


def test_where_a_password_is_hashed_is_known() -> None:
    names = ("account_login", "begin", "account_reauthenticate", "account_change_password")
    assert {reverse(name) for name in names} == COSTLY


def test_who_writes_a_line_waits_for_nobody_who_does_hard_work() -> None:
    """Short writes come one after another, on a thread that nothing else can take."""
    writing, go = AtOnce(), threading.Event()

    def pages(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/long":
            go.wait(20)
        else:
            with writing:
                time.sleep(0.02)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    async def story() -> None:
        app = build(wsgi=pages, backend=World(), bus=LocalBus(), threads=4, one_writer=True)
        async with served(app) as (port, _, _):
            long = [
                asyncio.create_task(
                    _send(port, "POST /long HTTP/1.1\r\nContent-Length: 0", f"198.51.100.{number}")
                )
                for number in range(8)
            ]
            await asyncio.sleep(0.2)
            path = reverse("messages", args=[uuid4()])
            write = f"POST {path} HTTP/1.1\r\nContent-Length: 0"
            found = await asyncio.gather(
                *(_send(port, write, f"203.0.113.{n % 3}") for n in range(9))
            )
            assert all(b" 200 " in one for one in found)
            assert not any(one.done() for one in long)
            go.set()
            assert all(b" 200 " in one for one in await asyncio.gather(*long))

    uvloop.run(story())
    assert writing.most == 1


class Pen:
    """Pages on which a write takes a moment, with what was written in its order."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.threads: set[tuple[str, str]] = set()
        self.begun, self.go = threading.Event(), threading.Event()
        self.go.set()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        name = environ["QUERY_STRING"]
        self.threads.add((environ["REQUEST_METHOD"], threading.current_thread().name[:3]))
        if environ["REQUEST_METHOD"] == "POST":
            self.begun.set()
            self.go.wait(20)
            time.sleep(0.01)
            self.written.append(name)
        if name == "broken":
            raise ValueError(name)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]


def _write(name: str, *, length: int = 0) -> str:
    path = reverse("messages", args=[uuid4()])
    return f"POST {path}?{name} HTTP/1.1\r\nContent-Length: {length}"


async def _begin(port: int, head: str, place: str) -> asyncio.StreamWriter:
    """Send a request, or its head, and wait for nothing."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head}\r\nHost: h\r\nX-Forwarded-For: {place}\r\n\r\n".encode())
    await writer.drain()
    return writer


def test_many_lines_from_one_place_let_every_second_turn_go_to_others() -> None:
    pen = Pen()

    async def story() -> None:
        app = build(wsgi=pen, backend=World(), bus=LocalBus(), one_writer=True)
        async with served(app) as (port, _, _):
            pen.go.clear()
            flood = [
                asyncio.create_task(_send(port, _write("flood"), "198.51.100.1"))
                for _ in range(200)
            ]
            await asyncio.to_thread(pen.begun.wait, 20)
            others = [
                asyncio.create_task(_send(port, _write("other"), "203.0.113.1")) for _ in range(5)
            ]
            await asyncio.sleep(0.2)
            pen.go.set()
            await asyncio.gather(*flood, *others)
            _nobody_waits(app)

    uvloop.run(story())
    assert pen.written.count("flood") == 200
    assert [name for name in pen.written[:12] if name == "other"] == ["other"] * 5
    assert pen.threads == {("POST", "pen")}


def test_who_sends_a_line_slowly_or_oddly_holds_up_nobody() -> None:
    """Bodies that do not come, or are large, and what only looks like a line: none has the pen."""
    pen = Pen()
    odd = [_write("slow", length=50), _write("large", length=900_000)]
    odd += [_write("in pieces").replace("Content-Length: 0", "Transfer-Encoding: chunked")]

    async def story() -> None:
        app = build(wsgi=pen, backend=World(), bus=LocalBus(), one_writer=True)
        async with served(app) as (port, _, _):
            slow = [
                await _begin(port, odd[number % 3], f"198.51.100.{number}") for number in range(90)
            ]
            for method in ("HEAD", "PUT", "GET"):
                head = _write("no").replace("POST", method)
                assert b" 200 " in await _send(port, head, "203.0.113.1")
            for _ in range(3):
                assert b" 200 " in await _send(port, _write("line"), "203.0.113.1")
            assert not app.pages._for_brief._of_all._waiting
            for one in slow:
                one.transport.abort()
            await asyncio.sleep(0.2)
            _nobody_waits(app)

    uvloop.run(story())
    assert pen.written == ["line"] * 3
    assert pen.threads == {("POST", "pen"), ("HEAD", "web"), ("PUT", "web"), ("GET", "web")}


def test_who_leaves_takes_no_turn_of_the_pen_with_them() -> None:
    """While it is written, while they wait, and where writing breaks."""
    pen = Pen()

    async def story() -> None:
        app = build(wsgi=pen, backend=World(), bus=LocalBus(), one_writer=True)
        async with served(app) as (port, _, _):
            pen.go.clear()
            first = await _begin(port, _write("first"), "198.51.100.1")
            await asyncio.to_thread(pen.begun.wait, 20)
            gone = [
                await _begin(port, _write("broken"), f"198.51.100.{number % 5}")
                for number in range(40)
            ]
            await asyncio.sleep(0.2)
            for one in [first, *gone]:
                one.transport.abort()
            waiting = asyncio.create_task(_send(port, _write("line"), "203.0.113.1"))
            await asyncio.sleep(0.1)
            pen.go.set()
            assert b" 200 " in await waiting
            while len(pen.written) < 42:
                await asyncio.sleep(0.01)
            assert b" 500 " in await _send(port, _write("broken"), "203.0.113.1")
            assert b" 200 " in await _send(port, _write("line"), "203.0.113.1")
            _nobody_waits(app)

    uvloop.run(story())


def test_a_server_that_stops_drops_who_waits_and_finishes_what_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("renkei.config.server.STOP_SECONDS", 1)
    pen = Pen()

    async def story() -> None:
        app = build(wsgi=pen, backend=World(), bus=LocalBus(), one_writer=True)
        async with served(app) as (port, server, task):
            pen.go.clear()
            for number in range(20):
                await _begin(port, _write(f"{number}"), f"198.51.100.{number % 5}")
            await asyncio.to_thread(pen.begun.wait, 20)
            await asyncio.sleep(0.1)
            server.should_exit = True
            threading.Timer(2.5, pen.go.set).start()
            await asyncio.wait_for(asyncio.shield(task), 20)
            _nobody_waits(app)

    uvloop.run(story())
    assert pen.written == ["0"]


def _nobody_waits(app: Application) -> None:
    lane = app.pages._for_brief
    for turns in (lane._of_all, lane._of_one):
        assert not turns._waiting
        assert not turns._running


def test_what_is_a_short_write_is_known() -> None:
    for name in ("messages", "read"):
        assert BRIEF.fullmatch(reverse(name, args=[uuid4()]))
    assert not BRIEF.fullmatch(reverse("message", args=[uuid4()]))
