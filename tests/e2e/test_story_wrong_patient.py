"""Scenario S5: the wrong patient's group. Read by two, withdrawn, the two named, and reported."""

import io
import json
import re
import zipfile
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World
from tests.e2e.test_story_guard import group_of
from tests.e2e.test_story_live import heard, opened
from tests.e2e.test_story_notification import SUBSCRIBES
from tests.notification.world import Browser, push_service, text

WORD = "ひなげしの軟膏"
WRONG = f"佐藤一郎さんの背中に{WORD}を塗りました。"
RIGHT = f"背中に{WORD}を塗りました。"


def _act(page: Page, message: Locator, name: str) -> None:
    """Open what can be done with a message, and do one thing."""
    message.locator(".receipts a[aria-label]").last.click()
    page.locator("#sheet").get_by_role("link", name=name).click()


def _told_at_once(page: Page, world: World, browser: Browser) -> None:
    """Turn notifications on in this browser, and mail each time."""
    made = {"endpoint": browser.endpoint, "p256dh": text(browser.point),
            "auth": text(browser.auth)}  # fmt: skip
    page.add_init_script(SUBSCRIBES % json.dumps(made))
    page.context.grant_permissions(["notifications"], origin=world.origin)
    page.goto(f"{world.origin}/me/notifications")
    page.get_by_label("そのつど").check()
    page.get_by_role("button", name="保存").click()
    page.locator("[data-on]").click()
    expect(page.locator("[data-off]")).to_be_visible()


def _hits(page: Page, world: World) -> Locator:
    page.goto(f"{world.origin}/search")
    page.fill("[name=words]", WORD)
    page.locator(".finder button").first.click()
    page.wait_for_url("**/search/found")
    return page.locator(".hit")


def _own_backup(page: Page, world: World) -> bytes:
    """Everything in what she takes with her of what she wrote."""
    page.goto(f"{world.origin}/own-backup")
    page.locator("main form button").first.click()
    page.fill("[name=password]", world.password)  # it is asked for once more
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/own-backup")
    with page.expect_download() as waiting:
        page.locator("main form button").first.click()
    with zipfile.ZipFile(io.BytesIO(waiting.value.path().read_bytes())) as archive:
        return b"".join(archive.read(one) for one in archive.namelist())


@pytest.mark.clause("N3.3", "N3.8", "N3.11")
def test_what_went_to_the_wrong_patient_is_taken_back_and_who_read_it_is_named(
    people: People, world: World
) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    phone = people.ready(nurse, PHONE)
    wrong, right = (group_of(phone, world, name) for name in ("佐藤 二郎", "佐藤 一郎"))
    key = urlparse(wrong).path.rsplit("/", 1)[-1]
    inside = [one for one in world.people if key in {group["id"] for group in one["groups"]}]
    first, second, *_ = [one for one in inside if one["email"] != nurse["email"]]
    reading, also = people.ready(first, DESK), people.ready(second, PHONE)
    with push_service() as service:
        browser = Browser(service)
        _told_at_once(reading, world, browser)
        for page in (also, phone):
            opened(page, world, key)

        # the warning appears; she overlooks it, and the line is cut before the answer is back
        phone.fill("#write [name=text]", WRONG)
        phone.select_option("#write [name=importance]", "urgent")
        expect(phone.locator("[data-saved]")).to_have_text("下書きを保存しました", timeout=9000)
        phone.context.set_offline(True)
        phone.click("#write [data-check]")
        expect(phone.locator("#write [role=alert].error")).to_be_visible()
        phone.context.set_offline(False)
        phone.click("#write [data-check]")
        sheet = phone.locator("#sheet")
        expect(sheet).to_contain_text("別の患者さんのことではありませんか")
        sheet.locator("[name=named]").check(force=True)

        def cut(route) -> None:
            route.fetch()
            route.abort()

        phone.route("**/messages", cut, times=1)
        sheet.locator("[data-go]").click()
        expect(sheet).not_to_be_visible(timeout=15_000)
        heard(phone, WORD)

        # what the device and the mailbox got says nothing of it; two read it, one who was told
        for _ in range(100):
            if service.got and list((world.data / "outbox").glob("*.eml")):
                break
            phone.wait_for_timeout(100)
        assert service.got
        for pushed in service.got:
            said = json.dumps(browser.opened(pushed.body), ensure_ascii=False)
            assert WORD not in said and "佐藤" not in said
        opened(reading, world, key)
        for page in (reading, also):
            heard(page, WORD, 10_000)
            page.locator("article", has_text=WORD).last.scroll_into_view_if_needed()
        mine = phone.locator("article.message", has_text=WORD).last
        address = mine.locator(".receipts a[aria-label]").last.get_attribute("href")
        receipts = f"{world.origin}{address}/receipts"
        for _ in range(50):
            if {first["name"], second["name"]} <= _read_by(phone, receipts):
                break
            phone.wait_for_timeout(200)

        # she takes it back; the line is cut twice, and it is one withdrawal
        _act(phone, mine, "取り下げる")
        sheet.locator("[name=choice]").first.check(force=True)
        phone.context.set_offline(True)
        sheet.get_by_role("button", name="取り下げる").click()
        expect(phone.locator(".toast")).to_be_visible()
        phone.context.set_offline(False)
        phone.route("**/withdraw", cut, times=1)
        sheet.get_by_role("button", name="取り下げる").click()
        phone.wait_for_timeout(500)
        sheet.get_by_role("button", name="取り下げる").click()

        # the two are named, and nobody else
        named = sheet.locator("[data-readers] li")
        expect(named).to_have_count(2)
        for one in (first, second):
            expect(sheet.locator("[data-readers]")).to_contain_text(one["name"])
        for page in (reading, also):
            expect(page.locator(".message-text", has_text=WORD)).to_have_count(0, timeout=10_000)

    # a draft of the report opens: who read it and when, never the words or the patients
    sheet.get_by_role("link", name="事故として報告").click()
    phone.wait_for_url("**/report?withdrawn=*")
    expect(phone.locator("[name=kind][value=wrong_post]")).to_be_checked()
    draft = phone.locator("[name=what]").input_value()
    assert first["name"] in draft and second["name"] in draft
    assert WORD not in draft and "佐藤" not in draft
    phone.locator("#tell button").click()
    expect(phone.get_by_text("届きました")).to_be_visible()

    # gone from the group, search, what she takes with her, mail; its trace is not
    for page in (phone, reading):
        expect(_hits(page, world)).to_have_count(0)
    assert WORD.encode() not in _own_backup(phone, world)
    for mail in (world.data / "outbox").glob("*.eml"):
        assert WORD.encode() not in mail.read_bytes()
    assert {first["name"], second["name"]} <= _read_by(phone, receipts)
    assert phone.request.get(f"{world.origin}{address}/versions").status == 404
    opened(phone, world, key)
    expect(phone.locator(".message-text", has_text=WORD)).to_have_count(0)

    # where it belongs it is said once, and a correction keeps what stood there before
    phone.goto(right)
    phone.fill("#write [name=text]", RIGHT)
    phone.click("#write [data-check]")
    sheet.locator("[data-go]").click()
    heard(phone, WORD)
    mine = phone.locator("article.message", has_text=WORD).last
    _act(phone, mine, "訂正する")
    sheet.locator("[name=text]").fill(RIGHT + "赤みは引きました。")
    sheet.locator("footer button").last.click()
    heard(phone, "赤みは引きました", 10_000)
    _act(phone, phone.locator("article.message", has_text=WORD).last, "訂正の前を見る")
    for words in (RIGHT, RIGHT + "赤みは引きました。"):
        expect(sheet.get_by_text(words, exact=True)).to_be_visible()


def _read_by(page: Page, address: str) -> set[str]:
    """Who has read it, as the page that its author sees says."""
    html = page.request.get(address).text()
    after = html.partition("読んだ人")[2] or html
    return set(re.findall(r"[一-龠々ヶ﨑髙ぁ-んァ-ヶー]+ [一-龠々ぁ-んァ-ヶー]+", after))
