"""The lock holds what every Python from 3.11.0 on needs, not only the one it was made with."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
OLDEST = {**default_environment(), "python_version": "3.11", "python_full_version": "3.11.0"}


def _needed(name: str, extras: frozenset[str], seen: set[tuple[str, frozenset[str]]]) -> None:
    """Everything that this package, with these extras, needs on the oldest Python."""
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    for needed in _requirements(name):
        environments = [{**OLDEST, "extra": extra} for extra in extras or {""}]
        marker = needed.marker
        if marker is None or any(marker.evaluate(one) for one in environments):
            _needed(canonicalize_name(needed.name), frozenset(needed.extras), seen)


def _requirements(name: str) -> Iterator[Requirement]:
    try:
        yield from map(Requirement, requires(name) or [])
    except PackageNotFoundError:
        return  # not installed with this Python; its name was noted


@pytest.mark.parametrize(
    ("lock", "extra"),
    [("requirements", ""), ("requirements-dev", "dev"), ("requirements-learn", "learn")],
)
def test_the_lock_has_what_the_oldest_python_needs(lock: str, extra: str) -> None:
    seen: set[tuple[str, frozenset[str]]] = set()
    _needed("renkei", frozenset({extra} if extra else ()), seen)
    locked = re.findall(r"^([\w.-]+)==", (ROOT / f"{lock}.lock").read_text(), re.MULTILINE)
    names = {canonicalize_name(one) for one in locked}
    assert {name for name, _ in seen} - {"renkei"} <= names
