"""The pages about patients: what is typed is understood, kept when wrong, and registered once."""

from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from renkei.kernel.entity import uuid7
from renkei.patient.models import Patient
from tests.cast import Cast, group_about

NEW = {"name": "森", "kana": "ﾓﾘ", "birth_date": "Ｓ１２．３．５", "sex": "男"}


def client(cast: Cast, name: str) -> Client:
    browser = Client(HTTP_HOST="localhost")
    browser.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return browser


def new(**facts: object) -> dict[str, object]:
    return {**NEW, "key": str(uuid7()), "go": "check", **facts}


def names(html: str) -> set[str]:
    return {one for one in ("髙橋 節子", "森") if one in html}


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("birth_date", "2130-01-01", "先の日付です"),
        ("birth_date", "H13.2.29", "その日付はありません"),
        ("birth_date", "昭和64年1月8日", "昭和64年1月7日まで"),
        ("birth_date", "むかし", "日付として読めません"),
        ("name", "", "患者さんの氏名を書いてください"),
        ("kana", "mori", "ふりがな"),
        ("phone", "12", "10桁か11桁"),
    ],
)
def test_what_cannot_be_right_is_said_and_what_was_typed_is_kept(
    cast: Cast, field: str, typed: str, sentence: str
) -> None:
    answer = client(cast, "administrator_same").post(
        "/patients/new", new(address="みどり野9-9", **{field: typed})
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert "みどり野9-9" in page
    assert not typed or typed in page


def test_the_birth_date_is_shown_back_as_understood_and_nothing_is_registered_yet(
    cast: Cast,
) -> None:
    before = Patient.objects.count()
    page = client(cast, "administrator_same").post("/patients/new", new()).content.decode()
    assert "昭和12年3月5日（1937年）" in page
    assert "もり" in page
    assert Patient.objects.count() == before


def test_a_form_sent_twice_registers_one_patient(cast: Cast) -> None:
    browser, form = client(cast, "administrator_same"), new(go="register")
    before = Patient.objects.count()
    first, second = (browser.post("/patients/new", form) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first["Location"] == second["Location"]
    assert Patient.objects.count() == before + 1


def test_somebody_of_the_same_name_and_birth_date_is_pointed_out_first(cast: Cast) -> None:
    form = new(name="髙橋 節子", kana="タカハシ セツコ", birth_date="1942-03-03")
    page = client(cast, "administrator_same").post("/patients/new", form).content.decode()
    assert "すでに登録されています" in page
    assert str(cast.patient) in page


def test_only_administrators_and_physicians_register(cast: Cast) -> None:
    for name in ("manager", "nurse", "stranger", "operator", "family"):
        browser = client(cast, name)
        no = 404 if name in ("operator", "family") else 403  # who works nowhere has no such page
        assert browser.get("/patients/new").status_code == no, name
        assert browser.post("/patients/new", new(go="register")).status_code == no, name


@pytest.mark.clause("A8.1", "A11.3")
def test_the_list_shows_ones_groups_and_the_records_one_keeps(cast: Cast) -> None:
    client(cast, "administrator_same").post("/patients/new", new(go="register"))
    seen = {
        name: names(client(cast, name).get("/patients").content.decode())
        for name in ("manager", "nurse", "administrator_same", "administrator_other", "stranger")
    }
    assert seen == {
        "manager": {"髙橋 節子"},
        "nurse": {"髙橋 節子"},
        "administrator_same": {"髙橋 節子", "森"},
        "administrator_other": set(),
        "stranger": set(),
    }


@pytest.mark.parametrize("words", ["たかはし", "タカハシ", "節子", "1942", "１９４２"])
def test_a_patient_is_found_by_kana_name_or_year_without_an_address_that_tells(
    cast: Cast, words: str
) -> None:
    answer = client(cast, "nurse").post("/patients", {"q": words})
    assert "せつこ" in answer.content.decode()
    assert answer.status_code == 200
    missed = client(cast, "nurse").post("/patients", {"q": "さとう"}).content.decode()
    assert "せつこ" not in missed


def test_the_record_opens_only_to_who_keeps_it(cast: Cast) -> None:
    answers = {
        name: client(cast, name).get(f"/patients/{cast.patient}").status_code
        for name in ("administrator_same", "manager", "nurse", "administrator_other", "operator")
    }
    assert answers.pop("administrator_same") == 200
    assert set(answers.values()) == {403}
    assert client(cast, "administrator_same").get(f"/patients/{uuid4()}").status_code == 404


def test_basics_and_family_are_kept_in_calling_order(cast: Cast) -> None:
    rows = {
        "related-TOTAL_FORMS": "3",
        "related-INITIAL_FORMS": "0",
        "related-0-name": "髙橋 誠",
        "related-0-relationship": "長男",
        "related-0-phone": "090-0000-0002",
        "related-0-order": "2",
        "related-1-name": "髙橋 由美",
        "related-1-relationship": "長女",
        "related-1-phone": "０９０－００００－０００１",
        "related-1-order": "1",
        "related-1-emergency_contact": "on",
    }
    browser = client(cast, "administrator_same")
    address = f"/patients/{cast.patient}/basics"
    assert browser.post(address, {"allergies": "卵", **rows}).status_code == 303
    page = browser.get(f"/patients/{cast.patient}").content.decode()
    assert page.index("髙橋 由美") < page.index("髙橋 誠")
    assert "tel:09000000001" in page

    answer = browser.post(address, {"allergies": "そば", **rows, "related-0-name": ""})
    assert answer.status_code == 422
    assert "氏名を書いてください" in answer.content.decode()
    assert "そば" in answer.content.decode()


@pytest.mark.clause("A11.1")
def test_a_group_is_opened_once_with_ones_own_role_in_the_care(cast: Cast) -> None:
    browser = client(cast, "administrator_same")
    registered = browser.post("/patients/new", new(go="register"))
    address = registered["Location"] + "/group"
    assert browser.post(address, {"role_in_care": ""}).status_code == 422
    assert "/members" in browser.post(address, {"role_in_care": "窓口"})["Location"]
    again = browser.post(address, {"role_in_care": "窓口"})
    assert again.status_code == 422
    assert "すでにあります" in again.content.decode()


def test_search_words_are_never_taken_from_an_address(cast: Cast) -> None:
    _, group = group_about(cast, "station", {"manager": True})
    page = client(cast, "manager").get("/patients?q=nobody").content.decode()
    assert str(group) in page
