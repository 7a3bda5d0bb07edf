"""From bytes to lines: what encoding a file is in, and what is no text file at all."""

from dataclasses import dataclass
from hashlib import sha256

from renkei.region.folder.model import Fault

_UTF8_BOM = b"\xef\xbb\xbf"
_WORKBOOK = "Excelのブックです。Excelで「CSV UTF-8」として保存し直してください。"
_UTF16 = "UTF-16で保存されています。UTF-8で保存し直してください。"
_SIGNATURES = {
    b"PK\x03\x04": _WORKBOOK,  # .xlsx, a ZIP archive
    b"\xd0\xcf\x11\xe0": _WORKBOOK,  # .xls, a compound file
    b"\xff\xfe": _UTF16,
    b"\xfe\xff": _UTF16,
}
SPOILT = "\ufffd"  # stands where bytes could not be read
_NOT_IN_CP932 = dict.fromkeys((0x80, 0xF8F0, 0xF8F1, 0xF8F2, 0xF8F3), SPOILT)
# Python decodes the bytes 80, A0, FD, FE and FF to these, though CP932 gives them no meaning.


@dataclass(frozen=True, slots=True)
class Line:
    """One physical line with its line break, as bytes and as text."""

    raw: bytes
    text: str


def fingerprint(lines: list[Line]) -> str:
    """Hex SHA-256 of the lines' bytes without the line break at the end."""
    return sha256(b"".join(line.raw for line in lines).rstrip(b"\r\n")).hexdigest()


def no_text(file: str, data: bytes) -> Fault | None:
    """Why the file cannot be read as text at all; None if it can."""
    for signature, sentence in _SIGNATURES.items():
        if data.startswith(signature):
            return Fault(file, 1, "", sentence)
    return None


def split(data: bytes) -> list[Line]:
    """The physical lines, ended by CRLF, LF or CR, in UTF-8 (with or without BOM) or CP932.

    Where neither encoding fits the whole file, the one that fits most lines is taken, and
    ``SPOILT`` stands for each byte that it cannot read. No byte of a line break is part of a
    character in either encoding, so the lines can be told apart first.
    """
    raw = data.removeprefix(_UTF8_BOM).splitlines(keepends=True)
    encoding = "utf-8" if data.startswith(_UTF8_BOM) else _encoding(raw)
    lines = [Line(line, line.decode(encoding, errors="replace")) for line in raw]
    if encoding == "cp932":
        lines = [Line(line.raw, line.text.translate(_NOT_IN_CP932)) for line in lines]
    return lines


def _encoding(lines: list[bytes]) -> str:
    """UTF-8 if at least half of the lines that are not plain ASCII are that; else CP932.

    Text in CP932 is hardly ever valid UTF-8, while the reverse happens.
    """
    telling = [line for line in lines if not line.isascii()]
    fitting = sum(_is_utf8(line) for line in telling)
    return "utf-8" if 2 * fitting >= len(telling) else "cp932"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
