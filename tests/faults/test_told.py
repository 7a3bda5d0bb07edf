"""A server that has somebody to tell is killed, again and again; everybody is told, and once.

By mail: exactly once, since what is put into the outbox bears the id of its letter. By push:
exactly once, but for one moment. Between the push service taking a push and the commit that says so
nobody knows whether it arrived; Renkei then errs on telling again, never on losing it, and under
the same letter, so that the device shows it in the place of the first without a second sound
(docs/decisions/0023). The rounds that kill in that moment say so, and no other repeats anything.
"""

import asyncio
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from benchmarks import client
from tests.notification.world import Browser, PushService, push_service, text

from .conftest import LONG, ROUNDS
from .load import Line
from .memory import Verdict
from .place import ROOT, Place

PATIENCE = 40.0  # seconds until everybody has to have been told
# When it is killed; with some luck at any other moment too.
POINTS = (
    "at once",
    "while it is noticed",
    "before the answer",
    "after the answer",
    "when all is told",
)
SHORT = ("at once", "after the answer")  # of every run; each start takes some seconds
UNKNOWN = frozenset({"before the answer", "after the answer", "any"})  # whether a push arrived


class Told:
    """One installation whose people listen, and what each of them was told."""

    def __init__(self, place: Place, service: PushService, seed: int) -> None:
        self.place, self.service, self.lot = place, service, random.Random(seed)
        self.browsers = {one["account"]: Browser(service) for one in place.people}
        self.by_path = {browser.path: who for who, browser in self.browsers.items()}
        self.verdict = Verdict()
        self.again = 0  # pushes that came a second time under the same letter
        self._killed, self._killing = threading.Event(), threading.Lock()
        place.environment["RENKEI_PUSH_LOOPBACK"] = "1"

    def listen(self) -> None:
        """Everybody turns notifications on."""
        said = [
            {
                "cookie": one["cookie"],
                "browser": {
                    "endpoint": (browser := self.browsers[one["account"]]).endpoint,
                    "p256dh": text(browser.point),
                    "auth": text(browser.auth),
                },
            }
            for one in self.place.people
        ]
        run = subprocess.run(
            [sys.executable, "-m", "tests.faults.listening"],
            cwd=ROOT,
            env={**os.environ, **self.place.whole(), "RENKEI_DATA": str(self.place.data)},
            input=json.dumps(said),
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr

    def round(self, point: str) -> None:
        """One message, one death, one start: and everybody was told of it."""
        group = self.lot.choice(self.place.groups)
        author = self.lot.choice(self.place.members(group))
        before = self._mails()
        self.service.got.clear()
        self._killed.clear()
        self._aim(point)
        self._say(author, group)
        self.verdict.acknowledged += 1
        self._die(point)
        self._let_claims_run_out()
        self.place.serve()
        others = {one["account"] for one in self.place.members(group)} - {author["account"]}
        self._settle(others, before)
        self._judge(point, others, before)

    def _aim(self, point: str) -> None:
        """Let the push service kill it at its moment."""
        if point == "before the answer":
            self.service.taken = self._kill
        if point == "after the answer":
            self.service.answered = self._kill

    def _kill(self) -> None:
        with self._killing:  # pushes arrive several at once
            if not self._killed.is_set():
                self.place.kill()
                self._killed.set()

    def _die(self, point: str) -> None:
        if point in ("before the answer", "after the answer"):
            assert self._killed.wait(PATIENCE), "nothing was pushed"
        elif point == "when all is told":
            _until(lambda: not self._waiting())
        elif point == "while it is noticed":
            _until(lambda: bool(self._waiting()) or bool(self.service.got))
        elif point == "any":
            time.sleep(self.lot.uniform(0.0, 3.0))
        self._kill()
        self.service.taken = self.service.answered = lambda: None

    def _say(self, me: dict[str, Any], group: str) -> None:
        body = {
            "text": "至急お願いします。", "kind": "report", "importance": "urgent",
            "key": str(uuid4()), "confirmed": "yes", "phone": "not_needed", "reason": "other",
        }  # fmt: skip
        request = client.post(
            f"/groups/{group}/messages", me["cookie"], me["csrf_token"], json.dumps(body).encode()
        )

        async def ask() -> tuple[int, bytes]:
            line = Line(self.place.port)
            try:
                return await line.ask(request)
            finally:
                line.close()

        status, answer = asyncio.run(ask())
        assert status == 201, answer

    # What became of it

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.place.data / "renkei.db", timeout=20) as database:
            return database.execute(sql).fetchall()

    def _waiting(self) -> list[tuple[Any, ...]]:
        return self._rows("SELECT account_id, channel, letter FROM notification_waiting")

    def _let_claims_run_out(self) -> None:
        """As if two minutes had gone by before the server is there again."""
        self._rows("UPDATE notification_waiting SET claimed_until = 1 WHERE claimed_until > 1")

    def _mails(self) -> set[str]:
        return {one.stem for one in (self.place.data / "outbox").glob("*.eml")}

    def _letters(self) -> dict[str, Counter[str]]:
        """For each person the letters that were pushed, with how often."""
        found: dict[str, Counter[str]] = {}
        for push in list(self.service.got):
            who = self.by_path[push.path]
            letter = self.browsers[who].opened(push.body)["letter"]
            found.setdefault(who, Counter())[letter] += 1
        return found

    def _settle(self, others: set[str], before: set[str]) -> None:
        def told() -> bool:
            return (
                not self._waiting()
                and set(self._letters()) >= others
                and len(self._mails() - before) >= len(others)
            )

        _until(told, otherwise="not everybody was told")
        time.sleep(0.3)  # what is told twice comes now

    def _judge(self, point: str, others: set[str], before: set[str]) -> None:
        letters = self._letters()
        self.verdict.lost += [f"{point}: {one} was not pushed" for one in others - set(letters)]
        for who, each in letters.items():
            if who not in others:
                self.verdict.doubled.append(f"{point}: {who} was told of their own message")
            if len(each) > 1:
                self.verdict.doubled.append(f"{point}: {who} was told by {len(each)} letters")
            repeated = sum(each.values()) - len(each)
            self.again += repeated
            if repeated > 1 or (repeated and point not in UNKNOWN):
                self.verdict.doubled.append(f"{point}: {who} was pushed {repeated} times too often")
        mails = len(self._mails() - before)
        if mails < len(others):
            self.verdict.lost.append(f"{point}: {mails} of {len(others)} mails")
        if mails > len(others):
            self.verdict.doubled.append(f"{point}: {mails} mails for {len(others)}")


def _until(true: Callable[[], bool], otherwise: str = "") -> None:
    """Wait for it; what never comes is left to the judgement."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.02)
    if not otherwise:
        raise AssertionError("it did not come to that")


@pytest.fixture
def told(place: Place, seed: int) -> Iterator[Told]:
    with push_service() as service:
        made = Told(place, service, seed)
        made.listen()
        place.serve()
        yield made


def test_a_killed_server_tells_everybody_and_nobody_twice(
    told: Told, tell: Callable[..., None], seed: int
) -> None:
    points = [*POINTS, *["any"] * max(0, int(ROUNDS) - len(POINTS))] if LONG else SHORT
    for point in points:
        told.round(point)
    found = told.place.everything()
    told.verdict.unverifiable += found["breaks"]
    note = f"seed {seed}; {told.again} pushes repeated under the same letter"
    tell("kill -9 while people are told, SQLite", len(points), told.verdict, note)
