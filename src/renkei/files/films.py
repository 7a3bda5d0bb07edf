"""Films (MP4, MOV): what they are coded with, and their notes on place and camera blanked.

A film is a row of boxes, each with its length and its name (ISO/IEC 14496-12). Only boxes are read;
nothing is decoded here. Where a film was taken stands in ``udta`` and ``meta`` boxes: these become
``free`` boxes of the same length, filled with zeros, so that nothing else in the film moves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from django.utils.translation import gettext_noop

from renkei.kernel.errors import Problem

LARGEST_INDEX: Final = 16_000_000  # bytes of the box that says what is where
_WITHIN: Final = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf"}
_NOTES: Final = {b"udta", b"meta", b"uuid", b"XMP_"}
_HEVC: Final = {b"hvc1", b"hev1", b"dvh1", b"dvhe"}
_DEEPEST: Final = 8
_MOST: Final = 20_000  # boxes


class Content(Protocol):
    """A file open for reading any part of it."""

    size: int

    def part(self, start: int, end: int) -> bytes:
        """Some bytes of it; fewer at the end."""

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes one after the other."""


@dataclass(slots=True)
class Film:
    """What was found."""

    codec: str = ""  # "hevc" or "avc"
    seconds: int = 0
    width: int = 0
    height: int = 0
    blanked: list[tuple[int, bytes]] = field(default_factory=list)  # what stands there instead
    boxes: int = 0


def _broken() -> Problem:
    return Problem(gettext_noop("This video is damaged and cannot be opened."), field="file")


def look(content: Content) -> Film:
    """What a film is.

    Raises:
        Problem: it is broken, or has no picture.
    """
    film, at, found = Film(), 0, False
    while at < content.size:
        name, start, end = _box(content.part(at, at + 16), at, content.size)
        film.boxes += 1
        if film.boxes > _MOST:
            raise _broken()
        if name == b"moov":
            if end - at > LARGEST_INDEX:
                raise _broken()
            found = True
            _within(film, content.part(start, end), start, 1)
        elif name in _NOTES:
            _blank(film, at, end - at)
        at = end
    if not found or not film.codec:
        raise _broken()
    return film


def _box(head: bytes, at: int, limit: int) -> tuple[bytes, int, int]:
    """Name, beginning of the content and end of the box that begins at ``at``."""
    if len(head) < 8:
        raise _broken()
    size, name, start = int.from_bytes(head[:4], "big"), head[4:8], at + 8
    if size == 1:
        if len(head) < 16:
            raise _broken()
        size, start = int.from_bytes(head[8:16], "big"), at + 16
    elif size == 0:
        size = limit - at
    if size < start - at or at + size > limit:
        raise _broken()
    return name, start, at + size


def _blank(film: Film, at: int, length: int) -> None:
    film.blanked.append((at + 4, b"free"))
    film.blanked.append((at + 8, bytes(length - 8)))


def _within(film: Film, body: bytes, offset: int, depth: int) -> None:
    at = 0
    while at + 8 <= len(body):
        name, start, end = _box(body[at : at + 16], at, len(body))
        film.boxes += 1
        if depth > _DEEPEST or film.boxes > _MOST:
            raise _broken()
        content = body[start:end]
        if name in _NOTES:
            _blank(film, offset + at, end - at)
        elif name in _WITHIN:
            _within(film, content, offset + start, depth + 1)
        elif name == b"mvhd":
            _length(film, content)
        elif name == b"stsd":
            _coded(film, content)
        at = end


def _length(film: Film, body: bytes) -> None:
    long = body[:1] == b"\x01"
    scale, length = (body[20:24], body[24:32]) if long else (body[12:16], body[16:20])
    if int.from_bytes(scale, "big"):
        seconds = int.from_bytes(length, "big") // int.from_bytes(scale, "big")
        film.seconds = min(seconds, 86_400)


def _coded(film: Film, body: bytes) -> None:
    name, entry = body[12:16], body[16:]
    if name in _HEVC or name in (b"avc1", b"avc3", b"mp4v", b"av01", b"vp09", b"ap4h", b"apcn"):
        film.codec = "hevc" if name in _HEVC else "avc" if name.startswith(b"avc") else "other"
        film.width = int.from_bytes(entry[24:26], "big")
        film.height = int.from_bytes(entry[26:28], "big")


def without_notes(content: Content, film: Film) -> Iterator[bytes]:
    """The bytes of the film with its notes blanked."""
    waiting, at = sorted(film.blanked), 0
    for piece in content.read():
        part = bytearray(piece)
        for start, instead in waiting:
            first, last = max(start, at), min(start + len(instead), at + len(part))
            if first < last:
                part[first - at : last - at] = instead[first - start : last - start]
        at += len(piece)
        yield bytes(part)
