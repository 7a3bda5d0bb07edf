"""A destroyed key is gone: from the files, from this process, from every other one, for good."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connections

from renkei.kernel import keyring, vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Erased
from renkei.kernel.models import DataKey

THEN = datetime(2026, 4, 1, 9, tzinfo=UTC)
needs_sqlite = pytest.mark.skipif(
    "postgresql" in settings.DATABASES["keys"]["ENGINE"], reason="looks into SQLite's files"
)


def sealed_with_a_key():
    key = vault.make_key("test")
    return key, vault.seal(key, b"words", about="x")


def opens(key, sealed):
    return vault.unseal(key, sealed, about="x") == b"words"


def test_what_a_destroyed_key_sealed_is_erased_at_once(committed):
    key, sealed = sealed_with_a_key()
    other, kept = sealed_with_a_key()
    assert opens(key, sealed)  # it is in memory now
    assert vault.destroy([key]) == 1
    with pytest.raises(Erased):
        opens(key, sealed)
    with pytest.raises(Erased):
        vault.seal(key, b"more", about="x")
    vault.warm([key])
    with pytest.raises(Erased):
        opens(key, sealed)
    assert opens(other, kept)


def test_the_erase_list_says_what_was_destroyed_and_when(committed):
    key, _ = sealed_with_a_key()
    before = datetime.now(UTC)
    vault.destroy([key])
    at = vault.destroyed()
    assert set(at) == {key}
    assert before <= at[key] <= datetime.now(UTC)


def test_destroying_twice_keeps_the_first_time(committed):
    key, _ = sealed_with_a_key()
    vault.destroy([key])
    first = vault.destroyed()
    assert vault.destroy([key, uuid7()]) == 0
    assert vault.destroyed() == first


@pytest.mark.parametrize("filled", [1, 3_000])
@needs_sqlite
def test_the_wrapped_bytes_are_in_no_file_afterwards(committed, filled):
    with vault.making_keys():
        keys = [vault.make_key("test") for _ in range(filled)]
    vault.rotate()  # the old wrapping must not be left either
    wanted = keys[::7]
    wrapped = [
        bytes(one)
        for one in DataKey.objects.filter(pk__in=wanted).values_list("wrapped", flat=True)
    ]
    assert all(one in _files() for one in wrapped)  # the test looks in the right place
    vault.destroy(wanted)
    left = _files()
    assert not [one for one in wrapped if one in left or one[:16] in left or one[-16:] in left]


def _files():
    return b"".join(path.read_bytes() for path in settings.DATA.glob("keys.db*"))


@needs_sqlite
def test_a_reader_in_the_way_is_said_and_the_next_time_cleans_up(committed):
    key, sealed = sealed_with_a_key()
    stored = bytes(DataKey.objects.get(pk=key).wrapped)
    reader = sqlite3.connect(settings.DATA / "keys.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM kernel_datakey").fetchone()
    with connections["keys"].cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 50")
    with pytest.raises(vault.StillThere):
        vault.destroy([key])
    with pytest.raises(Erased):
        opens(key, sealed)
    reader.execute("COMMIT")
    reader.close()
    assert vault.destroy([key]) == 0
    assert stored not in _files()


def test_an_erase_list_is_carried_out_again_after_a_restore(committed):
    key, sealed = sealed_with_a_key()
    unknown = uuid7()
    gone = {key: THEN, unknown: THEN + timedelta(days=1)}
    for _ in range(2):
        vault.destroy_again(gone)
        assert vault.destroyed() == gone
    with pytest.raises(Erased):
        opens(key, sealed)
    with pytest.raises(Erased):
        vault.seal(unknown, b"x", about="x")


def test_an_erase_list_does_not_change_what_was_destroyed_before(committed):
    key, _ = sealed_with_a_key()
    vault.destroy([key])
    first = vault.destroyed()
    vault.destroy_again({key: THEN})
    assert vault.destroyed() == first


def test_a_key_is_not_destroyed_within_somebody_elses_transaction(committed):
    key, sealed = sealed_with_a_key()
    with pytest.raises(RuntimeError), vault.making_keys():
        vault.destroy([key])
    assert opens(key, sealed)


OTHER = """
import sys, time, uuid, django
django.setup()
from renkei.kernel import vault
from renkei.kernel.errors import Erased
key, sealed = uuid.UUID(sys.argv[1]), bytes.fromhex(sys.argv[2])
vault.unseal(key, sealed, about="x")
print("open", flush=True)
until = time.monotonic() + 15
while time.monotonic() < until:
    try:
        vault.unseal(key, sealed, about="x")
    except Erased:
        print(time.time(), flush=True)
        break
    time.sleep(0.005)
"""


@needs_sqlite
def test_another_process_that_has_the_key_in_memory_stops_within_about_a_second(committed):
    key, sealed = sealed_with_a_key()
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(key), sealed.hex()],
        env={**os.environ, "RENKEI_DATA": str(settings.DATA)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout.readline() == "open\n"
    began = time.time()
    vault.destroy([key])
    heard = float(other.communicate(timeout=20)[0])
    assert keyring._LOOK <= 1
    assert heard - began < 10  # a busy machine may keep it waiting; without a look it never hears


def test_a_key_read_just_before_it_was_destroyed_does_not_stay_in_memory(committed, monkeypatch):
    """One thread has read the row and not yet kept the key when the other destroys it."""
    key, sealed = sealed_with_a_key()
    vault.forget_everything()
    read, go = threading.Event(), threading.Event()
    unwrap = keyring.unwrap

    def slowly(stored):
        read.set()
        go.wait(10)
        return unwrap(stored)

    def late():
        try:
            opens(key, sealed)
        finally:
            connections.close_all()

    monkeypatch.setattr(keyring, "unwrap", slowly)
    thread = threading.Thread(target=late)
    thread.start()
    assert read.wait(10)
    vault.destroy([key])
    go.set()
    thread.join()
    with pytest.raises(Erased):
        opens(key, sealed)
