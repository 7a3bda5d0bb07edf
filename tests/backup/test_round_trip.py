"""A blank machine, with the command line alone."""

import json
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.db import connections

from renkei.backup import run
from renkei.backup.models import BackupRun
from renkei.config import installation
from renkei.kernel import vault
from renkei.kernel.models import DataKey
from tests.backup.conftest import digests, opened, url_of
from tests.conftest import _POSTGRESQL, _administer
from tests.faults.conftest import ROUNDS

# what the restore itself writes, and what is written about the copy after it was made
WRITTEN = {
    "audit_auditevent",
    "audit_audithead",
    "backup_backuprun",
    "people_session",
    "region_region",
}


@pytest.mark.slow
def test_an_office_brings_everything_back_with_the_command_line_alone(office, blank):
    data, database = blank
    contents = [os.urandom(size) for size in (0, 1, 65_536, 300_000)]
    files = [office.add_file(content) for content in contents]
    office.identity.unlink()
    made_key = office.renkei("backup", "key", office.identity)
    assert made_key.returncode == 0, made_key.stderr
    before = digests(office.data, office.database)
    made = office.renkei("backup", office.dest, "--keys", office.keys)
    assert made.returncode == 0, made.stderr
    assert "データと同じディスク" in made.stderr  # everything lies in one temporary folder here
    assert "ファイル 4（新しく 4）" in made.stdout.splitlines()[-1]
    tried = office.verify("--keys", office.keys)
    assert tried.returncode == 0, tried.stdout
    assert tried.stdout.startswith("緑　戻せます")

    back = office.restore(data, database=database)
    assert back.returncode == 0, back.stderr
    after = digests(data, database)
    assert {name for name in before if before[name] != after[name]} <= WRITTEN
    assert set(before) == set(after)
    assert after["people_session"].rows == 0
    for file in files:
        place = f"files/{file.id.hex[-2:]}/{file.id.hex}"
        assert (data / place).read_bytes() == (office.data / place).read_bytes()
    for name in ("secret.key", "signing.key", "master.key", "backup.recipients"):
        assert (data / name).read_bytes() == (office.data / name).read_bytes()
    held = opened(data, database)
    said = list(
        held.ask("SELECT detail, entity FROM audit_auditevent WHERE action = 'backup.restore'")
    )
    held.close()
    assert said[0][1] == f"Backup/{office.generations()[0]}"
    proved = office.renkei("audit", "verify", data=data, database=database)
    assert proved.returncode == 0, proved.stdout
    # and the new machine makes copies in its turn, at the same place
    again = office.renkei("backup", office.dest, data=data, database=database)
    assert again.returncode == 0, again.stderr
    assert "ファイル 4（新しく 0）" in again.stdout


def test_nothing_made_can_be_read_by_others_and_no_secret_is_printed(office, blank):
    data, database = blank
    office.add_file(b"a file")
    office.identity.unlink()
    office.renkei("backup", "key", office.identity)
    office.renkei("backup", office.dest)
    office.verify()
    office.renkei("backup", "list", office.dest)
    office.restore(data, database=database)
    for root in (office.dest, office.keys, data):
        for path in [root, *root.rglob("*")]:
            assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE(office.identity.stat().st_mode) == 0o600
    assert not [one for one in office.data.iterdir() if one.name.startswith((".copy", ".verify"))]
    secrets = [office.identity.read_text().strip().splitlines()[-1]]
    secrets += [(office.data / one).read_text().strip() for one in ("master.key", "signing.key")]
    assert secrets[0].startswith("AGE-SECRET-KEY-")
    for secret in secrets:
        assert not any(secret in output for output in office.outputs)
        for root in (office.dest, office.keys):
            for path in root.rglob("*"):
                assert path.is_dir() or secret.encode() not in path.read_bytes()


def test_without_a_recipient_nothing_is_copied_and_the_words_say_what_to_do(office):
    (office.data / "backup.recipients").unlink()
    done = office.renkei("backup", office.dest)
    assert done.returncode == 1
    assert "renkei backup key" in done.stderr
    assert not (office.dest / "content").exists()
    assert BackupRun.objects.get().why == "no_recipient"


def test_the_key_that_opens_copies_never_lies_with_the_data(office):
    done = office.renkei("backup", "key", office.data / "identity.txt")
    assert done.returncode == 1 and "データフォルダーの中には置けません" in done.stderr
    assert not (office.data / "identity.txt").exists()


def test_a_key_is_never_overwritten(office):
    before = office.identity.read_text()
    done = office.renkei("backup", "key", office.identity)
    assert done.returncode == 1
    assert "上書きしません" in done.stderr
    assert office.identity.read_text() == before


@pytest.mark.parametrize("keys", ["copies", "copies/inside", ""])
def test_keys_never_lie_within_the_content_nor_content_within_the_keys(office, keys):
    done = office.renkei("backup", office.dest, "--keys", office.tmp / keys)
    assert done.returncode == 1
    assert "--keys" in done.stderr


def test_copies_never_lie_within_the_data_folder(office):
    done = office.renkei("backup", office.data / "copies")
    assert done.returncode == 1
    assert "データフォルダーの中" in done.stderr


def test_cron_is_told_in_one_line_or_one_object(office):
    done = office.renkei("backup", office.dest, "--json", "--offline")
    said = json.loads(done.stdout)
    assert said["generation"] == office.generations()[0]
    assert said["damaged_files"] == []
    assert set(BackupRun.objects.values_list("kind", "outcome", "offline")) == {
        ("content", "done", True),
        ("keys", "done", True),
    }
    tried = json.loads(office.verify("--json").stdout)
    assert (tried["colour"], tried["faults"]) == ("green", [])
    assert BackupRun.objects.get(kind="verify").outcome == "done"


def test_without_the_identity_only_sums_and_signatures_are_checked_and_it_says_so(office):
    office.backup()
    done = office.renkei("backup", "verify", office.dest)
    assert done.returncode == 2
    assert done.stdout.startswith("黄")
    listed = office.renkei("backup", "list", office.dest)
    assert listed.returncode == 0
    assert listed.stdout.count("○") == 2


def test_the_identity_may_come_through_standard_input(office):
    office.backup()
    done = office.renkei(
        "backup", "verify", office.dest, "--identity", "-", stdin=office.identity.read_text()
    )
    assert done.returncode == 0, done.stdout


# ── While others write ───────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_copy_made_under_heavy_writing_is_of_one_moment(office, blank):
    with connections["default"].cursor() as cursor:
        cursor.execute("CREATE TABLE load_one (id bigint PRIMARY KEY, filling text)")
        cursor.execute("CREATE TABLE load_two (id bigint PRIMARY KEY)")
    stop = threading.Event()
    written = []

    def write():
        link = connections["default"]
        number = 0
        while not stop.is_set():
            number += 1
            with link.cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute("INSERT INTO load_one VALUES (%s, %s)", [number, "x" * 3000])
                cursor.execute("INSERT INTO load_two VALUES (%s)", [number])
                cursor.execute("COMMIT")
            written.append(number)
        link.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 300:
            time.sleep(0.01)
        at_start = len(written)
        done = office.renkei("backup", office.dest)
        at_end = len(written)
    finally:
        stop.set()
        writer.join()
    assert done.returncode == 0, done.stderr
    assert at_end > at_start + 20  # writers were not held up
    tried = office.verify()
    assert tried.returncode == 0, tried.stdout
    data, database = blank
    assert office.restore(data, database=database).returncode == 0
    found = digests(data, database)
    assert found["load_one"].rows == found["load_two"].rows > at_start


@pytest.mark.slow
@pytest.mark.faults
def test_a_backup_killed_at_any_moment_leaves_nothing_half_and_the_next_one_tidies_up(office):
    for size in range(30):
        office.add_file(os.urandom(1000 * size))
    office.backup()
    chance = random.Random(20261127)
    for _ in range(int(ROUNDS or 20) // 10 or 1):
        environment = {**os.environ, "RENKEI_DATA": str(office.data)}
        if _POSTGRESQL:
            environment["DATABASE_URL"] = url_of(office.database)
        office.add_file(os.urandom(20_000))
        process = subprocess.Popen(
            [sys.executable, "-m", "renkei", "backup", str(office.dest)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.5, 1.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
        checked = office.renkei("backup", "verify", office.dest)
        assert checked.returncode == 2, checked.stdout
    office.backup()
    left = [*office.dest.rglob(".partial-*"), *office.keys.rglob(".partial-*")]
    left += list(office.data.glob(".copy-*"))
    assert left == []
    assert office.verify().returncode == 0


def test_two_runs_do_not_meet(office):
    with run.alone():
        done = office.renkei("backup", office.dest)
    assert done.returncode == 1
    assert "別のバックアップが動いています" in done.stderr
    assert office.renkei("backup", office.dest).returncode == 0


# ── What was destroyed ───────────────────────────────────────────────────────────────────────────


def test_a_destroyed_key_stays_destroyed_whatever_is_brought_back(office, blank):
    key = vault.make_key("group")
    office.backup(keep_all=True)
    older = next((office.keys / "keys").iterdir())
    kept = office.tmp / older.name
    older.rename(kept)
    kept_list = [*office.keys.glob("keys/*")]
    assert kept_list == []
    vault.destroy([key])
    time.sleep(1.1)
    office.backup(keep_all=True)
    for newer in (office.keys / "keys").iterdir():
        for file in newer.iterdir():
            file.unlink()
        newer.rmdir()
    kept.rename(older)  # somebody put the older keys back
    data, database = blank
    first = office.generations()[0]
    back = office.restore(data, "--at", first, database=database)
    assert back.returncode == 0, back.stderr
    assert "消去した鍵 1個は、消えたままです" in back.stdout
    with sqlite3.connect(data / "keys.db") as link:
        found = link.execute("SELECT wrapped FROM kernel_datakey WHERE id = ?", [key.hex])
        assert found.fetchone() == (None,)


def test_an_erase_list_that_lacks_a_key_is_not_passed_over(office, blank):
    key = vault.make_key("group")
    office.backup(keep_all=True)
    older = next((office.keys / "keys").iterdir())
    kept = older.rename(office.tmp / older.name)
    vault.destroy([key])
    time.sleep(1.1)
    office.backup(keep_all=True)
    newer = next((office.keys / "keys").iterdir())
    newer.rename(office.tmp / "newer")
    kept.rename(older)
    lists = [root / "erased.jsonl" for root in (office.dest, office.keys)]
    aside = lists[0].rename(office.tmp / "erased.jsonl")
    lists[1].unlink()
    data, database = blank
    first = office.generations()[0]
    refused = office.restore(data, "--at", first, database=database)
    assert refused.returncode == 1
    assert "消去の一覧が足りません" in refused.stderr
    assert not data.exists()
    given = office.restore(data, "--at", first, "--erased", aside, database=database)
    assert given.returncode == 0, given.stderr


def test_a_copy_of_the_keys_is_gone_as_soon_as_one_of_its_keys_is_destroyed(office):
    key = vault.make_key("group")
    for _ in range(2):
        office.backup()
        time.sleep(1.1)
    assert len(list((office.keys / "keys").iterdir())) == 2
    vault.destroy([key])
    office.backup(keep_all=True)
    assert len(list((office.keys / "keys").iterdir())) == 1
    for root in (office.dest, office.keys):
        (line,) = (root / "erased.jsonl").read_text().splitlines()
        assert json.loads(line)["key"] == key.hex


def test_that_a_key_was_destroyed_since_the_last_copy_is_told_once(office):
    key = vault.make_key("group")
    assert "消去" not in office.renkei("backup", office.dest).stderr
    vault.destroy([key])
    assert "鍵が1個消去されました" in office.renkei("backup", office.dest).stderr
    assert "消去" not in office.renkei("backup", office.dest).stderr


def test_the_erase_list_never_shrinks(office):
    vault.destroy([vault.make_key("group")])
    office.backup()
    path = office.dest / "erased.jsonl"
    path.write_bytes(path.read_bytes() + b'{"of another": "installation"}')
    vault.destroy([vault.make_key("group")])
    time.sleep(1.1)
    office.backup()
    assert len(path.read_text().splitlines()) == 3
    assert "書き換えられた行" in office.renkei("backup", "verify", office.dest).stdout


# ── Keys that are elsewhere ──────────────────────────────────────────────────────────────────────


def test_copies_are_made_without_a_master_key_and_say_which_one_is_needed(office, blank):
    needed = DataKey.objects.values_list("master", flat=True).distinct().get()
    aside = (office.data / "master.key").rename(office.tmp / "master.key")
    done = office.renkei("backup", office.dest)
    assert done.returncode == 0, done.stderr
    tried = office.verify()
    assert tried.returncode == 0, tried.stdout
    assert needed in tried.stdout
    assert "開けて確かめてはいません" in tried.stdout
    data, database = blank
    back = office.restore(data, database=database)
    assert back.returncode == 0, back.stderr
    assert needed in back.stdout
    assert "すべて合っています" not in back.stdout
    assert not (data / "master.key").exists()
    given = office.verify(RENKEI_MASTER_KEY=aside.read_text().strip())
    assert given.returncode == 0, given.stdout
    assert needed not in given.stdout


# ── What is refused ──────────────────────────────────────────────────────────────────────────────


def test_nothing_is_brought_back_over_an_installation_in_use(office, blank):
    office.backup()
    data, database = blank
    data.mkdir()
    (data / "something").write_text("here")
    done = office.restore(data, database=database)
    assert done.returncode == 1
    assert "空ではありません" in done.stderr
    assert [one.name for one in data.iterdir()] == ["something"]
    (data / "something").unlink()
    assert office.restore(data, database=database).returncode == 0


@pytest.mark.skipif(not _POSTGRESQL, reason="databases on a server")
def test_nothing_is_brought_back_into_a_database_in_use(office, blank):
    office.backup()
    data, _ = blank
    done = office.restore(data, database=office.database)
    assert done.returncode == 1
    assert "空ではありません" in done.stderr
    assert not data.exists()


def test_the_wrong_identity_is_said_in_words_and_leaves_nothing(office, blank):
    office.backup()
    office.identity.rename(office.tmp / "ours")
    (office.tmp / "other").mkdir()
    office.renkei("backup", "key", office.identity)
    data, database = blank
    done = office.restore(data, database=database)
    assert done.returncode == 1
    assert "開きません" in done.stderr
    assert not data.exists()
    assert not list(data.parent.glob(".blank*"))
    assert office.verify().returncode == 1


def _without_backups(office):
    """Make the database one of an older version."""
    with connections["default"].cursor() as cursor:
        cursor.execute("DROP TABLE backup_backuprun")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'backup'")


def test_an_older_copy_is_brought_up_to_date(office, blank):
    _without_backups(office)
    office.backup()
    data, database = blank
    back = office.restore(data, database=database)
    assert back.returncode == 0, back.stderr
    assert "backup_backuprun" in digests(data, database)
    assert not (data / "before-upgrade").exists()
    installation.prepare()


def test_a_copy_by_a_newer_program_is_refused(office, blank):
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('future', '0001_initial', '2030-01-01')"
        )
    office.backup()
    data, database = blank
    done = office.restore(data, database=database)
    assert done.returncode == 1
    assert "新しい版" in done.stderr
    assert not data.exists()


@pytest.mark.skipif(not _POSTGRESQL, reason="databases on a server")
def test_no_password_stands_in_a_process_listing(office):
    fake = office.tmp / "bin"
    fake.mkdir()
    log = office.tmp / "listing"
    (fake / "pg_dump").write_text(
        f'#!/bin/sh\necho "$@" >> {log}\nexec {shutil.which("pg_dump")} "$@"\n'
    )
    (fake / "pg_dump").chmod(0o755)
    with_password = url_of(office.database).replace("@", ":sesame@", 1)
    done = office.renkei(
        "backup",
        office.dest,
        DATABASE_URL=with_password,
        PATH=f"{fake}:{os.environ['PATH']}",
    )
    assert done.returncode == 0, done.stderr
    assert "--snapshot" in log.read_text()
    assert "sesame" not in log.read_text()
    assert not any("sesame" in said for said in office.outputs)


@pytest.mark.skipif(not _POSTGRESQL, reason="databases on a server")
def test_a_trial_leaves_no_database_behind_not_even_one_that_was_killed(office):
    office.backup()
    prefix = f"{office.database[:30]}_verify_"
    _administer(f'CREATE DATABASE "{prefix}left"')
    assert office.verify().returncode == 0
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        assert cursor.fetchall() == []


# ── Several places, several keys, several generations ────────────────────────────────────────────


def test_a_second_recipient_opens_everything_from_then_on_files_included(office, blank):
    office.add_file(b"sealed once")
    office.backup()
    ours = office.identity.rename(office.tmp / "ours.txt")
    assert office.renkei("backup", "key", office.identity).returncode == 0
    time.sleep(1.1)
    done = office.backup()
    assert done.new_files == 1  # sealed anew, to both
    data, database = blank
    assert office.restore(data, database=database).returncode == 0
    again = office.renkei("backup", "verify", office.dest, "--all", "--identity", ours)
    assert again.returncode == 0, again.stdout


def test_a_public_key_made_elsewhere_can_be_added(office):
    done = office.renkei("backup", "key", "--add", "age1" + "x" * 58)
    assert done.returncode == 1
    good = (office.data / "backup.recipients").read_text().strip()
    (office.data / "backup.recipients").unlink()
    assert office.renkei("backup", "key", "--add", good).returncode == 0
    assert (office.data / "backup.recipients").read_text().strip() == good


def test_old_generations_go_and_with_them_the_files_that_only_they_named(office, travel):
    gone, stays = office.add_file(b"gone soon"), office.add_file(b"stays")
    office.backup()
    gone_id = gone.id.hex
    gone.delete()
    removed = 0
    for _ in range(10):
        travel(timedelta(days=1, hours=1))
        removed += office.backup().removed
    assert removed
    assert 7 <= len(office.generations()) <= 11
    copies = {path.name for path in office.dest.glob("files/*/*/*")}
    assert f"{stays.id.hex}.age" in copies
    named = any(gone_id in path.read_text() for path in office.dest.glob("content/*/files.jsonl"))
    assert (f"{gone_id}.age" in copies) == named
    for _ in range(14):
        travel(timedelta(days=40))
        office.backup()
    assert {path.name for path in office.dest.glob("files/*/*/*")} == {f"{stays.id.hex}.age"}


def test_write_once_media_keep_every_generation(office, travel):
    for _ in range(12):
        office.backup(keep_all=True)
        travel(timedelta(hours=1))
    assert len(office.generations()) == 12


def test_a_file_that_is_damaged_at_home_is_named_and_everything_else_is_copied(office, blank):
    bad, good = office.add_file(b"will be damaged"), office.add_file(b"good")
    path = office.data / "files" / bad.id.hex[-2:] / bad.id.hex
    path.write_bytes(b"x" * path.stat().st_size)
    done = office.renkei("backup", office.dest)
    assert done.returncode == 1
    assert bad.id.hex in done.stderr
    assert {one.name for one in office.dest.glob("files/*/*/*")} == {f"{good.id.hex}.age"}
    tried = office.verify()
    assert tried.returncode == 0, tried.stdout
    assert "もう壊れていたファイルが1件" in tried.stdout
    data, database = blank
    back = office.restore(data, database=database)
    assert back.returncode == 0, back.stderr
    assert "もう壊れていたファイルが1件" in back.stdout
    path.unlink()
    time.sleep(1.1)
    assert office.backup().damaged_files == [bad.id.hex]


def test_what_was_wrong_already_is_brought_back_only_if_one_says_so(office, blank):
    with connections["default"].cursor() as cursor:
        cursor.execute("UPDATE people_organization SET head = %s", [b"\x01" + bytes(60)])
    office.backup()
    assert office.verify().returncode == 1
    data, database = blank
    refused = office.restore(data, database=database)
    assert refused.returncode == 1
    assert "事業所の代表者名" in refused.stderr
    assert not data.exists()
    done = office.restore(data, "--accept-faults", database=database)
    assert done.returncode == 0, done.stderr
    assert "そのまま残っています" in done.stdout
    assert data.exists()


@pytest.mark.slow
@pytest.mark.faults
def test_a_restore_killed_at_any_moment_leaves_nothing_and_the_next_one_succeeds(office, blank):
    for size in range(20):
        office.add_file(os.urandom(10_000 * size))
    office.backup()
    data, database = blank
    chance = random.Random(20261127)
    for _ in range(int(ROUNDS or 20) // 10 or 1):
        environment = {**os.environ, "RENKEI_DATA": str(data)}
        if _POSTGRESQL:
            _administer(f'DROP DATABASE "{database}" WITH (FORCE)', f'CREATE DATABASE "{database}"')
            environment["DATABASE_URL"] = url_of(database)
        words = ["restore", str(office.dest), "--identity", str(office.identity)]
        process = subprocess.Popen(
            [sys.executable, "-m", "renkei", *words],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(chance.uniform(0.3, 1.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if data.exists():  # it was done already: then all of it is there
            assert office.renkei("audit", "verify", data=data, database=database).returncode == 0
            shutil.rmtree(data)
    if _POSTGRESQL:
        _administer(f'DROP DATABASE "{database}" WITH (FORCE)', f'CREATE DATABASE "{database}"')
    done = office.restore(data, database=database)
    assert done.returncode == 0, done.stderr
    assert not list(data.parent.glob(".blank*"))
