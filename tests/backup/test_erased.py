"""Erased means erased: a copy made before, brought back with the master key, opens none of it."""

import io
import json
import sqlite3
import subprocess
import sys
import tarfile
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection

from renkei.audit.seals import _values
from renkei.backup import keycopy, keyplaces
from renkei.backup.models import BackupRun
from renkei.backup.shelves import KEYS, Shelf
from renkei.config.erasing import carry_out
from renkei.disclosure import certificate, executing
from renkei.disclosure.models import Erasure
from renkei.enrollment.models import Paper
from renkei.enrollment.papers import file_scan
from renkei.files import store
from renkei.group.models import Group
from renkei.kernel import age, vault
from renkei.kernel.database import id_of
from renkei.kernel.models import DataKey
from renkei.kernel.sealed import sealed_fields
from renkei.patient.models import Patient
from renkei.patient.printing import print_form
from tests.backup.conftest import url_of
from tests.cast import group_about
from tests.conftest import _POSTGRESQL
from tests.disclosure.world import WHO, WORDS, confirmed, over, scan, talk

pytestmark = pytest.mark.clause("A11.7")
MESSAGES = 50


def sealed_under(keys):
    """Everything sealed under these keys, as whoever has the content of a copy has it."""
    found = []
    for number, column in enumerate(sealed_fields()):
        for row, sealed, key, *place in _values(column):
            if key is not None and id_of(key) in keys:
                found.append(
                    [
                        *(number, str(row), bytes(sealed).hex()),
                        *(id_of(key).hex, id_of(place[0]).hex),
                        *place[1:],
                    ]
                )
    return found


def another_file(key):
    """A file of the group, such as a photo; whatever record will name it."""
    file = store.write(key, [scan()])
    file.save(force_insert=True)
    return file


def a_second_patient(cast):
    """Somebody else's record in the same copy, with a group, a scan and a file."""
    patient, group = group_about(cast, "station", {"manager": True})
    talk(cast, [f"別の方の{number}番目の話" for number in range(MESSAGES)], group)
    print_form(cast["administrator_same"], patient, "rights-request", origin="")
    paper = Paper.objects.get(patient_id=patient)
    file_scan(cast["administrator_same"], paper.code, content=scan())
    return patient, group


def keys_of(patient, group):
    found = {Patient.objects.get(pk=patient).key_id, Group.objects.get(pk=group).key_id}
    another_file(Group.objects.get(pk=group).key_id)
    return found


TRY = """
import json, sys
from uuid import UUID
import django
django.setup()
from renkei.files import store
from renkei.files.models import File
from renkei.files.sealing import Opened
from renkei.kernel import master
from renkei.kernel.errors import Erased, Tampered
from renkei.kernel.sealed import sealed_fields
assert master.read(), "the master key is in hand"
asked, columns, said = json.load(sys.stdin), sealed_fields(), {}
for name, one in asked.items():
    opened = erased = 0
    for number, _, sealed, key, record, *rest in one["values"]:
        try:
            columns[number].opened(bytes.fromhex(sealed), UUID(key), UUID(record), *rest)
            opened += 1
        except Erased:
            erased += 1
    files = 0
    for row, bytes_on_disk in one["files"]:
        file = File(**{**row, "id": UUID(row["id"]), "key_id": UUID(row["key_id"])})
        path = store.path_of(file.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(bytes.fromhex(bytes_on_disk))
        try:
            files += bool(b"".join(store.read(file)))
        except Erased:
            pass
    said[name] = [opened, erased, files]
print(json.dumps(said))
"""


def files_under(keys):
    """The files as whoever has a copy of them has them."""
    from renkei.files.models import File

    return [
        [
            {
                "id": one.id.hex, "key_id": one.key_id.hex, "size": one.size,
                "sealed_size": one.sealed_size, "sha256": one.sha256,
            },
            store.path_of(one.id).read_bytes().hex(),
        ]
        for one in File.objects.filter(key_id__in=keys)
    ]  # fmt: skip


def tried(office, data, database, held):
    """What opens with all that the restored installation has: (values, erased, files) each."""
    environment = {"DJANGO_SETTINGS_MODULE": "renkei.config.settings"}
    import os

    kept = {**os.environ, **environment, "RENKEI_DATA": str(data)}
    kept.pop("DATABASE_URL", None)
    if _POSTGRESQL:
        kept["DATABASE_URL"] = url_of(database)
    done = subprocess.run(
        [sys.executable, "-c", TRY], env=kept, input=json.dumps(held), capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("destroying", [True, False], ids=["destroyed", "switched off"])
def test_a_copy_of_before_opens_nothing_of_it_and_all_of_the_others(
    office, blank, committed, travel, monkeypatch, destroying
):
    cast, (data, database) = committed, blank
    talk(cast, [f"消してほしい{number}番目の話" for number in range(MESSAGES)])
    other = a_second_patient(cast)
    erasure = confirmed(cast)
    mine, others = keys_of(cast.patient, cast.group), keys_of(*other)
    held = {
        name: {"values": sealed_under(keys), "files": files_under(keys)}
        for name, keys in (("mine", mine), ("others", others))
    }
    assert all(len(one["values"]) > MESSAGES and len(one["files"]) == 2 for one in held.values())
    office.backup()
    over(travel)
    if not destroying:  # rows, files and all else go; only the keys stay
        switched_off = SimpleNamespace(
            destroy=len, destroyed=lambda: dict.fromkeys(mine, executing.clock.now())
        )
        monkeypatch.setattr(executing, "vault", switched_off)
    (outcome,) = carry_out()
    assert outcome.done, outcome
    assert not Group.objects.filter(pk=cast.group).exists()
    monkeypatch.undo()

    back = office.restore(data, database=database)
    assert back.returncode == 0, back.stderr
    found = tried(office, data, database, held)
    whole = [len(held["others"]["values"]), 0, 2]
    assert found["others"] == whole
    of_mine = len(held["mine"]["values"])
    assert found["mine"] == ([0, of_mine, 0] if destroying else [of_mine, 0, 2])
    if destroying:
        proved = office.renkei("audit", "verify", data=data, database=database)
        assert proved.returncode == 0, proved.stdout
        assert nothing_came_back(data, database, cast, erasure)
        paper = office.tmp / "certificate.json"
        paper.write_text(Erasure.objects.get(pk=erasure.pk).certificate)
        for where in ({}, {"data": data, "database": database}):
            said = office.renkei("erase", "verify", paper, **where)
            assert said.returncode == 0, said.stdout


def nothing_came_back(data, database, cast, erasure):
    """No row of it stands in what was brought back."""
    from tests.backup.conftest import opened

    held = opened(data, database)
    try:
        groups = list(held.ask("SELECT id FROM group_group"))
        patients = list(held.ask("SELECT id FROM patient_patient"))
        wishes = list(held.ask("SELECT wish_sealed, state FROM disclosure_erasure"))
    finally:
        held.close()
    assert [(one, state) for one, state in wishes] == [(None, "begun")]  # certified by a round
    ids = {id_of(one) for (one,) in (*groups, *patients)}
    return not ids & {cast.group, cast.patient} and len(groups) >= 1


def test_every_copy_of_the_keys_is_made_anew_and_the_list_is_beside_the_content(
    office, committed, travel
):
    cast = committed
    confirmed(cast)
    mine = keys_of(cast.patient, cast.group)
    wrapped = [bytes(one.wrapped) for one in DataKey.objects.filter(pk__in=mine)]
    office.backup()
    assert all(one in in_key_copies(office) for one in wrapped)  # the test looks in the right place
    over(travel)
    assert [one.done for one in carry_out()] == [True]
    assert not [one for one in wrapped if one in in_key_copies(office)]
    for place in (office.dest, office.keys):
        said = (place / "erased.jsonl").read_text()
        assert all(key.hex in said for key in mine)
    assert Erasure.objects.get().copies == {"rewritten": 1, "waiting": 0, "given_up": 0}


def in_key_copies(office):
    """All that lies in the copies of the keys, opened with the key that people keep."""
    found = b""
    shelf = Shelf(office.keys, KEYS)
    for name in shelf.names():
        with age.opening(shelf.path(name) / keycopy.ARCHIVE, office.held) as source:
            whole = io.BytesIO(source.read())
        with tarfile.open(fileobj=whole) as archive:
            found += b"".join(archive.extractfile(member).read() for member in archive)
    if not _POSTGRESQL:
        return found
    return found + bytes.fromhex("".join(_hex_in(found)))


def _hex_in(dump):
    """What pg_dump writes of bytes, in hexadecimal digits; packed, so it is unpacked first."""
    import re
    import zlib

    for found in re.finditer(rb"x\x9c|x\x01|x\xda", dump):
        try:
            plain = zlib.decompressobj().decompress(dump[found.start() :])
        except zlib.error:
            continue
        yield from (one.decode() for one in re.findall(rb"\\\\x([0-9a-f]+)", plain))


def test_a_place_that_is_away_keeps_the_certificate_waiting(office, committed, travel):
    cast = committed
    confirmed(cast)
    office.backup()
    office.keys.rename(office.tmp / "away")
    over(travel)
    (outcome,) = carry_out()
    assert (outcome.done, outcome.why, outcome.waiting) == (False, "copies", (str(office.keys),))
    erasure = Erasure.objects.get()
    assert erasure.removed_at and not erasure.certificate
    assert not Group.objects.filter(pk=cast.group).exists()
    done = office.renkei("erase", "run")
    assert done.returncode == 2 and str(office.keys) in done.stdout
    (office.tmp / "away").rename(office.keys)
    with travelled(timedelta(hours=1)):
        assert [one.done for one in carry_out()] == [True]


def travelled(by):
    from renkei.kernel import clock

    return clock.shifted(by)


def test_what_was_destroyed_by_hand_is_said_by_the_host(office, committed, travel):
    confirmed(committed)
    office.backup()
    office.keys.rename(office.tmp / "burned")
    over(travel)
    carry_out()
    wrong = office.renkei("erase", "run", "--given-up", "/nowhere")
    assert wrong.returncode == 1 and "/nowhere" in wrong.stderr
    done = office.renkei("erase", "run", "--given-up", office.keys)
    assert done.returncode == 0, done.stdout + done.stderr
    erasure = Erasure.objects.get()
    assert erasure.copies["given_up"] == 1
    assert json.loads(erasure.certificate)["copies"]["given_up"] == 1


def test_a_run_of_the_backup_does_it_as_well(office, committed, travel):
    """Where the server cannot write to the place of the keys, the next copy takes the key away."""
    confirmed(committed)
    office.backup()
    over(travel)
    before = BackupRun.objects.get(kind="keys").began_at
    executing.execute(Erasure.objects.get().id)
    destroyed = Erasure.objects.get().destroyed_at
    assert keyplaces.behind(destroyed) == [str(office.keys)]
    office.backup()
    assert keyplaces.behind(destroyed) == [] and before < destroyed


@pytest.mark.skipif(_POSTGRESQL, reason="looks into SQLite's files")
def test_no_byte_of_it_is_left_in_the_data_folder(committed, travel):
    cast = committed
    talk(cast, [f"一言{number}" for number in range(MESSAGES)])
    confirmed(cast)
    mine = keys_of(cast.patient, cast.group)
    sealed = [bytes.fromhex(one[2])[:48] for one in sealed_under(mine)]
    wrapped = [bytes(one.wrapped) for one in DataKey.objects.filter(pk__in=mine)]
    before = raw()
    assert all(one in before for one in (*sealed, *wrapped))  # the test looks in the right place
    assert not [word for word in (WHO, WORDS) if word.encode() in before]
    over(travel)
    assert [one.done for one in carry_out()] == [True]
    after = raw()
    assert not [one for one in (*sealed, *wrapped) if one in after]
    assert not list((settings.DATA / "files").glob("*/*"))


def raw():
    """Every byte of the databases, their write-ahead logs, and the files."""
    connection.close()
    found = [path for path in settings.DATA.rglob("*") if path.is_file()]
    with sqlite3.connect(settings.DATA / "renkei.db") as held:
        held.execute("SELECT 1")
    return b"".join(path.read_bytes() for path in found if path.exists())


def test_a_certificate_that_was_changed_or_is_another_systems_is_refused(committed, travel):
    confirmed(committed)
    over(travel)
    carry_out()
    erasure = Erasure.objects.get()
    good = erasure.certificate.encode()
    assert certificate.verify(certificate.read(good)) == []
    facts = json.loads(good)
    for name, value in (
        ("number", "9999"),
        ("removed_at", "2030-01-01"),
        ("keys", facts["groups"]),
    ):
        changed = json.dumps({**facts, name: value}).encode()
        assert certificate.UNSIGNED in certificate.verify(certificate.read(changed))
    by_another = certificate.verify(certificate.read(good), signed_by="A" * 43 + "=")
    assert by_another == [certificate.STRANGER]
    for none in (b"", b"{}", b"%PDF-1.7 nothing", b'{"format": "renkei-erasure/1"}'):
        with pytest.raises(certificate.NoCertificate):
            certificate.read(none)


def test_a_certificate_of_what_is_still_there_is_refused(committed, travel, monkeypatch):
    confirmed(committed)
    over(travel)
    carry_out()
    one = certificate.read(Erasure.objects.get().certificate.encode())
    monkeypatch.setattr(vault, "destroyed", dict)
    assert certificate.STANDS in certificate.verify(one)
    another = group_about(committed, "station", {"manager": True})[1]
    facts = {**one.facts, "groups": [another.hex]}
    assert certificate.LEFT in certificate.verify(certificate.Certificate(facts, one.signature))
    facts = {**one.facts, "audit": {**one.facts["audit"], "hash": "0" * 64}}
    assert certificate.NO_LINE in certificate.verify(certificate.Certificate(facts, one.signature))
