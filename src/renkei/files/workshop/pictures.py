"""Pictures: upright, of a size people look at, and nothing but a picture."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, Final

from renkei.files.workshop.sheets import KEPT, SCREEN, Outcome, Unfit, jpeg, packed, sheet

PIXELS: Final = 64_000_000  # of a picture that has to be opened in full
FRAME: Final = 720  # pixels of the longer side of one picture of a clip
LEAST_FRAME: Final = 16
FRAME_PIXELS: Final = 2_100_000  # of one as it comes: a browser sends it no larger than it is kept
JPEG_PIXELS: Final = 250_000_000  # a JPEG is opened at a fraction of its size


def opened(content: bytes, job: dict[str, Any]) -> Outcome:
    """The picture as it is kept and shown."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # the limits are ours, below
    formats = ["JPEG", "PNG", "WEBP"]
    if job["media"] == "image/heic":
        import pi_heif

        pi_heif.register_heif_opener(thumbnails=False)
        formats = ["HEIF"]
    try:
        with Image.open(BytesIO(content), formats=formats) as image:
            most = JPEG_PIXELS if image.format == "JPEG" else PIXELS
            if image.width * image.height > most:
                raise Unfit("large")
            image.draft("RGB", (KEPT, KEPT))  # does something for JPEG alone
            if image.width * image.height > PIXELS:
                raise Unfit("large")
            upright = ImageOps.exif_transpose(image)
            if upright.mode in ("RGBA", "LA", "P", "PA"):  # on nothing is on white paper
                white = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(white, upright.convert("RGBA"))
            picture = upright.convert("RGB")
            picture.thumbnail((KEPT, KEPT))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Unfit("broken") from error
    picture.info.clear()
    kept, (width, height) = jpeg(picture, KEPT, 86)
    views, screens, thumbs = packed([sheet(picture)])
    facts = {"views": views, "width": width, "height": height}
    return facts, [kept, screens, thumbs]


def _each(content: bytes, lengths: list[int], *, taken: bool = False) -> Iterator[Any]:
    """The JPEG pictures that lie one after the other in these bytes.

    Args:
        taken: a browser took them just now: small, and never in scan after scan, of which each
            costs as much as the whole and next to no bytes.
    """
    from PIL import Image, UnidentifiedImageError

    at = 0
    for length in lengths:
        try:
            with Image.open(BytesIO(content[at : at + length]), formats=["JPEG"]) as image:
                if image.width * image.height > (FRAME_PIXELS if taken else PIXELS):
                    raise Unfit("large")
                if taken and "progressive" in image.info:
                    raise Unfit("broken")
                picture = image.convert("RGB")
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
            raise Unfit("broken") from error
        picture.info.clear()
        yield picture
        at += length


def _row(pictures: Iterable[Any], side: int) -> Outcome:
    """Pictures written anew, one after the other, and of each: width, height, place and length."""
    views, written = [], bytearray()
    for picture in pictures:
        made, (width, height) = jpeg(picture, side, 86)
        views.append([width, height, len(written), len(made)])
        written += made
    return {"views": views}, [b"", bytes(written), b""]


def covered(content: bytes, job: dict[str, Any]) -> Outcome:
    """Pictures anew, black where boxes lie; what was below them is nowhere in them."""
    from PIL import ImageDraw

    def drawn() -> Iterator[Any]:
        for picture, places in zip(_each(content, job["lengths"]), job["places"], strict=True):
            draw = ImageDraw.Draw(picture)
            for left, top, wide, high in places:
                corners = (
                    left * picture.width // 1000,
                    top * picture.height // 1000,
                    -(-(left + wide) * picture.width // 1000),  # rounded up: rather more than less
                    -(-(top + high) * picture.height // 1000),
                )
                draw.rectangle(corners, fill="black")
            yield picture

    return _row(drawn(), SCREEN)


# ── Some seconds of a film: a clip, and its frames ───────────────────────────────────────────────


def frames(content: bytes, job: dict[str, Any]) -> Outcome:
    """The frames of a clip, made anew, all of one size."""

    def alike() -> Iterator[Any]:
        size = None
        for picture in _each(content, job["lengths"], taken=True):
            picture.thumbnail((FRAME, FRAME))
            size = size or picture.size
            if picture.size != size or min(size) < LEAST_FRAME:
                raise Unfit("broken")
            yield picture

    return _row(alike(), FRAME)


def clip(content: bytes, job: dict[str, Any]) -> Outcome:
    """Frames that follow one another, as GIF: it moves in slides and browsers, without sound."""
    from PIL import Image

    none = Image.Dither.NONE
    first, *others = (one.quantize(256, dither=none) for one in _each(content, job["lengths"]))
    written = BytesIO()
    each = 1000 // job["pace"]
    first.save(
        written, "GIF", save_all=True, append_images=others, duration=each, loop=0, disposal=1
    )
    return {"views": []}, [written.getvalue(), b"", b""]


def side_by_side(content: bytes, job: dict[str, Any]) -> Outcome:
    """Frames beside and below one another on one sheet, each with its number."""
    from PIL import Image, ImageDraw, ImageFont

    pictures = list(_each(content, job["lengths"]))
    columns = min(job["columns"], len(pictures))
    for one in pictures:
        one.thumbnail((SCREEN // columns - 4, SCREEN))
    wide, high = pictures[0].width + 4, max(one.height for one in pictures) + 4
    rows = -(-len(pictures) // columns)
    sheet_of_all = Image.new("RGB", (columns * wide, rows * high), "white")
    draw, font = ImageDraw.Draw(sheet_of_all), ImageFont.load_default(18)
    for at, (picture, number) in enumerate(zip(pictures, job["numbers"], strict=True)):
        left, top = at % columns * wide + 2, at // columns * high + 2
        sheet_of_all.paste(picture, (left, top))
        draw.rectangle((left, top, left + 14 + 11 * len(str(number)), top + 26), fill="black")
        draw.text((left + 7, top + 3), str(number), font=font, fill="white")
    return _row([sheet_of_all], 2 * SCREEN)
