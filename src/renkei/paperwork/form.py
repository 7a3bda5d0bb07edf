"""A form on A4: its words, filled with what is known, and room to write for what is not (P1-P4).

One renderer for every form. What people wrote goes to Typst as data and is text there, never
markup. The text itself says where a seal or signature goes by the words 印・署名, and ☐ marks by □.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

import qrcode
from qrcode.image.svg import SvgPathImage

from renkei.paperwork.parse import Block, Line, Piece, blocks
from renkei.paperwork.pdf import pages, pdf

SEAL: Final = "印・署名"
BLANK_ROWS: Final = 10  # of a roster nobody has filled in
MOST_ROWS: Final = 1000
_PURPOSE: Final = re.compile(r"目的(\d)")
_SPLIT: Final = re.compile(rf"({SEAL}|□)")
_ERA: Final = "令和　　年　　月　　日"
# What stands before an operator's figure that is not known goes with it.
_LABEL: Final = re.compile(r"(?:[・　 ]?(?:FAX|窓口)[ 　]?|〒|・)$")
# Room to write, in millimetres, by the type of the field.
_WIDTHS: Final = {
    "address": 85, "bool": 8, "choice": 40, "date": 0, "datetime": 55, "email": 60, "kana": 45,
    "longtext": 120, "multi": 60, "number": 18, "organization": 60, "person": 45, "phone": 38,
    "postal": 24, "text": 50,
}  # fmt: skip
_WORDS_WIDTH: Final = 45  # of a place that is no field: ``{{ organization.phone }}``
_CONTEXT_WIDTHS: Final = {"address": 75, "fax": 36, "phone": 36, "birth_date": 0, "date": 0}
_CHOICES: Final = ("choice", "multi")
STROKE_MOST: Final = 200
POINTS_MOST: Final = 6000
SIDE: Final = 1000  # a signature's points lie within 0…3·SIDE by 0…SIDE

Strokes = Sequence[Sequence[Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form is filled with.

    Args:
        values: by the name of the place; a place that is not named here is left to be written in.
        rows: of the table of rows, each by the name after ``row.``; None for an empty table.
        ticked: the words after □ that are ticked.
        purposes: of form 4, what was answered, by number: "同意する", "同意しない", "説明を受けた".
        strokes: a signature drawn on the screen.
        signed: how it was signed, in place of the room for a seal: "（画面で署名）".
    """

    values: Mapping[str, str] = field(default_factory=dict)
    rows: Sequence[Mapping[str, str]] | None = None
    ticked: frozenset[str] = frozenset()
    purposes: Mapping[int, str] = field(default_factory=dict)
    strokes: Strokes = ()
    signed: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form as it is printed: its facts (the front matter), its words and what is around them.

    Args:
        edition: which edition of the words it is, in words.
        code, address: the letters that find the record, and where; empty for a blank form.
        enclosed: what follows on pages of its own: each with "source", "at", "text", "note".
        copies: the mark of each copy: ("医療機関控え", "患者控え"); one without a mark by default.
        attached: a file that lies within the PDF: its name and its text; none by default.
    """

    title: str
    fields: Sequence[Mapping[str, Any]]
    text: str
    filled: Filled = Filled()
    edition: str = ""
    code: str = ""
    address: str = ""
    footer: str = ""
    copies: tuple[str, ...] = ("",)
    enclosed: tuple[Mapping[str, str], ...] = ()
    attached: tuple[str, str] = ("", "")


def form_pdf(sheet: Sheet) -> bytes:
    """The form as PDF.

    Raises:
        Problem: there is no Japanese font on this machine.
    """
    return pdf("form", data(sheet))


def form_pages(sheet: Sheet) -> int:
    """How many pages the form comes to.

    Raises:
        Problem: there is no Japanese font on this machine.
    """
    return pages("form", data(sheet))


def data(sheet: Sheet) -> dict[str, Any]:
    """What the sheet of Typst reads."""
    setter = _Setter(sheet)
    size, leading = _size(sheet.text)
    return {
        "title": sheet.title,
        "size": size,
        "leading": leading,
        "blocks": [one for block in blocks(sheet.text) for one in setter.block(block)],
        "edition": sheet.edition,
        "code": sheet.code,
        "qr": qr_svg(sheet.address) if sheet.address else "",
        "footer": sheet.footer,
        "copies": list(sheet.copies),
        "enclosed": [dict(one) for one in sheet.enclosed],
        "signature": drawing(sheet.filled.strokes),
        "attached": list(sheet.attached),
    }


def _size(text: str) -> tuple[float, float]:
    """How large the letters are, in points, and the room between lines, in their height.

    A short form fills its page in letters that older people read; a long one keeps to two pages.
    """
    if len(text) > 3000:
        return 9.2, 0.62
    if "row." in text:
        return 9.5, 0.7
    return (10.5, 0.95) if len(text) < 1500 and "|" not in text else (10, 0.78)


def qr_svg(text: str) -> str:
    """A QR code as SVG."""
    picture = BytesIO()
    qrcode.make(text, image_factory=SvgPathImage, border=0).save(picture)
    return picture.getvalue().decode()


def drawing(strokes: Strokes) -> str:
    """A drawn signature as SVG; empty without strokes. Whole numbers only go into it."""
    paths = []
    for stroke in strokes:
        points = [f"{int(x)} {int(y)}" for x, y in stroke]
        if len(points) == 1:
            points = points * 2
        paths.append("M" + " L".join(points))
    if not paths:
        return ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {3 * SIDE} {SIDE}">'
        f'<path d="{" ".join(paths)}" fill="none" stroke="#111" stroke-width="18"'
        ' stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )


class _Setter:
    """Turns the blocks of one form into what Typst reads."""

    def __init__(self, sheet: Sheet) -> None:
        self.filled = sheet.filled
        self.fields = {str(one["name"]): one for one in sheet.fields}
        self.purpose = 0

    def block(self, block: Block) -> Iterable[dict[str, Any]]:
        """The block, filled."""
        if block.kind == "table":
            yield self._table(block)
            return
        if block.kind == "heading":
            said = "".join(piece.text for piece in block.lines[0])
            found = _PURPOSE.search(said)
            self.purpose = int(found[1]) if found and block.level == 3 else 0
        yield {
            "kind": block.kind,
            "level": block.level,
            "purpose": bool(self.purpose),
            "marks": list(block.marks),
            "lines": [self._line(line) for line in block.lines],
        }

    def _table(self, block: Block) -> dict[str, Any]:
        head, *body = block.rows
        repeated = [row for row in body if any(_of_row(cell) for cell in row)]
        rows = (
            self._repeated(repeated[0])
            if repeated
            else [[self._line(cell, in_cell=True) for cell in row] for row in body]
        )
        titled = any(cell for cell in head) and not any(one.place for cell in head for one in cell)
        if not titled and any(head):  # its first line is to be filled in like the others
            rows = [[self._line(cell, in_cell=True) for cell in head], *rows]
        return {
            "kind": "table",
            "head": [self._line(cell, in_cell=True) for cell in head] if titled else [],
            "rows": rows,
            "width": max(len(head), *(len(row) for row in rows)) if rows else len(head),
            "roster": bool(repeated),
        }

    def _repeated(self, row: tuple[Line, ...]) -> list[list[list[dict[str, Any]]]]:
        given = self.filled.rows
        if given is None:
            given = [{"no": str(number)} for number in range(1, BLANK_ROWS + 1)]
        lines = []
        for one in given[:MOST_ROWS]:
            setter = _Setter.__new__(_Setter)
            values = {f"row.{name}": value for name, value in one.items()}
            setter.filled = Filled(values={**self.filled.values, **values})
            setter.fields, setter.purpose = self.fields, 0
            lines.append([setter._line(cell, in_cell=True) for cell in row])
        return lines

    def _line(self, line: Line, *, in_cell: bool = False) -> list[dict[str, Any]]:
        line = self._without_unknown(line)
        parts: list[dict[str, Any]] = []
        for piece in line:
            parts += self._place(piece, in_cell) if piece.place else self._text(piece)
        return [one for one in parts if one.get("s") != ""]

    def _without_unknown(self, line: Line) -> Line:
        """The line without the operator's figures that nobody knows, and their labels."""
        kept: list[Piece] = []
        for piece in line:
            unknown = piece.place.startswith("operator.") and not self.filled.values.get(
                piece.place
            )
            if not unknown:
                kept.append(piece)
            elif kept and kept[-1].text:
                last = kept.pop()
                kept.append(Piece(_LABEL.sub("", last.text), bold=last.bold))
        return tuple(kept)

    def _text(self, piece: Piece) -> list[dict[str, Any]]:
        """Text with its boxes to tick and its room for a seal."""
        parts: list[dict[str, Any]] = []
        words = _SPLIT.split(piece.text)
        for at, word in enumerate(words):
            if word == SEAL:
                parts.append({"t": "seal", "by": self.filled.signed})
            elif word == "□":
                after = words[at + 1].strip("　 ").split("　")[0].strip()
                parts.append({"t": "box", "on": self._is_ticked(after), "s": "□"})
            else:
                parts.append({"t": "text", "s": word, "bold": piece.bold})
        return parts

    def _is_ticked(self, after: str) -> bool:
        if self.purpose:
            return self.filled.purposes.get(self.purpose) == after
        return after in self.filled.ticked

    def _place(self, piece: Piece, in_cell: bool) -> list[dict[str, Any]]:
        name = piece.place
        value = self.filled.values.get(name, "")
        about = self.fields.get(name, {})
        kind = str(about.get("type", "")).split(":")[0]
        if kind == "signature":
            return [{"t": "signature", "by": self.filled.signed, "name": value}]
        if kind in _CHOICES and "options" in about and name != "organization_kind":
            return self._options(about["options"], value)
        if value:
            return [{"t": "value", "s": value, "bold": piece.bold}]
        if in_cell and kind not in ("date", "datetime"):
            return [{"t": "room"}]
        return self._room(name, kind)

    @staticmethod
    def _room(name: str, kind: str) -> list[dict[str, Any]]:
        if "." in name and not kind:
            width = _CONTEXT_WIDTHS.get(name.split(".")[1], _WORDS_WIDTH)
        else:
            width = _WIDTHS.get(kind, _WORDS_WIDTH)
        if width == 0:
            return [{"t": "text", "s": _ERA, "bold": False}]
        return [{"t": "blank", "w": width}]

    @staticmethod
    def _options(options: Sequence[str], value: str) -> list[dict[str, Any]]:
        """Every answer with its box; those given are ticked, and what is none of them follows."""
        given = set(value.split("、")) if value else set()
        parts: list[dict[str, Any]] = []
        for option in options:
            parts.append({"t": "option", "on": option in given, "s": option})
        if others := "、".join(one for one in value.split("、") if one and one not in options):
            parts.append({"t": "value", "s": others, "bold": False})
        return parts


def _of_row(line: Line) -> bool:
    return any(piece.place.startswith("row.") for piece in line)
