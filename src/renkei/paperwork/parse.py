"""The words of a form as blocks: the part of Markdown in which forms are written, and no more.

Headings (``#`` to ``###``), lists (``-``, ``1.``), tables, quotations (``>``), a rule (``---``),
``**bold**``, and places to fill, ``{{ name }}``. Every other line is a line of its own, its spaces
kept: a form is laid out by them. Nothing here is ever run or taken for markup again.
"""

import re
from dataclasses import dataclass, field
from typing import Final

PLACE: Final = re.compile(r"\{\{\s*(\w+(?:\.\w+)?)\s*\}\}")
_INLINE: Final = re.compile(r"\*\*(?P<bold>.+?)\*\*|\{\{\s*(?P<place>\w+(?:\.\w+)?)\s*\}\}")
_HEADING: Final = re.compile(r"(#{1,3}) +(.+)")
_NUMBERED: Final = re.compile(r"(\d{1,2})\. +(.+)")
_DASHES: Final = re.compile(r":?-+:?")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text, or a place to fill: then ``place`` is its name."""

    text: str = ""
    place: str = ""
    bold: bool = False


Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a form.

    Args:
        kind: "heading", "lines", "items", "quote", "table" or "rule".
        level: of a heading, 1 to 3.
        lines: what it says, line by line; of a heading one.
        marks: of a list, what stands before each item: "-" or "1.".
        rows: of a table, cell by cell; the first is its head, and may be empty.
    """

    kind: str
    level: int = 0
    lines: tuple[Line, ...] = ()
    marks: tuple[str, ...] = ()
    rows: tuple[tuple[Line, ...], ...] = ()


def places(text: str) -> list[str]:
    """The names of the places of a text, in their order."""
    return PLACE.findall(text)


def inline(text: str, *, bold: bool = False) -> Line:
    """The pieces of one line."""
    pieces: list[Piece] = []
    at = 0
    for found in _INLINE.finditer(text):
        if found.start() > at:
            pieces.append(Piece(text[at : found.start()], bold=bold))
        if found["place"]:
            pieces.append(Piece(place=found["place"], bold=bold))
        else:
            pieces.extend(inline(found["bold"], bold=True))
        at = found.end()
    if at < len(text):
        pieces.append(Piece(text[at:], bold=bold))
    return tuple(pieces)


@dataclass(slots=True)
class _Reader:
    blocks: list[Block] = field(default_factory=list)
    kind: str = ""
    lines: list[Line] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    rows: list[tuple[Line, ...]] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Take in the next line."""
        stripped = line.strip(" \t")
        if not stripped:
            self.end()
        elif heading := _HEADING.fullmatch(stripped):
            self.end()
            self.blocks.append(Block("heading", len(heading[1]), (inline(heading[2]),)))
        elif stripped == "---":
            self.end()
            self.blocks.append(Block("rule"))
        elif stripped.startswith("|"):
            self.begin("table")
            self._row(stripped)
        elif stripped.startswith("- "):
            self.begin("items")
            self._item("-", stripped[2:])
        elif numbered := _NUMBERED.fullmatch(stripped):
            self.begin("items")
            self._item(f"{numbered[1]}.", numbered[2])
        elif stripped.startswith(">"):
            self.begin("quote")
            self.lines.append(inline(stripped[1:].strip(" \t")))
        else:
            self.begin("lines")
            self.lines.append(inline(stripped))

    def begin(self, kind: str) -> None:
        """Go on with a block of this kind, or begin one."""
        if self.kind != kind:
            self.end()
            self.kind = kind

    def end(self) -> None:
        """Close the block that is open."""
        if self.kind:
            self.blocks.append(
                Block(
                    self.kind,
                    lines=tuple(self.lines),
                    marks=tuple(self.marks),
                    rows=tuple(self.rows),
                )
            )
        self.kind = ""
        self.lines, self.marks, self.rows = [], [], []

    def _item(self, mark: str, text: str) -> None:
        self.marks.append(mark)
        self.lines.append(inline(text))

    def _row(self, line: str) -> None:
        cells = [cell.strip(" \t") for cell in line.strip("|").split("|")]
        if all(_DASHES.fullmatch(cell) for cell in cells):
            return
        self.rows.append(tuple(inline(cell) for cell in cells))


def blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a form's words."""
    reader = _Reader()
    for line in text.splitlines():
        reader.take(line)
    reader.end()
    return tuple(reader.blocks)
