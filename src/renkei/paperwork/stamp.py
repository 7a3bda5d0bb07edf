"""The stamp across a picture that somebody looks at: their name, their organization, the time.

It is burnt into the picture before it leaves the server, so that a screenshot or a photo of the
screen says whose it was. Light with a dark rim, it is seen on bright and dark places alike and
hides nothing.
"""

from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import orjson
import typst
from PIL import Image, ImageChops, ImageFilter

from renkei.kernel.clock import JAPAN
from renkei.paperwork.pdf import SHEETS, fonts

TURN: Final = 24  # degrees
STRENGTH: Final = 0.34
_PIXELS: Final = 144.0  # per inch


@lru_cache(maxsize=256)
def _tile(lines: tuple[str, ...]) -> Image.Image:
    """The words as a mask, turned."""
    found, family = fonts()
    data = orjson.dumps({"lines": lines, "font": family or "DejaVu Sans"})
    drawn: Any = typst.compile(
        SHEETS / "stamp.typ",
        root=SHEETS,
        font_paths=found,
        format="png",
        ppi=_PIXELS,
        sys_inputs={"data": data.decode()},
    )
    with Image.open(BytesIO(drawn)) as image:
        mask = image.convert("RGBA").getchannel("A")
    return mask.rotate(TURN, expand=True, resample=Image.Resampling.BILINEAR)


@lru_cache(maxsize=8)
def _sheet(lines: tuple[str, ...], width: int, height: int) -> tuple[Image.Image, Image.Image]:
    """Words and their rim all over a picture of that size, as masks."""
    tile = _tile(lines)
    words = Image.new("L", (width, height))
    for number, top in enumerate(range(-tile.height // 2, height, tile.height)):
        for left in range(
            -(tile.width // 2) * (number % 2 + 1) % tile.width - tile.width, width, tile.width
        ):
            words.paste(tile, (left, top), tile)
    rim = ImageChops.subtract(words.filter(ImageFilter.MaxFilter(5)), words)
    return _weaker(words), _weaker(rim)


def _weaker(mask: Image.Image) -> Image.Image:
    return mask.point([round(value * STRENGTH) for value in range(256)])


def stamped(picture: bytes, name: str, organization: str, at: Any) -> bytes:
    """A JPEG of ours with the stamp across it, as JPEG."""
    lines = tuple(filter(None, (name, organization, f"{at.astimezone(JAPAN):%Y-%m-%d %H:%M}")))
    with Image.open(BytesIO(picture), formats=["JPEG"]) as image:
        shown = image.convert("RGB")
    words, rim = _sheet(lines, *shown.size)
    shown.paste((0, 0, 0), (0, 0), rim)
    shown.paste((255, 255, 255), (0, 0), words)
    written = BytesIO()
    shown.save(written, "JPEG", quality=80)
    return written.getvalue()
