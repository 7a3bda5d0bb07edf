"""The device's key: what a stolen cookie opens (nothing), how a copy is found, what gets lost."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from renkei.communication.live_backend import LiveBackend
from renkei.communication.reading import read_timeline
from renkei.device import keys
from renkei.device.blocking import block_device
from renkei.device.guard import HOST, stop_copied
from renkei.device.models import Device, DeviceKey, Listing, SpentSecret
from renkei.incident.models import Incident
from renkei.kernel import clock
from renkei.people.models import Session
from renkei.people.sessions import stored_key
from renkei.policy.loading import load
from renkei.policy.standing import Actor
from renkei.policy.use_case import GateClosed
from tests.cast import PASSWORD, Cast, device_of, visible

HERE = settings.SESSION_COOKIE_NAME
DEVICE = settings.DEVICE_COOKIE_NAME


def keyed(cast: Cast, name: str = "nurse", home: str = "clinic") -> tuple[Client, DeviceKey]:
    """Somebody's browser on a device that knows it: session, key and cookie belong together."""
    key, cookie = keys.make_key(device_of(cast, home), "Chrome", clock.now())
    Session.objects.filter(pk=cast[name].session).update(
        device_id=key.device_id, device_key_id=key.id
    )
    browser = Client(HTTP_HOST="localhost")
    browser.cookies[HERE] = cast.people[name].cookie
    browser.cookies[DEVICE] = cookie
    return browser, key


def still_signed_in() -> None:
    """Sessions last, however the clock was moved."""
    later = clock.now() + timedelta(hours=1)
    Session.objects.update(until=later, idle_until=later)


def timeline(cast: Cast, browser: Client) -> int:
    return browser.get(f"/groups/{cast.group}").status_code


def is_elsewhere(browser: Client) -> bool:
    """Whether one is asked to sign in anew, because the session does not belong to this browser."""
    return browser.get("/home").headers.get("Location") == "/sign-out?anew"


def value(browser: Client) -> str:
    return browser.cookies[DEVICE].value


def copy_of(browser: Client) -> Client:
    """The cookies as they are at this moment, on another machine."""
    thief = Client(HTTP_HOST="localhost")
    for name in (HERE, DEVICE):
        thief.cookies[name] = browser.cookies[name].value
    return thief


@pytest.mark.clause("A8.2")
def test_a_stolen_session_cookie_opens_no_patient_data_on_another_machine(cast: Cast) -> None:
    browser, _ = keyed(cast)
    assert timeline(cast, browser) == 200
    thief = Client(HTTP_HOST="localhost")
    thief.cookies[HERE] = cast.people["nurse"].cookie
    secret = value(browser).partition(".")[0]
    other = secret[:-1] + ("E" if secret.endswith("A") else "A")  # of one letter in sixteen
    for wrong in ("", "x" * 43 + ".k1", "..", "é", f"{other}.k1"):
        thief.cookies[DEVICE] = wrong
        assert is_elsewhere(thief) and timeline(cast, thief) == 302
    with pytest.raises(GateClosed):
        read_timeline(cast["nurse"], cast.group)
    assert visible(cast["nurse"]) == []
    assert timeline(cast, browser) == 200


@pytest.mark.clause("A8.2")
def test_nor_does_it_hear_the_live_stream(cast: Cast) -> None:
    browser, _ = keyed(cast)
    session = f"{HERE}={cast.people['nurse'].cookie}"
    assert LiveBackend().admit(session) is None
    listener = LiveBackend().admit(f"{session}; {DEVICE}={value(browser)}")
    assert listener is not None and cast.group in listener.groups


@pytest.mark.clause("A8.2")
def test_a_key_of_another_device_is_no_key_of_this_one(cast: Cast) -> None:
    browser, _ = keyed(cast)
    _, other = keys.make_key(device_of(cast, "station"), "Chrome", clock.now())
    browser.cookies[DEVICE] = other
    assert is_elsewhere(browser) and timeline(cast, browser) == 302


def test_signing_in_says_on_which_device(cast: Cast) -> None:
    _, cookie = keys.make_key(device_of(cast, "clinic"), "Chrome", clock.now())
    for sent, expected in ((cookie, device_of(cast, "clinic")), ("strange.k1", None), ("", None)):
        browser = Client(HTTP_HOST="localhost")
        browser.cookies[DEVICE] = sent
        browser.post("/sign-in", {"login": "nurse@example.org", "password": PASSWORD})
        session = Session.objects.get(pk=stored_key(browser.cookies[HERE].value))
        assert session.device_id == expected
        assert timeline(cast, browser) == (200 if expected else 403)


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(cast: Cast, travel: Any) -> None:
    browser, _ = keyed(cast)
    travel(timedelta(days=1, minutes=1))
    Session.objects.update(
        until=clock.now() + timedelta(hours=1), idle_until=clock.now() + timedelta(hours=1)
    )
    set_to = browser.get("/home").cookies[DEVICE]
    assert set_to["httponly"] and set_to["samesite"] == "Lax" and set_to["path"] == "/"
    assert set_to["domain"] == ""


def test_an_ordinary_request_neither_changes_nor_looks_up_the_key(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    browser, key = keyed(cast)
    answer = browser.get("/home")
    assert DEVICE not in answer.cookies
    before = (key.secret, key.offered)
    key.refresh_from_db()
    assert (key.secret, key.offered) == before


def turn(browser: Client, **options: Any) -> keys.Turned:
    """As the middleware does it."""
    turned = keys.turn(value(browser), **options)
    if turned.cookie:
        browser.cookies[DEVICE] = turned.cookie
    return turned


def test_the_secret_changes_once_a_day_and_both_hold_until_the_new_one_is_shown(
    cast: Cast, travel: Any
) -> None:
    browser, key = keyed(cast)
    assert not keys.is_due(value(browser))
    travel(timedelta(days=1))
    old = value(browser)
    assert keys.is_due(old)
    assert turn(browser).cookie != old
    key.refresh_from_db()
    assert keys.shown({DEVICE: old}) == key.secret
    assert keys.shown({DEVICE: value(browser)}) == key.offered
    assert not keys.is_due(value(browser))
    travel(timedelta(minutes=10))
    assert keys.is_due(value(browser))
    assert turn(browser).copied is None
    key.refresh_from_db()
    assert keys.shown({DEVICE: value(browser)}) == key.secret
    assert key.offered is None
    assert SpentSecret.objects.filter(pk=keys.shown({DEVICE: old}), key=key).exists()


def test_an_answer_that_got_lost_locks_nobody_out(cast: Cast, travel: Any) -> None:
    browser, key = keyed(cast)
    for _ in range(4):  # every day the answer gets lost
        travel(timedelta(days=1))
        assert keys.turn(value(browser)).copied is None
    key.refresh_from_db()
    assert keys.shown({DEVICE: value(browser)}) == key.secret
    assert key.ended_at is None


def test_a_request_on_its_way_while_the_secret_changes_alarms_nobody(
    cast: Cast, travel: Any
) -> None:
    browser, _ = keyed(cast)
    old = value(browser)
    travel(timedelta(days=1))
    turn(browser)
    travel(timedelta(minutes=10))
    turn(browser)
    assert keys.turn(old) == keys.Turned()  # spent this very moment
    travel(timedelta(minutes=9))
    assert keys.turn(old) == keys.Turned()


@pytest.mark.clause("A8.2")
def test_a_copied_key_is_found_when_the_old_secret_comes_back(cast: Cast, travel: Any) -> None:
    browser, key = keyed(cast)
    thief = copy_of(browser)
    assert timeline(cast, thief) == 200  # a whole copy works, until the secret changes
    travel(timedelta(days=1))
    turn(browser)
    travel(timedelta(minutes=10))
    turn(browser)
    travel(timedelta(minutes=11))
    Session.objects.update(
        until=clock.now() + timedelta(hours=1), idle_until=clock.now() + timedelta(hours=1)
    )
    answer = thief.get(f"/groups/{cast.group}")
    assert answer["Location"] == "/sign-out?anew"
    assert answer.cookies[DEVICE].value == ""
    assert Device.objects.get(pk=key.device_id).state == Device.State.BLOCKED
    assert not Session.objects.filter(device_id=key.device_id).exists()
    out = browser.get(f"/groups/{cast.group}")  # both are out, and forget what they kept
    assert out.status_code == 403 and "storage" in out["Clear-Site-Data"]
    incident = Incident.objects.get(device_id=key.device_id)
    assert (incident.kind, incident.way) == ("unauthorized_access", "system")
    stop_copied(HOST, None, key=key.id)
    assert Incident.objects.filter(device_id=key.device_id).count() == 1


@pytest.mark.clause("A8.2")
def test_it_is_found_too_when_the_thief_is_the_first_to_change_it(cast: Cast, travel: Any) -> None:
    browser, key = keyed(cast)
    thief = copy_of(browser)
    travel(timedelta(days=1))
    turn(thief)
    travel(timedelta(minutes=10))
    turn(thief)
    travel(timedelta(minutes=11))
    assert turn(browser).copied == key.id


@pytest.mark.clause("A8.2")
def test_and_when_both_were_offered_one_and_only_the_thief_shows_it(
    cast: Cast, travel: Any
) -> None:
    browser, key = keyed(cast)
    thief = copy_of(browser)
    travel(timedelta(days=1))
    turn(thief)  # never shown again until later
    travel(timedelta(days=1))
    turn(browser)
    travel(timedelta(minutes=11))
    assert turn(thief).copied == key.id


def test_a_clock_that_goes_back_alarms_nobody_and_changes_nothing(cast: Cast, travel: Any) -> None:
    browser, key = keyed(cast)
    travel(timedelta(hours=-3))
    assert keys.is_due(value(browser))  # it is looked at, and found in order
    assert turn(browser).copied is None
    key.refresh_from_db()
    assert key.offered is None


def test_a_lost_cookie_makes_the_device_a_stranger_and_nothing_worse(cast: Cast) -> None:
    browser, key = keyed(cast)
    del browser.cookies[DEVICE]
    assert is_elsewhere(browser) and timeline(cast, browser) == 302
    browser.post("/sign-out")
    browser.post("/sign-in", {"login": "nurse@example.org", "password": PASSWORD})
    assert browser.get("/home").status_code == 200 and timeline(cast, browser) == 403
    key.refresh_from_db()
    assert key.ended_at is None
    assert not Incident.objects.exists()


def test_two_requests_that_change_it_at_once_leave_one_good_secret(
    committed: Cast, travel: Any, at_once: Any
) -> None:
    browser, key = keyed(committed)
    travel(timedelta(days=1))
    sent = value(browser)
    found = at_once(*[lambda: keys.turn(sent)] * 6)
    fresh = [one.cookie for one in found if one.cookie.partition(".")[0] != sent.partition(".")[0]]
    assert len(fresh) == 1
    assert not any(one.copied for one in found)
    travel(timedelta(minutes=10))
    kept = at_once(*[lambda: keys.turn(fresh[0])] * 6)
    assert not any(one.copied for one in kept)
    key.refresh_from_db()
    assert key.secret == keys.shown({DEVICE: fresh[0]})
    assert SpentSecret.objects.filter(key=key).count() == 1


def test_whoever_is_on_a_blocked_device_is_out_at_once(cast: Cast) -> None:
    from renkei.policy.use_case import use_case

    browser, key = keyed(cast)

    @use_case("device.guard", on="region")
    def lose(change: Any) -> None:
        change.stream = "system:test"
        block_device(change, key.device_id, state="lost", reason_word="lost")

    lose(HOST, None)
    assert timeline(cast, browser) == 403
    assert not Session.objects.filter(pk=cast["nurse"].session).exists()
    assert not Listing.objects.filter(device=key.device_id, usable_until__gt=clock.now()).exists()
    key.refresh_from_db()
    assert key.ended_at is not None


def test_what_stands_in_the_database_lets_nobody_in(cast: Cast) -> None:
    _, key = keyed(cast)
    standing = load(Actor(session=cast["nurse"].session, shown=keys.stored(key.secret)), "region")
    assert not standing.who.proved
    assert not standing.who.device_fits
