"""Scenario S6: a tablet is lost on Friday night, and on Monday it is known what it showed.

The device stops reading at once, measured against a real server; what it kept is gone when it next
comes online; the desk counts the days of the law.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, People, World

# A tablet of her own in the ledger, her session on it, and a disaster card: as it is before.
PREPARE = """
import json, os, sys
from datetime import timedelta
import django
django.setup()
from renkei.device.models import Device, Listing
from renkei.enrollment.loader import LOADER
from renkei.device.services import take_over_device
from renkei.kernel import clock
from renkei.people.cards import make_card
from renkei.people.models import Account, Session
from renkei.people.sessions import stored_key
from renkei.policy.standing import Actor
from renkei.policy.use_case import batch
email, cookie = sys.argv[1:]
account = Account.objects.get(email=email)
organization = account.roles.get(ended_at=None).organization
with batch(LOADER, "region.load"):
    device = take_over_device(
        LOADER, organization.id, number="タブレット9号", type="tablet",
        usable_until=clock.now() + timedelta(days=90),
    )
device.users.add(account)
device.seal("note_sealed", {"carrier": "ひかり通信 0120-000-000"})
device.save()
Session.objects.filter(pk=stored_key(cookie)).update(device_id=device.id)
codes = make_card(Actor(session=stored_key(cookie)), None)
print(json.dumps({"code": codes[0], "device": device.id.hex}))
"""


@dataclass
class Ready:
    """What was there before the tablet got lost."""

    code: str
    device: str


def prepare(world: World, person: dict) -> Ready:
    cookie = dict(pair.split("=", 1) for pair in person["cookie"].split("; "))["renkei"]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.endswith("_URL")},
        "RENKEI_DATA": str(world.data),
        "DJANGO_SETTINGS_MODULE": "renkei.config.settings",
    }
    run = subprocess.run(
        [sys.executable, "-c", PREPARE, person["email"], cookie],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return Ready(**json.loads(run.stdout))


class Stream:
    """The lost device's live stream, read as it comes; when it ended."""

    def __init__(self, world: World, person: dict) -> None:
        request = urllib.request.Request(
            f"{world.origin}/live", headers={"Cookie": person["cookie"]}
        )
        self._answer = urllib.request.urlopen(request, timeout=60)
        self.heard, self.ended_at = b"", 0.0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        while b"hello" not in self.heard:
            time.sleep(0.02)

    def _read(self) -> None:
        while piece := self._answer.read1(4096):
            self.heard += piece
            if b"event: bye" in piece:
                break
        self.ended_at = time.monotonic()

    def wait(self) -> None:
        self._thread.join(10)


def keep_something(page: Page) -> None:
    """What a page may have stored: an offline page and words."""
    page.evaluate(
        """async () => {
            localStorage.setItem("draft", "患者さんのこと");
            const kept = await caches.open("offline");
            await kept.put("/offline", new Response("患者さんのこと"));
        }"""
    )


KEPT = "async () => [localStorage.length, (await caches.keys()).length]"


@pytest.mark.clause("N3.10", "N3.11", "A15.6", "A15.7")
def test_a_lost_tablet_is_harmless_within_a_second_and_the_desk_knows_the_rest(
    people: People, world: World
) -> None:
    nurse = world.who(email="ide@tsumugi.example")
    chief = world.who(email="takatori@tsumugi.example")
    ready = prepare(world, nurse)
    tablet = people.ready(nurse, DESK)
    tablet.locator("nav.rail-groups a").first.click()
    tablet.wait_for_url(re.compile("/groups/"))
    expect(tablet.locator("#main")).to_be_visible()
    opened = tablet.url
    keep_something(tablet)
    assert tablet.evaluate(KEPT) != [0, 0]
    stream = Stream(world, nurse)

    # on her own telephone, where nobody is signed in
    phone = people.window(PHONE)
    phone.goto(f"{world.origin}/sign-in")
    phone.get_by_role("link", name="知らせて、端末を止める").click()
    phone.fill("[name=email]", nurse["email"])
    phone.fill("[name=code]", "12345-67890")
    phone.get_by_role("button", name="自分の端末を表示する").click()
    expect(phone.locator("main")).to_contain_text("確かめられませんでした")
    assert "タブレット9号" not in phone.content()
    phone.fill("[name=code]", ready.code)
    phone.get_by_role("button", name="自分の端末を表示する").click()
    expect(phone.locator("main")).to_contain_text("タブレット9号")
    began = time.monotonic()
    phone.locator("li", has_text="タブレット9号").get_by_role("button").click()
    expect(phone.locator("main")).to_contain_text("タブレット9号 を止めました")
    answered = time.monotonic()
    stream.wait()
    assert 0 < stream.ended_at - began < 1.0, stream.ended_at - began
    print(
        f"stream ended after {stream.ended_at - began:.3f} s, page after {answered - began:.3f} s"
    )
    expect(phone.locator("main")).to_contain_text("ひかり通信 0120-000-000")
    phone.fill("[name=what]", "20時ごろ、バスの座席に置き忘れました。画面は閉じていました。")
    phone.get_by_role("button", name="送る").click()
    expect(phone.locator("main")).to_contain_text("報告が届きました")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    # whoever found the tablet sees nothing, and nothing is left on it
    expect(tablet.locator("main")).to_contain_text("この端末は止められています", timeout=15_000)
    shown = tablet.goto(opened)
    assert shown is not None and nurse["name"] not in tablet.content()
    assert tablet.evaluate(KEPT) == [0, 0]
    assert [one["name"] for one in tablet.context.cookies()] in ([], ["csrf"])
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(
            urllib.request.Request(f"{world.origin}/live", headers={"Cookie": nurse["cookie"]})
        )

    # the administrator's desk: the clock of the law, and what the tablet showed
    desk = people.ready(chief, DESK)
    expect(desk.locator("main")).to_contain_text("事故・不正の対応")
    desk.locator("a[href*='/incidents/']").first.click()
    main = desk.locator("main")
    expect(main).to_contain_text("災害カードの番号による報告")
    expect(main).to_contain_text("バスの座席に置き忘れました")
    expect(main).to_contain_text("土日祝日も日数に入ります")
    incident = desk.url
    desk.get_by_role("link", name="誰が何を見たか").click()
    expect(desk.locator("main")).to_contain_text(nurse["name"])
    expect(desk.locator("main table").first).to_contain_text("件")
    desk.goto(incident)
    desk.get_by_text("重さ・法律上の報告・担当を決める").click()
    desk.select_option("[name=assess-duty]", "not_required")
    desk.get_by_role("button", name="保存する").click()
    desk.get_by_text("原因と対策が分かった").click()
    desk.fill("[name=close-cause]", "座席に置き忘れた")
    desk.fill("[name=close-measure]", "ひもを付ける。端末は暗号化されていた。")
    desk.get_by_role("button", name="終結にする").click()
    expect(desk.locator("main")).to_contain_text("ひもを付ける")
