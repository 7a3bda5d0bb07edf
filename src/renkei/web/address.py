"""Addresses of pages by their names, as pages have them by the hundred."""

from functools import cache
from uuid import UUID

from django.urls import reverse


@cache
def address(name: str, keys: tuple[str, ...]) -> str:
    """The address of a page with a place for each id; looking it up costs more than filling it."""
    stand_ins = {key: UUID(int=at + 1) for at, key in enumerate(keys)}
    found = reverse(name, kwargs=stand_ins)
    for key, value in stand_ins.items():
        found = found.replace(str(value), "{" + key + "}")
    return found


def url(name: str, **parts: UUID | int | str) -> str:
    """The address of a page by its name; what stands in an address is an id, a name or a number."""
    for part in parts.values():
        if isinstance(part, int):
            return reverse(name, kwargs=parts)
    return address(name, tuple(parts)).format_map(parts)
