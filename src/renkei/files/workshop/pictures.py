"""Pictures: upright, of a size people look at, and nothing but a picture."""

from io import BytesIO
from typing import Any, Final

from renkei.files.workshop.sheets import KEPT, SCREEN, Outcome, Unfit, jpeg, packed, sheet

PIXELS: Final = 64_000_000  # of a picture that has to be opened in full
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


def covered(content: bytes, job: dict[str, Any]) -> Outcome:
    """The picture anew, black where boxes lie; what was below them is nowhere in it."""
    from PIL import Image, ImageDraw, UnidentifiedImageError

    try:
        with Image.open(BytesIO(content), formats=["JPEG"]) as image:
            picture = image.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Unfit("broken") from error
    picture.info.clear()
    draw = ImageDraw.Draw(picture)
    for left, top, wide, high in job["boxes"]:
        corners = (
            left * picture.width // 1000,
            top * picture.height // 1000,
            -(-(left + wide) * picture.width // 1000),  # rounded up: rather more than less
            -(-(top + high) * picture.height // 1000),
        )
        draw.rectangle(corners, fill="black")
    made, _ = jpeg(picture, SCREEN, 86)
    return {"views": []}, [made, b"", b""]
