"""A group with the family: opened beside the patient's, a daughter comes in with a paper.

Her device is Chromium's own virtual authenticator.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World
from tests.e2e.test_story_sign_in import with_virtual_device

MANAGER = "fujigaya@hoshimi.example"  # physician and administrator, manages patients' groups
WORD = "あじさいの道"
PASSWORD = "kawara no nadeshiko 7"
ASKED = "母は昨夜よく眠れました。"
INNER = "ご家族には見えない申し送りです。"
LOOK = os.environ.get("RENKEI_LOOK", "")  # a folder for pictures of the pages


def look(page: Page, name: str) -> None:
    if LOOK:
        page.screenshot(path=str(Path(LOOK) / f"{name}.png"), full_page=True)


def write(page: Page, text: str, name: str) -> None:
    page.fill("#write [name=text]", text)
    page.click("#write [data-check]")
    expect(page.locator("#sheet")).to_be_visible()
    look(page, name)
    page.locator("#sheet [data-go]").click()
    expect(page.locator(".message-text", has_text=text).first).to_be_visible()


@pytest.mark.clause("A11.5", "A14.3")
def test_a_daughter_reads_with_those_who_care_and_nothing_else(
    people: People, world: World
) -> None:
    groups = world.who(email=MANAGER)["groups"]
    group = next(one for one in groups if one["manager"] and one["patient"])
    inner = f"{world.origin}/groups/{group['id']}"
    manager = people.ready(world.who(email=MANAGER), DESK)
    manager.goto(inner)
    write(manager, INNER, "family-inner-confirm")
    manager.goto(f"{inner}/manage")
    look(manager, "family-manage")
    manager.locator("section[aria-labelledby=family] a").click()
    look(manager, "family-open")
    manager.locator("[name=member]:not([disabled])").first.check(force=True)
    manager.get_by_role("button", name="ご家族とのグループを開く").click()
    expect(manager.locator("h1")).to_contain_text("ご家族とのグループ")
    look(manager, "family-desk-empty")
    manager.get_by_role("link", name="招く", exact=True).first.click()
    manager.locator("[name=who]").last.check(force=True)
    manager.fill("[name=email]", "fumino@family.example")
    manager.fill("[name=again]", "fumino@family.example")
    manager.locator("[name=how][value=paper]").check(force=True)
    manager.fill("[name=by]", "髙橋 ハナ")
    manager.locator("[name=way][value=paper]").check(force=True)
    manager.fill("[name=word]", "")
    manager.locator("main form.narrow button").last.click()  # on paper not without the own word
    expect(manager.locator(".error-summary")).to_be_visible()
    look(manager, "family-invite-error")
    manager.fill("[name=word]", WORD)
    manager.locator("main form.narrow button").last.click()
    token = manager.locator("b.key-text").inner_text()
    look(manager, "family-paper")
    manager.get_by_role("link", name="印刷しました").click()
    look(manager, "family-desk")
    family = manager.url.removesuffix("/family")

    hers = people.window(PHONE)
    with_virtual_device(hers)
    hers.goto(f"{world.origin}/begin?family&paper#{token}")
    look(hers, "family-begin")
    for name, value in (("word", WORD), ("password1", PASSWORD), ("password2", PASSWORD)):
        hers.fill(f"[name={name}]", value)
    hers.locator("main form button").first.click()
    hers.wait_for_url("**/me/second-step**")
    look(hers, "family-second-step")
    hers.goto(family)
    expect(hers.locator("body")).not_to_contain_text("ご家族も見ています")  # not before it
    hers.goto(f"{world.origin}/me/second-step/passkeys/add")
    hers.click("#passkey-button")
    hers.wait_for_url("**/me/second-step/recovery")
    hers.goto(f"{world.origin}/home")
    hers.wait_for_url("**/policy/confirm")
    look(hers, "family-policy")
    hers.get_by_role("button", name="読みました。約束します").click()
    hers.wait_for_url("**/home")
    expect(hers.locator("body")).not_to_contain_text(INNER)
    look(hers, "family-home")
    hers.locator("section[aria-labelledby=mine] a.row").first.click()
    expect(hers.locator(".composer")).to_contain_text("ご家族も見ています")
    look(hers, "family-timeline")
    write(hers, ASKED, "family-confirm")
    hers.goto(f"{family}/members")
    look(hers, "family-members")
    for address in (inner, f"{inner}/members", f"{inner}/files", f"{world.origin}/patients"):
        answer = hers.goto(address)
        assert answer is not None and answer.status in (403, 404), address
        expect(hers.locator("body")).not_to_contain_text(INNER)

    manager.goto(inner)
    manager.locator(".group-facts a[data-tone=family]").click()  # one tap from the one to the other
    expect(manager.locator("#log")).to_contain_text(ASKED)
    expect(manager.locator(".group-head")).to_contain_text("ご家族も見ています")
    look(manager, "family-timeline-manager")
    manager.fill("#write [name=text]", "よかったです。")
    manager.click("#write [data-check]")
    expect(manager.locator("#sheet .family-words")).to_contain_text(
        re.compile("ご家族も見ています：.")
    )
    look(manager, "family-confirm-manager")
