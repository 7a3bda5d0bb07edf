"""What all jobs share: why something is not taken, and pages as they are shown."""

from io import BytesIO
from typing import Any, Final

KEPT: Final = 3000  # pixels of the longer side of what is kept
SCREEN: Final = 1600
THUMB: Final = 360

Outcome = tuple[dict[str, Any], list[bytes]]


class Unfit(Exception):
    """It is not taken; a word says why."""


def jpeg(image: Any, side: int, quality: int) -> tuple[bytes, tuple[int, int]]:
    """The picture within a square of that side, written anew."""
    small = image.copy()
    small.thumbnail((side, side))
    written = BytesIO()
    small.save(written, "JPEG", quality=quality, optimize=side < SCREEN)
    return written.getvalue(), small.size


def sheet(image: Any) -> dict[str, Any]:
    """One page as it is shown: for the screen, and small."""
    screen, (width, height) = jpeg(image, SCREEN, 82)
    thumb, _ = jpeg(image, THUMB, 72)
    return {"screen": screen, "thumb": thumb, "width": width, "height": height}


def packed(sheets: list[dict[str, Any]]) -> tuple[list[list[int]], bytes, bytes]:
    """Pages in two rows of bytes, and of each: width, height, place and length in both."""
    views, screens, thumbs = [], bytearray(), bytearray()
    for one in sheets:
        screen, thumb = one["screen"], one["thumb"]
        place = [len(screens), len(screen), len(thumbs), len(thumb)]
        views.append([one["width"], one["height"], *place])
        screens += screen
        thumbs += thumb
    return views, bytes(screens), bytes(thumbs)
