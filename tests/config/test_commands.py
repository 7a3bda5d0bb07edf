"""The command line, as an operator meets it: exit status, standard output, what is on the disk."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

HOSHI = Path(__file__).parent.parent / "data" / "hoshi"
GIVEN = ("DATABASE_URL", "KEYS_DATABASE_URL", "RENKEI_MASTER_KEY", "RENKEI_ORIGIN", "RENKEI_DATA")


def renkei(*arguments, **environment):
    kept = {name: value for name, value in os.environ.items() if name not in GIVEN}
    return subprocess.run(
        [sys.executable, "-m", "renkei", *map(str, arguments)],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory):
    """A data folder with the demo region in it, and the first start's output."""
    data = tmp_path_factory.mktemp("demo") / "data"
    first = renkei("demo", "--region", HOSHI, "--data", data, "--no-serve")
    assert first.returncode == 0, first.stderr
    return data, first


@pytest.fixture
def data(demo_folder, tmp_path):
    """A copy to spoil."""
    return Path(shutil.copytree(demo_folder[0], tmp_path / "data"))


@pytest.fixture
def faulty(tmp_path):
    """The region folder with two faults in it."""
    folder = Path(shutil.copytree(HOSHI, tmp_path / "faulty"))
    staff = folder / "staff.csv"
    staff.write_text(staff.read_text().replace("理学療法士", "魔法使い"))
    patients = folder / "patients.csv"
    patients.write_text(patients.read_text().replace("昭和64年1月7日", "昭和64年1月8日"))
    return folder


# ── load ─────────────────────────────────────────────────────────────────────────────────────────


def test_checking_a_good_folder_writes_nothing_at_all(tmp_path):
    done = renkei("load", HOSHI, "--check", "--data", tmp_path / "data")
    assert (done.returncode, done.stdout) == (0, "誤りはありません。\n")
    assert not (tmp_path / "data").exists()


def test_each_fault_is_one_line_with_its_place(faulty, tmp_path):
    done = renkei("load", faulty, "--check", "--data", tmp_path / "data")
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first.startswith("staff.csv:6 profession: ")
    assert second.startswith("patients.csv:3 birth_date: ")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("check", [["--check"], []])
def test_json_is_a_list_and_nothing_else(faulty, tmp_path, check):
    done = renkei("load", faulty, *check, "--json", "--data", tmp_path / "data")
    assert done.returncode == 1
    faults = json.loads(done.stdout)
    assert [(one["file"], one["line"], one["column"]) for one in faults] == [
        ("staff.csv", 6, "profession"),
        ("patients.csv", 3, "birth_date"),
    ]
    assert all(set(one) == {"file", "line", "column", "message"} for one in faults)
    assert not (tmp_path / "data").exists()


def test_json_of_a_good_folder_is_an_empty_list(tmp_path):
    done = renkei("load", HOSHI, "--check", "--json", "--data", tmp_path / "data")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_a_folder_that_is_not_there_has_faults(tmp_path):
    done = renkei("load", tmp_path / "nowhere", "--check", "--json")
    assert done.returncode == 1
    assert {one["file"] for one in json.loads(done.stdout)} >= {"region.toml", "messages.jsonl"}


def test_loading_sums_up_and_says_that_nobody_has_a_password(tmp_path):
    done = renkei("load", HOSHI, "--data", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert "事業所 3、人 8、患者 3、グループ 3、メッセージ 20" in done.stdout
    assert "パスワードはまだ誰にも設定されていません" in done.stdout
    again = renkei("load", HOSHI, "--data", tmp_path / "data")
    assert again.returncode == 1
    assert "もう地域があります" in again.stderr
    demo = renkei("demo", "--region", HOSHI, "--data", tmp_path / "data", "--no-serve")
    assert demo.returncode == 1
    assert "実際の地域があります" in demo.stderr


def test_japanese_comes_out_in_utf_8_whatever_the_terminal_says(tmp_path):
    done = renkei("load", HOSHI, "--check", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert (done.returncode, done.stdout) == (0, "誤りはありません。\n")


# ── demo ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_demo_says_where_and_who(demo_folder):
    _, first = demo_folder
    assert "http://localhost:8000" in first.stdout
    assert "midori2026" in first.stdout
    assert "subaru@hoshi.example" in first.stdout
    assert "運営事務局" in first.stdout
    assert "メッセージ 20" in first.stderr  # how far the work had come


def test_a_second_start_takes_less_than_three_seconds(data):
    start = time.monotonic()
    second = renkei("demo", "--region", HOSHI, "--data", data, "--no-serve")
    assert second.returncode == 0
    assert time.monotonic() - start < 3
    assert "取り込みました" not in second.stdout


def test_the_data_folder_is_for_its_owner_alone(demo_folder):
    data, _ = demo_folder
    assert data.stat().st_mode & 0o077 == 0
    assert not [file.name for file in data.iterdir() if file.stat().st_mode & 0o077]
    assert {file.name for file in data.iterdir()} >= {"secret.key", "master.key", "keys.db"}


def test_sessions_of_a_first_start_hold_in_the_next_process(tmp_path):
    data, file = tmp_path / "data", tmp_path / "sessions.json"
    made = renkei(
        "demo", "--region", HOSHI, "--data", data, "--port", 8123, "--no-serve", "--sessions", file
    )
    assert made.returncode == 0, made.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    written = json.loads(file.read_bytes())
    assert written["origin"] == "http://localhost:8123"
    asked = (
        "import json, sys, django; django.setup()\n"
        "from django.contrib.auth import get_user\n"
        "from django.test import RequestFactory\n"
        "from renkei.people.sessions import SessionStore\n"
        "request = RequestFactory().get('/')\n"
        "request.session = SessionStore(sys.argv[1])\n"
        "print(get_user(request).email)\n"
    )
    person = written["people"][0]
    key = dict(part.split("=") for part in person["cookie"].split("; "))["renkei"]
    settings = {"RENKEI_DATA": str(data), "DJANGO_SETTINGS_MODULE": "renkei.config.settings"}
    kept = {name: value for name, value in os.environ.items() if name not in GIVEN}
    done = subprocess.run(
        [sys.executable, "-c", asked, key], env=kept | settings, capture_output=True, text=True
    )
    assert done.stdout.strip() == person["email"], done.stderr


def test_a_port_that_is_taken_is_said_in_a_sentence(data):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = renkei("demo", "--region", HOSHI, "--data", data, "--port", port)
    assert done.returncode == 1
    assert f"ポート{port}では待ち受けできません" in done.stderr
    assert "Traceback" not in done.stderr


# ── serve ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "renkei.example", "::"])
def test_invented_people_are_never_served_beyond_this_machine(data, host):
    done = renkei("serve", "--host", host, "--port", 8124, "--data", data)
    assert done.returncode == 1
    assert "公開できません" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_trail_without_its_guards_is_guarded_again_before_serving(data):
    with sqlite3.connect(data / "renkei.db") as database:
        database.execute("DROP TRIGGER audit_no_delete")
    renkei("serve", "--host", "0.0.0.0", "--data", data)
    with sqlite3.connect(data / "renkei.db") as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    assert ("audit_no_delete",) in names


# ── audit, keys ──────────────────────────────────────────────────────────────────────────────────


def _tamper(data, *statements):
    with sqlite3.connect(data / "renkei.db") as database:
        database.execute("DROP TRIGGER audit_no_update")
        database.execute("DROP TRIGGER audit_no_delete")
        for statement in statements:
            database.execute(statement)


def test_an_untouched_trail_holds(data):
    done = renkei("audit", "verify", "--data", data)
    assert done.returncode == 0, done.stdout
    assert "毎秒" in done.stdout
    assert "メッセージ 20件" in done.stdout
    assert done.stdout.endswith("すべて合っています。\n")


def test_every_break_is_named_by_stream_and_number(data):
    group, account = "stream LIKE 'group:%' AND seq = 3", "stream LIKE 'account:%'"
    _tamper(
        data,
        f"UPDATE audit_auditevent SET at = at + 1 WHERE id = (SELECT MIN(id) FROM"
        f" audit_auditevent WHERE {group})",
        f"DELETE FROM audit_auditevent WHERE id = (SELECT MIN(id) FROM audit_auditevent"
        f" WHERE {account})",
    )
    done = renkei("audit", "verify", "--data", data)
    assert done.returncode == 1
    found = [line for line in done.stdout.splitlines() if line.startswith(("group:", "account:"))]
    assert len(found) == 2
    assert any(line.startswith("group:") and " 3: " in line for line in found)


def test_a_message_changed_behind_the_trail_is_found(data):
    _tamper(
        data,
        "UPDATE communication_communication SET text = zeroblob(40) WHERE id ="
        " (SELECT MIN(id) FROM communication_communication)",
    )
    done = renkei("audit", "verify", "--data", data)
    assert done.returncode == 1
    assert "1件あります" in done.stderr


def test_rotating_the_keys_leaves_everything_readable(data):
    before = (data / "master.key").read_bytes()
    done = renkei("keys", "rotate", "--data", data)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("7個のデータ鍵")  # the region, 3 patients, 3 groups
    assert (data / "master.key").read_bytes() != before
    again = renkei("demo", "--region", HOSHI, "--data", data, "--no-serve")
    assert "髙橋 昴" in again.stdout
