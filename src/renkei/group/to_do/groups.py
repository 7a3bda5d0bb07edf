"""What waits in one's groups: tasks, requests for reuse, reviews, groups that end or rest."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from renkei.communication.task_board import waiting_tasks
from renkei.disclosure.waiting import waiting_for as waiting_for_reuse
from renkei.group.archiving import waiting_for as waiting_for_life
from renkei.group.shell import GroupLine
from renkei.group.to_do.task import Task
from renkei.kernel import vault
from renkei.kernel.database import as_uuid, id_of, rows
from renkei.patient.identity import open_identity
from renkei.policy.standing import Standing
from renkei.review.waiting import waiting_for as waiting_for_review

TODOS: Final = 8  # groups with tasks named one by one
WORDS: Final = 60  # characters of what is to be done
_FAMILY_OFF: Final = """
    SELECT g.id, p.id, p.key_id, p.identity_sealed FROM group_member m
    JOIN group_group g ON g.id = m.group_id
    JOIN patient_patient p ON p.id = g.patient_id
    JOIN patient_consent c ON c.patient_id = p.id AND c.ended_at IS NULL
    WHERE m.account_id = %s AND m.manager AND m.ended_at IS NULL AND g.kind = 'family'
      AND g.closed_at IS NULL AND g.archived_at IS NULL AND g.erase_at IS NULL
      AND ',' || c.declined || ',' LIKE '%%,4,%%'
    ORDER BY g.opened_at"""


def tasks(account: UUID, groups: list[GroupLine]) -> Iterator[Task]:
    """What one has to do in one's groups, and in those one manages what has nobody any more."""
    lines = {line.id: line for line in groups if not line.closed and not line.deceased}
    waiting = waiting_tasks(account, lines)[:TODOS]
    vault.warm(one.first[1] for one in waiting)
    for one in waiting:
        line = lines[one.group]
        yield Task(
            "todo" if one.mine else "todo_left",
            one.group,
            identity=line.identity,
            until=one.due,
            count=one.count,
            what=line.title,
            words=_first(one.words),
        )


def _first(words: str) -> str:
    return words if len(words) <= WORDS else words[: WORDS - 1] + "…"


def reuse(standing: Standing, groups: list[GroupLine]) -> Iterator[Task]:
    """Who wants to use what one wrote, and what one may open oneself (A16)."""
    identities = {line.id: line.identity for line in groups}
    assert standing.who.account is not None
    for one in waiting_for_reuse(standing.who.account, set(identities)):
        yield Task(
            "reuse",
            one.request,
            organization=one.organization,
            identity=identities[one.group],
            what=one.word,
        )


def reviews(standing: Standing, groups: list[GroupLine]) -> Iterator[Task]:
    """Groups to go through, one's own people, and what is late with others (N1.2)."""
    manages = any(line.manager and not line.closed for line in groups)
    for one in waiting_for_review(standing, manages=manages):
        yield Task(
            one.kind, one.group, identity=one.identity, until=one.until, count=one.count,
            what=one.of,
        )  # fmt: skip


def family_off(standing: Standing) -> Iterator[Task]:
    """Groups with the family that the patient does not want any more, for who manages them (P4).

    Nobody can read there, so the timeline tells nobody; relatives have to be told, and the group
    ended, unless the patient thinks better of it.
    """
    who = standing.who
    if who.account is None or who.family:
        return
    for found in rows(_FAMILY_OFF, [who.account.hex]):
        patient = id_of(found[1])
        identity = open_identity(patient, id_of(found[2]), found[3])
        yield Task("family_off", as_uuid(found[0]), identity=identity)


def life(standing: Standing, groups: list[GroupLine]) -> Iterator[Task]:
    """What waits about the life of groups and patients (A4, A11.6, A11.8, N2.1)."""
    for one in waiting_for_life(standing, groups):
        yield Task(
            one.kind,
            one.id,
            organization=one.organization,
            identity=one.identity,
            until=one.since,
            count=one.number,
        )
