"""Somebody else had the disk in hand: what was changed is found, named, and leads nowhere."""

import errno
import gzip
import io
import os
import shutil
import tarfile
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from django.db import connections

from renkei.backup import (
    bringback,
    content,
    erasures,
    keycopy,
    manifest,
    places,
    recipients,
    restoring,
    trust,
    verifying,
)
from renkei.backup.bringback import Source, Target
from renkei.backup.models import BackupRun
from renkei.backup.shelves import CONTENT, KEYS
from renkei.backup.trouble import Trouble
from renkei.kernel import age, clock, signing, vault
from tests.backup.conftest import opened, silent
from tests.conftest import _POSTGRESQL
from tests.faults.room import small_disk


@pytest.fixture
def copied(office):
    """The office with one file and one copy."""
    office.file = office.add_file(os.urandom(100_000))
    office.backup()
    return office


def at(office):
    return places.places(office.dest, office.keys)


def checked(office):
    """What is found without opening anything."""
    trusted = trust.signer(given="", in_identity="")
    return verifying.check(at(office), trusted, silent)


def faults(office):
    return checked(office)[0].faults


def generation(office, kind=CONTENT):
    root = office.dest if kind == CONTENT else office.keys
    return sorted((root / kind).iterdir())[-1]


def flip(path, place=None):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 if place is None else place] ^= 1
    path.write_bytes(raw)


def test_an_untouched_copy_has_no_fault(copied):
    assert faults(copied) == []


@pytest.mark.parametrize("name", ["database.age", "rows.age", "files.jsonl", "manifest.json"])
def test_a_flipped_byte_in_the_content_is_found_and_named(copied, name):
    flip(generation(copied) / name)
    (fault, *_) = faults(copied)
    assert ("目録" if name == "manifest.json" else name) in fault


@pytest.mark.parametrize("name", ["keys.age", "manifest.json"])
def test_a_flipped_byte_in_the_keys_is_found_and_named(copied, name):
    flip(generation(copied, KEYS) / name)
    (fault, *_) = faults(copied)
    assert ("目録" if name == "manifest.json" else name) in fault
    assert copied.keys.name in fault


def test_a_flipped_byte_in_a_copied_file_is_red_and_named(copied):
    (copy,) = copied.dest.glob("files/*/*/*.age")
    flip(copy)
    (fault,) = faults(copied)
    assert copied.file.id.hex in fault
    done = copied.verify()
    assert done.returncode == 1
    assert copied.file.id.hex in done.stdout
    assert "赤" in done.stdout
    assert BackupRun.objects.get(kind="verify").outcome == "failed"
    copy.unlink()  # as the words say
    time.sleep(1.1)
    copied.backup()
    assert faults(copied) == []


def test_a_database_of_another_generation_is_found(copied):
    time.sleep(1.1)
    copied.backup(keep_all=True)
    older, newer = sorted((copied.dest / CONTENT).iterdir())
    shutil.copy(older / "database.age", newer / "database.age")
    assert any("database.age" in fault for fault in faults(copied))


def test_an_older_generation_under_a_newer_name_is_found(copied):
    folder = generation(copied)
    folder.rename(folder.with_name("20991231T000000Z"))
    assert any("20991231T000000Z" in fault for fault in faults(copied))


def test_a_copy_made_while_the_clock_stood_in_the_future_never_passes_for_the_newest(office, blank):
    with clock.shifted(timedelta(days=4000)):
        office.backup()
    office.add_file(os.urandom(1000))
    office.backup(keep_all=True)
    (right, ahead), (data, database) = office.generations(), blank
    done = office.verify()
    assert done.returncode == 1 and ahead in done.stdout
    assert f"試しに戻した写し: {right}" in done.stdout
    done = office.restore(data, database=database)
    assert done.returncode == 1 and ahead in done.stderr and not data.exists()
    done = office.restore(data, "--at", right, database=database)
    assert done.returncode == 0 and right in done.stdout
    for folder in (office.dest / CONTENT, office.keys / KEYS):  # as the words say
        shutil.rmtree(max(folder.iterdir()))
    assert faults(office) == []


def test_that_the_newest_copy_was_taken_away_is_found(copied):
    time.sleep(1.1)
    copied.backup(keep_all=True)
    gone = generation(copied)
    shutil.rmtree(gone)
    assert any(gone.name in fault for fault in faults(copied))


def test_a_manifest_without_signature_is_found(copied):
    path = generation(copied) / "manifest.json"
    said = orjson.loads(path.read_bytes())
    said["signature"] = ""
    path.write_bytes(orjson.dumps(said))
    assert "目録" in faults(copied)[0]


@contextmanager
def signed_by_another(office):
    """For the length of the block, sign as somebody else does."""
    key = office.data / "signing.key"
    aside = key.rename(office.tmp / "aside.key")
    try:
        signing.public_key()
        yield
    finally:
        aside.replace(key)


def forge(office, kind=CONTENT, **changes):
    """Sign a manifest of ours with another key."""
    folder = generation(office, kind)
    said = manifest.read(folder, kind=kind)
    with signed_by_another(office):
        manifest.write(folder, replace(said, signed_by=signing.public_key(), **changes))


def test_a_manifest_signed_by_another_is_found(copied):
    forge(copied)
    assert "別の鍵" in faults(copied)[0]


def test_a_blank_machine_knows_the_signature_from_the_file_with_the_identity(copied, blank):
    forge(copied)
    forge(copied, KEYS)
    data, database = blank
    done = copied.restore(data, database=database)
    assert done.returncode == 1
    assert "信頼する鍵と違います" in done.stderr
    assert not data.exists()


def test_a_blank_machine_that_knows_no_signature_compares_it_with_the_key_inside(copied, blank):
    forge(copied)
    forge(copied, KEYS)
    text = copied.identity.read_text()
    copied.identity.write_text(text.strip().splitlines()[-1])
    data, database = blank
    done = copied.restore(data, database=database)
    assert done.returncode == 1
    assert "署名の鍵が、写しの署名と違います" in done.stderr
    assert not data.exists()
    if _POSTGRESQL:  # what had been brought back is out of the database again
        held = opened(data, database)
        assert held.tables() == []
        held.close()


def test_a_blank_machine_may_be_told_whose_signature_to_trust(copied, blank):
    text = copied.identity.read_text()
    copied.identity.write_text(text.strip().splitlines()[-1])
    data, database = blank
    ours = signing.public_key()
    refused = copied.restore(data, "--signed-by", "0123 4567 89ab cdef", database=database)
    assert refused.returncode == 1
    done = copied.restore(data, "--signed-by", manifest.short(ours), database=database)
    assert done.returncode == 0, done.stderr


def test_copies_of_another_installation_are_never_mixed_with_ours(copied):
    with signed_by_another(copied):
        done = copied.renkei("backup", copied.dest)
    assert done.returncode == 1
    assert "別のシステムの写し" in done.stderr


@pytest.mark.parametrize("name", ["manifest.json", "database.age", "files.jsonl"])
def test_a_link_in_place_of_a_file_is_not_followed(copied, name):
    path = generation(copied) / name
    outside = path.rename(copied.tmp / "outside")
    path.symlink_to(outside)
    assert faults(copied)


def test_a_link_in_place_of_a_generation_is_none(copied):
    folder = generation(copied)
    folder.rename(copied.tmp / "outside")
    folder.symlink_to(copied.tmp / "outside")
    assert any("写しがありません" in fault for fault in faults(copied))


def test_a_link_in_place_of_a_folder_sends_no_copy_elsewhere(copied):
    outside = copied.tmp / "outside"
    outside.mkdir()
    shutil.rmtree(copied.dest / "files")
    (copied.dest / "files").symlink_to(outside)
    with pytest.raises(Trouble):
        copied.backup()
    assert list(outside.iterdir()) == []


def test_a_list_of_files_with_a_path_in_it_is_refused(tmp_path):
    path = tmp_path / "files.jsonl"
    line = {"id": "../../etc/passwd", "size": 1, "sha256": "0" * 64}
    path.write_bytes(orjson.dumps({**line, "copy_size": 1, "copy_sha256": "0" * 64}))
    with pytest.raises(Trouble):
        list(content.filecopies.read_list(path))
    with pytest.raises(ValueError):
        content.filecopies.copy_of(tmp_path, "../../../x", "0" * 32)


def resigned(office, folder, kind, name, *, inner):
    """Put our own signature under an archive that was made on purpose."""
    said = manifest.read(folder, kind=kind)
    archives = {**said.archives, name: manifest.archive_of(folder / name, inner=inner)}
    made = replace(said, archives=archives)
    manifest.write(folder, made)
    return made


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "evil", "keys.db"])
def test_an_archive_of_keys_writes_nothing_but_our_own_names(copied, name):
    folder = generation(copied, KEYS)
    (folder / "keys.age").unlink()
    to = [one.to_public() for one in copied.held]
    with age.sealing(folder / "keys.age", to) as sink:
        passing = manifest.Summing(sink)
        with tarfile.open(mode="w|", fileobj=passing) as archive:
            member = tarfile.TarInfo(name)
            if name == "keys.db":
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
                archive.addfile(member)
            else:
                member.size = 4
                archive.addfile(member, io.BytesIO(b"evil"))
    made = resigned(copied, folder, KEYS, "keys.age", inner=passing.ended())
    target = copied.tmp / "target"
    target.mkdir()
    with pytest.raises(Trouble):
        keycopy.unpack(copied.keys, made, copied.held, target)
    assert list(target.iterdir()) == []
    assert not (copied.tmp / "evil").exists()
    assert not Path("/tmp/evil").exists()


def sealed_database(office, whole):
    """Put other bytes into the newest generation, sealed to us as anybody could."""
    folder = generation(office)
    (folder / "database.age").unlink()
    with age.sealing(folder / "database.age", [one.to_public() for one in office.held]) as sink:
        sink.write(whole)
    return folder


def source_of(office, made):
    keys = manifest.read(generation(office, KEYS), kind=KEYS)
    return Source(office.dest, made, office.keys, keys, office.held)


@pytest.mark.skipif(_POSTGRESQL, reason="a database in a file")
def test_a_database_that_grows_without_end_stops_at_the_size_in_the_manifest(copied):
    folder = sealed_database(copied, gzip.compress(bytes(50_000_000)))
    said = manifest.read(folder, kind=CONTENT)
    target = Target(copied.tmp / "target")
    target.folder.mkdir()
    with pytest.raises(Trouble):
        bringback.database(source_of(copied, said), target, silent)
    assert (target.folder / "renkei.db").stat().st_size <= said.archives["database.age"].plain


def test_what_a_stranger_sealed_to_us_is_not_used_even_if_it_slips_in_at_the_last_moment(copied):
    said = manifest.read(generation(copied), kind=CONTENT)
    inner = gzip.compress(b"SQLite format 3\0" + bytes(said.archives["database.age"].plain - 16))
    sealed_database(copied, inner)
    target = Target(copied.tmp / "target", connections["default"].get_connection_params())
    target.folder.mkdir()
    with pytest.raises(Trouble) as caught:
        bringback.database(source_of(copied, said), target, silent)
    assert "database.age" in caught.value.words


def test_a_row_that_differs_is_named_by_table_and_key(copied):
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT id, address FROM region_region")
        ((key, _),) = cursor.fetchall()
        cursor.execute("UPDATE region_region SET address = 'elsewhere'")
    made = manifest.read(generation(copied), kind=CONTENT)
    with content.snapshot("default") as moment:
        found = bringback.compare(source_of(copied, made), moment.rows, silent)
    key = str(key).replace("-", "")
    assert f'表 region_region の行 ["{key}"]が違います。' in "".join(found).replace(" が", "が")


def test_a_copy_that_is_no_beginning_of_the_living_trail_is_red(copied):
    with connections["default"].cursor() as cursor:
        if _POSTGRESQL:
            cursor.execute("ALTER TABLE audit_auditevent DISABLE TRIGGER audit_no_change")
        else:
            cursor.execute("DROP TRIGGER audit_no_update")
        cursor.execute("SELECT stream, seq FROM audit_audithead WHERE stream LIKE 'group:%'")
        stream, seq = cursor.fetchone()
        cursor.execute(
            "UPDATE audit_auditevent SET hash = %s WHERE stream = %s AND seq = %s",
            [bytes(32), stream, seq],
        )
    done = copied.verify()
    assert done.returncode == 1
    assert f"監査証跡 {stream} の {seq} 行目" in done.stdout


@pytest.mark.parametrize("what", ["pipe", "folder", "link"])
def test_something_else_in_place_of_the_erase_list_is_said_at_once(copied, what):
    path = copied.dest / erasures.FILE
    path.unlink()
    if what == "pipe":
        os.mkfifo(path)  # reading it would wait for ever
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to(copied.tmp / "elsewhere")
    vault.destroy([copied.file.key_id])
    time.sleep(1.1)
    with pytest.raises(Trouble) as trouble:
        copied.backup()
    assert erasures.FILE in trouble.value.words
    assert any(erasures.FILE in fault for fault in faults(copied))


def test_an_erase_list_that_was_named_and_is_not_there_is_not_passed_over(copied, blank):
    data, database = blank
    done = copied.restore(data, "--erased", copied.tmp / "usb" / "erased.jsonl", database=database)
    assert done.returncode == 1 and "usb/erased.jsonl がありません" in done.stderr
    assert not data.exists()


def test_lines_another_signed_destroy_no_key(copied, tmp_path):
    key = vault.make_key("group")
    listed = tmp_path / "erased.jsonl"
    with signed_by_another(copied):
        erasures.note(tmp_path, {key: clock.now()})
    found = erasures.read(listed, by=signing.public_key())
    assert (found.keys, len(found.strange)) == ({}, 1)


def test_a_list_that_was_cut_off_keeps_its_other_lines(copied, tmp_path):
    keys = [vault.make_key("group") for _ in range(3)]
    erasures.note(tmp_path, dict.fromkeys(keys, clock.now()))
    path = tmp_path / "erased.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert len(erasures.read(path, by=signing.public_key()).keys) == 2
    erasures.note(tmp_path, dict.fromkeys(keys, clock.now()))
    assert set(erasures.read(path, by=signing.public_key()).keys) == set(keys)


def test_keys_older_than_the_content_are_not_taken(copied):
    keys = generation(copied, KEYS)
    aside = shutil.copytree(keys, copied.tmp / keys.name)
    time.sleep(1.1)
    copied.backup(keep_all=True)
    shutil.rmtree(generation(copied, KEYS))
    shutil.rmtree(copied.keys / KEYS)
    (copied.keys / KEYS).mkdir()
    shutil.copytree(aside, copied.keys / KEYS / keys.name)
    trusted = trust.signer(given="", in_identity="")
    with pytest.raises(Trouble, match="より古く"):
        restoring.choose(at(copied), "", trusted)
    older = sorted((copied.dest / CONTENT).iterdir())[0].name
    assert restoring.choose(at(copied), older, trusted)


# ── No room, no place ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("after", [0, 1])
def test_a_full_disk_is_said_in_words_and_the_earlier_copy_stands(copied, monkeypatch, after):
    before = copied.generations()
    real, calls = age.sealing, []

    @contextmanager
    def full(path, to):
        calls.append(path)
        if len(calls) > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        with real(path, to) as sink:
            yield sink

    monkeypatch.setattr(age, "sealing", full)
    time.sleep(1.1)
    with pytest.raises(Trouble) as caught:
        copied.backup()
    assert caught.value.why == "full"
    assert copied.generations() == before
    assert not list(copied.dest.rglob(".partial-*"))
    assert BackupRun.objects.order_by("-pk").first().why == "full"
    assert faults(copied) == []


def test_a_disk_that_is_really_full_is_said_in_words(office):
    small = office.tmp / "small"
    with small_disk(small, "28k"):
        done = office.renkei("backup", small / "copies", "--keys", office.keys)
        assert done.returncode == 1
        assert "空きがありません" in done.stderr
        assert not list((small / "copies" / CONTENT).iterdir())


def test_a_place_that_is_not_there_is_said_in_words(office):
    (office.tmp / "file").write_text("no folder")
    done = office.renkei("backup", office.tmp / "file" / "copies")
    assert done.returncode == 1
    assert "読み書きできません" in done.stderr
    assert BackupRun.objects.get().why == "unreachable"


def test_a_record_that_fails_hides_nothing_of_the_copy(office, monkeypatch):
    def fails(*_, **__):
        raise RuntimeError

    monkeypatch.setattr("renkei.backup.services.record_backup", fails)
    assert office.backup().generation in office.generations()


def test_recipients_may_come_from_the_environment(office, monkeypatch):
    other = age.make_identity()
    monkeypatch.setenv("RENKEI_BACKUP_RECIPIENTS", str(other.to_public()))
    assert [str(one) for one in recipients.recipients()] == [str(other.to_public())]
    monkeypatch.setenv("RENKEI_BACKUP_RECIPIENTS", "nobody")
    with pytest.raises(Trouble):
        recipients.recipients()
