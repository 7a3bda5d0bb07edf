"""Slow and hostile clients: the others are served meanwhile, nearly as fast as ever.

What is measured is the time in which somebody else opens a group, against the same just before
and just after. The machine does other things too, so the best of some rounds counts, and 30 ms
are granted; a server that waits for the hostile ones would be slow in every round.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.config.servers import SRC, Installation

ROUND, ROUNDS = 100, 6  # requests in a round; rounds at most
GRANTED = 0.03  # seconds
PER_ADDRESS = 250
MORE_SESSIONS = """
import django
django.setup()
import sys
from pathlib import Path
from renkei.enrollment.demonstration import write_sessions
from renkei.region.models import Region
for number in range(int(sys.argv[2])):
    write_sessions(Region.objects.get(), "http://localhost", Path(sys.argv[1]) / f"{number}.json")
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("hostile")
    made = Installation(folder, RENKEI_PER_ADDRESS=str(PER_ADDRESS))
    made.start()
    made.wait_until_ready()
    yield made
    assert made.stop() == 0


class Visitor:
    """Somebody with an address of their own, who opens a group again and again."""

    def __init__(self, made: Installation) -> None:
        person = made.people[0]
        self.request = (
            f"GET /groups/{person['groups'][0]['id']} HTTP/1.1\r\nHost: localhost\r\n"
            f"Cookie: {person['cookie']}\r\n\r\n"
        ).encode()
        self.link = socket.create_connection(
            ("127.0.0.1", made.port), timeout=20, source_address=("127.0.0.200", 0)
        )
        self.file = self.link.makefile("rb")
        for _ in range(20):
            self.visit()

    def visit(self) -> float:
        began = time.perf_counter()
        self.link.sendall(self.request)
        status = self.file.readline()
        length = 0
        while (line := self.file.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.file.read(length)
        assert b" 200 " in status, status
        return time.perf_counter() - began

    def p99(self) -> float:
        took = sorted(self.visit() for _ in range(ROUND))
        return took[int(ROUND * 0.99) - 1]


class Attack:
    """The hostile clients, in a process of their own."""

    def __init__(self, kind: str, made: Installation, folder: Path, **more: Any) -> None:
        page = Visitor(made).request.decode()
        (folder / "given.json").write_text(json.dumps({"page": page, **more}))
        script = Path(__file__).with_name("hostile.py")
        self.process = subprocess.Popen(
            [sys.executable, script, kind, str(made.port), folder / "given.json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def end(self) -> dict[str, int]:
        said, _ = self.process.communicate(timeout=30)
        found: dict[str, int] = json.loads(said)
        return found


def compare(
    kind: str, made: Installation, folder: Path, capsys: pytest.CaptureFixture[str], **more: Any
) -> dict[str, int]:
    """Measure before and during the attack; what the attackers met."""
    visitor = Visitor(made)
    before = visitor.p99()
    attack = Attack(kind, made, folder, **more)
    try:
        meanwhile = visitor.p99()
        for _ in range(ROUNDS - 1):
            if meanwhile <= 3 * before:
                break
            meanwhile = min(meanwhile, visitor.p99())
    finally:
        met = attack.end()
    normal = max(before, visitor.p99())
    with capsys.disabled():
        print(f" {kind}: p99 {normal * 1000:.1f} → {meanwhile * 1000:.1f} ms, {met} ", end="")
    assert meanwhile <= 3 * normal + GRANTED
    return met


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        ("half_open", {"closed"}),
        ("slow_head", {"closed"}),
        ("slow_body", {"408", "closed"}),
        ("slow_upload", {"408", "503", "closed"}),
        ("huge_head", {"400", "431", "closed"}),
        ("many_headers", {"431", "closed"}),
        ("large_field", {"400", "413", "503", "closed"}),
        ("many_fields", {"400", "413", "closed"}),
        ("pipelined", {"200", "400", "closed"}),
        ("never_reading", set()),
        ("asking_floods", {"200"}),
    ],
)
def test_others_are_served_meanwhile(
    kind: str,
    allowed: set[str],
    served: Installation,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    met = compare(kind, served, tmp_path, capsys)
    assert set(met) <= allowed


def test_a_flood_of_connections_from_one_address_is_refused_and_others_come_in(
    served: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    met = compare("flood", served, tmp_path, capsys)
    assert met.get("503", 0) > 0
    assert Visitor(served).visit() < 5  # somebody new still gets in


def test_two_thousand_idle_streams(
    served: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = -(-2000 // 8 // len(served.people)) + 1
    environment = {
        **os.environ,
        "PYTHONPATH": str(SRC),
        "RENKEI_DATA": str(served.data),
        "DJANGO_SETTINGS_MODULE": "renkei.config.settings",
    }
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-c", MORE_SESSIONS, str(tmp_path), str(rounds)]
    subprocess.run(command, env=environment, check=True, timeout=120)
    cookies = [
        person["cookie"]
        for file in tmp_path.glob("[0-9]*.json")
        for person in json.loads(file.read_text())["people"]
    ]
    met = compare("idle_streams", served, tmp_path, capsys, cookies=cookies)
    assert met == {"200": 2000}
