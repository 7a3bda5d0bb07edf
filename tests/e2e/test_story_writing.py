"""What is missing in a form is said where one looks, also with files above it and on a phone."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PHONE, People, World
from tests.e2e.test_story_evening_visit import shared
from tests.e2e.test_story_live import opened
from tests.e2e.test_story_photo import choose, heel


@pytest.mark.clause("N3.3")
def test_what_is_missing_is_said_beside_the_button_and_has_the_focus(
    people: People, world: World
) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    physician = world.who(email="fujigaya@hoshimi.example")
    phone = opened(people.ready(nurse, PHONE), world, shared(nurse, physician))
    phone.focus("#write [name=text]")
    phone.click("[data-forms]")
    phone.click("#sheet [name=choose][value=soap]")
    expect(phone.locator("[name='t:o']")).to_be_attached()
    tray = phone.locator("[data-attachment]")
    for number in range(3):
        choose(phone, f"IMG_{number}.jpg", "image/jpeg", heel())
        phone.locator("#editor [data-done]").click()
        expect(tray).to_have_count(number + 1, timeout=40_000)

    # a colleague is meant in the middle of a sentence, where Japanese has no space
    words = phone.locator("#write [name=text]")
    words.press_sequentially("お願いします@かかりつけ.example")
    expect(phone.locator("#at-list")).to_be_hidden()
    words.fill("")
    words.press_sequentially("お願いします@主治")
    expect(phone.locator("#at-list li")).not_to_have_count(0)
    words.fill("あ" * 10_001)
    expect(phone.locator("#write [data-count][data-over]")).to_have_text("10,001 / 10,000")
    words.fill("お願いします。")
    expect(phone.locator("#write [data-count]")).to_be_hidden()

    phone.click("#write [data-check]")
    error = phone.locator("#write [data-error]")
    expect(error).to_be_in_viewport(ratio=1)
    expect(error).to_contain_text("見たこと・測ったこと")
    expect(phone.locator("[name='t:o']")).to_be_focused()
    expect(words).not_to_have_attribute("aria-invalid", "true")

    # the first file can be taken away again: nothing lies over it
    tray.first.locator("[data-remove]").click()
    expect(tray).to_have_count(2)

    # without a line it is said what to do, and no longer when the line is back
    phone.context.set_offline(True)
    phone.locator("[name='t:o']").fill("発赤なし")
    phone.click("#write [data-check]")
    expect(error).to_contain_text("つながってから、もう一度")
    phone.context.set_offline(False)
    expect(error).to_be_hidden(timeout=20_000)
