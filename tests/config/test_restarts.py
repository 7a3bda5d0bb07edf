"""A restart costs nobody a word: not through the proxy of deploy/, not on a socket of systemd."""

import asyncio
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from benchmarks.client import answer
from benchmarks.server import free_port
from tests.config.servers import Installation

ROOT = Path(__file__).parents[2]
NAME = "renkei.example"
SITE = f"https://{NAME}"
RESTARTS = 5
POSTERS, READERS = 4, 3
needs_haproxy = pytest.mark.skipif(
    not shutil.which("haproxy"), reason="HAProxy is not installed (Debian: apt install haproxy)"
)


def certificate(folder: Path) -> Path:
    """A certificate of our own for the name, with its key, as HAProxy wants it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    file = folder / "renkei.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


class Proxy:
    """HAProxy with the file of deploy/, of which only ports and certificate are changed."""

    def __init__(self, folder: Path, *, to: int) -> None:
        self.port, plain = free_port(), free_port()
        text = (ROOT / "deploy" / "haproxy.cfg").read_text()
        for old, new in (
            ("bind :80\n", f"bind 127.0.0.1:{plain}\n"),
            ("bind :443", f"bind 127.0.0.1:{self.port}"),
            ("/etc/haproxy/renkei.pem", str(certificate(folder))),
            ("127.0.0.1:8000", f"127.0.0.1:{to}"),
        ):
            assert old in text
            text = text.replace(old, new)
        self.file = folder / "haproxy.cfg"
        self.file.write_text(text)
        checked = subprocess.run(["haproxy", "-c", "-f", self.file], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
        assert "WARNING" not in checked.stderr
        self.log = (folder / "haproxy.log").open("w+b")
        self.process = subprocess.Popen(
            ["haproxy", "-db", "-f", self.file], stdout=self.log, stderr=self.log
        )
        for _ in range(100):
            assert self.process.poll() is None, (folder / "haproxy.log").read_text()
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", self.port)):
                    return
            time.sleep(0.05)
        raise AssertionError("HAProxy does not listen")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.log.close()

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        trusting = ssl.create_default_context()
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        return await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=trusting, server_hostname=NAME, limit=2**22
        )


@pytest.fixture
def published(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path, RENKEI_ORIGIN=SITE)
    made.start()
    made.wait_until_ready()
    yield made
    made.stop()


@pytest.fixture
def proxy(published: Installation, tmp_path: Path) -> Iterator[Proxy]:
    made = Proxy(tmp_path, to=published.port)
    yield made
    made.stop()


def post(person: dict[str, Any], key: str, text: str, *, site: str) -> bytes:
    body = {"text": text, "kind": "report", "importance": "normal", "confirmed": "yes", "key": key}
    sent = json.dumps(body).encode()
    return (
        f"POST /groups/{person['groups'][0]['id']}/messages HTTP/1.1\r\n"
        f"Host: {site.split('/')[-1]}\r\nOrigin: {site}\r\nCookie: {person['cookie']}\r\n"
        f"X-CSRFToken: {person['csrf_token']}\r\nAccept: application/json\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    ).encode() + sent


def get(path: str, person: dict[str, Any], *, site: str = SITE, more: str = "") -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: {site.split('/')[-1]}\r\n"
        f"Cookie: {person['cookie']}\r\n{more}\r\n"
    ).encode()


class Load:
    """People who write and read, each one thing after the other, and never try twice."""

    def __init__(self, people: list[dict[str, Any]], opening: Any, *, site: str, kept: Any) -> None:
        self.people = people
        self.opening = opening  # opens a connection
        self.site = site
        self.kept = kept  # whether the worker with this number keeps its connection
        self.sent: list[str] = []
        self.answers: list[tuple[int, float]] = []
        self.faults: list[str] = []
        self.over = False

    async def run(self, story: Any) -> None:
        tasks = [
            asyncio.create_task(self._work(self.people[number % len(self.people)], number))
            for number in range(POSTERS + READERS)
        ]
        try:
            await story
        finally:
            self.over = True
            await asyncio.gather(*tasks)

    async def _work(self, person: dict[str, Any], number: int) -> None:
        link = None
        while not self.over:
            request = get(f"/groups/{person['groups'][0]['id']}", person, site=self.site)
            if number < POSTERS:
                key = uuid4().hex
                self.sent.append(key)
                request = post(person, key, f"血圧は落ち着いています {key}", site=self.site)
            began = time.monotonic()
            try:
                link = link or await self.opening()
                link[1].write(request)
                status, _ = await asyncio.wait_for(answer(link[0]), 60)
                self.answers.append((status, time.monotonic() - began))
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                self.faults.append(f"{type(error).__name__} {request[:30]!r}")
                link = None
            await asyncio.sleep(0.02)
            if link and not self.kept(number):
                link[1].close()
                link = None
        if link:
            link[1].close()

    def check(self, made: Installation) -> None:
        found = made.keys_of_messages()
        kept = [one for one in found if one.replace("-", "") in set(self.sent)]
        assert self.answers, self.faults[:5]
        slowest = max(seconds for _, seconds in self.answers)
        print(
            f" {len(self.answers)} requests, {len(self.sent)} of them posts, over {RESTARTS}"
            f" restarts: {len(self.faults)} lost, slowest {slowest:.1f} s "
        )
        assert self.faults == []
        assert {status for status, _ in self.answers} == {200, 201}
        assert sorted(one.replace("-", "") for one in kept) == sorted(self.sent)
        assert len(self.sent) > RESTARTS * POSTERS


async def restarts(made: Installation, listening: socket.socket | None = None) -> None:
    for _ in range(RESTARTS):
        await asyncio.sleep(1)
        assert await asyncio.to_thread(made.stop) == 0
        made.start(listening=listening)
        await asyncio.to_thread(made.wait_until_ready)
    await asyncio.sleep(1)


@pytest.mark.slow
@needs_haproxy
def test_through_the_proxy_no_request_is_lost_and_none_doubled_over_five_restarts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As deploy/ puts it: the proxy in front, the socket held by systemd behind it."""
    made = Installation(tmp_path, RENKEI_ORIGIN=SITE)
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
        made.port = listening.getsockname()[1]
        made.start(listening=listening)
        made.wait_until_ready()
        proxy = Proxy(tmp_path, to=made.port)
        load = Load(made.people, proxy.open, site=SITE, kept=lambda number: number % 2)
        try:
            asyncio.run(load.run(restarts(made, listening)))
        finally:
            proxy.stop()
            made.stop()
    with capsys.disabled():
        load.check(made)


@pytest.mark.slow
def test_on_a_socket_of_systemd_whoever_connects_waits_for_the_next_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Installation(tmp_path)
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
        made.port = listening.getsockname()[1]
        made.start(listening=listening)
        made.wait_until_ready()

        async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            return await asyncio.open_connection("127.0.0.1", made.port, limit=2**22)

        site = f"http://localhost:{made.port}"
        load = Load(made.people, connect, site=site, kept=lambda number: False)
        try:
            asyncio.run(load.run(restarts(made, listening)))
        finally:
            made.stop()
    with capsys.disabled():
        load.check(made)


@pytest.mark.slow
@needs_haproxy
def test_the_proxy_names_the_asker_hides_what_is_for_the_host_and_carries_streams(
    published: Installation, proxy: Proxy
) -> None:
    person = published.people[0]

    async def ask(request: bytes) -> tuple[int, bytes, bytes]:
        reader, writer = await proxy.open()
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        streams = b"text/event-stream" in head
        body = await asyncio.wait_for(reader.read(200), 20) if streams else b""
        writer.close()
        return int(head.split()[1]), head.lower(), body

    async def story() -> None:
        for path in ("/metrics", "/%6detrics", "/metrics/", "/readyz", "/healthz"):
            for more in ("", "X-Forwarded-For: 127.0.0.1\r\n", "Forwarded: for=127.0.0.1\r\n"):
                assert (await ask(get(path, person, more=more)))[0] == 404, (path, more)
        status, head, _ = await ask(get("/home", person, more=f"X-Request-ID: {'f' * 32}\r\n"))
        assert status == 200
        named = re.search(rb"x-request-id: (\S+)", head)
        assert named and named[1] != b"f" * 32
        assert published.log.read_text().count(named[1].decode()) == 1
        wrong = get("/home", person).replace(NAME.encode(), b"elsewhere.example", 1)
        assert (await ask(wrong))[0] == 421
        status, head, body = await ask(get("/live", person))
        assert (status, b"text/event-stream" in head) == (200, True)
        assert b"retry:" in body

    asyncio.run(story())
