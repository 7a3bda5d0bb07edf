"""Devices and take-outs as a browser meets them."""

import re

import pytest
from django.conf import settings
from django.test import Client

from renkei.device.models import Device, TakeOut
from renkei.kernel import clock
from renkei.people.models import Session
from tests.cast import PASSWORD, Cast, device_of

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
TICKS = {"a15_1": "on", "a15_2": "on", "a15_3": "on", "a15_4": "on"}


def stranger(name: str = "nurse") -> Client:
    """Somebody who signs in with the right password in a browser that nobody listed."""
    browser = Client(HTTP_HOST="localhost", HTTP_USER_AGENT=IPHONE)
    browser.post("/sign-in", {"login": f"{name}@example.org", "password": PASSWORD})
    return browser


def known(cast: Cast, name: str) -> Client:
    """Somebody in the browser in which they always work."""
    browser = Client(HTTP_HOST="localhost")
    browser.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return browser


@pytest.mark.clause("A8.2")
def test_on_an_unlisted_device_one_sees_what_is_closed_and_how_to_ask(cast: Cast) -> None:
    browser = stranger()
    for address in ("/home", "/patients", "/groups", f"/groups/{cast.group}"):
        page = browser.get(address)
        text = page.content.decode()
        assert "/device/ask" in text
        assert "髙橋" not in text and "血圧" not in text
        assert "まだ参加していません" not in text  # the device is the reason, and is named
    assert page.status_code == 403


@pytest.mark.clause("A8.2", "A15.10")
def test_asked_for_and_approved_it_opens_without_another_step(cast: Cast) -> None:
    browser = stranger()
    form = browser.get("/device/ask").content.decode()
    assert 'value="iPhone"' in form and 'value="18.1"' in form  # filled in already
    sent = {
        "organization": str(cast.organizations["clinic"]),
        "ownership": "private",
        "type": "phone",
        "model": "iPhone",
        **TICKS,
    }
    assert browser.post("/device/ask", sent).status_code == 422  # the form of a private one
    private = {
        "reason": "往診", "anti_malware": "不要（iPhone）", "wipe": "設定済み",
        "carrier": "0120-00-0113", "not_shared": "on", "agrees": "on",
    }  # fmt: skip
    answer = browser.post("/device/ask", {**sent, **private})
    assert answer.status_code == 303
    cookie = answer.cookies[settings.DEVICE_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert browser.get(f"/groups/{cast.group}").status_code == 403
    device = Device.objects.get(state="pending")
    admin = known(cast, "administrator_other")
    assert str(device.id) in admin.get("/devices").content.decode()
    page = admin.get(f"/devices/{device.id}/approve").content.decode()
    assert "往診" in page
    assert admin.post(f"/devices/{device.id}/approve", {}).status_code == 422
    until = clock.today().isoformat()
    answer = admin.post(f"/devices/{device.id}/approve", {"permitted_until": until})
    assert answer.status_code == 303
    assert browser.get(f"/groups/{cast.group}").status_code == 200


@pytest.mark.clause("A8.2")
def test_a_qr_code_adds_a_device_in_two_steps(cast: Cast) -> None:
    admin = known(cast, "administrator_other")
    page = admin.post("/devices/new", {"type": "phone", "number": "S-5"}).content.decode()
    assert "data:image/svg+xml" in page
    address = re.search(r"http://localhost(/device/add/[0-9A-Z]{25})", page)
    assert address
    assert address[1] not in admin.get("/devices").content.decode()
    nobody = Client(HTTP_HOST="localhost").get(address[1])
    assert nobody["Location"].startswith("/sign-in?next=")
    browser = stranger()
    for _ in range(2):  # looking does not use it up
        assert browser.get(address[1]).status_code == 200
    assert browser.post(address[1], {**TICKS, "a15_3": ""}).status_code == 422
    assert browser.post(address[1], TICKS).status_code == 303
    assert browser.get(f"/groups/{cast.group}").status_code == 200
    assert stranger("physician").post(address[1], TICKS).status_code == 422
    device = Device.objects.get(number="S-5")
    assert (device.maker, device.model, device.os_version) == ("Apple", "iPhone", "18.1")


@pytest.mark.clause("A8.2")
def test_a_code_lets_another_browser_on_the_same_device_in(cast: Cast) -> None:
    device = device_of(cast, "clinic")
    Device.objects.filter(pk=device).update(type="phone")
    first = known(cast, "nurse")
    assert first.post("/again/password", {"password": PASSWORD}).status_code == 302
    page = first.post(f"/devices/{device}/code").content.decode()
    code = re.search(r"(?<=>)[0-9A-Z]{4}-[0-9A-Z]{4}(?=<)", page)
    assert code
    second = stranger()
    assert second.get(f"/device/enter?code={code[0]}").status_code == 200
    assert second.post("/device/enter", {"code": "AAAA-AAAA"}).status_code == 422
    assert second.post("/device/enter", {"code": code[0]}).status_code == 303
    assert second.get(f"/groups/{cast.group}").status_code == 200


@pytest.mark.clause("A14.6", "A15.1", "A15.2", "A15.3", "A15.4")
def test_checking_it_is_one_screen_and_four_ticks(cast: Cast) -> None:
    browser, device = known(cast, "nurse"), device_of(cast, "clinic")
    page = browser.get(f"/devices/{device}/confirm").content.decode()
    assert page.count('type="checkbox"') == 4
    assert browser.post(f"/devices/{device}/confirm", {**TICKS, "a15_2": ""}).status_code == 422
    assert browser.post(f"/devices/{device}/confirm", TICKS).status_code == 303
    assert Device.objects.get(pk=device).items["A15.2"]["on"] == clock.today().isoformat()


@pytest.mark.clause("A15.6", "A15.7", "A15.8")
def test_what_was_decided_is_written_down_in_the_ledger(cast: Cast) -> None:
    admin, device = known(cast, "administrator_other"), device_of(cast, "clinic")
    sent = {
        "number": "T-01", "type": "tablet", "carrier": "0120000113",
        "a15_6": "set", "a15_7": "not_applicable", "a15_8": "not_set",
    }  # fmt: skip
    assert admin.post(f"/devices/{device}/edit", sent).status_code == 303
    page = admin.get(f"/devices/{device}").content.decode()
    assert "0120000113" in page
    items = Device.objects.get(pk=device).items
    assert [items[f"A15.{n}"]["state"] for n in (6, 7, 8)] == ["set", "not_applicable", "not_set"]


def test_a_devices_life_in_the_ledger(cast: Cast) -> None:
    admin, device = known(cast, "administrator_other"), device_of(cast, "clinic")
    step = f"/devices/{device}/do"
    assert admin.post(step, {"do": "lend"}).status_code == 422
    assert admin.post(step, {"do": "nonsense"}).status_code == 422
    assert admin.post(step, {"do": "end_key", "key": "x"}).status_code == 422
    assert admin.post(step, {"do": "retire", "erased_on": ""}).status_code == 422
    assert admin.post(step, {"do": "lend", "to": str(cast.account("nurse"))}).status_code == 303
    assert Device.objects.get(pk=device).state == "lent"
    assert admin.post(step, {"do": "give_back"}).status_code == 303
    assert "/device/add/" in admin.post(step, {"do": "link"}).content.decode()
    assert admin.post("/devices/stock", {"here": [str(device), "x"]}).status_code == 303
    assert admin.get("/devices?show=attend").status_code == 200
    for address, begins in (("csv", "\ufeff番号".encode()), ("pdf", b"%PDF-")):
        assert admin.get(f"/devices/list.{address}").content.startswith(begins)
    assert admin.post(step, {"do": "lose"}).status_code == 303
    assert admin.get("/devices").status_code in (302, 403)  # it was the one in their hand


@pytest.mark.clause("A15.9")
def test_a_take_out_from_asking_to_return(cast: Cast) -> None:
    person, admin = known(cast, "manager"), known(cast, "administrator_same")
    assert person.post("/take-outs/new", {"content": "計画書"}).status_code == 422
    today = clock.today().isoformat()
    sent = {
        "content": "計画書", "patients": "2", "medium": "紙", "purpose": "会議",
        "destination": "公民館", "from_day": today, "from_time": "00:00",
        "to_day": f"{clock.today().year + 1}-01-05", "to_time": "17:00",
    }  # fmt: skip
    address = person.post("/take-outs/new", sent)["Location"]
    taken = TakeOut.objects.get()
    assert address == f"/take-outs/{taken.id}"
    assert person.post(address, {"do": "approve"}).status_code == 403
    assert admin.post(address, {"do": "refuse", "reason": ""}).status_code == 422
    assert admin.post(address, {"do": "approve"}).status_code == 303
    assert admin.post(address, {"do": "return"}).status_code == 422
    assert admin.post(address, {"do": "return", "returned": "in_order"}).status_code == 303
    assert "計画書" in person.get(address).content.decode()
    assert known(cast, "nurse").get(address).status_code == 403
    for browser in (person, admin):
        assert str(taken.id) in browser.get("/take-outs").content.decode()


def test_the_operator_sees_first_devices_and_no_ledger(cast: Cast) -> None:
    operator = known(cast, "operator")
    assert operator.get("/devices/first").status_code == 200
    assert operator.get("/devices").status_code in (403, 404)
    assert operator.get(f"/devices/{device_of(cast, 'clinic')}").status_code == 403


def test_who_works_nowhere_is_shown_no_notice_about_devices(cast: Cast) -> None:
    Session.objects.filter(pk=cast["operator"].session).update(device_id=None)
    assert "/device/ask" not in known(cast, "operator").get("/home").content.decode()
