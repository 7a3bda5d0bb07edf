"""Another process holds SQLite's write lock."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from benchmarks import client

from .conftest import AT_LENGTH
from .load import FORM, Line
from .memory import Verdict
from .place import Place
from .series import Series

CLEARLY = 25.0  # seconds within which whoever writes is answered: a turn is waited for 20
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


class Writer:
    """Somebody with one line to say, from a place of their own."""

    def __init__(self, place: Place, number: int) -> None:
        self.me = [one for one in place.people if one["groups"]][number]
        self.port, self.group, self.key = place.port, self.me["groups"][0], str(uuid4())
        self.text = f"訪問しました。{self.key}"
        self._from = b"Host: localhost\r\nX-Forwarded-For: 203.0.113.%d\r\n" % number

    def request(self, *, script: bool = True) -> bytes:
        said = {"text": self.text, "kind": "report", "confirmed": "yes", "key": self.key}
        body = json.dumps(said).encode() if script else urlencode(said).encode()
        path, me = f"/groups/{self.group}/messages", self.me
        kind = "json" if script else FORM
        made = client.post(path, me["cookie"], me["csrf_token"], body, kind)
        if not script:
            made = made.replace(b"Accept: application/json", b"Accept: text/html")
        return made.replace(b"Host: localhost\r\n", self._from, 1)

    async def ask(self, *, script: bool = True) -> tuple[float, str, str]:
        """The seconds an answer took, its head and its body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)
        began = time.monotonic()
        writer.write(self.request(script=script))
        async with asyncio.timeout(120):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            body = (await reader.readexactly(length)).decode()
        writer.close()
        return time.monotonic() - began, head, body

    async def leave(self) -> None:
        """Ask and go without waiting for the answer."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self.request())
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.transport.abort()


@contextmanager
def _held(place: Place) -> Iterator[None]:
    holder = sqlite3.connect(place.data / "renkei.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield
    holder.execute("ROLLBACK")
    holder.close()


@AT_LENGTH
def test_many_who_write_at_once_are_all_answered_in_time(place: Place) -> None:
    """However long the database is locked; what they had to say is written later, and once."""
    place.start()

    async def story() -> list[Any]:
        people = [Writer(place, number) for number in range(14)]
        scripted, plain, gone = people[:11], people[11], people[12:]
        await Line(place.port).ask(_old_entries(place))
        stop = asyncio.Event()
        with _held(place):
            reading = asyncio.create_task(_reading(place, stop))
            await asyncio.gather(*(one.leave() for one in gone))
            asked = [one.ask() for one in scripted] + [plain.ask(script=False)]
            answers = await asyncio.gather(*asked)
            late = await plain.ask()
            stop.set()
            longest = await reading
        for took, head, _ in answers:
            assert " 503 " in head
            assert "retry-after: " in head
            assert took < CLEARLY
        assert late[0] < SOON
        assert longest < SOON
        for _, _, body in answers[:-1]:
            assert json.loads(body)["message"].startswith("保存できませんでした。")
        assert plain.text in answers[-1][2]
        assert "保存できませんでした。" in answers[-1][2]
        for _ in range(2):
            for one in people:
                assert " 201 " in (await one.ask())[1]
        return people

    people = asyncio.run(story())
    database = sqlite3.connect(place.data / "renkei.db")
    for one in people:
        (written,) = database.execute(
            "SELECT COUNT(*) FROM communication_communication WHERE idempotency_key = ?",
            [one.key.replace("-", "")],
        ).fetchone()
        assert written == 1
