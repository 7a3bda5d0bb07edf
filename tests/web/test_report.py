"""The pages on which loss, misuse and faults are reported, as an attacker and as a person."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from renkei.device.models import Device
from renkei.incident.models import Incident
from renkei.people.models import Session
from tests.cast import NOBODY, Cast, incident_of
from tests.incident.world import PHONE, card, own_device
from tests.web.test_routes import visit

REPORT = {
    "kind": "lost_device",
    "what": "電車に忘れました。",
    "name": "山田",
    "phone": PHONE,
    "organization": "",
}


def browser(cast: Cast, name: str = NOBODY, **headers: Any) -> Client:
    client = Client(raise_request_exception=False, headers=headers)
    if name != NOBODY:
        client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def token_of(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.clause("N3.10", "N3.11")
@pytest.mark.parametrize("name", ["nurse", "family", "operator", NOBODY])
def test_from_every_page_one_tap_leads_to_the_report(cast: Cast, name: str) -> None:
    client = browser(cast, name)
    for address in ("/", "/home", "/policy", "/sign-in", "/help", "/nothing-here"):
        page = client.get(address, follow=True).content.decode()
        assert 'href="/report' in page, address
    assert client.get("/report").status_code == 200


@pytest.mark.clause("N3.10")
def test_signed_in_the_lost_device_is_blocked_with_one_tap(cast: Cast) -> None:
    own_device(cast, "nurse")
    lost = own_device(cast, "nurse", "T-88")
    Session.objects.filter(pk=cast["nurse"].session).update(
        device_id=Device.objects.get(number="T-77").pk
    )
    client = browser(cast, "nurse")
    page = client.get("/report").content.decode()
    assert "T-88" in page and "T-77" in page
    answer = client.post("/report", {"device": str(lost)})
    page = answer.content.decode()
    assert answer.status_code == 200 and "T-88 を止めました。" in page
    assert Device.objects.get(pk=lost).state == "lost"
    sent = {"token": token_of(page), "what": "バスに忘れました。", "phone": PHONE}
    assert "ありがとうございます" in client.post("/report/answer", sent).content.decode()
    assert client.get("/home").status_code == 200


@pytest.mark.clause("N3.10")
def test_without_a_session_a_code_shows_number_and_kind_and_nothing_more(cast: Cast) -> None:
    device = own_device(cast, "nurse")
    code = card(cast, "nurse")[0]
    client = browser(cast)
    page = client.post(
        "/report/code", {"email": "nurse@example.org", "code": code}
    ).content.decode()
    assert "T-77" in page and "タブレット" in page
    for secret in ("髙橋", "nurse さん", str(cast.group)):
        assert secret not in page
    page = client.post(
        "/report/block", {"token": token_of(page), "device": str(device)}
    ).content.decode()
    assert "T-77 を止めました。" in page
    assert Device.objects.get(pk=device).state == "lost"


def test_no_answer_tells_who_has_an_id(cast: Cast) -> None:
    own_device(cast, "nurse")
    card(cast, "nurse")
    pages = [
        browser(cast).post("/report/code", {"email": email, "code": "12345-67890"})
        for email in ("nurse@example.org", "manager@example.org", "nobody@example.org")
    ]
    bare = [re.sub(r'value="[^"]*"', "", page.content.decode()) for page in pages]
    assert {page.status_code for page in pages} == {422}
    assert len(set(bare)) == 1


@pytest.mark.clause("N3.10")
def test_a_flood_of_reports_ends_with_the_telephone_number(cast: Cast) -> None:
    client = browser(cast)
    answers = [client.post("/report", REPORT) for _ in range(12)]
    assert [one.status_code for one in answers] == [200] * 10 + [429] * 2
    assert Incident.objects.count() == 10
    assert "0312345678" in answers[-1].content.decode()


def test_guessing_codes_ends_soon_and_locks_nobody_else_out(cast: Cast) -> None:
    own_device(cast, "nurse")
    code = card(cast, "nurse")[0]
    guess = {"email": "nurse@example.org", "code": "11111-11111"}
    answers = [browser(cast).post("/report/code", guess).status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
    good = {"email": "nurse@example.org", "code": code}
    elsewhere = Client(REMOTE_ADDR="192.0.2.9", raise_request_exception=False)
    assert elsewhere.post("/report/code", good).status_code == 200


def test_a_report_by_somebody_unknown_says_that_nothing_is_blocked_yet(cast: Cast) -> None:
    page = browser(cast).post("/report", REPORT).content.decode()
    assert "まだ何も止めていません" in page and "0312345678" in page
    assert Incident.objects.get().way == "unproved"


def test_what_was_typed_stays_when_something_is_missing(cast: Cast) -> None:
    answer = browser(cast).post("/report", {**REPORT, "phone": ""})
    assert answer.status_code == 422
    assert "電車に忘れました。" in answer.content.decode()


def test_a_report_needs_the_token_of_our_own_page(cast: Cast) -> None:
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    assert strict.post("/report", REPORT).status_code == 403
    assert not Incident.objects.exists()


@pytest.mark.clause("N3.10", "A15.6")
@pytest.mark.parametrize("address", ["/home", "/sign-in", "/groups/{group}", "/menu"])
def test_the_lost_device_is_cleared_at_its_next_contact(cast: Cast, address: str) -> None:
    device = own_device(cast, "nurse")
    client = browser(cast, "nurse")
    assert client.get(f"/groups/{cast.group}").status_code == 200
    browser(cast, "nurse").post("/report", {"device": str(device)})
    answer = client.get(address.format(group=cast.group))
    page = answer.content.decode()
    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert answer.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == 0
    assert answer.headers["Cache-Control"] == "no-store"
    assert "この端末は止められています" in page
    for secret in ("髙橋", "nurse さん", "血圧"):
        assert secret not in page


def test_a_script_on_the_lost_device_learns_it_too(cast: Cast) -> None:
    device = own_device(cast, "nurse")
    browser(cast, "nurse").post("/report", {"device": str(device)})
    answer = browser(cast, "nurse").get(
        f"/groups/{cast.group}/entries?after=0", headers={"Accept": "application/json"}
    )
    assert answer.status_code == 401
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_who_was_not_blocked_is_cleared_by_nothing(cast: Cast) -> None:
    for client in (browser(cast), browser(cast, "nurse")):
        for address in ("/home", "/sign-in", "/help"):
            assert "Clear-Site-Data" not in client.get(address).headers
    stale = browser(cast)
    stale.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32
    assert "Clear-Site-Data" not in stale.get("/home").headers


@pytest.mark.parametrize("name", ["administrator_same", "operator"])
def test_every_step_of_the_desk_works_as_a_page(cast: Cast, name: str) -> None:
    incident = incident_of(cast)
    client, address = browser(cast, name), f"/incidents/{incident}"
    assert client.get(address).status_code == 200
    steps: list[dict[str, Any]] = [
        {"do": "note", "note-word": "police", "note-text": "届けた"},
        {
            "do": "assess",
            "assess-severity": "grave",
            "assess-duty": "not_required",
            "assess-known_on": "2026-06-01",
        },
        {
            "do": "tell",
            "tell-organization": str(cast.organizations["clinic"]),
            "tell-day": "2026-06-01",
            "tell-how": "電話",
        },
        {"do": "block", "sessions": "1"},
        {"do": "close", "close-cause": "置き忘れ", "close-measure": "ひも"},
    ]
    for step in steps:
        assert client.post(address, step).status_code == 303, step
    page = client.get(address).content.decode()
    for words in ("警察に届けた", "とても重い", "clinic事業所", "置き忘れ"):
        assert words in page
    assert client.post(address, steps[0]).status_code == 403
    assert client.get(f"{address}/statement").status_code == 404


@pytest.mark.clause("N3.11")
def test_the_report_and_who_saw_what_are_printed(cast: Cast) -> None:
    client = browser(cast, "administrator_same")
    incident = incident_of(cast)
    statement = {"encryption": "yes", "outline": "#強調 *x* _y_ $z$", "first_reported_on": ""}
    assert client.post(f"/incidents/{incident}/statement", statement).status_code == 303
    for address in (
        f"/incidents/{incident}/paper",
        f"/views?person={cast.account('nurse')}&pdf=1",
    ):
        answer = client.get(address)
        assert answer.headers["Content-Type"] == "application/pdf", address
        assert answer.content.startswith(b"%PDF-")


def test_the_page_of_who_saw_what_names_nobody_in_its_address(cast: Cast) -> None:
    client = browser(cast, "administrator_same")
    assert client.get("/views").status_code == 200
    page = client.get(f"/views?person={cast.account('nurse')}").content.decode()
    assert "髙橋 節子" in page and "血圧" not in page
    for bad in ("person=x", "device=1", "person=&device=", "person=" + "0" * 32):
        assert client.get(f"/views?{bad}").status_code in (200, 404, 422), bad
    wrong = f"/views?person={cast.account('nurse')}&since=2026-02-30"
    assert client.get(wrong).status_code == 422


@pytest.mark.clause("N2.2")
def test_who_is_stopped_sees_on_the_home_page_whom_to_ask(cast: Cast) -> None:
    client = browser(cast, "administrator_other")
    sent = {"word": "suspended", "reason": "貸し借り"}
    assert client.post(f"/staff/{cast.role('nurse')}/restrict", sent).status_code == 303
    page = browser(cast, "nurse").get("/home").content.decode()
    assert "clinic事業所の職員としての利用は、止められています。" in page and "0312340000" in page
    assert "貸し借り" not in page and "髙橋" not in page
    lift = {"lift": "1", "lift-reason": "解決"}
    assert client.post(f"/staff/{cast.role('nurse')}/restrict", lift).status_code == 303
    assert "止められています" not in browser(cast, "nurse").get("/home").content.decode()


@pytest.mark.clause("N2.2")
def test_the_operator_stops_and_lifts_by_page(cast: Cast) -> None:
    client = browser(cast, "operator")
    found = client.post("/stops", {"q": "Nurse@example.org"}).content.decode()
    assert f"/people/{cast.account('nurse')}/suspend" in found
    for address in (
        f"/people/{cast.account('nurse')}/suspend",
        f"/organizations/{cast.organizations['helpers']}/suspend",
    ):
        assert client.get(address).status_code == 200
        assert client.post(address, {"reason": ""}).status_code == 422
        for _ in range(2):  # stop, and lift
            assert client.post(address, {"reason": "調べるため"}).status_code == 303
    assert visit(cast, "nurse", "/home").status_code in (302, 403)


def test_a_lost_device_without_a_session_is_cleared_by_its_dead_key(cast: Cast) -> None:
    from renkei.device.keys import make_key
    from renkei.kernel import clock

    device = own_device(cast, "nurse")
    _, cookie = make_key(device, "Safari", clock.now())
    found = browser(cast)
    found.cookies[settings.DEVICE_COOKIE_NAME] = cookie
    assert "Clear-Site-Data" not in found.get("/sign-in").headers
    browser(cast, "nurse").post("/report", {"device": str(device)})
    answer = found.get("/home")
    assert "storage" in answer.headers["Clear-Site-Data"]
    assert answer.cookies[settings.DEVICE_COOKIE_NAME]["max-age"] == 0
