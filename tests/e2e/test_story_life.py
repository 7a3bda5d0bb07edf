"""The life of a group: how it is used, a hand-over, a death, the archive and the way back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World

PHYSICIAN = "fujigaya@hoshimi.example"  # registers patients, manages their groups
RECEIVER = "itomaki@tsumugi.example"  # an administrator of the station
WORDS = "報告はその日のうちに。急ぎは電話で。"


def managed(world: World) -> Iterator[dict]:
    """The groups that the physician manages, from the last: other stories use the first."""
    yield from reversed([one for one in world.who(email=PHYSICIAN)["groups"] if one["manager"]])


def other_member(world: World, group: str) -> dict:
    return next(
        one
        for one in world.people
        if one["email"] not in (PHYSICIAN, RECEIVER)
        and group in {part["id"] for part in one["groups"]}
    )


def text_of(page: Page) -> str:
    page.wait_for_load_state()
    return page.locator("main").inner_text()


@pytest.mark.clause("A11.8", "A16.e", "A11.6", "N2.1")
def test_a_group_from_its_agreement_to_the_archive_and_back(people: People, world: World) -> None:
    one = next(managed(world))
    group = f"{world.origin}/groups/{one['id']}"
    manager = people.ready(world.who(email=PHYSICIAN), DESK)
    manager.goto(f"{group}/charter")
    manager.locator("main a.btn--primary").click()
    expect(manager.locator("textarea[name=text]")).to_have_value(re.compile("二次利用"))
    manager.fill("textarea[name=text]", WORDS)
    manager.check("input[name=record]")
    manager.locator("main form button.btn--primary").click()
    expect(manager.locator("main")).to_contain_text(WORDS)

    member = people.ready(other_member(world, one["id"]), PHONE)
    expect(member.locator("main")).to_contain_text("使い方の取決めを読んでください")
    member.goto(group)
    expect(member.locator(".charter")).to_contain_text(WORDS)
    member.locator(".charter button.btn--primary").click()
    expect(member.locator(".charter")).to_have_count(0)
    expect(member.locator(".group-facts")).to_contain_text("取決め")
    name = other_member(world, one["id"])["name"].split()[0]
    manager.reload()
    expect(manager.locator("section[aria-labelledby=read]")).to_contain_text(name)

    manager.goto(f"{world.origin}/patients/{one['patient']}/death")
    manager.fill("input[name=died_on]", "2026-11-01")
    manager.locator("main form button.btn--primary").first.click()
    expect(manager.locator("main")).to_contain_text("ご逝去")
    manager.goto(f"{world.origin}/home")
    expect(manager.locator("main")).to_contain_text("急ぐ必要はありません")
    member.goto(group)
    expect(member.locator("main")).to_contain_text("ご逝去が記録されました")
    expect(member.locator("#write")).to_be_visible()  # nothing moved by itself

    manager.goto(f"{group}/archive")
    manager.locator("main form button.btn--primary").click()
    expect(manager).to_have_url(re.compile("/groups/archive$"))
    expect(member.locator("#write")).to_have_count(1)
    member.goto(group)
    expect(member.locator(".composer--closed")).to_contain_text("保管されています")
    member.goto(f"{world.origin}/patients")
    assert one["id"] not in member.content()
    member.goto(f"{world.origin}/groups/archive")
    expect(member.locator(f"a[href$='{one['id']}']")).to_be_visible()

    manager.goto(f"{group}/archive/back")
    manager.fill("textarea[name=reason]", "ご家族と振り返るため")
    manager.locator("main form button.btn--primary").click()
    member.goto(group)
    expect(member.locator("#write")).to_be_visible()


@pytest.mark.clause("A4")
def test_a_patient_passes_to_another_organization(people: People, world: World) -> None:
    theirs = {part["id"] for who in world.people if who["email"].endswith("@tsumugi.example")
              for part in who["groups"]}  # fmt: skip
    two = next(one for one in list(managed(world))[1:] if one["id"] in theirs)
    record = f"{world.origin}/patients/{two['patient']}"
    source = people.ready(world.who(email=PHYSICIAN), DESK)
    source.goto(record)
    name = source.locator(".whose .group-name").inner_text().split()[0]
    source.locator("a[href$='/hand-over']").click()
    target = source.locator("option", has_text="つむぎ").get_attribute("value")
    source.select_option("select[name=target]", target)
    source.fill("textarea[name=why]", "訪問看護が中心になるため")
    source.fill("input[name=told_on]", "2026-11-01")
    source.locator("main form button.btn--primary").click()
    expect(source).to_have_url(re.compile("/hand-overs/"))

    receiver = people.ready(world.who(email=RECEIVER), PHONE)
    receiver.locator("a[href*='/hand-overs/']").first.click()
    expect(receiver.locator("main")).to_contain_text("訪問看護が中心になるため")
    assert name not in text_of(receiver)
    assert receiver.goto(record).status == 403
    receiver.go_back()
    receiver.locator("input[name=original][value=stays]").check(force=True)
    receiver.locator("main form button.btn--big").click()
    expect(receiver).to_have_url(record)
    assert name in text_of(receiver)

    assert source.goto(record).status == 403
    source.goto(f"{world.origin}/groups/{two['id']}")
    expect(source.locator("main")).to_contain_text("連携元事業所が替わりました")
    expect(source.locator(".group-head")).to_contain_text("つむぎ")
    source.goto(f"{world.origin}/home")
    expect(source.locator("main")).to_contain_text("引き継ぎが済みました")
