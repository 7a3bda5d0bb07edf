"""Values out of an address or a form, where anybody can write anything: what bad input becomes."""

from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

UNKNOWN: Final = UUID(int=0)  # the id of nothing and nobody: no thing there is ever bears it


def id_or_none(text: str | None) -> UUID | None:
    """The id that was written; None if it is none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def id_or_unknown(text: str | None) -> UUID:
    """The id that was written; UNKNOWN if it is none, so that the use case says it is not there."""
    return id_or_none(text) or UNKNOWN


def ids_in(texts: Iterable[str]) -> list[UUID]:
    """The ids that were written, each once, in their order; what is no id is left out."""
    return list(dict.fromkeys(one for text in texts if (one := id_or_none(text))))


def number_or_none(text: str | None) -> int | None:
    """The whole number that was written; None if it is none, is negative or has over 15 digits."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


def day_or_none(text: str | None) -> date | None:
    """The day that was written, as 2026-08-30; None if it is none, or none of this century."""
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return day if day and 2000 <= day.year < 2100 else None
