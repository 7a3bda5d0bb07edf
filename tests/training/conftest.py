"""Nobody has learned anything yet: the cast of all other tests has."""

import pytest

from tests.training.world import forget


@pytest.fixture(autouse=True)
def untrained(request: pytest.FixtureRequest) -> None:
    """Take the dates away, where there is a cast."""
    if "cast" in request.fixturenames:
        forget(request.getfixturevalue("cast"))
