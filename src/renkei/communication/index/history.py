"""How far the logs go, and whether an index is of the history that the database tells."""

from collections.abc import Collection, Iterable
from uuid import UUID

from renkei.communication.following import News, within
from renkei.kernel.database import id_of, row, rows

Mark = tuple[UUID, int, int, bytes | None]
"""A group, how far it is in the index (entry, alteration), and what stood there: ``mark``."""


def ends(groups: Collection[UUID] | None) -> dict[UUID, tuple[int, int]]:
    """How far the log of each of the groups, or of all, goes: entries and alterations."""
    if groups is not None and not groups:
        return {}
    condition, ids = within(groups, "id")
    found = rows(
        "SELECT id, last_seq, last_alteration FROM group_group WHERE 1 = 1" + condition, ids
    )
    return {id_of(one[0]): (one[1], one[2]) for one in found}


_STANDS = """
    SELECT (SELECT t.id FROM communication_communication t
        WHERE t.group_id = g.id AND t.seq = %s),
      (SELECT x.id FROM communication_alteration x WHERE x.group_id = g.id AND x.number = %s)
    FROM group_group g WHERE g.id = %s"""


def _mark(group: UUID, seq: int, alteration: int) -> bytes | None:
    """The ids of an entry and an alteration as one; None if there is no such group."""
    found = row(_STANDS, [seq, alteration, group.hex])
    if found is None:
        return None
    return b"".join(id_of(one).bytes if one else bytes(16) for one in found)


def mark(news: News) -> bytes | None:
    """What stands where the follower has come to."""
    return _mark(news.group, news.last, news.last_alteration)


def gone(marks: Iterable[Mark]) -> list[UUID]:
    """The groups whose log is not the one that was indexed.

    A copy that was brought back ends earlier and goes on with other entries under the same numbers;
    a group may be gone altogether.
    """
    return [
        group
        for group, seq, alteration, known in marks
        if known is None or _mark(group, seq, alteration) != bytes(known)
    ]
