"""Two colleagues are connected, write to each other, and one blocks the other (A13.1)."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World
from tests.e2e.test_story_free_group import NURSE, PHARMACIST, look

HELLO = "研修の件でご相談があります。"


def write(page: Page, text: str) -> None:
    page.fill("#write [name=text]", text)
    page.click("#write [data-check]")
    page.locator("#sheet [data-go]").click()
    expect(page.locator(".message-text", has_text=text).first).to_be_visible()


@pytest.mark.clause("A13.1")
def test_two_colleagues_are_connected_and_one_blocks_the_other(
    people: People, world: World
) -> None:
    nurse = people.ready(world.who(email=NURSE), DESK)
    nurse.goto(f"{world.origin}/connections/people?q={world.who(email=PHARMACIST)['name'][:2]}")
    look(nurse, "connection-people")
    nurse.get_by_role("button", name=re.compile("申し込む")).first.click()
    expect(nurse.locator("main")).to_contain_text("申込み")
    look(nurse, "connections-asked")

    pharmacist = people.ready(world.who(email=PHARMACIST), PHONE)
    expect(pharmacist.locator("main")).to_contain_text("つながりの申込みが届いています")
    pharmacist.goto(f"{world.origin}/connections")
    look(pharmacist, "connections-asks")
    pharmacist.get_by_role("button", name="つながる", exact=True).click()
    pharmacist.wait_for_url(re.compile(r"/groups/[0-9a-f-]{36}$"))
    group = pharmacist.url.rsplit("/", 1)[1]
    look(pharmacist, "direct-empty")

    nurse.goto(f"{world.origin}/groups/{group}")
    write(nurse, HELLO)
    expect(pharmacist.locator("#log")).to_contain_text(HELLO)
    write(pharmacist, "はい、どうぞ。")
    look(pharmacist, "direct-phone")
    look(nurse, "direct-desk")
    nurse.goto(f"{world.origin}/groups")
    look(nurse, "groups")

    operator = people.ready(world.who(email="rashin@suishin.example"), DESK)
    answer = operator.goto(f"{world.origin}/groups/{group}")
    assert answer is not None and answer.status == 403
    expect(operator.locator("body")).not_to_contain_text(HELLO)

    pharmacist.locator(".block-box summary").click()
    pharmacist.locator(".block-box button").click()
    pharmacist.wait_for_url(re.compile("/connections"))
    expect(pharmacist.locator("main")).to_contain_text("ブロック中")
    look(pharmacist, "connections-blocked")
    nurse.goto(f"{world.origin}/groups/{group}")
    expect(nurse.locator(".composer--closed")).to_contain_text("いまはこの人に書けません")
    expect(nurse.locator("body")).not_to_contain_text("ブロック中")
    look(nurse, "direct-closed")
    pharmacist.get_by_role("button", name=re.compile("ブロックをやめる")).click()
    nurse.reload()
    write(nurse, "先日はありがとうございました。")
