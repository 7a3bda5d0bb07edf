"""Floods of what is slow on purpose: whoever is at work does not wait for it."""

import asyncio
import threading
import time
from typing import Any

import uvloop
from django.urls import reverse

from renkei.config.asgi import COSTLY, build
from renkei.kernel.bus import LocalBus
from tests.live.world import World, served

PLACES = 40


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

    async def send(port: int, head: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{head}\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        return answer

    async def story() -> None:
        app = build(wsgi=pages, backend=World(), bus=LocalBus(), threads=4)
        async with served(app) as (port, _, _):
            flood = [
                asyncio.create_task(
                    send(
                        port,
                        "POST /sign-in HTTP/1.1\r\nContent-Length: 0\r\n"
                        f"X-Forwarded-For: 198.51.100.{number}",
                    )
                )
                for number in range(PLACES)
            ]
            await asyncio.sleep(0.2)
            began = time.perf_counter()
            for _ in range(5):
                assert b" 200 " in await send(port, "GET /home HTTP/1.1")
            assert time.perf_counter() - began < 0.5
            assert not all(one.done() for one in flood)
            assert all(b" 200 " in one for one in await asyncio.gather(*flood))

    uvloop.run(story())
    assert most == 2


def test_where_a_password_is_hashed_is_known() -> None:
    names = ("account_login", "begin", "account_reauthenticate", "account_change_password")
    assert {reverse(name) for name in names} == COSTLY
