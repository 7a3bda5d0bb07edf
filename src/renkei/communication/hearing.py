"""The record of what was delivered to a page without being read there.

A live stream delivers what was missed, and the open page reports by itself what of it was seen.
What is delivered from the past is put on record at once, before the bytes leave, so that nobody
reads a log without a trace; it moves no cursor, and the receipts say nothing of it.
"""

from collections.abc import Mapping
from uuid import UUID

from renkei.kernel.database import as_uuid, rows
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import disclosure, own_record

Range = tuple[int, int]  # numbers of the first and the last entry

_MEMBER = "SELECT id FROM group_member WHERE group_id = %s AND account_id = %s AND ended_at IS NULL"
_KNOWN = """
    SELECT first_seq, last_seq FROM communication_reading
    WHERE member_id = %s AND first_seq <= %s AND last_seq >= %s"""


def record_hearing(actor: Actor, delivered: Mapping[UUID, Range]) -> None:
    """Record what is about to be delivered, but for what is on record as read; one line for all."""
    standing, new = _unrecorded(actor, None, delivered)
    if not new:
        return
    assert standing.who.account is not None
    with own_record(standing, "group.hear", f"Account/{standing.who.account.hex}") as change:
        change.detail["heard"] = [[group.hex, first, last] for group, (first, last) in new.items()]


@disclosure("home.see", on="region")
def _unrecorded(
    standing: Standing, delivered: Mapping[UUID, Range]
) -> tuple[Standing, dict[UUID, Range]]:
    assert standing.who.account is not None
    account = standing.who.account.hex
    new = {}
    for group, (first, last) in delivered.items():
        found = rows(_MEMBER, [group.hex, account]) if first <= last else []
        member = as_uuid(found[0][0]) if found else None
        if member is not None and not _known(member, first, last):
            new[group] = (first, last)
    return standing, new


def _known(member: UUID, first: int, last: int) -> bool:
    """Whether all of it was read before; the ranges on record do not overlap."""
    found = rows(_KNOWN, [member.hex, last, first])
    covered: int = sum(min(till, last) - max(since, first) + 1 for since, till in found)
    return covered > last - first
