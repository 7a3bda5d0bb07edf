"""Forms 1 to 3 filled in: for the applicant, the operator, the own administrator, nobody else."""

from collections.abc import Callable
from uuid import UUID

import pytest

from renkei.enrollment import applying, joining_papers, pledging
from renkei.enrollment.applying import APPLICANT
from renkei.enrollment.joining_papers import print_application, print_own, print_pledge
from renkei.enrollment.models import Paper
from renkei.enrollment.papers import file_scan, see_paper
from renkei.kernel import clock
from renkei.kernel.errors import Refused, SignedOut, Unknown
from renkei.patient.models import Consent
from renkei.patient.printing import print_consent
from renkei.region.form_texts import forms
from renkei.region.models import FormText
from tests.cast import NAMES, Cast
from tests.enrollment.test_application import PEOPLE, begin, fill, sent
from tests.enrollment.test_scans import PDF
from tests.paperwork.test_form import pytestmark as needs_poppler
from tests.paperwork.test_form import squeezed, text_of

pytestmark = needs_poppler
FORM_1, FORM_2 = joining_papers.OF_APPLICATION


def new_words(cast: Cast, form: str, old: str, new: str) -> None:
    """The region sets other words from today on."""
    FormText.objects.create(
        region_id=cast.region,
        form=form,
        number=1,
        effective_on=clock.today(),
        text=forms()[form].text.replace(old, new),
        made_by=cast.account("operator"),
        made_at=clock.now(),
    )


@pytest.mark.clause("P1", "F1")
def test_an_applicant_prints_form_1_with_the_roster_as_far_as_it_is_filled_in(cast: Cast) -> None:
    begun = begin()
    fill(begun.token)
    text = squeezed(text_of(print_own(begun.token, FORM_1, origin="http://here").content))
    assert all(squeezed(one.name) in text and one.email in text for one in PEOPLE)
    assert "宵待訪問看護ステーション" in text and "1360000001" in text
    with pytest.raises(Unknown):
        print_own("wrong", FORM_1, origin="")
    with pytest.raises(Unknown):
        print_own(begun.token, "form-4-patient-consent", origin="")


@pytest.mark.clause("P2", "F1")
def test_form_2_signed_on_the_screen_says_so_and_waits_for_no_scan(cast: Cast) -> None:
    begun = begin()
    fill(begun.token)
    text = squeezed(text_of(print_own(begun.token, FORM_2, origin="").content))
    assert "（画面で署名）" in text and "宵待草" in text
    assert not Paper.objects.get(form=FORM_2).returns


@pytest.mark.clause("P1", "P2", "F1")
def test_what_comes_back_on_paper_is_filed_with_the_application(cast: Cast) -> None:
    begun = begin()
    facts = {"kind": "診療所", "name": "宵待診療所", "kana": "よいまち", "head": "宵待 草"}
    step = {"token": begun.token, "step": "organization"}
    applying.write_facts(APPLICANT, None, facts={**facts, "number": ""}, **step)
    print_own(begun.token, FORM_2, origin="")
    paper = Paper.objects.get(form=FORM_2)
    assert (paper.returns, paper.about) == (True, f"Application/{begun.id.hex}")
    file_scan(cast["operator"], paper.code, content=PDF)
    assert see_paper(cast["operator"], paper.code).scan is not None
    with pytest.raises(Unknown):
        see_paper(cast["administrator_same"], paper.code)


@pytest.mark.clause("P1", "P2")
@pytest.mark.parametrize("name", [one for one in NAMES if one != "operator"])
def test_nobody_but_the_operator_prints_an_application(cast: Cast, name: str) -> None:
    application = sent()
    assert print_application(cast["operator"], application, FORM_1, origin="").content
    with pytest.raises((Refused, SignedOut)):
        print_application(cast[name], application, FORM_1, origin="")
    with pytest.raises(Unknown):
        print_application(cast["operator"], UUID(int=7), FORM_1, origin="")


@pytest.mark.clause("P3", "F2")
def test_a_pledge_of_staff_is_printed_to_be_signed_or_as_it_was_signed(cast: Cast) -> None:
    other, role = cast["administrator_other"], cast.role("nurse")
    by_hand = squeezed(text_of(print_pledge(other, role, origin="").content))
    assert "clinic事業所" in by_hand and "看護師" in by_hand
    assert Paper.objects.get(about=f"PractitionerRole/{role.hex}").returns
    own = pledging.see_pledge(cast["nurse"], role)
    pledging.sign_pledge(cast["nurse"], role, name=own.name, address="みどり野3-3", number=0)
    signed = squeezed(text_of(print_pledge(other, role, origin="").content))
    assert "（画面で署名）" in signed and "みどり野3-3" in signed


@pytest.mark.clause("P3", "F2")
@pytest.mark.parametrize("name", [one for one in NAMES if one != "administrator_other"])
def test_nobody_but_the_own_administrator_prints_it(cast: Cast, name: str) -> None:
    with pytest.raises((Refused, SignedOut, Unknown)):
        print_pledge(cast[name], cast.role("nurse"), origin="")


@pytest.mark.clause("P2", "P3", "P4")
def test_what_was_signed_is_printed_in_the_words_it_was_signed_under(cast: Cast) -> None:
    role = cast.role("nurse")
    own = pledging.see_pledge(cast["nurse"], role)
    pledging.sign_pledge(cast["nurse"], role, name=own.name, address="", number=0)
    begun = begin()
    fill(begun.token)
    applying.send_application(APPLICANT, None, token=begun.token, by_mail=False)
    Consent.objects.filter(patient=cast.patient).update(text_number=0)
    consent = Consent.objects.get(patient=cast.patient, ended_at=None)
    for form, old in (
        ("form-3-staff-pledge", "許可なく"),
        (FORM_2, "必要な体制"),
        ("form-4-patient-consent", "ご自宅での療養"),
    ):
        new_words(cast, form, old, "改めた言葉")
    keeper, operator = cast["administrator_same"], cast["operator"]
    prints: list[Callable[[], bytes]] = [
        lambda: print_pledge(cast["administrator_other"], role, origin="").content,
        lambda: print_application(operator, begun.id, FORM_2, origin="").content,
        lambda: print_consent(keeper, cast.patient, consent.id, origin="").content,
    ]
    for prints_one in prints:
        text = squeezed(text_of(prints_one()))
        assert "改めた言葉" not in text and "標準の文" in text
