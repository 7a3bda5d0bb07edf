"""Two server processes on one PostgreSQL, with Redis between them, which goes and comes back."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from benchmarks import client
from benchmarks import server as servers
from benchmarks.fill import PASSWORD

from .engines import Cluster, Redis, why_no_postgresql
from .load import FORM, Line
from .memory import Verdict
from .place import Place
from .series import Series

pytestmark = [
    pytest.mark.skipif(bool(why_no_postgresql()), reason=why_no_postgresql()),
    pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed"),
]
WITHOUT_HINTS = 3.0  # seconds until a message is heard by the look at the epoch alone


@pytest.fixture
def redis() -> Iterator[Redis]:
    made = Redis()
    made.start()
    yield made
    made.kill()


@pytest.fixture
def two_servers(tmp_path: Path, redis: Redis) -> Iterator[tuple[Place, servers.Server]]:
    """A place with its server, and another server beside it."""
    cluster = Cluster()
    cluster.start()
    environment = {
        "DATABASE_URL": cluster.make("faults"),
        "KEYS_DATABASE_URL": cluster.make("faults_keys"),
        "REDIS_URL": redis.url,
    }
    place = Place(tmp_path / "data", environment)
    other = None
    try:
        place.start()
        other = servers.start(place.data, place.whole(), log=tmp_path / "other.log")
        yield place, other
    finally:
        if other is not None:
            other.stop()
        place.stop()
        cluster.remove()


async def _sign_in(port: int, me: dict[str, str], password: str) -> int:
    csrf_only = me["cookie"].split("; ")[1]
    form = urlencode({"login": me["email"], "password": password}).encode()
    made = client.post("/sign-in", csrf_only, me["csrf_token"], form, FORM)
    line = Line(port)
    status, _ = await line.ask(made.replace(b"Accept: application/json", b"Accept: text/html"))
    line.close()
    return status


async def _heard_within(series: Series) -> float:
    """The longest that a post of one server's people takes to reach the other server's streams."""
    longest = 0.0
    for _ in range(4):
        await asyncio.sleep(0.37)
        person = series.people[0]
        person.pending = series.work.post(person.me, person.me["groups"][-1])
        key = next(reversed(series.memory.posts))
        began = time.monotonic()
        await person.settle()
        post = series.memory.posts[key]
        listening = [one for one in series.followers if post.group in one.cursors]
        while any(one.cursors[post.group] < post.seq for one in listening):
            assert time.monotonic() - began < 10
            await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - began)
    return longest


def test_redis_may_go_and_come_back(
    two_servers: tuple[Place, servers.Server],
    redis: Redis,
    seed: int,
    tell: Callable[..., None],
) -> None:
    place, other = two_servers

    async def story() -> tuple[Verdict, list[float]]:
        async with Series(place, seed, ports=[place.port, other.port]) as series:

            async def go_and_come_back() -> None:
                await asyncio.sleep(0.5)
                redis.kill()
                await asyncio.sleep(1.5)

            verdict = await series.round(go_and_come_back)
            assert verdict.clean, str(verdict)
            heard = [await _heard_within(series)]
            me, guessed = place.people[5], place.people[6]
            assert await _sign_in(place.port, me, PASSWORD) == 302  # nobody is shut out
            tries = [await _sign_in(place.port, guessed, f"wrong{n}") for n in range(8)]
            assert await _sign_in(place.port, guessed, PASSWORD) != 302, tries  # nor guessing free
            redis.start()
            await asyncio.sleep(6)
            heard.append(await _heard_within(series))
            assert await _sign_in(place.port, place.people[7], PASSWORD) == 302
            return await series.judge(), heard

    verdict, (without, again) = asyncio.run(story())
    note = f"heard within {without:.2f} s without Redis, {again:.2f} s with it again; seed {seed}"
    tell("Redis killed under load, started again", 1, verdict, note)
    assert without < WITHOUT_HINTS
