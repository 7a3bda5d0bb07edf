"""The audit trail: nobody changes it, and whoever does is found."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import rfc8785
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from renkei.audit import guards, trail
from renkei.audit.models import START, AuditEvent, AuditHead
from renkei.audit.trail import Break
from renkei.kernel.database import execute
from tests.cast import Cast, post

STREAM = "group:test"


def write(count: int, stream: str = STREAM) -> None:
    for number in range(count):
        trail.record(
            stream=stream,
            action="communication.send",
            entity=f"Communication/{uuid4().hex}",
            actor=uuid4(),
            organization=uuid4(),
            detail={"seq": number, "名": '値\n\t"\\\u0007'},
        )


@pytest.mark.parametrize("what", ["UPDATE audit_auditevent SET action = 'x'",
                                  "UPDATE audit_auditevent SET seq = seq",
                                  "DELETE FROM audit_auditevent"])  # fmt: skip
def test_the_database_refuses_to_change_a_line(cast: Cast, what: str) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        execute(what, [])
    assert AuditEvent.objects.count() == before > 0


def test_the_database_refuses_to_empty_the_trail(cast: Cast) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite knows no TRUNCATE")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        execute("TRUNCATE audit_auditevent", [])


def test_the_models_do_not_get_around_it(cast: Cast) -> None:
    line = AuditEvent.objects.latest("id")
    line.action = "nothing happened"
    for action in (line.save, line.delete, AuditEvent.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            action()


def unguarded() -> None:
    """Take the triggers away, as somebody with the database in their hands could."""
    for name, table in guards.GUARDED.items():
        if connection.vendor == "postgresql":
            execute(f"DROP TRIGGER {name}_no_change ON {table}", [])
        else:
            execute(f"DROP TRIGGER {name}_no_update", [])
            execute(f"DROP TRIGGER {name}_no_delete", [])


def test_missing_triggers_are_noticed_and_put_back(cast: Cast) -> None:
    from renkei.config.checks import audit_is_guarded

    assert guards.missing() == []
    assert audit_is_guarded(None) == []
    unguarded()
    assert guards.missing() != []
    assert [error.id for error in audit_is_guarded(None)] == ["renkei.E001"] * len(guards.missing())
    guards.install()
    guards.install()
    assert guards.missing() == []


def test_an_untouched_trail_verifies(cast: Cast) -> None:
    write(20)
    post(cast, "nurse")
    count, breaks = trail.verify()
    assert (count, breaks) == (AuditEvent.objects.count(), [])
    assert [line.seq for line in trail.history(STREAM)] == list(range(1, 21))


CHANGED = trail.CHANGED
LINES = f"audit_auditevent WHERE stream = '{STREAM}'"
END = trail.CUT
DAMAGE: dict[str, tuple[list[str], Break]] = {
    "another action": (
        [f"UPDATE {LINES} AND seq = 3".replace(" WHERE", " SET action = 'x' WHERE")],
        Break(STREAM, 3, CHANGED),
    ),
    "another time": (
        [f"UPDATE {LINES} AND seq = 5".replace(" WHERE", " SET at = at + 1 WHERE")],
        Break(STREAM, 5, CHANGED),
    ),
    "nobody did it": (
        [f"UPDATE {LINES} AND seq = 1".replace(" WHERE", " SET actor = NULL WHERE")],
        Break(STREAM, 1, CHANGED),
    ),
    "another outcome": (
        [f"UPDATE {LINES} AND seq = 7".replace(" WHERE", " SET outcome = 'refused' WHERE")],
        Break(STREAM, 7, CHANGED),
    ),
    "three lines changed": (
        [f"UPDATE {LINES} AND seq > 7".replace(" WHERE", " SET detail = '{}' WHERE")],
        Break(STREAM, 8, CHANGED),
    ),
    "a line taken out": ([f"DELETE FROM {LINES} AND seq = 4"], Break(STREAM, 5, trail.MISSING)),
    "a line taken out and the rest renumbered": (
        [
            f"DELETE FROM {LINES} AND seq = 4",
            *(
                f"UPDATE {LINES} AND seq = {seq}".replace(" WHERE", f" SET seq = {seq - 1} WHERE")
                for seq in range(5, 11)
            ),
        ],
        Break(STREAM, 4, CHANGED),
    ),
    "the end cut off": ([f"DELETE FROM {LINES} AND seq > 8"], Break(STREAM, 8, END)),
    "the whole stream": ([f"DELETE FROM {LINES}"], Break(STREAM, 10, trail.ALL_MISSING)),
    "the head": (
        [f"DELETE FROM audit_audithead WHERE stream = '{STREAM}'"],
        Break(STREAM, 10, END),
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_found_and_its_first_line_named(cast: Cast, kind: str) -> None:
    damage, expected = DAMAGE[kind]
    write(10)
    write(5, "group:untouched")
    unguarded()
    for statement in damage:
        execute(statement, [])
    assert trail.verify()[1] == [expected]


def test_lines_that_change_places_between_streams_are_found(cast: Cast) -> None:
    write(3)
    write(3, "group:another")
    unguarded()
    execute("UPDATE audit_auditevent SET stream = 'x' WHERE seq = 2 AND stream = %s", [STREAM])
    execute("UPDATE audit_auditevent SET stream = %s WHERE seq = 2 AND stream = %s",
            [STREAM, "group:another"])  # fmt: skip
    broken = {found.stream for found in trail.verify()[1]}
    assert broken == {STREAM, "group:another", "x"}


COLUMNS = "stream, seq, at, actor, organization, action, outcome, entity, detail, hash"


def fill(rows: list[tuple[Any, ...]]) -> None:
    """Write many lines at once, past the ORM."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY audit_auditevent ({COLUMNS}) FROM STDIN") as copy:
                for one in rows:
                    copy.write_row(one)
        else:
            places = ", ".join(["%s"] * 10)
            cursor.executemany(f"INSERT INTO audit_auditevent ({COLUMNS}) VALUES ({places})", rows)


@pytest.mark.slow
def test_a_hundred_thousand_lines_verify_in_under_five_seconds(cast: Cast) -> None:
    streams, rows = 100, []
    for stream in range(streams):
        before = START
        for seq in range(1, 100_000 // streams + 1):
            facts: dict[str, Any] = {
                "stream": f"group:{stream:032x}", "seq": seq, "at_us": 1_790_000_000_000_000 + seq,
                "actor": uuid4().hex, "organization": uuid4().hex, "action": "communication.send",
                "outcome": "done", "entity": f"Communication/{uuid4().hex}",
                "detail": f'{{"confirmed":true,"seq":{seq},"version":1}}',
            }  # fmt: skip
            before = trail.link(before, **facts)
            rows.append((*facts.values(), before))
        AuditHead.objects.create(stream=facts["stream"], seq=seq, hash=before)
    fill(rows)
    began = time.process_time()
    count, breaks = trail.verify()
    assert time.process_time() - began < 5
    assert count >= 100_000
    assert breaks == []


def test_verifying_while_others_write_raises_no_false_alarm(
    committed: Cast, at_once: Callable[..., list[Any]]
) -> None:
    def talk() -> None:
        for _ in range(30):
            post(committed, "nurse")

    def look() -> list[Break]:
        found = []
        for _ in range(30):
            found += trail.verify()[1]
        return found

    talked, looked = at_once(talk, look)
    assert talked is None
    assert looked == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(VALUES)
def test_canonical_json_is_that_of_rfc_8785(value: Any) -> None:
    assert trail.canonical(value) == rfc8785.dumps(value)
