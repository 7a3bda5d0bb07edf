"""Nobody sees the master key: not in logs, pages, the process list, or a dump of the memory.

The attacker is another program of the same user without root's powers. Where the tests run as
root, server and attacker both give those powers up first.
"""

import ctypes
import json
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import traceback
from base64 import b64decode, b64encode
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.server import free_port, wait_until_ready
from renkei.config import sheets
from renkei.config.logs import JsonLine
from renkei.kernel import custody, master
from renkei.kernel.errors import Tampered
from tests.commands import KEPT

POWERLESS = []
if os.geteuid() == 0:
    POWERLESS = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or (POWERLESS and not shutil.which("setpriv")),
    reason="needs Linux, and setpriv where root runs the tests",
)


def forms(key):
    """Every way in which the key could stand somewhere."""
    text = b64encode(key)
    urlsafe = text.replace(b"+", b"-").replace(b"/", b"_")
    spelt = repr(key)[2:-1].encode()
    return [key, text, text.rstrip(b"="), urlsafe, key.hex().encode(), spelt, text[4:20]]


class Server:
    """A server with a known key, given as a host would; without root's powers."""

    def __init__(self, data, **environment):
        self.port, self.data = free_port(), data
        self.log = (data.parent / "server.log").open("w+b")
        command = [*POWERLESS, sys.executable, "-m", "renkei", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command,
            env=KEPT | {"RENKEI_DATA": str(data), "RENKEI_LOG": "DEBUG"} | environment,
            stdout=self.log,
            stderr=self.log,
            cwd=data.parent,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            ),
        )
        try:
            wait_until_ready(self.process, self.port)
        except RuntimeError as error:
            self.process.kill()
            raise AssertionError(self.said()) from error

    def said(self):
        return (self.data.parent / "server.log").read_bytes()

    def ask(self, path, cookie=""):
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as link:
            link.sendall(f"{head}Connection: close\r\n\r\n".encode())
            return b"".join(iter(lambda: link.recv(65_536), b""))

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(20)
        self.log.close()


@pytest.fixture(params=["environment", "file", "credential", "custody"])
def served(request, demo, tmp_path):
    """A server, its key in every form, and who may sign in; one for each way to give the key."""
    data = Path(shutil.copytree(demo.data, tmp_path / "data"))
    path = data / "master.key"
    key = b64decode(path.read_bytes())
    secret, environment = forms(key), {}
    if request.param == "environment":
        environment = {"RENKEI_MASTER_KEY": path.read_text().strip()}
        path.unlink()
    elif request.param == "credential":
        (tmp_path / "credentials").mkdir()
        shutil.move(path, tmp_path / "credentials" / "master.key")
        environment = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    elif request.param == "custody":
        set_, words = custody.split(key)
        custody_note = {"needed": 2, "made": 3, "sheets": [
            {"fingerprint": set_.fingerprint, "identifier": set_.identifier,
             "made_on": set_.made_on}]}  # fmt: skip
        (data / "master.custody").write_text(json.dumps(custody_note))
        path.unlink()
        (tmp_path / "credentials").mkdir()
        both = "\n".join(sheets.sheet(at, set_, one) for at, one in enumerate(words[:2], 1))
        (tmp_path / "credentials" / "sheets").write_text(both)
        environment = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
        secret += [" ".join(one[at : at + 3]).encode() for one in words for at in range(4, 30)]
    server = Server(data, **environment)
    yield server, secret, demo.people
    if server.process.poll() is None:
        server.end()


def powerless(*command):
    """Another program of the same user."""
    return subprocess.run([*POWERLESS, *map(str, command)], capture_output=True, timeout=60)


def holds(where, secret):
    return [form for form in secret if form in where]


@pytest.mark.skipif(not shutil.which("ps"), reason="ps is not installed (Debian: procps)")
def test_the_system_shows_no_key_of_the_running_server(served):
    server, secret, _ = served
    pid = server.process.pid
    shown = powerless("ps", "auxeww").stdout
    assert b"renkei serve" in shown
    assert not holds(shown, secret)
    assert not holds(Path(f"/proc/{pid}/cmdline").read_bytes(), secret)
    environ = Path(f"/proc/{pid}/environ")
    mine = powerless("cat", environ)
    assert mine.returncode != 0, "another program of the user may read it"
    assert b"Permission denied" in mine.stderr
    if os.geteuid() == 0:  # root may, and finds blanks
        assert b"RENKEI_DATA" in environ.read_bytes()
        assert not holds(environ.read_bytes(), secret)
    assert powerless("cat", f"/proc/{pid}/mem").returncode != 0
    assert powerless("cat", f"/proc/{pid}/maps").returncode != 0


def test_no_log_line_and_no_error_page_holds_a_key(served):
    server, secret, people = served
    with closing(sqlite3.connect(server.data / "renkei.db", timeout=20)) as database, database:
        database.execute("UPDATE communication_communication SET text = zeroblob(60)")
        database.execute("UPDATE people_account SET profile_sealed = zeroblob(60)")
    with closing(sqlite3.connect(server.data / "keys.db", timeout=20)) as store, store:
        store.execute("UPDATE kernel_datakey SET wrapped = zeroblob(60) WHERE purpose = 'patient'")
    pages = [server.ask("/nowhere"), server.ask("/readyz"), server.ask("/%00"), server.ask("/home")]
    for person in people:
        paths = ["/home", "/me", "/patients", *(f"/groups/{one['id']}" for one in person["groups"])]
        pages += [server.ask(path, person["cookie"]) for path in paths]
    with closing(sqlite3.connect(server.data / "keys.db", timeout=20)) as store, store:
        store.execute("DROP TABLE kernel_datakey")
    time.sleep(1.1)
    pages += [server.ask("/home", people[0]["cookie"]), server.ask("/readyz")]
    statuses = {int(page.split(b" ", 2)[1]) for page in pages if page}
    assert statuses >= {200, 404, 500, 503}, statuses  # faults were provoked
    server.end()
    said = server.said()
    assert b'"tampered"' in said
    assert not holds(said, secret)
    assert not holds(b"".join(pages), secret)


@pytest.mark.parametrize(
    ("served", "how"),
    [
        ("environment", signal.SIGABRT),
        ("file", signal.SIGSEGV),
        ("credential", signal.SIGABRT),
        ("custody", signal.SIGSEGV),
    ],
    indirect=["served"],
)
def test_a_server_that_crashes_leaves_no_core_dump(served, how):
    server, secret, _ = served
    server.end(how)
    assert server.process.returncode == -how
    found = [*server.data.parent.rglob("core*"), *Path("/tmp").glob("core*")]
    assert not [one for one in found if one.is_file() and holds(one.read_bytes(), secret)]
    assert not [one for one in server.data.parent.rglob("core*") if one.is_file()]


@pytest.mark.skipif(not shutil.which("gcore"), reason="no debugger here")
def test_a_debugger_of_the_same_user_is_refused(served):
    server, _, _ = served
    target = server.data.parent / "dump"
    done = powerless("gcore", "-o", target, server.process.pid)
    assert not list(server.data.parent.glob("dump*"))
    assert b"not permitted" in done.stderr + done.stdout


def test_what_a_crash_would_show_without_the_precautions_is_the_key():
    """So that the tests above look at something: an ordinary process gives its memory away."""
    secret = os.urandom(32)
    code = "import sys, time; key = bytes.fromhex(sys.stdin.readline()); print(1, flush=True)"
    process = subprocess.Popen(
        [*POWERLESS, sys.executable, "-c", code + "; time.sleep(60)"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**KEPT, "GIVEN": secret.hex()},
    )
    process.stdin.write(secret.hex().encode() + b"\n")
    process.stdin.flush()
    process.stdout.readline()
    environ = powerless("cat", f"/proc/{process.pid}/environ")
    process.kill()
    process.communicate()
    assert secret.hex().encode() in environ.stdout


def test_the_children_of_a_process_with_the_key_do_not_inherit_it():
    key = b64encode(os.urandom(32)).decode()
    code = (
        "import django, os, subprocess; django.setup()\n"
        "from renkei.kernel import master\n"
        "print('RENKEI_MASTER_KEY' in os.environ, len(master.read()[0]))\n"
        "print(subprocess.run(['env'], capture_output=True, text=True).stdout)\n"
        "print(open('/proc/self/environ').read())\n"
    )
    settings = {"RENKEI_MASTER_KEY": key, "DJANGO_SETTINGS_MODULE": "renkei.config.settings"}
    settings["RENKEI_DATA"] = "/nowhere"
    done = subprocess.run(
        [sys.executable, "-c", code], env=KEPT | settings, capture_output=True, text=True
    )
    assert done.stdout.startswith("False 32\n"), done.stderr
    assert key not in done.stdout
    assert re.search("RENKEI_MASTER_KEY= +\0", done.stdout)


# ── In Python ────────────────────────────────────────────────────────────────────────────────────


def test_what_python_prints_of_keys_holds_none():
    key = os.urandom(32)
    held = master.MasterKeys([key])
    printed = f"{held!r} {held} {vars(held)} {held.by_fingerprint[held.current]!r}"
    assert held.current in printed
    assert not [one for one in forms(key) if one.decode("latin-1") in printed]


@pytest.mark.parametrize("text", ["{}x", "{}\n!", "{}{}", "x {}"])
def test_the_error_about_a_damaged_key_does_not_quote_it(tmp_path, monkeypatch, text):
    key = b64encode(os.urandom(32)).decode()
    (tmp_path / "key").write_text(text.format(key, key))
    monkeypatch.setenv("RENKEI_MASTER_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(master.MasterKeyDamaged) as found:
        master.read()
    said = "".join(traceback.format_exception(found.value))
    assert key[:-2] not in said


def test_a_log_line_about_a_tampered_key_names_it_and_nothing_more(caplog):
    import logging
    from uuid import uuid4

    key, other = os.urandom(32), uuid4()
    held = master.MasterKeys([key])
    wrapped = held.wrap(uuid4(), os.urandom(32))
    try:
        held.unwrap(other, wrapped, held.current)
    except Tampered:
        record = logging.getLogger("x").makeRecord(
            "x", logging.ERROR, "", 0, "tampered", (), sys.exc_info()
        )
        line = JsonLine().format(record)
        said = traceback.format_exc()
    for form in (*forms(key), wrapped.hex().encode(), repr(wrapped)[2:-1].encode()):
        assert form.decode("latin-1") not in line + said


def test_nobody_but_the_process_itself_is_told_to_dump_it():
    """The precautions hold in a process that took them."""
    code = (
        "import ctypes, resource; from renkei.config.unseen import keep_memory_private\n"
        "keep_memory_private()\n"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=KEPT, capture_output=True, text=True)
    assert done.stdout == "0 (0, 0)\n", done.stderr
    assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 1  # and this one did not
