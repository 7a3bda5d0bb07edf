"""What a free group is for, and who the other of two is, from the columns of a query."""

from typing import Any
from uuid import UUID

from renkei.group.models import About, Group
from renkei.kernel import vault
from renkei.kernel.damage import DAMAGE, sentence, word


def open_about(group: UUID, key: UUID, sealed: Any) -> About:
    """Name, purpose and way of use of a free group; a word for what does not open."""
    place = f"group.Group/{group.hex}/about_sealed"
    try:
        return About(**vault.unseal_json(key, sealed, about=place))
    except DAMAGE as found:
        return About(name=word(found), purpose=sentence(found), use="")


def name_for(group: Group, account: UUID | None) -> str:
    """The name of a free group; "" of one by invitation alone to who is not in it (A12.4)."""
    by_invitation = group.entry == Group.Entry.INVITATION
    if by_invitation and not group.members.filter(account=account, ended_at=None).exists():
        return ""
    return open_about(group.id, group.key_id, group.about_sealed).name
