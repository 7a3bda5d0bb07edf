"""The server is killed in the middle of everything, again and again, on the same data."""

import asyncio
from collections.abc import Callable

from .conftest import ROUNDS
from .memory import Verdict
from .place import Place
from .series import Series

EARLIEST, LATEST = 0.05, 0.8  # seconds of load before the kill


async def killed_again_and_again(place: Place, rounds: int, seed: int) -> tuple[Verdict, int]:
    """Kill and start ``rounds`` times; the first verdict that is not clean, or the last."""
    place.start()
    async with Series(place, seed) as series:
        verdict = Verdict()

        async def kill() -> None:
            await asyncio.sleep(series.lot.uniform(EARLIEST, LATEST))
            place.kill()
            await asyncio.to_thread(place.start)

        while series.rounds < rounds and verdict.clean:
            verdict = await series.round(kill)
        return verdict, series.rounds


def test_a_killed_server_loses_nothing_it_acknowledged(
    place: Place, seed: int, tell: Callable[..., None]
) -> None:
    verdict, rounds = asyncio.run(killed_again_and_again(place, int(ROUNDS or 3), seed))
    tell("kill -9 of the server, SQLite", rounds, verdict, f"seed {seed}")
