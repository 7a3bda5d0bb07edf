"""An installation to be ill-treated: data, people with ready sessions, a server, a witness."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import server as servers
from benchmarks.__main__ import fill

ROOT = Path(__file__).parents[2]


class Place:
    """A data folder filled with few people and groups, and what runs on it."""

    def __init__(
        self, data: Path, environment: dict[str, str] | None = None, *, like: Path | None = None
    ) -> None:
        """Fill an empty folder, or take over one ``like`` it that was filled before."""
        self.data = data
        self.log = data.parent / f"{data.name}.log"
        self.port = servers.free_port()
        self.environment = environment or {}
        self.server: servers.Server | None = None
        self._witness: subprocess.Popen[bytes] | None = None
        data.mkdir(exist_ok=True, mode=0o700)
        if like is None:
            fill("small", data, self.whole())
        else:
            shutil.copytree(like, data, dirs_exist_ok=True)
            with sqlite3.connect(data / "renkei.db") as database:  # nobody was idle since
                database.execute("UPDATE people_session SET idle_until = until")
        sessions = json.loads((data / "sessions.json").read_text())
        self.people: list[dict[str, Any]] = sessions["people"]

    def whole(self) -> dict[str, str]:
        """The server's environment over one that the suite has pointed elsewhere."""
        emptied = {name: "" for name in ("DATABASE_URL", "KEYS_DATABASE_URL", "REDIS_URL")}
        path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
        return {**emptied, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **self.environment}

    @property
    def groups(self) -> list[str]:
        """The ids of the groups."""
        found: list[str] = self.people[0]["groups"]
        return found

    def members(self, group: str) -> list[dict[str, Any]]:
        """Who was in the group when it was made."""
        return [one for one in self.people if group in one["groups"]]

    def start(self) -> None:
        """Start the server, on the port it had before."""
        self.server = servers.start(self.data, self.whole(), port=self.port, log=self.log)

    def serve(self) -> None:
        """Start it as an office does, with all that runs beside it: what follows, what sends."""
        environment = {**os.environ, **self.whole(), "RENKEI_DATA": str(self.data)}
        command = [sys.executable, "-m", "renkei", "serve", "--port", str(self.port)]
        began = time.monotonic()
        with self.log.open("ab") as said:
            process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        self.server = servers.Server(process, self.port, time.monotonic() - began)
        servers.wait_until_ready(process, self.port)

    def kill(self) -> None:
        """Take the server away without a word."""
        assert self.server is not None
        self.server.kill()
        self.server = None

    def stop(self) -> None:
        """End everything that runs here."""
        if self.server is not None:
            self.server.stop()
            self.server = None
        if self._witness is not None:
            self._witness.kill()
            self._witness.wait()
            self._witness = None

    def everything(self) -> dict[str, Any]:
        """What lies in the data, as the program itself reads it."""
        if self._witness is None:
            self._witness = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.witness"],
                cwd=ROOT,
                env={**os.environ, **self.whole(), "RENKEI_DATA": str(self.data)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        assert self._witness.stdin is not None and self._witness.stdout is not None
        self._witness.stdin.write(b"everything\n")
        self._witness.stdin.flush()
        found: dict[str, Any] = json.loads(self._witness.stdout.readline())
        return found

    def faults(self) -> list[str]:
        """What the server's log says of faults of its own."""
        said = self.log.read_text().splitlines() if self.log.is_file() else []
        return [line for line in said if '"event":"fault"' in line][-5:]

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run one of the program's commands on this data."""
        return subprocess.run(
            [sys.executable, "-m", "renkei", *words],
            env={**os.environ, **self.whole(), "RENKEI_DATA": str(self.data)},
            capture_output=True,
            text=True,
        )
