"""A free group to its public place: its purpose comes first, a post is hidden, it is listed."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World

NURSE = "takatori@tsumugi.example"
PHARMACIST = "sakimoto@sumire.example"
OPERATOR = "rashin@suishin.example"
NAME = "食支援を学ぶ会"
PURPOSE = "食べる力を支える工夫を、職種をこえて学びます。"
USE = "月に一度、個人が分からない形で事例を持ち寄ります。"
ADVERT = "新しい栄養剤を特別価格でご案内します。"
LOOK = os.environ.get("RENKEI_LOOK", "")  # a folder for pictures of the pages


def look(page: Page, name: str) -> None:
    if LOOK:
        page.screenshot(path=str(Path(LOOK) / f"{name}.png"), full_page=True)


def write(page: Page, text: str) -> None:
    page.fill("#write [name=text]", text)
    page.click("#write [data-check]")
    look(page, "free-confirm")
    page.locator("#sheet [data-go]").click()
    expect(page.locator(".message-text", has_text=text).first).to_be_visible()


@pytest.mark.clause("A12.1", "A12.3", "A12.4", "A12.5", "A19.2")
def test_a_free_group_from_its_first_day_to_the_public_page(people: People, world: World) -> None:
    nurse = people.ready(world.who(email=NURSE), DESK)
    nurse.goto(f"{world.origin}/groups")
    look(nurse, "groups-empty")
    nurse.get_by_role("link", name="探す・作る").click()
    nurse.get_by_role("link", name="グループを作る").click()
    nurse.fill("[name=name]", NAME)
    nurse.locator("main form .btn--primary").last.click()  # nothing without a purpose
    expect(nurse.locator(".error-summary")).to_be_visible()
    look(nurse, "free-new-faults")
    nurse.fill("[name=purpose]", PURPOSE)
    nurse.fill("[name=use]", USE)
    nurse.locator("main form .btn--primary").last.click()
    nurse.wait_for_url(re.compile(r"/groups/[0-9a-f-]{36}$"))
    group = nurse.url.rsplit("/", 1)[1]
    expect(nurse.locator(".group-head")).to_contain_text(PURPOSE)
    write(nurse, "はじめまして。来月から始めます。")
    look(nurse, "free-timeline")

    pharmacist = people.ready(world.who(email=PHARMACIST), PHONE)
    pharmacist.goto(f"{world.origin}/groups/{group}")
    expect(pharmacist.locator("body")).not_to_contain_text("はじめまして")
    pharmacist.goto(f"{world.origin}/groups/free")
    look(pharmacist, "free-list")
    pharmacist.get_by_role("link", name=re.compile(NAME)).click()
    expect(pharmacist.locator("main")).to_contain_text(USE)
    pharmacist.locator("main form .btn--primary").last.click()  # not before it was read
    expect(pharmacist.locator(".error-summary")).to_be_visible()
    look(pharmacist, "free-about")
    pharmacist.locator("[name=agreed]").check(force=True)
    pharmacist.locator("main form .btn--primary").last.click()
    expect(pharmacist.locator(".group-head")).to_contain_text(NAME)
    look(pharmacist, "free-timeline-phone")
    write(pharmacist, ADVERT)

    post = nurse.locator(".message", has_text=ADVERT)
    expect(post).to_be_visible()
    post.locator("a[data-sheet][aria-label]").click()
    nurse.get_by_role("link", name="この投稿を非表示にする").click()
    nurse.locator("#hide [name=reason]").fill("宣伝は趣旨に合わないため")
    look(nurse, "free-hide")
    nurse.locator("button[form=hide]").click()
    for page in (nurse, pharmacist):
        expect(page.locator("#log")).to_contain_text("宣伝は趣旨に合わないため")
        expect(page.locator("#log")).not_to_contain_text(ADVERT)

    nurse.goto(f"{world.origin}/groups/{group}/manage")
    look(nurse, "free-manage")
    nurse.get_by_role("button", name=re.compile("申し込む")).click()
    stranger = people.window(DESK)
    stranger.goto(world.origin)
    expect(stranger.locator("body")).not_to_contain_text(NAME)
    operator = people.ready(world.who(email=OPERATOR), DESK)
    operator.get_by_role("link", name="確かめる").first.wait_for()
    operator.goto(f"{world.origin}/listings")
    look(operator, "listings")
    operator.get_by_role("button", name="住民向けのページに載せる").click()
    stranger.reload()
    expect(stranger.locator("body")).to_contain_text(NAME)
    expect(stranger.locator("body")).not_to_contain_text("﨑本")
    look(stranger, "public")
