"""Which entries bear marks, and whom they mean. Returns rows; decides nothing."""

from collections.abc import Container
from dataclasses import dataclass
from uuid import UUID

from renkei.kernel.database import as_uuid, id_of, rows


@dataclass(frozen=True, slots=True)
class Marks:
    """Which entries on a page bear a mark."""

    pinned: frozenset[int]
    kept: frozenset[int]
    pins: int  # in the whole group
    tasks: frozenset[int] = frozenset()  # entries of which something is to be done
    done: frozenset[int] = frozenset()  # of which everything was done
    open_tasks: int = 0  # in the whole group


_OF_GROUP = """
    SELECT t.seq, 1 FROM communication_pin x
    JOIN communication_communication t ON t.id = x.communication_id
    WHERE x.group_id = %s AND t.withdrawn_at IS NULL
    UNION ALL
    SELECT t.seq, 0 FROM communication_bookmark x
    JOIN communication_communication t ON t.id = x.communication_id
    WHERE x.account_id = %s AND t.group_id = %s AND t.withdrawn_at IS NULL
    UNION ALL
    SELECT t.seq, CASE WHEN x.state = 'open' THEN 2 ELSE 3 END FROM communication_task x
    JOIN communication_communication t ON t.id = x.communication_id
    WHERE x.group_id = %s AND x.state <> 'withdrawn' AND t.withdrawn_at IS NULL"""
_PINNED, _KEPT, _OPEN, _DONE = 1, 0, 2, 3


def marks_of(group: UUID, account: UUID) -> Marks:
    """Which entries of a group are pinned, bear tasks, and are bookmarked by this person."""
    found = rows(_OF_GROUP, [group.hex, account.hex, group.hex, group.hex])
    if not found:
        return _NOTHING
    by_mark = {mark: [seq for seq, one in found if one == mark] for mark in range(4)}
    to_do = frozenset(by_mark[_OPEN])
    return Marks(
        pinned=frozenset(by_mark[_PINNED]),
        kept=frozenset(by_mark[_KEPT]),
        pins=len(by_mark[_PINNED]),
        tasks=to_do,
        done=frozenset(by_mark[_DONE]) - to_do,
        open_tasks=len(by_mark[_OPEN]),
    )


_NOTHING = Marks(frozenset(), frozenset(), 0)
_MEANT = """
    SELECT x.group_id, t.seq FROM communication_mention x
    JOIN communication_communication t ON t.id = x.communication_id
    JOIN group_member m ON m.group_id = x.group_id AND m.account_id = %s AND m.ended_at IS NULL
    WHERE (x.account_id = %s OR x.account_id IS NULL)
      AND t.withdrawn_at IS NULL AND t.sender_id <> %s AND t.seq > m.read_seq"""


def unread_mentions(account: UUID, groups: Container[UUID]) -> dict[UUID, int]:
    """How many unread messages mean this person, in each of these groups that has any."""
    meant: dict[UUID, set[int]] = {}
    for group, seq in rows(_MEANT, [account.hex] * 3):
        meant.setdefault(id_of(group), set()).add(seq)
    return {group: len(seqs) for group, seqs in meant.items() if group in groups}


_IN_RANGE = """
    SELECT t.seq, x.account_id FROM communication_mention x
    JOIN communication_communication t ON t.id = x.communication_id
    WHERE t.group_id = %s AND t.seq BETWEEN %s AND %s AND t.withdrawn_at IS NULL"""


def mentioned(group: UUID, first: int, last: int) -> dict[int, set[UUID | None]]:
    """Whom the messages of a range mean, by their numbers; None among them is everybody."""
    found: dict[int, set[UUID | None]] = {}
    for seq, account in rows(_IN_RANGE, [group.hex, first, last]):
        found.setdefault(seq, set()).add(as_uuid(account))
    return found
