"""Scenario S9: a dietitian wants to show a case at a study meeting.

The patient declined that, so it is refused with the reason; later the patient agrees, author and
manager permit, and an extract without the person in it is made, marked, logged, and ends. Meanwhile
the care manager takes a permitted message over into her own record.
"""

import re
import sqlite3
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World

SAID = "髙橋ハナさん（88歳）、11月3日から歩行器で廊下を往復。星見市民病院の鈴木先生に報告済みです。"
PAINS = "膝の痛みは朝だけです。"
PATIENT = "髙橋 ハナ"


def write(page: Page, text: str) -> None:
    page.fill("#write [name=text]", text)
    page.click("#write [data-check]")
    page.locator("#sheet [data-go]").click()
    expect(page.locator(".message-text", has_text=text).first).to_be_visible()


def group_of(page: Page, world: World) -> str:
    page.goto(f"{world.origin}/patients")
    row = page.locator("main a[href^='/groups/']", has_text=PATIENT).first
    found = re.search(r"/groups/([0-9a-f-]{36})", row.get_attribute("href") or "")
    assert found
    return found[1]


def choose(page: Page, world: World, group: str, *texts: str) -> None:
    """Choose messages in the timeline, and go on to asking."""
    page.goto(f"{world.origin}/groups/{group}")
    page.click("[data-choose]")
    for text in texts:
        article = page.locator("article[data-message]", has_text=text).last
        article.locator("> .message-head .pick input").check()
    page.click("[data-chooser] [data-go]")


def ask(page: Page, purpose: str, detail: str) -> str:
    """Fill in and send the request; its address."""
    page.locator(f"input[name=purpose][value={purpose}]").check(force=True)
    page.fill("[name=detail]", detail)
    page.get_by_role("button", name="お願いを送る").click()
    page.wait_for_url(re.compile(r"/reuse/[0-9a-f-]{36}$"))
    return page.url


def change_consent(page: Page, world: World, group: str, purpose_8: str) -> None:
    """The physician records that the patient changed purpose 8 of form 4."""
    with sqlite3.connect(f"file:{world.data / 'renkei.db'}?mode=ro", uri=True) as data:
        found = data.execute("SELECT patient_id FROM group_group WHERE id = ?", [UUID(group).hex])
        patient = UUID(found.fetchone()[0])
    page.goto(f"{world.origin}/patients/{patient}/consent/change")
    page.locator(f"input[name=purpose_8][value={purpose_8}]").check(force=True)
    today = (datetime.now(UTC) + timedelta(hours=9)).date().isoformat()
    page.fill("[name=changed_on]", today)
    page.locator("input[name=how][value=meeting]").check(force=True)
    page.locator("input[name=signer][value=self]").check(force=True)
    page.locator("input[name=way][value=paper]").check(force=True)
    page.fill("[name=receipt_on]", today)
    page.locator("input[name=told]").check(force=True)
    page.locator("main form button.btn--primary").last.click()
    page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}$"))


def copy_as_text(page: Page) -> str:
    """Open the permitted copy as text; what leaves."""
    with page.expect_response(re.compile(r"/copy$")) as answered:
        page.get_by_role("button", name="文字で開く").click()
    text = answered.value.text()
    page.go_back()
    return text


def test_secondary_use(world: World, people: People) -> None:
    def who(email: str, size: dict | None = None) -> Page:
        return people.ready(world.who(email=email), size)

    nurse = who("takatori@tsumugi.example", PHONE)
    physician = who("fujigaya@hoshimi.example", DESK)
    dietitian = who("yamanashi@kaza.example", DESK)
    group = group_of(nurse, world)
    nurse.goto(f"{world.origin}/groups/{group}")
    write(nurse, SAID)
    write(nurse, PAINS)
    change_consent(physician, world, group, "no")

    # what the patient declined is refused, with the reason
    choose(dietitian, world, group, SAID, PAINS)
    first = ask(dietitian, "outside", "症例検討会で経過を紹介したいです。")
    expect(dietitian.locator("main")).to_contain_text("この目的での利用に同意していません")
    expect(dietitian.locator("main a[href$='/anonymise']")).to_have_count(0)

    # a month later the patient agrees: it can be asked for again, from the refused request
    change_consent(physician, world, group, "yes")
    dietitian.goto(first)
    dietitian.get_by_role("link", name="もう一度お願いする").click()
    request = ask(dietitian, "outside", "症例検討会で経過を紹介したいです。")
    expect(dietitian.locator("main")).to_contain_text("グループ管理者")

    # the author answers with one tap on the telephone, the manager on his desk
    nurse.goto(f"{world.origin}/home")
    path = re.sub(r"^https?://[^/]+", "", request)
    nurse.locator(f"a[href='{path}']").click()
    nurse.get_by_role("button", name="許可する", exact=True).click()
    expect(nurse.get_by_role("button", name="許可を取り消す")).to_be_visible()
    physician.goto(f"{world.origin}/home")
    physician.locator(f"a[href='{path}']").click()
    physician.get_by_role("button", name="許可する", exact=True).click()
    expect(physician.locator("main")).to_contain_text("許可しました")

    # nothing opens before somebody has taken out who it is, place by place
    dietitian.goto(request)
    expect(dietitian.get_by_role("button", name="文字で開く")).to_have_count(0)
    dietitian.locator("main a[href$='/anonymise']").click()
    dietitian.get_by_role("button", name="終える: この文だけを渡す").click()
    expect(dietitian.locator("[role=alert]")).to_contain_text("決めていない")
    for place in dietitian.locator("[data-decide]").all():
        place.locator("input[value=take]").check(force=True)
    expect(dietitian.locator("[data-after]").first).to_contain_text("A氏")
    dietitian.locator("input[name=read]").check(force=True)
    dietitian.get_by_role("button", name="終える: この文だけを渡す").click()
    dietitian.wait_for_url(re.compile(r"/reuse/[0-9a-f-]{36}$"))

    text = copy_as_text(dietitian)
    assert "80代" in text and PAINS in text
    for secret in (
        "髙橋",
        "高橋",
        "ハナ",
        "88歳",
        "11月3日",
        "星見市民病院",
        "鈴木",
        "鷹取",
        "つむぎ",
    ):
        assert secret not in text, secret

    # in parallel the care manager puts a permitted message into 支援経過
    manager = who("ujii@koyomi.example", DESK)
    choose(manager, world, group, PAINS)
    record = ask(manager, "record", "支援経過に書きます。")
    nurse.goto(record)
    nurse.get_by_role("button", name="許可する", exact=True).click()
    manager.goto(record)
    manager.get_by_role("button", name="支援経過に貼る文にする").click()
    expect(manager.locator("#record")).to_have_value(re.compile(f"鷹取 みさ.*\n{PAINS}"))

    # nobody else opens it; it is in the register of both ends; and when taken back it is over
    dietitian.goto(record)
    expect(dietitian.locator("body")).not_to_contain_text(PAINS)
    chief = who("ogai@hoshimi.example", DESK)
    chief.goto(f"{world.origin}/reuse/register")
    expect(chief.locator("main")).not_to_contain_text(PAINS)
    nurse.goto(record)
    expect(nurse.locator("main")).to_contain_text("1回")
    nurse.get_by_role("button", name="許可を取り消す").click()
    manager.goto(record)
    expect(manager.get_by_role("button", name="文字で開く")).to_have_count(0)

    # printed, a timeline says how to ask
    nurse.goto(f"{world.origin}/groups/{group}")
    nurse.emulate_media(media="print")
    expect(nurse.locator(".print-words")).to_be_visible()
    expect(nurse.locator(".message-text").first).to_be_hidden()


@pytest.fixture(autouse=True)
def _each_opening_is_in_the_register(world: World) -> object:
    """After the story every copy that was opened has its line."""
    yield
    with sqlite3.connect(f"file:{world.data / 'renkei.db'}?mode=ro", uri=True) as data:
        ways = data.execute("SELECT way, COUNT(*) FROM disclosure_reuseopening GROUP BY way")
        assert dict(ways.fetchall()) == {"text": 1, "record": 1}
