"""The machine's clock is set forward and back by minutes while everybody works."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from benchmarks import client

from .load import Line
from .memory import Verdict
from .place import Place
from .series import Series

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
MINUTES = (0, 5, 0, -5, 0)  # of the clock's shift, one after the other
SLACK_US = 60_000_000


class Clock:
    """The time that a server believes, changed while it runs."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)
        self.environment = {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, minutes: int) -> None:
        """Let it go before by so many minutes, or behind."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{minutes:+d}m")
        fresh.replace(self._file)


@pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed here (Debian: faketime)")
def test_a_clock_set_back_and_forth_loses_nothing_and_ends_nothing(
    place: Place, tmp_path: Path, seed: int, tell: Callable[..., None]
) -> None:
    clock = Clock(tmp_path / "shift")
    place.environment = clock.environment
    place.start()
    place.environment = {}  # the witness lives in real time

    async def story() -> tuple[Verdict, Series]:
        async with Series(place, seed) as series:
            await asyncio.sleep(0.5)

            async def set_the_clock() -> None:
                for minutes in MINUTES:
                    clock.set(minutes)
                    await asyncio.sleep(0.6)
                    await _believes(place, minutes)

            verdict = await series.round(set_the_clock)
            for person in series.people:  # nobody was thrown out
                status, _ = await person.line.ask(client.get("/home", person.me["cookie"]))
                assert status == 200
            broken = {one.me["email"]: one.streams for one in series.followers if one.streams > 1}
            assert not broken, "a stream was ended by the clock"
            return verdict, series

    verdict, series = asyncio.run(story())
    moments = [
        entry["posted"]
        for group in place.everything()["groups"].values()
        for entry in group["entries"]
    ]
    now = time.time() * 1_000_000
    assert max(moments) - now > 5 * 60_000_000 - SLACK_US, "the clock was not set forward"
    note = f"{series.note}; order is by number; seed {seed}"
    tell("clock set forward 5 min, back 10, forward 5", 1, verdict, note)


async def _believes(place: Place, minutes: int) -> None:
    """See in the server's own log what time it believes."""
    line = Line(place.port)
    await line.ask(client.get("/healthz", ""))
    line.close()
    said = place.log.read_text().splitlines()[-1]
    at = datetime.fromisoformat(said.split('"at":"')[1].split('"')[0])
    assert abs(at.timestamp() - time.time() - minutes * 60) < 30, said
