"""Scenario S4: sudden deterioration on weak radio. The telephone comes first, and needs no line."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, People, World
from tests.e2e.test_story_live import heard, opened

URGENT = "SpO2 82、意識もうろうです。残薬を確認中でした。"
SAID = "残薬を確認中でした"
# A number is where a thumb can hit it: in view, large enough, and nothing lies over it.
TAPPABLE = """all => all.map(one => {
  one.scrollIntoView({ block: "center" });
  const box = one.getBoundingClientRect();
  const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const href = one.getAttribute("href");
  return { href, high: box.height, wide: box.width, hit: one.contains(hit) };
})"""


def _pharmacist_with(world: World, other: dict) -> tuple[dict, str]:
    """A pharmacist, and a patient's group in which both take part."""
    theirs = {group["id"] for group in other["groups"] if group["patient"]}
    for one in world.people:
        both = [group["id"] for group in one["groups"] if group["id"] in theirs]
        if one["profession"] == "薬剤師" and both:
            return one, both[0]
    raise LookupError("no pharmacist")


def _numbers(page: Page) -> list[str]:
    found = page.locator("#sheet a.call").evaluate_all(TAPPABLE)
    assert all(one["high"] >= 44 and one["wide"] >= 44 and one["hit"] for one in found), found
    return [one["href"] for one in found]


def _in_order(page: Page) -> list[str]:
    """The numbers of this patient in calling order, as everybody's page of the group has them."""
    hrefs = page.locator("#calls a.call").evaluate_all("all => all.map(one => one.href)")
    return [one.removeprefix("tel:") for one in hrefs if one != "tel:119"]


@pytest.mark.clause("N4.9", "N3.8")
def test_sudden_deterioration_is_called_first_and_then_told_once(
    people: People, world: World
) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    pharmacist, group = _pharmacist_with(world, nurse)
    phone = opened(people.ready(pharmacist, PHONE), world, group)
    other = opened(people.ready(nurse, PHONE), world, group)

    # the line is cut before the numbers come: nothing goes, nothing is lost, and it says so
    phone.fill("#write [name=text]", URGENT)
    phone.select_option("#write [name=importance]", "important")
    expect(phone.locator("[data-saved]")).to_have_text("下書きを保存しました", timeout=9000)
    phone.context.set_offline(True)
    phone.click("#write [data-check]")
    expect(phone.locator("#write [role=alert].error")).to_be_visible()
    expect(phone.locator("#write [name=text]")).to_have_value(URGENT)
    phone.context.set_offline(False)
    phone.click("#write [data-check]")
    sheet = phone.locator("#sheet")
    expect(sheet).to_contain_text("先に電話をしてください")

    # cut again: to call needs no line, so the numbers stay where they are
    phone.context.set_offline(True)
    numbers = _numbers(phone)
    assert numbers[0] == "tel:119"
    assert all(re.fullmatch(r"tel:[0-9+]+", one) for one in numbers)
    # the doctor's, then the family's, as they stand in the basics of this patient
    assert numbers[1:] == [f"tel:{one}" for one in _in_order(other)]

    # never silently: without an answer it does not go, and nobody is told of anything
    sheet.locator("[data-go]").click()
    phone.wait_for_timeout(400)
    expect(sheet).to_be_visible()
    expect(other.locator(".message-text", has_text=SAID)).to_have_count(0)

    # she has called; the post waits for the line and is not held up by anything else
    sheet.locator("[name=phone][value=called]").check(force=True)
    sheet.locator("[name=whom]").select_option(index=0)
    called = sheet.locator("[name=whom] option").first.inner_text()
    sheet.locator("[data-go]").click()
    expect(sheet.locator("[data-go]")).to_have_text("電波を待っています", timeout=5000)
    phone.context.set_offline(False)
    heard(other, SAID, 20_000)
    expect(sheet).not_to_be_visible(timeout=15_000)

    # it arrived once, with 電話済み and whom
    for page in (phone, other):
        page.reload()
        heard(page, SAID, 10_000)
        said = page.locator(".message-text", has_text=SAID)
        expect(said).to_contain_text("電話済み")
        expect(said).to_contain_text(called.split("（")[0].strip())
    expect(phone.locator("#write [name=text]")).to_have_value("")
    expect(other.locator("article", has_text=SAID).last).to_contain_text("重要")


@pytest.mark.clause("N4.9")
def test_the_answer_about_the_call_is_not_lost_when_the_answer_of_the_server_is(
    people: People, world: World
) -> None:
    pharmacist, group = _pharmacist_with(world, world.who(email="takatori@tsumugi.example"))
    phone = opened(people.ready(pharmacist, PHONE), world, group)
    text = "痙攣しています。訪問先の玄関を開けてあります。"
    phone.fill("#write [name=text]", text)
    phone.click("#write [data-check]")
    sheet = phone.locator("#sheet")
    sheet.locator("[name=phone][value=called]").check(force=True)
    sheet.locator("[name=whom]").select_option(index=0)

    def cut(route) -> None:  # it arrives, and the line is gone before the answer is back
        route.fetch()
        route.abort()

    phone.route("**/messages", cut, times=1)
    sheet.locator("[data-go]").click()
    expect(sheet).not_to_be_visible(timeout=15_000)
    phone.reload()
    said = phone.locator(".message-text", has_text="玄関を開けて")
    expect(said).to_have_count(1)
    expect(said.get_by_text("電話済み")).to_have_count(1)
