"""Asking ClamAV: a real clamd with one signature, and one that lies, hangs up or says nothing."""

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from renkei.communication import attaching
from renkei.communication.models import Attachment
from renkei.files import scanning, store
from renkei.files.scanning import Infected
from renkei.incident.models import Incident
from renkei.kernel.errors import Problem
from tests.cast import Cast
from tests.communication.attached import bring, photo

# In two parts, so that no scanner takes this file for one.
EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}" + r"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").encode()


@pytest.fixture(scope="module")
def clamd() -> Iterator[str]:
    """A clamd of our own that knows EICAR by its hash and nothing else."""
    program = shutil.which("clamd") or "/usr/sbin/clamd"
    if not Path(program).exists():
        if os.environ.get("RENKEI_CLAMD") == "required":
            pytest.fail("clamd is not here")
        pytest.skip("clamd is not installed")
    place = Path(tempfile.mkdtemp(prefix="clamd-"))
    place.chmod(0o755)  # clamd may step down from root to look at its folder
    (place / "db").mkdir()
    line = f"{hashlib.md5(EICAR, usedforsecurity=False).hexdigest()}:{len(EICAR)}:Eicar-Test\n"
    (place / "db" / "eicar.hdb").write_text(line)
    (place / "clamd.conf").write_text(
        f"Foreground yes\nLocalSocket {place}/clamd.sock\nDatabaseDirectory {place}/db\n"
        "StreamMaxLength 60M\nMaxThreads 2\n"
    )
    log = (place / "log").open("w")
    running = subprocess.Popen(
        [program, "-c", str(place / "clamd.conf")], stdout=log, stderr=subprocess.STDOUT
    )
    try:
        for _ in range(200):
            if (place / "clamd.sock").exists():
                break
            assert running.poll() is None, (place / "log").read_text()
            time.sleep(0.05)
        yield f"unix://{place}/clamd.sock"
    finally:
        running.terminate()
        running.wait(timeout=20)
        shutil.rmtree(place, ignore_errors=True)


def test_a_real_clamd_finds_what_it_knows_and_nothing_else(clamd: str, settings: Any) -> None:
    settings.CLAMAV_URL = clamd
    assert scanning.version().startswith("ClamAV")
    scanning.check([photo()])
    scanning.check([b"x" * 3_000_000, b"", b"y"])
    with pytest.raises(Infected, match="Eicar"):
        scanning.check([EICAR[:10], EICAR[10:]])


def test_an_infected_file_is_removed_and_its_author_and_administrator_told(
    committed: Cast, clamd: str, settings: Any
) -> None:
    settings.CLAMAV_URL = clamd
    whole = photo(650, 480)  # a picture of which clamd knows the hash
    line = f"{hashlib.md5(whole, usedforsecurity=False).hexdigest()}:{len(whole)}:Test.Picture\n"
    folder = Path(clamd.removeprefix("unix://")).parent / "db"
    (folder / "picture.hdb").write_text(line)
    _reload(clamd, whole)
    before = {path.name for path in store.folder().glob("??/*")}
    with pytest.raises(Problem, match="virus"):
        bring(committed["nurse"], committed.group, whole, "足.jpg")
    assert not Attachment.objects.exists()
    assert {path.name for path in store.folder().glob("??/*")} == before
    found = Incident.objects.get()
    assert (found.kind, found.account_id) == ("infected_file", committed.account("nurse"))
    assert found.organization_id == committed.organizations["clinic"]
    assert "Test.Picture" in found.unseal("report_sealed")["what"]


def _reload(clamd: str, whole: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(clamd.removeprefix("unix://"))
        line.sendall(b"zRELOAD\0")
        assert line.recv(100) == b"RELOADING\0"
    for _ in range(200):
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(clamd.removeprefix("unix://"))
                line.sendall(b"zINSTREAM\0" + len(whole).to_bytes(4, "big") + whole + bytes(4))
                if line.recv(100).endswith(b"FOUND\0"):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError("it did not take up the signature")


# ── One that does not do as it should ────────────────────────────────────────────────────────────


def answering(answer: bytes, *, listen: bool = True) -> Callable[[socket.socket], None]:
    def talk(line: socket.socket) -> None:
        if listen:
            while not line.recv(65_536).endswith(bytes(4)):
                pass
        line.sendall(answer)

    return talk


@pytest.fixture
def posing(settings: Any) -> Iterator[Callable[[Callable[[socket.socket], None]], None]]:
    """A clamd that talks as it is told."""
    server = socket.create_server(("127.0.0.1", 0))
    settings.CLAMAV_URL = f"tcp://127.0.0.1:{server.getsockname()[1]}"

    def pose(talk: Callable[[socket.socket], None]) -> None:
        def serve() -> None:
            line, _ = server.accept()
            with line:
                talk(line)

        threading.Thread(target=serve, daemon=True).start()

    yield pose
    server.close()


@pytest.mark.parametrize(
    "talk",
    [
        answering(b""),
        answering(b"stream: OK"),
        answering(b"INSTREAM size limit exceeded. ERROR\0"),
        answering(b"stream: Can't allocate memory ERROR\0"),
        answering(b"OK\0"),
        answering(b"x" * 9000),
        answering(b"", listen=False),
    ],
)
def test_what_is_not_said_to_be_clean_waits(posing: Any, talk: Any) -> None:
    posing(talk)
    with pytest.raises(Problem) as told:
        scanning.check([b"x" * 1000])
    assert told.value.field == "busy"


def test_what_is_said_early_is_heard(posing: Any) -> None:
    """clamd may answer and hang up before all has come."""
    posing(answering(b"stream: Early FOUND\0", listen=False))
    with pytest.raises(Infected):
        scanning.check([b"x" * 500_000 for _ in range(20)])


def test_a_file_waits_for_the_check_and_is_not_shown_before(cast: Cast, settings: Any) -> None:
    settings.CLAMAV_URL = "tcp://127.0.0.1:1"
    with pytest.raises(Problem) as told:
        bring(cast["nurse"], cast.group, photo())
    assert told.value.field == "busy"
    waiting = Attachment.objects.get()
    assert waiting.state == "arriving" and waiting.content is None
    settings.CLAMAV_URL = ""
    attaching.prepare(cast["nurse"], waiting.id)
    waiting.refresh_from_db()
    assert waiting.state == "ready"


@pytest.mark.parametrize("address", ["http://x", "tcp://", "unix:///nowhere", "rubbish"])
def test_an_address_that_is_none_lets_nothing_through(settings: Any, address: str) -> None:
    settings.CLAMAV_URL = address
    with pytest.raises(Problem):
        scanning.check([b"x"])
