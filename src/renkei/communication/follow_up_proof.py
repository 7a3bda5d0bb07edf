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
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext_noop

from renkei.audit.trail import Break
from renkei.communication.asking_again import whom
from renkei.communication.evidence import Detail, detail_of, hash_of, hexed
from renkei.kernel.database import as_day, by_bytes, read_on

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


class Spoken(NamedTuple):
    """What a line says."""

    group: str
    at: int
    actor: str | None
    action: str
    said: Detail

    @property
    def place(self) -> int:
        """The number it names; 0 if it was changed into something else."""
        found = self.said.get("seq", 0)
        return found if isinstance(found, int) else 0


class Kept(NamedTuple):
    """A task as it stands."""

    group: str
    facts: tuple[Any, ...]  # as ``FACTS`` names them
    made: tuple[str | None, int]  # by whom and when
    closed: tuple[str | None, int | None]


class Told(NamedTuple):
    """Telling again, as it stands."""

    group: str
    seq: int
    by: str | None
    at: int
    people: int
    whom: str


FACTS: Final = ("seq", "account", "sealed", "due", "state")  # that lines about a task say
Found = tuple[str, Spoken | Kept | Told]  # with the id they are about


def verify(erasing: frozenset[str]) -> Iterator[Break]:
    """What does not fit; within the snapshot of the whole proof.

    Args:
        erasing: groups whose rows may be gone.
    """
    for about in _by_id(_lines(_ABOUT_TASKS), _tasks()):
        lines = [one for one in about if isinstance(one, Spoken)]
        kept = next((one for one in about if isinstance(one, Kept)), None)
        yield from _task_faults(lines, kept, erasing)
    for about in _by_id(_lines(_ABOUT_AGAIN), _again()):
        lines = [one for one in about if isinstance(one, Spoken)]
        told = [one for one in about if isinstance(one, Told)]
        yield from _again_faults(lines, told, erasing)


def _by_id(*sources: Iterator[Found]) -> Iterator[list[Spoken | Kept | Told]]:
    """What is about the same, lines in their order; of sources that are in order of their ids."""
    for _, some in groupby(merge(*sources, key=itemgetter(0)), key=itemgetter(0)):
        yield [one for _, one in some]


def _lines(which: str) -> Iterator[Found]:
    sql = _LINES.format(which=which, collation=by_bytes())
    for entity, stream, at, actor, action, detail in read_on(sql):
        group = stream.removeprefix("group:")
        line = Spoken(group, at, hexed(actor), action, detail_of(detail))
        yield entity.partition("/")[2], line


def _tasks() -> Iterator[Found]:
    for one in read_on(_TASKS):
        task, group, account, made_by, closed_by = (hexed(one[at]) for at in (0, 1, 3, 7, 9))
        due = as_day(one[5])
        facts = (one[2], account, hash_of(one[4]), due.isoformat() if due else None, one[6])
        yield task, Kept(group, facts, (made_by, one[8]), (closed_by, one[10]))


def _again() -> Iterator[Found]:
    for message, group, seq, by, at, accounts in read_on(_AGAIN):
        told = detail_of(accounts, list)
        if not all(isinstance(one, str) for one in told):
            told = []  # changed into something else: nobody was told
        yield hexed(message), Told(hexed(group), seq, hexed(by), at, len(told), whom(told))


def _task_faults(
    lines: list[Spoken], kept: Kept | None, erasing: frozenset[str]
) -> Iterator[Break]:
    if kept is None:
        if lines[0].group not in erasing:
            yield Break(f"group:{lines[0].group}", lines[0].place, NO_TASK)
        return
    place = (f"group:{kept.group}", kept.facts[0])
    if not lines or lines[0].action != "task.make":
        yield Break(*place, UNSPOKEN_TASK)
        return
    said = _said_of(lines, kept)
    made = (lines[0].actor, lines[0].at)
    closed = next(((one.actor, one.at) for one in reversed(lines) if "state" in one.said), None)
    wanted = Kept(kept.group, tuple(map(said.get, FACTS)), made, closed or (None, None))
    if wanted != kept or any(one.group != kept.group for one in lines):
        yield Break(*place, TASK)


def _said_of(lines: list[Spoken], kept: Kept) -> Detail:
    """What the lines say of a task, the later ones over the earlier."""
    said: Detail = {"state": "open"}
    for line in lines:
        said |= line.said
        if line.action == "task.withdraw" and "sealed" not in line.said:
            # from before the line spoke of the words
            said["sealed"] = dict(zip(FACTS, kept.facts, strict=True))["sealed"]
    return said


def _again_faults(
    lines: list[Spoken], rows: list[Told], erasing: frozenset[str]
) -> Iterator[Break]:
    group, seq = rows[0][:2] if rows else (lines[0].group, lines[0].place)
    if group in erasing:
        return
    left = Counter(rows)
    for line in lines:
        spoken = (line.actor, line.at, line.said.get("told"))
        known = [one for one in left if (one.by, one.at, one.people) == spoken]
        fitting = [one for one in known if line.said.get("whom", one.whom) == one.whom]
        if not fitting or not left[fitting[0]]:
            yield Break(f"group:{group}", seq, TOLD_AGAIN)
            return
        left[fitting[0]] -= 1
    if any(left.values()):
        yield Break(f"group:{group}", seq, TOLD_AGAIN)
