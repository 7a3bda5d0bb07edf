"""Office documents, read as words: paragraphs, and tables as rows of cells."""

import codecs
import json
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final
from xml.etree import ElementTree

from renkei.files.workshop.sheets import Outcome, Unfit

BROKEN: Final = (
    zipfile.BadZipFile,
    ElementTree.ParseError,
    KeyError,
    OSError,
    ValueError,
    RuntimeError,
)
BLOCKS: Final = 3000
LETTERS: Final = 300_000
CELLS: Final = 40  # of one row
PART: Final = 40_000_000  # bytes of one part
_DECLARED: Final = ("<!DOCTYPE", "<!ENTITY", "\0")  # the last: two bytes a letter, unmarked
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def opened(content: bytes, job: dict[str, Any]) -> Outcome:
    """What stands in a document: paragraphs, and tables as rows of cells."""
    read = {"docx": _word, "xlsx": _sheets_of, "pptx": _slides}[job["ending"]]
    blocks: list[dict[str, Any]] = []
    left, more = LETTERS, False
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for block in read(archive):
                left -= len(json.dumps(block, ensure_ascii=False))
                if left < 0 or len(blocks) == BLOCKS:
                    more = True
                    break
                blocks.append(block)
    except BROKEN as error:
        raise Unfit("broken") from error
    words = json.dumps({"blocks": blocks, "more": more}, ensure_ascii=False)
    return {"views": []}, [b"", words.encode(), b""]


def _tree(archive: Any, name: str) -> Any:
    with archive.open(name) as source:
        found = source.read(PART + 1)
    written = _decoded(found)
    if len(found) > PART or any(one in written for one in _DECLARED):
        raise ValueError(name)
    return ElementTree.fromstring(written)  # what was looked through, whatever encoding it names


def _decoded(found: bytes) -> str:
    for mark, encoding in _MARKS:
        if found.startswith(mark):
            return found.decode(encoding)
    return found.decode()


def _bare(one: Any) -> str:
    return str(one.tag).rpartition("}")[2]


def _spoken(one: Any) -> str:
    """The words below an element, as they follow one another."""
    parts = {"tab": "\t", "br": "\n", "cr": "\n"}
    found = [
        one_.text or "" if _bare(one_) == "t" else parts.get(_bare(one_), "") for one_ in one.iter()
    ]
    return "".join(found).strip()


def _word(archive: Any) -> Iterator[dict[str, Any]]:
    body = next(one for one in _tree(archive, "word/document.xml") if _bare(one) == "body")
    for one in body:
        if _bare(one) == "p" and (said := _spoken(one)):
            style = next((each for each in one.iter() if _bare(each) == "pStyle"), None)
            heading = style is not None and any(
                "eading" in value for value in style.attrib.values()
            )
            yield {"heading" if heading else "text": said}
        elif _bare(one) == "tbl":
            rows = [row for row in one if _bare(row) == "tr"]
            cells = [[_spoken(cell) for cell in row if _bare(cell) == "tc"][:CELLS] for row in rows]
            yield {"rows": cells}


def _slides(archive: Any) -> Iterator[dict[str, Any]]:
    names = {name: re.fullmatch(r"ppt/slides/slide(\d+)\.xml", name) for name in archive.namelist()}
    for number, name in sorted((int(found[1]), name) for name, found in names.items() if found):
        yield {"heading": str(number)}
        for one in _tree(archive, name).iter():
            if _bare(one) == "p" and (said := _spoken(one)):
                yield {"text": said}


def _sheets_of(archive: Any) -> Iterator[dict[str, Any]]:
    shared = []
    if "xl/sharedStrings.xml" in archive.namelist():
        shared = [_spoken(one) for one in _tree(archive, "xl/sharedStrings.xml")]
    links = {
        one.get("Id"): one.get("Target", "") for one in _tree(archive, "xl/_rels/workbook.xml.rels")
    }
    for sheet in _tree(archive, "xl/workbook.xml").iter():
        if _bare(sheet) != "sheet" or sheet.get("state", "visible") != "visible":
            continue
        link = next((value for key, value in sheet.attrib.items() if key.endswith("}id")), "")
        target = links[link].lstrip("/")
        yield {"heading": sheet.get("name", "")}
        name = target if target.startswith("xl/") else f"xl/{target}"
        rows = [_row(row, shared) for row in _tree(archive, name).iter() if _bare(row) == "row"]
        if any(map(any, rows)):
            yield {"rows": [row for row in rows if any(row)][:BLOCKS]}


def _row(row: Any, shared: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in row:
        place = 0
        for letter in (cell.get("r") or "").rstrip("0123456789"):
            place = place * 26 + ord(letter) - 64
        if place > CELLS:
            break
        cells += [""] * (place - 1 - len(cells))
        value = next((one.text or "" for one in cell if _bare(one) == "v"), "")
        if cell.get("t") == "s" and value.isdigit() and int(value) < len(shared):
            value = shared[int(value)]
        elif cell.get("t") == "inlineStr":
            value = _spoken(cell)
        cells.append(value)
    return cells
