"""Three people talk live; one loses the line and catches up; one is released and hears no more."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World
from tests.e2e.test_story_group import end, write


def common_group(world: World, *people: dict) -> str:
    """A group in which all of these take part, managed by the first."""
    managed = [group["id"] for group in people[0]["groups"] if group["manager"]]
    for group in managed:
        if all(any(one["id"] == group for one in person["groups"]) for person in people):
            return group
    raise LookupError("no common group")


def opened(page: Page, world: World, group: str) -> Page:
    page.goto(f"{world.origin}/groups/{group}")
    expect(page.locator("#write")).to_be_visible()
    page.wait_for_timeout(600)  # until the live stream stands
    return page


def heard(page: Page, text: str, within_ms: int = 3000) -> None:
    expect(page.locator(".message-text", has_text=text)).to_have_count(1, timeout=within_ms)


@pytest.mark.clause("A5.2", "A8.4", "N3.8")
def test_three_people_talk_one_loses_the_line_and_one_is_released(
    people: People, world: World
) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    doctor = world.who(email="fujigaya@hoshimi.example")
    others = [one for one in world.people if one["profession"] in ("薬剤師", "介護支援専門員")]
    for third in others:
        try:
            group = common_group(world, nurse, doctor, third)
            break
        except LookupError:
            continue
    first = opened(people.ready(nurse, DESK), world, group)
    second = opened(people.ready(doctor, PHONE), world, group)
    last = opened(people.ready(third, DESK), world, group)

    write(first, "三人で話す練習です。一つ目。")
    heard(second, "三人で話す練習です。一つ目。")
    heard(last, "三人で話す練習です。一つ目。")

    # the doctor's line is cut; two messages later it comes back: nothing missing, nothing twice
    second.context.set_offline(True)
    write(first, "二つ目。電波のないところにいる方があります。")
    write(last, "三つ目。こちらは届いています。")
    heard(first, "三つ目。こちらは届いています。")
    second.context.set_offline(False)
    heard(second, "二つ目。電波のないところにいる方があります。", 15_000)
    heard(second, "三つ目。こちらは届いています。", 15_000)
    order = second.locator(".message").evaluate_all(
        "all => all.map(one => Number(one.id.slice(1))).filter(Boolean)"
    )
    assert order == sorted(set(order))

    # the third is released: what is said a second later does not reach them
    first.goto(f"{world.origin}/groups/{group}/members")
    release = first.locator("a[href*='/release']").evaluate_all(
        "(all, name) => all.filter(a => a.closest('li, article, tr')?.innerText.includes(name))"
        ".map(a => a.href)",
        third["name"],
    )
    assert release, "the manager finds no way to release the member"
    first.goto(release[0])
    end(first, "担当の変更")
    first.wait_for_load_state()
    expect(last.locator(".message")).to_have_count(0, timeout=10_000)
    opened(first, world, group)
    write(first, "四つ目。離れた方には届きません。")
    heard(second, "四つ目。離れた方には届きません。")
    last.wait_for_timeout(1000)
    assert "四つ目" not in last.content()
    assert last.goto(f"{world.origin}/groups/{group}").status in (403, 404)


@pytest.mark.clause("N3.8")
def test_a_draft_survives_a_lost_session_and_a_message_is_sent_once(
    people: People, world: World
) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    group = nurse["groups"][1]["id"]
    page = people.sign_in(nurse, PHONE)
    opened(page, world, group)
    page.fill("#write [name=text]", "書きかけの下書きです。")
    expect(page.locator("[data-saved]")).to_contain_text("下書き", timeout=6000)
    page.context.clear_cookies(name=re.compile("renkei"))
    page.goto(f"{world.origin}/groups/{group}")
    assert "/sign-in" in page.url
    page.fill("input[name=login]", nurse["email"])
    page.fill("input[name=password]", world.password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(re.compile("/groups/"))
    expect(page.locator("#write [name=text]")).to_have_value("書きかけの下書きです。")

    page.fill("#write [name=text]", "二度押しても、一度だけ送られます。")
    page.click("#write [data-check]")
    page.locator("#sheet [data-go]").dblclick()
    heard(page, "二度押しても、一度だけ送られます。")
    page.reload()
    heard(page, "二度押しても、一度だけ送られます。")


@pytest.mark.clause("A14.4")
def test_after_signing_out_the_back_button_shows_nothing(people: People, world: World) -> None:
    doctor = world.who(email="fujigaya@hoshimi.example")
    page = people.sign_in(doctor, DESK)
    opened(page, world, doctor["groups"][0]["id"])
    name = page.locator(".group-name").first.inner_text()
    page.locator("form[action='/sign-out'] button:visible").first.click()
    page.wait_for_url("**/signed-out")
    page.go_back()
    page.wait_for_timeout(500)
    assert name not in page.content()
    page.goto(f"{world.origin}/home")
    assert "/sign-in" in page.url
