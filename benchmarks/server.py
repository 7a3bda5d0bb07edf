"""A server started for measuring: its address, its CPU time, its memory."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A running server process and what the kernel says of it."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, started_s: float) -> None:
        self.process = process
        self.port = port
        self.started_s = started_s  # from the command to the first answer

    def _pids(self) -> list[int]:
        pids, found = [self.process.pid], [self.process.pid]
        while pids:
            listing = Path(f"/proc/{pids[0]}/task/{pids[0]}/children")
            text = listing.read_text() if listing.exists() else ""
            children = [int(one) for one in text.split()]
            pids = pids[1:] + children
            found += children
        return found

    def cpu_ms(self) -> float:
        """CPU time of the server and its children so far, in milliseconds."""
        total = 0.0
        for pid in self._pids():
            schedstat = Path(f"/proc/{pid}/task")
            for task in schedstat.iterdir():
                total += int((task / "schedstat").read_text().split()[0]) / 1e6
        return total

    def memory_kib(self) -> int:
        """Proportional set size of the server and its children, in KiB."""
        total = 0
        for pid in self._pids():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(
                b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            return b" 200 " in connection.recv(100)
    except OSError:
        return False


@contextmanager
def running(data: Path, environment: dict[str, str]) -> Iterator[Server]:
    """Start the server on a data folder, on core 0 if there are two, and end it afterwards."""
    port = free_port()
    code = (
        "from renkei.config.installation import prepare; import django; django.setup(); prepare();"
        "from renkei.config.asgi import application; from renkei.config.server import serve;"
        f"serve('127.0.0.1', {port}, app=application())"
    )
    settings = {"DJANGO_SETTINGS_MODULE": "renkei.config.settings", "RENKEI_LOG": "INFO"}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **settings, **environment, "RENKEI_DATA": str(data)},
        stderr=(data / "server.log").open("wb"),
    )
    try:
        if (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(process.pid, {0})
        while not _answers(port):
            if process.poll() is not None or time.monotonic() - began > 60:
                raise RuntimeError(f"the server did not start; see {data / 'server.log'}")
            time.sleep(0.02)
        yield Server(process, port, time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
