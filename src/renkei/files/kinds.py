"""What a file is: told by its content, never by its name.

What is not on the short list is not taken: no archives, programs, pages, drawings (SVG) or scripts,
and of office documents only those that cannot hold macros.
"""

from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext_noop

from renkei.kernel.errors import Problem

PICTURE, VIDEO, PDF, OFFICE = "picture", "video", "pdf", "office"
FIRST: Final = 4096  # bytes at the beginning that tell

_HEIC: Final = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_FILM: Final = {
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ",
    b"M4VH", b"M4VP", b"MSNV", b"dash", b"3gp4", b"3gp5", b"3gp6", b"mmp4",
}  # fmt: skip
_OFFICE: Final = {
    "word/": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    "xl/": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    "ppt/": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
}
ARCHIVES: Final = gettext_noop("Archives are not taken. Please send what is in it, one by one.")
_REFUSED: Final[list[tuple[tuple[bytes, ...], str]]] = [
    (
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
        gettext_noop(
            "Old office documents (.doc, .xls, .ppt) can hold macros. Please save it as .docx,"
            " .xlsx, .pptx or PDF."
        ),
    ),
    (
        (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"MSCF", b"\x28\xb5\x2f\xfd"),
        ARCHIVES,
    ),
    (
        (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe"),
        gettext_noop("Programs and scripts are not taken."),
    ),
]
NOT_TAKEN: Final = gettext_noop(
    "This kind of file is not taken. Photos (JPEG, PNG, WebP, HEIC), videos (MP4, MOV), PDF and"
    " office documents (.docx, .xlsx, .pptx) are."
)
PAGES: Final = gettext_noop("Web pages and drawings (HTML, SVG) are not taken.")


def type_of(first: bytes) -> tuple[str, str]:
    """The kind and the media type by the first bytes; of a ZIP what is in it is asked later.

    Raises:
        Problem: it is nothing that is taken.
    """
    for starts, sentence in _REFUSED:
        if first.startswith(starts):
            raise Problem(sentence, field="file")
    for asked in (_picture, _film, _document):
        if found := asked(first):
            return found
    text = first.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<") or b"<svg" in text or b"<html" in text or b"<script" in text:
        raise Problem(PAGES, field="file")
    raise Problem(NOT_TAKEN, field="file")


def _picture(first: bytes) -> tuple[str, str] | None:
    if first.startswith(b"\xff\xd8\xff"):
        return PICTURE, "image/jpeg"
    if first.startswith(b"\x89PNG\r\n\x1a\n"):
        return PICTURE, "image/png"
    if first.startswith(b"RIFF") and first[8:12] == b"WEBP":
        return PICTURE, "image/webp"
    if first[4:8] == b"ftyp" and first[8:12] in _HEIC:
        return PICTURE, "image/heic"
    return None


def _film(first: bytes) -> tuple[str, str] | None:
    if first[4:8] == b"ftyp":
        if first[8:12] == b"qt  ":
            return VIDEO, "video/quicktime"
        brands = {first[at : at + 4] for at in range(8, min(64, len(first)), 4)}
        return (VIDEO, "video/mp4") if brands & _FILM else None
    # a film of an old camera may begin without saying what it is
    return (VIDEO, "video/quicktime") if first[4:8] in (b"moov", b"wide", b"mdat") else None


def _document(first: bytes) -> tuple[str, str] | None:
    if b"%PDF-" in first[:1024]:
        return PDF, "application/pdf"
    return (OFFICE, "") if first.startswith(b"PK\x03\x04") else None


def office_type(names: set[str], text_of: Callable[[str], bytes]) -> str:
    """Which office document a ZIP is.

    Args:
        names: what stands in it.
        text_of: gives the content of one of them.

    Raises:
        Problem: it is none, or can hold macros or other programs.
    """
    lower = {name.lower() for name in names}
    if "[Content_Types].xml" not in names:
        raise Problem(ARCHIVES, field="file")
    types = text_of("[Content_Types].xml").lower()
    acts = ("vbaproject", "vbadata", "activex", "oleobject", "macrosheets", "/embeddings/")
    if any(word in name for name in lower for word in acts) or any(
        word in types for word in (b"macroenabled", b"vbaproject", b"activex", b"oleobject")
    ):
        raise Problem(
            gettext_noop(
                "This document holds macros or embedded programs. Please save it without, or as"
                " PDF."
            ),
            field="file",
        )
    for folder, (media, _) in _OFFICE.items():
        if any(name.startswith(folder) for name in lower) and media.encode() in types:
            return media
    raise Problem(NOT_TAKEN, field="file")


def ending_of(media: str) -> str:
    """What the name of such a file ends in."""
    known = {one: ending for one, ending in _OFFICE.values()}
    known |= {"application/pdf": "pdf", "image/jpeg": "jpg"}
    known |= {"video/mp4": "mp4", "video/quicktime": "mov"}
    return known.get(media, "bin")
