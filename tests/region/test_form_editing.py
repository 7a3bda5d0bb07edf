"""The words of the forms: editions with a date, checked before anybody signs them."""

from datetime import timedelta

import pytest

from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, SignedOut, Unknown
from renkei.patient.models import Consent
from renkei.patient.purposes import purposes
from renkei.region.difference import difference, folded, words
from renkei.region.form_editing import (
    one_edition,
    preview,
    see_form,
    see_forms,
    set_form_text,
)
from renkei.region.form_texts import forms, in_force
from renkei.region.models import FormText
from tests.cast import NAMES, Cast

PLEDGE = "form-3-staff-pledge"
CONSENT = "form-4-patient-consent"


def words_of(form: str, old: str = "許可なく", new: str = "許可を得ずに") -> str:
    text = forms()[form].text
    assert old in text
    return text.replace(old, new)


def set_words(cast: Cast, name: str = "operator", **facts: object) -> FormText:
    given = {
        "form": PLEDGE,
        "text": words_of(PLEDGE),
        "effective_on": clock.today(),
        "after": 0,
        **facts,
    }
    return set_form_text(cast[name], None, **given)  # type: ignore[arg-type]


@pytest.mark.clause("P3")
def test_an_edition_holds_from_its_day_and_the_former_can_be_read(cast: Cast) -> None:
    later = clock.today() + timedelta(days=10)
    made = set_words(cast, effective_on=later)
    assert made.number == 1
    assert in_force(cast.region, PLEDGE, clock.today()).number == 0
    assert in_force(cast.region, PLEDGE, later).number == 1
    page = see_form(cast["operator"], None, PLEDGE)
    assert [one.number for one in page.editions] == [1, 0]
    assert page.current.number == 0
    line = next(one for one in see_forms(cast["operator"], None) if one.name == PLEDGE)
    assert (line.number, line.coming) == (0, later)
    assert one_edition(cast["operator"], None, PLEDGE, 0).text == forms()[PLEDGE].text


@pytest.mark.clause("P1", "P2", "P3", "P4")
@pytest.mark.parametrize("name", [one for one in NAMES if one != "operator"])
def test_only_the_operator_sets_and_reads_them(cast: Cast, name: str) -> None:
    closed = (Refused, SignedOut)
    for act in (
        lambda: set_words(cast, name),
        lambda: see_form(cast[name], None, PLEDGE),
        lambda: see_forms(cast[name], None),
        lambda: preview(cast[name], None, PLEDGE, words_of(PLEDGE)),
        lambda: one_edition(cast[name], None, PLEDGE, 0),
    ):
        with pytest.raises(closed):
            act()
    assert not FormText.objects.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "title"),
        ("守秘に関する誓約書", "title"),
        (words_of(PLEDGE, "{{ name }}", "{{ nickname }}"), "no such place"),
        (words_of(PLEDGE, "{{ name }}", "{{ patient.insurer }}"), "no such place"),
        (words_of(PLEDGE, "{{ name }}", ""), "missing"),
        (words_of(PLEDGE, "{{ name }}", "{{ name"), "written like"),
        (words_of(PLEDGE, "{{ name }}", "{% include x %}{{ 1+1 }}"), "written like"),
        (words_of(PLEDGE, "印・署名", ""), "signature"),
        ("# 誓約書\n" + "あ" * 40_001, "too long"),
        (forms()[PLEDGE].text, "Nothing is changed"),
    ],
)
def test_what_nobody_could_sign_is_refused(cast: Cast, text: str, says: str) -> None:
    with pytest.raises(Problem, match=says):
        set_words(cast, text=text)
    assert not FormText.objects.exists()


def test_what_is_missing_is_named(cast: Cast) -> None:
    with pytest.raises(Problem) as found:
        set_words(cast, text=words_of(PLEDGE, "{{ profession }}", ""))
    assert found.value.values["names"] == "職種"


def test_a_day_that_has_passed_and_one_before_the_newest_are_refused(cast: Cast) -> None:
    with pytest.raises(Problem, match="passed"):
        set_words(cast, effective_on=clock.today() - timedelta(days=1))
    set_words(cast, effective_on=clock.today() + timedelta(days=9))
    with pytest.raises(Problem, match="before the edition"):
        set_words(cast, text=words_of(PLEDGE, "貴事業所", "当事業所"), after=1)


def test_two_who_write_at_once_do_not_write_over_each_other(cast: Cast) -> None:
    set_words(cast)
    with pytest.raises(Problem, match="meanwhile"):
        set_words(cast, text=words_of(PLEDGE, "貴事業所", "当事業所"))
    assert FormText.objects.count() == 1


def test_another_form_is_unknown(cast: Cast) -> None:
    for form in ("nothing", "../policy"):
        with pytest.raises(Unknown):
            set_words(cast, form=form)


@pytest.mark.clause("P4")
def test_the_screen_explains_the_purposes_in_the_words_that_are_signed(cast: Cast) -> None:
    text = words_of(CONSENT, "詳しい医師などに", "その病気に詳しい医師などに")
    assert "その病気に" not in purposes("ja")[2].plain
    set_words(cast, form=CONSENT, text=text)
    assert purposes("ja")[2].plain.startswith("その病気に詳しい医師などに")
    assert purposes("en")[2].title == "Advice from outside doctors"
    assert all("{{" not in one.plain + one.official + one.easy for one in purposes("ja"))


@pytest.mark.clause("P4")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("### 目的3　", "### もくてき3　"),
        ("- やさしい日本語: ほかの", "- ほかの"),
        ("### 目的8　学会・研究会での発表", "### 目的9　学会・研究会での発表"),
    ],
)
def test_form_4_leaves_out_no_purpose_and_no_explanation(cast: Cast, old: str, new: str) -> None:
    with pytest.raises(Problem, match="Purpose"):
        set_words(cast, form=CONSENT, text=words_of(CONSENT, old, new))


@pytest.mark.clause("P4")
def test_a_consent_names_the_edition_it_was_signed_under(cast: Cast) -> None:
    from tests.web.test_consent import patient, send

    where = patient(cast)
    assert send(cast, where + "/consent").status_code == 303
    kept = Consent.objects.get(patient=where.split("/")[-1], ended_at=None)
    assert kept.text_number == 0
    text = words_of(CONSENT, "詳しい医師などに", "その病気に詳しい医師などに")
    set_words(cast, form=CONSENT, text=text)
    today = clock.today().isoformat()
    send(cast, where + "/consent", signed_on=today, copy_given_on=today)
    kept = Consent.objects.get(patient=where.split("/")[-1], ended_at=None)
    assert kept.text_number == 1
    assert Consent.objects.filter(text_number=0).exists()


# ── What changed ─────────────────────────────────────────────────────────────────────────────────


def test_words_joined_again_are_the_text() -> None:
    text = "第2条　𠮷田さんは、ABC社の Web を3回、見た。\n"
    assert "".join(words(text)) == text
    assert "見" in words(text) and "第" in words(text)


def test_what_is_gone_and_what_is_new_stand_within_the_line() -> None:
    (line,) = difference("許可なく情報を写さない。", "許可を得ずに情報を写さない。")
    assert [(one.kind, one.text) for one in line.runs if one.kind != "same"] == [
        ("gone", "なく"),
        ("new", "を得ずに"),
    ]


def test_both_texts_can_be_read_from_the_difference() -> None:
    before, after = "一\n二\n三\n四", "一\n二点五\n三\n五\n六"
    lines = difference(before, after)
    assert "".join(r.text for one in lines for r in one.runs if r.kind != "new") == "一二三四"
    assert (
        "".join(r.text for one in lines for r in one.runs if r.kind != "gone") == "一二点五三五六"
    )


def test_what_stays_is_folded_away() -> None:
    before = "\n".join(str(at) for at in range(100))
    shown = folded(difference(before, before.replace("\n50\n", "\n五十\n")))
    assert [one for one in shown if isinstance(one, int)] == [48, 47]


@pytest.mark.slow
def test_one_endless_line_does_not_keep_the_server_busy() -> None:
    before, after = "あ1" * 20_000, "い2" * 20_000
    (line,) = difference(before, after)
    assert [one.kind for one in line.runs] == ["gone", "new"]
