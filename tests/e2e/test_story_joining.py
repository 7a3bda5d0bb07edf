"""From the public page to the first word of a new person (A3, F1, A18, P1, P2).

An organization applies, has a wrong telephone number, gets its application back, mends it, takes
the training and is approved. Its administrator comes in with a link on paper, a password of her
own, the policy, her pledge and her device, and says something to everybody in the region.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, People, World

WORD, PASSWORD = "ほしのかけら八", "yoi-machi-4128"
OPERATOR = "rashin@suishin.example"
NAME = "宵待訪問看護ステーション"
ROSTER = (
    "氏名\tふりがな\t職種\tメールアドレス\n"
    "宵待 草\tよいまち そう\t看護師\tsou@yoimachi.example\n"
    "月野 輪\tつきの りん\t看護師\trin@yoimachi.example\n"
)


def go_on(page: Page) -> None:
    page.locator("main form button.btn--primary").last.click()


def apply(page: Page, world: World) -> None:
    """The whole application on a phone, up to sending it in."""
    page.goto(f"{world.origin}/join")
    page.fill("#id_name", NAME)
    page.fill("#id_email", "sou@yoimachi.example")
    go_on(page)
    page.locator("main a.btn--primary").click()
    page.select_option("#id_kind", "訪問看護")
    page.fill("#id_kana", "よいまちほうもんかんごすてーしょん")
    page.fill("#id_head", "宵待 草")
    go_on(page)
    page.fill("#id_postal_code", "1050011")
    page.locator("button[name=find]").click()
    expect(page.locator("#id_address")).to_have_value("東京都港区芝公園")
    page.fill("#id_address", "東京都港区芝公園4-2-8")
    page.fill("#id_phone", "03-0000-9999")
    page.fill("#id_email", "info@yoimachi.example")
    go_on(page)
    page.fill("#id_text", ROSTER)
    go_on(page)
    page.locator("input[name=administrator]").first.check(force=True)
    page.locator("main form button.btn--primary").first.click()
    page.locator("input[name=documents_policy][value=ask]").check(force=True)
    page.locator("input[name=training][value=lecture]").check(force=True)
    go_on(page)
    expect(page.locator("article")).to_contain_text("守るべき情報")
    page.fill("#id_name", "宵待 草")
    page.locator("#id_read").check(force=True)
    go_on(page)
    page.wait_for_url("**/join/form/check")
    go_on(page)
    expect(page.locator("main")).to_contain_text("送信しました")


def open_case(desk: Page, world: World) -> None:
    desk.goto(f"{world.origin}/applications")
    desk.locator("a.row", has_text=NAME).first.click()


def number_on(page: Page) -> str:
    page.wait_for_load_state()
    found = re.search(r"[0-9A-Z]{5}(-[0-9A-Z]{5}){3}", page.locator("main").inner_text())
    assert found
    return found[0]


def come_in(page: Page, world: World, token: str) -> None:
    """A password of one's own, the disaster card, the policy."""
    page.goto(f"{world.origin}/begin?paper#{token}")
    for name, value in (("word", WORD), ("password1", PASSWORD), ("password2", PASSWORD)):
        page.fill(f"[name={name}]", value)
    page.locator("main form button").first.click()
    page.wait_for_url(re.compile("/policy/confirm|/me/card"))
    page.goto(f"{world.origin}/policy/confirm")
    page.locator("#confirm button").click()
    page.wait_for_url("**/home")


def ask_for_device(page: Page, world: World) -> None:
    page.goto(f"{world.origin}/device/ask")
    page.locator("input[name=ownership][value=organization]").check(force=True)
    for box in page.locator("fieldset input[type=checkbox]").all():
        box.check(force=True)
    page.locator("main form button.btn--primary").click()
    page.wait_for_url("**/device")


@pytest.mark.clause("A3", "F1", "A18", "P1", "P2")
def test_from_the_public_page_to_the_first_word(people: People, world: World) -> None:
    hers = people.window(PHONE)
    apply(hers, world)

    desk = people.ready(world.who(email=OPERATOR))
    open_case(desk, world)
    expect(desk.locator("button[value=approve]")).to_have_count(0)  # the training is missing
    desk.fill("#id_note", "電話番号が違うようです。お確かめください。")
    desk.locator("button[value=return]").click()
    number = number_on(desk)

    hers.goto(f"{world.origin}/join/back#{number}")
    hers.locator("main form button").click()
    hers.wait_for_url("**/join/form/check")
    expect(hers.locator("main")).to_contain_text("電話番号が違うようです")
    hers.goto(f"{world.origin}/join/form/place")
    hers.fill("#id_phone", "03-0000-1002")
    go_on(hers)
    hers.wait_for_url("**/join/form/check")
    go_on(hers)
    expect(hers.locator("main")).to_contain_text("送信しました")

    open_case(desk, world)
    desk.fill("#id_on", "2026-11-20")
    desk.locator("input[name=way][value=lecture]").check(force=True)
    desk.locator("section[aria-labelledby=training] button").click()
    desk.locator("section[aria-labelledby=approve] button").click()
    expect(desk.locator("main")).to_contain_text("本日から参加")

    desk.goto(f"{world.origin}/administrators?q=宵待")
    desk.locator("a[href$='/access']").first.click()
    desk.fill("[name=word]", WORD)
    desk.locator("main form button.btn--big").first.click()
    desk.wait_for_selector("img.qr")
    come_in(hers, world, desk.locator("b.key-text").inner_text())

    hers.locator("a[href^='/pledge/']").first.click()  # before it nothing opens
    hers.fill("#id_name", "宵待 草")
    hers.locator("main form button.btn--primary").click()
    ask_for_device(hers, world)
    desk.goto(f"{world.origin}/devices/first")
    desk.locator("a.row", has_text=NAME).click()
    desk.locator("main form button.btn--primary").click()

    hers.goto(f"{world.origin}/groups")
    hers.locator("a.row").first.click()
    expect(hers.locator("header.group-head")).to_contain_text("患者さんの情報を書きません")
    hers.fill("#text", "宵待訪問看護ステーションです。どうぞよろしくお願いします。")
    hers.locator("[data-check]").click()
    hers.locator("[data-go]").click()
    expect(hers.locator("#log")).to_contain_text("どうぞよろしくお願いします")

    doctor = people.ready(world.who(email="fujigaya@hoshimi.example"))
    expect(doctor.locator("main")).to_contain_text("どうぞよろしく")
    outside = people.window()
    outside.goto(f"{world.origin}/organizations")
    expect(outside.locator("main")).to_contain_text(NAME)
