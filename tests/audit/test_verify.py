"""Whatever is changed behind the program's back is found, and named: column by column."""

import os
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, models, transaction

from renkei.audit import seals, trail
from renkei.audit.models import AuditEvent, AuditHead
from renkei.audit.trail import Break
from renkei.communication import proof
from renkei.communication.models import Acknowledgement, Communication, Version
from renkei.communication.services import (
    correct_communication,
    send_communication,
    understand_communication,
    withdraw_communication,
)
from renkei.config import verification
from renkei.kernel import vault
from renkei.kernel.database import execute
from renkei.kernel.models import DataKey
from renkei.kernel.sealed import SealedField, sealed_fields
from tests.audit.test_trail import unguarded
from tests.cast import Cast, post
from tests.kernel.test_nothing_in_clear import live


def everything() -> dict[str, list[Break]]:
    """What every part says."""
    parts = verification.verify(lambda part, done: None, given=[])
    return {part.name: part.breaks for part in parts}


def flipped(value: bytes, at: int) -> bytes:
    changed = bytearray(value)
    changed[at] ^= 1
    return bytes(changed)


def put(model: type[models.Model], row: Any, column: str, value: Any) -> None:
    """Change a value past the models, as somebody with the database in their hands could."""
    if isinstance(value, UUID):
        value = value.hex
    if isinstance(row, UUID):
        row = row.hex
    pk = model._meta.pk
    assert pk is not None
    table = model._meta.db_table
    sql = f"UPDATE {table} SET {column} = %s WHERE {pk.column} = %s"
    if model is DataKey:
        with vault_store() as cursor:
            cursor.execute(sql, [value, row])
        return
    assert execute(sql, [value, row]) == 1


def vault_store() -> Any:
    from django.db import connections

    return connections["keys"].cursor()


# ── Every sealed column ──────────────────────────────────────────────────────────────────────────

# Of each column another place every day: format, nonce, text, tag. All of them: make mutations.
_PLACES = (0, 5, 20, -1)
FLIPS = [
    (column, at)
    for number, column in enumerate(sealed_fields())
    for turn, at in enumerate(_PLACES)
    if os.environ.get("RENKEI_MUTATIONS") == "all"
    or (number + date.today().toordinal()) % len(_PLACES) == turn
]


@pytest.fixture
def lived(cast: Cast) -> Cast:
    live(cast)
    return cast


def test_where_nothing_was_changed_nothing_is_named(lived: Cast) -> None:
    assert everything() == {name: [] for name in verification.PARTS if name != "head"}


@pytest.mark.once  # bytes are bytes on every database; that each column is looked at is tried once
@pytest.mark.parametrize(("column", "at"), FLIPS, ids=str)
def test_one_flipped_bit_of_any_sealed_value_is_named(
    lived: Cast, column: SealedField, at: int
) -> None:
    found = column.model._default_manager.exclude(**{column.name: None}).order_by("-pk")
    row, sealed = found.values_list("pk", column.name)[0]
    unguarded()
    put(column.model, row, column.column, flipped(bytes(sealed), at))
    named = seals.verify().breaks
    assert named == [Break(f"{column.model._meta.label}/{row.hex}/{column.name}", 0, seals.CHANGED)]


@pytest.mark.parametrize("column", sealed_fields(), ids=str)
def test_a_value_moved_to_another_row_is_named(lived: Cast, column: SealedField) -> None:
    found = column.model._default_manager.exclude(**{column.name: None}).order_by("-pk")
    rows = list(found.values_list("pk", column.name, column.columns[0])[:2])
    if len(rows) < 2:
        pytest.skip("only one of these")
    unguarded()
    put(column.model, rows[0][0], column.column, bytes(rows[1][1]))
    assert [one.why for one in seals.verify().breaks] == [seals.CHANGED]


def test_a_key_that_is_gone_from_the_store_is_no_erasure(cast: Cast) -> None:
    message = Communication.objects.get(pk=cast.message)
    DataKey.objects.filter(pk=message.key_id).delete()
    vault.forget_everything()
    assert {one.why for one in seals.verify().breaks} == {seals.NO_KEY}


def test_a_key_destroyed_on_purpose_is_no_fault(cast: Cast) -> None:
    message = Communication.objects.get(pk=cast.message)
    vault_destroy(message.key_id)
    seen = seals.verify()
    assert seen.breaks == []
    assert seen.erased >= 1
    assert proof.verify()[1] == []  # the proof of the messages needs no key


def vault_destroy(key: UUID) -> None:
    from renkei.kernel import clock

    DataKey.objects.filter(pk=key).update(wrapped=None, destroyed_at=clock.now())
    vault.forget_everything()


def test_a_damaged_key_is_named_once_and_not_with_everything_under_it(cast: Cast) -> None:
    message = Communication.objects.get(pk=cast.message)
    wrapped = DataKey.objects.get(pk=message.key_id).wrapped
    assert wrapped is not None
    put(DataKey, message.key_id, "wrapped", flipped(bytes(wrapped), 20))
    vault.forget_everything()
    found = everything()
    assert found["keys"] == [Break(f"DataKey/{message.key_id.hex}", 0, vault.DAMAGED)]
    assert found["values"] == []


# ── Every column of an entry ─────────────────────────────────────────────────────────────────────

NOT_COVERED = {"idempotency_key"}  # nothing is shown of it and nothing hangs on it
BY_ITS_TEXT = {"key_id"}  # under another key its text does not open
KINDS = ("plain", "answer", "corrected", "withdrawn", "understood", "event", "paper")


def entries(cast: Cast) -> dict[str, UUID]:
    """One entry of every kind."""
    nurse, physician = cast["nurse"], cast["physician"]
    made = {name: post(cast, "nurse", name) for name in KINDS[:5] if name != "answer"}
    answered = Communication.objects.get(pk=made["plain"]).seq
    made["answer"] = send_communication(
        physician, cast.group, text="はい", reply_to=answered, key=uuid4(), confirmed=True
    ).id
    correct_communication(nurse, made["corrected"], text="二度目", version=1)
    correct_communication(nurse, made["corrected"], text="三度目", version=2)
    withdraw_communication(nurse, made["withdrawn"], reason="間違えました")
    understand_communication(physician, made["understood"])
    made["event"] = Communication.objects.exclude(event="").latest("pk").id
    made["paper"] = Communication.objects.filter(group=cast.group, event="").earliest("seq").id
    return made


def another(column: Any, value: Any, cast: Cast) -> Any:
    """A value that could stand there as well."""
    others: dict[str, Any] = {
        "group": uuid4(),
        "sender": cast.account("stranger"),
        "role": cast.role("stranger"),
        "subject": cast.role("stranger"),
        "withdrawn_by": cast.account("stranger"),
        "event": "" if value else "joined",
        "kind": "notice" if value != "notice" else "report",
        "importance": "urgent" if value != "urgent" else "normal",
        "id": uuid4(),
        "communication": uuid4(),
        "account": cast.account("stranger"),
    }
    if column.name in others:
        return others[column.name]
    if isinstance(column, models.BinaryField):
        return flipped(bytes(value), -1) if value else b"\x01" * 40
    if isinstance(column, models.UUIDField):
        return uuid4()
    return 7_000 if value is None else stored(column, value) + 100


def stored(column: Any, value: Any) -> Any:
    return column.get_prep_value(value)


@pytest.fixture
def no_constraints() -> Any:
    """What the file itself could be made to say."""
    if connection.vendor == "sqlite":
        execute("PRAGMA defer_foreign_keys = ON", [])
    yield
    transaction.set_rollback(True)  # as the test is anyway; so nobody checks what was broken here


COLUMNS = [one.name for one in Communication._meta.concrete_fields if one.name not in NOT_COVERED]


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_column_of_an_entry_changes_unseen(
    cast: Cast, kind: str, name: str, no_constraints: None
) -> None:
    if connection.vendor == "postgresql" and name in ("id", "group"):
        pytest.skip("PostgreSQL does not let it happen")
    message = entries(cast)[kind]
    column: Any = Communication._meta.get_field(name)
    value = Communication.objects.filter(pk=message).values_list(name, flat=True)[0]
    assert proof.verify()[1] == []
    put(Communication, message, column.column, another(column, value, cast))
    found = seals.verify().breaks if name in BY_ITS_TEXT else proof.verify()[1]
    assert found, f"{name} of {kind} changed unseen"
    if name not in BY_ITS_TEXT | {"id", "group"}:
        assert all(one.stream.startswith("group:") and one.seq for one in found)


@pytest.mark.parametrize("name", ["communication", "number", "text", "replaced_at"])
def test_no_column_of_an_earlier_wording_changes_unseen(
    cast: Cast, name: str, no_constraints: None
) -> None:
    if connection.vendor == "postgresql" and name == "communication":
        pytest.skip("PostgreSQL does not let it happen")
    message = entries(cast)["corrected"]
    wording = Version.objects.filter(communication=message).latest("number")
    column: Any = Version._meta.get_field(name)
    put(Version, wording.pk, column.column, another(column, getattr(wording, name), cast))
    assert proof.verify()[1]


@pytest.mark.parametrize("name", ["communication", "account", "at"])
def test_no_column_of_an_understanding_changes_unseen(
    cast: Cast, name: str, no_constraints: None
) -> None:
    if connection.vendor == "postgresql" and name == "communication":
        pytest.skip("PostgreSQL does not let it happen")
    message = entries(cast)["understood"]
    understood = Acknowledgement.objects.get(communication=message)
    column: Any = Acknowledgement._meta.get_field(name)
    put(Acknowledgement, understood.pk, column.column, another(column, understood.at, cast))
    assert proof.verify()[1]


GONE: dict[str, tuple[str, str]] = {
    "a message": ("communication_communication WHERE id = %s", "plain"),
    "an earlier wording": (
        "communication_version WHERE number = 1 AND communication_id = %s",
        "corrected",
    ),
    "an understanding": (
        "communication_acknowledgement WHERE communication_id = %s",
        "understood",
    ),
}


@pytest.mark.parametrize("what", GONE)
def test_nothing_is_taken_away_unseen(cast: Cast, what: str) -> None:
    which, kind = GONE[what]
    message = entries(cast)[kind]
    seq = Communication.objects.get(pk=message).seq
    assert execute(f"DELETE FROM {which}", [message.hex]) == 1
    found = proof.verify()[1]
    assert [(one.stream, one.seq) for one in found[:1]] == [(f"group:{cast.group.hex}", seq)]


def test_an_event_taken_away_is_named(cast: Cast) -> None:
    event = Communication.objects.get(pk=entries(cast)["event"])
    execute("DELETE FROM communication_communication WHERE id = %s", [event.id.hex])
    place = f"group:{event.group_id.hex}"
    assert proof.verify()[1] == [Break(place, event.seq, proof.GONE)]


def test_an_end_cut_off_a_log_is_named(cast: Cast) -> None:
    post(cast, "nurse")
    execute("UPDATE group_group SET last_seq = last_seq - 1 WHERE id = %s", [cast.group.hex])
    assert [one.why for one in proof.verify()[1]] == [proof.GAP]


def test_an_understanding_that_nobody_gave_is_named(cast: Cast) -> None:
    message = entries(cast)["plain"]
    Acknowledgement.objects.create(
        communication_id=message,
        account_id=cast.account("stranger"),
        at=Communication.objects.get(pk=message).sent_at,
    )
    assert [one.why for one in proof.verify()[1]] == [proof.UNDERSTOOD]


def test_an_event_put_in_afterwards_is_named(cast: Cast) -> None:
    from renkei.communication import log
    from renkei.group.models import Group

    entries(cast)
    group = Group.objects.get(pk=cast.group)
    log.append(
        group=group.id, key=group.key_id, last_seq=group.last_seq, sender=cast.account("stranger"),
        role=None, text="", sent_us=1, posted_us=1, event="joined", subject=cast.role("stranger"),
    )  # fmt: skip
    assert [one.why for one in proof.verify()[1]] == [proof.UNSPOKEN]


# ── Lines from before lines said as much ─────────────────────────────────────────────────────────


def rebuilt(stream: str, change: Callable[[AuditEvent], None]) -> None:
    """Write a whole chain anew, hashes and head included, as somebody with time could."""
    unguarded()
    before = bytes(32)
    line = None
    for line in AuditEvent.objects.filter(stream=stream).order_by("seq"):
        change(line)
        before = line.hash = trail.link(
            before,
            stream=line.stream,
            seq=line.seq,
            at_us=stored(AuditEvent._meta.get_field("at"), line.at),
            actor=line.actor.hex if line.actor else None,
            organization=line.organization.hex if line.organization else None,
            action=line.action,
            outcome=line.outcome,
            entity=line.entity,
            detail=line.detail,
        )
        line.save()
    AuditHead.objects.filter(stream=stream).update(hash=before)


def test_lines_from_before_they_said_as_much_are_held_to_what_they_say(cast: Cast) -> None:
    import orjson

    kept = {"seq", "sealed", "version", "confirmed", "author"}

    def older(line: AuditEvent) -> None:
        said = orjson.loads(line.detail)
        line.detail = trail.canonical({k: said[k] for k in said if k in kept}).decode()

    plain = entries(cast)["plain"]
    for stream in AuditHead.objects.filter(stream__startswith="group:"):
        rebuilt(stream.stream, older)
    assert trail.verify()[1] == []
    assert proof.verify()[1] == []
    put(Communication, plain, "sender_id", cast.account("physician"))
    assert [one.why for one in proof.verify()[1]] == [proof.AUTHOR]


# ── Every column of the trail and the key store ──────────────────────────────────────────────────


def odd(column: Any, value: Any) -> Any:
    if isinstance(column, models.BinaryField):
        return flipped(bytes(value), 3)
    if isinstance(column, models.UUIDField):
        return uuid4()
    if isinstance(column, models.CharField | models.TextField):
        return str(value) + " "
    return stored(column, value) + 1_000


@pytest.mark.parametrize("name", [one.name for one in AuditEvent._meta.concrete_fields][1:])
def test_no_column_of_a_line_changes_unseen(cast: Cast, name: str) -> None:
    unguarded()
    line = AuditEvent.objects.exclude(actor=None).filter(stream__startswith="group:").earliest("id")
    column: Any = AuditEvent._meta.get_field(name)
    put(AuditEvent, line.pk, column.column, odd(column, getattr(line, name)))
    assert trail.verify()[1]


@pytest.mark.parametrize("name", ["seq", "hash"])
def test_no_column_of_a_head_changes_unseen(cast: Cast, name: str) -> None:
    head = AuditHead.objects.get(pk=f"group:{cast.group.hex}")
    column: Any = AuditHead._meta.get_field(name)
    put(AuditHead, head.pk, column.column, odd(column, getattr(head, name)))
    assert [one.why for one in trail.verify()[1]] == [trail.CUT]


@pytest.mark.parametrize("name", ["id", "wrapped", "master"])
def test_no_column_of_a_key_changes_unseen(cast: Cast, name: str) -> None:
    key = DataKey.objects.get(pk=Communication.objects.get(pk=cast.message).key_id)
    column: Any = DataKey._meta.get_field(name)
    put(DataKey, key.pk, column.column, odd(column, getattr(key, name)))
    vault.forget_everything()
    assert everything()["keys"]


SQLITE = [
    ("detail", "CAST(x'7bff7d' AS TEXT)"),
    ("entity", "CAST(x'436fff' AS TEXT)"),
    ("at", "x'0011'"),
    ("seq", "'x'"),
    ("hash", "'text'"),
    ("detail", "'[1]'"),
]


@pytest.mark.parametrize(("column", "value"), SQLITE)
def test_bytes_that_are_no_text_any_more_are_named_and_stop_nothing(
    cast: Cast, column: str, value: str
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps text what it is")
    unguarded()
    execute(
        f"UPDATE audit_auditevent SET {column} = {value} WHERE seq = 2 AND stream = %s",
        [f"group:{cast.group.hex}"],
    )
    found = everything()
    assert [one.stream for one in found["trail"]] == [f"group:{cast.group.hex}"]


def test_a_photo_changed_on_disk_is_named(cast: Cast) -> None:
    from renkei.files.store import path_of
    from renkei.people.models import Account
    from renkei.people.services import change_photo
    from tests.people.test_services import picture

    change_photo(cast["nurse"], None, picture=picture())
    file = Account.objects.get(pk=cast.account("nurse")).photo
    assert file is not None
    path = path_of(file.id)
    path.write_bytes(flipped(path.read_bytes(), 30))
    (found,) = everything()["files"]
    assert found.stream == f"File/{file.id.hex}"
    path.unlink()


def test_without_the_master_key_the_rest_is_proved(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from renkei.kernel import master

    monkeypatch.setattr(master, "read", list)
    vault.forget_everything()
    notes = {part.name: part.note for part in verification.verify(lambda *_: None, given=[])}
    monkeypatch.undo()
    vault.forget_everything()
    assert {name for name, note in notes.items() if note} == {"keys", "values"}
