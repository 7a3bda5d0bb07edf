"""Files on disk: durable before their row, for their owner alone, and nothing left behind."""

import errno
import io
import os
import signal
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from renkei.config import launch, server
from renkei.config.management.commands.serve import Command as Serve
from renkei.files import leftovers, store
from renkei.files.models import File
from renkei.kernel import vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Tampered
from tests.cast import Cast

Travel = Callable[[timedelta], None]
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def key(committed: Cast) -> UUID:
    return vault.make_key("test")


def kept(key: UUID, plain: bytes = b"kept") -> File:
    """A file with its row."""
    file = store.write(key, [plain])
    file.save(force_insert=True)
    return file


def there() -> set[str]:
    """The names of all files on disk."""
    files = {path.name for path in store.folder().rglob("*") if not path.is_dir()}
    return files - {"lock"}


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_files_are_for_their_owner_alone(key: UUID, umask: int) -> None:
    before = os.umask(umask)
    try:
        file = kept(key)
        store.remove(kept(key).id)
    finally:
        os.umask(before)
    path = store.path_of(file.id)
    assert path == store.folder() / file.id.hex[-2:] / file.id.hex
    modes = {one: stat.S_IMODE(one.lstat().st_mode) for one in store.folder().rglob("*")}
    assert modes[path] == modes[store.folder() / "lock"] == 0o600
    assert modes[path.parent] == stat.S_IMODE(store.folder().stat().st_mode) == 0o700


def test_a_file_is_durable_before_it_has_its_name_and_its_row(
    key: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folders above it, then the file, then its name."""
    done: list[str] = []
    fsync, rename = os.fsync, os.rename

    def noting(descriptor: int) -> None:
        done.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    def naming(*arguments: Any, **places: Any) -> None:
        done.append("named")
        rename(*arguments, **places)

    monkeypatch.setattr(os, "fsync", noting)
    monkeypatch.setattr(os, "rename", naming)
    file = store.write(key, [b"x"])
    path = store.path_of(file.id)
    folders = [str(store.folder()), str(store.folder().parent)]
    assert done == [*folders, f"{path}.new", "named", str(path.parent)]
    assert not File.objects.filter(pk=file.id).exists()


def test_folders_are_made_durable_until_they_are_known_to_be(
    key: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        made.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    top, first, second = store.folder(), UUID(int=1), UUID(int=2)
    for file_id, expected in ((first, 1), (first, 1), (second, 2), (first, 2)):
        with store.new_place(file_id):
            assert made.count(str(top)) == made.count(str(top.parent)) == expected
    (top / "01").rmdir()
    with store.new_place(first):
        assert made.count(str(top)) == 3


class Full(io.FileIO):
    """A disk with room for 100 000 bytes."""

    left = 100_000

    def write(self, data: Any) -> int:
        self.left -= len(data)
        if self.left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data) or 0


def fails(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("where", ["writing", "fsync", "rename"])
def test_a_disk_that_is_full_leaves_nothing_of_the_file_and_all_of_the_others(
    key: UUID, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    other = kept(key)
    with monkeypatch.context() as patched:
        if where == "writing":
            patched.setattr(os, "fdopen", lambda fd, mode: io.BufferedWriter(Full(fd, mode)))
        else:
            patched.setattr(os, where, fails)
        with pytest.raises(OSError, match="No space left"):
            store.write(key, [bytes(300_000)])
    assert there() == {other.id.hex}
    assert b"".join(store.read(other)) == b"kept"
    assert b"".join(store.read(kept(key, b"later"))) == b"later"


def test_a_source_that_breaks_off_leaves_nothing(key: UUID) -> None:
    def broken() -> Iterator[bytes]:
        yield bytes(200_000)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.write(key, broken())
    assert there() == set()


# ── What stands in the way ───────────────────────────────────────────────────────────────────────


def test_links_and_pipes_are_not_followed(key: UUID, tmp_path: Path) -> None:
    file = kept(key)
    path = store.path_of(file.id)
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    with pytest.raises(Tampered):
        store.read(file)
    assert store.check(file) == store.CHANGED
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Tampered):
        store.read(file)
    path.unlink()
    path.mkdir()
    with pytest.raises(Tampered):
        store.read(file)


@pytest.mark.parametrize("depth", ["shelf", "top"])
def test_a_folder_that_is_a_link_is_not_followed(key: UUID, tmp_path: Path, depth: str) -> None:
    file = kept(key)
    place = store.path_of(file.id).parent if depth == "shelf" else store.folder()
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Tampered):
        store.read(file)
    store.remove(file.id)
    assert [path for path in (tmp_path / "elsewhere").rglob(file.id.hex)]
    if depth == "top":
        with pytest.raises(OSError):
            store.write(key, [b"x"])


def test_a_file_that_cannot_be_read_is_named_and_not_blamed(
    key: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = kept(key)

    def bad_disk(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(store, "file_digest", bad_disk)
    assert store.check(file) == store.UNREADABLE


# ── Removing ─────────────────────────────────────────────────────────────────────────────────────


def test_a_file_goes_when_its_removal_is_committed_and_not_before(key: UUID) -> None:
    file = kept(key)
    with transaction.atomic():
        store.remove(file.id)
        assert there() == {file.id.hex}
    assert there() == set()
    assert not File.objects.filter(pk=file.id).exists()
    store.remove(file.id)  # once more does no harm


def test_a_removal_that_was_undone_removes_nothing(key: UUID) -> None:
    file = kept(key)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        store.remove(file.id)
        raise ZeroDivisionError
    assert b"".join(store.read(File.objects.get(pk=file.id))) == b"kept"


def test_while_a_copy_is_made_no_bytes_go(key: UUID, travel: Travel) -> None:
    file, newer = kept(key), kept(key)
    with store.keeping():
        store.remove(file.id)
        assert not File.objects.filter(pk=file.id).exists()
        travel(2 * DAY)
        assert leftovers.sweep() == 0
        assert there() == {file.id.hex, newer.id.hex}
    assert leftovers.sweep() == 1
    assert there() == {newer.id.hex}


def test_two_removals_do_not_keep_each_other_from_it(key: UUID) -> None:
    one, two = kept(key), kept(key)
    with store.removing():  # a removal under way
        store.remove(one.id)
    assert there() == {two.id.hex}


# ── What a crash leaves behind ───────────────────────────────────────────────────────────────────


def test_a_crash_between_file_and_row_leaves_what_is_swept_after_a_day(
    key: UUID, travel: Travel
) -> None:
    orphan = store.write(key, [b"its row was never committed"])
    later = kept(key)
    travel(DAY - MINUTE)
    assert (leftovers.sweep(), list(leftovers.unknown())) == (0, [])
    travel(2 * MINUTE)
    assert list(leftovers.unknown()) == [store.path_of(orphan.id)]
    assert leftovers.sweep() == 1
    assert there() == {later.id.hex}


def test_a_server_that_starts_sweeps(
    key: UUID, travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(key, [b"its row was never committed"])
    later = kept(key)
    travel(2 * DAY)
    served: list[set[str]] = []
    monkeypatch.setattr(server, "serve", lambda *_, **__: served.append(there()))
    launch.serve(Serve(), "127.0.0.1", 0)
    assert served == [{later.id.hex}]


def test_a_process_killed_while_writing_leaves_what_is_swept_after_a_day(
    key: UUID, travel: Travel
) -> None:
    later = kept(key)

    def killed() -> Iterator[bytes]:
        yield bytes(1_000_000)
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        store.write(key, killed())
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    (left,) = there() - {later.id.hex}
    assert left.endswith(".new")
    travel(DAY - MINUTE)
    assert leftovers.sweep() == 0
    travel(2 * MINUTE)
    assert leftovers.sweep() == 1
    assert there() == {later.id.hex}


def test_an_empty_database_taken_by_mistake_costs_no_file(key: UUID, travel: Travel) -> None:
    file = kept(key)
    File.objects.all().delete()
    travel(30 * DAY)
    assert leftovers.sweep() == 0
    assert there() == {file.id.hex}


def test_an_older_database_put_back_costs_no_file(key: UUID, travel: Travel) -> None:
    known = kept(key)
    younger = store.write(key, [b"its row is not in the copy"])
    travel(30 * DAY)
    assert leftovers.sweep() == 0
    assert there() == {known.id.hex, younger.id.hex}


def test_the_database_of_another_installation_costs_no_file(key: UUID, travel: Travel) -> None:
    ours = store.write(key, [b"ours"])
    theirs = File(id=uuid7(), key_id=key, size=1, sealed_size=79, sha256="", made_at=ours.made_at)
    theirs.save(force_insert=True)
    travel(30 * DAY)
    assert leftovers.sweep() == 0
    assert there() == {ours.id.hex}


def test_what_is_not_ours_is_named_and_left_alone(key: UUID, travel: Travel) -> None:
    file = kept(key)
    path = store.path_of(file.id)
    strange = {store.folder() / "notes.txt", path.parent / "x", path.parent / uuid7().hex[:-2],
               store.folder() / "zz", path.parent / ("0" * 32)}  # fmt: skip
    for one in strange:
        one.write_bytes(b"")
    moved = store.folder() / ("00" if path.parent.name != "00" else "01") / path.name
    moved.parent.mkdir()
    path.rename(moved)  # its id is known, but not here
    kept(key)
    travel(2 * DAY)
    assert set(leftovers.unknown()) == strange | {moved}
    assert leftovers.sweep() == 0
    assert {one for one in store.folder().rglob("*") if one in strange | {moved}} == strange | {
        moved
    }
    assert store.check(file) == store.MISSING
