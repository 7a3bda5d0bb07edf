"""On PostgreSQL: the server is killed, and so is the database under it, which comes back."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import AT_LENGTH, ROUNDS
from .engines import Cluster, why_no_postgresql
from .memory import Verdict
from .place import Place
from .series import Series
from .test_killed import EARLIEST, LATEST, killed_again_and_again

pytestmark = pytest.mark.skipif(bool(why_no_postgresql()), reason=why_no_postgresql())


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    made.start()
    yield made
    made.remove()


@pytest.fixture
def on_postgresql(cluster: Cluster, tmp_path: Path) -> Iterator[Callable[[bool], Place]]:
    made: list[Place] = []

    def make(keys: bool) -> Place:
        number = abs(hash(tmp_path)) % 10**8
        environment = {"DATABASE_URL": cluster.make(f"faults_{number}")}
        if keys:
            environment["KEYS_DATABASE_URL"] = cluster.make(f"faults_{number}_keys")
        made.append(Place(tmp_path / "data", environment))
        return made[0]

    yield make
    for place in made:
        place.stop()


@pytest.mark.parametrize(
    "keys",
    [pytest.param(False, marks=AT_LENGTH), True],
    ids=["keys in SQLite", "keys in PostgreSQL"],
)
def test_a_killed_server_loses_nothing_it_acknowledged(
    on_postgresql: Callable[[bool], Place], keys: bool, seed: int, tell: Callable[..., None]
) -> None:
    place = on_postgresql(keys)
    rounds = int(ROUNDS) // 2 if ROUNDS else 2
    verdict, rounds = asyncio.run(killed_again_and_again(place, rounds, seed))
    where = "PostgreSQL, keys too" if keys else "PostgreSQL, keys in SQLite"
    tell(f"kill -9 of the server, {where}", rounds, verdict, f"seed {seed}")


@pytest.mark.parametrize(
    "how",
    [
        "kill -9",
        pytest.param("stop -m immediate", marks=AT_LENGTH),
        pytest.param("restart", marks=AT_LENGTH),
    ],
)
def test_a_server_goes_on_when_its_database_comes_back(
    cluster: Cluster,
    on_postgresql: Callable[[bool], Place],
    how: str,
    seed: int,
    tell: Callable[..., None],
) -> None:
    place = on_postgresql(True)
    place.start()

    async def story() -> tuple[Verdict, Series]:
        async with Series(place, seed) as series:

            async def fall() -> None:
                await asyncio.sleep(series.lot.uniform(EARLIEST, LATEST))
                fallen = {"kill -9": cluster.kill, "restart": lambda: cluster.stop("fast")}
                await asyncio.to_thread(fallen.get(how, cluster.stop))
                await asyncio.sleep(0.3)
                await asyncio.to_thread(cluster.start)
                await asyncio.sleep(0.5)

            verdict = Verdict()
            while series.rounds < (max(int(ROUNDS) // 10, 1) if ROUNDS else 1) and verdict.clean:
                verdict = await series.round(fall)
            return verdict, series

    verdict, series = asyncio.run(story())
    tell(
        f"PostgreSQL {how} under load",
        series.rounds,
        verdict,
        f"{series.note}; seed {seed}",
    )
