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

    def stop(self) -> None:
        """End it as the machine would; by force if it takes too long."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it without a word: nothing it had in mind is done."""
        self.process.kill()
        self.process.wait()

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


def answers(port: int) -> bool:
    """Whether a server on this port says that it is ready."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(
                b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            return b" 200 " in connection.recv(100)
    except OSError:
        return False


def wait_until_ready(process: "subprocess.Popen[bytes]", port: int, *, seconds: float = 60) -> None:
    """Return once the server of this process answers.

    Raises:
        RuntimeError: it ended, or did not answer in that time.
    """
    until = time.monotonic() + seconds
    while not answers(port):
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"no server on port {port}; exit status {process.poll()}")
        time.sleep(0.02)


def start(
    data: Path,
    environment: dict[str, str],
    *,
    port: int = 0,
    log: Path | None = None,
    cores: set[int] | None = None,
) -> Server:
    """Start the server on a data folder, as an operator does, and wait until it answers.

    Args:
        port: as before, for those who come back to it; any free one if it is not given.
        log: what it says goes there; to ``server.log`` in the data folder if not given.
        cores: it and all its threads stay on these; on any if not given.

    Raises:
        RuntimeError: it did not start.
    """
    port, log = port or free_port(), log or data / "server.log"
    command = [sys.executable, "-m", "renkei", "serve", "--port", str(port)]
    began = time.monotonic()
    with log.open("ab") as said:
        process = subprocess.Popen(
            command,
            env={**os.environ, "RENKEI_LOG": "INFO", **environment, "RENKEI_DATA": str(data)},
            stderr=said,
        )
    try:
        if cores is not None:
            os.sched_setaffinity(process.pid, cores)
        wait_until_ready(process, port)
    except BaseException as error:
        process.kill()
        error.add_note(f"what it said is in {log}")
        raise
    return Server(process, port, time.monotonic() - began)


@contextmanager
def running(data: Path, environment: dict[str, str]) -> Iterator[Server]:
    """Start the server on a data folder, on core 0 if there are two, and end it afterwards."""
    server = start(data, environment, cores={0} if (os.cpu_count() or 1) > 1 else None)
    try:
        yield server
    finally:
        server.stop()
