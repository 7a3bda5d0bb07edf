"""Form 4 on the screen: three steps, nothing skipped, nothing lost, nothing recorded too early."""

from datetime import timedelta

import pytest

from renkei.kernel import clock
from renkei.patient.models import Consent
from tests.cast import Cast
from tests.web.test_patient import client, new

AGREED = {f"purpose_{number}": "yes" for number in (1, 2, 3, 4, 5, 8)}
FORM = {
    "explained_by": "管理 花",
    "signed_on": "R8.5.1",
    **AGREED,
    "purpose_6": "on",
    "purpose_7": "on",
    "signer": "self",
}


def form(cast: Cast, **facts: object) -> dict[str, object]:
    keeper = str(cast.organizations["station"])
    return {**FORM, "original_kept_by": keeper, "copy_given_on": "R8.5.2", "go": "record", **facts}


def patient(cast: Cast) -> str:
    answer = client(cast, "administrator_same").post("/patients/new", new(go="register"))
    return str(answer["Location"])


def send(cast: Cast, where: str, **facts: object):
    return client(cast, "administrator_same").post(where, form(cast, **facts))


@pytest.mark.clause("A6", "P4")
def test_a_complete_form_is_recorded_and_shown(cast: Cast) -> None:
    where = patient(cast)
    assert send(cast, where + "/consent", purpose_8="no").status_code == 303
    assert Consent.objects.get(ended_at=None, patient=where.split("/")[-1]).declined == "8"
    page = client(cast, "administrator_same").get(where).content.decode()
    assert "令和8年5月1日" in page
    assert "― 同意しない" in page


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"signed_on": "1930-01-01"}, "生年月日より前の日付です"),
        ({"signed_on": "2130-01-01"}, "先の日付です"),
        ({"purpose_3": ""}, "どれか一つを選んでください"),
        ({"purpose_6": ""}, "説明したうえで"),
        ({"purpose_1": "no"}, "断られたときの話合いを書いてください"),
        ({"signer": "proxy"}, "代筆の理由を書いてください"),
        ({"signer": "proxy", "proxy_name": "森 花", "relationship": "子", "proxy_reason": "手"},
         "ご本人の意思を確かめてください"),
        ({"copy_given_on": "R8.4.30"}, "写しを渡すことはできません"),
    ],
)  # fmt: skip
@pytest.mark.clause("P4")
def test_what_is_missing_or_cannot_be_is_said_and_nothing_is_recorded(
    cast: Cast, facts: dict[str, str], sentence: str
) -> None:
    where = patient(cast)
    answer = send(cast, where + "/consent", original_place="書庫2", **facts)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "書庫2" in answer.content.decode()
    assert not Consent.objects.filter(patient=where.split("/")[-1]).exists()


def test_going_from_step_to_step_records_nothing_and_forgets_nothing(cast: Cast) -> None:
    where = patient(cast)
    page = send(cast, where + "/consent", go="3", explained_by="説明 太郎").content.decode()
    assert 'value="説明 太郎"' in page
    assert 'name="original_kept_by"' in page
    assert not Consent.objects.filter(patient=where.split("/")[-1]).exists()
    back = send(cast, where + "/consent", go="1", signer="")
    assert back.status_code == 200


@pytest.mark.clause("A6")
def test_the_copy_can_follow_later_and_until_then_the_page_says_what_is_closed(cast: Cast) -> None:
    where = patient(cast)
    assert send(cast, where + "/consent", copy_given_on="").status_code == 303
    browser = client(cast, "administrator_same")
    assert "写しを渡すまで" in browser.get(where).content.decode()
    assert 'name="copy_given_on"' in browser.get(where + "/consent?step=3").content.decode()


@pytest.mark.clause("A6")
def test_an_exemption_names_its_reason_and_its_date(cast: Cast) -> None:
    where, browser = patient(cast), client(cast, "administrator_same")
    address = where + "/consent?exempt"
    facts = {"state": "exempt_life", "exemption_reason": "意識が戻らない"}
    missing = browser.post(address, facts)
    assert missing.status_code == 422
    assert "意識が戻らない" in missing.content.decode()
    past = {**facts, "seek_by": (clock.today() - timedelta(days=1)).isoformat()}
    assert browser.post(address, past).status_code == 422
    soon = {**facts, "seek_by": (clock.today() + timedelta(days=7)).isoformat()}
    assert browser.post(address, soon).status_code == 303

    before = {"state": "exempt_before", "exemption_reason": "以前から利用"}
    assert browser.post(address, {**before, "used_since": "2026-04-01"}).status_code == 422
    assert browser.post(address, {**before, "used_since": "2026-03-31"}).status_code == 303


@pytest.mark.clause("P4")
def test_a_withdrawal_closes_the_group_to_the_others_after_saying_so(cast: Cast) -> None:
    browser, where = (
        client(cast, "administrator_same"),
        f"/patients/{cast.patient}/consent/withdraw",
    )
    assert "のほかには閉じられます" in browser.get(where).content.decode()
    words = {"withdrawn_on": clock.today().isoformat(), "reason": ""}
    assert browser.post(where, words).status_code == 422
    assert browser.post(where, {**words, "understood": "on"}).status_code == 303
    assert client(cast, "nurse").get(f"/groups/{cast.group}/files").status_code == 403
    assert client(cast, "manager").get(f"/groups/{cast.group}/files").status_code == 200


@pytest.mark.clause("A6")
def test_the_register_lists_what_is_missing_for_administrators_only(cast: Cast) -> None:
    patient(cast)
    page = client(cast, "administrator_same").get("/consents").content.decode()
    assert "同意がまだです" in page
    for name in ("manager", "nurse", "operator", "family"):
        no = 404 if name in ("operator", "family") else 403
        assert client(cast, name).get("/consents").status_code == no, name


def test_the_page_turned_to_the_patient_shows_nobody_else(cast: Cast) -> None:
    where = patient(cast)
    page = client(cast, "administrator_same").get(where + "/consent").content.decode()
    assert "森" in page
    assert "髙橋" not in page


@pytest.mark.clause("A6", "F3")
def test_the_badge_says_when_the_papers_are_not_complete(cast: Cast) -> None:
    page = client(cast, "manager").get(f"/groups/{cast.group}/basics").content.decode()
    assert "同意あり" in page
    Consent.objects.update(copy_given_on=None)
    page = client(cast, "manager").get(f"/groups/{cast.group}/basics").content.decode()
    assert "同意の書類がそろっていません" in page
    assert "同意あり" not in page
