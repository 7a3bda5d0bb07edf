"""Bringing a data folder up to date: made when missing, migrated when old, guarded in any case."""

import os

from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from renkei.audit import guards


def prepare() -> None:
    """Make or migrate both databases and put the audit trail's triggers in place."""
    settings.DATA.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.umask(0o077)  # whatever is made here is for the owner alone
    _keep_secret_key()
    for alias in ("keys", "default"):
        executor = MigrationExecutor(connections[alias])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", database=alias, verbosity=0, interactive=False)
    if guards.missing():
        guards.install()


def _keep_secret_key() -> None:
    """Keep what this process signs with, if it started before there was a folder to keep it in."""
    path = settings.DATA / "secret.key"
    if not path.exists():
        with path.open("x") as file:
            file.write(settings.SECRET_KEY)
