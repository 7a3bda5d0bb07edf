"""Opening what people send, in the workshop: few at a time, each with its own limits.

Nothing here is done within a transaction, and nothing lies in clear on the disk: the content goes
to the other process through a pipe, and what became of it comes back through one.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from django.utils.translation import gettext_noop

from renkei.kernel.errors import Problem

WORKSHOP: Final = Path(__file__).with_name("workshop")
AT_ONCE: Final = 2
PATIENCE: Final = 20.0  # seconds until one's turn
SECONDS: Final = 90.0  # that a job may take by the clock
_WHY: Final = {
    "large": gettext_noop("This picture has too many pixels. Please send it smaller."),
    "locked": gettext_noop("This PDF is locked with a password. Please send it unlocked."),
    "long": gettext_noop("A PDF may have up to 200 pages here. Please send only those needed."),
    "broken": gettext_noop("This file is damaged and cannot be opened."),
}
_turns = threading.BoundedSemaphore(AT_ONCE)

Place = tuple[int, int, int, int]  # left, top, width and height, in thousandths of a picture
View = list[int]  # width, height; place and length in the screens and in the thumbs


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a file: what is kept, and how it is shown."""

    kept: bytes
    screens: bytes
    thumbs: bytes
    views: list[View]


@contextmanager
def turn() -> Iterator[None]:
    """One of the few turns; large files take memory.

    Raises:
        Problem: others are at it for too long.
    """
    if not _turns.acquire(timeout=PATIENCE):
        raise Problem(gettext_noop("Please wait a moment."), field="busy")
    try:
        yield
    finally:
        _turns.release()


def picture(content: bytes, media: str) -> Made:
    """A picture upright, of no more than 3000 pixels, and nothing but a picture.

    Raises:
        Problem: it cannot be opened.
    """
    return _done({"do": "picture", "media": media}, content)


def pdf(content: bytes, pages: list[int] | None = None) -> Made:
    """A PDF of these pages, counted from 0, or of all, and nothing but pages.

    Raises:
        Problem: it cannot be opened.
    """
    return _done({"do": "pdf", "pages": pages}, content)


def covered(contents: Sequence[bytes], places: Sequence[Sequence[Place]]) -> list[bytes]:
    """Pictures made anew with black boxes in the places of each.

    Raises:
        Problem: one cannot be opened.
    """
    made = _done(_row("cover", contents) | {"places": places}, b"".join(contents))
    return [made.screens[at : at + long] for _, _, at, long in made.views]


def frames(contents: Sequence[bytes]) -> Made:
    """The frames of a clip, made anew: ``screens`` one after the other, and ``views``.

    Raises:
        Problem: one cannot be opened, or they differ in size.
    """
    return _done(_row("frames", contents), b"".join(contents))


def clip(contents: Sequence[bytes], pace: int) -> bytes:
    """Frames of ours that follow one another, so many a second, as GIF.

    Raises:
        Problem: one cannot be opened.
    """
    return _done(_row("clip", contents) | {"pace": pace}, b"".join(contents)).kept


def side_by_side(contents: Sequence[bytes], numbers: Sequence[int], columns: int) -> bytes:
    """Frames of ours on one sheet, each with its number.

    Raises:
        Problem: one cannot be opened.
    """
    job = _row("side_by_side", contents) | {"numbers": list(numbers), "columns": columns}
    return _done(job, b"".join(contents)).screens


def _row(do: str, contents: Sequence[bytes]) -> dict[str, Any]:
    return {"do": do, "lengths": [len(one) for one in contents]}


def office(content: bytes, ending: str) -> Made:
    """An office document as words: ``screens`` is JSON of paragraphs and tables.

    Raises:
        Problem: it cannot be opened.
    """
    return _done({"do": "office", "ending": ending}, content)


def _done(job: dict[str, Any], content: bytes) -> Made:
    try:
        run = subprocess.run(
            [sys.executable, "-I", str(WORKSHOP)],
            input=orjson.dumps(job, option=orjson.OPT_APPEND_NEWLINE) + content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            env={"LC_ALL": "C.UTF-8"},
            close_fds=True,
        )
    except subprocess.TimeoutExpired as error:
        raise Problem(_WHY["broken"], field="file") from error
    head, _, body = run.stdout.partition(b"\n")
    try:
        facts = orjson.loads(head)
    except orjson.JSONDecodeError as error:  # it did not live to say anything
        raise Problem(_WHY["broken"], field="file") from error
    if "unfit" in facts:
        raise Problem(_WHY[facts["unfit"]], field="file")
    kept, screens, thumbs = facts["parts"]
    if kept + screens + thumbs != len(body):
        raise Problem(_WHY["broken"], field="file")
    shown = kept + screens
    return Made(body[:kept], body[kept:shown], body[shown:], facts["views"])
