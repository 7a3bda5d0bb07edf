"""The record of what was shown apart from its log: found by a search, pinned or bookmarked."""

from collections.abc import Sequence
from uuid import UUID

from renkei.communication.reading import DISCLOSED, unheard
from renkei.kernel.database import execute, for_update, id_of, rows
from renkei.kernel.entity import uuid7
from renkei.policy.use_case import Change

_MEMBERS = """
    SELECT group_id, id FROM group_member
    WHERE account_id = %s AND ended_at IS NULL AND group_id IN ({}) ORDER BY id"""


def note_found(change: Change, shown: Sequence[tuple[UUID, int, bool]]) -> list[tuple[str, int]]:
    """Note in a running record which entries a search showed; those never disclosed before.

    What was shown whole is disclosed from now on; of what was cut the rest is still to come. The
    read cursors stay where they are: to find is not to read on.

    Args:
        shown: group, number, and whether all of the text was shown.
    """
    groups = {group for group, _, _ in shown}
    if not groups:
        return []
    marks = ", ".join(["%s"] * len(groups))
    asked = [change.account.hex, *(group.hex for group in groups)]
    found = rows(_MEMBERS.format(marks) + for_update("group_member"), asked)
    members = {id_of(one[0]): id_of(one[1]) for one in found}
    new: list[tuple[str, int]] = []
    for group, seq, whole in sorted(shown):
        member = members.get(group)
        if member is None or not unheard(member, seq, seq):
            continue
        new.append((group.hex, seq))
        if whole:
            execute(DISCLOSED, [uuid7().hex, member.hex, seq, seq, change.now_us])
    return new
