"""The command that tells the host how an installation stands, and changes nothing."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import OperationalError

from renkei.audit import trail
from renkei.config import checkup, installation
from renkei.config.checkup import configuration, duties, machine, stores
from renkei.config.checkup.finding import Question, State, good
from renkei.enrollment import demonstration
from renkei.kernel import clock, vault
from renkei.kernel.database import on_postgresql
from tests.backup import runs
from tests.commands import renkei

GOOD, CARE, BAD, SKIPPED = State.GOOD, State.CARE, State.BAD, State.SKIPPED


def checked(data: Path, *more: str, **environment: str) -> dict[str, dict[str, str]]:
    done = renkei("check", "--json", "--data", data, *more, **environment)
    said = json.loads(done.stdout)
    assert done.returncode == (said["state"] == "bad"), done.stderr
    return {one["id"]: one for one in said["questions"]}


def content(folder: Path) -> dict[str, bytes]:
    """What lies in the folder, but for the memory that SQLite shares between processes."""
    return {
        str(one.relative_to(folder)): one.read_bytes()
        for one in folder.rglob("*")
        if one.is_file() and not one.name.endswith(("-shm", "-wal"))
    }


# ── The command ──────────────────────────────────────────────────────────────────────────────────


def test_an_empty_folder_is_no_fault_and_stays_empty(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    done = renkei("check", "--data", tmp_path / "data")
    assert done.returncode == 0, done.stdout
    assert "×" not in done.stdout
    assert {one.name for one in (tmp_path / "data").iterdir()} <= {"secret.key"}


def test_checking_changes_nothing(data: Path) -> None:
    before = content(data)
    assert checked(data)["keys"]["state"] == "good"
    assert content(data) == before


def test_each_question_is_one_line_with_its_sign_and_what_to_do(data: Path) -> None:
    data.chmod(0o755)
    done = renkei("check", "--data", data)
    assert done.returncode == 1
    *lines, empty, summary = done.stdout.splitlines()
    assert len(lines) == len(checkup.QUESTIONS)
    assert {line[0] for line in lines} <= set("○△×－")
    assert (empty, summary) == ("", "すぐに対応が必要なものがあります（×）。")
    assert any(
        line.startswith("×") and "ほかの人も読める" in line and "→ chmod go-rwx" in line
        for line in lines
    )


def test_care_alone_fails_only_the_strict(data: Path) -> None:
    port = socket.socket()  # a database nobody answers for is bad; Redis beside SQLite needs care
    port.close()
    url = "redis://127.0.0.1:6379/0"
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 6379)):
            pytest.skip("no Redis here")
    assert checked(data, REDIS_URL=url)["together"]["state"] == "care"
    assert renkei("check", "--data", data, "--strict", REDIS_URL=url).returncode == 2


def test_a_mistyped_variable_is_found_and_no_value_is_told(data: Path) -> None:
    found = checked(data, RENKEI_MASTRE_KEY="geheim-geheim", REDIS_ULR_URL="x")["variables"]
    assert found["state"] == "bad"
    assert "RENKEI_MASTRE_KEY（RENKEI_MASTER_KEY のことですか）" in found["what"]
    assert "geheim" not in json.dumps(found)


def test_what_the_units_of_systemd_take_is_no_mistake(data: Path) -> None:
    found = checked(data, RENKEI_BACKUP="/mnt/copies", RENKEI_BACKUP_KEYS="/mnt/keys")["variables"]
    assert found["state"] == "good"


def test_every_variable_the_program_reads_is_known() -> None:
    source = Path(settings.PACKAGE)
    read = {
        name
        for file in source.rglob("*.py")
        for name in __import__("re").findall(
            r"environ(?:\.get\(|\.pop\(|\[)\s*[\"'](RENKEI_\w+|\w+_URL)[\"']", file.read_text()
        )
    }
    assert read <= configuration._known()


@pytest.mark.parametrize(
    ("origin", "state"),
    [
        ("", "good"),
        ("https://renkei.example", "bad"),  # the demo's accounts are in it
        ("https://renkei.example/", "bad"),
        ("http://renkei.example", "bad"),
        ("renkei.example", "bad"),
        ("http://localhost:8000", "good"),
    ],
)
def test_what_is_open_to_the_outside_is_safe(data: Path, origin: str, state: str) -> None:
    found = checked(data, RENKEI_ORIGIN=origin)
    worst = [found[one]["state"] for one in ("origin", "demo")]
    assert ("bad" if "bad" in worst else "good") == state
    if origin.startswith("https") and not origin.endswith("/"):
        assert worst == ["good", "bad"]


def test_a_key_file_others_can_read_is_bad(data: Path) -> None:
    (data / "master.key").chmod(0o640)
    found = checked(data)["folder"]
    assert found["state"] == "bad"
    assert "master.key" in found["what"] and "chmod" in found["do"]


def test_another_master_key_is_bad_and_none_is_made(data: Path) -> None:
    (data / "master.key").unlink()
    assert checked(data)["keys"]["state"] == "bad"
    assert not (data / "master.key").exists()
    from base64 import b64encode

    other = b64encode(os.urandom(32)).decode()
    found = checked(data, RENKEI_MASTER_KEY=other)["keys"]
    assert found["state"] == "bad"
    assert other not in json.dumps(found)


def test_a_key_on_both_places_is_told(data: Path) -> None:
    here = (data / "master.key").read_text().strip()
    assert checked(data, RENKEI_MASTER_KEY=here)["keys"]["state"] == "care"


def test_a_missing_trigger_is_bad(data: Path) -> None:
    with sqlite3.connect(data / "renkei.db") as link:
        link.execute("DROP TRIGGER audit_no_delete")
    found = checked(data)["audit"]
    assert (found["state"], "audit_no_delete" in found["what"]) == ("bad", True)


def test_a_database_of_an_older_version_is_told(data: Path) -> None:
    with sqlite3.connect(data / "renkei.db") as link:
        link.execute("DELETE FROM django_migrations WHERE app = 'communication'")
    assert checked(data)["migrations"]["state"] == "care"


def test_a_file_that_is_no_database_is_bad_and_the_rest_is_still_told(data: Path) -> None:
    for name in ("renkei.db", "renkei.db-wal", "renkei.db-shm"):
        (data / name).unlink(missing_ok=True)
    (data / "renkei.db").write_bytes(b"no database at all" * 1000)
    (data / "renkei.db").chmod(0o600)
    found = checked(data)
    assert found["database"]["state"] == "bad"
    assert found["folder"]["state"] in ("good", "care")  # care: a folder in memory


def test_a_database_that_does_not_answer_is_bad(data: Path) -> None:
    url = "postgres://nobody:geheim@127.0.0.1:1/none"
    done = renkei("check", "--json", "--data", data, DATABASE_URL=url)
    found = {one["id"]: one for one in json.loads(done.stdout)["questions"]}
    assert found["database"]["state"] == "bad"
    assert "geheim" not in done.stdout + done.stderr


def test_redis_and_mail_that_do_not_answer_are_bad_and_tell_no_password(data: Path) -> None:
    given = {
        "REDIS_URL": "redis://:geheim@127.0.0.1:1/0",
        "EMAIL_URL": "smtp+tls://somebody:geheim@127.0.0.1:1",
    }
    done = renkei("check", "--json", "--data", data, **given)
    found = {one["id"]: one for one in json.loads(done.stdout)["questions"]}
    assert (found["redis"]["state"], found["mail"]["state"]) == ("bad", "bad")
    assert "geheim" not in done.stdout + done.stderr
    quiet = checked(data, "--no-network", EMAIL_URL=given["EMAIL_URL"])
    assert quiet["mail"]["state"] == "skipped"


def test_a_mail_server_that_says_nothing_is_given_up(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        assert checked(data, EMAIL_URL=url)["mail"]["state"] == "bad"


# ── One question after another ───────────────────────────────────────────────────────────────────


def test_a_question_that_hangs_or_falls_does_not_take_the_others_with_it() -> None:
    release = threading.Event()

    def fall() -> None:
        raise RuntimeError("what it says may hold anything")

    def locked() -> None:
        raise OperationalError("what it says may hold anything")

    asked = [
        Question("hangs", "", lambda: release.wait(60)),  # type: ignore[arg-type, return-value]
        Question("falls", "", fall),  # type: ignore[arg-type]
        Question("locked", "", locked),  # type: ignore[arg-type]
        Question("fine", "", lambda: good("よい")),
    ]
    answers = {one.ident: finding for one, finding in checkup.ask_all(asked, seconds=0.5)}
    release.set()
    assert [answers[one].state for one in ("hangs", "falls", "locked", "fine")] == [
        BAD,
        BAD,
        BAD,
        GOOD,
    ]
    assert "anything" not in "".join(one.what for one in answers.values())


@pytest.mark.parametrize(
    ("total", "free", "state"),
    [
        (100 * 10**9, 50 * 10**9, GOOD),
        (100 * 10**9, 14 * 10**9, CARE),
        (100 * 10**9, 4 * 10**9, BAD),
        (4 * 10**9, 900 * 10**6, BAD),
    ],
)
def test_room_on_the_disk(
    total: int, free: int, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = SimpleNamespace(total=total, free=free, used=total - free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: room)
    assert machine.space().state is state


@pytest.mark.django_db
def test_a_clock_behind_the_newest_line_is_bad(cast: object) -> None:
    trail.record(stream="system:host", action="clock.record", entity="", actor=None)
    assert machine.time().state is not BAD
    with clock.shifted(-timedelta(minutes=5)):
        found = machine.time()
    assert found.state is BAD
    assert "30" in found.what or "29" in found.what


@pytest.mark.parametrize(("kept", "state"), [(True, GOOD), (False, CARE), (None, CARE)])
@pytest.mark.django_db
def test_a_clock_nobody_keeps_right_needs_care(
    kept: bool | None, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_is_synchronised", lambda: kept)
    assert machine.time().state is state


def test_the_kernel_says_whether_its_clock_is_kept() -> None:
    said = machine._is_synchronised()
    told = (
        subprocess.run(
            ["timedatectl", "show", "-p", "NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
        )
        if shutil.which("timedatectl")
        else None
    )
    if told is None or told.returncode:
        assert said in (True, False, None)
    else:
        assert said == (told.stdout.strip() == "yes")


@pytest.mark.django_db
def test_backups_are_judged_by_the_policy(cast: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demonstration, "is_here", lambda: False)
    never = duties.backups()
    assert never.state is BAD
    assert "一度もありません" in never.what
    runs.all_in_order()
    assert duties.backups().state is GOOD
    with clock.shifted(timedelta(hours=30)):
        late = duties.backups()
    assert late.state is BAD
    assert "30時間前です（26時間以内に）" in late.what


@pytest.mark.django_db
def test_a_key_store_that_was_changed_is_bad(cast: object) -> None:
    from renkei.kernel.models import DataKey

    assert stores.keys().state is not BAD
    one = DataKey.objects.filter(wrapped__isnull=False).order_by("pk").first()
    assert one is not None
    wrapped = bytes(one.wrapped)
    DataKey.objects.update(wrapped=wrapped[:-1] + bytes([wrapped[-1] ^ 1]))
    vault.forget_everything()
    assert stores.keys().state is BAD


def test_whether_a_server_runs_is_seen_by_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DATA", tmp_path)
    monkeypatch.setattr(settings, "REDIS_URL", "")
    monkeypatch.setattr(installation, "PATIENCE_SECONDS", 0.1)
    assert not installation.is_served()
    with installation.served():
        assert installation.is_served()
        assert machine.server().what == "サーバーは動いています。"
        with pytest.raises(installation.Served), installation.served():
            pass
    assert not installation.is_served()
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1")
    with installation.served(), installation.served():
        assert installation.is_served()


@pytest.mark.parametrize(
    ("length", "mode", "state"), [(64, 0o600, GOOD), (16, 0o600, BAD), (64, 0o644, BAD)]
)
def test_the_file_that_opens_the_metrics(
    length: int, mode: int, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("x" * length)
    file.chmod(mode)
    monkeypatch.setattr(settings, "METRICS_TOKEN", str(file))
    assert configuration.token().state is state


def test_a_folder_over_the_network_does_not_carry_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(settings, "DATA", tmp_path)
    over = GOOD if on_postgresql() else BAD
    for kind, state in (("ext4", GOOD), ("tmpfs", CARE), ("nfs4", over)):
        monkeypatch.setattr(machine, "_file_system", lambda _, kind=kind: kind)
        assert machine.folder().state is state
