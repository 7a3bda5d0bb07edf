"""The pages about papers: forms for everybody, scans by their code, consent on a tablet."""

import re

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from renkei.enrollment import printing
from renkei.enrollment.models import Paper
from renkei.enrollment.papers import make_code, shown_code
from renkei.kernel import clock
from renkei.patient.models import Consent, RightsRequest
from renkei.patient.services import withdraw_consent
from renkei.region.form_texts import forms
from renkei.region.models import FormText
from tests.cast import Cast, paper_of
from tests.enrollment.test_scans import PDF
from tests.paperwork.test_form import pytestmark as needs_poppler
from tests.paperwork.test_form import squeezed, text_of
from tests.web.test_consent import patient, send
from tests.web.test_patient import client

pytestmark = needs_poppler
DRAWN = orjson.dumps([[[100, 100], [900, 600], [1500, 300]]]).decode()


def upload(cast: Cast, name: str, code: str, content: bytes, called: str = "scan.pdf"):
    file = SimpleUploadedFile(called, content, content_type="text/html")
    return client(cast, name).post(f"/papers/{code}", {"scan": file})


# ── Forms for everybody ──────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("P1", "P2", "P3", "P4")
def test_everybody_can_print_the_empty_forms(cast: Cast) -> None:
    page = Client().get("/forms").content.decode()
    for name in printing.PUBLIC:
        assert f'href="/forms/{name}.pdf"' in page
        answer = Client().get(f"/forms/{name}.pdf")
        assert answer.headers["Content-Type"] == "application/pdf"
        assert squeezed(forms()[name].title) in squeezed(text_of(answer.content))
    assert "<script" not in page


def test_an_empty_form_is_set_once_and_only_the_known_ones_are(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    printing._blank.cache_clear()
    Client().get("/forms/form-3-staff-pledge.pdf")
    monkeypatch.setattr(printing, "form_pdf", lambda sheet: pytest.fail("set again"))
    assert Client().get("/forms/form-3-staff-pledge.pdf").status_code == 200
    for name in ("fax-cover", "incident-report", "nothing", "..%2fpolicy"):
        assert Client().get(f"/forms/{name}.pdf").status_code == 404


def test_an_empty_form_comes_in_the_words_in_force(cast: Cast) -> None:
    FormText.objects.create(
        region_id=cast.region,
        form="form-3-staff-pledge",
        number=1,
        effective_on=clock.today(),
        text=forms()["form-3-staff-pledge"].text.replace("許可なく", "許可を得ずに"),
        made_by=cast.account("operator"),
        made_at=clock.now(),
    )
    text = squeezed(text_of(Client().get("/forms/form-3-staff-pledge.pdf").content))
    assert "許可を得ずに" in text and "文面第1版" in text


# ── Papers and scans ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("F3")
def test_a_scan_is_filed_and_opens_in_the_browser_and_is_kept_nowhere(cast: Cast) -> None:
    paper = paper_of(cast)
    answer = upload(cast, "administrator_same", paper.code, PDF)
    assert answer.status_code == 303
    page = client(cast, "administrator_same").get(answer["Location"]).content.decode()
    assert "髙橋 節子" in page and str(paper.code[:5]) in page
    address = re.search(rf'href="(/papers/{shown_code(paper.code)}/scans/[^"]+)"', page)
    assert address is not None
    scan = client(cast, "administrator_same").get(address[1])
    assert scan.content == PDF
    assert scan.headers["Content-Type"] == "application/pdf"
    assert scan.headers["Cache-Control"] == "no-store"
    assert scan.headers["Content-Disposition"].startswith("inline")
    assert not {"Content-Security-Policy", "X-Content-Type-Options"} & set(scan.headers)  # as all
    assert client(cast, "administrator_other").get(address[1]).status_code == 404


@pytest.mark.parametrize(
    ("called", "content"),
    [
        ("scan.pdf", b"<html><script>alert(1)</script>"),
        ("scan.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("../../../scan.pdf", b"#!/bin/sh"),
        ("scan.pdf", b"%PDF-1.7 torn"),
    ],
)
def test_what_is_no_scan_is_answered_with_a_sentence(
    cast: Cast, called: str, content: bytes
) -> None:
    paper = paper_of(cast)
    answer = upload(cast, "administrator_same", paper.code, content, called)
    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode()
    assert Paper.objects.get(pk=paper.pk).scan_id is None


def test_a_code_is_found_from_the_desk_and_a_wrong_one_stays_to_be_mended(cast: Cast) -> None:
    browser, paper = client(cast, "administrator_same"), paper_of(cast)
    found = browser.post("/papers", {"code": shown_code(paper.code).lower()})
    assert (found.status_code, found["Location"]) == (303, f"/papers/{shown_code(paper.code)}")
    other = shown_code(make_code())
    missed = browser.post("/papers", {"code": other})
    assert missed.status_code == 422
    assert other in missed.content.decode()
    theirs = client(cast, "administrator_other").post("/papers", {"code": paper.code})
    assert theirs.status_code == 422


def test_who_is_not_signed_in_comes_back_to_the_paper_after_signing_in(cast: Cast) -> None:
    answer = Client().get(f"/papers/{paper_of(cast).code}")
    assert answer["Location"].startswith("/sign-in?next=/papers/")


def test_a_page_from_elsewhere_files_nothing(cast: Cast) -> None:
    paper = paper_of(cast)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client(cast, "administrator_same").cookies
    file = SimpleUploadedFile("scan.pdf", PDF)
    assert strict.post(f"/papers/{paper.code}", {"scan": file}).status_code == 403
    assert Paper.objects.get(pk=paper.pk).scan_id is None


# ── Form 4 on a tablet ───────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("P4", "F3")
def test_a_consent_signed_on_the_screen_is_printed_twice_with_its_signature(cast: Cast) -> None:
    where = patient(cast)
    answer = send(cast, where + "/consent", way="screen", drawing=DRAWN, purpose_8="no")
    assert answer.status_code == 303
    kept = Consent.objects.get(patient=where.split("/")[-1], ended_at=None)
    assert kept.unseal("drawing_sealed") == orjson.loads(DRAWN)
    browser = client(cast, "administrator_same")
    pdf = browser.post(f"{where}/consents/{kept.id}/paper")
    assert pdf.headers["Content-Type"] == "application/pdf"
    text = squeezed(text_of(pdf.content))
    assert text.count("森") >= 2 and "（画面で署名）" in text
    assert "令和8年5月1日" in text and "医療機関控え" in text and "患者控え" in text
    paper = Paper.objects.get(about=f"Consent/{kept.id.hex}")
    assert text.count(shown_code(paper.code)) >= 4
    assert not paper.returns  # there is no other signature that could be filed
    assert browser.get(f"{where}/consents/{kept.id}/paper").status_code == 405


@pytest.mark.clause("P4")
@pytest.mark.parametrize("drawing", ["", "<svg>", "[[[1,2,3]]]", "[" * 9000])
def test_without_a_signature_nothing_is_recorded(cast: Cast, drawing: str) -> None:
    where = patient(cast)
    answer = send(cast, where + "/consent", way="screen", drawing=drawing)
    assert answer.status_code == 422
    assert not Consent.objects.filter(patient=where.split("/")[-1]).exists()


def test_what_is_signed_on_paper_takes_no_drawing_along(cast: Cast) -> None:
    where = patient(cast)
    assert send(cast, where + "/consent", way="paper", drawing=DRAWN).status_code == 303
    kept = Consent.objects.get(patient=where.split("/")[-1], ended_at=None)
    assert kept.drawing_sealed is None


def test_the_signature_stays_while_other_things_are_mended(cast: Cast) -> None:
    where = patient(cast)
    answer = send(cast, where + "/consent", way="screen", drawing=DRAWN, purpose_3="")
    assert answer.status_code == 422
    assert "[[[100,100],[900,600],[1500,300]]]" in answer.content.decode()


@pytest.mark.clause("P4")
def test_a_change_says_whom_it_touches_and_is_printed_with_what_was_done(cast: Cast) -> None:
    browser, where = client(cast, "administrator_same"), f"/patients/{cast.patient}"
    page = browser.get(f"{where}/consent/change").content.decode()
    assert "clinic事業所" in page
    answers = {f"purpose_{one}": "yes" for one in (1, 2, 3, 4, 5)} | {"purpose_8": "no"}
    facts = {
        **answers,
        "changed_on": clock.today().isoformat(),
        "how": "telephone",
        "signer": "self",
        "receipt_on": clock.today().isoformat(),
    }
    missing = browser.post(f"{where}/consent/change", facts)
    assert missing.status_code == 422  # nobody has said that the patient was told
    assert browser.post(f"{where}/consent/change", {**facts, "told": "on"}).status_code == 303
    now = Consent.objects.get(patient=cast.patient, ended_at=None)
    assert now.declined == "8"
    pdf = browser.post(f"{where}/consents/{now.id}/paper").content
    text = squeezed(text_of(pdf))
    assert "同意の変更・撤回届" in text and "目的8の利用を止めた" in text


@pytest.mark.clause("P4")
def test_a_withdrawal_is_printed_with_its_receipt(cast: Cast) -> None:
    browser, where = client(cast, "administrator_same"), f"/patients/{cast.patient}"
    given = Consent.objects.get(patient=cast.patient, ended_at=None)
    address, what = f"{where}/consents/{given.id}/paper", {"what": "withdrawal"}
    assert browser.post(address, what).status_code == 404
    withdraw_consent(
        cast["administrator_same"], cast.patient, reason="", withdrawn_on=clock.today()
    )
    text = squeezed(text_of(browser.post(address, what).content))
    assert "同意の変更・撤回届" in text and "患者グループを他の事業所に対して閉じた" in text
    assert "医療と介護は、これまでどおり受けられます" in text
    assert 'value="withdrawal"' in browser.get(where).content.decode()


@pytest.mark.clause("P4")
def test_form_4_is_printed_to_be_signed_by_hand_with_what_is_known(cast: Cast) -> None:
    answer = client(cast, "administrator_same").post(
        f"/patients/{cast.patient}/forms/form-4-patient-consent"
    )
    text = squeezed(text_of(answer.content))
    assert "髙橋節子" in text and "station事業所" in text
    other = client(cast, "administrator_other").post(
        f"/patients/{cast.patient}/forms/form-4-patient-consent"
    )
    assert other.status_code == 403


# ── Words of the forms ───────────────────────────────────────────────────────────────────────────


def test_the_operator_sees_what_changes_before_setting_it(cast: Cast) -> None:
    browser, where = client(cast, "operator"), "/form-texts/form-3-staff-pledge"
    text = forms()["form-3-staff-pledge"].text.replace("許可なく", "許可を得ずに")
    facts = {"text": text, "effective_on": clock.today().isoformat(), "after": "0"}
    page = browser.post(where, {**facts, "go": "compare"}).content.decode()
    assert re.search(r"<del><span class=\"hide\">[^<]+</span>なく</del>", page)
    assert re.search(r"<ins><span class=\"hide\">[^<]+</span>を得ずに</ins>", page)
    assert not FormText.objects.exists()
    sheet = browser.post(where + "/preview", facts)
    assert "許可を得ずに" in squeezed(text_of(sheet.content))
    assert browser.post(where, {**facts, "go": "set"}).status_code == 303
    assert FormText.objects.get().number == 1
    assert "を得ずに" in browser.get(where + "/1").content.decode()
    assert browser.get(where + "/1?pdf").headers["Content-Type"] == "application/pdf"
    assert browser.get(where + "/2").status_code == 404


def test_a_text_with_an_unknown_place_stays_to_be_mended(cast: Cast) -> None:
    browser, where = client(cast, "operator"), "/form-texts/form-3-staff-pledge"
    text = forms()["form-3-staff-pledge"].text.replace("{{ name }}", "{{ nickname }}")
    facts = {"text": text, "effective_on": clock.today().isoformat(), "after": "0"}
    for address, go in ((where, "compare"), (where, "set"), (where + "/preview", "")):
        answer = browser.post(address, {**facts, "go": go})
        assert answer.status_code == 422
        assert "{{ nickname }}" in answer.content.decode()


# ── Requests of patients ─────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("P4")
def test_a_request_is_taken_in_answered_and_both_are_printed(cast: Cast) -> None:
    browser, where = client(cast, "administrator_same"), f"/patients/{cast.patient}/rights"
    facts = {
        "kinds": ["disclosure", "correction"],
        "scope": "昨年の記録",
        "correction": "住所",
        "requester": "delegate",
        "requester_name": "髙橋 一郎（子）",
        "identity": ["運転免許証"],
        "received_on": clock.today().isoformat(),
    }
    missing = browser.post(where, facts)
    assert missing.status_code == 422
    assert "昨年の記録" in missing.content.decode()
    done = browser.post(where, {**facts, "identity": ["運転免許証", "委任状"]})
    assert (done.status_code, done["Location"]) == (303, f"{where}/1")
    asked = squeezed(text_of(browser.post(f"{where}/1/paper").content))
    assert "昨年の記録" in asked and "髙橋一郎（子）" in asked
    assert browser.post(f"{where}/1/paper", {"what": "answer"}).status_code == 404
    answer = {
        "result": "refused",
        "done": "調べた",
        "answerer": "所長",
        "answered_on": clock.today().isoformat(),
    }
    assert browser.post(f"{where}/1", answer).status_code == 422
    assert browser.post(f"{where}/1", {**answer, "reasons": "法令の定め"}).status_code == 303
    assert RightsRequest.objects.get().result == "refused"
    told = squeezed(text_of(browser.post(f"{where}/1/paper", {"what": "answer"}).content))
    assert "法令の定め" in told and "髙橋一郎（子）様" in told
    assert "髙橋" in browser.get("/rights").content.decode()
    counted = client(cast, "operator").get("/rights/counts").content.decode()
    assert "station事業所" in counted and "髙橋" not in counted
