"""やること: what follows from a message, for somebody of the group, until a day.

Open until somebody says that it is done, or it is withdrawn; who did so and when stands beside it.
Of a withdrawn task the words are gone, which may have been a mistake. What is shown of tasks stands
in ``task_board``.
"""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication import holding
from renkei.communication.guard.check import PASS
from renkei.communication.mentions import people_of
from renkei.communication.models import Task
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.kernel.sealed import digest
from renkei.notification.kinds import Kind
from renkei.notification.telling import tell
from renkei.policy.use_case import Change, use_case

LONGEST: Final = 200  # characters
LATEST: Final = timedelta(days=366)
OF_MESSAGE, OF_GROUP = 20, 300  # open at the same time
State = Task.State


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
    change.detail |= {"due": due.isoformat() if due else None, "sealed": digest(task.text)}
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
        change.detail["sealed"] = digest(task.text)
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
        change.detail["sealed"] = digest(task.text)
    task.state, task.closed_by_id, task.closed_at = state, change.account, change.now
    change.detail["state"] = state.value
    task.save(update_fields=["state", "closed_by", "closed_at", "text"])
