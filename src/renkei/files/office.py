"""Office documents: looked at without trust, and read as words where no program opens them.

A document of today (.docx, .xlsx, .pptx) is a ZIP of XML. What can hold macros or other programs is
not taken, nor what would be huge once opened.
"""

import zipfile
from io import BytesIO
from typing import Final

from django.utils.translation import gettext_noop

from renkei.files import kinds
from renkei.kernel.errors import Problem

UNPACKED: Final = 200_000_000  # bytes of all that is in it
PARTS: Final = 3000
ONE: Final = 40_000_000  # bytes of one part that is opened
_RATIO: Final = 120  # times what it takes packed
_PLAIN: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def _broken() -> Problem:
    return Problem(gettext_noop("This file is damaged and cannot be opened."), field="file")


def look(content: bytes) -> str:
    """Which office document it is.

    Raises:
        Problem: it is none, is broken, locked or huge, or can hold macros.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
            _check_size(parts)
            return kinds.office_type(
                {one.filename for one in parts}, lambda name: part(archive, name)
            )
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, NotImplementedError) as error:
        raise _broken() from error


def _check_size(parts: list[zipfile.ZipInfo]) -> None:
    total, packed = sum(one.file_size for one in parts), sum(one.compress_size for one in parts)
    if len(parts) > PARTS or total > UNPACKED or total > _RATIO * max(packed, 10_000):
        raise Problem(gettext_noop("This document is far too large once opened."), field="file")
    for one in parts:
        if one.flag_bits & 0x1 or one.compress_type not in _PLAIN:
            raise Problem(
                gettext_noop("This document is locked with a password. Please send it unlocked."),
                field="file",
            )


def part(archive: zipfile.ZipFile, name: str) -> bytes:
    """One part, whatever its own size says of it.

    Raises:
        ValueError: it is longer than it may be.
    """
    with archive.open(name) as source:
        found = source.read(ONE + 1)
    if len(found) > ONE:
        raise ValueError(name)
    return found
