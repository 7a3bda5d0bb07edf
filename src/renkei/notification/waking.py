"""Whom a message wakes: the one place that says what somebody is told of in a group."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from renkei.communication.models import Importance
from renkei.communication.selectors import mentioned
from renkei.kernel.database import id_of, rows
from renkei.notification.models import Level

ALL, NONE = Level.Of.ALL.value, Level.Of.NONE.value  # asked for every member and message
RAISES: Final = frozenset({Importance.IMPORTANT.value, Importance.URGENT.value})


@dataclass(frozen=True, slots=True)
class Said:
    """A message, as far as it matters for telling: never its words."""

    seq: int
    sender: UUID
    importance: str
    sent_us: int
    names: frozenset[UUID | None] = frozenset()  # the accounts it mentions; None: everybody

    @property
    def urgent(self) -> bool:
        """Whether it is 至急."""
        return self.importance == Importance.URGENT


@dataclass(frozen=True, slots=True)
class Listener:
    """A member, and of what they want to be told in this group."""

    account: UUID
    level: str


def wakes(said: Said, listener: Listener) -> bool:
    """Whether this member is told of this message; never its author.

    What mentions somebody, and what is important or urgent, reaches those too who want to be told
    of nothing else.
    """
    if listener.level == NONE or listener.account == said.sender:
        return False
    if listener.level == ALL:
        return True
    return said.importance in RAISES or not said.names.isdisjoint({listener.account, None})


_SAID: Final = """
    SELECT seq, sender_id, importance, sent_at FROM communication_communication
    WHERE group_id = %s AND seq > %s AND seq <= %s AND event = '' AND withdrawn_at IS NULL
    ORDER BY seq"""


def said_in(group: UUID, after: int, last: int) -> list[Said]:
    """The messages of a group with these numbers, with whom each mentions."""
    found = rows(_SAID, [group.hex, after, last])
    names = mentioned(group, found[0][0], found[-1][0]) if found else {}
    return [
        Said(seq, id_of(sender), importance, sent_us, frozenset(names.get(seq, ())))
        for seq, sender, importance, sent_us in found
    ]
