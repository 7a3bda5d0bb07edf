"""Every form as A4: nothing clips, nothing is taken for markup, and what is known stands in it."""

import re
import shutil
import subprocess

import pytest

from renkei.enrollment.printing import COPIES, PUBLIC
from renkei.paperwork.form import Filled, Sheet, data, drawing, form_pdf
from renkei.paperwork.parse import places
from renkei.paperwork.pdf import family
from renkei.region.form_texts import forms

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler's pdftotext is not here"),
    pytest.mark.skipif(not family(), reason="no Japanese font is here"),
]
NAMES = {
    "rare": "髙﨑 𠮷之助 渡邉邊",
    "variants": "葛󠄀城 辻󠄀子 礼󠄁",
    "fish": "𩸽 𣘺本 塚󠄁",
    "long": "医療法人社団みどり野会附属在宅療養支援診療所ひだまり" * 4,
    "latin": "a.very.long.address.with.many.dots@a-domain-that-does-not-end.example.org",
    "markup": "*太字* #見出し $x$ [x] \\ // <b> #set page(width: 1cm) {{ operator.name }}",
}
CELLS = ("no", "profession", "name", "kana", "sex", "email")


def text_of(pdf: bytes, option: str = "-raw") -> str:
    done = subprocess.run(
        ["pdftotext", option, "-", "-"], input=pdf, capture_output=True, check=True
    )
    return done.stdout.decode().replace("\u200b", "")


def body_of(pdf: bytes) -> str:
    """The text without head and foot of each page, so that what goes on over pages is whole."""
    found = []
    for page in text_of(pdf).split("\f"):
        lines = page.strip("\n").split("\n")
        found += [one for one in lines[1:] if not re.fullmatch(r"[\d /]+", one.strip())]
    return squeezed("".join(found))


def squeezed(text: str) -> str:
    return "".join(text.split())


def pages(pdf: bytes) -> int:
    return text_of(pdf).count("\f")


def sheet(name: str, filled: Filled, **facts: object) -> Sheet:
    form = forms()[name]
    return Sheet(
        **{
            "title": form.title,
            "fields": form.facts["field"],
            "text": form.text,
            "filled": filled,
            "copies": COPIES.get(name, ("",)),
            **facts,
        }  # type: ignore[arg-type]
    )


@pytest.mark.clause("P1", "P2", "P3", "P4")
@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("name", forms())
def test_no_form_clips_or_changes_what_stands_in_it(name: str, kind: str) -> None:
    written = NAMES[kind]
    text = forms()[name].text
    filled = Filled(
        values=dict.fromkeys(places(text), written), rows=[dict.fromkeys(CELLS, written)] * 30
    )
    found = body_of(form_pdf(sheet(name, filled)))
    asked = [place for place in places(text) if not is_chosen(name, place)]
    assert found.count(squeezed(written)) >= len(set(asked))
    bounds = text_of(form_pdf(sheet(name, filled)), "-bbox")
    edges = [float(one) for one in re.findall(r'xMax="([\d.]+)"', bounds)]
    assert max(edges) <= 595.28 - 20  # A4 is 595 points wide


def is_chosen(name: str, place: str) -> bool:
    fields = {one["name"]: one["type"] for one in forms()[name].facts["field"]}
    return fields.get(place) == "signature"


@pytest.mark.parametrize("name", PUBLIC)
def test_an_empty_form_says_all_its_words_and_counts_its_pages(name: str) -> None:
    form = forms()[name]
    pdf = form_pdf(sheet(name, Filled()))
    found = squeezed(text_of(pdf))
    for line in form.text.splitlines():
        plain = re.sub(r"\{\{.*?\}\}|[#|*>□]|-{3,}|印・署名|^- ", "\n", line)
        for part in plain.split("\n"):
            if "operator" not in line and len(squeezed(part)) > 3:
                assert squeezed(part) in found, part
    copies = len(COPIES.get(name, ("",)))
    each = pages(pdf) // copies
    assert pages(pdf) == each * copies
    for page in range(1, each + 1):
        assert found.count(f"{page}/{each}") >= copies


@pytest.mark.clause("P4")
def test_form_4_is_two_pages_twice_and_each_copy_says_whose_it_is() -> None:
    pdf = form_pdf(sheet("form-4-patient-consent", Filled()))
    assert pages(pdf) == 4
    heads = [page.split("\n")[0] for page in text_of(pdf).split("\f")[:4]]
    marks = ["医療機関控え", "医療機関控え", "患者控え", "患者控え"]
    assert [head.split()[-1] for head in heads] == marks
    assert "3/4" not in squeezed(text_of(pdf))


@pytest.mark.clause("P4")
def test_signed_on_the_screen_it_is_two_pages_as_well() -> None:
    known = dict.fromkeys(places(forms()["form-4-patient-consent"].text), "みどり野在宅診療所")
    strokes = [[[100, 100], [900, 600], [1500, 300]]]
    filled = Filled(values=known, strokes=strokes, signed="（画面で署名）")
    pdf = form_pdf(sheet("form-4-patient-consent", filled))
    assert pages(pdf) == 4
    assert text_of(pdf).count("（画面で署名）") == 2


@pytest.mark.clause("P1")
def test_a_roster_goes_on_over_pages_under_the_same_head() -> None:
    rows = [{"no": str(at), "name": f"氏名{at:03}"} for at in range(1, 121)]
    pdf = form_pdf(sheet("form-1-application", Filled(rows=rows)))
    text = [squeezed(page) for page in text_of(pdf).split("\f")]
    assert all(f"氏名{at:03}" in "".join(text) for at in range(1, 121))
    listing = [page for page in text if re.search(r"氏名\d{3}", page)]
    assert len(listing) > 2
    assert all("メールアドレス（本人専用）" in page for page in listing)


def test_answers_are_ticked_and_the_others_stand_beside_them() -> None:
    found = data(sheet("form-1-application", Filled(values={"document_posting": "そのつど相談"})))
    options = {
        part["s"]: part["on"]
        for block in found["blocks"]
        for row in block.get("rows", [])
        for cell in row
        for part in cell
        if part["t"] == "option"
    }
    assert options["そのつど相談"]
    assert not options["認める"] and not options["認めない"]


@pytest.mark.clause("P4")
def test_each_purpose_of_form_4_is_ticked_as_it_was_answered() -> None:
    answers = {1: "同意する", 2: "同意する", 3: "同意しない", 6: "説明を受けた"}
    found = data(sheet("form-4-patient-consent", Filled(purposes=answers)))
    purpose, ticked = 0, {}
    for block in found["blocks"]:
        if block["kind"] == "heading":
            said = "".join(part.get("s", "") for part in block["lines"][0])
            number = re.match(r"目的(\d)", said)
            purpose = int(number[1]) if number else 0
        for line in block.get("lines", []):
            for at, part in enumerate(line):
                if part["t"] == "box" and part["on"]:
                    ticked[purpose] = line[at + 1]["s"].strip("　 ")
    assert ticked == answers


def test_a_drawn_signature_holds_nothing_but_numbers() -> None:
    picture = drawing([[[0, 0], [300, 500]], [[10, 10]]])
    assert 'd="M0 0 L300 500 M10 10 L10 10"' in picture
    with pytest.raises((TypeError, ValueError)):
        drawing([[["0'/><script>", 1]]])  # type: ignore[list-item]
    assert drawing([]) == ""


def test_the_font_goes_along_and_only_what_is_needed_of_it() -> None:
    pdf = form_pdf(sheet("form-3-staff-pledge", Filled()))
    assert len(pdf) < 300_000
    assert re.search(rb"/BaseFont\s*/[A-Z]{6}\+", pdf) or b"/ObjStm" in pdf
