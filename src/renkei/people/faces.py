"""How a colleague is shown everywhere: face, name, profession, organization."""

from typing import Any, NamedTuple
from uuid import UUID

from renkei.kernel import vault
from renkei.kernel.database import as_uuid

# What a query has to fetch of role ``r``, account ``a`` and organization ``o`` to show a face.
COLUMNS = "a.id, a.key_id, a.profile_sealed, a.photo_changed_at, r.id, r.profession, o.id, o.name"
WIDTH = 8


class Face(NamedTuple):
    """A colleague as everybody sees them (N3.5)."""

    account: UUID
    role: UUID | None
    name: str
    kana: str
    profession: str
    organization: str
    organization_id: UUID | None
    photo: int  # when the photo was set, in microseconds; 0 if there is none

    @property
    def initial(self) -> str:
        """What stands in for a face: the first character of the name."""
        return self.name[:1]

    @property
    def family_name(self) -> str:
        """The part of the name before the space."""
        return self.name.replace("\u3000", " ").split(" ")[0]

    @property
    def hue(self) -> int:
        """A colour that stays the same for this person, 0-5."""
        return self.account.int % 6


def face(columns: tuple[Any, ...]) -> Face:
    """Make a face of the columns named in ``COLUMNS``."""
    account, key = as_uuid(columns[0]), as_uuid(columns[1])
    assert account is not None and key is not None
    profile = vault.unseal_json(
        key, columns[2], about=f"people.Account/{account.hex}/profile_sealed"
    )
    return Face(
        account,
        as_uuid(columns[4]),
        profile["name"],
        profile["kana"],
        columns[5] or "",
        columns[7] or "",
        as_uuid(columns[6]),
        columns[3] or 0,
    )
