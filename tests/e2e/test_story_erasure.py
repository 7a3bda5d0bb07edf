"""The family wishes that all of it goes: two persons, a waiting time, a certificate (S10)."""

import io
import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World

ADMINISTRATOR, OPERATOR = "ogai@hoshimi.example", "rashin@suishin.example"
OTHERS = "takatori@tsumugi.example"  # whose groups the other stories live in


def ask(world: World, sql: str, *values: object) -> list[tuple]:
    with closing(sqlite3.connect(world.data / "renkei.db", timeout=20)) as link, link:
        return link.execute(sql, values).fetchall()


def a_patient(world: World) -> tuple[str, str, dict]:
    """A patient of the clinic no other story turns on, the group, and a member of it."""
    taken = {one["id"] for one in world.who(email=OTHERS)["groups"]}
    home = world.who(email=ADMINISTRATOR)["organization"]
    found = ask(
        world,
        "SELECT g.id, g.patient_id FROM group_group g JOIN people_organization o"
        " ON o.id = g.organization_id WHERE o.name = ? AND g.kind = 'patient' ORDER BY g.id DESC",
        home,
    )
    for group_id, patient_id in found:
        group = str(UUID(group_id))
        member = next(
            (one for one in world.people if any(each["id"] == group for each in one["groups"])),
            None,
        )
        if group not in taken and member and member["organization"] != home:
            return str(UUID(patient_id)), group, member
    raise LookupError


def renkei(world: World, *arguments: str) -> subprocess.CompletedProcess:
    environment = {name: one for name, one in os.environ.items() if not name.endswith("_URL")}
    return subprocess.run(
        [sys.executable, "-m", "renkei", *arguments, "--data", str(world.data)],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def fits(page: Page) -> None:
    """Nothing is wider than the screen."""
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0, page.url


def shot(page: Page, name: str) -> None:
    if folder := os.environ.get("RENKEI_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.clause("A11.7")
def test_all_of_a_patient_is_erased_on_the_wish_of_the_family(
    people: People, world: World, tmp_path: Path
) -> None:
    patient, group, member = a_patient(world)
    desk = people.ready(world.who(email=ADMINISTRATOR), DESK)
    desk.goto(f"{world.origin}/patients/{patient}")
    desk.get_by_role("link", name="完全消去を申請する").click()
    desk.wait_for_url("**/erasure")
    fits(desk)
    # the list is gone through before anything is asked for
    desk.locator("[name=what][value=record]").check(force=True)
    desk.locator("[name=relation][value=bereaved]").check(force=True)
    desk.fill("[name=who]", "長女")
    desk.locator("[name=way][value=paper]").check(force=True)
    desk.check("[name=explained]")
    for one in desk.locator("select[name^=retention]").all():
        one.select_option("none")
    desk.locator("select[name=retention-medical]").select_option("chart")
    desk.evaluate("document.querySelector('form.stack').noValidate = true")
    desk.get_by_role("button", name="消去を申請する").click()
    expect(desk.get_by_role("alert")).to_contain_text("自事業所の記録にあることを")
    expect(desk.locator("[name=who]")).to_have_value("長女")
    desk.check("[name=copied]")
    desk.get_by_role("button", name="消去を申請する").click()
    desk.wait_for_url("**/erasures/*")
    address = desk.url

    # the signed request comes back
    with desk.context.expect_page() as paper:
        desk.get_by_role("button", name="申請書を印刷する").click()
    paper.value.close()
    desk.goto(address)
    desk.get_by_role("link", name=re.compile("スキャンを保存する")).click()
    picture = io.BytesIO()
    Image.effect_noise((300, 400), 50).convert("RGB").save(picture, "PNG")
    scan = tmp_path / "scan.png"
    scan.write_bytes(picture.getvalue())
    desk.set_input_files("[name=scan]", scan)
    desk.locator("form:has([name=scan]) button").click()
    desk.wait_for_load_state()

    # a second person, who does not see whose it is
    name = desk.goto(address) and desk.locator(".group-name").first.inner_text().split()[0]
    operator = people.ready(world.who(email=OPERATOR), PHONE)
    operator.get_by_role("link", name="確かめる").last.wait_for()
    operator.goto(f"{world.origin}/erasures")
    operator.locator("main .row").first.click()
    operator.wait_for_url(address)
    assert name not in operator.content()
    fits(operator)
    operator.get_by_role("button", name=re.compile("確認する")).click()
    expect(operator.locator("main")).to_contain_text("に消去します")

    # who is in the group sees it coming, reads, and does not write
    member_page = people.ready(member, PHONE)
    member_page.goto(f"{world.origin}/groups/{group}")
    expect(member_page.locator(".strip")).to_contain_text("に消去されます")
    expect(member_page.locator("#text")).to_have_count(0)
    fits(member_page)
    shot(member_page, "band")

    # the waiting time is over; the host erases
    early = renkei(world, "erase", "run")
    assert early.returncode == 0 and "いま消すものはありません" in early.stdout
    past = int((time.time() - 5) * 1e6)
    ask(world, "UPDATE disclosure_erasure SET due_at = ? WHERE state = 'confirmed'", past)
    done = renkei(world, "erase", "run")
    assert done.returncode == 0, done.stdout + done.stderr
    expect(member_page.locator("body")).to_contain_text("このグループの参加が終わりました")
    assert member_page.goto(f"{world.origin}/groups/{group}").status == 404
    assert desk.goto(f"{world.origin}/patients/{patient}").status == 404

    # and certifies it
    desk.goto(address)
    shot(desk, "certified")
    expect(desk.get_by_role("link", name="証明書を印刷する")).to_be_visible()
    printed = desk.request.get(f"{address}/certificate")
    certificate = tmp_path / "certificate.pdf"
    certificate.write_bytes(printed.body())
    proved = renkei(world, "erase", "verify", str(certificate))
    assert proved.returncode == 0, proved.stdout + proved.stderr
    assert "正しい証明書です" in proved.stdout
    assert renkei(world, "audit", "verify").returncode == 0
