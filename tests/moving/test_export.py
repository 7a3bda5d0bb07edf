"""What leaves: all of one moment, nothing in clear on the way, nothing damaged unasked."""

import io
import json
import logging
import os
import tempfile
import threading
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection, connections, models

from renkei.audit.models import AuditEvent
from renkei.communication.models import Communication
from renkei.config.logs import JsonLine
from renkei.files import store
from renkei.kernel import age
from renkei.kernel.errors import Problem
from renkei.kernel.models import DataKey
from renkei.kernel.sealed import sealed_fields
from renkei.moving.columns import column
from renkei.moving.exporting import Damaged, export, go_on, readme
from renkei.moving.held import HeldKeys
from renkei.moving.importing import check, refuse_faults, take_in
from renkei.moving.tables import LEFT_BEHIND, OTHERS, tables
from renkei.people.models import Account
from renkei.region.models import Notice
from tests.cast import Cast, post
from tests.kernel.test_nothing_in_clear import SECRETS, found_in
from tests.moving.baggage import HOST_KEY, exported, live_fully, parts_of, quiet, rows

DOCS = Path(__file__).parent.parent.parent / "docs" / "export-format.md"


# ── Nothing forgotten ────────────────────────────────────────────────────────────────────────────


def test_every_table_of_ours_moves_or_is_named_with_a_reason() -> None:
    ours = {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if not model.__module__.startswith(("django.", "allauth."))
    }
    assert ours | OTHERS == set(tables()) | set(LEFT_BEHIND)
    assert all(len(reason) > 20 for reason in LEFT_BEHIND.values())


def test_every_sealed_column_is_opened_and_every_kind_of_column_is_known() -> None:
    sealed = {
        f"{label}.{one.name}"
        for label, table in tables().items()
        for one in table.columns
        if one.kind == "sealed"
    }
    assert sealed == {str(field) for field in sealed_fields()}
    for field in (models.FloatField(), models.DecimalField(), models.DurationField()):
        with pytest.raises(TypeError):
            column(field)


def test_the_other_programs_tables_hold_nothing_that_would_be_missed(committed: Cast) -> None:
    moved = {table.model for table in tables().values()}
    models = [one for one in apps.get_models() if one.__module__.startswith("allauth.")]
    left = [one for one in models if one not in moved]
    assert left and not any(model._default_manager.exists() for model in left)


def test_the_description_inside_is_the_one_in_the_documents(an_export: Path) -> None:
    assert parts_of(an_export)["README.md"] == readme() == DOCS.read_bytes()
    text = readme().decode()
    for kind in ("sealed", "moment", "bytes", "json", "number", "boolean", "date", "id", "text"):
        assert text.count(f"| `{kind}` |") == 2  # in both languages


# ── Nothing in clear ─────────────────────────────────────────────────────────────────────────────


def test_nothing_lies_in_clear_while_and_after_it_is_written(
    committed: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_fully(committed)
    scratch, seen = tmp_path / "scratch", {}
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    handler.setFormatter(JsonLine())
    logging.getLogger().addHandler(handler)

    def look(part: str, done: int, total: int) -> None:
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        seen.update({path.name: path.read_bytes() for path in files})

    try:
        export(tmp_path / "all.age", [HOST_KEY.to_public()], progress=look)
    finally:
        logging.getLogger().removeHandler(handler)
    look("at the end", 1, 1)
    assert len(seen["all.age"]) > 100_000
    assert found_in(seen | {"the log": logged.getvalue().encode()}) == []
    assert list(scratch.iterdir()) == []
    plain = b"".join(parts_of(tmp_path / "all.age").values())
    assert SECRETS["message"].encode() in plain and SECRETS["name"].encode() not in plain


def test_only_the_owner_may_read_it_whatever_the_umask(committed: Cast, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        exported(tmp_path / "all.age")
    finally:
        os.umask(before)
    assert (tmp_path / "all.age").stat().st_mode & 0o777 == 0o600


def test_an_export_that_fails_leaves_no_file(committed: Cast, tmp_path: Path) -> None:
    def stop(part: str, done: int, total: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        export(tmp_path / "all.age", [HOST_KEY.to_public()], progress=stop)
    assert not (tmp_path / "all.age").exists()


def test_the_line_in_the_trail_is_there_before_the_first_byte(
    committed: Cast, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(FileExistsError):
        exported(tmp_path / "taken")
    line = AuditEvent.objects.filter(action="installation.move").get()
    assert line.stream == "system:host"
    assert json.loads(line.detail)["direction"] == "out"


def test_all_recipients_can_open_it_and_nobody_else(committed: Cast, tmp_path: Path) -> None:
    first, second, other = (age.make_identity() for _ in range(3))
    to = [first.to_public(), second.to_public()]
    export(tmp_path / "all.age", to, progress=quiet)
    sums = {check(tmp_path / "all.age", [one]).digest for one in (first, second)}
    assert len(sums) == 1
    with pytest.raises(age.Unreadable):
        check(tmp_path / "all.age", [other])


# ── Of one moment ────────────────────────────────────────────────────────────────────────────────


def test_an_export_under_load_is_of_one_moment(committed: Cast, elsewhere, tmp_path: Path) -> None:
    stop, told, failed = threading.Event(), [], []

    def talk(name: str) -> None:
        try:
            while not stop.is_set() and len(told) < 5_000:
                told.append(post(committed, name))
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    def slow(part: str, done: int, total: int) -> None:
        start = len(told)
        while len(told) < start + 20 and not failed:
            stop.wait(0.01)

    for _ in range(150):  # enough rows for the export to be seen at work
        post(committed, "nurse")
    threads = [threading.Thread(target=talk, args=[name]) for name in ("nurse", "manager")]
    for thread in threads:
        thread.start()
    try:
        export(tmp_path / "all.age", [HOST_KEY.to_public()], progress=slow)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert not failed and len(told) > 20
    with elsewhere("new"):
        take_in(check(tmp_path / "all.age", [HOST_KEY]), progress=quiet)  # proves every chain
        there = set(Communication.objects.values_list("pk", flat=True))
        arrived = [one for one in told if one in there]
        assert len(told) - len(arrived) > 0
        seqs = Communication.objects.filter(group=committed.group).order_by("seq")
        assert [one.seq for one in seqs] == list(range(1, len(seqs) + 1))


# ── Damage ───────────────────────────────────────────────────────────────────────────────────────


def spoil(model: type[models.Model], name: str, **of: object) -> models.Model:
    """Change one sealed value behind the program's back."""
    found = model._default_manager.filter(**of).order_by("pk").first()
    assert found is not None
    raw = bytearray(getattr(found, name))
    raw[-1] ^= 1
    model._default_manager.filter(pk=found.pk).update(**{name: bytes(raw)})
    return found


def test_a_tampered_value_is_named_and_nothing_is_exported(committed: Cast, tmp_path: Path) -> None:
    live_fully(committed)
    notice = spoil(Notice, "content")
    with pytest.raises(Damaged) as raised:
        exported(tmp_path / "all.age")
    [fault] = raised.value.damage.faults
    assert (fault.table, fault.id, fault.column, fault.why) == (
        "region.Notice", str(notice.pk), "content", "tampered",
    )  # fmt: skip
    assert not (tmp_path / "all.age").exists()


def test_a_tampered_message_breaks_the_proof_as_well(committed: Cast, tmp_path: Path) -> None:
    spoil(Communication, "text", event="")
    with pytest.raises(Damaged) as raised:
        exported(tmp_path / "all.age")
    assert [one.stream for one in raised.value.damage.breaks] == [f"group:{committed.group.hex}"]


def test_damage_moves_as_it_is_if_one_says_so(committed: Cast, elsewhere, tmp_path: Path) -> None:
    live_fully(committed)
    spoil(Notice, "content")
    spoil(Communication, "text", event="")
    lost = Notice.objects.order_by("-pk").first()
    assert lost is not None
    photo = Account.objects.get(pk=committed.account("nurse")).photo
    assert photo is not None
    path = store.path_of(photo.id)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    spoiled = path.read_bytes()
    before = rows()
    file = exported(tmp_path / "all.age", on_damage=go_on)
    checked = check(file, [HOST_KEY])
    with pytest.raises(Problem, match="damaged already"):
        refuse_faults(checked.manifest)
    places = {(one["table"], one["why"]) for one in checked.manifest.faults}
    assert places == {
        ("region.Notice", "tampered"),
        ("communication.Communication", "tampered"),
        ("files.File", "tampered"),
    }
    with elsewhere("new"):
        take_in(checked, progress=quiet)
        after = rows()
        for label in ("region.Notice", "communication.Communication", "files.File"):
            assert after[label] == before[label]
        assert store.path_of(photo.id).read_bytes() == spoiled


def test_a_key_that_is_gone_and_a_file_that_is_gone_are_named(
    committed: Cast, elsewhere, tmp_path: Path
) -> None:
    live_fully(committed)
    photo = Account.objects.get(pk=committed.account("nurse")).photo
    assert photo is not None
    store.path_of(photo.id).unlink()
    draft = apps.get_model("communication.Draft")._default_manager.get()
    DataKey.objects.filter(pk=draft.key_id).delete()
    file = exported(tmp_path / "all.age", on_damage=go_on)
    whys = {(one["table"], one["why"]) for one in check(file, [HOST_KEY]).manifest.faults}
    assert {("files.File", "missing"), ("communication.Draft", "no key")} <= whys
    before = rows()
    with elsewhere("new"):
        take_in(check(file, [HOST_KEY]), progress=quiet)
        assert rows()["communication.Draft"] == before["communication.Draft"]


def test_an_erased_photo_moves_as_what_is_left_of_it(
    committed: Cast, elsewhere, tmp_path: Path
) -> None:
    live_fully(committed)
    photo = Account.objects.get(pk=committed.account("nurse")).photo
    assert photo is not None
    key = DataKey.objects.get(pk=photo.key_id)
    key.wrapped, key.destroyed_at = None, key.made_at
    key.save()
    left = store.path_of(photo.id).read_bytes()
    file = exported(tmp_path / "all.age")
    index = [json.loads(line) for line in parts_of(file)["files/0001.jsonl"].splitlines()]
    erased = [one["id"] for one in index if "erased" in one["key"]]
    assert [UUID(one) for one in erased] == [photo.id]
    with elsewhere("new"):
        take_in(check(file, [HOST_KEY]), progress=quiet)
        assert store.path_of(photo.id).read_bytes() == left


def test_a_value_spelled_otherwise_keeps_its_bytes() -> None:
    from uuid import uuid4

    key = uuid4()
    held = HeldKeys({key: bytes(32)})
    cipher, nonce = held._ready(key), bytes(12)
    assert cipher is not None
    for plain in (b'{"b": 1, "a":2}', b'{"a":1,"a":2}', b"1e2", b'"\\u3042"', b"no json", b"\xff",
                  b'{"b":1,"a":"\xe3\x81\x82"}', b"null", b'"\\u0001\x7f"'):  # fmt: skip
        sealed = b"\x01" + nonce + cipher.encrypt(nonce, plain, b"place")
        for holds in ("json", "text", "bytes"):
            said = held.opened(key, sealed, "place", holds)
            assert held.resealed(key, json.loads(json.dumps(said)), "place", holds) == sealed
    said = held.opened(key, b"\x01" + nonce + cipher.encrypt(nonce, b'{"b":1}', b"x"), "x", "json")
    assert said == {"value": {"b": 1}, "nonce": "AAAAAAAAAAAAAAAA"}


def test_there_is_nothing_to_export_before_there_is_a_region(elsewhere, tmp_path: Path) -> None:
    with elsewhere("new"), pytest.raises(Problem, match="nothing to export"):
        exported(tmp_path / "all.age")
    assert connection.vendor and not (tmp_path / "all.age").exists()
