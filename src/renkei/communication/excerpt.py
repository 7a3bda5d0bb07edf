"""The part of a text in which something was found, with the places marked."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from renkei.kernel.japanese import folded

LENGTH: Final = 140  # characters
BEFORE: Final = 30  # of them in front of the first place


class Piece(NamedTuple):
    """Some of the text, and whether it is what was looked for."""

    text: str
    marked: bool


def excerpt(text: str, parts: Sequence[str]) -> tuple[list[Piece], bool]:
    """The pieces to show one after the other, and whether they are all of the text.

    Args:
        parts: what was looked for, folded and without spaces.
    """
    places = _places(text, parts)
    first = max(0, places[0][0] - BEFORE) if places else 0
    if len(text) <= LENGTH:
        first = 0
    end = min(len(text), first + LENGTH)
    first = max(0, min(first, end - LENGTH))
    pieces: list[Piece] = []
    at = first
    for since, till in places:
        since, till = max(since, at), min(till, end)
        if since < till:
            pieces += [Piece(text[at:since], False), Piece(text[since:till], True)]
            at = till
    pieces.append(Piece(text[at:end], False))
    if first:
        pieces.insert(0, Piece("…", False))
    if end < len(text):
        pieces.append(Piece("…", False))
    return [one for one in pieces if one.text], not first and end == len(text)


def _places(text: str, parts: Sequence[str]) -> list[tuple[int, int]]:
    """Where the parts stand in the text, from the first on, none over another."""
    compared = folded(text)
    kept = [at for at, letter in enumerate(compared.text) if not letter.isspace()]
    dense = "".join([compared.text[at] for at in kept])
    found: list[tuple[int, int]] = []
    for part in parts:
        at = dense.find(part)
        while at >= 0 and part:
            found.append(compared.stretch(kept[at], kept[at + len(part) - 1] + 1))
            at = dense.find(part, at + len(part))
    found.sort()
    joined: list[tuple[int, int]] = []
    for since, till in found:
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(till, joined[-1][1]))
        else:
            joined.append((since, till))
    return joined
