"""Floods of what is slow on purpose: whoever is at work does not wait for it."""

import asyncio
import threading
import time
from typing import Any
from uuid import uuid4

import uvloop
from django.urls import reverse

from renkei.config.asgi import BRIEF, COSTLY, build
from renkei.kernel.bus import LocalBus
from tests.live.world import World, served

PLACES = 40


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
    running, most, lock = 0, 0, threading.Lock()

    def pages(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        nonlocal running, most
        if environ["REQUEST_METHOD"] == "POST":
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.1)
            with lock:
                running -= 1
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
    assert most == 2


def test_where_a_password_is_hashed_is_known() -> None:
    names = ("account_login", "begin", "account_reauthenticate", "account_change_password")
    assert {reverse(name) for name in names} == COSTLY


def test_who_writes_a_line_waits_for_nobody_who_does_hard_work() -> None:
    """Short writes come one after another, on a thread that nothing else can take."""
    lines, most, lock, go = 0, 0, threading.Lock(), threading.Event()

    def pages(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        nonlocal lines, most
        if environ["PATH_INFO"] == "/long":
            go.wait(20)
        else:
            with lock:
                lines += 1
                most = max(most, lines)
            time.sleep(0.02)
            with lock:
                lines -= 1
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
    assert most == 1


def test_what_is_a_short_write_is_known() -> None:
    for name in ("messages", "read"):
        assert BRIEF.fullmatch(reverse(name, args=[uuid4()]))
    assert not BRIEF.fullmatch(reverse("message", args=[uuid4()]))
