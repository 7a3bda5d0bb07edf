"""A nurse measures on her phone, by keyboard alone; the physician sets what is usual."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, People, World
from tests.e2e.test_accessibility import found_wrong


def test_what_is_measured_becomes_a_line(people: People, world: World) -> None:
    doctor = world.who(email="fujigaya@hoshimi.example")
    nurse = world.who(email="takatori@tsumugi.example")
    hers = {group["id"] for group in nurse["groups"]}
    shared = next(one["id"] for one in doctor["groups"] if one["id"] in hers and one["patient"])

    phone = people.ready(nurse, PHONE)
    phone.goto(f"{world.origin}/groups/{shared}")
    phone.locator("[data-vitals] summary").focus()
    phone.keyboard.press("Enter")
    expect(phone.locator("#v_temperature")).to_be_focused()
    for typed in ("34.1", "132", "74", "", "101"):  # return leads from field to field
        phone.keyboard.type(typed)
        phone.keyboard.press("Enter")
    expect(phone.locator("#sheet")).to_be_hidden()
    expect(phone.locator("#v_spo2")).to_have_attribute("inputmode", "decimal")

    # what nobody can have measured comes back, and the field to mend is where one is
    phone.click("#write [data-check]")
    expect(phone.locator("#write [data-error]")).to_contain_text("ありえない値")
    expect(phone.locator("#v_spo2")).to_be_focused()
    expect(phone.locator("#v_temperature")).to_have_value("34.1")
    phone.keyboard.press("Control+A")
    phone.keyboard.type("96")
    phone.click("#write [data-check]")

    # what is unusual is asked about
    sheet = phone.locator("#sheet")
    expect(sheet).to_contain_text("本当に 体温 34.1℃ ですか。")
    sheet.locator("[data-go]").press("Enter")
    expect(sheet).to_be_visible()
    sheet.locator("[name=sure]").press("Space")
    sheet.locator("[data-go]").press("Enter")
    said = phone.locator("article.message").last
    expect(said.locator("dl.vitals")).to_contain_text("132/74")
    expect(phone.locator("#v_temperature")).to_have_value("")

    # the physician says what is usual, and sees it drawn
    desk = people.ready(doctor, DESK)
    desk.goto(f"{world.origin}/groups/{shared}/vitals/ranges")
    desk.fill("[name=low_spo2]", "97")
    desk.fill("[name=high_spo2]", "99")
    desk.get_by_role("button", name="この目安にする").click()
    desk.wait_for_url(re.compile(rf"/groups/{shared}/vitals$"))
    expect(desk.locator("svg .chart-band").first).to_be_attached()
    row = desk.locator(".vital-table tbody tr").first
    expect(row).to_contain_text("132/74")
    expect(row.locator("[data-side=low]")).to_have_count(2)

    pages = f"{world.origin}/groups/{shared}/vitals"
    for page, address in ((phone, f"{pages}?span=3m"), (desk, f"{pages}/ranges"), (desk, pages)):
        assert found_wrong(page, address) == []
    phone.goto(f"{world.origin}/groups/{shared}")
    said = phone.locator("article.message").last

    # taken back, it is gone from graph and table
    rows = desk.locator(".vital-table tbody tr").count()
    said.locator(".receipts a[aria-label]").last.click()
    sheet.get_by_role("link", name="取り下げる").click()
    sheet.locator("[name=choice]").first.check(force=True)
    sheet.get_by_role("button", name="取り下げる").click()
    expect(sheet).to_be_hidden()
    desk.reload()
    expect(desk.locator(".vital-table tbody tr")).to_have_count(rows - 1)
