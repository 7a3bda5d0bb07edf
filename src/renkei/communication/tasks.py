"""やること: what follows from a message, for somebody of the group, until a day.

Open until somebody says that it is done, or it is withdrawn; who did so and when stands beside it.
A task whose person has left the group is nobody's: it shows to those who manage the group until one
of them hands it on. What was said in a withdrawn message is no task any more; and of a withdrawn
task the words are gone, which may have been a mistake.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication import holding
from renkei.communication.entries import Faces
from renkei.communication.guard.check import PASS
from renkei.communication.mentions import people_of
from renkei.communication.models import Task
from renkei.group.disclosures import Head, head
from renkei.kernel import clock, vault
from renkei.kernel.clock import from_us
from renkei.kernel.damage import DAMAGE, sentence
from renkei.kernel.database import as_day, id_of, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import clean_text
from renkei.kernel.sealed import about
from renkei.notification.kinds import Kind
from renkei.notification.telling import tell
from renkei.people.faces import Face
from renkei.policy.rules import may
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case

LONGEST: Final = 200  # characters
LATEST: Final = timedelta(days=366)
SHOWN: Final = 30  # of those that are closed
OF_MESSAGE, OF_GROUP = 20, 300  # open at the same time
State = Task.State


# ── Making, handing on, closing ──────────────────────────────────────────────────────────────────


@use_case("task.make", on="communication")
def make_task(change: Change, *, text: str, account: UUID, due: date | None = None) -> UUID:
    """Make a task of a message, for oneself or somebody else of the group.

    Raises:
        Problem: nothing is said, or something that may not stand here; the person is not in the
            group; the day has passed; there are too many already.
    """
    message, key = change.standing.what.message, change.where.key
    assert message is not None and key is not None
    _refuse_too_many(change, message.id)
    change.about("Communication", message.id, seq=message.seq)
    task = Task(
        id=uuid7(),
        key_id=key,
        group_id=change.group,
        communication_id=message.id,
        account_id=_doer(change, account),
        due=_day(due),
        made_by_id=change.account,
        made_at=change.now,
    )
    task.text = task.sealed("text", _words(change, text))
    task.save()
    change.about("Task", task.pk, seq=message.seq, account=account.hex)
    change.detail |= {"due": due.isoformat() if due else None, "sealed": _hash(task.text)}
    _tell_doer(change, account)
    change.tell("changed", change.group, message.seq)
    return task.pk


def _tell_doer(change: Change, account: UUID) -> None:
    """Let who is to do it be told; nobody is told of what they gave themselves."""
    if account != change.account:
        tell([account], Kind.TASK)


def _refuse_too_many(change: Change, message: UUID) -> None:
    to_do = Task.objects.filter(group=change.group, state=State.OPEN)
    if to_do.filter(communication=message).count() >= OF_MESSAGE or to_do.count() >= OF_GROUP:
        raise Problem(gettext_noop("Too much is to be done here already. Please close some first."))


def _words(change: Change, text: str) -> str:
    """What is to be done; nobody else's patient is named in it.

    Raises:
        Problem: nothing, too much, or what tells who a patient is.
    """
    cleaned = " ".join(clean_text(text).split())
    if not cleaned:
        raise Problem(gettext_noop("Please write what is to be done."), field="text")
    if len(cleaned) > LONGEST:
        raise Problem(gettext_noop("This is too long."), field="text")
    if holding.judge(change.standing, cleaned).verdict != PASS:
        raise Problem(
            gettext_noop("This names a patient whose group this is not. Please take it out."),
            field="text",
        )
    return cleaned


def _doer(change: Change, account: UUID) -> UUID:
    """Who is to do it: a member in office. Relatives take on tasks, and give none to others.

    Raises:
        Problem: it is nobody of the group, or a relative gives it to somebody else.
    """
    member = change.where.member
    if member is not None and member.relation and account != change.account:
        raise Problem(
            gettext_noop("You can note what you do yourself. Please ask others in the message."),
            field="account",
        )
    if account not in {one.account for one in people_of(change.group)}:
        raise Problem(
            gettext_noop("This person is not in the group any more. Please choose again."),
            field="account",
        )
    return account


def _day(due: date | None) -> date | None:
    if due is not None and not clock.today() <= due <= clock.today() + LATEST:
        raise Problem(gettext_noop("Please choose a day from today on."), field="due")
    return due


def _hash(sealed: bytes | memoryview) -> str:
    return sha256(bytes(sealed)).hexdigest()


def _task(change: Change) -> Task:
    """The task in question; its group's row is locked."""
    todo, message = change.standing.what.task, change.standing.what.message
    assert todo is not None and message is not None
    change.about("Task", todo.id, seq=message.seq)
    change.tell("changed", change.group, message.seq)
    return Task.objects.get(pk=todo.id)


@use_case("task.change", on="task")
def hand_on_task(
    change: Change, *, account: UUID, due: date | None = None, text: str | None = None
) -> None:
    """Let somebody else do it, or until another day; or say it in other words.

    Raises:
        Problem: the person is not in the group; the day has passed; the words may not stand here.
    """
    task = _task(change)
    if account != task.account_id:
        task.account_id = _doer(change, account)
        _tell_doer(change, account)
    if due != task.due:
        task.due = _day(due)
    change.detail |= {"account": account.hex, "due": due.isoformat() if due else None}
    if text is not None:
        task.text = task.sealed("text", _words(change, text))
        change.detail["sealed"] = _hash(task.text)
    task.save(update_fields=["account", "due", "text"])


@use_case("task.finish", on="task")
def finish_task(change: Change) -> None:
    """Say that it is done, whoever it was given to."""
    _close(change, State.DONE)


@use_case("task.withdraw", on="task")
def withdraw_task(change: Change) -> None:
    """Say that it is not to be done any more."""
    _close(change, State.WITHDRAWN, words="")


def _close(change: Change, state: Task.State, *, words: str | None = None) -> None:
    task = _task(change)
    if words is not None:
        task.text = task.sealed("text", words)
        change.detail["sealed"] = _hash(task.text)
    task.state, task.closed_by_id, task.closed_at = state, change.account, change.now
    change.detail["state"] = state.value
    task.save(update_fields=["state", "closed_by", "closed_at", "text"])


# ── Seeing ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task as everybody in the group sees it."""

    id: UUID
    message: UUID
    seq: int
    text: str
    face: Face  # who is to do it
    here: bool  # who still is in the group
    due: date | None
    state: str
    made_by: Face
    made_at: datetime
    closed_by: Face | None
    closed_at: datetime | None

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.state == State.OPEN

    @property
    def late(self) -> bool:
        """Whether its day has passed."""
        return self.open and self.due is not None and self.due < clock.today()


_TASKS = """
    SELECT x.id, x.key_id, x.communication_id, t.seq, x.text, x.account_id, x.due, x.state,
      x.made_by_id, x.made_at, x.closed_by_id, x.closed_at
    FROM communication_task x
    JOIN communication_communication t ON t.id = x.communication_id
    WHERE t.withdrawn_at IS NULL AND {} ORDER BY x.made_at, x.id"""
_LAST = """
    SELECT l.id FROM communication_task l
    WHERE l.group_id = %s AND l.state <> 'open' ORDER BY l.closed_at DESC LIMIT %s"""


def _opened(task: UUID, key: UUID, sealed: bytes) -> str:
    try:
        return vault.unseal(key, sealed, about=about("communication.Task", task, "text")).decode()
    except DAMAGE as found:
        return sentence(found)


def task_lines(top: Head, condition: str, ids: list[Any]) -> list[TaskLine]:
    """Tasks of a group whose head is at hand."""
    found = rows(_TASKS.format(condition), ids)
    if not found:
        return []
    faces, here = Faces(top.members), {one.face.account for one in top.members}
    return [_task_line(one, faces, here) for one in found]


def _task_line(found: tuple[Any, ...], faces: Faces, here: set[UUID]) -> TaskLine:
    account = id_of(found[5])
    return TaskLine(
        id=id_of(found[0]),
        message=id_of(found[2]),
        seq=found[3],
        text=_opened(id_of(found[0]), id_of(found[1]), found[4]),
        face=faces.of(account, None),
        here=account in here,
        due=as_day(found[6]),
        state=found[7],
        made_by=faces.author(found[8], None),
        made_at=from_us(found[9]),
        closed_by=faces.author(found[10], None) if found[10] else None,
        closed_at=from_us(found[11]) if found[11] else None,
    )


@dataclass(frozen=True, slots=True)
class Board:
    """The tasks of a group: what is to be done, the nearest day first; what was done last."""

    head: Head
    open: list[TaskLine]
    closed: list[TaskLine]


@disclosure("group.see", on="group", opens="tasks")
def see_tasks(standing: Standing) -> Board:
    """The tasks of a group."""
    where = standing.where
    assert where is not None and where.group is not None
    top = head(standing)
    group = where.group.hex
    to_do = task_lines(top, "x.group_id = %s AND x.state = 'open'", [group])
    closed = task_lines(top, f"x.id IN ({_LAST})", [group, SHOWN])
    return Board(
        top,
        sorted(to_do, key=lambda one: (one.due is None, one.due or date.max)),
        sorted(closed, key=lambda one: one.closed_at or one.made_at, reverse=True),
    )


# ── On home ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Waiting:
    """Tasks in one group: one's own, or those of people who are in it no more."""

    group: UUID
    count: int
    due: date | None  # the nearest day
    mine: bool


_MINE = """
    SELECT x.group_id, COUNT(*), MIN(x.due) FROM communication_task x
    JOIN group_group g ON g.id = x.group_id AND g.erase_at IS NULL
    JOIN communication_communication t ON t.id = x.communication_id AND t.withdrawn_at IS NULL
    WHERE x.account_id = %s AND x.state = 'open' AND x.group_id IN ({}) GROUP BY x.group_id"""
_LEFT = """
    SELECT x.group_id, COUNT(*), MIN(x.due) FROM communication_task x
    JOIN group_group g ON g.id = x.group_id AND g.erase_at IS NULL
    JOIN communication_communication t ON t.id = x.communication_id AND t.withdrawn_at IS NULL
    WHERE x.state = 'open' AND x.group_id IN ({})
      AND NOT EXISTS (SELECT 1 FROM group_member m
        LEFT JOIN people_practitionerrole r ON r.id = m.role_id
        WHERE m.group_id = x.group_id AND m.account_id = x.account_id AND m.ended_at IS NULL
          AND (m.role_id IS NULL OR r.ended_at IS NULL))
    GROUP BY x.group_id"""


def waiting_tasks(account: UUID, groups: list[UUID], managed: list[UUID]) -> list[Waiting]:
    """What a person has to do in these groups, and what has nobody in those they manage."""
    found = []
    for query, ids, mine in ((_MINE, groups, True), (_LEFT, managed, False)):
        if not ids:
            continue
        values = [*([account.hex] if mine else []), *(one.hex for one in ids)]
        marks = ", ".join(["%s"] * len(ids))
        for group, count, due in rows(query.format(marks), values):
            found.append(Waiting(id_of(group), count, as_day(due), mine))
    return sorted(found, key=lambda one: (one.due is None, one.due or date.max))


@disclosure("group.see", on="task")
def see_task(standing: Standing) -> tuple[Head, TaskLine, frozenset[str]]:
    """One task, and what the person may do with it.

    Raises:
        Unknown: the message it follows from was withdrawn.
    """
    todo = standing.what.task
    assert todo is not None
    top = head(standing)
    found = task_lines(top, "x.id = %s", [todo.id.hex])
    if not found:
        raise Unknown("task")
    can = frozenset(
        name for name in ("task.finish", "task.change", "task.withdraw") if may(standing, name)
    )
    return top, found[0], can
