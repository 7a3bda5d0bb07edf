"""What follows from a message is somebody's until it is done, and nobody's when they have left."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from renkei.audit import trail
from renkei.communication import tasks
from renkei.communication.models import Task
from renkei.communication.reading import read_timeline
from renkei.communication.services import withdraw_communication
from renkei.communication.task_board import see_task, see_tasks
from renkei.communication.tasks import finish_task, hand_on_task, make_task, withdraw_task
from renkei.group.home import Home, see_home
from renkei.group.services import close_group, leave_group
from renkei.incident.seen import page_of
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from tests.cast import Cast, group_about, group_of_kind, post

pytestmark = pytest.mark.clause("N3.8")
WORDS = "クッションの位置を見る"


def make(cast: Cast, by: str, to: str, message: UUID | None = None, **more: object) -> UUID:
    facts = {"text": WORDS, "account": cast.account(to), **more}
    return make_task(cast[by], message or post(cast, "nurse"), **facts)


def to_do(home: Home) -> list[tuple[str, int]]:
    return [(one.kind, one.count) for one in home.tasks if one.kind.startswith("todo")]


def said(home: Home) -> list[str]:
    return [one.words for one in home.tasks if one.kind.startswith("todo")]


def test_it_stands_on_the_persons_home_until_it_is_done_and_says_by_whom(cast: Cast) -> None:
    due = clock.today() + timedelta(days=1)
    task = make(cast, "nurse", "manager", due=due)
    told = trail.history(f"group:{cast.group.hex}")[-1]
    assert told.action == "task.make" and cast.account("manager").hex in told.detail
    assert WORDS not in told.detail
    home = see_home(cast["manager"], None)
    assert to_do(home) == [("todo", 1)] and to_do(see_home(cast["nurse"], None)) == []
    assert next(one.until for one in home.tasks if one.kind == "todo") == due
    line = see_tasks(cast["physician"], cast.group).open[0]
    assert (line.text, line.face.name, line.made_by.name) == (
        WORDS, "manager さん", "nurse さん",
    )  # fmt: skip
    marks = read_timeline(cast["nurse"], cast.group).marks
    assert marks.tasks == {line.seq} and marks.open_tasks == 1
    finish_task(cast["physician"], task)  # whoever does it
    assert to_do(see_home(cast["manager"], None)) == []
    closed = see_tasks(cast["nurse"], cast.group).closed[0]
    assert (closed.state, closed.closed_by and closed.closed_by.name) == ("done", "physician さん")
    assert read_timeline(cast["nurse"], cast.group).marks.done == {line.seq}
    with pytest.raises(Refused):  # once is enough
        finish_task(cast["nurse"], task)


def test_home_says_what_is_to_be_done_the_nearest_day_first(cast: Cast) -> None:
    make(cast, "nurse", "manager", text="点眼の残りを数える")
    make(cast, "nurse", "manager", due=clock.today() + timedelta(days=3), text="往診の日を聞く")
    make(cast, "nurse", "manager", due=clock.today() + timedelta(days=1), text=WORDS)
    make(cast, "nurse", "physician", text="紹介状を書く")
    assert said(see_home(cast["manager"], None)) == [WORDS]
    make(cast, "nurse", "physician", due=clock.today(), text="あ" * 200)
    assert said(see_home(cast["physician"], None)) == ["あ" * 59 + "…"]


def test_that_home_showed_a_task_is_noted_as_the_page_of_tasks_once_a_day(cast: Cast) -> None:
    make(cast, "nurse", "manager")
    for _ in range(2):
        see_home(cast["manager"], None)
    stream = f"account:{cast.account('manager').hex}"
    noted = [one for one in trail.history(stream) if one.action == "page.see"]
    assert [(one.entity, page_of(one)) for one in noted] == [
        (f"Group/{cast.group.hex}", ("Group", cast.group, "tasks"))
    ]


def test_what_cannot_be_noted_is_not_said(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    make(cast, "nurse", "manager")

    def full(*_: object, **__: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("renkei.group.home.note_openings", full)
    assert said(see_home(cast["manager"], None)) == [""]


def test_what_is_to_be_done_in_more_groups_costs_home_no_query_more(cast: Cast) -> None:
    make(cast, "nurse", "manager")
    see_home(cast["manager"], None)
    with CaptureQueriesContext(connection) as one_group:
        see_home(cast["manager"], None)
    for _ in range(3):
        _, group = group_about(cast, "station", {"manager": True, "nurse": False})
        make(cast, "nurse", "manager", post(cast, "nurse", "読みました", group))
    see_home(cast["manager"], None)
    see_home(cast["manager"], None)
    with CaptureQueriesContext(connection) as four_groups:
        assert len(to_do(see_home(cast["manager"], None))) == 4
    assert len(four_groups) == len(one_group)


@pytest.mark.parametrize("to", ["stranger", "former", "administrator_same"])
def test_nobody_outside_the_group_is_given_one(cast: Cast, to: str) -> None:
    with pytest.raises(Problem):
        make(cast, "nurse", to)
    task = make(cast, "nurse", "manager")
    with pytest.raises(Problem):
        hand_on_task(cast["nurse"], task, account=cast.account(to))
    with pytest.raises(Refused):
        finish_task(cast[to], task)


def test_when_the_person_leaves_it_is_for_the_managers_to_hand_on(cast: Cast) -> None:
    task = make(cast, "physician", "nurse")
    leave_group(cast["nurse"], cast.group, reason="担当が替わりました")
    assert to_do(see_home(cast["nurse"], None)) == []
    assert to_do(see_home(cast["manager"], None)) == [("todo_left", 1)]
    assert not see_tasks(cast["manager"], cast.group).open[0].here
    hand_on_task(cast["manager"], task, account=cast.account("manager"))
    assert to_do(see_home(cast["manager"], None)) == [("todo", 1)]


def test_who_made_it_or_manages_withdraws_it_and_who_has_it_hands_it_on(cast: Cast) -> None:
    task = make(cast, "physician", "nurse")
    can = {name: see_task(cast[name], task)[2] for name in ("nurse", "physician", "manager")}
    assert can["nurse"] == {"task.finish", "task.change"}
    assert can["manager"] == can["physician"] == {"task.finish", "task.change", "task.withdraw"}
    with pytest.raises(Refused):
        withdraw_task(cast["nurse"], task)
    withdraw_task(cast["physician"], task)
    assert Task.objects.get(pk=task).state == "withdrawn"
    assert see_tasks(cast["nurse"], cast.group).closed[0].text == ""  # it may have been a mistake
    assert to_do(see_home(cast["nurse"], None)) == []


def test_the_words_can_be_mended_and_there_are_not_too_many(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = post(cast, "nurse")
    task = make(cast, "nurse", "manager", message)
    hand_on_task(cast["nurse"], task, account=cast.account("manager"), text="坐面の高さを見る")
    assert see_tasks(cast["nurse"], cast.group).open[0].text == "坐面の高さを見る"
    monkeypatch.setattr(tasks, "OF_MESSAGE", 1)
    with pytest.raises(Problem, match="Too much"):
        make(cast, "nurse", "manager", message)


def test_what_was_taken_back_and_what_has_ended_is_no_task_any_more(cast: Cast) -> None:
    message = post(cast, "nurse", "別の方の話")
    make(cast, "nurse", "manager", message)
    make(cast, "nurse", "manager")
    withdraw_communication(cast["nurse"], message, reason="別の方の話でした")
    assert len(see_tasks(cast["manager"], cast.group).open) == 1
    assert to_do(see_home(cast["manager"], None)) == [("todo", 1)]
    close_group(cast["manager"], cast.group, reason="施設に移られました")
    assert to_do(see_home(cast["manager"], None)) == []


@pytest.mark.clause("A11.5")
def test_a_relative_notes_what_they_do_themselves_and_gives_nobody_anything(cast: Cast) -> None:
    group, _ = group_of_kind(cast, "family", {"manager": True, "family": False})
    message = post(cast, "manager", "薬がなくなりそうです", group)
    with pytest.raises(Problem):
        make(cast, "family", "manager", message)
    make(cast, "family", "family", message)
    assert to_do(see_home(cast["family"], None)) == [("todo", 1)]


@pytest.mark.parametrize(
    "more",
    [{"text": " "}, {"text": "あ" * 201}, {"due": clock.today() - timedelta(days=1)}],
)
def test_what_cannot_be_a_task_is_said(cast: Cast, more: dict[str, object]) -> None:
    with pytest.raises(Problem):
        make(cast, "nurse", "manager", **more)
