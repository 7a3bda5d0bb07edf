"""A small made-up world for the live server: a log, listeners, and open pages."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import uvicorn

from renkei.config.asgi import Application, build
from renkei.config.server import Server, configure
from renkei.kernel.bus import Hint, LocalBus
from renkei.live.app import Live
from renkei.live.backend import Listener


class World:
    """A backend with groups, members and logs, which counts what it is asked."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.bus = LocalBus()
        self.logs: dict[UUID, list[str]] = {}
        self.members: dict[UUID, set[UUID]] = {}
        self.accounts: dict[str, UUID] = {}
        self.until: dict[str, float] = {}
        self.renderings: dict[str, str] = {}
        self.band = ""
        self.calls: Counter[str] = Counter()
        self.recorded: list[tuple[str, dict[UUID, tuple[int, int]]]] = []
        self.commits = 0
        self.standings = 0
        self.delay: Callable[[], float] = lambda: 0.0
        self.broken = False

    # What happens in the world

    def group(self, *people: str) -> UUID:
        group = uuid4()
        self.logs[group] = []
        self.members[group] = set()
        for person in people:
            self.add(group, person, tell=False)
        return group

    def account(self, person: str) -> UUID:
        return self.accounts.setdefault(person, uuid4())

    def add(self, group: UUID, person: str, *, tell: bool = True) -> None:
        with self.lock:
            self.members[group].add(self.account(person))
            self._stood(tell, Hint("standing", group, account=self.account(person)))

    def remove(self, group: UUID, person: str, *, tell: bool = True) -> None:
        with self.lock:
            self.members[group].discard(self.account(person))
            self._stood(tell, Hint("standing", group))

    def post(self, group: UUID, text: str = "x", *, tell: bool = True) -> int:
        with self.lock:
            self.logs[group].append(text)
            self.commits += 1
            seq = len(self.logs[group])
        if tell:
            self.bus.publish(Hint("log", group, seq))
        return seq

    def correct(self, group: UUID, seq: int, text: str) -> None:
        with self.lock:
            self.logs[group][seq - 1] = text
            self.commits += 1
        self.bus.publish(Hint("changed", group, seq))

    def _stood(self, tell: bool, hint: Hint) -> None:
        self.commits += 1
        self.standings += 1
        if tell:
            self.bus.publish(hint)

    # What the live server asks

    def admit(self, cookie: str) -> Listener | None:
        self._asked("admit")
        person = cookie.split("=")[-1]
        with self.lock:
            account = self.accounts.get(person)
            if account is None:
                return None
            groups = {
                group: len(self.logs[group])
                for group, members in self.members.items()
                if account in members
            }
        until = self.until.get(person, time.time() + 3600)
        rendering = self.renderings.get(person, "ja")
        return Listener(cookie, account, groups, until, rendering, self.band)

    def events(self, group: UUID, after: int, rendering: str, limit: int) -> list[tuple[int, str]]:
        self._asked("events")
        with self.lock:
            rows = list(enumerate(self.logs[group], 1))[after : after + limit]
        self._wait()
        return [(seq, f"<p>{rendering} {text}</p>\n") for seq, text in rows]

    def event(self, group: UUID, seq: int, rendering: str) -> str | None:
        self._asked("event")
        with self.lock:
            return f"<p>{rendering} {self.logs[group][seq - 1]}</p>\n"

    def replayed(self, cookie: str, ranges: Mapping[UUID, tuple[int, int]]) -> None:
        self._asked("replayed")
        self.recorded.append((cookie, dict(ranges)))

    def positions(self, groups: Collection[UUID]) -> dict[UUID, int]:
        self._asked("positions")
        with self.lock:
            return {group: len(self.logs[group]) for group in groups}

    def epoch(self) -> tuple[int, int]:
        self._asked("epoch")
        return self.commits, self.standings

    def _asked(self, what: str) -> None:
        with self.lock:
            self.calls[what] += 1
        if self.broken:
            raise ConnectionError("secret words")
        self._wait()

    def _wait(self) -> None:
        delay = self.delay()
        if delay:
            time.sleep(delay)


class Page:
    """An open page, without a network: the ASGI server's side of one stream."""

    def __init__(self, live: Live, person: str, **after: Any) -> None:
        self.chunks: list[bytes] = []
        self.status = 0
        self.done = False
        self.slow = False
        self._gone = asyncio.Event()
        self._free = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(
            live(_scope(person, **after), self._receive, self._send)
        )

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        if self.slow:
            await self._free.wait()
        self.chunks.append(message["body"])
        if not message.get("more_body", False):
            self.done = True
            self._gone.set()

    def hurry(self) -> None:
        self.slow = False
        self._free.set()

    async def close(self) -> None:
        self._gone.set()
        await asyncio.wait([self._task])

    @property
    def over(self) -> bool:
        return self._task.done()

    @property
    def events(self) -> list[tuple[str, Any]]:
        return parse(b"".join(self.chunks))

    def of(self, kind: str) -> list[Any]:
        return [data for name, data in self.events if name == kind]

    def seqs(self, group: UUID) -> list[int]:
        return [said["seq"] for said in self.of("message") if said["group"] == str(group)]

    async def ready(self) -> "Page":
        await until(lambda: bool(self.of("hello")) or self.over)
        return self


def parse(data: bytes) -> list[tuple[str, Any]]:
    """The events in a stream as (kind, data)."""
    found = []
    for block in data.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
            if fields["event"] == "message":
                said = found[-1][1]
                assert fields["id"] == f"{said['group']}:{said['seq']}"
    return found


def _scope(
    person: str, after: dict[UUID, int] | None = None, last: str = "", method: str = "GET"
) -> dict[str, Any]:
    query = "&".join(f"after={group}:{seq}" for group, seq in (after or {}).items())
    headers = [(b"cookie", f"sessionid={person}".encode())]
    if last:
        headers.append((b"last-event-id", last.encode()))
    return {
        "type": "http",
        "method": method,
        "path": "/live",
        "query_string": query.encode(),
        "headers": headers,
    }


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for the condition; fail if it does not come true in time."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        await asyncio.sleep(0.005)


def play(story: Callable[[World, Live], Awaitable[None]], world: World | None = None) -> None:
    """Run a story with a live server that nobody reaches over a network."""

    async def run() -> None:
        stage = world or World()
        live = Live(stage, stage.bus)
        live.start()
        try:
            await asyncio.wait_for(story(stage, live), 60)
        finally:
            await live.stop()

    asyncio.run(run())


@asynccontextmanager
async def served(app: Application) -> Any:
    """A real server on a port of its own; yields (port, server, its task)."""
    config: uvicorn.Config = configure("127.0.0.1", 0, app=app)
    server = Server(config, app)
    task = asyncio.get_running_loop().create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield port, server, task
    finally:
        server.should_exit = True
        await task


def run_served(
    story: Callable[[int, Server], Coroutine[Any, Any, None]],
    *,
    wsgi: Any = None,
    world: World | None = None,
) -> None:
    """Run a story against a real server under uvloop."""

    async def run() -> None:
        stage = world or World()
        async with served(build(wsgi=wsgi, backend=stage, bus=stage.bus)) as (port, server, _):
            await asyncio.wait_for(story(port, server), 60)

    import uvloop

    uvloop.run(run())
