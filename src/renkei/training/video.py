"""What may be uploaded to a course: videos that every phone plays, and captions as WebVTT."""

import re
from typing import Final

from django.utils.translation import gettext_noop

from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text

VIDEO_BYTES: Final = 18_000_000  # of one part: some four minutes; a longer film has several parts
CAPTION_LENGTH: Final = 50_000  # characters

_TIMES: Final = re.compile(
    r"(?:\d{2,}:)?[0-5]\d:[0-5]\d[.,]\d{3}[ \t]+-->[ \t]+(?:\d{2,}:)?[0-5]\d:[0-5]\d[.,]\d{3}.*"
)


def type_of(content: bytes) -> str:
    """The kind of video by its first bytes, whatever it is called.

    Raises:
        Problem: neither MP4 nor WebM, or too large.
    """
    if len(content) > VIDEO_BYTES:
        raise Problem(
            gettext_noop("A part may have up to 18 MB. Please cut the video into several parts."),
            field="video",
        )
    if content[4:8] == b"ftyp" and content[8:12] not in (b"heic", b"heix", b"avif", b"mif1"):
        return "video/mp4"
    if content[:4] == b"\x1a\x45\xdf\xa3" and b"webm" in content[:64]:
        return "video/webm"
    raise Problem(gettext_noop("Please choose a video as MP4 or WebM."), field="video")


def captions(written: str) -> str:
    """The captions as WebVTT; SubRip (.srt) is turned into it. Empty stays empty.

    Raises:
        Problem: there is no line with its times.
    """
    lines = [line.rstrip() for line in clean_text(written).lstrip("\ufeff").splitlines()]
    text = "\n".join(lines).strip()
    if not text:
        return ""
    if len(text) > CAPTION_LENGTH or not any(map(_TIMES.fullmatch, lines)):
        raise Problem(
            gettext_noop(
                "Captions are lines with their times, like 00:00:01.000 --> 00:00:04.000."
            ),
            field="captions",
        )
    if not text.startswith("WEBVTT"):
        lines = [re.sub(r"(\d),(\d{3})", r"\1.\2", one) if "-->" in one else one for one in lines]
        text = "WEBVTT\n\n" + "\n".join(lines).strip()
    return text + "\n"
