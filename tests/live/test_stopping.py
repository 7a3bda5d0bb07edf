"""How the server ends, and whom it lets in: over a real network."""

import asyncio
import re
import socket
from contextlib import suppress
from typing import Any

import pytest

from renkei.config import protocol, server
from renkei.config.door import Door
from renkei.config.server import Server

from .test_served import Client, get, pages
from .world import World, run_served, until


async def ask(port: int, path: str, source: str = "127.0.0.1") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    said = await asyncio.wait_for(reader.read(65536), 5)
    writer.close()
    return said


def test_while_it_drains_it_says_so_and_still_serves() -> None:
    async def story(port: int, running: Server) -> None:
        running._drain = 1.0
        assert b"connection: close" not in (await ask(port, "/")).lower()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await reader.readuntil(b"127.0.0.1")
        running.should_exit = True
        await until(lambda: running._app.door.stopping)
        ready = await ask(port, "/readyz")
        assert ready.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 5" in ready.lower()
        new = await ask(port, "/")
        assert new.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in new.lower()
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")  # the connection kept from before
        kept = await asyncio.wait_for(reader.read(), 5)
        assert kept.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in kept.lower()

    run_served(story, wsgi=pages)


def test_after_that_nobody_new_can_connect() -> None:
    async def story(port: int, running: Server) -> None:
        running.should_exit = True
        slow = asyncio.create_task(ask(port, "/slow"))
        assert (await slow).startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(0.3)
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)

    run_served(story, wsgi=pages)


def test_a_request_whose_head_is_on_its_way_is_still_answered() -> None:
    async def story(port: int, running: Server) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")
        await asyncio.sleep(0.1)
        running.should_exit = True
        await asyncio.sleep(server.GRACE_SECONDS + 0.5)
        writer.write(b"Host: h\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 200 ")

    run_served(story, wsgi=pages)


def test_a_socket_that_somebody_else_holds_stays_open() -> None:
    from renkei.config.asgi import build
    from renkei.config.server import configure

    world = World()

    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=100) as held:
            port = held.getsockname()[1]
            for _ in range(2):
                app = build(wsgi=pages, backend=world, bus=world.bus)
                running = Server(configure("", 0, app=app), app)
                waits = asyncio.create_task(ask(port, "/"))  # nobody serves yet
                await asyncio.sleep(0.1)
                task = asyncio.create_task(running._serve([held.dup()]))
                assert (await waits).startswith(b"HTTP/1.1 200 ")
                running.should_exit = True
                await task
                late = asyncio.create_task(ask(port, "/"))  # nobody serves any more
                await asyncio.sleep(0.1)
                assert not late.done()
                late.cancel()

    asyncio.run(story())


def test_systemd_hears_when_it_is_ready_and_when_it_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[str] = []
    monkeypatch.setattr("renkei.config.systemd.notify", heard.append)

    async def story(port: int, running: Server) -> None:
        assert heard == ["READY=1"]
        running.should_exit = True
        await until(lambda: heard == ["READY=1", "STOPPING=1"])

    run_served(story, wsgi=pages)


# ── Whom it lets in ──────────────────────────────────────────────────────────────────────────────


def test_one_address_has_so_many_connections_and_another_has_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(port: int, running: Server) -> None:
        running._app.door._connections._most = 3
        kept = [
            await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
            for _ in range(3)
        ]
        await asyncio.sleep(0.1)
        refused = await ask(port, "/", "127.0.0.2")
        assert refused.startswith(b"HTTP/1.1 503 ") and b"retry-after" in refused
        assert (await ask(port, "/", "127.0.0.3")).startswith(b"HTTP/1.1 200 ")
        for _ in range(5):  # a proxy speaks for many
            assert (await ask(port, "/")).startswith(b"HTTP/1.1 200 ")
        for _, writer in kept:
            writer.close()
        await until(lambda: not running._app.door._connections._inside)
        assert (await ask(port, "/", "127.0.0.2")).startswith(b"HTTP/1.1 200 ")

    run_served(story, wsgi=pages)


def test_behind_a_proxy_the_address_it_names_counts() -> None:
    async def named(port: int, address: str, path: str = "/") -> bytes:
        return await get(port, f"GET {path} HTTP/1.1\r\nX-Forwarded-For: {address}")

    async def story(port: int, running: Server) -> None:
        running._app.door._requests._most = 2
        slow = [asyncio.create_task(named(port, "192.0.2.1", "/slow")) for _ in range(2)]
        await asyncio.sleep(0.2)
        assert (await named(port, "192.0.2.1")).startswith(b"HTTP/1.1 503 ")
        assert (await named(port, "192.0.2.2")).startswith(b"HTTP/1.1 200 ")
        forged = await named(port, "192.0.2.9, 192.0.2.1")  # what the client itself put in front
        assert forged.startswith(b"HTTP/1.1 503 ")
        await asyncio.gather(*slow)
        assert (await named(port, "192.0.2.1")).startswith(b"HTTP/1.1 200 ")

    run_served(story, wsgi=pages)


def test_all_connections_together_have_a_limit() -> None:
    async def story(port: int, running: Server) -> None:
        running._app.door.most = 2
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await asyncio.sleep(0.1)
        assert (await ask(port, "/")).startswith(b"HTTP/1.1 503 ")
        for _, writer in kept:
            writer.close()

    run_served(story, wsgi=pages)


def test_few_requests_may_wait_on_one_connection() -> None:
    async def story(port: int, running: Server) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 10)
        await until(lambda: running.server_state.total_requests == 10)
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 200)
        with suppress(ConnectionError):  # closed one way or the other, and within the time
            while await asyncio.wait_for(reader.read(65536), 5):
                pass
        assert running.server_state.total_requests < 60

    run_served(story, wsgi=pages)


def test_what_is_not_fetched_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "FETCH_SECONDS", 0.3)

    def large(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"x" * 12_000_000]

    async def story(port: int, running: Server) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await until(lambda: bool(running.server_state.connections))
        await until(lambda: not running.server_state.connections)
        writer.close()

    run_served(story, wsgi=large)


def test_too_many_headers_are_refused_for_pages_and_streams() -> None:
    many = "".join(f"X-{number}: y\r\n" for number in range(150))[:-2]

    async def story(port: int, running: Server) -> None:
        for path in ("/", "/live"):
            assert (await get(port, f"GET {path} HTTP/1.1\r\n{many}")).startswith(b"HTTP/1.1 431 ")

    run_served(story, wsgi=pages)


# ── Its name in the log ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (["0af7651916cd43dd8448eb211c80319c"], True),
        (["2f0e2c5e-6f8e-4f5a-9a6e-0c7d9b1f3a55"], True),
        (["short"], False),
        (["x" * 65], False),
        (["0af7651916cd43dd8448eb211c80319c", "1af7651916cd43dd8448eb211c80319c"], False),
        (["患者さんの名前患者さんの名前患者さん"], False),
        (["{id} with spaces and \\ signs"], False),
    ],
)
@pytest.mark.parametrize("path", ["/live", "/"])
def test_an_id_is_taken_from_a_proxy_if_it_looks_like_one(
    given: list[str], taken: bool, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from renkei.kernel import trace

    def page(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [(trace.HEADER, trace.request())])
        return [b"ok"]

    world = World()
    world.group("aiko")

    async def story(port: int, running: Server) -> None:
        for source, trusted in (("127.0.0.1", True), ("127.0.0.2", False)):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, local_addr=(source, 0)
            )
            lines = "".join(f"X-Request-ID: {one}\r\n" for one in given)
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: h\r\nCookie: sessionid=aiko\r\n{lines}\r\n".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            (found,) = re.findall(r"(?i)^x-request-id: (.*)\r$", head, re.MULTILINE)
            assert (found == given[0]) == (taken and trusted)
            assert re.fullmatch(r"[0-9A-Za-z-]{16,64}", found)
            writer.close()

    run_served(story, wsgi=page, world=world)


def test_a_door_trusts_networks_as_they_are_given() -> None:
    door = Door(proxies="10.0.0.0/8, 192.0.2.1")
    trusted = [door.is_proxy(one) for one in ("10.1.2.3", "192.0.2.1", "127.0.0.1", "", "unix:")]
    assert trusted == [True, True, False, False, False]


def test_streams_are_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.group("aiko")

    async def story(port: int, running: Server) -> None:
        client = await Client(port, "aiko").open()
        await until(lambda: bool(client.of("hello")))
        running.should_exit = True
        await until(lambda: client.ended)
        assert client.of("bye") == [{"why": "stop"}]

    run_served(story, wsgi=pages, world=world)
