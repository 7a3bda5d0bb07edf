"""The command line as a host meets it, in processes of its own, away from what the suite is set to.

``demo`` of conftest.py is the region that these commands work on, made once per run.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

HOSHI = Path(__file__).parent / "data" / "hoshi"
GIVEN = (
    "DATABASE_URL",
    "KEYS_DATABASE_URL",
    "RENKEI_MASTER_KEY",
    "RENKEI_MASTER_KEY_FILE",
    "CREDENTIALS_DIRECTORY",
    "RENKEI_ORIGIN",
    "RENKEI_DATA",
    "RENKEI_E2E",  # of the suite, no setting of the program
    "RENKEI_HAPROXY",
    "RENKEI_CLAMD",
    "RENKEI_TURNS",
    "RENKEI_SLOW_TURNS",
    "RENKEI_MUTATIONS",
    "RENKEI_TEST_TEMPLATE",
)
KEPT = {name: value for name, value in os.environ.items() if name not in GIVEN}


class Demo(NamedTuple):
    """The invented region in a data folder, and what was said when it was made."""

    data: Path
    people: list[dict[str, Any]]  # with ready sessions
    stdout: str
    stderr: str


def renkei(
    *arguments: object,
    stdin: int = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
    **environment: str,
) -> "subprocess.CompletedProcess[str]":
    """Run one command; there is no terminal that it could ask at but the one given."""
    return subprocess.run(
        [sys.executable, "-m", "renkei", *map(str, arguments)],
        env={**KEPT, **environment},
        stdin=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        start_new_session=True,
        pass_fds=pass_fds,
    )
