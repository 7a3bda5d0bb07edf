"""What a question finds: how it stands, in words for the host, and what is to be done."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How something stands; the worse, the further down."""

    SKIPPED = "skipped"
    GOOD = "good"
    CARE = "care"
    BAD = "bad"

    @property
    def mark(self) -> str:
        """The sign before a line."""
        return {"skipped": "－", "good": "○", "care": "△", "bad": "×"}[self.value]

    @property
    def weight(self) -> int:
        """The worse, the larger."""
        return list(State).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question; never holds a key, a password or anything of a person.

    Args:
        what: what was found, as a Japanese sentence.
        do: what to do about it, as a Japanese sentence; empty if there is nothing to do.
    """

    state: State
    what: str
    do: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Something the host wants to know of an installation.

    Args:
        ask: looks and changes nothing; what it raises counts as bad.
        network: whether it asks somebody else's machine.
    """

    ident: str
    name: str
    ask: Callable[[], Finding]
    network: bool = False


def good(what: str) -> Finding:
    """Nothing to do."""
    return Finding(State.GOOD, what)


def care(what: str, do: str) -> Finding:
    """It works, and should be looked after."""
    return Finding(State.CARE, what, do)


def bad(what: str, do: str) -> Finding:
    """It does not work, or people are at risk."""
    return Finding(State.BAD, what, do)


def skipped(what: str) -> Finding:
    """It was not looked at, and why."""
    return Finding(State.SKIPPED, what)
