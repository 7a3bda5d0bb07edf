"""What the author of a withdrawn message is told: who had read it until then (N3.3, N3.11).

They know what no other page shows any more, so they are named: also who has left the group since.
The record of reading stays as it is; what somebody is shown after the withdrawal is no reading.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from renkei.communication.entries import Entry, Faces, entries
from renkei.group.head import Head, head
from renkei.kernel.clock import from_us, to_us
from renkei.kernel.database import rows
from renkei.kernel.errors import Unknown
from renkei.people.faces import Face
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who had read it, and when they were first shown it."""

    face: Face
    read_at: datetime


@dataclass(frozen=True, slots=True)
class TakenBack:
    """One's own message that one withdrew, and who had read it."""

    head: Head
    message: UUID
    entry: Entry  # as it stands in the log: who, when and why
    readers: list[Reader]  # the first first; not its author


_READERS: Final = """
    SELECT m.account_id, m.role_id, MIN(r.at) FROM communication_reading r
    JOIN group_member m ON m.id = r.member_id
    WHERE m.group_id = %s AND r.first_seq <= %s AND r.last_seq >= %s AND r.at <= %s
      AND m.account_id <> %s
    GROUP BY m.account_id, m.role_id ORDER BY MIN(r.at)"""


@disclosure("group.see", on="communication")
def see_taken_back(standing: Standing) -> TakenBack:
    """Who had read one's own message before one withdrew it.

    Raises:
        Unknown: it is somebody else's, or was not withdrawn.
    """
    where, message = standing.where, standing.what.message
    assert where is not None and where.group is not None and message is not None
    if message.sender != standing.who.account or not message.withdrawn or message.event:
        raise Unknown("withdrawn")
    top = head(standing)
    entry = entries(where.group, message.seq, message.seq, top.members)[0]
    assert entry.withdrawn_at is not None
    values = [message.seq, message.seq, to_us(entry.withdrawn_at), message.sender.hex]
    faces, found = Faces(top.members), rows(_READERS, [where.group.hex, *values])
    readers: dict[UUID, Reader] = {}
    for account, role, at in found:  # who left and came again is named once
        face = faces.author(account, role)
        readers.setdefault(face.account, Reader(face, from_us(at)))
    return TakenBack(top, message.id, entry, list(readers.values()))
