"""From what was pasted or handed over to rows of cells, whatever program it came from."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import gettext_noop

from renkei.enrollment.roster.workbook import TOO_LARGE, NotReadable, cells_of
from renkei.region.folder.encoding import split

BYTES_MAX = 2 * 1024 * 1024
_LINES_MAX = 20_000  # physical ones: a thousand people, and what Excel leaves behind
_CELLS_MAX = 100_000
_UTF8 = b"\xef\xbb\xbf"
_WORKBOOK = b"PK\x03\x04"
_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"  # .xls, or an .xlsx with a password
_SEPARATORS = "\t,;"

OLD = gettext_noop(
    "This is an old Excel file, or one with a password. Please save it as .xlsx without a password."
)
EMPTY = gettext_noop("There is nothing in it.")


@dataclass(frozen=True, slots=True)
class Cells:
    """One row: where it begins, its cells, and whether its quotes do not close."""

    line: int
    cells: list[str]
    unquoted: bool = False

    @property
    def filled(self) -> bool:
        """Whether anything stands in it; Excel leaves rows of bare commas behind."""
        return self.unquoted or any(cell.strip() for cell in self.cells)


def rows_of(data: bytes | str) -> list[Cells]:
    """The filled rows.

    Raises:
        NotReadable: there is nothing to read at all.
    """
    if len(data) > BYTES_MAX:
        raise NotReadable(TOO_LARGE)
    if isinstance(data, bytes) and data.startswith(_OLD_OR_LOCKED):
        raise NotReadable(OLD)
    if isinstance(data, bytes) and data.startswith(_WORKBOOK):
        found = [Cells(line, cells) for line, cells in cells_of(data)]
    else:
        found = list(_records(_lines(data)))
    rows = [row for row in found if row.filled]
    if not rows:
        raise NotReadable(EMPTY)
    return rows


def _lines(data: bytes | str) -> list[str]:
    """The physical lines, U+FFFD for what cannot be read.

    Raises:
        NotReadable: there are more lines or cells than any list of people has.
    """
    if isinstance(data, bytes) and (encoding := _wide(data)):
        data = data.decode(encoding, errors="replace")
    if isinstance(data, str):
        data = _UTF8 + data.removeprefix("\ufeff").encode("utf-8", errors="surrogatepass")
    if sum(map(data.count, (b"\n", b"\r"))) > _LINES_MAX:
        raise NotReadable(TOO_LARGE)
    if any(data.count(one.encode()) > _CELLS_MAX for one in _SEPARATORS):
        raise NotReadable(TOO_LARGE)
    return [line.text for line in split(data)]


def _wide(data: bytes) -> str:
    """The encoding of two bytes a character in which Excel saves "Unicode text"; "" if none."""
    if data.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if data.startswith(b"\xfe\xff"):
        return "utf-16-be"
    return ""


def _records(lines: list[str]) -> Iterator[Cells]:
    """The records one after the other; after quotes that do not close, on from the next line."""
    separator = _separator(lines)
    at = 0
    while at < len(lines):
        start = at
        reader = csv.reader(islice(lines, at, None), delimiter=separator, strict=True)
        try:
            for cells in reader:
                yield Cells(start + 1, cells)
                start = at + reader.line_num
            return
        except csv.Error:
            yield Cells(start + 1, lines[start].rstrip("\r\n").split(separator), unquoted=True)
            at = start + 1


def _separator(lines: list[str]) -> str:
    """What parts the cells: whatever the first lines have most of."""
    sample = [line for line in lines if line.strip()][:5]
    return max(_SEPARATORS, key=lambda one: sum(line.count(one) for line in sample))
