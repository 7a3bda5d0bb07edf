"""Tables as offices have them: CSV with quoted newlines, in records that know their line."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import NamedTuple

from renkei.kernel.japanese import narrow
from renkei.region.folder.encoding import SPOILT, Line, fingerprint, no_text, split
from renkei.region.folder.model import Fault

csv.field_size_limit(1_000_000)  # characters; the default stops at an open quote too early


class Record(NamedTuple):
    """One record: the line where it begins, its cells, and its fingerprint."""

    line: int
    cells: list[str]
    raw_sha256: str
    unquoted: bool  # its quotes do not close; ``cells`` is what the first line seems to hold


@dataclass(frozen=True, slots=True)
class Table:
    """The records of a table under its header; ``columns`` are None where a header is empty.

    ``readable`` is False when no record can be judged: the file or its header is not there.
    """

    columns: list[str | None]
    records: list[Record]
    faults: list[Fault]
    readable: bool


def read_table(
    file: str, data: bytes | None, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Table:
    """Split the file into records; ``data`` None means that it is not there."""
    fault = _unreadable(file, data)
    if data is None or fault is not None:
        return Table([], [], [fault] if fault else [], readable=False)
    found = [record for record in _records(split(data)) if _is_filled(record)]
    if not found:
        return Table([], [], [Fault(file, 1, "", "ファイルが空です。")], readable=False)
    header, *records = found
    names = [narrow(cell).lower() for cell in header.cells]
    known = (*required, *optional)
    if not set(names) & set(known):
        sentence = f"見出しの行がありません。1行目は {','.join(required)} です。"
        return Table([], [], [Fault(file, header.line, "", sentence)], readable=False)
    faults = _header_faults(file, header.line, names, required, optional)
    columns = [name if name in known and name not in names[:at] else None
               for at, name in enumerate(names)]  # fmt: skip
    return Table(columns, records, faults, readable=True)


def _unreadable(file: str, data: bytes | None) -> Fault | None:
    """Why there is no table to read at all."""
    if data is None:
        return Fault(file, 1, "", "ファイルがありません。")
    if not data.strip():
        return Fault(file, 1, "", "ファイルが空です。")
    return no_text(file, data)


def _records(lines: list[Line]) -> Iterator[Record]:
    """The records one after the other; after an unclosed quote, on from the very next line."""
    at = 0
    while at < len(lines):
        start = at
        reader = csv.reader((line.text for line in islice(lines, at, None)), strict=True)
        try:
            for cells in reader:
                end = at + reader.line_num
                yield Record(start + 1, cells, fingerprint(lines[start:end]), unquoted=False)
                start = end
            return
        except csv.Error:
            cells = next(csv.reader([lines[start].text]), [])
            yield Record(start + 1, cells, fingerprint(lines[start : start + 1]), unquoted=True)
            at = start + 1


def _is_filled(record: Record) -> bool:
    """Whether anything stands in the record; Excel leaves lines of bare commas behind."""
    return record.unquoted or any(cell.strip() for cell in record.cells)


def _header_faults(
    file: str, line: int, names: list[str], required: tuple[str, ...], optional: tuple[str, ...]
) -> list[Fault]:
    """Missing, unknown and repeated columns; a missing one and its misspelling are one fault."""
    known = (*required, *optional)
    unknown = [name for name in names if name and name not in known]
    faults = []
    for name in required:
        if name in names:
            continue
        slip = _misspelling(name, required.index(name), names, unknown)
        hint = f"「{slip}」の書きまちがいではありませんか。" if slip else ""
        if slip:
            unknown.remove(slip)
        faults.append(Fault(file, line, name, f"列「{name}」がありません。{hint}"))
    for name in unknown:
        sentence = (
            "見出しの文字が読み取れません。" if SPOILT in name else f"列「{name}」は知りません。"
        )
        faults.append(Fault(file, line, name, sentence + _nearest(name, known)))
    repeated = {name for name in names if name in known and names.count(name) > 1}
    faults += [Fault(file, line, name, f"列「{name}」が2回あります。") for name in sorted(repeated)]
    return faults


def _misspelling(name: str, place: int, names: list[str], unknown: list[str]) -> str | None:
    """The unknown header that was meant to be ``name``: it looks alike or stands in its place."""
    if alike := get_close_matches(name, unknown, n=1, cutoff=0.7):
        return alike[0]
    there = names[place] if place < len(names) else ""
    return there if there in unknown else None


def _nearest(name: str, known: tuple[str, ...]) -> str:
    alike = get_close_matches(name, known, n=1, cutoff=0.7)
    return f"近いもの:「{alike[0]}」" if alike else ""
