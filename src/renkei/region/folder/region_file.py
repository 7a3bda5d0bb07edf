"""region.toml: the region, its operator, the operator's staff, and the policy's parameters."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from renkei.region.folder.encoding import SPOILT, Line, fingerprint, no_text, split
from renkei.region.folder.model import Fault, OperatorStaffLine, RegionLine
from renkei.region.folder.row import NAME_MAX, Row

FILE = "region.toml"
REGION_KEYS = ("name", "operator", "phone", "email", "address", "policy_effective")
STAFF_KEYS = ("name", "kana", "email")
TABLES = ("region", "operator_staff", "parameters")

Check = Callable[[str, object], str | None]

_HEADER = re.compile(r"\s*\[{1,2}\s*([^\]\s]+)\s*\]{1,2}\s*(?:#.*)?")
_KEY = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([\w.-]+))\s*=""")
_AT_LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of the file: its name, the line of its header, its lines, where its keys stand."""

    name: str
    line: int
    text: list[Line]
    keys: dict[str, int]


def read_region_file(
    data: bytes | None, check_parameter: Check, faults: list[Fault]
) -> tuple[RegionLine | None, list[OperatorStaffLine]]:
    """The region and its operator's staff; ``check_parameter`` says why a value cannot be taken."""
    lines = _lines(data, faults)
    if lines is None:
        return None, []
    try:
        document = tomllib.loads("".join(line.text for line in lines).replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        number = int(at[1]) if at else len(lines)
        faults.append(Fault(FILE, number, "", f"TOMLとして読めません（{error}）。"))
        return None, []
    sections = list(_sections(lines))
    _unknown_tables(document, sections, faults)
    parameters = _parameters(document, sections, check_parameter, faults)
    region = _region(document, sections, lines, parameters, faults)
    return region, _operator_staff(document, sections, faults)


def _lines(data: bytes | None, faults: list[Fault]) -> list[Line] | None:
    """The lines of the file; None, with the fault noted, if there is nothing to read."""
    if data is None:
        faults.append(Fault(FILE, 1, "", "ファイルがありません。"))
        return None
    if not data.strip():
        faults.append(Fault(FILE, 1, "", "ファイルが空です。"))
        return None
    if fault := no_text(FILE, data):
        faults.append(fault)
        return None
    lines = split(data)
    spoilt = [number for number, line in enumerate(lines, start=1) if SPOILT in line.text]
    sentence = "読めない文字があります。UTF-8で保存し直してください。"
    faults += [Fault(FILE, number, "", sentence) for number in spoilt]
    return None if spoilt else lines


def _sections(lines: list[Line]) -> Iterator[_Section]:
    """The file cut at its headers; what stands before the first one has no name."""
    section = _Section("", 1, [], {})
    quotes = ""
    for number, line in enumerate(lines, start=1):
        if not quotes and (header := _HEADER.fullmatch(line.text)):
            yield section
            section = _Section(header[1].strip("\"'"), number, [], {})
        elif not quotes and (key := _KEY.match(line.text)):
            section.keys.setdefault(key[1] or key[2] or key[3], number)
        section.text.append(line)
        quotes = _open_quotes(line.text, quotes)
    yield section


def _open_quotes(text: str, quotes: str) -> str:
    """The quotes of a text over several lines that are still open at the end of this line."""
    for found in re.findall("\"\"\"|'''", text):
        if not quotes:
            quotes = found
        elif quotes == found:
            quotes = ""
    return quotes


def _section(sections: list[_Section], name: str, index: int = 0) -> _Section:
    """The section of this name, or the whole file's beginning if it is written otherwise."""
    named = [section for section in sections if section.name == name]
    return named[index] if index < len(named) else sections[0]


def _unknown_tables(
    document: Mapping[str, Any], sections: list[_Section], faults: list[Fault]
) -> None:
    for name in document:
        if name in TABLES:
            continue
        section = next((one for one in sections if one.name.split(".")[0] == name), None)
        line = section.line if section else sections[0].keys.get(name, 1)
        faults.append(Fault(FILE, line, name, f"「{name}」は知りません。"))


def _row(
    table: Mapping[str, Any], keys: tuple[str, ...], section: _Section, faults: list[Fault]
) -> Row:
    """A table of the file as a row; keys that are unknown or hold no text are noted."""
    cells = {key: value for key, value in table.items() if isinstance(value, str)}
    fingerprinted = fingerprint(section.text)
    row = Row(FILE, section.line, cells, fingerprinted, faults, lines=section.keys)
    for key, value in table.items():
        if key not in keys:
            meant = get_close_matches(key, [name for name in keys if name not in table], n=1)
            row.spoilt.update(meant)  # a misspelling is one fault
            hint = f"近いもの:「{meant[0]}」" if meant else ""
            row.fault(key, f"「{key}」は知りません。{hint}")
        elif not isinstance(value, str):
            row.fault(key, "引用符で囲んだ文字列で書いてください。")
    return row


def _region(
    document: Mapping[str, Any],
    sections: list[_Section],
    lines: list[Line],
    parameters: dict[str, object],
    faults: list[Fault],
) -> RegionLine | None:
    table = document.get("region")
    if not isinstance(table, dict):
        line = sections[0].keys.get("region", 1)
        faults.append(Fault(FILE, line, "region", "[region] がありません。"))
        return None
    row = _row(_dated(table), REGION_KEYS, _section(sections, "region"), faults)
    effective = row.date("policy_effective")
    region = RegionLine(
        name=row.text("name", NAME_MAX),
        operator=row.text("operator", NAME_MAX),
        phone=row.phone("phone"),
        email=row.email("email"),
        address=row.address("address"),
        policy_effective=effective or date.min,
        parameters=parameters,
        line=row.line,
        raw_sha256=fingerprint(lines),
    )
    return region if row.good else None


def _dated(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with TOML's own dates as text; a time of day is of no account."""
    return {
        key: (value.date() if isinstance(value, datetime) else value).isoformat()
        if key == "policy_effective" and isinstance(value, date)
        else value
        for key, value in table.items()
    }


def _operator_staff(
    document: Mapping[str, Any], sections: list[_Section], faults: list[Fault]
) -> list[OperatorStaffLine]:
    tables = document.get("operator_staff", [])
    if not (isinstance(tables, list) and all(isinstance(table, dict) for table in tables)):
        line = _section(sections, "operator_staff").line
        faults.append(Fault(FILE, line, "operator_staff", "[[operator_staff]] と書いてください。"))
        return []
    staff: list[OperatorStaffLine] = []
    known: set[str] = set()
    for index, table in enumerate(tables):
        row = _row(table, STAFF_KEYS, _section(sections, "operator_staff", index), faults)
        one = OperatorStaffLine(
            name=row.name("name"),
            kana=row.kana("kana"),
            email=row.email("email"),
            line=row.line,
            raw_sha256=row.raw_sha256,
        )
        if one.email in known:
            row.fault("email", "同じメールアドレスの人がもういます。")
        known |= {one.email} - {""}
        if row.good:
            staff.append(one)
    return staff


def _parameters(
    document: Mapping[str, Any],
    sections: list[_Section],
    check: Check,
    faults: list[Fault],
) -> dict[str, object]:
    """The parameters the policy would take; the others are noted where they stand."""
    section = _section(sections, "parameters")
    table = document.get("parameters", {})
    if not isinstance(table, dict):
        line = section.keys.get("parameters", section.line)
        faults.append(Fault(FILE, line, "parameters", "[parameters] と書いてください。"))
        return {}
    taken: dict[str, object] = {}
    for name, value in table.items():
        if sentence := check(name, value):
            line = section.keys.get(name, section.line)
            faults.append(Fault(FILE, line, name, sentence))
        else:
            taken[name] = value
    return taken
