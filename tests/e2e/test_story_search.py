"""A nurse looks for what was said months ago, jumps there, keeps it, and the team pins it."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, People, World

WORD, HALF_WIDTH = "かめのこたわし", "ｶﾒﾉｺﾀﾜｼ"
SAID = f"お風呂の{WORD}を新しくしました。"


def test_what_was_said_is_found_again_and_kept(people: People, world: World) -> None:
    doctor = world.who(email="fujigaya@hoshimi.example")
    nurse = world.who(email="takatori@tsumugi.example")
    hers = {group["id"] for group in nurse["groups"]}
    shared = next(one["id"] for one in doctor["groups"] if one["id"] in hers and one["patient"])

    desk = people.ready(doctor, DESK)
    desk.goto(f"{world.origin}/groups/{shared}")
    desk.fill("#write [name=text]", SAID)
    desk.click("#write [data-check]")
    desk.locator("#sheet [data-go]").click()
    expect(desk.locator(".message-text", has_text=WORD).first).to_be_visible()

    # from home, with half-width kana; the word is in no address
    phone = people.ready(nurse, PHONE)
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    phone.get_by_role("link", name="書き込みを探す").first.click()
    phone.fill("[name=words]", HALF_WIDTH)
    phone.locator(".finder button").click()
    phone.wait_for_url("**/search/found")
    hit = phone.locator(".hit")
    expect(hit).to_have_count(1)
    expect(hit.locator("mark")).to_have_text(WORD)
    assert not [one for one in asked if "words" in one or "%EF%BD" in one]

    # the link leads to its place; going back shows what was found
    hit.click()
    phone.wait_for_url(re.compile(rf"/groups/{shared}\?before=\d+#m\d+"))
    target = phone.locator("article:target")
    expect(target).to_contain_text(WORD)
    expect(target).to_be_in_viewport()
    phone.go_back()
    expect(phone.locator(".hit mark")).to_have_text(WORD)
    phone.go_forward()

    # her bookmark is hers, the pin is everybody's
    message = phone.locator("article.message", has_text=WORD).last
    for button in ("しおりをはさむ", "チームのためにピン留めする"):
        message.locator(".receipts a[aria-label]").last.click()
        phone.locator("#sheet").get_by_role("button", name=button).click()
        expect(phone.locator("#sheet")).to_be_hidden()
    expect(message.locator("[data-mark=kept]")).to_be_visible()
    expect(message.locator("[data-mark=pinned]")).to_be_visible()
    phone.goto(f"{world.origin}/bookmarks")
    expect(phone.locator(".hit")).to_contain_text(WORD)

    desk.reload()
    seen = desk.locator("article.message", has_text=WORD).last
    expect(seen.locator("[data-mark=pinned]")).to_be_visible()
    expect(seen.locator("[data-mark=kept]")).to_have_count(0)
    desk.locator(f"a[href='/groups/{shared}/pins']").first.click()
    expect(desk.locator(".pinned-by")).to_contain_text(nurse["name"])
    desk.locator(".marked form button").click()
    expect(desk.locator(".marked")).to_have_count(0)
