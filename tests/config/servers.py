"""A real server process with the demo region, to be restarted, flooded and stopped."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.server import free_port, wait_until_ready
from tests.commands import HOSHI, renkei

SRC = Path(__file__).parents[2] / "src"
TAKE_OVER = """
import os, sys
os.environ["LISTEN_PID"], os.environ["LISTEN_FDS"] = str(os.getpid()), "1"
os.dup2(int(sys.argv[1]), 3)
os.execv(sys.executable, [sys.executable, "-m", "renkei", *sys.argv[2:]])
"""


UNPLEDGED = "hajime@hikari.example"  # of the demo region: nothing opens to them yet


class Installation:
    """A data folder with the demo region, ready sessions, and the server that is started on it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.data = folder / "data"
        self.port = free_port()
        self.environment = environment
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        sessions = folder / "sessions.json"
        made = renkei(
            *("demo", "--region", HOSHI, "--data", self.data, "--no-serve"),
            *("--sessions", sessions),
            **environment,
        )
        assert made.returncode == 0, made.stderr
        self.people: list[dict[str, Any]] = [
            one
            for one in json.loads(sessions.read_text())["people"]
            if one["groups"] and one["email"] != UNPLEDGED
        ]

    def start(self, *more: str, listening: socket.socket | None = None) -> None:
        """Start it as a service would: on a port of its own, or on a socket open already."""
        given = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment = {**given, "PYTHONPATH": str(SRC), **self.environment}
        serve = ["serve", "--data", str(self.data), *more]
        if listening is None:
            command = [sys.executable, "-m", "renkei", *serve, "--port", str(self.port)]
            keep: tuple[int, ...] = ()
        else:
            command = [sys.executable, "-c", TAKE_OVER, str(listening.fileno()), *serve]
            keep = (listening.fileno(),)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, pass_fds=keep
            )

    def wait_until_ready(self) -> None:
        assert self.process is not None
        try:
            wait_until_ready(self.process, self.port)
        except RuntimeError as error:
            raise AssertionError(self.log.read_text()[-2000:]) from error

    def stop(self, seconds: float = 30) -> int:
        """End it with the signal a service gets; its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()

    def keys_of_messages(self) -> list[str]:
        """The idempotency keys of all messages, as they stand in the database."""
        with sqlite3.connect(self.data / "renkei.db") as link:
            rows = link.execute(
                "SELECT idempotency_key FROM communication_communication"
                " WHERE idempotency_key IS NOT NULL"
            )
            return [str(one) for (one,) in rows]
