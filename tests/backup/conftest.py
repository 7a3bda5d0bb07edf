"""An office with a data folder of its own, a key for its copies, and the command line."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connections

from renkei.backup import places, postgresql_copy, recipients, run, sqlite_copy, tables
from renkei.files import store
from renkei.kernel import vault
from tests.conftest import _POSTGRESQL, _administer

GIVEN = ("KEYS_DATABASE_URL", "RENKEI_MASTER_KEY", "RENKEI_ORIGIN", "RENKEI_DATA")


def silent(part, done, total):
    """Tell nobody how far it has come."""


def url_of(database):
    """The address of a database on the server of the tests; empty on SQLite."""
    if not _POSTGRESQL:
        return ""
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}"))


@dataclass
class Office:
    """An installation, its copies, and who may open them."""

    data: Path
    database: str
    tmp: Path
    outputs: list = field(default_factory=list)

    @property
    def dest(self):
        return self.tmp / "copies"

    @property
    def keys(self):
        return self.tmp / "copies-keys"

    @property
    def identity(self):
        return self.tmp / "identity.txt"

    @property
    def held(self):
        return recipients.identities(self.identity.read_text())

    def renkei(self, *arguments, data=None, database=None, stdin=None, **environment):
        """Run the command line as the host does."""
        kept = {name: value for name, value in os.environ.items() if name not in GIVEN}
        kept["RENKEI_DATA"] = str(data or self.data)
        if _POSTGRESQL:
            kept["DATABASE_URL"] = url_of(database or self.database)
        done = subprocess.run(
            [sys.executable, "-m", "renkei", *map(str, arguments)],
            env={**kept, **environment},
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )
        self.outputs.append(done.stdout + done.stderr)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def backup(self, *, keep_all=False, dest=None, keys=None):
        """Make a copy in this process."""
        at = places.places(dest or self.dest, keys or (None if dest else self.keys))
        return run.run(at, silent, keep_all=keep_all, offline=False)

    def verify(self, *arguments, **given):
        """Try the copies out."""
        identity = ("--identity", self.identity)
        return self.renkei("backup", "verify", self.dest, *identity, *arguments, **given)

    def restore(self, data, *arguments, database=None, **given):
        """Bring everything back."""
        return self.renkei(
            "restore",
            self.dest,
            "--identity",
            self.identity,
            *arguments,
            data=data,
            database=database,
            **given,
        )

    def generations(self):
        return sorted(one.name for one in (self.dest / "content").iterdir() if one.name[0] != ".")

    def add_file(self, content):
        """A sealed file of the installation."""
        file = store.write(vault.make_key("group"), [content])
        file.save(force_insert=True)
        return file


@pytest.fixture
def office(committed, tmp_path):
    """The cast's installation, with a key for its copies."""
    made = Office(Path(settings.DATA), str(connections.settings["default"]["NAME"]), tmp_path)
    (made.data).chmod(0o700)
    recipients.make_identity(made.identity)
    return made


@pytest.fixture
def blank(tmp_path):
    """A blank machine: a folder that is not there yet and, on PostgreSQL, an empty database."""
    name = f"backup_blank_{os.getpid()}"
    if _POSTGRESQL:
        _administer(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"')
    yield tmp_path / "blank", name
    if _POSTGRESQL:
        _administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def opened(data, database):
    """The database of an installation, to be read."""
    if not _POSTGRESQL:
        return sqlite_copy.opened(data / "renkei.db")
    params = connections["default"].get_connection_params()
    return postgresql_copy.hold({**params, "dbname": database})


def digests(data, database):
    """What every table comes to."""
    held = opened(data, database)
    try:
        counting = tables.Counting(silent, 0)
        for row in tables.rows(held):
            counting.add(row)
        return counting.digests(held)
    finally:
        held.close()
