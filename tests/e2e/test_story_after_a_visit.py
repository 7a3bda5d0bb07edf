"""The half minute after a visit: from a phone's home to what is sent, with one thumb."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, People, World
from tests.e2e.test_story_live import opened
from tests.e2e.test_story_photo import choose, heel

KEYBOARD = {"width": 390, "height": 500}  # what the keyboard of a phone leaves of it
IN_SIGHT = """box => {
  const at = box.getBoundingClientRect();
  const top = document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2);
  return at.top >= 0 && at.bottom <= innerHeight && box.contains(top);
}"""


def patients_of(person: dict) -> list[str]:
    """The groups of patients; each story writes in one of its own."""
    return [group["id"] for group in person["groups"] if group["patient"]]


def in_sight(page: Page, place: str) -> bool:
    """Whether it lies on the screen, under nothing else."""
    return page.locator(place).evaluate(IN_SIGHT)


@pytest.mark.clause("N3.8")
def test_from_home_four_taps_are_enough(people: People, world: World) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    group = patients_of(nurse)[-1]
    phone = opened(people.ready(nurse, PHONE), world, group)
    phone.goto(f"{world.origin}/home")
    first = phone.locator("[data-quick] a").first
    expect(first).to_have_attribute("href", f"/groups/{group}")  # whom one was with last

    first.click()
    phone.click("#text")
    phone.keyboard.type("訪問しました。変わりありません。")
    phone.click("#write [data-check]")
    phone.click("#sheet [data-go]")
    expect(phone.locator("[data-saved]")).to_have_text("送りました")


def test_above_a_keyboard_there_is_room_for_what_one_writes(people: People, world: World) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    phone = opened(people.ready(nurse, KEYBOARD), world, patients_of(nurse)[0])
    phone.click("#text")
    phone.keyboard.type("足の甲のむくみは先週と変わりありません。お薬は飲めています。" * 3)
    width = phone.locator("#text").bounding_box()["width"]
    assert width > 340  # the whole line, and not what buttons leave of it
    assert in_sight(phone, ".group-name") and in_sight(phone, "#write [data-check]")

    phone.click("[data-vitals] summary")
    expect(phone.locator("#v_temperature")).to_be_focused()
    for place in ("[data-vitals] summary", "#v_temperature", "#text", "#write [data-check]"):
        assert in_sight(phone, place), place
    phone.click("[data-vitals] summary")

    phone.click("[data-forms]")
    phone.click("#sheet [name=choose][value=soap]")
    field = phone.locator("[data-slot] input:not([type=hidden])").first
    expect(field).to_be_focused()  # one goes on writing without another tap
    assert in_sight(phone, "[data-slot] input:not([type=hidden]) >> nth=0")


def test_who_was_chosen_stands_there_and_one_writes_on(people: People, world: World) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    phone = opened(people.ready(nurse, PHONE), world, patients_of(nurse)[1])
    phone.click("#text")
    phone.click("[data-whom]")
    phone.locator("#sheet .tick").nth(1).click()
    phone.click("#sheet [data-go]")
    expect(phone.locator("#write .chip--to")).to_have_count(1)
    expect(phone.locator("#text")).to_be_focused()


def test_an_answer_is_seen_where_it_stands(people: People, world: World) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    phone = opened(people.ready(nurse, PHONE), world, patients_of(nurse)[2])
    phone.locator("article.message [data-act=reply]:visible").first.click()
    phone.keyboard.type("承知しました。明日見ます。")
    phone.click("#write [data-check]")
    phone.click("#sheet [data-go]")
    answer = phone.locator(".replies .message-text", has_text="承知しました。明日見ます。")
    expect(answer).to_be_in_viewport(timeout=6000)


def test_what_a_photo_still_lacks_is_where_one_is_led(people: People, world: World) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    phone = opened(people.ready(nurse, PHONE), world, patients_of(nurse)[3])
    choose(phone, "heel.jpg", "image/jpeg", heel())
    phone.click("#editor [data-done]")
    answer = phone.locator("[data-tray] [data-answer]").first
    expect(answer).to_be_visible(timeout=30_000)
    phone.click("#write [data-check]")
    expect(answer).to_be_focused()
    expect(phone.locator("#write [data-error]")).to_be_visible()
    answer.click()
    expect(phone.locator("#write [data-error]")).to_be_hidden()


@pytest.mark.clause("N4.9")
def test_why_no_call_is_needed_is_asked_where_it_is_answered(people: People, world: World) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    phone = opened(people.ready(nurse, PHONE), world, patients_of(nurse)[4])
    phone.click("#text")
    phone.keyboard.type("呼びかけに反応がありません。")
    phone.click("#write [data-check]")
    sheet = phone.locator("#sheet")
    sheet.locator("[name=phone][value=not_needed]").check(force=True)
    sheet.locator("[data-go]").click()
    expect(sheet.locator("[name=reason]")).to_be_focused()
    expect(sheet.locator(".phone-answer [data-error]")).to_contain_text("理由")
    expect(sheet.locator("[data-go]")).to_have_text("この内容で送る")  # the line is whole
