"""PDFs: pages alone, each only as what is drawn on it."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from renkei.files.workshop.sheets import SCREEN, Outcome, Unfit, packed, sheet

PAGES: Final = 200


def opened(content: bytes, job: dict[str, Any]) -> Outcome:
    """The PDF as it is kept and shown."""
    import pypdfium2 as pdfium

    try:
        source = pdfium.PdfDocument(content)
        count = len(source)
    except pdfium.PdfiumError as error:
        locked = "password" in str(error).lower() or "security" in str(error).lower()
        raise Unfit("locked" if locked else "broken") from error
    chosen = job.get("pages") or list(range(count))
    if not count or any(not 0 <= one < count for one in chosen):
        raise Unfit("broken")
    if len(chosen) > PAGES:
        raise Unfit("long")
    try:
        kept = _pages_alone(source, chosen)
        views, screens, thumbs = packed([sheet(page) for page in _drawn(kept)])
    except (pdfium.PdfiumError, ValueError, OSError) as error:
        raise Unfit("broken") from error
    return {"views": views}, [kept, screens, thumbs]


def _pages_alone(source: Any, chosen: list[int]) -> bytes:
    """A new document of these pages, of each only what is drawn on it.

    What is filled in or noted on a page is drawn too; links, scripts and whatever else hangs at a
    page or at the document stay behind.
    """
    import pypdfium2 as pdfium
    from pypdfium2 import raw

    made = pdfium.PdfDocument.new()
    for number in chosen:
        page = source[number]
        raw.FPDFPage_Flatten(page.raw, raw.FLAT_NORMALDISPLAY)
        new = made.new_page(*page.get_size())
        page.close()
        new.insert_obj(source.page_as_xobject(number, made).as_pageobject())
        new.gen_content()
        new.close()
    written = BytesIO()
    made.save(written)
    made.close()
    return written.getvalue()


def _drawn(content: bytes) -> Iterator[Any]:
    """The pages as pictures."""
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument(content)
    for page in document:
        width, height = page.get_size()
        longer = max(width, height)
        if not 1 <= longer <= 20_000 or min(width, height) < 1:
            raise ValueError("a page of no size")
        bitmap = page.render(scale=SCREEN / longer, may_draw_forms=False)
        yield bitmap.to_pil().convert("RGB")
        bitmap.close()
        page.close()
