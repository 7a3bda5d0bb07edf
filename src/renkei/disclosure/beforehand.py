"""What the members of a group agreed on beforehand about reuse, in its charter (A16.e)."""

from typing import Final
from uuid import UUID

from renkei.group.charters import standing_permission

# What a charter can permit, by the purposes of a request. A use outside care is asked each time.
WORDS: Final = {"record": "record", "colleagues": "colleagues", "family": "explaining"}


def permitted_beforehand(group: UUID, author: UUID, purpose: str) -> bool:
    """Whether an author permits this purpose by the charter they have read and agreed to.

    Also who is in the group no more: what they agreed to holds for what they wrote under it.
    """
    return WORDS.get(purpose, "") in standing_permission(group, author)
