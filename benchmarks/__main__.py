"""Measure the works and print one JSON object for each.

    python -m benchmarks                 all works
    python -m benchmarks post open       only these
    python -m benchmarks --database postgres://user@host:port/name …

``cpu_ms_per_op`` is CPU of the server's own processes, from /proc; wall figures depend on what
else the machine does. ``floor_cpu_ms`` is the same SQL and cryptography in a bare loop.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import works
from benchmarks.guard import guard
from benchmarks.server import running

SHAPE_OF = {
    "guard": "",  # needs no data and no server
    "post": "ordinary",
    "post-one-group": "ordinary",
    "deliver": "ordinary",
    "login": "ordinary",
    "upload": "ordinary",
    "open": "long",
    "home": "wide",
    "idle": "crowd",
    "search": "archive",
    "start": "ordinary",
}


def fill(shape: str, data: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Fill an empty data folder in a process of its own; the sessions it wrote."""
    sessions = data / "sessions.json"
    subprocess.run(
        [sys.executable, "-m", "benchmarks.fill", shape, str(sessions)],
        check=True,
        env={**os.environ, **environment, "RENKEI_DATA": str(data), "RENKEI_LOG": "ERROR"},
    )
    found: dict[str, Any] = json.loads(sessions.read_text())
    return found


def floor(work: str, data: Path) -> float:
    """CPU of the bare loop in milliseconds."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.floor", work],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "RENKEI_DATA": str(data)},
    )
    return float(done.stdout)


def against_floor(found: dict[str, Any], work: str, data: Path, sqlite: bool) -> dict[str, Any]:
    """The figures with the floor beside them."""
    if not sqlite:
        return found
    least = floor(work, data)
    return {**found, "floor_cpu_ms": least, "ratio": round(found["cpu_ms_per_op"] / least, 1)}


def measure(shape: str, wanted: list[str], environment: dict[str, str]) -> None:
    """Run the wanted works that need this shape of data."""
    with tempfile.TemporaryDirectory(prefix="renkei-bench-") as folder:
        data = Path(folder)
        filled = fill(shape, data, environment)
        people, sqlite = filled["people"], not environment
        with running(data, environment) as server:
            time.sleep(1)
            if "start" in wanted:
                rest = {"start_s": round(server.started_s, 2)}
                works.show("start", {**rest, "at_rest_mb": round(server.memory_kib() / 1024, 1)})
            posted: dict[str, Any] = {}
            if {"post", "deliver"} & set(wanted):
                posted = works.post(server, people)
            if "post" in wanted:
                works.show("post", against_floor(posted, "post", data, sqlite))
            if "post-one-group" in wanted:
                works.show("post-one-group", works.post_one_group(server, people))
            if "deliver" in wanted:
                delivered = works.deliver(server, people, posted["cpu_ms_per_op"])
                for name, found in delivered.items():
                    works.show(name, found)
            if "upload" in wanted:
                works.show("upload", works.upload(server, people, data))
            if "open" in wanted:
                opened = works.open_group(server, people)
                works.show("open", against_floor(opened, "open", data, sqlite))
            if "home" in wanted:
                works.show("home", works.home(server, people))
            if "search" in wanted:
                for name, found in works.search(server, people).items():
                    works.show(name, found)
            if "login" in wanted:
                works.show("login", works.login(server, people, filled["password"]))
            if "idle" in wanted:
                works.show("idle", works.idle(server, people))


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("works", nargs="*", choices=[[], *SHAPE_OF], metavar="WORK")
    parser.add_argument("--database", default="", help="a PostgreSQL address; else SQLite")
    parser.add_argument("--json", action="store_true", help="as always: JSON objects, one a line")
    asked = parser.parse_args()
    environment = {"DATABASE_URL": asked.database} if asked.database else {}
    wanted = asked.works or list(SHAPE_OF)
    if "guard" in wanted:
        works.show("guard", guard())
    for shape in filter(None, dict.fromkeys(SHAPE_OF[work] for work in wanted)):
        measure(shape, [work for work in wanted if SHAPE_OF[work] == shape], environment)


if __name__ == "__main__":
    main()
