"""Scenarios S4 and S5: the telephone comes first; the wrong patient's group is noticed in time."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World

URGENT = "SpO2 82、意識もうろうです。酸素を3Lに上げました。"
WRONG = "夕方の訪問です。佐藤二郎さんの酸素は2Lのままです。"


def group_of(page: Page, world: World, name: str) -> str:
    page.goto(f"{world.origin}/groups")
    address = page.locator("a[href*='/groups/']", has_text=name).first.get_attribute("href")
    assert address
    return f"{world.origin}{address.split('?')[0].split('#')[0]}"


def confirm(page: Page, group: str, text: str) -> None:
    page.goto(group)
    page.fill("#write [name=text]", text)
    page.click("#write [data-check]")
    expect(page.locator("#sheet")).to_be_visible()


@pytest.mark.clause("N4.9")
def test_in_an_emergency_the_numbers_come_first_and_then_it_is_said_who_was_called(
    people: People, world: World
) -> None:
    page = people.ready(world.who(email="takatori@tsumugi.example"), PHONE)
    confirm(page, group_of(page, world, "佐藤 二郎"), URGENT)
    sheet = page.locator("#sheet")
    numbers = sheet.locator("a.call").evaluate_all("all => all.map(one => one.href)")
    assert numbers[0] == "tel:119" and len(numbers) > 2
    assert all(re.fullmatch(r"tel:[0-9+]+", one) for one in numbers)
    expect(sheet.locator("mark").first).to_have_text("SpO2 82")

    sheet.locator("[data-go]").click()  # not without an answer
    page.wait_for_timeout(400)
    expect(sheet).to_be_visible()
    expect(page.locator(".message-text", has_text="酸素を3Lに")).to_have_count(0)

    sheet.locator("[name=phone][value=called]").check(force=True)
    sheet.locator("[name=whom]").select_option(index=0)
    sheet.locator("[data-go]").click()
    sent = page.locator(".message-text", has_text="酸素を3Lに")
    expect(sent).to_have_count(1)
    expect(sent).to_contain_text("電話済み")


@pytest.mark.clause("N3.3", "A13.2", "A12.2")
def test_what_is_about_another_patient_is_noticed_and_moved_to_their_group(
    people: People, world: World
) -> None:
    page = people.ready(world.who(email="takatori@tsumugi.example"), DESK)
    mine, theirs = (group_of(page, world, name) for name in ("佐藤 一郎", "佐藤 二郎"))
    confirm(page, mine, WRONG)
    sheet = page.locator("#sheet")
    expect(sheet).to_contain_text("別の患者さんのことではありませんか")
    expect(sheet.locator("mark")).to_have_text("佐藤二郎")
    sheet.get_by_role("button", name="佐藤 二郎 さんのグループへ移す").click()
    page.wait_for_url(re.compile(re.escape(theirs)))
    expect(page.locator("#write [name=text]")).to_have_value(WRONG)
    page.goto(mine)
    expect(page.locator("#write [name=text]")).to_have_value("")
    expect(page.locator(".message-text", has_text=WRONG)).to_have_count(0)

    confirm(page, group_of(page, world, "連絡網"), WRONG)  # where everybody reads it, never
    expect(sheet).to_contain_text("ここを消してから送ってください")
    expect(sheet.locator("[data-go]")).to_have_count(0)
    sheet.get_by_role("button").last.click()
    expect(page.locator("#write [name=text]")).to_have_value(
        WRONG
    )  # nothing that was typed is lost
