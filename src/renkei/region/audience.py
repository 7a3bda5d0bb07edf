"""To whom a notice is addressed: all who work here or some of them, and families if it says so."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson


@dataclass(frozen=True, slots=True)
class Audience:
    """All conditions that are set have to be met by somebody's work; none is set: everyone's.

    Patients and relatives are told what is meant for them, and nothing else.
    """

    organizations: frozenset[UUID] = frozenset()
    professions: frozenset[str] = frozenset()
    administrators: bool = False
    families: bool = False

    @property
    def everyone(self) -> bool:
        """Whether it goes to all who work here."""
        return not (self.organizations or self.professions or self.administrators)

    def holds(self, organization: UUID, profession: str, administrator: bool) -> bool:
        """Whether somebody's work for an organization is addressed."""
        return (
            (not self.organizations or organization in self.organizations)
            and (not self.professions or profession in self.professions)
            and (administrator or not self.administrators)
        )

    def stored(self) -> dict[str, Any] | None:
        """What a notice keeps of it."""
        if self == EVERYONE:
            return None
        return {
            "organizations": sorted(one.hex for one in self.organizations),
            "professions": sorted(self.professions),
            "administrators": self.administrators,
            "families": self.families,
        }


EVERYONE = Audience()
Work = tuple[UUID, str, bool]  # organization, profession, administrator


def audience(stored: Any) -> Audience:
    """The audience that a notice keeps; a column read past Django is still text."""
    kept = orjson.loads(stored) if isinstance(stored, str) else stored
    if not kept:
        return EVERYONE
    return Audience(
        frozenset(UUID(one) for one in kept["organizations"]),
        frozenset(kept["professions"]),
        bool(kept["administrators"]),
        bool(kept.get("families")),
    )


def addressed(to: Audience, work: Iterable[Work], *, family: bool) -> bool:
    """Whether a person with this work is addressed, or a patient or relative, who has none."""
    if family:
        return to.families
    return to.everyone or any(to.holds(*one) for one in work)
