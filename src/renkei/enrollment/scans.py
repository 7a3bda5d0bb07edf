"""What may be filed as a scan: told by its content, never by its name (F1-F3).

A picture is opened and written anew, so that nothing travels along with it: no place, no camera, no
second content. A PDF is kept as it came, if it shows no sign of anything that acts by itself.
"""

import re
import threading
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from django.utils.translation import gettext_noop
from PIL import Image, ImageOps, UnidentifiedImageError

from renkei.kernel.errors import Problem

LARGEST: Final = 10_000_000  # bytes
PIXELS: Final = 60_000_000
SIDE: Final = 3000  # pixels of a kept picture's longer side: A4 at about 250 dpi
PDF, JPEG = "application/pdf", "image/jpeg"
_ACTS: Final = re.compile(
    rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|AA|SubmitForm|ImportData)(?![A-Za-z0-9])"
)
_STREAM: Final = re.compile(rb"(?<!end)stream\r?\n")
_OBJECTS: Final = re.compile(rb"/ObjStm(?![A-Za-z0-9])")
_FACTS: Final = 4000  # bytes before a stream in which what it is stands
UNPACKED: Final = 20_000_000  # bytes of all object streams
_ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_opening = threading.BoundedSemaphore(2)  # large pictures take memory: few at once


def kept(content: bytes) -> bytes:
    """The content as it is kept.

    Raises:
        Problem: it is neither PDF nor picture, too large, locked, or acts by itself.
    """
    if not content:
        raise Problem(gettext_noop("Please choose the scan or photo."), field="scan")
    if len(content) > LARGEST:
        raise Problem(gettext_noop("This file is larger than 10 MB."), field="scan")
    if content.startswith(b"%PDF-"):
        _check_pdf(content)
        return content
    if content[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"):
        raise Problem(
            gettext_noop("This photo is in HEIC format. Please send it as JPEG or PDF."),
            field="scan",
        )
    if not _opening.acquire(timeout=10):
        raise Problem(gettext_noop("Please wait a moment."), field="scan")
    try:
        return _picture(content)
    finally:
        _opening.release()


def type_of(content: bytes) -> str:
    """Of what type the kept content is."""
    return PDF if content.startswith(b"%PDF-") else JPEG


def _check_pdf(content: bytes) -> None:
    if b"%%EOF" not in content[-2048:] or b"startxref" not in content[-4096:]:
        raise Problem(gettext_noop("This PDF is not complete."), field="scan")
    plain = _unescaped(content)
    if re.search(rb"/Encrypt(?![A-Za-z0-9])", plain):
        raise Problem(
            gettext_noop("This PDF is locked with a password. Please send it unlocked."),
            field="scan",
        )
    if _ACTS.search(plain) or any(_ACTS.search(part) for part in _packed(content)):
        raise _more_than_pages()


def _unescaped(content: bytes) -> bytes:
    """The names as they are meant: "/J#53" is "/JS"."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), content)


def _packed(content: bytes) -> Iterator[bytes]:
    """What lies compressed in object streams, where actions can stand unseen.

    Raises:
        Problem: one of them cannot be opened, or holds more than pages need.
    """
    left = UNPACKED
    for found in _STREAM.finditer(content):
        begin = max(0, found.start() - _FACTS)
        begin = max(begin, content.rfind(b"obj", begin, found.start()))
        facts = _unescaped(content[begin : found.start()])
        if not _OBJECTS.search(facts) or b"/Filter" not in facts:
            continue
        try:
            if b"/Predictor" in facts or facts.count(b"Decode") != facts.count(b"/FlateDecode"):
                raise zlib.error
            part = zlib.decompressobj().decompress(content[found.end() :], left + 1)
        except zlib.error as error:
            raise _more_than_pages() from error
        left -= len(part)
        if left < 0:
            raise _more_than_pages()
        yield _unescaped(part)


def _more_than_pages() -> Problem:
    return Problem(
        gettext_noop("This PDF holds more than pages. Please scan the paper again."), field="scan"
    )


def _picture(content: bytes) -> bytes:
    not_one = Problem(gettext_noop("Please choose a PDF, or a photo in JPEG or PNG."), field="scan")
    try:
        with Image.open(BytesIO(content), formats=["JPEG", "PNG"]) as image:
            if image.width * image.height > PIXELS:
                raise not_one
            image.draft("RGB", (SIDE, SIDE))  # does something for JPEG alone
            upright = ImageOps.exif_transpose(image)
            if upright.mode in ("RGBA", "LA", "P"):  # ink on nothing is ink on white paper
                white = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(white, upright.convert("RGBA"))
            page = upright.convert("RGB")
            page.thumbnail((SIDE, SIDE))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise not_one from error
    written = BytesIO()
    page.save(written, "JPEG", quality=82)
    return written.getvalue()
