"""The tasks of a group as everybody in it sees them, one of them, and what waits for a person.

A task whose person has left the group is nobody's: it shows to those who manage the group until one
of them hands it on. What was said in a withdrawn message is no task any more.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from renkei.communication.entries import Faces
from renkei.communication.models import Task
from renkei.group.head import Head, head
from renkei.kernel import clock, vault
from renkei.kernel.clock import from_us
from renkei.kernel.damage import DAMAGE, sentence
from renkei.kernel.database import as_day, id_of, rows
from renkei.kernel.errors import Unknown
from renkei.kernel.sealed import about
from renkei.people.faces import Face
from renkei.policy.rules import may
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure

SHOWN: Final = 30  # of those that are closed


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
        return self.state == Task.State.OPEN

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


@dataclass(frozen=True, slots=True)
class Waiting:
    """Tasks in one group: one's own, or those of people who are in it no more."""

    group: UUID
    count: int
    due: date | None  # the nearest day
    mine: bool
    first: tuple[UUID, UUID, bytes]  # the task of that day: its id, its key, its sealed words

    @property
    def words(self) -> str:
        """What is to be done first."""
        return _opened(*self.first)


_WAITING = """
    SELECT group_id, amount, due, mine, id, key_id, text FROM (
      SELECT x.group_id, x.due, 1 AS mine, x.id, x.key_id, x.text, {numbered}
      FROM communication_task x
      JOIN group_group g ON g.id = x.group_id AND g.erase_at IS NULL
      JOIN communication_communication t ON t.id = x.communication_id AND t.withdrawn_at IS NULL
      WHERE x.account_id = %s AND x.state = 'open'
      UNION ALL
      SELECT x.group_id, x.due, 0, x.id, x.key_id, x.text, {numbered}
      FROM group_member mm
      JOIN communication_task x ON x.group_id = mm.group_id AND x.state = 'open'
      JOIN group_group g ON g.id = x.group_id AND g.erase_at IS NULL
      JOIN communication_communication t ON t.id = x.communication_id AND t.withdrawn_at IS NULL
      WHERE mm.account_id = %s AND mm.ended_at IS NULL AND mm.manager
        AND NOT EXISTS (SELECT 1 FROM group_member m
          LEFT JOIN people_practitionerrole r ON r.id = m.role_id
          WHERE m.group_id = x.group_id AND m.account_id = x.account_id AND m.ended_at IS NULL
            AND (m.role_id IS NULL OR r.ended_at IS NULL))
    ) w WHERE place = 1""".format(
    numbered="""COUNT(*) OVER (PARTITION BY x.group_id) AS amount,
        ROW_NUMBER() OVER (PARTITION BY x.group_id
          ORDER BY x.due IS NULL, x.due, x.made_at, x.id) AS place"""
)


def waiting_tasks(account: UUID, groups: Container[UUID]) -> list[Waiting]:
    """What a person has to do in these groups, and what has nobody in those they manage.

    Nothing is opened yet: who is to be shown the words of some asks each for them.
    """
    found = [
        Waiting(id_of(group), count, as_day(due), bool(mine), (id_of(task), id_of(key), text))
        for group, count, due, mine, task, key, text in rows(_WAITING, [account.hex] * 2)
        if id_of(group) in groups
    ]
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
