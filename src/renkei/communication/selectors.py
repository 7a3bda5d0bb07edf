"""Which entries bear marks. Returns rows; decides nothing."""

from dataclasses import dataclass
from uuid import UUID

from renkei.kernel.database import rows


@dataclass(frozen=True, slots=True)
class Marks:
    """Which entries on a page bear a mark."""

    pinned: frozenset[int]
    kept: frozenset[int]
    pins: int  # in the whole group


_OF_GROUP = """
    SELECT t.seq, 1 FROM communication_pin x
    JOIN communication_communication t ON t.id = x.communication_id
    WHERE x.group_id = %s AND t.withdrawn_at IS NULL
    UNION ALL
    SELECT t.seq, 0 FROM communication_bookmark x
    JOIN communication_communication t ON t.id = x.communication_id
    WHERE x.account_id = %s AND t.group_id = %s AND t.withdrawn_at IS NULL"""


def marks_of(group: UUID, account: UUID) -> Marks:
    """Which entries of a group are pinned, and which this person has bookmarked."""
    found = rows(_OF_GROUP, [group.hex, account.hex, group.hex])
    pinned = frozenset(seq for seq, pin in found if pin)
    return Marks(pinned, frozenset(seq for seq, pin in found if not pin), len(pinned))
