"""Bringing a data folder up to date: made when missing, migrated when old, guarded in any case."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration

from renkei.audit import guards
from renkei.backup.version import unknown
from renkei.config import upgrade
from renkei.kernel import durable
from renkei.kernel.database import has_table

PATIENCE_SECONDS: Final = 1.0
# The key store holds the tables of this app alone: to go through everybody's migrations there would
# change nothing, and take as long as in the main database.
KEYS_APP: Final = "kernel"


def prepare(copy: upgrade.Copy = upgrade.copy) -> None:
    """Make or migrate both databases and put the triggers of what is append-only in place.

    What has to be migrated is copied first, while no server runs on it.

    Raises:
        CommandError: a server runs, there is no room for the copy, or a newer program was here.
    """
    settings.DATA.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.umask(0o077)  # whatever is made here is for the owner alone
    _keep_secret_key()
    behind = [alias for alias in ("keys", "default") if _is_behind(alias)]
    if behind and is_in_use():
        with _nobody_else():
            _upgrade(behind, copy)
    else:
        _migrate(behind)
    if guards.missing():
        guards.install()


def _is_behind(alias: str) -> bool:
    """Whether a database lacks a migration.

    Raises:
        CommandError: it has one that this program does not know.
    """
    executor = MigrationExecutor(connections[alias])
    if newer := unknown(executor.loader):
        raise CommandError(
            "このデータは、もっと新しい版の Renkei で使われていました。"
            f"その版で始めてください（知らない変更: {newer[0]}）。"
        )
    return bool(waiting(executor, alias))


def waiting(executor: MigrationExecutor, alias: str) -> list[tuple[Migration, bool]]:
    """The migrations that change a table of this database and were not run there."""
    app = KEYS_APP if alias == "keys" else None
    plan: list[tuple[Migration, bool]] = executor.migration_plan(
        executor.loader.graph.leaf_nodes(app)
    )
    return plan


def is_in_use() -> bool:
    """Whether there is something in the database already; looking makes none."""
    return has_table("default", "region_region")


def _migrate(behind: list[str]) -> None:
    for alias in behind:
        app = [KEYS_APP] if alias == "keys" else []
        call_command("migrate", *app, database=alias, verbosity=0, interactive=False)


def _upgrade(behind: list[str], copy: upgrade.Copy) -> None:
    kept = copy()
    try:
        _migrate(behind)
    except BaseException:  # BLE: whatever it was, the host has to hear where the copy lies
        upgrade.say_where(kept)
        raise
    upgrade.tidy()


class Served(Exception):
    """A server runs on this data folder."""


@contextmanager
def served() -> Iterator[None]:
    """Mark the data folder as served while the block runs, by a lock that ends with the process.

    Without Redis one server alone holds it; with Redis several share it.

    Raises:
        Served: another server runs, and does not end within a second.
    """
    global _held
    settings.DATA.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(_lock_file(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, _kind())
        _held = descriptor
        yield
    finally:
        _held = None
        os.close(descriptor)


_held: int | None = None  # the lock of this process, if it serves


def _kind() -> int:
    return fcntl.LOCK_SH if settings.REDIS_URL else fcntl.LOCK_EX


@contextmanager
def _nobody_else() -> Iterator[None]:
    """Let no other process serve, or begin to, while the block lasts.

    Raises:
        CommandError: one does.
    """
    descriptor = _held
    if descriptor is None:
        descriptor = os.open(_lock_file(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        upgrade.take_alone(descriptor)
        yield
        if _held is not None:
            fcntl.flock(descriptor, _kind())
    finally:
        if _held is None:
            os.close(descriptor)


def _lock(descriptor: int, kind: int) -> None:
    """Take the lock, patient enough for whoever only looks whether it is taken."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise Served from None
            time.sleep(0.05)


def is_served() -> bool:
    """Whether a server runs on this data folder at the moment; changes nothing."""
    if not _lock_file().exists():
        return False
    descriptor = os.open(_lock_file(), os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock_file() -> Path:
    return Path(settings.DATA) / "serve.lock"


def _keep_secret_key() -> None:
    """Keep what this process signs with, if it started before it was kept."""
    path = settings.DATA / "secret.key"
    durable.put_first(path, settings.SECRET_KEY.encode())
    settings.SECRET_KEY = path.read_text()
