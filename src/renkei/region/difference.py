"""What changed between two texts, word by word, so that a person sees it at once.

Japanese has no spaces: a word is taken to be a run of one kind of letters. Lines that stay are
given as they are, so that a long text can be folded around what changed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

SAME, GONE, NEW = "same", "gone", "new"
_WORDS: Final = re.compile(
    r"[一-龠々〆ヶ\U00020000-\U0003ffff]+|[ぁ-んー]+|[ァ-ヺー]+|[A-Za-z]+|[0-9０-９]+|\s+|.",
    re.DOTALL,
)
_MOST: Final = 4_000_000  # pairs of words compared within a line; a longer one is replaced


@dataclass(frozen=True, slots=True)
class Run:
    """Part of a line: it stays, is gone, or is new."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line, before or after; ``changed`` if it is not the same in both."""

    runs: tuple[Run, ...]
    changed: bool


def words(text: str) -> list[str]:
    """The text cut into what is compared; joined again it is the text."""
    return _WORDS.findall(text)


def _within(before: str, after: str) -> tuple[Run, ...]:
    old, new = words(before), words(after)
    if len(old) * len(new) > _MOST:
        return (Run(GONE, before), Run(NEW, after))
    runs: list[Run] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            runs.append(Run(SAME, "".join(old[a:b])))
            continue
        if a < b:
            runs.append(Run(GONE, "".join(old[a:b])))
        if c < d:
            runs.append(Run(NEW, "".join(new[c:d])))
    return tuple(runs)


def difference(before: str, after: str) -> list[Line]:
    """Every line of both texts in order, with what is gone and what is new marked within it."""
    return list(_lines(before.splitlines(), after.splitlines()))


def _lines(old: list[str], new: list[str]) -> Iterator[Line]:
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (Line((Run(SAME, one),), False) for one in old[a:b])
            continue
        paired = min(b - a, d - c)
        for at in range(paired):
            yield Line(_within(old[a + at], new[c + at]), True)
        yield from (Line((Run(GONE, one),), True) for one in old[a + paired : b])
        yield from (Line((Run(NEW, one),), True) for one in new[c + paired : d])


def folded(lines: list[Line], *, around: int = 2) -> list[Line | int]:
    """The lines near what changed; a number stands for so many that stay and are left out."""
    near = {
        close
        for at, line in enumerate(lines)
        if line.changed
        for close in range(at - around, at + around + 1)
    }
    shown: list[Line | int] = []
    for at, line in enumerate(lines):
        if at in near:
            shown.append(line)
        elif shown and isinstance(shown[-1], int):
            shown[-1] += 1
        else:
            shown.append(1)
    return shown
