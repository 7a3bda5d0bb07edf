"""Excel's own workbooks (XLSX): the cells of the first sheet that is shown, as text.

An archive from outside is read with bounds: how many parts, how large each may become. Documents
with entities, macros or a password are refused. Readings that Excel keeps beside Japanese text
are passed over.

Source: ECMA-376, part 1, sections 18.3 (worksheets) and 18.4 (shared strings).
"""

import posixpath
import re
import zipfile
import zlib
from io import BytesIO
from xml.parsers import expat

from django.utils.translation import gettext_noop

_PARTS_MAX = 500
_PART_MAX = 8 * 1024 * 1024  # bytes of one part, unpacked
_ELEMENTS_MAX = 200_000  # of all parts that are read: a thousand people have a tenth of it
_COLUMNS_MAX = 100
_COLUMN = re.compile(r"([A-Z]{1,3})[0-9]+")

UNREADABLE = gettext_noop("This Excel file cannot be read. Please save it as CSV and try again.")
MACROS = gettext_noop("Excel files with macros are not taken. Please save it as .xlsx or CSV.")
TOO_LARGE = gettext_noop("The file is too large. Please leave only the list of people in it.")


class NotReadable(Exception):
    """Why nothing of the workbook can be used; a source sentence for people."""


def cells_of(data: bytes) -> list[tuple[int, list[str]]]:
    """The filled rows with their numbers, each as cells from column A on.

    Raises:
        NotReadable: it is no workbook, a dangerous one, or larger than a list of people is.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
            if len(names) > _PARTS_MAX:
                raise NotReadable(TOO_LARGE)
            if any("vbaproject" in name.lower() for name in names):
                raise NotReadable(MACROS)
            return _read(archive)
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, KeyError, ValueError, EOFError,
            OSError, RuntimeError, NotImplementedError) as fault:  # fmt: skip
        raise NotReadable(UNREADABLE) from fault


def _read(archive: zipfile.ZipFile) -> list[tuple[int, list[str]]]:
    relations, left = _Relations(), _Left()
    _parse(_part(archive, "xl/_rels/workbook.xml.rels"), relations, left)
    book = _Book()
    _parse(_part(archive, "xl/workbook.xml"), book, left)
    if not book.sheets:
        raise NotReadable(UNREADABLE)
    strings = _Strings()
    if "xl/sharedStrings.xml" in archive.namelist():
        _parse(_part(archive, "xl/sharedStrings.xml"), strings, left)
    path = posixpath.normpath(posixpath.join("xl", relations.targets[book.sheets[0]])).lstrip("/")
    sheet = _Sheet(strings.found)
    _parse(_part(archive, path), sheet, left)
    return sheet.rows


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    """One part unpacked; what the archive says of its size is not believed."""
    with archive.open(name) as part:
        data = part.read(_PART_MAX + 1)
    if len(data) > _PART_MAX:
        raise NotReadable(TOO_LARGE)
    return data


class _Left:
    """How many elements may still come: a small file can unpack to millions of them."""

    def __init__(self) -> None:
        self.elements = _ELEMENTS_MAX

    def take(self) -> None:
        """One more; NotReadable when there were too many."""
        self.elements -= 1
        if self.elements < 0:
            raise NotReadable(TOO_LARGE)


class _Handler:
    """Hears the elements of a part by their local names."""

    def start(self, name: str, values: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, data: str) -> None:
        """Text inside."""


def _parse(data: bytes, handler: _Handler, left: _Left) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise NotReadable(UNREADABLE)

    def start(name: str, values: dict[str, str]) -> None:
        left.take()
        handler.start(name.rpartition(":")[2], values)

    def end(name: str) -> None:
        handler.end(name.rpartition(":")[2])

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    parser.Parse(data, True)


class _Relations(_Handler):
    """Where the parts are that a part speaks of."""

    def __init__(self) -> None:
        self.targets: dict[str, str] = {}

    def start(self, name: str, values: dict[str, str]) -> None:
        """Note one."""
        if name == "Relationship":
            self.targets[values["Id"]] = values["Target"]


class _Book(_Handler):
    """The sheets that are shown, by their relations."""

    def __init__(self) -> None:
        self.sheets: list[str] = []

    def start(self, name: str, values: dict[str, str]) -> None:
        """Note one."""
        if name == "sheet" and values.get("state", "visible") == "visible":
            self.sheets += [value for key, value in values.items() if key.endswith(":id")]


class _Strings(_Handler):
    """The texts that cells refer to by number."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._pieces: list[str] = []
        self._in_text = False
        self._in_reading = False

    def start(self, name: str, values: dict[str, str]) -> None:
        """A text, a piece of one, or its reading."""
        if name == "si":
            self._pieces = []
        self._in_reading |= name == "rPh"
        self._in_text = name == "t" and not self._in_reading

    def end(self, name: str) -> None:
        """Keep a text that is whole."""
        self._in_text = False
        self._in_reading &= name != "rPh"
        if name == "si":
            self.found.append("".join(self._pieces))

    def text(self, data: str) -> None:
        """A piece of text."""
        if self._in_text:
            self._pieces.append(data)


class _Sheet(_Handler):
    """The rows of a sheet."""

    def __init__(self, strings: list[str]) -> None:
        self.rows: list[tuple[int, list[str]]] = []
        self._strings = strings
        self._row = 0
        self._cells: dict[int, str] = {}
        self._at = 0
        self._type = ""
        self._pieces: list[str] = []
        self._in_value = False
        self._in_reading = False

    def start(self, name: str, values: dict[str, str]) -> None:
        """A row, a cell, its value."""
        if name == "row":
            self._row = int(values.get("r", self._row + 1))
            self._cells, self._at = {}, 0
        elif name == "c":
            found = _COLUMN.fullmatch(values.get("r", ""))
            self._at = _number(found[1]) if found else self._at + 1
            self._type = values.get("t", "n")
            self._pieces = []
        self._in_reading |= name == "rPh"
        self._in_value = name in ("v", "t") and not self._in_reading

    def end(self, name: str) -> None:
        """Keep a cell or a row that is whole."""
        self._in_value = False
        self._in_reading &= name != "rPh"
        if name == "c" and self._at <= _COLUMNS_MAX and (value := self._value()):
            self._cells[self._at] = value
        elif name == "row" and self._cells:
            width = max(self._cells)
            cells = [self._cells.get(at, "") for at in range(1, width + 1)]
            self.rows.append((self._row, cells))

    def text(self, data: str) -> None:
        """A piece of a value."""
        if self._in_value:
            self._pieces.append(data)

    def _value(self) -> str:
        written = "".join(self._pieces)
        if self._type == "s":
            at = int(written)
            return self._strings[at] if 0 <= at < len(self._strings) else ""
        if self._type == "n" and re.fullmatch(r"-?[0-9]+\.0+", written):
            return written.partition(".")[0]
        return "" if self._type == "e" else written


def _number(letters: str) -> int:
    """The number of a column: A is 1."""
    total = 0
    for letter in letters:
        total = total * 26 + ord(letter) - ord("A") + 1
    return total
