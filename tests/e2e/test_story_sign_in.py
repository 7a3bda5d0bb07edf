"""A colleague loses everything, her administrator helps, and nobody but she ever has a password.

Then a passkey: face or finger is enough. The device is Chromium's own virtual authenticator.
"""

import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World

WORD = "さくらもち七"
NEW = "kabe-yane-427"


def take_picture(page: Page, name: str) -> None:
    """For looking at, where somebody asked for it: RENKEI_PICTURES=folder."""
    import os

    if folder := os.environ.get("RENKEI_PICTURES"):
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            page.screenshot(path=f"{folder}/{name}-{size['width']}.png", full_page=True)


def make_access_anew(page: Page, world: World) -> tuple[str, str]:
    """At her administrator's desk; her address and what stands on the paper."""
    page.goto(f"{world.origin}/staff")
    take_picture(page, "staff")
    row = page.locator("tbody tr").last
    email = re.search(r"\S+@\S+\.example", row.inner_text())[0]
    row.locator("a[href^='/staff/']").click()
    page.locator("a[href$='/access']").click()
    page.locator("[name=checked][value=in_person]").check(force=True)
    page.fill("[name=word]", WORD)
    assert page.locator("[name=word]").get_attribute("type") == "password"
    take_picture(page, "give")
    page.locator("main form button.btn--danger").click()
    page.wait_for_selector("img.qr")
    take_picture(page, "paper")
    return email, page.locator("b.key-text").inner_text()


@pytest.mark.clause("A14.1", "A8.3")
def test_access_is_made_anew_on_paper_and_with_a_word(people: People, world: World) -> None:
    desk = people.ready(world.who(email="takatori@tsumugi.example"))
    email, token = make_access_anew(desk, world)
    assert WORD not in desk.content()
    hers = people.window(PHONE)
    hers.goto(f"{world.origin}/begin?paper#{token}")
    expect(hers.locator("#id_number")).to_have_value(token)
    expect(hers.locator("#id_number")).to_be_hidden()
    assert token not in hers.url
    take_picture(hers, "begin")
    for name, value in (("word", WORD), ("password1", "abc"), ("password2", "abc")):
        hers.fill(f"[name={name}]", value)
    hers.locator("main form button").first.click()
    expect(hers.locator(".error-summary")).to_be_visible()  # too short: the link is still good
    take_picture(hers, "begin-error")
    for name, value in (("word", WORD), ("password1", NEW), ("password2", NEW)):
        hers.fill(f"[name={name}]", value)
    hers.locator("main form button").first.click()
    hers.wait_for_url("**/me/card")
    take_picture(hers, "card-before")
    hers.locator("main form button").first.click()
    expect(hers.locator(".codes li")).to_have_count(10)
    take_picture(hers, "card")
    hers.locator("main a.btn--primary").click()
    hers.wait_for_url("**/home")
    again = people.window()
    again.goto(f"{world.origin}/sign-in")
    again.fill("input[name=login]", email)
    again.fill("input[name=password]", NEW)
    again.press("input[name=password]", "Enter")
    again.wait_for_url("**/home")


def with_virtual_device(page: Page) -> None:
    """A device that unlocks itself, as after a touch of the finger."""
    link = page.context.new_cdp_session(page)
    link.send("WebAuthn.enable")
    link.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip


@pytest.mark.clause("A14.3")
def test_a_passkey_signs_in_by_itself(people: People, world: World) -> None:
    page = people.sign_in(world.who(email="tsuyuri@ashiato.example"))
    with_virtual_device(page)
    page.goto(f"{world.origin}/me/second-step")
    take_picture(page, "second-step")
    page.click("a[href='/me/second-step/passkeys/add']")
    take_picture(page, "passkey-add")
    page.click("#passkey-button")
    page.wait_for_url("**/me/second-step/recovery")
    expect(page.locator(".codes li")).to_have_count(10)
    take_picture(page, "recovery")
    page.goto(f"{world.origin}/home")
    take_picture(page, "home")
    page.locator("form[data-leave] button:visible").first.click()
    page.wait_for_url("**/signed-out")
    page.goto(f"{world.origin}/sign-in?next=/me")
    take_picture(page, "sign-in")
    page.click("#passkey-button")
    page.wait_for_url(f"{world.origin}/me")
    page.goto(f"{world.origin}/me/second-step")
    page.locator("a[href$=remove]").first.click()
    page.locator("main button.btn--danger").click()
    page.wait_for_url("**/me/second-step/passkeys")


@pytest.mark.clause("A14.3")
def test_an_app_with_numbers_is_the_second_step(people: People, world: World) -> None:
    person = world.who(email="takanashi@omusubi.example")
    page = people.sign_in(person)
    page.goto(f"{world.origin}/me/second-step/app")
    take_picture(page, "app")
    page.locator("details summary").click()
    secret = page.locator(".key-text").inner_text().replace(" ", "")
    step = int(time.time()) // 30
    page.fill("[name=code]", format_hotp_value(hotp_value(secret, step)))
    page.locator("main form button").first.click()
    page.wait_for_url("**/me/second-step/recovery")
    other = people.window()
    other.goto(f"{world.origin}/sign-in")
    other.fill("input[name=login]", person["email"])
    other.fill("input[name=password]", world.password)
    other.press("input[name=password]", "Enter")
    other.wait_for_url("**/sign-in/second-step")
    other.fill("[name=code]", "000000")
    other.press("[name=code]", "Enter")
    expect(other.locator(".error-summary")).to_be_visible()
    take_picture(other, "second-step-code")
    code = page.goto(f"{world.origin}/home") and format_hotp_value(hotp_value(secret, step + 1))
    other.fill("[name=code]", code)
    other.press("[name=code]", "Enter")
    other.wait_for_url("**/home")
    page.goto(f"{world.origin}/me/second-step/app/remove")  # leave her as she was
    page.locator("main button.btn--danger").click()
    page.wait_for_url("**/me/second-step")


@pytest.mark.clause("A8.3")
def test_the_operator_sees_the_administrators(people: People, world: World) -> None:
    page = people.ready(world.who(email="rashin@suishin.example"))
    page.goto(f"{world.origin}/administrators")
    expect(page.locator("main")).to_contain_text("14")
    take_picture(page, "administrators")
    page.goto(f"{world.origin}/password/change")
    take_picture(page, "password")
