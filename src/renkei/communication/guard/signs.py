"""Signs that alone say little and together an emergency: めまい、吐き続け、座れない.

No list holds every way to write that somebody is in danger; people who see it name what they see.
What each sign weighs stands before it in ``emergencies/signs.txt``; signs weigh together where they
stand near one another. Only signs that are stated of now are weighed (see ``emergency``).
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

ENOUGH: Final = 3  # what signs near one another have to weigh
NEAR: Final = 60  # characters that signs may stand apart


class Sign(NamedTuple):
    """A sign that stands in a text: where, which line it is, and what it weighs."""

    start: int
    end: int
    line: str
    weight: int


def heaviest(signs: Iterable[Sign]) -> list[Sign]:
    """The first signs near one another that weigh enough; empty if there are none."""
    ordered = sorted(signs)
    for at, first in enumerate(ordered):
        near: dict[str, Sign] = {}
        for sign in ordered[at:]:
            if sign.start > first.start + NEAR:
                break
            near.setdefault(sign.line, sign)
        if sum(sign.weight for sign in near.values()) >= ENOUGH:
            return list(near.values())
    return []
