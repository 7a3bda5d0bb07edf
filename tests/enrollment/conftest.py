"""An installation that nobody has loaded anything into."""

import os

import pytest
from django.conf import settings
from django.db import connection, connections

from renkei.config.installation import prepare
from renkei.kernel import vault


def _point_at(folder, name):
    """Let this process work on other databases and keys."""
    for alias, database in (("default", name), ("keys", folder / "keys.db")):
        connections[alias].close()
        connections.settings[alias]["NAME"] = str(database)
    settings.DATA = folder
    vault.forget_everything()


@pytest.fixture(scope="module")
def empty(django_db_setup, django_db_blocker, tmp_path_factory):
    """Both databases are made and have nothing in them, for all tests of the module."""
    folder, kept = tmp_path_factory.mktemp("empty"), settings.DATA
    before = connections.settings["default"]["NAME"]
    name = folder / "renkei.db"
    mask = os.umask(0o022)
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            name = f"renkei_empty_{os.getpid()}"
            connection.cursor().execute(f'CREATE DATABASE "{name}"')
        _point_at(folder, name)
        prepare()
        connections.close_all()
    os.umask(mask)
    yield
    with django_db_blocker.unblock():
        _point_at(kept, before)
        if connection.vendor == "postgresql":
            connection.cursor().execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        connections.close_all()
