"""Files in a bucket: sealed, durable before their row, read in parts, and gone in all versions.

The server is moto's, on this machine; before it stands a door that asks for the key.
"""

import logging
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from django.core.management.base import CommandError
from django.db import transaction

from renkei.backup import filecopies, settling
from renkei.backup.trouble import Trouble
from renkei.config import launch
from renkei.config.checkup import stores
from renkei.files import bucket, leftovers, proof, s3, store
from renkei.files.models import File
from renkei.kernel import age, vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Tampered
from tests.cast import Cast

moto = pytest.importorskip("moto.server", reason="the S3 server of the tests is not installed")
serving = pytest.importorskip("werkzeug.serving")
NAME = "sealed"
Answer = Callable[[str, list[tuple[str, str]]], Any]


class Door:
    """Lets in who comes with the key; notes how many bytes each answer had."""

    def __init__(self) -> None:
        self._app = moto.DomainDispatcherApplication(moto.create_backend_app)
        self.public = self.kept = self.silent = False
        self.read: list[str] = []

    def __call__(self, environ: dict[str, Any], answer: Answer) -> Any:
        said = environ.get("HTTP_AUTHORIZATION", "")
        if self.silent:
            return self._no(answer, "409 Conflict", "OperationAborted")
        if "Credential=renkei/" not in said and not (self.public and not said):
            code = "InvalidAccessKeyId" if said else "AccessDenied"
            return self._no(answer, "403 Forbidden", code)
        if self.kept and environ["REQUEST_METHOD"] == "DELETE":
            return self._no(answer, "403 Forbidden", "AccessDenied")
        if environ["REQUEST_METHOD"] == "GET" and "HTTP_RANGE" in environ:
            self.read.append(environ["HTTP_RANGE"])
        return self._app(environ, answer)

    def _no(self, answer: Answer, status: str, code: str) -> list[bytes]:
        answer(status, [("Content-Type", "application/xml")])
        return [f"<Error><Code>{code}</Code></Error>".encode()]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Door, int]]:
    door = Door()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    made = serving.make_server("127.0.0.1", 0, door, threaded=True)
    thread = Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield door, made.port
    made.shutdown()
    thread.join()


@pytest.fixture
def door(server: tuple[Door, int], settings: Any) -> Iterator[Door]:
    """An empty bucket that keeps versions; everything new lies there."""
    door, port = server
    settings.S3_URL = url = f"s3://renkei:se%2Fcret@127.0.0.1:{port}/{NAME}/files?tls=off"
    client = s3.client_of(s3.address(), os.getpid())
    client.create_bucket(Bucket=NAME)
    versions = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket=NAME, VersioningConfiguration=versions)
    yield door
    settings.S3_URL = url
    door.public = door.kept = door.silent = False
    door.read.clear()
    bucket.clear()
    client.delete_bucket(Bucket=NAME)


@pytest.fixture
def key(committed: Cast, door: Door) -> UUID:
    return vault.make_key("test")


def kept(key: UUID, plain: bytes = b"kept") -> File:
    file = store.write(key, [plain])
    file.save(force_insert=True)
    return file


def there() -> list[UUID | None]:
    return [one for _, one, _ in bucket.everything()]


def on_disk() -> set[str]:
    return {one.name for one in store.folder().rglob("*") if one.is_file()} - {"lock"}


def raw(file: File) -> bytes:
    with store.sealed_bytes(file.id) as source:
        return source.read()


def put_other(file: File, content: bytes) -> None:
    client, at = s3.client_of(s3.address(), os.getpid()), s3.address()
    client.put_object(Bucket=NAME, Key=bucket._name(at, file.id), Body=content)


def test_a_file_lies_sealed_in_the_bucket_before_it_has_its_row(key: UUID, door: Door) -> None:
    file = store.write(key, ["体温 38.2".encode()])
    assert there() == [file.id] and not on_disk()
    assert not File.objects.filter(pk=file.id).exists()
    assert "体温".encode() not in raw(file) and len(raw(file)) == file.sealed_size
    assert b"".join(store.read(file)).decode() == "体温 38.2"
    assert store.check(file) == ""


def test_of_a_large_file_only_what_is_wanted_is_fetched(
    key: UUID, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "PART", 5 << 20)
    plain = os.urandom(64) * (6 << 14)  # 6 MiB: two parts on their way there
    file = kept(key, plain)
    door.read.clear()
    assert b"".join(store.read(file, 3_000_000, 3_000_100)) == plain[3_000_000:3_000_100]
    fetched = [one.removeprefix("bytes=").split("-") for one in door.read]
    assert sum(int(end) - int(start) + 1 for start, end in fetched) <= 300_000
    assert b"".join(store.read(file)) == plain and store.check(file) == ""


def test_what_breaks_off_on_its_way_leaves_nothing(
    key: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "PART", 5 << 20)

    def breaking() -> Iterator[bytes]:
        yield bytes(11 << 20)
        raise OSError("the line broke")

    with pytest.raises(OSError, match="broke"):
        store.write(key, breaking())
    client = s3.client_of(s3.address(), os.getpid())
    assert there() == [] and not client.list_multipart_uploads(Bucket=NAME).get("Uploads")


def test_what_was_changed_or_taken_away_is_told(key: UUID, door: Door) -> None:
    changed, gone = kept(key), kept(key)
    put_other(changed, bytes(changed.sealed_size))
    bucket.remove(gone.id)
    assert (store.check(changed), store.check(gone)) == (store.CHANGED, store.MISSING)
    with pytest.raises(Tampered):
        list(store.read(changed))
    with pytest.raises(store.Missing):
        store.read(gone)
    door.silent = True
    assert store.check(gone) == store.UNREADABLE


def test_what_is_removed_or_erased_is_gone_in_all_its_versions(key: UUID, door: Door) -> None:
    removed, erased = kept(key), kept(key)
    put_other(erased, b"another version")
    with transaction.atomic():
        store.remove(removed.id)
        assert removed.id in there()  # until the commit
    store.erase(erased.id)
    assert there() == []
    last = kept(key)
    door.kept = True
    with pytest.raises(s3.Unreachable):  # and an erasure goes on later
        store.erase(last.id)


def test_what_no_row_knows_is_told_and_swept_after_a_day(
    key: UUID, travel: Callable[[timedelta], None]
) -> None:
    left_over, file = store.write(key, [b"left over"]), kept(key)
    assert leftovers.sweep() == 0
    travel(timedelta(days=2))
    names = [one.stream for one in proof.verify()[1]]
    assert names == [f"bucket/{left_over.id.hex[-2:]}/{left_over.id.hex}"]
    assert leftovers.sweep() == 1 and there() == [file.id]


def test_what_lay_on_the_disk_before_stays_there_and_goes(key: UUID, settings: Any) -> None:
    url, settings.S3_URL = settings.S3_URL, ""
    file = kept(key)
    settings.S3_URL = url
    assert there() == [] and b"".join(store.read(file)) == b"kept"
    store.erase(file.id)
    assert not on_disk() and store.check(file) == store.MISSING


def test_what_is_brought_back_is_what_its_record_says(key: UUID) -> None:
    file = kept(key)
    sealed = raw(file)
    with pytest.raises(FileExistsError):
        store.put_back(file, iter([sealed]))
    store.erase(file.id)
    with pytest.raises(Tampered):
        store.put_back(file, iter([sealed[:-1]]))
    assert there() == []
    store.put_back(file, iter([sealed]))
    assert store.check(file) == "" and store.holds_anything()
    store.clear()
    assert not store.holds_anything()


def test_a_copy_takes_files_out_of_the_bucket_and_takes_none_for_lost(
    key: UUID, door: Door, tmp_path: Path
) -> None:
    file = kept(key)
    stored = filecopies.Stored(file.id.hex, file.sealed_size, file.sha256)
    copier = filecopies.Copier(tmp_path, [age.make_identity().to_public()], "0" * 16)
    (listed,) = copier.copy([stored], iter(()))
    assert listed.copy_sha256 and copier.tally.new == 1
    found = settling.environment_of({"S3_URL": "x"}, tmp_path, content="", keys="")
    assert "S3_URL" not in found  # a trial touches nothing of the running installation
    door.silent = True
    with pytest.raises(Trouble):
        list(copier.copy([filecopies.Stored(uuid7().hex, 1, "0" * 64)], iter(())))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"renkei:": "somebody:"}, "入れません"),
        ({f"/{NAME}": "/another"}, "バケットがありません"),
        ({"s3://": "https://"}, "読めません"),
        ({"?tls=off": "?tsl=off"}, "読めません"),
    ],
)
def test_a_server_does_not_start_with_a_bucket_that_can_never_work(
    door: Door, settings: Any, wrong: dict[str, str], said: str
) -> None:
    (one,) = wrong.items()
    settings.S3_URL = settings.S3_URL.replace(*one)
    with pytest.raises(CommandError, match=said) as refused:
        launch.refuse_shut_bucket()
    assert "cret" not in str(refused.value) and "renkei:" not in str(refused.value)


def test_the_check_says_how_the_bucket_stands(door: Door, settings: Any) -> None:
    assert stores.files().state.value == "care"  # no TLS
    launch.refuse_shut_bucket()
    door.public = True
    assert "鍵のない人" in stores.files().what
    with pytest.raises(CommandError):
        launch.refuse_shut_bucket()
    door.public, door.silent = False, True
    assert stores.files().what == stores.BUCKET["line"][0]
    launch.refuse_shut_bucket()  # messages go on without it
    settings.S3_URL = ""
    assert stores.files().state.value == "good"
