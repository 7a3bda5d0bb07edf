"""The works: each runs against a started server and says what one operation cost."""

import asyncio
import json
import os
import re
import socket
import time
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from benchmarks import client, floor
from benchmarks.server import Server

SEGMENTS = 4  # the figure is that of the cheapest: another load on the machine inflates the others
SIGN_INS = 7  # a segment; all together fewer than one address may try in a minute
SENTENCE = "訪問しました。体温36度8分、血圧128の70、脈拍76。食事は八割、水分は三百ミリ。"
TEXT = (SENTENCE * 6)[:200]

People = list[dict[str, Any]]


def figures(took: list[float], cpu_ms: float, count: int, wall_s: float) -> dict[str, float]:
    """What is said of every work."""
    ordered = sorted(took)
    return {
        "cpu_ms_per_op": round(cpu_ms / count, 4),
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 2),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 2),
        "per_s": round(count / wall_s, 1),
    }


def cheapest(
    server: Server,
    segment: Callable[[], list[Callable[[], bytes]]],
    *,
    concurrency: int,
    expect: int,
) -> dict[str, float]:
    """Run the segments and give the figures of the one that cost least."""
    best: dict[str, float] = {}
    for _ in range(SEGMENTS):
        requests = segment()
        before, began = server.cpu_ms(), time.perf_counter()
        took = asyncio.run(
            client.run(server.port, requests, concurrency=concurrency, expect=expect)
        )
        wall = time.perf_counter() - began
        found = figures(took, server.cpu_ms() - before, len(requests), wall)
        if not best or found["cpu_ms_per_op"] < best["cpu_ms_per_op"]:
            best = found
    return best


def _post(person: dict[str, Any], group: str) -> Callable[[], bytes]:
    def make() -> bytes:
        body = {"text": TEXT, "kind": "report", "importance": "normal", "confirmed": "yes"}
        sent = json.dumps({**body, "key": str(uuid4())}, ensure_ascii=False).encode()
        return client.post(
            f"/groups/{group}/messages", person["cookie"], person["csrf_token"], sent
        )

    return make


def post(server: Server, people: People) -> dict[str, float]:
    """200 Japanese characters to groups of 20, many groups, 16 at a time."""
    pairs = [(person, group) for person in people for group in person["groups"][:2]]
    return cheapest(
        server,
        lambda: [_post(*pairs[at % len(pairs)]) for at in range(800)],
        concurrency=16,
        expect=201,
    )


def post_one_group(server: Server, people: People) -> dict[str, float]:
    """The same, sixteen people to one group."""
    group = people[0]["groups"][0]
    writers = [person for person in people if group in person["groups"]][:16]
    return cheapest(
        server,
        lambda: [_post(writers[at % len(writers)], group) for at in range(800)],
        concurrency=16,
        expect=201,
    )


UPLOADED = 20_000_000  # bytes
PATCHED = 4_194_304  # bytes of one request, as the page sends them on a good line


def upload(server: Server, people: People, data: Path) -> dict[str, float]:
    """A file of 20 MB in requests of 4 MiB, sealed and durable; against the bare writing of it."""
    person, content = people[0], os.urandom(UPLOADED)
    group = person["groups"][0]
    took, least, cpu = [], [], []
    for _ in range(2 * SEGMENTS):
        least.append(floor.seal_to_disk(data, content))
        before = server.cpu_ms()
        took.append(_bring(server.port, person, group, content))
        cpu.append(server.cpu_ms() - before)
    return {
        "cpu_ms_per_op": round(min(cpu), 1),
        "wall_ms": round(min(took) * 1000, 1),
        "floor_wall_ms": round(min(least) * 1000, 1),
        "ratio": round(min(took) / min(least), 2),
    }


def _bring(port: int, person: dict[str, Any], group: str, content: bytes) -> float:
    """The seconds a file takes, sent from a bare socket: nothing is copied on this side."""
    view = memoryview(content)
    known = (
        f"Host: localhost\r\nCookie: {person['cookie']}\r\nX-CSRFToken: {person['csrf_token']}\r\n"
        "Accept: application/json\r\n"
    )

    def ask(line: str, headers: str, body: memoryview, expect: int) -> bytes:
        length = f"Content-Length: {len(body)}\r\n"
        link.sendall(f"{line} HTTP/1.1\r\n{known}{headers}{length}\r\n".encode())
        link.sendall(body)
        answer = HTTPResponse(link)
        answer.begin()
        said = answer.read()
        if answer.status != expect:
            raise RuntimeError(f"{answer.status} instead of {expect}: {said[:300]!r}")
        return said

    with socket.create_connection(("127.0.0.1", port)) as link:
        began = time.perf_counter()
        announced = f"Upload-Length: {len(content)}\r\n"
        made = json.loads(ask(f"POST /groups/{group}/attachments", announced, view[:0], 201))
        path = f"/attachments/{made['id']}"
        for start in range(0, len(content), PATCHED):
            headers = f"Content-Type: application/offset+octet-stream\r\nUpload-Offset: {start}\r\n"
            ask(f"PATCH {path}/upload", headers, view[start : start + PATCHED], 204)
        took = time.perf_counter() - began
        ask(f"POST {path}/remove", "", view[:0], 200)
    return took


def open_group(server: Server, people: People) -> dict[str, float]:
    """The newest 50 of 10,000 entries, read before."""
    group = people[0]["groups"][0]
    readers = [person for person in people if group in person["groups"]][:8]
    for person in readers:  # read up to the end, as somebody who opens the page again has
        sent = json.dumps({"first": "1", "last": "1000000"}).encode()
        request = client.post(f"/groups/{group}/read", person["cookie"], person["csrf_token"], sent)
        asyncio.run(_quietly(server.port, request))
    return cheapest(
        server,
        lambda: [
            (lambda person=person: client.get(f"/groups/{group}", person["cookie"]))
            for person in readers * 40
        ],
        concurrency=4,
        expect=200,
    )


async def _quietly(port: int, request: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    writer.write(request)
    found = await client.answer(reader)
    writer.close()
    return found


def home(server: Server, people: People) -> dict[str, float]:
    """The home page of a person in 100 groups."""
    person = people[0]
    return cheapest(
        server,
        lambda: [lambda: client.get("/home", person["cookie"])] * 120,
        concurrency=4,
        expect=200,
    )


def login(server: Server, people: People, password: str) -> dict[str, float]:
    """Signing in: the cost is meant to be in the password's hash."""

    def segment() -> list[Callable[[], bytes]]:
        return [_sign_in(person, password) for person in people[:SIGN_INS]]

    return cheapest(server, segment, concurrency=2, expect=302)


WORDS = {
    "search-2": ("発熱", "褥瘡", "血圧", "点滴"),
    "search-4": ("訪問看護", "脱水症状", "服薬カレ", "縞馬麒麟"),  # the last is nowhere
}
ROUNDS = 10


def search(server: Server, people: People) -> dict[str, dict[str, float]]:
    """Words of 2 and of 4 characters in all groups of a person; asking and what was found."""
    person = people[0]
    asyncio.run(_indexed(server.port, person))
    return {name: _searched(server, person, words) for name, words in WORDS.items()}


def _searched(server: Server, person: dict[str, Any], words: tuple[str, ...]) -> dict[str, float]:
    best: dict[str, float] = {}
    for _ in range(SEGMENTS):
        before, began = server.cpu_ms(), time.perf_counter()
        took = asyncio.run(_search_all(server.port, person, words * ROUNDS))
        wall = time.perf_counter() - began
        found = figures(took, server.cpu_ms() - before, len(took), wall)
        found["p95_ms"] = round(sorted(took)[int(len(took) * 0.95)] * 1000, 2)
        if not best or found["cpu_ms_per_op"] < best["cpu_ms_per_op"]:
            best = found
    return best


async def _search_all(port: int, person: dict[str, Any], words: tuple[str, ...]) -> list[float]:
    took = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    for word in words:
        began = time.perf_counter()
        await _search(reader, writer, person, word)
        took.append(time.perf_counter() - began)
    writer.close()
    return took


async def _search(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, person: dict[str, Any], word: str
) -> bytes:
    """Ask as the form does, and go where it leads; the page."""
    form = urlencode({"words": word}).encode()
    kind = "x-www-form-urlencoded"
    writer.write(client.post("/search", person["cookie"], person["csrf_token"], form, kind))
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 303 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(head.decode())
    kept = re.search(rb"(?im)^set-cookie:\s*(found=[^;\r]+)", head)
    if kept is None:
        raise RuntimeError(head.decode())
    writer.write(client.get("/search/found", f"{person['cookie']}; {kept[1].decode()}"))
    status, body = await client.answer(reader)
    if status != 200:
        raise RuntimeError(f"{status}: {body[:300]!r}")
    return body


async def _indexed(port: int, person: dict[str, Any], seconds: float = 600) -> None:
    """Wait until the index has caught up with what was filled in."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    until = time.monotonic() + seconds
    while b"data-behind" in await _search(reader, writer, person, "発熱"):
        if time.monotonic() > until:
            raise RuntimeError("the index did not catch up")
        await asyncio.sleep(1)
    writer.close()


def _sign_in(person: dict[str, Any], password: str) -> Callable[[], bytes]:
    csrf_only = person["cookie"].split("; ")[1]
    form = urlencode({"login": person["email"], "password": password}).encode()
    made = client.post("/sign-in", csrf_only, person["csrf_token"], form, "x-www-form-urlencoded")
    return lambda: made.replace(b"Accept: application/json", b"Accept: text/html")


class Listeners:
    """Open streams that count the messages they are told."""

    def __init__(self) -> None:
        self.heard = 0
        self.open = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def connect(self, port: int, cookies: list[str]) -> None:
        """Open one stream for each cookie."""
        for cookie in cookies:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
            writer.write(client.get("/live", cookie, "text/event-stream"))
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                raise RuntimeError(head.decode())
            self.open += 1
            self._writers.append(writer)
            self._tasks.append(asyncio.create_task(self._listen(reader)))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while chunk := await reader.read(65536):
            self.heard += chunk.count(b"event: message")

    async def wait_for(self, count: int, seconds: float = 10) -> None:
        """Until so many messages were heard by all streams together."""
        until = time.monotonic() + seconds
        while self.heard < count and time.monotonic() < until:
            await asyncio.sleep(0.01)
        if self.heard < count:
            raise RuntimeError(f"{self.heard} of {count} deliveries were heard")

    async def close(self) -> None:
        """Hang up."""
        for writer in self._writers:
            writer.close()
        for task in self._tasks:
            task.cancel()


def deliver(server: Server, people: People, post_cpu_ms: float) -> dict[str, dict[str, float]]:
    """One post and its 20 deliveries; one delivery is what the post itself does not cost."""
    best: dict[str, float] = {}

    async def measure() -> None:
        nonlocal best
        for group in people[0]["groups"][:1] + people[20]["groups"][:1]:
            listening = [one for one in people if group in one["groups"]][:20]
            streams = Listeners()
            await streams.connect(server.port, [one["cookie"] for one in listening])
            await asyncio.sleep(0.5)
            count, before, began = 150, server.cpu_ms(), time.perf_counter()
            requests = [_post(listening[at % 20], group) for at in range(count)]
            took = await client.run(server.port, requests, concurrency=1, expect=201)
            await streams.wait_for(count * len(listening))
            wall = time.perf_counter() - began
            found = figures(took, server.cpu_ms() - before, count, wall)
            found["streams"] = len(listening)
            await streams.close()
            if not best or found["cpu_ms_per_op"] < best["cpu_ms_per_op"]:
                best = found

    asyncio.run(measure())
    each = (best["cpu_ms_per_op"] - post_cpu_ms) / best["streams"]
    return {
        "deliver-20": best,
        "deliver": {
            "cpu_ms_per_op": round(each, 4),
            "per_s": round(best["per_s"] * best["streams"]),
        },
    }


def idle(server: Server, people: People) -> dict[str, float]:
    """Memory of one open stream, of 1,000."""

    async def measure() -> dict[str, float]:
        cookies = [person["cookie"] for person in people]
        streams = Listeners()
        await streams.connect(server.port, cookies[:20])
        await asyncio.sleep(1)
        before = server.memory_kib()
        wanted = (cookies * 3)[20:1020]
        cpu = server.cpu_ms()
        await streams.connect(server.port, wanted)
        await asyncio.sleep(1.5)
        cpu = server.cpu_ms() - cpu
        grown = server.memory_kib() - before
        await streams.close()
        return {
            "kib_per_stream": round(grown / len(wanted), 2),
            "streams": len(wanted),
            "connect_cpu_ms": round(cpu / len(wanted), 3),
        }

    return asyncio.run(measure())


def show(name: str, found: dict[str, Any]) -> None:
    """Print one work as one JSON object."""
    print(json.dumps({"work": name, **found}, ensure_ascii=False), flush=True)
