"""The master key is changed while people work, and by a process that dies at any of its steps."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from benchmarks import client
from benchmarks.server import free_port, wait_until_ready
from renkei.kernel import durable
from renkei.kernel.entity import uuid7
from tests.commands import HOSHI, KEPT, renkei

ROTATIONS = 5


@contextmanager
def serving(data, **environment):
    """A real server on the data folder; its port."""
    port = free_port()
    with (data / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "renkei", "serve", "--port", str(port), "--data", str(data)],
            env={**KEPT, **environment},
            stdout=log,
            stderr=log,
        )
    try:
        wait_until_ready(process, port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request):
    """Where the key store is: the environment of every command."""
    if request.param == "sqlite":
        return {}
    return {"KEYS_DATABASE_URL": request.getfixturevalue("postgresql")}


@pytest.fixture
def made(demo, tmp_path, store):
    """The invented region, and who may sign in."""
    if not store:
        return shutil.copytree(demo.data, tmp_path / "data"), demo.people
    data, sessions = tmp_path / "data", tmp_path / "sessions.json"
    asked = ["demo", "--region", HOSHI, "--data", data, "--no-serve", "--sessions", sessions]
    done = renkei(*asked, **store)
    assert done.returncode == 0, done.stderr
    return data, json.loads(sessions.read_bytes())["people"]


def _post(person):
    body = {"text": "体温36度8分", "kind": "report", "importance": "normal", "confirmed": "yes"}
    sent = json.dumps({**body, "key": str(uuid4())}, ensure_ascii=False).encode()
    group = person["groups"][0]["id"]
    return client.post(f"/groups/{group}/messages", person["cookie"], person["csrf_token"], sent)


def _read(person):
    return client.get(f"/groups/{person['groups'][0]['id']}", person["cookie"])


def _register(person):
    facts = {"name": "森", "kana": "もり", "birth_date": "昭和12年3月5日", "sex": "男"}
    sent = urlencode({**facts, "key": str(uuid7()), "go": "register"}).encode()
    return client.post(
        "/patients/new", person["cookie"], person["csrf_token"], sent, "x-www-form-urlencoded"
    )


async def _work(port, make, wanted, stop, done):
    """One person who does the same thing again and again, until it is over or fails."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    while not stop.is_set():
        writer.write(make())
        status, body = await client.answer(reader)
        assert status == wanted, (status, body[:400].decode(errors="replace"))
        done[make] = done.get(make, 0) + 1
        await asyncio.sleep(0.01)
    writer.close()


async def _rotate_meanwhile(port, people, rotate, times=ROTATIONS):
    member = next(one for one in people if one["groups"])
    administrator = next(one for one in people if one["email"].startswith("subaru@"))
    works = [
        (lambda: _post(member), 201),
        (lambda: _read(member), 200),
        (lambda: _register(administrator), 303),
        (lambda: client.get("/readyz", ""), 200),
    ]
    stop, done = asyncio.Event(), {}
    tasks = [asyncio.create_task(_work(port, *one, stop, done)) for one in works]
    await asyncio.sleep(0.5)
    for _ in range(times):
        found = await asyncio.to_thread(rotate)
        assert found.returncode == 0, found.stderr
        await asyncio.sleep(0.2)
    stop.set()
    await asyncio.gather(*tasks)
    return [done[make] for make, _ in works]


def _all_is_well(data, **environment):
    after = renkei("audit", "verify", "--data", data, **environment)
    assert after.returncode == 0, after.stdout + after.stderr
    assert _script("print(vault.verify())", data, **environment).endswith(", [])\n")


@pytest.mark.slow
def test_nobody_notices_that_the_master_key_is_changed_five_times(made, store):
    data, people = made
    with serving(data, **store) as port:
        rotate = partial(renkei, "keys", "rotate", "--data", data, **store)
        counts = asyncio.run(_rotate_meanwhile(port, people, rotate))
    assert min(counts) > 5, counts
    assert len((data / "master.key").read_bytes().split()) == 1
    _all_is_well(data, **store)


@pytest.mark.slow
def test_nor_when_it_is_given_in_a_file_with_the_old_one_after_the_new(made, store, tmp_path):
    data, people = made
    given = tmp_path / "given.key"
    shutil.move(data / "master.key", given)
    environment = {**store, "RENKEI_MASTER_KEY_FILE": str(given)}

    def rotate():
        old = given.read_text().split()[0]
        durable.put(given, f"{b64encode(os.urandom(32)).decode()}\n{old}\n".encode())
        done = renkei("keys", "rotate", "--data", data, **environment)
        durable.put(given, given.read_text().split()[0].encode())
        return done

    with serving(data, **environment) as port:
        counts = asyncio.run(_rotate_meanwhile(port, people, rotate, times=2))
    assert min(counts) > 5, counts
    assert not (data / "master.key").exists()
    _all_is_well(data, **environment)


@pytest.mark.slow
def test_nor_while_two_custodians_hold_it_and_the_server_has_it_in_memory_alone(
    made, store, tmp_path
):
    data, people = made
    sheets = [
        [tmp_path / f"sheets{at}" / f"sheet-{number}.txt" for number in (1, 2)] for at in range(3)
    ]
    asked = ["keys", "split", "--to", tmp_path / "sheets0", "--prove", *sheets[0]]
    assert renkei(*asked, "--data", data, **store).returncode == 0
    number = iter(range(1, 3))

    def rotate():
        at = next(number)
        asked = ["--sheets", *sheets[at - 1], "--to", tmp_path / f"sheets{at}", "--prove"]
        return renkei("keys", "rotate", *asked, *sheets[at], "--data", data, **store)

    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "sheets").write_text("\n".join(one.read_text() for one in sheets[0]))
    with serving(data, CREDENTIALS_DIRECTORY=str(credentials), **store) as port:
        counts = asyncio.run(_rotate_meanwhile(port, people, rotate, times=2))
    assert min(counts) > 5, counts
    joined = renkei("keys", "join", "--sheets", *sheets[2], "--data", data, **store)
    assert joined.returncode == 0, joined.stderr
    _all_is_well(data, **store)


@pytest.mark.slow
def test_a_key_is_destroyed_while_the_server_runs_and_nothing_of_it_stays(made, store):
    data, people = made
    reader = next(one for one in people if one["groups"])
    destroy = (
        "from renkei.group.models import Group; import sys\n"
        "from renkei.kernel.models import DataKey\n"
        f"key = Group.objects.get(pk='{reader['groups'][0]['id']}').key_id\n"
        "print(bytes(DataKey.objects.get(pk=key).wrapped).hex())\n"
        "assert vault.destroy([key]) == 1 and set(vault.destroyed()) == {key}\n"
    )

    async def status(port):
        link, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        writer.write(_read(reader))
        found = await client.answer(link)
        writer.close()
        return found[0]

    with serving(data, **store) as port:
        assert asyncio.run(status(port)) == 200
        wrapped = bytes.fromhex(_script(destroy, data, **store))
        time.sleep(1.2)
        assert asyncio.run(status(port)) == 410
    assert all(wrapped not in one.read_bytes() for one in data.glob("keys.db*"))


def _script(code, data, **environment):
    begun = "import django; django.setup()\nfrom renkei.kernel import vault\n"
    found = subprocess.run(
        [sys.executable, "-c", begun + code],
        env={**KEPT, **environment, "RENKEI_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.fixture
def in_memory():
    """A folder whose disk is memory: the processes die, not the machine."""
    with tempfile.TemporaryDirectory(
        dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    ) as at:
        yield Path(at)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["file", "custody"])
def test_a_rotation_killed_at_any_step_and_run_again_loses_nothing(in_memory, how):
    data = in_memory / "data"
    data.mkdir()
    settings = {"RENKEI_DATA": str(data), "DJANGO_SETTINGS_MODULE": "renkei.config.settings"}
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("dying.py"), how],
        env={**KEPT, **settings},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) > 40  # it did die, at so many steps
