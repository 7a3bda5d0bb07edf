"""Counting attempts while Redis is away."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from benchmarks.server import free_port
from renkei.kernel.counting import Counting


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    monkeypatch.setattr(Counting, "_away_until", 0.0)
    yield Counting(f"redis://127.0.0.1:{free_port()}/0", {})


def test_attempts_are_counted_although_redis_is_away(away: Counting) -> None:
    key = f"tries-{uuid4()}"
    assert away.get(key, []) == []
    away.set(key, [1], 60)
    assert away.get(key) == [1]
    assert not away.add(key, [], 60)
    away.delete(key)
    assert away.add(key, 1, 60)
    assert away.incr(key) == 2
    assert away.has_key(key)
    assert Counting._away_until > 0  # it is not asked at every attempt
