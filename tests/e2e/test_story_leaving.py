"""Leaving the desk: the warning, the draft, the way back; signing out; a lid that was closed."""

import re
import sqlite3
import time
from contextlib import closing

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from renkei.people.sessions import stored_key
from tests.e2e.conftest import DESK, People, World

NURSE = "takatori@tsumugi.example"


def session_of(context: BrowserContext) -> str:
    value = next(one["value"] for one in context.cookies() if one["name"] == "renkei")
    return stored_key(value)


def set_session(world: World, key: str, *, lasts: float, seen_ago: float) -> None:
    """Let a session end in ``lasts`` seconds, as if that were the limit of the region."""
    now = time.time()
    moments = [int((now + shift) * 1_000_000) for shift in (lasts, -seen_ago)]
    with closing(sqlite3.connect(world.data / "renkei.db", timeout=20)) as link, link:
        link.execute(
            "UPDATE people_session SET idle_until = ?, last_seen_at = ?, idle_seconds = ?"
            " WHERE session_key = ?",
            [*moments, max(0, int(lasts)), key],
        )


def idle_left(world: World, key: str) -> float:
    with closing(sqlite3.connect(world.data / "renkei.db", timeout=20)) as link:
        found = link.execute(
            "SELECT idle_until FROM people_session WHERE session_key = ?", [key]
        ).fetchone()
    return found[0] / 1_000_000 - time.time()


def group_of(world: World) -> str:
    return next(one for one in world.who(email=NURSE)["groups"] if one["manager"])["id"]


def shows_nothing(page: Page) -> None:
    for part in ("main", ".rail", "#write"):
        expect(page.locator(part).first).to_be_hidden()


@pytest.mark.clause("A14.5")
def test_the_warning_the_draft_and_the_way_back(people: People, world: World) -> None:
    page = people.sign_in(world.who(email=NURSE), DESK)
    key, address = session_of(page.context), f"{world.origin}/groups/{group_of(world)}"
    set_session(world, key, lasts=15, seen_ago=30)  # too soon after the last deed to be moved on
    page.goto(address)
    other = page.context.new_page()
    other.goto(f"{world.origin}/home")
    page.bring_to_front()
    page.fill("#text", "途中まで書いた文です。")
    expect(page.locator("#idle")).to_be_visible(timeout=20_000)
    expect(page.locator("#idle")).to_contain_text("下書きは残ります")
    expect(other.locator("#idle")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/sign-in\?next="), timeout=20_000)
    other.wait_for_url("**/sign-in?next=**")
    page.fill("input[name=login]", NURSE)
    page.fill("input[name=password]", world.password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(address)
    expect(page.locator("#text")).to_have_value("途中まで書いた文です。")
    page.fill("#text", "")


@pytest.mark.clause("A14.5")
def test_who_goes_on_stays(people: People, world: World) -> None:
    page = people.window(DESK)
    cookies = dict(pair.split("=", 1) for pair in world.people[-1]["cookie"].split("; "))
    page.context.add_cookies(
        [{"name": name, "value": one, "url": world.origin} for name, one in cookies.items()]
    )
    key = session_of(page.context)
    set_session(world, key, lasts=16, seen_ago=53)
    page.goto(f"{world.origin}/home")
    expect(page.locator("#idle")).to_be_visible(timeout=20_000)
    page.click("[data-stay]")
    expect(page.locator("#idle")).to_be_hidden()
    assert idle_left(world, key) > 14 * 60
    page.wait_for_timeout(2000)
    assert page.url == f"{world.origin}/home"


@pytest.mark.clause("A14.4")
def test_after_signing_out_the_back_button_and_the_other_tab_show_nothing(
    people: People, world: World
) -> None:
    page = people.sign_in(world.who(email=NURSE), DESK)
    address = f"{world.origin}/groups/{group_of(world)}"
    page.goto(address)
    name = page.locator(".group-name").inner_text().split()[0]
    other = page.context.new_page()
    other.goto(address)
    page.bring_to_front()
    page.evaluate("localStorage.setItem('renkei-until', '1')")
    assert page.evaluate("localStorage.getItem('renkei-lately')")  # which patient was opened last
    page.locator("form[data-leave] button").first.click()
    page.wait_for_url("**/signed-out")
    other.wait_for_url("**/sign-in?next=**")
    for kept in ("renkei-until", "renkei-lately"):
        assert page.evaluate("name => localStorage.getItem(name)", kept) is None
    page.go_back()
    page.wait_for_url("**/sign-in**")
    assert name not in page.content()
    assert name not in other.content()
    kept = {one["name"] for one in page.context.cookies()}
    assert "renkei" not in kept
    assert "known" in kept  # what belongs to the browser itself stays


@pytest.mark.clause("A14.5")
def test_a_lid_closed_for_half_an_hour_shows_nothing_when_it_opens(
    people: People, world: World
) -> None:
    page = people.window(DESK)
    page.clock.install()
    page.goto(f"{world.origin}/sign-in")
    page.fill("input[name=login]", NURSE)
    page.fill("input[name=password]", world.password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/home")
    page.goto(f"{world.origin}/groups/{group_of(world)}")
    expect(page.locator("#write")).to_be_visible()
    page.context.set_offline(True)  # as a rule the network is not back yet
    set_session(world, session_of(page.context), lasts=-900, seen_ago=1800)
    page.clock.fast_forward("30:00")
    shows_nothing(page)
    page.context.set_offline(False)
    page.clock.run_for(3000)
    expect(page).to_have_url(re.compile(r"/sign-in\?next="), timeout=20_000)
