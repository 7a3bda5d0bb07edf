"""The command line, as an operator meets it: exit status, standard output, what is on the disk."""

import json
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from renkei.kernel.age import make_identity
from tests.commands import HOSHI, KEPT, renkei
from tests.faults.conftest import ROUNDS


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


def test_the_demo_says_where_and_who(demo):
    assert "http://localhost:8000" in demo.stdout
    assert "midori2026" in demo.stdout
    assert "subaru@hoshi.example" in demo.stdout
    assert "運営事務局" in demo.stdout
    assert "メッセージ 20" in demo.stderr  # how far the work had come


def test_a_second_start_takes_less_than_three_seconds(data):
    before = _cpu_of_children()
    second = renkei("demo", "--region", HOSHI, "--data", data, "--no-serve")
    assert second.returncode == 0
    assert _cpu_of_children() - before < 3
    assert "取り込みました" not in second.stdout


def _cpu_of_children() -> float:
    """Seconds; what else the machine does is not counted."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_the_data_folder_is_for_its_owner_alone(demo):
    data = demo.data
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
    done = subprocess.run(
        [sys.executable, "-c", asked, key], env=KEPT | settings, capture_output=True, text=True
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
    assert "メッセージと出来事: 20件" in done.stdout
    assert "封をした値: 41件" in done.stdout
    assert done.stdout.endswith("すべて合っています。\n")


def test_what_was_not_looked_at_is_not_said_to_fit(data):
    (data / "master.key").unlink()
    done = renkei("audit", "verify", "--data", data)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("確かめていません（マスター鍵がここにありません）") == 2
    assert done.stdout.endswith("確かめていないところがあります。\n")
    assert "\nすべて合っています" not in done.stdout


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
    found = [line.strip() for line in done.stdout.splitlines() if line.startswith("  証跡 ")]
    assert len(found) == 2
    assert any(line.startswith("証跡 グループ ") and "の3行目: " in line for line in found)


def test_a_message_changed_behind_the_trail_is_found(data):
    _tamper(
        data,
        "UPDATE communication_communication SET text = zeroblob(40) WHERE id ="
        " (SELECT id FROM communication_communication WHERE seq = 1 AND event = '' LIMIT 1)",
    )
    done = renkei("audit", "verify", "--data", data)
    assert done.returncode == 1
    assert "2件あります" in done.stderr  # by its line, and because it does not open
    assert "の1番: " in done.stdout
    assert "メッセージの本文（communication.Communication " in done.stdout
    found = json.loads(renkei("audit", "verify", "--json", "--data", data).stdout)
    faults = {part["part"]: [one["why"] for one in part["faults"]] for part in found}
    assert faults["messages"] == ["the message is not what was sealed"]
    assert faults["trail"] == faults["keys"] == faults["files"] == faults["database"] == []


def test_a_head_is_written_once_for_its_owner_alone_and_proves_a_cut_tail(data, tmp_path):
    file = tmp_path / "head.json"
    done = renkei("audit", "head", "--out", file, "--data", data)
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    key = done.stderr.split()[-1]
    assert renkei("audit", "head", "--out", file, "--data", data).returncode == 1
    held = ("audit", "verify", "--head", file, "--data", data)
    assert renkei(*held, "--signed-by", key).returncode == 0
    _tamper(
        data,
        "CREATE TEMP TABLE last AS SELECT MAX(seq) AS seq, stream FROM audit_auditevent"
        " WHERE stream LIKE 'account:%' GROUP BY stream LIMIT 1",
        "DELETE FROM audit_auditevent WHERE (stream, seq) IN (SELECT stream, seq FROM last)",
        "DELETE FROM audit_audithead WHERE stream IN (SELECT stream FROM last) AND seq = 1",
        "UPDATE audit_audithead SET seq = seq - 1, hash = (SELECT e.hash FROM audit_auditevent e"
        " WHERE e.stream = audit_audithead.stream AND e.seq = audit_audithead.seq - 1)"
        " WHERE stream IN (SELECT stream FROM last)",
    )
    assert renkei("audit", "verify", "--data", data).returncode == 0  # the chains alone hold
    done = renkei(*held)
    assert done.returncode == 1
    assert "1件あります" in done.stderr
    assert "証跡 利用者 " in done.stdout


def test_a_head_is_not_mailed_without_mail(data):
    done = renkei("audit", "head", "--mail", "--data", data)
    assert done.returncode == 1
    assert "EMAIL_URL" in done.stderr


def test_what_is_no_head_is_said_to_be_none(data, tmp_path):
    (tmp_path / "x.json").write_text("[]")
    done = renkei("audit", "verify", "--head", tmp_path / "x.json", "--data", data)
    assert done.returncode == 1
    assert "控えではありません" in done.stderr
    done = renkei("audit", "verify", "--head", tmp_path / "none.json", "--data", data)
    assert done.returncode == 1
    assert "読めません" in done.stderr


COVERED = {
    "renkei.db": [
        "SELECT stream, seq, at, actor, action, entity, detail, hash FROM audit_auditevent",
        "SELECT stream, seq, hash FROM audit_audithead",
        "SELECT id, group_id, seq, sender_id, text, sent_at FROM communication_communication",
        "SELECT id, identity_sealed, basics_sealed FROM patient_patient",
        "SELECT id, profile_sealed FROM people_account",
    ],
    "keys.db": ["SELECT id, wrapped, master FROM kernel_datakey"],
}


def _content(path):
    with sqlite3.connect(path) as database:
        return [sorted(database.execute(sql).fetchall()) for sql in COVERED[path.name]]


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("name", COVERED)
def test_a_byte_flipped_anywhere_in_a_database_file_is_never_silent(data, name):
    """Here and there in the file: either it is named, or it was in nothing that is proved."""
    path = data / name
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole, before = path.read_bytes(), _content(path)
    places = [at for at in range(700, len(whole), 1_013) if whole[at]]
    for at in places[:: max(1, len(places) // (20 if ROUNDS else 3))]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        done = renkei("audit", "verify", "--data", data)
        assert "Traceback" not in done.stderr, (at, done.stderr)
        assert done.returncode == 1 or _content(path) == before, at
        for rest in ("-wal", "-shm"):
            path.with_name(name + rest).unlink(missing_ok=True)


def test_rotating_the_keys_leaves_everything_readable(data):
    before = (data / "master.key").read_bytes()
    done = renkei("keys", "rotate", "--data", data)
    assert done.returncode == 0, done.stderr
    rewrapped = re.match(r"(\d+)個のデータ鍵", done.stdout)
    assert rewrapped
    assert int(rewrapped[1]) >= 8  # the region, its network, 3 patients, 3 groups
    assert (data / "master.key").read_bytes() != before
    again = renkei("demo", "--region", HOSHI, "--data", data, "--no-serve")
    assert "髙橋 昴" in again.stdout


@pytest.mark.parametrize(
    "command",
    [
        ["audit", "verify"],
        ["audit", "head"],
        ["keys", "rotate"],
        ["export", "--all", "x.age", "--to", str(make_identity().to_public()), "--yes"],
    ],
)
def test_a_slip_in_the_data_folder_makes_nothing_and_is_said(tmp_path, command):
    wrong = tmp_path / "no" / "data"
    done = renkei(*command, "--data", wrong)
    assert done.returncode == 1
    assert f"{wrong} にデータがありません" in done.stderr
    assert not any(tmp_path.iterdir())
