"""Signs that alone say little and together an emergency: めまい、吐き続け、座れない.

No list holds every way to write that somebody is in danger; people who see it name what they see.
What each sign weighs stands before it in ``emergencies/signs/``: 3 is enough alone, 2 wants another,
1 says hardly more than that something is not as always. It was set by how often the sign stood in an
emergency and how often in what is written every day. Signs weigh together where they stand near one
another, those of one thing little more than one of them. Only signs that are stated of now are
weighed (see ``emergency``).
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

ENOUGH: Final = 3  # what signs near one another have to weigh
NEAR: Final = 60  # characters that signs may stand apart


class Sign(NamedTuple):
    """A sign that stands in a text: where, what it is a sign of, and what it weighs."""

    start: int
    end: int
    about: str
    weight: int


def heaviest(signs: Iterable[Sign]) -> list[Sign]:
    """The first signs near one another that weigh enough; empty if there are none."""
    ordered = sorted(_apart(signs))
    for at, first in enumerate(ordered):
        near = [sign for sign in ordered[at:] if sign.start <= first.start + NEAR]
        if _weight(near) >= ENOUGH:
            return near
    return []


def _weight(signs: list[Sign]) -> int:
    """What signs weigh together: of one thing the heaviest, and a little more if it is said twice."""
    heaviest: dict[str, int] = {}
    again: set[str] = set()
    for sign in signs:
        if sign.about in heaviest:
            again.add(sign.about)
        heaviest[sign.about] = max(sign.weight, heaviest.get(sign.about, 0))
    return sum(heaviest.values()) + len(again)


def _apart(signs: Iterable[Sign]) -> list[Sign]:
    """The signs that share no letters with a heavier one: what is seen once counts once."""
    kept: list[Sign] = []
    for sign in sorted(signs, key=lambda one: (-one.weight, one.start, -one.end)):
        if all(sign.end <= other.start or other.end <= sign.start for other in kept):
            kept.append(sign)
    return kept
