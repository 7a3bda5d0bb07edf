"""Tasks, and what was told again, cannot be changed from outside without being named."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from renkei.communication import follow_up_proof, proof
from renkei.communication.asking_again import ask_again
from renkei.communication.models import AskedAgain, Task
from renkei.communication.services import send_communication
from renkei.communication.tasks import finish_task, hand_on_task, make_task, withdraw_task
from renkei.kernel import clock
from tests.cast import Cast


def _whys() -> set[str]:
    return {one.why for one in proof.verify()[1]}


@pytest.fixture
def done(cast: Cast) -> Cast:
    """Tasks in every state, and a message that was told again."""
    made = [
        make_task(cast["nurse"], cast.message, text=text, account=cast.account("physician"))
        for text in ("一つ目", "二つ目", "三つ目")
    ]
    hand_on_task(
        cast["physician"], made[0], account=cast.account("nurse"), due=clock.today(), text="別の"
    )
    finish_task(cast["nurse"], made[1])
    withdraw_task(cast["nurse"], made[2])
    important = send_communication(
        cast["nurse"], cast.group, text="お読みください", importance="important", key=uuid4(),
        confirmed=True,
    ).id  # fmt: skip
    ask_again(cast["nurse"], important)
    return cast


def test_what_was_done_by_use_cases_fits(done: Cast) -> None:
    assert _whys() == set()


@pytest.mark.parametrize(
    "changed",
    [
        lambda cast: {"account_id": cast.account("manager")},
        lambda cast: {"due": clock.today() + timedelta(days=3)},
        lambda cast: {"made_by_id": cast.account("manager")},
        lambda cast: {"made_at": clock.now()},
        lambda cast: {"text": b"x" * 40},
    ],
)
def test_an_altered_task_is_named(done: Cast, changed) -> None:
    Task.objects.filter(state="open").update(**changed(done))
    assert _whys() == {follow_up_proof.TASK}


@pytest.mark.parametrize(
    "changed",
    [lambda cast: {"closed_by_id": cast.account("manager")}, lambda _: {"closed_at": clock.now()}],
)
def test_who_closed_a_task_and_when_cannot_be_altered(done: Cast, changed) -> None:
    Task.objects.filter(state="done").update(**changed(done))
    assert _whys() == {follow_up_proof.TASK}


def test_of_an_erased_group_the_rows_may_be_gone(done: Cast) -> None:
    Task.objects.all().delete()
    AskedAgain.objects.all().delete()
    found = {one.why for one in follow_up_proof.verify(frozenset())}
    assert found == {follow_up_proof.NO_TASK, follow_up_proof.TOLD_AGAIN}
    assert list(follow_up_proof.verify(frozenset({done.group.hex}))) == []


def test_a_task_reopened_taken_away_or_put_in_is_named(done: Cast) -> None:
    closed = Task.objects.filter(state="done")
    kept = closed.get()
    closed.update(state="open", closed_by=None, closed_at=None)
    assert _whys() == {follow_up_proof.TASK}
    Task.objects.filter(pk=kept.pk).delete()
    assert _whys() == {follow_up_proof.NO_TASK}
    kept.pk = kept.id = done.patient  # any other id
    kept.save(force_insert=True)
    assert _whys() == {follow_up_proof.NO_TASK, follow_up_proof.UNSPOKEN_TASK}


def test_who_was_told_again_cannot_be_altered_taken_away_or_put_in(done: Cast) -> None:
    one = AskedAgain.objects.get()
    AskedAgain.objects.update(accounts=[*one.accounts[:-1], "0" * 32])
    assert _whys() == {follow_up_proof.TOLD_AGAIN}
    AskedAgain.objects.all().delete()
    assert _whys() == {follow_up_proof.TOLD_AGAIN}
    one.save(force_insert=True)
    assert _whys() == set()
    one.pk = one.id = done.patient
    one.save(force_insert=True)
    assert _whys() == {follow_up_proof.TOLD_AGAIN}


@pytest.mark.parametrize("accounts", [[1, "x"], [None], {"a": 1}, [["x"]], "x"])
def test_who_was_told_made_into_anything_is_named(done: Cast, accounts: object) -> None:
    AskedAgain.objects.update(accounts=accounts)
    assert _whys() == {follow_up_proof.TOLD_AGAIN}


def test_a_day_that_is_none_is_named(done: Cast) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("the database refuses it")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE communication_task SET due = 'morgen' WHERE due IS NOT NULL")
    assert _whys() == {follow_up_proof.TASK}


def test_words_of_a_task_that_are_no_bytes_are_named(done: Cast) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("the database refuses it")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE communication_task SET text = 'abc' WHERE state = 'open'")
    assert _whys() == {follow_up_proof.TASK}
