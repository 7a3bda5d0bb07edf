"""The members of a group are gone through in a minute; the last manager leaves in three taps.

Who is released sees the page empty within the second; the certificate is a paper; the reason for
leaving is read by who manages the group then.
"""

import re
import sqlite3
import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World

MANAGER = "kumegawa@hoshimi.example"
DAYS = 24 * 60 * 60 * 1_000_000


def managed_alone(world: World, who: dict) -> str:
    """A group that the person manages and a colleague of theirs and others are in."""
    with sqlite3.connect(world.data / "renkei.db") as database:
        found = database.execute(
            """SELECT g.id FROM group_group g
            JOIN group_member m ON m.group_id = g.id AND m.manager AND m.ended_at IS NULL
            JOIN people_account a ON a.id = m.account_id AND a.email = ?
            WHERE g.kind = 'patient' ORDER BY
              (SELECT COUNT(*) FROM group_member x WHERE x.group_id = g.id) DESC LIMIT 1""",
            [who["email"]],
        ).fetchone()
        group = found[0]
        database.execute(
            "UPDATE group_group SET opened_at = opened_at - ? WHERE id = ?", [100 * DAYS, group]
        )
        database.execute(
            """UPDATE group_member SET manager = 0 WHERE group_id = ? AND account_id NOT IN
            (SELECT id FROM people_account WHERE email = ?)""",
            [group, who["email"]],
        )
    return f"{group[:8]}-{group[8:12]}-{group[12:16]}-{group[16:20]}-{group[20:]}"


def decide(page: Page, name: str, what: str) -> None:
    page.locator(".review-one", has_text=name).locator(f"input[value={what}]").check(force=True)


@pytest.mark.clause("N1.2", "N3.6")
def test_the_members_are_gone_through_and_the_last_manager_leaves(
    people: People, world: World
) -> None:
    manager = world.who(email=MANAGER)
    group = managed_alone(world, manager)
    phone = people.ready(manager, PHONE)
    phone.locator(f"a[href='/groups/{group}/review']").click()
    phone.wait_for_url(f"**/groups/{group}/review")
    rows = phone.locator(".review-one")
    count = rows.count()
    assert count >= 3
    others = [
        one for one in world.people
        if group in {part["id"] for part in one["groups"]} and one["email"] != MANAGER
    ]  # fmt: skip
    released, stays = others[0], others[1]

    open_page = people.ready(released, DESK)
    open_page.goto(f"{world.origin}/groups/{group}")
    expect(open_page.locator(".message").first).to_be_visible()

    began = time.perf_counter()
    phone.locator("button[value=keep]").click()  # those about whom nothing stands out
    decide(phone, released["name"], "release")
    box = phone.locator(".review-one", has_text=released["name"])
    expect(box.locator("input[name^=reason]")).to_be_visible()
    for at in range(count):
        if not rows.nth(at).locator("input[type=radio]:checked").count():
            rows.nth(at).locator("input[value=keep]").check(force=True)
    finish = phone.locator(".sticky-foot .btn--primary")
    expect(finish).not_to_contain_text("/")
    finish.click()  # without the reason nothing is done, and what was chosen stays
    expect(phone.locator(".error-summary")).to_be_visible()
    box.locator("input[name^=reason]").fill("担当が替わったため")
    finish.click()
    phone.wait_for_url("**/manage")
    print(f"{count} members were gone through in {time.perf_counter() - began:.1f} s")
    open_page.wait_for_function("!document.querySelector('.message')", timeout=10_000)
    paper = phone.request.get(f"{world.origin}/groups/{group}/reviews/1.pdf")
    assert paper.ok and paper.body().startswith(b"%PDF")
    expect(phone.locator("main")).to_contain_text("第1回")
    phone.goto(f"{world.origin}/home")
    expect(phone.locator(f"a[href='/groups/{group}/review']")).to_have_count(0)

    phone.goto(f"{world.origin}/groups/{group}/members")
    phone.locator("a[href$='/leave']").click()
    phone.locator("button[value=moved]").click()  # nobody would manage it
    expect(phone.locator(".error-summary")).to_be_visible()
    successor = phone.locator("input[name=successor]").first
    name = phone.locator("#id_successor .person-name").first.inner_text()
    successor.check(force=True)
    phone.locator("button[value=moved]").click()
    phone.wait_for_url(re.compile("/groups$"))
    expect(phone.locator("main")).not_to_contain_text(group)
    assert phone.request.get(f"{world.origin}/groups/{group}").status in (403, 404)
    phone.goto(f"{world.origin}/me/groups")
    expect(phone.locator("main li")).to_have_count(1)

    heir = people.ready(world.who(name=name), DESK)
    heir.goto(f"{world.origin}/groups/{group}/manage")
    heir.locator("details.more summary", has_text="以前の参加者").click()
    expect(heir.locator("main")).to_contain_text("異動・退職する")
    colleague = people.ready(stays, DESK)
    if stays["name"] != name:
        colleague.goto(f"{world.origin}/groups/{group}/members")
        colleague.locator("details.more summary", has_text="以前の参加者").click()
        expect(colleague.locator("main")).not_to_contain_text("異動・退職する")
