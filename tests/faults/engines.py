"""PostgreSQL and Redis of our own, to be killed and started again. Nobody else's are touched."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from benchmarks.server import free_port

_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def why_no_postgresql() -> str:
    """What is missing for a cluster of our own; empty if nothing is."""
    if not _PROGRAMS and not shutil.which("initdb"):
        return "PostgreSQL's initdb is not installed here"
    if os.geteuid() == 0 and not shutil.which("runuser"):
        return "PostgreSQL does not run as root, and there is no runuser to become somebody else"
    return ""


def _program(name: str) -> str:
    return str(_PROGRAMS[0] / name) if _PROGRAMS else str(shutil.which(name))


class Cluster:
    """A PostgreSQL server in a temporary folder, durable as it comes (fsync on)."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="renkei-pg-"))
        self.port = free_port()
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8",
                  "--locale=C", "-D", self.data)  # fmt: skip

    @property
    def data(self) -> str:
        """Its data folder."""
        return str(self.folder / "data")

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [*self._as, _program(program), *words],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        how = (
            f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
            " -c recovery_init_sync_method=syncfs"  # coming back takes less long
        )
        for _ in range(50):  # what is left of a killed one may take a moment to go
            with suppress(subprocess.CalledProcessError):
                log = str(self.folder / "log")
                self._run("pg_ctl", "-D", self.data, "-w", "-l", log, "-o", how, "start")
                return
            time.sleep(0.2)
        raise RuntimeError((self.folder / "log").read_text()[-1000:])

    def kill(self) -> None:
        """Kill every process of it at once."""
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        listed = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for pid in (first, *map(int, listed)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: ``immediate`` as in a fall, ``fast`` in good order."""
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def remove(self) -> None:
        """Stop it and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def make(self, name: str) -> str:
        """A new database; its address."""
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname="postgres", autocommit=True
        ) as link:
            link.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"


class Redis:
    """A Redis that keeps nothing."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, on the port it had before."""
        settings = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", "/tmp"]
        self._process = subprocess.Popen(
            ["redis-server", *settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(0.3)

    def kill(self) -> None:
        """Take it away."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
