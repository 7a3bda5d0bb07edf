"""Another process holds SQLite's write lock."""

import asyncio
import sqlite3
import time
from collections.abc import Callable

import pytest

from benchmarks import client

from .conftest import AT_LENGTH
from .load import Line
from .memory import Verdict
from .place import Place
from .series import Series

SOON = 3.0  # seconds within which somebody who only reads is answered, whoever waits to write


def _old_entries(place: Place) -> bytes:
    me = place.people[1]
    return client.get(f"/groups/{me['groups'][0]}/entries?before=4", me["cookie"])


async def _reading(place: Place, stop: asyncio.Event) -> float:
    """Somebody reads what they have read before; the longest they waited."""
    longest = 0.0
    line = Line(place.port)
    while not stop.is_set():
        began = time.monotonic()
        status, _ = await line.ask(_old_entries(place))
        assert status == 200
        longest = max(longest, time.monotonic() - began)
        await asyncio.sleep(0.05)
    line.close()
    return longest


@pytest.mark.parametrize("seconds", [5, pytest.param(30, marks=AT_LENGTH)])
def test_a_locked_database_is_waited_for_or_answered_clearly(
    place: Place, seconds: int, seed: int, tell: Callable[..., None]
) -> None:
    place.start()

    async def story() -> tuple[Verdict, Series, float]:
        async with Series(place, seed) as series:
            stop = asyncio.Event()

            async def hold() -> None:
                await Line(place.port).ask(_old_entries(place))  # puts the reading on record
                holder = sqlite3.connect(place.data / "renkei.db", isolation_level=None)
                holder.execute("BEGIN IMMEDIATE")
                reading = asyncio.create_task(_reading(place, stop))
                await asyncio.sleep(seconds)
                stop.set()
                longest.append(await reading)
                holder.execute("ROLLBACK")
                holder.close()

            longest: list[float] = []
            verdict = await series.round(hold)
            return verdict, series, longest[0]

    verdict, series, longest = asyncio.run(story())
    note = f"{series.note}; readers waited {longest:.2f} s at most"
    tell(f"database locked {seconds} s", 1, verdict, note)
    assert longest < SOON
