"""A signature drawn by finger: strokes of points, never a picture that somebody else made (P4).

The browser sends whole numbers on a field three times as wide as high; whatever else comes is
refused before it is stored, and only numbers ever go into what is drawn of it again.
"""

from typing import Final

import orjson
from django.utils.translation import gettext_noop

from renkei.kernel.errors import Problem
from renkei.paperwork.form import POINTS_MOST, SIDE, STROKE_MOST

LARGEST: Final = 100_000  # bytes of what is sent
_LEAST: Final = 60  # of the field's height: what is smaller is a slip of the finger

Drawing = list[list[list[int]]]


def read(sent: str) -> Drawing:
    """The strokes that were sent; empty if nothing was drawn.

    Raises:
        Problem: it is no signature: too large, or not made of points within the field.
    """
    if not sent.strip():
        return []
    not_one = Problem(gettext_noop("Please draw the signature once more."), field="drawing")
    if len(sent) > LARGEST:
        raise not_one
    try:
        strokes = orjson.loads(sent)
    except orjson.JSONDecodeError as error:
        raise not_one from error
    if not _is_drawing(strokes):
        raise not_one
    if strokes and _extent(strokes) < _LEAST:
        raise not_one
    return [[[x, y] for x, y in stroke] for stroke in strokes]


def _is_drawing(strokes: object) -> bool:
    if not isinstance(strokes, list) or len(strokes) > STROKE_MOST:
        return False
    if not all(isinstance(stroke, list) and stroke for stroke in strokes):
        return False
    if sum(len(stroke) for stroke in strokes) > POINTS_MOST:
        return False
    return all(_is_point(point) for stroke in strokes for point in stroke)


def _is_point(point: object) -> bool:
    if not isinstance(point, list) or len(point) != 2:
        return False
    x, y = point
    whole = type(x) is int and type(y) is int
    return whole and 0 <= x <= 3 * SIDE and 0 <= y <= SIDE


def _extent(strokes: Drawing) -> int:
    points = [point for stroke in strokes for point in stroke]
    wide = max(x for x, _ in points) - min(x for x, _ in points)
    high = max(y for _, y in points) - min(y for _, y in points)
    return max(wide, high)
