"""An upgrade of the data: nobody else at work, a copy first, then the change."""

import fcntl
import os
import sqlite3
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.management.base import CommandError
from django.db import connections

from renkei.backup import engines
from renkei.backup.trouble import Trouble
from renkei.config import installation, upgrade
from tests.conftest import _POSTGRESQL


@pytest.fixture
def behind(committed):
    """An installation that lacks a migration."""
    with connections["default"].cursor() as cursor:
        cursor.execute("DROP TABLE backup_backuprun")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'backup'")
    return settings.DATA


def is_current():
    return "backup_backuprun" in connections["default"].introspection.table_names()


def copies(data):
    folder = data / "before-upgrade"
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


def test_before_the_data_is_changed_it_is_copied(behind):
    installation.prepare()
    assert is_current()
    (name,) = copies(behind)
    (copy,) = (behind / "before-upgrade" / name).iterdir()
    assert copy.stat().st_mode & 0o077 == 0
    if not _POSTGRESQL:
        with sqlite3.connect(copy) as link:
            tables = {one for (one,) in link.execute("SELECT name FROM sqlite_master")}
            assert "backup_backuprun" not in tables
            assert link.execute("SELECT COUNT(*) FROM audit_auditevent").fetchone()[0] > 0
    assert not list(behind.rglob("before-upgrade/*/keys*"))


@pytest.mark.parametrize("more", [(), ("--fake",), ("backup", "zero"), ("--database", "keys")])
def test_migrating_by_hand_past_the_copy_and_the_lock_is_refused(behind, capsys, more):
    with pytest.raises(SystemExit):
        execute_from_command_line(["renkei", "migrate", *more])
    assert "renkei upgrade" in capsys.readouterr().err
    assert not is_current() and copies(behind) == []
    installation.prepare()
    assert is_current()


def test_an_installation_that_is_current_is_not_copied(committed):
    installation.prepare()
    assert copies(settings.DATA) == []


def test_while_a_server_runs_nothing_is_changed(behind):
    with (behind / "serve.lock").open("w") as server:
        fcntl.flock(server, fcntl.LOCK_SH)
        with pytest.raises(CommandError, match="サーバーが動いています"):
            installation.prepare()
    assert not is_current()
    assert copies(behind) == []
    installation.prepare()
    assert is_current()


def test_the_server_itself_may_upgrade_before_it_serves(behind):
    with installation.served():
        installation.prepare()
        assert is_current()
        assert installation.is_served()
    assert not installation.is_served()


def test_the_copies_before_the_last_two_upgrades_stay(behind, travel):
    for _ in range(3):
        with connections["default"].cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS backup_backuprun")
            cursor.execute("DELETE FROM django_migrations WHERE app = 'backup'")
        installation.prepare()
        travel(timedelta(minutes=1))
    assert len(copies(behind)) == 2


def test_a_change_that_fails_leaves_the_copy_and_says_where(behind, monkeypatch, capsys):
    def fails(*_, **__):
        raise RuntimeError("in the middle")

    monkeypatch.setattr(installation, "call_command", fails)
    with pytest.raises(RuntimeError):
        installation.prepare()
    (name,) = copies(behind)
    assert f"before-upgrade/{name}" in capsys.readouterr().err


def test_without_room_or_program_for_a_copy_nothing_is_changed(behind, monkeypatch):
    def refuses(*_, **__):
        raise Trouble("写しを取れません。", why="full")

    monkeypatch.setattr(engines.Snapshot, "copy_to", refuses)
    with pytest.raises(CommandError, match="--no-copy"):
        installation.prepare()
    assert not is_current()
    assert copies(behind) == []
    installation.prepare(upgrade.no_copy)
    assert is_current()


def test_data_of_a_newer_program_is_not_touched(committed):
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('group', '0099_from_the_future', '2030-01-01')"
        )
    with pytest.raises(CommandError, match="新しい版"):
        installation.prepare()
    assert os.path.exists(settings.DATA)
