"""How a colleague is shown everywhere: face, name, profession, organization."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from renkei.files import store
from renkei.kernel.damage import DAMAGE, word
from renkei.kernel.database import as_uuid
from renkei.kernel.opened import opened
from renkei.people.models import Account

# What a query has to fetch of role ``r``, account ``a`` and organization ``o`` to show a face.
# Patient and relatives, who work for nobody, stand as such where colleagues' work stands (A11.5).
OF_FAMILY = "ご本人・ご家族"
_WORK = f"CASE WHEN a.family THEN '{OF_FAMILY}' ELSE r.profession END"
_PERSON = f"a.id, a.key_id, a.profile_sealed, a.photo_changed_at, r.id, {_WORK}, o.id"
COLUMNS = f"{_PERSON}, o.name"
OR_OPERATOR = f"{_PERSON}, COALESCE(o.name, rg.operator_name)"  # region ``rg`` of who operates it
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


_PROFILE = "people.Account/{}/profile_sealed"


def _as_it_is(found: dict[str, str]) -> Mapping[str, str]:
    return found


def open_profile(account: UUID, key: UUID, sealed: bytes) -> Mapping[str, str]:
    """Name and kana of a person; a word in the place of a name that does not open."""
    try:
        return opened(key, sealed, account, _PROFILE, _as_it_is)
    except DAMAGE as found:
        return {"name": word(found), "kana": ""}


def name_of(person: Account | None) -> str:
    """A person's name, or the word in its place; empty for nobody."""
    if person is None:
        return ""
    return open_profile(person.id, person.key_id, person.profile_sealed)["name"]


def name_by(account: UUID | None) -> str:
    """The name of the person with this id; empty if there is none."""
    return name_of(Account.objects.filter(pk=account).first() if account else None)


def face(columns: tuple[Any, ...]) -> Face:
    """Make a face of the columns named in ``COLUMNS``."""
    account, key = as_uuid(columns[0]), as_uuid(columns[1])
    assert account is not None and key is not None
    profile = open_profile(account, key, columns[2])
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


def photo(account: Account) -> bytes:
    """The face photo as JPEG; empty if there is none.

    Raises:
        Missing, Tampered, Erased: from reading its file.
    """
    return b"".join(store.read(account.photo)) if account.photo else b""
