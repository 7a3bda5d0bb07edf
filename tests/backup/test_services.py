"""What the host's commands record about copies: by the host alone, in fixed words."""

from datetime import timedelta
from uuid import uuid4

import orjson
import pytest
from django.db import IntegrityError, transaction

from renkei.audit import trail
from renkei.backup.models import BackupRun, Kind, Outcome, Why
from renkei.backup.services import record_backup
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Refused, SignedOut
from renkei.policy.standing import HOST
from tests.cast import LOADER, NOBODY, Cast


def run(**given):
    """One run as a command would record it, with what is given changed."""
    now = clock.now()
    return {
        "kind": Kind.CONTENT,
        "generation": "20260707T031500Z",
        "place": "/srv/copies",
        "began_at": now - timedelta(seconds=40),
        "bytes": 1_234_567,
        "files": 12,
        "outcome": Outcome.DONE,
        **given,
    }


def test_the_host_records_a_copy_and_the_trail_says_so_without_the_place(cast: Cast) -> None:
    made = record_backup(HOST, None, **run(generations=3, oldest=clock.now(), offline=True))
    kept = BackupRun.objects.get()
    assert (kept.id, kept.kind, kept.why, kept.offline) == (made.id, "content", "", True)
    line = trail.history("system:host")[-1]
    assert (line.action, line.entity, line.outcome, line.actor) == (
        "backup.record",
        f"BackupRun/{made.id.hex}",
        "done",
        None,
    )
    assert orjson.loads(line.detail) == {
        "what": "content",
        "generation": "20260707T031500Z",
        "bytes": 1_234_567,
        "files": 12,
        "outcome": "done",
        "why": "",
    }


@pytest.mark.parametrize("why", Why)
def test_a_failure_is_recorded_with_its_reason(cast: Cast, why: Why) -> None:
    record_backup(
        HOST, None, **run(outcome="failed", why=why.value, generation="", bytes=0, files=0)
    )
    assert BackupRun.objects.get().why == why
    assert orjson.loads(trail.history("system:host")[-1].detail)["why"] == why


def test_nobody_but_the_host_records_copies(cast: Cast) -> None:
    for name in cast:
        with pytest.raises(SignedOut if name == NOBODY else Refused):
            record_backup(cast[name], None, **run())
    with pytest.raises(Refused):
        record_backup(LOADER, None, **run())
    assert not BackupRun.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "patients"},
        {"outcome": "perhaps"},
        {"outcome": "failed", "why": "星さんの写真が壊れていました"},
        {"generation": "星 花子"},
        {"generation": "2026" * 11},
    ],
)
def test_words_that_are_none_are_not_recorded(cast: Cast, given) -> None:
    with pytest.raises(ValueError):
        record_backup(HOST, None, **run(**given))
    assert not BackupRun.objects.exists()


def test_a_failure_without_a_reason_or_a_success_with_one_cannot_be(cast: Cast) -> None:
    for outcome, why in (("failed", ""), ("done", "full")):
        with pytest.raises(IntegrityError), transaction.atomic():
            BackupRun.objects.create(
                id=uuid7(),
                kind="keys",
                generation="",
                place=uuid4().hex,
                began_at=clock.now(),
                ended_at=clock.now(),
                outcome=outcome,
                why=why,
            )


def test_a_place_is_one_line_and_of_a_long_one_the_end_is_kept(cast: Cast) -> None:
    assert (
        record_backup(HOST, None, **run(place="/mnt/\u202enas\n/a\udce4b")).place == "/mnt/nas /ab"
    )
    longest = record_backup(HOST, None, **run(place="/x" * 200 + "/two")).place
    assert len(longest) == 200 and longest.startswith("…") and longest.endswith("/x/two")
