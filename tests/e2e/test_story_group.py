"""Scenario S2: a patient is registered, consents, and a team is opened around her.

Nothing is seen by anybody before consent, acceptance and approval are all there.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World

NAME, KANA = "山田 ハナコ", "やまだ はなこ"
SECRET = "昨夜から微熱があります。明日の訪問で確かめてください。"


def register(page: Page, world: World) -> None:
    page.goto(f"{world.origin}/patients/new")
    page.fill("[name=name]", NAME)
    page.fill("[name=kana]", "ﾔﾏﾀﾞ ﾊﾅｺ")
    page.fill("[name=birth_date]", "昭和64年1月8日")
    page.locator("main form button.btn--primary").last.click()
    expect(page.locator("main")).to_contain_text("昭和")  # the date does not exist: nothing is lost
    expect(page.locator("[name=name]")).to_have_value(NAME)
    page.fill("[name=birth_date]", "昭和12年3月5日")
    page.fill("[name=address]", "みどり野市若葉町九丁目9番")
    for _ in range(3):  # through the page that shows the understood date, if there is one
        if re.search(r"/patients/[0-9a-f-]{36}", page.url):
            break
        page.locator("main form button.btn--primary").last.click()
        page.wait_for_load_state()
    page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}"))


def consent(page: Page) -> None:
    """Form 4, signed by the daughter on the patient's behalf."""
    page.goto(page.url.split("?")[0].rstrip("/") + "/consent")
    page.fill("[name=signed_on]", "2026-11-20")
    page.click("button[value='2']")
    for number in (1, 2, 3, 4, 5, 8):
        page.locator(f"input[name=purpose_{number}][value=yes]").check(force=True)
    for number in (6, 7):
        page.locator(f"input[name=purpose_{number}]").check(force=True)
    page.locator("input[name=signer][value=proxy]").check(force=True)
    page.fill("[name=proxy_name]", "山田 花江")
    page.select_option("[name=relationship]", "子")
    page.click("button[value='3']")  # a proxy without reason and confirmed wish is not enough
    expect(page.locator("[name=proxy_name]")).to_have_value("山田 花江")
    page.fill("[name=proxy_reason]", "手に力が入らないため")
    page.locator("input[name=wish_confirmed]").check(force=True)
    page.click("button[value='3']")
    page.fill("[name=original_place]", "書庫の2番")
    page.fill("[name=copy_given_on]", "2026-11-21")
    page.click("button[value=record]")
    page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}$"))


def open_group(page: Page) -> str:
    page.fill("main [name=role_in_care]", "主治医")
    page.get_by_role("button", name="グループを開く").click()
    page.wait_for_url(re.compile(r"/groups/[0-9a-f-]{36}"))
    found = re.search(r"/groups/([0-9a-f-]{36})", page.url)
    assert found
    return found[1]


def write(page: Page, text: str) -> None:
    page.fill("#write [name=text]", text)
    page.click("#write [data-check]")
    page.locator("#sheet [data-go]").click()
    expect(page.locator(".message-text", has_text=text).first).to_be_visible()


def end(page: Page, reason: str) -> None:
    """Fill in and send the form that ends a membership."""
    form = page.locator("main form:has([name=reason])")
    if form.locator("details:has([name=reason])").count():  # behind the reasons to tap
        form.locator("summary").last.click()
    form.locator("[name=reason]").fill(reason)
    form.locator("button").last.click()


def invite(page: Page, world: World, group: str, name: str, role: str) -> None:
    page.goto(f"{world.origin}/groups/{group}/invite")
    pick = page.locator(".pick-one", has_text=name).first
    pick.locator("label.pick-label").click()
    pick.locator("input[name^=role-]").fill(role)
    page.click("button[name=invite]")
    page.wait_for_load_state()


def open_task(page: Page, world: World) -> None:
    page.goto(f"{world.origin}/home")
    page.locator("a[href*='/invitations/']").first.click()
    page.wait_for_url(re.compile("/invitations/"))


@pytest.mark.clause("A6", "A8.4", "A11.4", "N3.2", "N1.1", "N3.6")
def test_a_group_is_opened_and_nothing_is_seen_before_both_have_said_yes(
    people: People, world: World
) -> None:
    doctor = world.who(email="fujigaya@hoshimi.example")
    nurse = world.who(email="ide@tsumugi.example")
    chief = world.who(email="takatori@tsumugi.example")

    office = people.sign_in(doctor, DESK)
    register(office, world)
    record = office.url

    # without consent nobody of another organization can be asked in
    group = open_group(office)
    office.goto(f"{world.origin}/groups/{group}/invite")
    pick = office.locator(".pick-one", has_text=nurse["name"]).first
    expect(pick).to_have_attribute("data-closed", "")

    office.goto(record)
    consent(office)
    office.goto(f"{world.origin}/groups/{group}")
    write(office, SECRET)
    invite(office, world, group, nurse["name"], "週2回の訪問看護")

    # the invited person sees initials, never the name, and no word of what was said
    phone = people.ready(nurse, PHONE)
    open_task(phone, world)
    shown = phone.locator("body").inner_text()
    assert "や・は" in shown and "週2回の訪問看護" in shown
    assert NAME not in shown and KANA not in shown and "微熱" not in shown
    answer = phone.goto(f"{world.origin}/groups/{group}")
    assert answer.status in (403, 404) and "微熱" not in phone.content()
    open_task(phone, world)
    phone.get_by_role("button", name="承諾する").click()
    phone.wait_for_load_state()

    # accepted, not approved: still nothing, neither for her nor for her administrator
    answer = phone.goto(f"{world.origin}/groups/{group}")
    assert answer.status in (403, 404) and "微熱" not in phone.content()
    desk = people.ready(chief, DESK)
    answer = desk.goto(f"{world.origin}/groups/{group}")
    assert answer.status in (403, 404) and "微熱" not in desk.content()

    open_task(desk, world)
    assert NAME not in desk.locator("body").inner_text()
    desk.get_by_role("button", name="承認する", exact=True).click()
    desk.wait_for_load_state()

    # both have said yes: she reads, her administrator does not
    assert phone.goto(f"{world.origin}/groups/{group}").status == 200
    expect(phone.locator("#main")).to_contain_text("微熱")
    expect(phone.locator("#main")).to_contain_text("参加")
    assert desk.goto(f"{world.origin}/groups/{group}").status in (403, 404)

    # she leaves by herself, with a reason, and it is over at once
    phone.goto(f"{world.origin}/groups/{group}/leave")
    end(phone, "担当を交代したため")
    phone.wait_for_load_state()
    assert phone.goto(f"{world.origin}/groups/{group}").status in (403, 404)
