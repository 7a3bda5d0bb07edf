"""Scenario S3: an evening visit on weak radio. What was typed stays, and goes out exactly once."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World
from tests.e2e.test_story_live import heard, opened

TEXT = "右かかとに発赤があります"


def shared(one: dict, other: dict) -> str:
    """A group in which both take part."""
    others = {group["id"] for group in other["groups"]}
    return next(group["id"] for group in one["groups"] if group["id"] in others)


def _filled(page: Page) -> None:
    """A form, opened and filled in with one thumb."""
    page.focus("#write [name=text]")
    page.click("[data-forms]")
    page.click("#sheet [name=choose][value=visit-care]")
    page.locator("[name='t:mood'][value='いつもどおり']").check(force=True)
    page.fill("[name='t:noticed']", TEXT)


@pytest.mark.clause("N3.3", "N3.8")
def test_an_evening_visit_is_told_once_although_the_line_is_cut_twice(
    people: People, world: World
) -> None:
    helper = world.who(email="takanashi@omusubi.example")
    nurse = world.who(email="takatori@tsumugi.example")
    group = shared(nurse, helper)
    phone = opened(people.ready(helper, PHONE), world, group)
    desk = opened(people.ready(nurse, DESK), world, group)

    _filled(phone)
    expect(phone.locator("[data-saved]")).to_have_text("下書きを保存しました", timeout=6000)
    phone.locator("#write [name=text]").press_sequentially("@たかとり")
    phone.locator("#at-list li", has_text="鷹取 みさ").click()
    expect(phone.locator("[data-meant]")).to_contain_text("@鷹取 みさ")

    # the line is cut: one goes on writing, and what was typed waits
    phone.context.set_offline(True)
    phone.locator("#write [name=text]").press_sequentially("明日もう一度見てください。")
    expect(phone.locator("[data-saved]")).to_have_text("電波を待っています", timeout=9000)
    phone.click("#write [data-check]")
    expect(phone.locator("#write [role=alert].error")).to_be_visible()
    phone.context.set_offline(False)
    expect(phone.locator("[data-saved]")).to_have_text("下書きを保存しました", timeout=15_000)

    # another device shows what was typed; the phone itself goes on
    other = opened(people.ready(helper, PHONE), world, group)
    expect(other.locator("[name='t:noticed']")).to_have_value(TEXT)
    expect(other.locator("#write [name=text]")).to_have_value(
        "@鷹取 みさ 明日もう一度見てください。"
    )
    expect(other.locator("#write .chip--to")).to_have_count(1)
    other.close()

    # it is cut again at the moment of sending: the answer never comes, the message does
    phone.click("#write [data-check]")
    sheet = phone.locator("#sheet")
    expect(sheet).to_contain_text("気付いたこと：" + TEXT)
    expect(sheet).to_contain_text("@鷹取 みさ")

    def cut(route) -> None:  # it arrives, and the line is gone before the answer is back
        route.fetch()
        route.abort()

    phone.route("**/messages", cut, times=1)
    sheet.locator("[data-go]").click()
    expect(sheet).not_to_be_visible(timeout=15_000)  # tried again by itself, with the same key
    heard(desk, TEXT, 10_000)
    for page in (phone, desk):
        page.reload()
        heard(page, TEXT, 10_000)
    expect(phone.locator("#write [name=text]")).to_have_value("")
    expect(phone.locator("[data-slot] input")).to_have_count(0)

    # the nurse is meant: home says so, and the message bears the mark
    mine = desk.locator("article", has_text=TEXT)
    expect(mine).to_contain_text("自分あて")
    desk.goto(f"{world.origin}/addressed")
    expect(desk.locator("a.hit", has_text=TEXT)).to_have_count(1)
