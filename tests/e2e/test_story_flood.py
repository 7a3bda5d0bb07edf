"""A flood at night: declared in two taps, a doctor on his son's phone, and what remains of it."""

import re
import sqlite3
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World


@pytest.fixture
def doctor(world: World) -> Iterator[dict]:
    """A physician whose browsers are not taken for the demo's own device."""
    found = next(
        one for one in world.people
        if one["profession"] == "医師" and one["groups"]
        and one["email"] != "fujigaya@hoshimi.example"
    )  # fmt: skip
    run(world, "UPDATE people_account SET demo = 0 WHERE email = ?", found["email"])
    yield found
    run(world, "UPDATE people_account SET demo = 1 WHERE email = ?", found["email"])


def run(world: World, sql: str, *values: object) -> None:
    """Change the server's own database: what time, or a life before, would have done."""
    with sqlite3.connect(world.data / "renkei.db", timeout=20) as database:
        database.execute(sql, values)


def administrator_of(world: World, person: dict) -> dict:
    with sqlite3.connect(world.data / "renkei.db", timeout=20) as database:
        emails = [
            row[0]
            for row in database.execute(
                "SELECT a.email FROM people_account a JOIN people_practitionerrole r"
                " ON r.account_id = a.id JOIN people_organization o ON o.id = r.organization_id"
                " WHERE r.administrator AND r.ended_at IS NULL AND o.name = ?",
                [person["organization"]],
            )
        ]
    return next(one for one in world.people if one["email"] in emails)


def operators(world: World) -> list[dict]:
    return [one for one in world.people if one["profession"] == "運営事務局"] or [
        one for one in world.people if not one["groups"] and not one["profession"]
    ]


def printed_card(page: Page, world: World) -> list[str]:
    page.goto(f"{world.origin}/me/card")
    page.click("form[action='/me/card'] button")
    expect(page.locator(".codes li").first).to_be_visible()
    page.wait_for_load_state()
    return page.locator(".codes li").all_inner_texts()


@pytest.mark.clause("A20")
def test_a_flood_at_night(people: People, world: World, doctor: dict) -> None:
    group = f"{world.origin}/groups/{doctor['groups'][0]['id']}"
    numbers = printed_card(people.sign_in(doctor, PHONE), world)
    assert len(numbers) == 10
    first, second = (people.ready(one, PHONE) for one in operators(world)[:2])

    # at 03:10 the operator declares it: two taps from the home page
    began = time.monotonic()
    first.click("a[href='/disasters/declare']")
    first.click("button[value=storm]")
    first.wait_for_url("**/disaster")
    assert time.monotonic() - began < 10
    expect(first.locator(".banner")).to_contain_text("災害時利用")

    # the second person confirms it
    second.goto(f"{world.origin}/home")
    second.click(".task a[href*='/disasters/']")
    second.click("form[action$='/confirm'] button")
    expect(second.locator("dl.facts").first).to_contain_text("確認済み")

    # the doctor, on his son's phone: nothing opens, then a number of the card and a reason
    phone = people.sign_in(doctor, PHONE)
    assert phone.goto(group).status == 403
    phone.goto(f"{world.origin}/home")
    expect(phone.locator(".banner")).to_contain_text("災害時利用")
    phone.click(".task a[href='/emergency']")
    phone.fill("input[name=code]", numbers[0])
    phone.fill("input[name=reason]", "自宅が浸水し、息子の電話から")
    phone.click("form button.btn--primary")
    phone.wait_for_url("**/home")
    expect(phone.locator(".banner")).to_contain_text("この端末は台帳にありません")
    assert phone.goto(group).status == 200
    expect(phone.locator(".strip")).to_be_in_viewport()

    # what became of all his patients, on the page of bare text, saved at once
    phone.goto(f"{world.origin}/safety/text")
    assert len(phone.content().encode()) < 30_000
    assert phone.locator("script, img, svg").count() == 0
    rows = phone.locator("select[name=s]")
    count = rows.count()
    assert count > 0
    for at in range(count):
        rows.nth(at).select_option("safe")
    phone.locator("input[name=p]").first.fill("みどり野小学校")
    rows.first.select_option("help")
    phone.click("button")
    phone.wait_for_url("**/safety/text?saved=*")
    assert f"saved={count}" in phone.url
    expect(phone.locator("body")).to_contain_text("みどり野小学校")

    # it ends by itself: the phone opens nothing any more
    run(
        world,
        "UPDATE region_disasteruse SET until = ? WHERE ended_at IS NULL AND until > ?",
        int(time.time() * 1e6), int(time.time() * 1e6),
    )  # fmt: skip
    assert phone.goto(group).status == 403
    phone.goto(f"{world.origin}/safety")
    assert phone.locator("select[name=s]").count() == 0
    page = phone.goto(f"{world.origin}/emergency")
    assert page is not None and phone.locator("input[name=code]").count() == 0

    # his organization closes the phone; the operator checks the list and publishes numbers
    administrator = people.ready(administrator_of(world, doctor), DESK)
    administrator.click(".task a[href='/emergencies']")
    expect(administrator.locator("main")).to_contain_text("自宅が浸水し、息子の電話から")
    administrator.click("button[value=closed]")
    administrator.wait_for_load_state()
    phone.goto(f"{world.origin}/home")
    assert "/sign-in" in phone.url
    first.goto(f"{world.origin}/home")
    first.click(".task a[href*='/disasters/']")
    report = first.locator("main")
    for words in (doctor["name"], "災害カード", "閲覧", "安否の報告", "閉じた"):
        expect(report).to_contain_text(words)
    first.click("form[action$='/publish'] button")
    visitor = people.window(DESK)
    visitor.goto(f"{world.origin}/disasters/results")
    expect(visitor.locator("main")).to_contain_text("閉じた端末")
    assert doctor["name"] not in visitor.content()
    assert re.search(r"使った人\s*1", visitor.locator("main").inner_text())
