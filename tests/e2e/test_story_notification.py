"""Told on a device: turned on, pushed by a service on this machine, and nothing kept in between."""

import json
import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, People, World
from tests.notification.world import Browser, push_service, text

KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys())
      found.push(new URL(request.url).pathname);
  return found;
}"""
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
  .map(({title, body, data}) => ({title, body, letter: data.letter}))"""
WORKS = "async () => (await navigator.serviceWorker.ready).active.state"


# The browsers' own push services cannot be reached here: this is what they would hand to the page.
SUBSCRIBES = """(() => {
  const made = %s;
  const plain = (text) => atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = (text) => Uint8Array.from(plain(text), (one) => one.charCodeAt(0));
  const found = () => {
    const key = localStorage.getItem("key-of-the-test");
    return key && {
      endpoint: made.endpoint,
      options: { applicationServerKey: bytes(key).buffer },
      getKey: (name) => bytes(made[name]).buffer,
      unsubscribe: async () => localStorage.removeItem("key-of-the-test"),
    };
  };
  PushManager.prototype.getSubscription = async () => found() || null;
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    const key = btoa(String.fromCharCode(...new Uint8Array(applicationServerKey)));
    localStorage.setItem("key-of-the-test", key);
    return found();
  };
})()"""


def push(page: Page, origin: str, data: str) -> None:
    """Let the browser hand this to the service worker, as if a push service had brought it."""
    devtools, found = page.context.new_cdp_session(page), []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    for _ in range(50):
        if found:
            break
        page.wait_for_timeout(50)
    there = {"origin": origin, "registrationId": found[-1]["registrationId"]}
    devtools.send("ServiceWorker.deliverPushMessage", {**there, "data": data})
    devtools.detach()


def expect_shown(page: Page, wanted: dict) -> None:
    shown = []
    for _ in range(50):
        shown = page.evaluate(SHOWN)
        if shown == [wanted]:
            return
        page.wait_for_timeout(50)
    assert shown == [wanted]


def test_the_app_keeps_nothing_of_anybody_and_says_when_the_line_is_cut(
    people: People, world: World
) -> None:
    nurse = world.who(email="takatori@tsumugi.example")
    group = nurse["groups"][0]["id"]
    phone = people.ready(nurse, PHONE)
    assert phone.evaluate(WORKS) in ("activating", "activated")
    phone.goto(f"{world.origin}/groups/{group}")
    expect(phone.locator("#log")).to_be_visible()
    phone.goto(f"{world.origin}/home")
    kept = phone.evaluate(KEPT)
    assert "/offline" in kept
    assert all(one == "/offline" or re.match(r"/static/[0-9a-f]{12}/", one) for one in kept), kept
    manifest = phone.evaluate(
        "async () => (await fetch(document.querySelector('link[rel=manifest]').href)).json()"
    )
    assert manifest["start_url"] == "/home"
    for icon in manifest["icons"]:
        assert phone.request.get(world.origin + icon["src"]).ok

    # without a line one page stands in the place of all, and goes by itself
    phone.context.set_offline(True)
    phone.goto(f"{world.origin}/groups/{group}", wait_until="commit")
    expect(phone.get_by_role("heading", name="つながっていません")).to_be_visible()
    assert nurse["name"] not in phone.content()
    phone.context.set_offline(False)
    expect(phone.locator("#log")).to_be_visible()

    # what one is told of in this group, and how
    phone.locator(f".head-tool[href='/groups/{group}/notifications']").click()
    phone.get_by_label("自分あてだけ").check()
    phone.get_by_role("button", name="保存").click()
    phone.wait_for_url(f"**/groups/{group}")
    phone.goto(f"{world.origin}/me/notifications")
    expect(phone.locator("[data-push] [data-state]:visible")).to_have_count(1)
    phone.get_by_label("そのつど").check()
    phone.get_by_role("button", name="保存").click()
    expect(phone.locator(".note[role=status]")).to_contain_text("保存しました")
    # on this device: from the button to what a push service on this machine gets, and opens
    with push_service() as service:
        browser = Browser(service)
        made = {"endpoint": browser.endpoint, "p256dh": text(browser.point),
                "auth": text(browser.auth)}  # fmt: skip
        phone.add_init_script(SUBSCRIBES % json.dumps(made))
        phone.context.grant_permissions(["notifications"], origin=world.origin)
        phone.goto(f"{world.origin}/me/notifications")
        phone.locator("[data-on]").click()
        expect(phone.locator("[data-off]")).to_be_visible()
        expect(phone.get_by_role("heading", name="通知が届く端末")).to_be_visible()
        phone.get_by_role("button", name="試しに送る").click()
        for _ in range(100):
            if service.got:
                break
            phone.wait_for_timeout(100)
        pushed = browser.opened(service.got[0].body)
        assert "試し" in pushed["body"]
        assert nurse["name"] not in json.dumps(pushed, ensure_ascii=False)
        phone.locator("[data-off]").click()
        expect(phone.locator("[data-on]")).to_be_visible()
    outbox = world.data / "outbox"
    for _ in range(100):
        if any(nurse["email"].encode() in one.read_bytes() for one in outbox.glob("*.eml")):
            break
        phone.wait_for_timeout(100)
    mails = [one.read_bytes() for one in outbox.glob("*.eml")]
    assert any(nurse["email"].encode() in one for one in mails)

    # what is pushed is shown once, however often it is sent; with the number on the icon
    said = {"title": "新しいお知らせがあります。", "body": "未読が2件あります。", "count": 2}
    for letter in ("a", "a", "b"):
        push(phone, world.origin, json.dumps(said | {"letter": letter}))
    expect_shown(phone, {"title": said["title"], "body": said["body"], "letter": "b"})

    # what is wiped from afar, or by the page for a lost device, is gone: worker and all it kept
    phone.evaluate("() => import('/static/' + document.querySelector('script[src*=app]').src"
                   ".split('/static/')[1].split('/')[0] + '/forget.js')")  # fmt: skip
    assert phone.evaluate(KEPT) == []
    assert (
        phone.evaluate("async () => (await navigator.serviceWorker.getRegistrations()).length") == 0
    )
