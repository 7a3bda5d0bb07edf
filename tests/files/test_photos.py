"""Face photos in files: each with its line in the trail, the one before it gone, old ones moved."""

import io
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from PIL import Image

from renkei.audit import trail
from renkei.config import installation
from renkei.files import leftovers, proof, store
from renkei.files.models import File
from renkei.kernel import clock, vault
from renkei.kernel.database import execute
from renkei.kernel.errors import Erased, Tampered
from renkei.people.disclosures import see_photo
from renkei.people.models import Account
from renkei.people.services import change_photo
from tests.cast import Cast


def picture(colour: str = "teal") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (300, 300), colour).save(written, "JPEG")
    return written.getvalue()


def colour(shown: bytes) -> tuple[int, ...]:
    with Image.open(io.BytesIO(shown)) as image:
        found = image.getpixel((10, 10))
        assert isinstance(found, tuple)
        return tuple(round(part / 128) for part in found)


def file_of(cast: Cast, name: str) -> File:
    found = Account.objects.get(pk=cast.account(name)).photo
    assert found is not None
    return found


def on_disk() -> set[str]:
    return {path.name for path in store.folder().glob("??/*")}


# ── Setting one ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N3.5")
def test_the_line_of_a_new_photo_commits_to_the_bytes_of_its_file(committed: Cast) -> None:
    change_photo(committed["nurse"], None, picture=picture())
    file = file_of(committed, "nurse")
    line = trail.history(f"account:{committed.account('nurse').hex}")[-1]
    assert line.action == "profile.change"
    assert trail.canonical({"photo": file.id.hex, "sealed": file.sha256}).decode() == line.detail
    assert store.check(file) == ""


def test_a_photo_that_is_replaced_is_gone(committed: Cast) -> None:
    change_photo(committed["nurse"], None, picture=picture("red"))
    before = file_of(committed, "nurse")
    change_photo(committed["nurse"], None, picture=picture("blue"))
    after = file_of(committed, "nurse")
    assert on_disk() == {after.id.hex}
    assert list(File.objects.values_list("pk", flat=True)) == [after.id] != [before.id]


def test_two_who_change_one_photo_at_once_leave_one(
    committed: Cast, at_once: Callable[..., list[Any]]
) -> None:
    change_photo(committed["nurse"], None, picture=picture("white"))
    results = at_once(
        lambda: change_photo(committed["nurse"], None, picture=picture("red")),
        lambda: change_photo(committed["nurse"], None, picture=picture("blue")),
    )
    assert results == [None, None]
    file = file_of(committed, "nurse")
    assert on_disk() == {file.id.hex}
    assert File.objects.count() == 1
    shown, _ = see_photo(committed["manager"], None, committed.account("nurse"))
    assert colour(shown) in ((2, 0, 0), (0, 0, 2))
    assert proof.verify() == (1, [])


def test_a_photo_that_could_not_be_written_leaves_the_one_before(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_photo(committed["nurse"], None, picture=picture("red"))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError):
        patched.setattr(os, "rename", full)
        change_photo(committed["nurse"], None, picture=picture("blue"))
    shown, _ = see_photo(committed["manager"], None, committed.account("nurse"))
    assert colour(shown) == (2, 0, 0)
    assert proof.verify() == (1, [])


def test_a_photo_replaced_while_somebody_looks_is_no_alarm(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the row and its file another photo is set: the looker gets that one."""
    change_photo(committed["nurse"], None, picture=picture("red"))
    read, changed = store.read, threading.Event()

    def slow(file: File) -> Any:
        if not changed.is_set():
            changed.set()
            other = threading.Thread(
                target=lambda: (
                    change_photo(committed["nurse"], None, picture=picture("blue")),
                    connection.close(),
                )
            )
            other.start()
            other.join()
        return read(file)

    monkeypatch.setattr(store, "read", slow)
    shown, _ = see_photo(committed["manager"], None, committed.account("nurse"))
    assert colour(shown) == (0, 0, 2)


def test_a_photo_that_is_gone_or_changed_is_never_shown(committed: Cast) -> None:
    change_photo(committed["nurse"], None, picture=picture())
    path = store.path_of(file_of(committed, "nurse").id)
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    with pytest.raises(Tampered):
        see_photo(committed["manager"], None, committed.account("nurse"))
    path.unlink()
    with pytest.raises(store.Missing):
        see_photo(committed["manager"], None, committed.account("nurse"))


# ── Proving them ─────────────────────────────────────────────────────────────────────────────────


def stream(cast: Cast, name: str) -> str:
    return f"account:{cast.account(name).hex}"


def test_untouched_files_and_photos_verify(committed: Cast) -> None:
    assert proof.verify() == (0, [])
    for name in ("nurse", "manager", "nurse"):
        change_photo(committed[name], None, picture=picture())
    assert proof.verify() == (2, [])


def test_each_damage_on_disk_is_named_by_its_file(committed: Cast) -> None:
    taken = ("nurse", "manager", "physician")
    for name in taken:
        change_photo(committed[name], None, picture=picture())
    missing, longer, changed = (file_of(committed, name) for name in taken)
    store.path_of(missing.id).unlink()
    with store.path_of(longer.id).open("ab") as file:
        file.write(b"x")
    path = store.path_of(changed.id)
    path.write_bytes(b"\x00" + path.read_bytes()[1:])
    count, breaks = proof.verify()
    assert count == 3
    assert {(one.stream, one.why) for one in breaks} == {
        (f"File/{missing.id.hex}", store.MISSING),
        (f"File/{longer.id.hex}", store.OTHER_SIZE),
        (f"File/{changed.id.hex}", store.CHANGED),
    }


def test_a_photo_exchanged_with_its_row_is_found_by_its_line(committed: Cast) -> None:
    """Whoever holds disk and database can make both agree, but not with the trail."""
    change_photo(committed["nurse"], None, picture=picture("red"))
    account = Account.objects.get(pk=committed.account("nurse"))
    forged = store.write(account.key_id, [picture("blue")])
    forged.save(force_insert=True)
    Account.objects.filter(pk=account.pk).update(photo=forged)
    (found,) = proof.verify()[1]
    last = trail.history(stream(committed, "nurse"))[-1]
    assert (found.stream, found.seq, found.why) == (last.stream, last.seq, proof.OTHER_PHOTO)


@pytest.mark.parametrize("what", ["hash", "taken away", "given"])
def test_a_row_that_says_other_than_its_line_is_found(committed: Cast, what: str) -> None:
    change_photo(committed["nurse"], None, picture=picture())
    file = file_of(committed, "nurse")
    nurse = Account.objects.filter(pk=committed.account("nurse"))
    if what == "hash":
        File.objects.update(sha256="0" * 64)
    else:
        nurse.update(photo=None)
    if what == "given":
        Account.objects.filter(pk=committed.account("manager")).update(photo=file)
    breaks = {(one.stream, one.why) for one in proof.verify()[1]}
    assert (stream(committed, "nurse"), proof.OTHER_PHOTO) in breaks
    assert ((stream(committed, "manager"), proof.UNSPOKEN) in breaks) == (what == "given")
    assert ((f"File/{file.id.hex}", store.CHANGED) in breaks) == (what == "hash")


def test_a_file_that_no_row_knows_is_named_after_a_day(
    committed: Cast, travel: Callable[[timedelta], None]
) -> None:
    change_photo(committed["nurse"], None, picture=picture())
    strange = store.folder() / "紙\n.txt"
    strange.write_bytes(b"")
    assert proof.verify() == (1, [])
    travel(timedelta(days=1, minutes=1))
    (found,) = proof.verify()[1]
    assert (found.stream, found.why) == ("files/\\u7d19\\n.txt", proof.UNKNOWN)


def test_a_file_replaced_while_it_is_verified_is_no_alarm(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_photo(committed["nurse"], None, picture=picture("red"))
    check = store.check

    def slow(file: File) -> str:
        if File.objects.filter(pk=file.pk).exists():
            change_photo(committed["nurse"], None, picture=picture("blue"))
        return check(file)

    monkeypatch.setattr(store, "check", slow)
    monkeypatch.setattr(proof, "_files", lambda: iter(list(File.objects.all())))
    assert proof.verify() == (1, [])


def test_many_files_are_verified_in_portions(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = vault.make_key("test")
    for number in range(7):
        store.write(key, [bytes(number)]).save(force_insert=True)
    monkeypatch.setattr(proof, "_AT_ONCE", 3)
    assert proof.verify() == (7, [])


# ── Moving those of before ───────────────────────────────────────────────────────────────────────


@pytest.fixture
def before(committed: Cast) -> dict[str, bytes]:
    """The schema of the first release, with three photos in their column."""
    executor = MigrationExecutor(connection)
    executor.migrate([("people", "0003_move_photos")])
    MigrationRecorder(connection).record_unapplied("people", "0003_move_photos")
    executor = MigrationExecutor(connection)
    executor.migrate([("people", "0001_initial")])
    kept = {name: picture(one) for name, one in (("nurse", "red"), ("manager", "blue"))}
    for name, plain in kept.items():
        put_in_column(committed.account(name), plain)
    return kept


def put_in_column(account: UUID, plain: bytes) -> None:
    key_id = Account.objects.values_list("key_id", flat=True).get(pk=account)
    sealed = vault.seal(key_id, plain, about=f"people.Account/{account.hex}/photo")
    execute(
        "UPDATE people_account SET photo = %s, photo_changed_at = %s WHERE id = %s",
        [sealed, clock.to_us(clock.now()), account.hex],
    )


def upgrade() -> None:
    """What every command does first."""
    umask = os.umask(0o022)
    try:
        installation.prepare()
    finally:
        os.umask(umask)


def columns() -> set[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, "people_account")
    return {column.name for column in found} & {"photo", "photo_sealed", "photo_id"}


def test_photos_of_before_are_moved_into_files(committed: Cast, before: dict[str, bytes]) -> None:
    assert columns() == {"photo"}
    upgrade()
    upgrade()
    assert columns() == {"photo_id"}
    for name, plain in before.items():
        assert see_photo(committed["physician"], None, committed.account(name))[0] == plain
    assert proof.verify() == (2, [])
    assert trail.verify()[1] == []


def test_a_move_that_breaks_off_is_done_whole_the_next_time(
    committed: Cast,
    before: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    travel: Callable[[timedelta], None],
) -> None:
    write, count = store.write, iter(range(1))

    def once(*arguments: Any) -> File:
        next(count)
        return write(*arguments)

    with monkeypatch.context() as patched, pytest.raises(StopIteration):
        patched.setattr(store, "write", once)
        upgrade()
    assert "photo_sealed" in columns()
    upgrade()
    for name, plain in before.items():
        assert see_photo(committed["physician"], None, committed.account(name))[0] == plain
    travel(timedelta(days=2))
    assert leftovers.sweep() == 1
    assert proof.verify() == (2, [])
    assert trail.verify()[1] == []


def test_a_photo_changed_from_outside_is_not_moved_and_the_others_are(
    committed: Cast, before: dict[str, bytes]
) -> None:
    nurse = committed.account("nurse")
    execute("UPDATE people_account SET photo = %s WHERE id = %s", [b"\x01" + bytes(99), nurse.hex])
    upgrade()
    account = Account.objects.get(pk=nurse)
    assert (account.photo, account.photo_changed_at) == (None, None)
    line = trail.history(f"account:{nurse.hex}")[-1]
    assert (line.action, line.outcome, line.actor) == ("photo.move", "failed", None)
    assert file_of(committed, "manager")
    assert proof.verify() == (1, [])


def test_with_the_wrong_key_store_nothing_is_moved_and_nothing_lost(
    committed: Cast, before: dict[str, bytes]
) -> None:
    from renkei.kernel.models import DataKey

    key_id = Account.objects.values_list("key_id", flat=True).get(pk=committed.account("nurse"))
    key = DataKey.objects.get(pk=key_id)
    DataKey.objects.filter(pk=key_id).delete()
    vault.forget_everything()
    with pytest.raises(Erased):
        upgrade()
    key.save(force_insert=True)
    upgrade()
    for name, plain in before.items():
        assert see_photo(committed["physician"], None, committed.account(name))[0] == plain
