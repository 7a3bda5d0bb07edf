"""What a free group is for, and who the other of two is, from the columns of a query."""

from typing import Any
from uuid import UUID

from renkei.group.models import About
from renkei.kernel import vault
from renkei.kernel.damage import DAMAGE, sentence, word


def open_about(group: UUID, key: UUID, sealed: Any) -> About:
    """Name, purpose and way of use of a free group; a word for what does not open."""
    place = f"group.Group/{group.hex}/about_sealed"
    try:
        return About(**vault.unseal_json(key, sealed, about=place))
    except DAMAGE as found:
        return About(name=word(found), purpose=sentence(found), use="")
