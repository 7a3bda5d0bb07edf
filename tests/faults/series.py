"""Rounds of one fault: load, fault, recovery, and the whole of the data judged."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from .load import Follower, Person, Work
from .memory import Memory, Verdict
from .place import Place

CATCHING_UP = 20.0  # seconds that streams have to come to the end of every log


class Series:
    """Writers and listeners on one installation, over many rounds."""

    def __init__(self, place: Place, seed: int, *, ports: list[int] | None = None) -> None:
        self.place = place
        self.lot = random.Random(seed)
        self.memory = Memory()
        ports = ports or [place.port]
        self.work = Work(place, self.memory, self.lot)
        self.people = self.work.people()
        for number, person in enumerate(self.people):
            person.line.port = ports[number % len(ports)]
        kinds = ("after", "last", "page")
        self.followers = [
            Follower(person.me, kinds[number % 3], self.memory, ports[(number + 1) % len(ports)])
            for number, person in enumerate(self.people)
        ]
        self.rounds = 0
        self.slowest = [0.0, 0.0]  # seconds from being whole to all answered, and to all heard
        self._listening: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Series":
        self._listening = [asyncio.create_task(one.follow()) for one in self.followers]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        for person in self.people:
            person.line.close()

    @property
    def note(self) -> str:
        """What else there is to say."""
        refused = sum(person.refused for person in self.people)
        answered, heard = self.slowest
        return f"{refused} clear refusals; answers back in {answered:.1f} s, streams {heard:.1f} s"

    async def round(self, fault: Callable[[], Awaitable[None]]) -> Verdict:
        """Let everybody work, provoke the fault in the middle of it, and judge afterwards.

        ``fault`` returns when what it broke is whole again.
        """
        stop = asyncio.Event()
        working = [asyncio.create_task(person.work(stop)) for person in self.people]
        await fault()
        whole = time.monotonic()
        stop.set()
        await asyncio.gather(*working)
        await self.settle(self.people)
        answered = time.monotonic()
        verdict = await self.judge()
        took = [answered - whole, time.monotonic() - answered]
        self.slowest = [max(pair) for pair in zip(self.slowest, took, strict=True)]
        self.rounds += 1
        return verdict

    @staticmethod
    async def settle(people: list[Person]) -> None:
        """Everybody asks again for what was not acknowledged."""
        async with asyncio.timeout(60):
            await asyncio.gather(*(person.settle() for person in people))

    async def judge(self) -> Verdict:
        """Wait until the streams have caught up, and compare all with the data."""
        until = time.monotonic() + CATCHING_UP
        while True:
            found = await asyncio.to_thread(self.place.everything)
            heads = {group: one["last_seq"] for group, one in found["groups"].items()}
            late = [
                one
                for one in self.followers
                if any(one.cursors[group] < heads[group] for group in one.cursors)
                or not set(one.me["groups"]) <= set(one.cursors)
            ]
            if not late or time.monotonic() > until:
                break
            await asyncio.sleep(0.1)
        verdict = self.memory.judge(found)
        for follower in self.followers:
            verdict.lost += follower.judge(found)
        if self.memory.unexpected:
            verdict.unverifiable += [*self.memory.unexpected, *self.place.faults()]
        return verdict
