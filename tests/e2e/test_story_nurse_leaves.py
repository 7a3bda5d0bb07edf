"""Scenario S7: a nurse leaves, and works elsewhere with the same ID.

Everything of the old organization ends within the second, also on pages that are open; what she
wrote keeps her name and her profession; neither organization sees anything of the other.
"""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World

NURSE = "minatogawa@todai.example"
OLD_ADMINISTRATOR = "takashima@todai.example"
NEW_ADMINISTRATOR = "shirataki@watagumo.example"
WORDS = "申し送り: 水分は一日800ミリまでとのことです。"


def write(page: Page, text: str) -> None:
    page.fill("#write [name=text]", text)
    page.click("#write [data-check]")
    page.locator("#sheet [data-go]").click()
    expect(page.locator("#main")).to_contain_text(text)


def let_go(page: Page, world: World, name: str) -> str:
    """The administrator ends it now, and holds the receipt; the id of the role."""
    page.goto(f"{world.origin}/staff?q={name}")
    page.locator("tbody a.btn").first.click()
    page.locator("a[href$='/leave']").first.click()
    expect(page.locator("main")).to_contain_text(name.split(" ")[0])
    page.locator("button[value=now]").click()  # how she was told is not said: nothing ends
    expect(page.locator(".error-summary")).to_be_visible()
    page.locator("input[name=told][value=in_person]").check(force=True)
    page.locator("input[name=papers]").check(force=True)
    page.locator("button[value=now]").click()
    expect(page.locator("a[href$='leave.pdf']")).to_be_visible()
    found = re.search(r"/staff/([0-9a-f-]{36})/leave", page.url)
    assert found
    return found[1]


@pytest.mark.clause("A8.5", "N1.2", "N3.7")
def test_a_nurse_leaves_and_works_elsewhere(people: People, world: World) -> None:
    who = world.who(email=NURSE)
    group = who["groups"][0]["id"]
    nurse = people.ready(who, DESK)
    nurse.goto(f"{world.origin}/groups/{group}")
    write(nurse, WORDS)

    office = people.ready(world.who(email=OLD_ADMINISTRATOR), DESK)
    role = let_go(office, world, who["name"])
    began = time.perf_counter()
    nurse.wait_for_function("!document.body.innerText.includes('水分は一日')", timeout=10_000)
    took = time.perf_counter() - began
    print(f"an open page showed nothing more after {took:.2f} s")
    assert took < 2
    nurse.goto(f"{world.origin}/groups/{group}")
    expect(nurse).to_have_url(re.compile("/sign-in"))
    receipt = office.request.get(f"{world.origin}/staff/{role}/leave.pdf")
    assert receipt.ok and receipt.body().startswith(b"%PDF")
    office.goto(f"{world.origin}/staff")
    expect(office.locator("main")).not_to_contain_text(who["name"])

    for one in world.people:  # somebody who stays, and whom no other story has taken out of it
        if one["email"] == NURSE or group not in {part["id"] for part in one["groups"]}:
            continue
        colleague = people.ready(one, DESK)
        answer = colleague.goto(f"{world.origin}/groups/{group}")
        if answer is not None and answer.status == 200:
            break
    message = colleague.locator(".message", has_text=WORDS).last
    expect(message).to_contain_text(who["name"].split(" ")[0])

    new_office = people.ready(world.who(email=NEW_ADMINISTRATOR), PHONE)
    new_office.goto(f"{world.origin}/staff/new")
    new_office.fill("[name=name]", "みなとがわ けい")
    new_office.fill("[name=kana]", "みなとがわ けい")
    new_office.select_option("[name=profession]", "看護師")
    new_office.fill("[name=email]", NURSE)
    new_office.locator("main form button.btn--primary").click()
    expect(new_office.locator("main")).not_to_contain_text(who["name"])  # as she herself writes it

    again = people.sign_in(who, PHONE)
    again.locator("button[name=answer][value=right]").click()
    again.wait_for_url("**/home")
    again.goto(f"{world.origin}/patients")
    expect(again.locator("main")).not_to_contain_text("水分は一日")
    assert again.goto(f"{world.origin}/groups/{group}").status in (403, 404)
    new_office.goto(f"{world.origin}/staff")
    expect(new_office.locator("main")).to_contain_text(who["name"])
    office.goto(f"{world.origin}/staff")
    expect(office.locator("main")).not_to_contain_text(who["name"])
