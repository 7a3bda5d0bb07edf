"""Client certificates through a real proxy and a real server: who gets in, and who does not."""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from renkei.kernel import clock
from renkei.kernel.client_certificate import COOKIE, pass_on

ROOT = Path(__file__).resolve().parents[2]
HOSHI = ROOT / "tests" / "data" / "hoshi"
HEADER = "X-Client-Certificate"
DEMO = "デモ"
PASSWORD = "midori2026"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def reachable(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(log.read_text()[-2000:])


def self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that signs itself, for the server, or as a stranger's."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    here = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    )
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(hours=1))
        .not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(here, False).sign(key, hashes.SHA256())
    )  # fmt: skip
    return pem(folder, name, key, made)


def pem(folder: Path, name: str, key: object, certificate: x509.Certificate) -> tuple[Path, Path]:
    """Key and certificate as ssl wants them: both in one file, and the certificate alone."""
    both, alone = folder / f"{name}.both.pem", folder / f"{name}.pem"
    private = key.private_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    alone.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    both.write_bytes(private + alone.read_bytes())
    return both, alone


@dataclass
class World:
    """A server on an invented region, and HAProxy in front of it."""

    folder: Path
    data: Path
    environment: dict[str, str]
    port: int  # of the server itself
    front: int  # of the proxy
    server_pem: Path
    email: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def renkei(self, *arguments: object) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "renkei", *map(str, arguments)],
            env=self.environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def certificate(self, name: str) -> Path:
        """A new certificate for the demo's device, as a browser would import it."""
        out = self.folder / f"{name}.p12"
        said = self.renkei("device", "certificate", DEMO, "--out", out)
        assert out.stat().st_mode & 0o777 == 0o600
        password = re.search(r"パスワード: (\S+)", said)
        assert password
        key, made, _ = pkcs12.load_key_and_certificates(out.read_bytes(), password[1].encode())
        assert made is not None
        return pem(self.folder, name, key, made)[0]

    def proxy(self) -> None:
        """HAProxy by the sample, with its paths and ports put in."""
        sample = (ROOT / "deploy" / "haproxy-certificates.cfg").read_text()
        ca = self.data / "device-ca"
        written = (
            sample.replace("/etc/renkei/server.pem", str(self.server_pem))
            .replace("/etc/renkei/device-ca", str(ca))
            .replace("bind :443", f"bind 127.0.0.1:{self.front}")
            .replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        )
        file, log = self.folder / "haproxy.cfg", self.folder / "haproxy.log"
        file.write_text(written)
        with log.open("w") as output:
            started = subprocess.Popen(
                ["haproxy", "-db", "-f", str(file)], stdout=output, stderr=output
            )
        self.processes.append(started)
        reachable(self.front, started, log)

    def browser(self, certificate: Path | None = None) -> "Browser":
        context = ssl.create_default_context(cafile=str(self.folder / "server.pem"))
        if certificate is not None:
            context.load_cert_chain(certificate)
        return Browser(self, context)


class Browser:
    """Keeps cookies and a certificate."""

    def __init__(self, world: World, context: ssl.SSLContext | None) -> None:
        self.world, self.context, self.cookies = world, context, dict[str, str]()

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
        if self.context is None:
            line = http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=30)
        else:
            line = http.client.HTTPSConnection(
                "localhost", self.world.front, timeout=30, context=self.context
            )
        sent = {
            "Host": f"localhost:{self.world.front}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Referer": f"https://localhost:{self.world.front}/sign-in",
            "Content-Type": "application/x-www-form-urlencoded",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        line.request(method, path, body or None, sent)
        answer = line.getresponse()
        page = answer.read().decode()
        for one in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = one.partition(";")[0].partition("=")
            self.cookies[name] = value
        line.close()
        return answer.status, page

    def sign_in(self, **headers: str) -> None:
        _, page = self.ask("GET", "/sign-in", **headers)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page[:500]
        form = {"login": self.world.email, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        status, _ = self.ask("POST", "/sign-in", urlencode(form), **headers)
        assert status == 302

    def sees_patients(self, **headers: str) -> bool:
        status, page = self.ask("GET", "/patients", **headers)
        if status == 302:  # the session began where the certificate is: sign in anew
            return False
        assert status == 200, page[:500]
        return bool(re.search(r"/groups/[0-9a-f]{8}-", page))


MEMBER = "haruka@ginga.example"


def _region(folder: Path) -> Path:
    """The small region, in which this member has done all that comes before a patient's data."""
    region = shutil.copytree(HOSHI, folder / "region")
    staff = (region / "staff.csv").read_bytes()
    pledged = MEMBER.encode() + b",0,2026-03-05,"
    assert pledged in staff
    (region / "staff.csv").write_bytes(staff.replace(pledged, pledged + b"2026-03-20"))
    return region


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if shutil.which("haproxy") is None:
        if os.environ.get("RENKEI_HAPROXY") == "required":
            pytest.fail("the tests of client certificates need HAProxy, and it is not here")
        pytest.skip("client certificates not tried: HAProxy is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith(("_URL", "_DATA")) and not name.startswith("RENKEI_")
    }
    port, front = free_port(), free_port()
    sessions = folder / "sessions.json"
    environment = {**kept, "RENKEI_DATA": str(folder / "data")}
    made = subprocess.run(
        [sys.executable, "-m", "renkei", "demo", "--region", str(_region(folder)), "--no-serve",
         "--data", str(folder / "data"), "--sessions", str(sessions)],
        env=environment, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    people = json.loads(sessions.read_text())["people"]
    assert any(one["email"] == MEMBER and one["groups"] for one in people)
    environment |= {
        "RENKEI_ORIGIN": f"https://localhost:{front}",
        "RENKEI_CERTIFICATE_HEADER": HEADER,
    }
    both, _ = self_signed(folder, "server")
    found = World(folder, folder / "data", environment, port, front, both, MEMBER)
    log = folder / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "renkei", "serve", "--port", str(port)],
            env=environment, stdout=output, stderr=output,
        )  # fmt: skip
    found.processes.append(server)
    try:
        reachable(port, server, log)
        found.renkei("device", "ca")
        found.proxy()
        yield found
    finally:
        for process in reversed(found.processes):
            process.terminate()
            process.wait(timeout=20)


def test_the_listed_certificate_gets_in_and_nothing_else_does(world: World) -> None:
    listed = world.browser(world.certificate("listed"))
    listed.sign_in()
    assert listed.sees_patients()

    bare = world.browser()
    bare.sign_in()
    assert not bare.sees_patients()

    stolen = world.browser()  # the cookies of the listed one, without its certificate
    stolen.cookies = dict(listed.cookies)
    assert not stolen.sees_patients()

    both, _ = self_signed(world.folder, "stranger")
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
        world.browser(both).sign_in()


def test_a_header_from_outside_is_stripped_and_believed_from_nobody(world: World) -> None:
    listed = world.browser(world.certificate("to-forge"))
    listed.sign_in()
    certificate = (world.folder / "to-forge.pem").read_bytes()
    fingerprint = x509.load_pem_x509_certificate(certificate).fingerprint(hashes.SHA256()).hex()
    forger = world.browser()
    forger.cookies = dict(listed.cookies)
    cookies = "; ".join(f"{name}={value}" for name, value in listed.cookies.items())
    for headers in (
        {HEADER: fingerprint},
        {"x_client_certificate": fingerprint},
        {HEADER: fingerprint, "Connection": HEADER},
        {"Cookie": f"{cookies}; certificate={fingerprint}"},
    ):
        assert not forger.sees_patients(**headers)
    assert listed.sees_patients(**{HEADER: "0" * 64})  # nor does it shut out who has one


def test_revoked_it_gets_in_no_more_not_even_before_the_proxy_knows(world: World) -> None:
    certificate = world.certificate("revoked")
    browser = world.browser(certificate)
    browser.sign_in()
    assert browser.sees_patients()
    world.renkei("device", "revoke", DEMO)
    status, _ = browser.ask("GET", "/patients")
    assert status == 302  # signed out
    again = world.browser(certificate)
    again.sign_in()
    assert not again.sees_patients()
    proxy = world.processes.pop()
    proxy.terminate()
    proxy.wait(timeout=20)
    world.proxy()
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
        world.browser(certificate).sign_in()


def scope(client: str, *headers: tuple[bytes, bytes]) -> dict[str, object]:
    return {"client": (client, 1), "headers": list(headers)}


def test_only_this_machine_is_believed_and_only_one_header_that_is_a_fingerprint() -> None:
    believed, name = frozenset({"127.0.0.1"}), b"x-client-certificate"
    good = b"AB" * 32

    def passed(client: str, *values: bytes) -> list[tuple[bytes, bytes]]:
        found = pass_on(scope(client, *[(name, one) for one in values]), name, believed)
        return list(found["headers"])

    assert passed("127.0.0.1", good) == [(b"cookie", f"{COOKIE}={'ab' * 32}".encode())]
    assert passed("192.0.2.7", good) == []
    assert passed("127.0.0.1", good, good) == []
    for wrong in (
        b"",
        b"AB",
        good + b"00",
        good[:-1] + b"\n",
        b"x; " + COOKIE.encode() + b"=" + good,
    ):
        assert passed("127.0.0.1", wrong) == []
