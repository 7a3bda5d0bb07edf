"""One export for all tests that only read or forge it."""

from pathlib import Path

import pytest

from tests.moving.baggage import exported, live_fully

_made: dict[str, Path] = {}


@pytest.fixture
def an_export(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of a full life; made by the first test that asks for it."""
    if not _made:
        live_fully(request.getfixturevalue("committed"))
        _made["path"] = exported(tmp_path_factory.mktemp("export") / "all.age")
    return _made["path"]
