"""What people send is told by its content and opened elsewhere; what acts or bursts is not."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pypdfium2
import pytest
from PIL import Image, ImageChops

from renkei.files import films, kinds, office, opening
from renkei.kernel.errors import Problem
from tests.attack.test_uploads import bomb
from tests.communication.attached import box, film, pdf, photo

HEIC = (Path(__file__).parents[1] / "data" / "photo.heic").read_bytes()
pytestmark = pytest.mark.once


class Held:
    """Content in memory, read as what has come is."""

    def __init__(self, content: bytes) -> None:
        self._content, self.size = content, len(content)

    def part(self, start: int, end: int) -> bytes:
        return self._content[start:end]

    def read(self, start: int = 0, end: int | None = None) -> Any:
        yield self._content[start:end]


# ── What it is ───────────────────────────────────────────────────────────────────────────────────


def packed(*names: str, types: str = "", **more: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        if types:
            archive.writestr("[Content_Types].xml", types)
        for name in names:
            archive.writestr(name, more.get(name, b"<x/>"))
    return written.getvalue()


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
REFUSED = {
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "html": b"\xef\xbb\xbf <!doctype html><script>alert(1)</script>",
    "html behind words": b"hello <html><script>alert(1)</script>",
    "script": b"#!/bin/sh\nrm -rf /",
    "windows program": b"MZ" + bytes(100),
    "linux program": b"\x7fELF" + bytes(100),
    "old word": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "rar": b"Rar!\x1a\x07" + bytes(50),
    "gzip": b"\x1f\x8b\x08" + bytes(50),
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(50),
    "gif": b"GIF89a" + bytes(50),
    "text": "山田さんの熱は37度です".encode(),
    "nothing": b"\0" * 64,
    "mp3": b"ID3" + bytes(50),
    "heif of something else": b"\0\0\0\x18ftypavif\0\0\0\0avifmif1",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_on_the_short_list_is_refused_whatever_it_is_called(what: str) -> None:
    with pytest.raises(Problem):
        kinds.type_of(REFUSED[what])


@pytest.mark.parametrize(
    "content",
    [
        packed("a.txt"),
        packed("word/document.xml"),
        packed("word/document.xml", "word/vbaProject.bin", types=WORD),
        packed("word/document.xml", types=WORD + "macroEnabled"),
        packed("word/document.xml", "word/activeX/activeX1.xml", types=WORD),
        packed("word/document.xml", "word/embeddings/oleObject1.bin", types=WORD),
        packed("xl/workbook.xml", "xl/macrosheets/sheet1.xml", types=WORD),
        packed("evil.exe", types=WORD),
        packed("word/document.xml", types=WORD)[:-30],
        b"PK\x03\x04" + bytes(100),
    ],
)
def test_archives_and_documents_that_can_act_are_refused(content: bytes) -> None:
    assert kinds.type_of(content)[0] == kinds.OFFICE
    with pytest.raises(Problem):
        office.look(content)


def test_a_document_that_bursts_is_not_opened() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", WORD)
        archive.writestr("word/document.xml", bytes(60_000_000))
    with pytest.raises(Problem):
        office.look(written.getvalue())


def test_an_ordinary_document_is_taken() -> None:
    assert "wordprocessingml" in office.look(packed("word/document.xml", types=WORD))


PARAGRAPH = "<w:p>{}<w:r><w:t>{}</w:t></w:r></w:p>"
DOCUMENT = (
    '<w:document xmlns:w="w"><w:body>'
    + PARAGRAPH.format('<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>', "訪問報告")
    + PARAGRAPH.format("", "体温36.8度 &amp; 食事八割")
    + "<w:tbl><w:tr><w:tc>" + PARAGRAPH.format("", "朝") + "</w:tc><w:tc>"
    + PARAGRAPH.format("", "一錠") + "</w:tc></w:tr></w:tbl></w:body></w:document>"
)  # fmt: skip


def test_a_document_is_read_as_words() -> None:
    content = packed("word/document.xml", types=WORD, **{"word/document.xml": DOCUMENT.encode()})
    found = orjson.loads(opening.office(content, "docx").screens)
    assert found == {
        "blocks": [
            {"heading": "訪問報告"}, {"text": "体温36.8度 & 食事八割"}, {"rows": [["朝", "一錠"]]},
        ],
        "more": False,
    }  # fmt: skip


def test_a_table_is_read_as_rows() -> None:
    parts = {
        "xl/workbook.xml": '<w xmlns:r="r"><sheet name="薬" r:id="a"/></w>'.encode(),
        "xl/_rels/workbook.xml.rels": b'<r><x Id="a" Target="worksheets/sheet1.xml"/></r>',
        "xl/sharedStrings.xml": "<s><si><t>朝</t></si></s>".encode(),
        "xl/worksheets/sheet1.xml": b'<w><row><c r="A1" t="s"><v>0</v></c><c r="C1"><v>2</v></c>'
        b'<c r="ZZZ1"><v>9</v></c></row></w>',
    }
    found = orjson.loads(opening.office(packed(*parts, types=WORD, **parts), "xlsx").screens)
    assert found["blocks"] == [{"heading": "薬"}, {"rows": [["朝", "", "2"]]}]


DECLARED = '<!DOCTYPE a [<!ENTITY b "c">]><w:document xmlns:w="w"><w:body/></w:document>'


@pytest.mark.parametrize(
    "words",
    [
        DECLARED.encode(),
        DECLARED.encode("utf-16"),
        DECLARED.encode("utf-16-le"),  # unmarked
        DECLARED.encode("utf-16-be"),
        b"<!--" + b"x" * 5000 + b"-->" + DECLARED.encode(),
        b"<w:document",
        b"<x/>",
        b"<a>" * 5000,
    ],
)
def test_words_that_are_none_are_a_problem_and_no_fault(words: bytes) -> None:
    with pytest.raises(Problem):
        opening.office(packed("word/document.xml", **{"word/document.xml": words}), "docx")


def test_words_in_two_bytes_a_letter_are_read() -> None:
    words = '<d xmlns:w="w"><w:body><w:p><w:t>体温</w:t></w:p></w:body></d>'.encode("utf-16")
    found = opening.office(packed("word/document.xml", **{"word/document.xml": words}), "docx")
    assert orjson.loads(found.screens)["blocks"] == [{"text": "体温"}]


# ── Pictures ─────────────────────────────────────────────────────────────────────────────────────


def test_a_picture_of_a_phone_is_taken_as_it_comes() -> None:
    kind, media = kinds.type_of(HEIC)
    assert (kind, media) == ("picture", "image/heic")
    made = opening.picture(HEIC, media)
    with Image.open(io.BytesIO(made.kept)) as image:
        assert image.format == "JPEG" and image.size == (96, 64)
        assert image.getpixel((5, 5))[0] > 180  # type: ignore[index]
    assert b"SECRETCAMERA" not in made.kept


def test_a_hundred_megapixels_are_opened_small_or_not_at_all() -> None:
    written = io.BytesIO()
    Image.new("RGB", (10_000, 10_000), "teal").save(written, "JPEG", quality=30)
    made = opening.picture(written.getvalue(), "image/jpeg")
    assert max(made.views[0][:2]) == 1600
    with pytest.raises(Problem):
        opening.picture(bomb(10_000, 10_000), "image/png")


@pytest.mark.parametrize(
    "content",
    [b"\xff\xd8\xff" + bytes(200), photo()[:300], b"\x89PNG\r\n\x1a\n" + bytes(40), HEIC[:300]],
)
def test_a_broken_picture_is_a_problem_and_no_fault(content: bytes) -> None:
    with pytest.raises(Problem):
        opening.picture(content, kinds.type_of(content)[1])


# ── PDFs ─────────────────────────────────────────────────────────────────────────────────────────


def acting() -> bytes:
    """A PDF that would run a script on opening, and holds a file and a link."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"
        b" /Names << /EmbeddedFiles << /Names [(x) << /Type /Filespec /F (evil.exe) >>] >> >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /AA << /O << /S /JavaScript"
        b" /JS (app.alert\\(2\\)) >> >> /Annots [<< /Type /Annot /Subtype /Link"
        b" /Rect [0 0 50 50] /A << /S /URI /URI (http://elsewhere.example) >> >>] >>",
    ]
    body, places = b"%PDF-1.7\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + (
        b"xref\n0 4\n0000000000 65535 f \n" + table
        + b"trailer << /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    )  # fmt: skip


def test_of_a_pdf_only_its_pages_are_kept() -> None:
    made = opening.pdf(acting())
    assert len(made.views) == 1
    for word in (b"JavaScript", b"app.alert", b"EmbeddedFiles", b"evil.exe", b"elsewhere"):
        assert word in acting() and word not in made.kept


def drawn(content: bytes) -> Image.Image:
    with pypdfium2.PdfDocument(content) as document:
        return document[0].render(scale=1).to_pil().convert("L")  # type: ignore[no-any-return]


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize("cut", [False, True])
def test_a_page_looks_afterwards_as_it_did_before(turned: int, cut: bool) -> None:
    made = pypdfium2.PdfDocument.new()
    page = made.new_page(300, 400)
    shown = pypdfium2.PdfImage.new(made)
    source = Image.linear_gradient("L").convert("RGB")
    source.paste("red", (0, 0, 90, 40))
    written = io.BytesIO()
    source.save(written, "JPEG")
    written.seek(0)
    shown.load_jpeg(written)
    shown.set_matrix(pypdfium2.PdfMatrix().scale(250, 300).translate(20, 70))
    page.insert_obj(shown)
    page.set_rotation(turned)
    if cut:
        page.set_cropbox(40, 50, 260, 390)
    page.gen_content()
    before = io.BytesIO()
    made.save(before)
    after = opening.pdf(before.getvalue()).kept
    one, other = drawn(before.getvalue()), drawn(after)
    assert one.size == other.size
    assert ImageChops.difference(one, other).getextrema()[1] < 60  # type: ignore[operator]


@pytest.mark.parametrize("content", [b"%PDF-1.7\n%%EOF", pdf()[:200], b"%PDF-1.4" + bytes(5000)])
def test_a_broken_pdf_is_a_problem_and_no_fault(content: bytes) -> None:
    with pytest.raises(Problem):
        opening.pdf(content)


def test_a_pdf_of_far_too_many_pages_is_not_drawn() -> None:
    made = pypdfium2.PdfDocument.new()
    for _ in range(201):
        made.new_page(10, 10)
    written = io.BytesIO()
    made.save(written)
    with pytest.raises(Problem, match="200"):
        opening.pdf(written.getvalue())


def test_pages_of_no_size_or_of_a_kilometre_are_not_drawn() -> None:
    for size in ((100_000, 100_000), (10, 90_000)):
        made = pypdfium2.PdfDocument.new()
        made.new_page(*size)
        written = io.BytesIO()
        made.save(written)
        with pytest.raises(Problem):
            opening.pdf(written.getvalue())


# ── Films ────────────────────────────────────────────────────────────────────────────────────────


def test_a_film_says_what_it_is_coded_with() -> None:
    assert films.look(Held(film(b"hvc1"))).codec == "hevc"
    assert films.look(Held(film(b"avc1"))).codec == "avc"
    assert kinds.type_of(film()) == ("video", "video/mp4")


@pytest.mark.parametrize(
    "content",
    [
        film()[:60],
        box(b"ftyp", b"isom") + box(b"mdat", bytes(100)),
        box(b"ftyp", b"isom") + b"\xff\xff\xff\xffmoov",
        box(b"ftyp", b"isom") + b"\0\0\0\4moov",
        box(b"ftyp", b"isom") + b"\0\0\0\1moov" + b"\xff" * 8,
        box(b"ftyp", b"isom") + box(b"moov", box(b"trak", b"") * 25_000),
        box(b"ftyp", b"isom") + box(b"free", b"") * 25_000,
        box(b"ftyp", b"isom") + b"".join([b"\0\0\2\0moov", *[b"\0\0\1\0trak"] * 40]),
    ],
)
def test_a_broken_film_is_a_problem_and_no_fault(content: bytes) -> None:
    with pytest.raises(Problem):
        films.look(Held(content))


# ── The workshop ─────────────────────────────────────────────────────────────────────────────────


def test_the_workshop_writes_no_file_and_dies_of_too_much(tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(opening.WORKSHOP.parents[2])!r})\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from renkei.files.workshop import job\n"
        "def act(content, asked):\n"
        "    try:\n"
        f"        open({str(tmp_path / 'left')!r}, 'wb').write(b'x' * 5000)\n"
        "    except OSError: pass\n"
        "    bytearray(4_000_000_000)\n"
        "job.JOBS['picture'] = act\n"
        "job.main()"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], input=b'{"do": "picture", "media": ""}\n',
        capture_output=True, timeout=60,
    )  # fmt: skip
    assert b'"unfit": "large"' in run.stdout, run.stderr
    left = tmp_path / "left"
    assert not left.exists() or left.stat().st_size == 0


def test_only_a_few_are_opened_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.01)
    with opening.turn(), opening.turn(), pytest.raises(Problem) as told, opening.turn():
        pass
    assert told.value.field == "busy"
