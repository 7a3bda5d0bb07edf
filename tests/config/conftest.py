"""A data folder for the commands of a host."""

import shutil
from pathlib import Path

import pytest

from tests.commands import Demo


@pytest.fixture
def data(demo: Demo, tmp_path: Path) -> Path:
    """A copy of the demo region to spoil."""
    return Path(shutil.copytree(demo.data, tmp_path / "data"))
