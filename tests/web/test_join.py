"""Applying on the public page, in short steps, without scripts or a session (A3, F1)."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from renkei.enrollment.models import Application
from renkei.people.models import Organization
from tests.cast import Cast
from tests.web.test_patient import client

BEGIN = {"name": "宵待訪問看護ステーション", "email": "Sou@Yoimachi.example"}
ROSTER = (
    "氏名\tふりがな\t職種\tメールアドレス\n"
    "宵待 草\tよいまち そう\t事務\tsou@yoimachi.example\n"
    "月野 輪\tつきの りん\t看護師\trin@yoimachi.example\n"
)
PAGES = {
    "organization": {"kind": "訪問看護", "name": "宵待訪問看護ステーション", "head": "宵待 草",
                     "kana": "ヨイマチ", "number": ""},
    "place": {"postal_code": "１０５００１１", "address": "東京都港区芝公園4-2-8",
              "phone": "03-0000-1001", "fax": "", "email": "info@yoimachi.example"},
    "settings": {"documents_policy": "ask", "training": "lecture"},
    "pledge": {"number": "0", "name": "宵待 草", "read": "on"},
}  # fmt: skip
pytestmark = pytest.mark.usefixtures("cast")


@pytest.fixture(autouse=True)
def no_mail(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"


@pytest.fixture
def mailing(no_mail: None, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def begun() -> Client:
    browser = Client()
    assert browser.post("/join", BEGIN).status_code == 200
    return browser


def filled(browser: Client) -> Client:
    for step in ("organization", "place"):
        assert browser.post(f"/join/form/{step}", PAGES[step]).status_code == 302
    assert browser.post("/join/form/people", {"text": ROSTER}).status_code == 302
    chosen = {"chosen": "1", "administrator": ["sou@yoimachi.example"]}
    assert browser.post("/join/form/people", chosen).status_code == 302
    for step in ("settings", "pledge"):
        assert browser.post(f"/join/form/{step}", PAGES[step]).status_code == 302
    return browser


def sent() -> Application:
    browser = filled(begun())
    assert browser.post("/join/form/check").status_code == 302
    return Application.objects.get(state="sent")


@pytest.mark.clause("A3", "F1", "P1", "P2")
def test_from_the_public_page_to_the_operators_desk() -> None:
    browser = filled(begun())
    summary = browser.get("/join/form/check").content.decode()
    assert "105-0011" in summary and "よいまち" in summary and "月野 輪" in summary
    assert browser.post("/join/form/check").status_code == 302
    assert Application.objects.get().state == "sent"
    assert browser.get("/join/form/place").headers["Location"] == "/join/form/check"


def test_the_words_of_form_2_stand_above_the_name_with_what_is_known_in_them() -> None:
    browser = begun()
    browser.post("/join/form/organization", PAGES["organization"])
    page = browser.get("/join/form/pledge").content.decode()
    assert "守るべき情報" in page and "宵待訪問看護ステーションの事業所管理者として" in page
    assert "{{" not in page


def test_the_number_is_shown_once_where_no_mail_can_be_sent_and_opens_it_elsewhere() -> None:
    page = Client().post("/join", BEGIN).content.decode()
    number = re.search(r"[0-9A-Z]{5}(-[0-9A-Z]{5}){3}", page)
    assert number
    elsewhere = Client()
    assert elsewhere.get("/join/form/check").headers["Location"] == "/join/back"
    wrong = elsewhere.post("/join/back", {"number": "AAAAA-AAAAA-AAAAA-AAAAA"})
    assert wrong.status_code == 422
    assert elsewhere.post("/join/back", {"number": number[0].lower()}).status_code == 302
    assert "宵待" in elsewhere.get("/join/form/check").content.decode()


@pytest.mark.usefixtures("mailing")
def test_the_mail_shows_the_address_good_and_nothing_else_does() -> None:
    browser = filled(begun())
    assert browser.post("/join/form/check").status_code == 422
    [letter] = mail.outbox
    assert letter.to == ["sou@yoimachi.example"]
    number = re.search(r"/join/back#(\S+)", letter.body)
    assert number
    assert browser.get("/join/back").status_code == 200  # looking, as a scanner does, is nothing
    assert Application.objects.get().confirmed_at is None
    elsewhere = Client()
    assert elsewhere.post("/join/back", {"number": number[1]}).status_code == 302
    assert elsewhere.post("/join/form/check").status_code == 302
    assert Application.objects.get().state == "sent"


@pytest.mark.usefixtures("mailing")
def test_nobody_is_buried_in_mails() -> None:
    answers = [Client().post("/join", BEGIN).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    assert len(mail.outbox) == 3


def test_a_known_address_is_answered_as_any_other() -> None:
    known = Client().post("/join", BEGIN | {"email": "nurse@example.org"}).content.decode()
    other = Client().post("/join", BEGIN | {"email": "nobody@example.net"}).content.decode()

    def plain(page: str) -> str:
        return re.sub(r"[0-9A-Z]{5}(-[0-9A-Z]{5}){3}|nonce|value=\"\w{64}\"", "", page)

    assert plain(known) == plain(other)


def test_the_address_is_filled_in_from_the_postal_code() -> None:
    browser = begun()
    typed = PAGES["place"] | {"address": "", "find": "1"}
    page = browser.post("/join/form/place", typed).content.decode()
    assert 'value="東京都港区芝公園"' in page
    assert "03-0000-1001" in page  # what was typed stays
    several = browser.post("/join/form/place", typed | {"postal_code": "498-0000"})
    assert "愛知県弥富市" in several.content.decode() and "桑名郡" in several.content.decode()
    none = browser.post("/join/form/place", typed | {"postal_code": "000-0001"})
    assert none.status_code == 200


def test_what_was_typed_stays_when_something_is_wrong() -> None:
    browser = begun()
    page = browser.post("/join/form/organization", PAGES["organization"] | {"kana": "kanji"})
    assert page.status_code == 422 and 'value="kanji"' in page.content.decode()
    bad = ROSTER.replace("看護師", "魔法使い")
    page = browser.post("/join/form/people", {"text": bad})
    assert page.status_code == 422 and "魔法使い" in page.content.decode()


def test_somebody_has_to_be_an_administrator() -> None:
    browser = begun()
    browser.post("/join/form/people", {"text": ROSTER})
    assert browser.post("/join/form/people", {"chosen": "1"}).status_code == 422


def test_another_site_cannot_write_in_it() -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post("/join", BEGIN).status_code == 403
    assert not Application.objects.exists()


@pytest.mark.clause("F1", "A3")
def test_the_operator_returns_it_and_approves_what_comes_back(cast: Cast) -> None:
    one = sent()
    desk = client(cast, "operator")
    assert "宵待訪問看護ステーション" in desk.get("/applications").content.decode()
    address = f"/applications/{one.id}"
    assert desk.post(address, {"do": "approve"}).status_code == 422
    back = desk.post(address, {"do": "return", "note": "電話番号をお確かめください。"})
    number = re.search(r"[0-9A-Z]{5}(-[0-9A-Z]{5}){3}", back.content.decode())
    assert number
    browser = Client()
    browser.post("/join/back", {"number": number[0]})
    page = browser.get("/join/form/place").content.decode()
    assert "電話番号をお確かめください。" in page
    mended = PAGES["place"] | {"phone": "03-0000-1002", "mend": "1"}
    assert browser.post("/join/form/place", mended).headers["Location"] == "/join/form/check"
    assert browser.post("/join/form/check").status_code == 302
    assert desk.post(address, {"do": "train", "on": "", "way": "lecture"}).status_code == 422
    trained = {"do": "train", "on": "2026-11-20", "way": "lecture"}
    assert desk.post(address, trained).status_code == 302
    done = desk.post(address, {"do": "approve"})
    assert done.status_code == 200 and "月野 輪" in done.content.decode()
    organization = Organization.objects.get(name="宵待訪問看護ステーション")
    assert organization.phone == "03-0000-1002"
    assert organization.name in client(cast, "nobody").get("/organizations").content.decode()


@pytest.mark.usefixtures("mailing")
def test_at_the_approval_everybody_gets_a_link_of_their_own(cast: Cast) -> None:
    browser = filled(begun())
    number = re.search(r"/join/back#(\S+)", mail.outbox[0].body)
    assert number
    browser.post("/join/back", {"number": number[1]})
    browser.post("/join/form/check")
    address = f"/applications/{Application.objects.get().id}"
    desk = client(cast, "operator")
    desk.post(address, {"do": "train", "on": "2026-11-20", "way": "video"})
    desk.post(address, {"do": "approve"})
    links = [one for one in mail.outbox if "/begin#" in one.body]
    assert {one.to[0] for one in links} == {"sou@yoimachi.example", "rin@yoimachi.example"}
    assert all("宵待 草" not in one.body for one in links if one.to[0].startswith("rin"))


def test_the_operator_keys_in_what_came_on_paper(cast: Cast) -> None:
    desk = client(cast, "operator")
    made = desk.post("/applications/new", {"name": "宵待訪問看護ステーション"})
    first = made.headers["Location"]
    assert first.endswith("/form/organization")
    form = first.removesuffix("organization")
    for step in ("organization", "place", "settings"):
        assert desk.post(form + step, PAGES[step]).status_code == 302
    desk.post(form + "people", {"text": ROSTER})
    desk.post(form + "people", {"chosen": "1", "administrator": ["sou@yoimachi.example"]})
    signed = {"number": "0", "name": "宵待 草", "on": "R8.11.1"}
    assert desk.post(form + "pledge", signed).status_code == 302
    assert desk.post(form + "check").status_code == 302
    one = Application.objects.get()
    assert (one.state, one.keyed_by) == ("sent", cast.account("operator"))
    assert "operator さん" in desk.get(f"/applications/{one.id}").content.decode()
