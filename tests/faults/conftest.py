"""How long the rounds are, and the table at the end.

RENKEI_FAULT_ROUNDS   rounds of killing; few if not given, and then the long waits are short
RENKEI_FAULT_SEED     to have the same lots drawn again
"""

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from .memory import Verdict
from .place import Place

ROUNDS = os.environ.get("RENKEI_FAULT_ROUNDS", "")
LONG = bool(ROUNDS)
AT_LENGTH = pytest.mark.skipif(not LONG, reason="only with make faults (RENKEI_FAULT_ROUNDS)")
HEADS = ("fault", "rounds", "acknowledged", "lost", "doubled", "unverifiable", "seconds", "note")


@dataclass
class Row:
    """One line of the table."""

    fault: str
    rounds: int
    acknowledged: int
    lost: int
    doubled: int
    unverifiable: int
    seconds: float
    note: str = ""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the table goes."""
    parser.addoption("--faults-report", metavar="FILE", help="write the table there: .json or .md")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is a fault."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture
def seed() -> int:
    """What the lots are drawn with; printed, so that a failure can be had again."""
    given = int(os.environ.get("RENKEI_FAULT_SEED", 0)) or random.SystemRandom().randrange(10**6)
    print(f"RENKEI_FAULT_SEED={given}")
    return given


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Put a line into the table, and fail if what was acknowledged did not hold."""
    began = time.monotonic()

    def put(fault: str, rounds: int, verdict: Verdict, note: str = "") -> None:
        row = Row(
            fault,
            rounds,
            verdict.acknowledged,
            len(verdict.lost),
            len(verdict.doubled),
            len(verdict.unverifiable),
            round(time.monotonic() - began, 1),
            note,
        )
        request.node.user_properties.append(("fault", asdict(row)))
        assert verdict.clean, str(verdict)

    return put


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder on SQLite to be copied."""
    return Place(tmp_path_factory.mktemp("filled") / "data").data


@pytest.fixture
def place(tmp_path: Path, filled: Path) -> Iterator[Place]:
    """An installation on SQLite; its server is not yet started."""
    made = Place(tmp_path / "data", like=filled)
    yield made
    made.stop()


_rows: list[dict[str, object]] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect the lines, from other processes too."""
    if report.when == "call":
        _rows.extend(dict(row) for name, row in report.user_properties if name == "fault")  # type: ignore[arg-type]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table and write it where it was asked for."""
    if not _rows or not (LONG or config.getoption("--faults-report")):
        return
    rows = sorted(_rows, key=lambda row: str(row["fault"]))
    cells = [[str(row[head]) for head in HEADS] for row in rows]
    table = ["| " + " | ".join(line) + " |" for line in [HEADS, ["---"] * len(HEADS), *cells]]
    terminalreporter.write_sep("-", "what was provoked, and what became of what was acknowledged")
    terminalreporter.write_line("\n".join(table))
    if file := config.getoption("--faults-report"):
        text = json.dumps(rows, ensure_ascii=False, indent=1) if file.endswith("json") else None
        Path(file).write_text(text or "\n".join(table) + "\n")
