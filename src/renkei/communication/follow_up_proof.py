"""The proof that tasks, and what was told again, are what the audit trail says of them.

A line about a task says whose it is, until when, the hash of its sealed words, and how it ended;
its place, its maker and its times are those of the line. A line about telling again says how many
were told, and commits to who they were. Of an erased group the lines stay and the rows go. Lines
written before lines said as much are held to what they say.
"""

from collections import Counter
from collections.abc import Iterator
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext_noop

from renkei.audit.trail import Break
from renkei.communication.asking_again import whom
from renkei.communication.evidence import detail_of, hash_of, hexed
from renkei.kernel.database import as_day, read_on

TASK = gettext_noop("a task is not what its lines say")
NO_TASK = gettext_noop("the task its line speaks of is not there")
UNSPOKEN_TASK = gettext_noop("no line speaks of this task")
TOLD_AGAIN = gettext_noop("who was told again is not what the lines say")

_TASKS: Final = """
    SELECT t.id, t.group_id, c.seq, t.account_id, t.text, t.due, t.state, t.made_by_id, t.made_at,
      t.closed_by_id, t.closed_at
    FROM communication_task t JOIN communication_communication c ON c.id = t.communication_id
    ORDER BY t.id"""
_AGAIN: Final = """
    SELECT a.communication_id, c.group_id, c.seq, a.by_id, a.at, a.accounts
    FROM communication_askedagain a
    JOIN communication_communication c ON c.id = a.communication_id ORDER BY a.communication_id"""
_LINES: Final = """
    SELECT entity, stream, at, actor, action, detail FROM audit_auditevent
    WHERE outcome = 'done' AND {which} ORDER BY entity{collation}, id"""
_ABOUT_TASKS: Final = "entity LIKE 'Task/%'"
_ABOUT_AGAIN: Final = "action IN ('communication.ask_again', 'communication.remind')"

Found = tuple[str, str, Any]  # id, "line" or "row", what it is


def verify(erasing: frozenset[str]) -> Iterator[Break]:
    """What does not fit; within the snapshot of the whole proof.

    Args:
        erasing: groups whose rows may be gone.
    """
    for _, found in _by_id(_lines(_ABOUT_TASKS), _tasks()):
        yield from _task_faults(*_apart(found), erasing)
    for _, found in _by_id(_lines(_ABOUT_AGAIN), _again()):
        yield from _again_faults(*_apart(found), erasing)


def _by_id(*sources: Iterator[Found]) -> Iterator[tuple[str, list[Found]]]:
    for key, some in groupby(merge(*sources, key=itemgetter(0)), key=itemgetter(0)):
        yield key, list(some)


def _apart(found: list[Found]) -> tuple[list[Any], list[Any]]:
    lines = [what for _, kind, what in found if kind == "line"]
    return lines, [what for _, kind, what in found if kind == "row"]


def _lines(which: str) -> Iterator[Found]:
    collation = ' COLLATE "C"' if connection.vendor == "postgresql" else ""
    for entity, stream, at, actor, action, detail in read_on(
        _LINES.format(which=which, collation=collation)
    ):
        line = (stream.removeprefix("group:"), at, hexed(actor), action, detail_of(detail))
        yield entity.partition("/")[2], "line", line


def _tasks() -> Iterator[Found]:
    for one in read_on(_TASKS):
        task, group, account, made_by, closed_by = (hexed(one[at]) for at in (0, 1, 3, 7, 9))
        due = as_day(one[5])
        facts = (one[2], account, hash_of(one[4]), due.isoformat() if due else None, one[6])
        yield task, "row", (group, facts, (made_by, one[8]), (closed_by, one[10]))


def _again() -> Iterator[Found]:
    for message, group, seq, by, at, accounts in read_on(_AGAIN):
        told = detail_of(accounts, list)
        if not all(isinstance(one, str) for one in told):
            told = []  # changed into something else: nobody was told
        yield hexed(message), "row", (hexed(group), seq, (hexed(by), at, len(told), whom(told)))


def _seq(line: Any) -> int:
    """The place that a line names; 0 if it was changed into something else."""
    found = line[4].get("seq", 0)
    return found if isinstance(found, int) else 0


def _task_faults(lines: list[Any], rows: list[Any], erasing: frozenset[str]) -> Iterator[Break]:
    if not rows:
        group = lines[0][0]
        if group not in erasing:
            yield Break(f"group:{group}", _seq(lines[0]), NO_TASK)
        return
    group, facts, made, closed = rows[0]
    place = (f"group:{group}", facts[0])
    if not lines or lines[0][3] != "task.make":
        yield Break(*place, UNSPOKEN_TASK)
        return
    said: dict[str, Any] = {"state": "open"}
    for line in lines:
        said |= line[4]
        if line[3] == "task.withdraw" and "sealed" not in line[4]:
            said["sealed"] = facts[2]  # from before the line spoke of the words
    ended = [line for line in lines if "state" in line[4]]
    end = (ended[-1][2], ended[-1][1]) if ended else (None, None)
    wanted = tuple(said.get(name) for name in ("seq", "account", "sealed", "due", "state"))
    begun = (lines[0][2], lines[0][1])
    if (wanted, begun, end) != (facts, made, closed) or any(one[0] != group for one in lines):
        yield Break(*place, TASK)


def _again_faults(lines: list[Any], rows: list[Any], erasing: frozenset[str]) -> Iterator[Break]:
    group, seq = rows[0][:2] if rows else (lines[0][0], _seq(lines[0]))
    if group in erasing:
        return
    told = Counter(one[2] for one in rows)
    for _, at, actor, _, said in lines:
        known = [one for one in told if one[:3] == (actor, at, said.get("told"))]
        fitting = [one for one in known if said.get("whom", one[3]) == one[3]]
        if not fitting or not told[fitting[0]]:
            yield Break(f"group:{group}", seq, TOLD_AGAIN)
            return
        told[fitting[0]] -= 1
    if any(told.values()):
        yield Break(f"group:{group}", seq, TOLD_AGAIN)
