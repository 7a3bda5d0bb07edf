"""What may be filed: a scan is told by its content, and nothing travels along with it."""

from io import BytesIO

import pytest
from PIL import Image

from renkei.enrollment import scans
from renkei.kernel.errors import Problem

PDF = b"%PDF-1.7\n1 0 obj <</Type/Catalog>> endobj\nstartxref\n9\n%%EOF\n"


def picture(kind: str = "JPEG", size: tuple[int, int] = (1200, 1700), **options: object) -> bytes:
    written = BytesIO()
    Image.new("RGB", size, "white").save(written, kind, **options)
    return written.getvalue()


def test_a_pdf_is_kept_as_it_came() -> None:
    assert scans.kept(PDF) == PDF
    assert scans.type_of(PDF) == "application/pdf"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_photo_is_written_anew_without_place_and_camera(kind: str) -> None:
    about = Image.Exif()
    about[0x010F] = "Camera of Hanako"
    hidden = b"<script>alert(1)</script>"
    kept = scans.kept(picture(kind, exif=about) + hidden)
    assert scans.type_of(kept) == "image/jpeg"
    assert b"Hanako" not in kept and hidden not in kept
    assert Image.open(BytesIO(kept)).size == (1200, 1700)


def test_a_large_photo_is_made_smaller_and_stays_readable() -> None:
    kept = Image.open(BytesIO(scans.kept(picture(size=(4000, 6000)))))
    assert max(kept.size) == scans.SIDE


def test_ink_on_a_transparent_page_is_ink_on_paper() -> None:
    written = BytesIO()
    Image.new("RGBA", (100, 100), (0, 0, 0, 0)).save(written, "PNG")
    kept = Image.open(BytesIO(scans.kept(written.getvalue())))
    assert kept.getpixel((50, 50)) == (255, 255, 255)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><script>alert(1)</script>",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"../../etc/passwd",
        b"PK\x03\x04" + b"0" * 100,
        b"GIF89a" + b"0" * 100,
        b"\xff\xd8\xff\xe0" + b"0" * 100,
        b"\x00\x00\x00\x18ftypheic" + b"0" * 100,
        PDF[:40],
        PDF + b"0" * scans.LARGEST,
        PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(x)>>"),
        PDF.replace(b"/Catalog", b"/Catalog/A<</S/J#61vaScript>>"),
        PDF.replace(b"/Catalog", b"/Catalog/Names<</EmbeddedFiles 3 0 R>>"),
        PDF.replace(b"/Catalog", b"/Catalog/A<</S/Launch/F(cmd.exe)>>"),
        PDF.replace(b"startxref", b"trailer<</Encrypt 3 0 R>>startxref"),
        picture(size=(9000, 9000)),
    ],
    ids=[
        "empty", "html", "svg", "path", "zip", "gif", "torn jpeg", "heic", "torn pdf", "giant",
        "script", "hidden script", "attachment", "launch", "locked", "bomb",
    ],
)  # fmt: skip
def test_what_is_no_scan_is_refused(content: bytes) -> None:
    with pytest.raises(Problem) as found:
        scans.kept(content)
    assert found.value.field == "scan"
