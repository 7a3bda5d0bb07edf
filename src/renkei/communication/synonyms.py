"""Words of care that say the same: who looks for 浮腫 finds むくみ as well.

They stand in ``synonyms.txt``. The index knows nothing of them: a search with such a word is
several searches, and one without costs what it did.
"""

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Final, NamedTuple

from renkei.communication.index.tokens import searched

MOST: Final = 16  # searches that are made of one
_ENDINGS: Final = 4  # characters that may follow in what is typed for a word with 〜


class Word(NamedTuple):
    """One way to say something."""

    written: str  # as people read it, perhaps with 〜
    searched: str  # as it is compared

    def is_in(self, part: str) -> bool:
        """Whether somebody who typed this part looks for the word."""
        if not self.written.endswith("〜"):
            return part == self.searched
        return part.startswith(self.searched) and len(part) <= len(self.searched) + _ENDINGS


class Widened(NamedTuple):
    """What is looked for, and in which other words."""

    parts: list[tuple[str, ...]]  # of each word the ways to say it, first as it was typed
    also: list[str]  # what was not typed, as people read it


def _read() -> list[list[Word]]:
    lines = Path(__file__).with_name("synonyms.txt").read_text().splitlines()
    return [
        [Word(one, searched(one.removesuffix("〜"))) for one in line.split()]
        for line in lines
        if line and not line.startswith("#")
    ]


MEANINGS: Final = _read()


def widen(parts: Sequence[str]) -> Widened:
    """Look for other ways to say these words; the later ones as typed if it would be too much."""
    found = Widened([], [])
    for part in parts:
        others = _others(part)
        if prod(map(len, found.parts)) * (len(others) + 1) > MOST:
            others = []
        found.parts.append((part, *(one.searched for one in others)))
        found.also.extend(one.written for one in others)
    return found


def _others(part: str) -> list[Word]:
    """The other ways to say a word; none of what holds the word itself and is found with it."""
    for meaning in MEANINGS:
        if any(word.is_in(part) for word in meaning):
            return [one for one in meaning if not one.is_in(part) and part not in one.searched]
    return []
