"""The idle limit: how long a session lasts in which nobody does anything (A14.5)."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from renkei.communication.live_backend import LiveBackend
from renkei.device.models import Device
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Refused, SignedOut
from renkei.people import idle
from renkei.people.models import Account, Session
from renkei.policy.loading import load
from tests.cast import PASSWORD, set_parameters
from tests.people.browsers import MINUTE, PC, PHONE, SECOND, arrive, browser, is_in, key_of, row_of


def idle_until(name, cast):
    return Session.objects.get(pk=cast[name].session).idle_until


# ── The idle limit ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A14.5")
@pytest.mark.parametrize(("agent", "minutes"), [(PC, 15), (PHONE, 60)])
def test_a_session_ends_when_nothing_is_done_for_as_long_as_the_policy_says(
    cast, travel, agent, minutes
):
    client = arrive(agent=agent)
    left = row_of(client).idle_until - clock.now()
    assert timedelta(minutes=minutes) - 5 * SECOND < left <= timedelta(minutes=minutes)
    travel(left - 5 * SECOND)
    assert is_in(client)
    travel(timedelta(minutes=minutes) + SECOND)
    answer = client.get(f"/groups/{cast.group}?before=3")
    assert answer["Location"] == f"/sign-in?next=/groups/{cast.group}%3Fbefore%3D3"


@pytest.mark.clause("A14.5")
def test_exactly_at_the_limit_it_is_over(cast, travel):
    actor = cast["nurse"]
    Session.objects.filter(pk=actor.session).update(idle_until=clock.now() + 10 * MINUTE)
    travel(10 * MINUTE - 2 * SECOND)
    assert load(actor, "region").who.account == cast.account("nurse")
    Session.objects.filter(pk=actor.session).update(idle_until=clock.now())
    with pytest.raises(SignedOut):
        load(actor, "region")


@pytest.mark.clause("A14.5")
def test_the_limit_is_the_regions_own_and_that_of_the_device_in_the_ledger(cast):
    set_parameters(cast, idle_minutes_pc=5, idle_minutes_phone=20)
    client = arrive()
    assert row_of(client).idle_seconds == 5 * 60
    device = Session.objects.get(pk=cast["nurse"].session).device_id
    assert Device.objects.get(pk=device).type == "tablet"
    Session.objects.filter(pk=key_of(client)).update(
        device_id=device, last_seen_at=clock.now() - MINUTE
    )
    idle.forget_everything()
    client.get("/home")
    assert row_of(client).idle_seconds == 20 * 60


@pytest.mark.clause("A14.5")
@pytest.mark.parametrize(
    ("kind", "says", "minutes"),
    [
        ("tablet", "Safari, Mac", 60),  # an iPad that asks for pages as a computer does
        ("computer", "Chrome, Android", 15),
        ("phone", "", 60),
    ],
)
def test_from_its_first_second_the_ledger_counts_more_than_what_a_browser_says(
    cast, kind, says, minutes
):
    session = Session.objects.get(pk=cast["nurse"].session)
    Device.objects.filter(pk=session.device_id).update(type=kind)
    idle.begin(session.pk, cast.account("nurse"), browser=says, address=None)
    assert Session.objects.get(pk=session.pk).idle_seconds == minutes * 60


@pytest.mark.clause("A14.5")
def test_nothing_lasts_longer_than_the_absolute_limit(cast, travel):
    client = arrive(agent=PHONE)
    until = row_of(client).until
    assert until - clock.now() <= timedelta(hours=12)
    for _ in range(15):
        travel(50 * MINUTE)
        if clock.now() < until:
            assert is_in(client)
            assert row_of(client).idle_until <= until
    assert not is_in(client)


DEEDS = {
    "opening a page": lambda browser, cast: browser.get("/home"),
    "sending": lambda browser, cast: browser.post(
        f"/groups/{cast.group}/messages", {"text": "はい", "confirmed": "yes", "key": str(uuid7())}
    ),
    "saying that one is there": lambda browser, cast: browser.post("/me/sessions/stay"),
}
NO_DEEDS = {
    "a draft kept by itself": lambda browser, cast: browser.post(
        f"/groups/{cast.group}/draft", {"text": "書きかけ"}
    ),
    "a report of reading": lambda browser, cast: browser.post(
        f"/groups/{cast.group}/read", {"first": "1", "last": "1"}
    ),
    "asking how long it lasts": lambda browser, cast: browser.get(
        "/me/sessions/left", headers={"renkei-by": "script"}
    ),
    "a page that a script asks for": lambda browser, cast: browser.get(
        "/home", headers={"sec-fetch-dest": "empty"}
    ),
    "catching up": lambda browser, cast: browser.get(
        f"/groups/{cast.group}/entries?after=0&live=1", headers={"sec-fetch-dest": "empty"}
    ),
    "a picture": lambda browser, cast: browser.get(
        f"/people/{cast.account('nurse')}/photo", headers={"sec-fetch-dest": "image"}
    ),
}


@pytest.mark.clause("A14.5")
@pytest.mark.parametrize("what", DEEDS)
def test_what_a_person_does_moves_it_on(cast, what):
    soon = clock.now() + 2 * MINUTE
    Session.objects.filter(pk=cast["nurse"].session).update(
        idle_until=soon, last_seen_at=clock.now() - 13 * MINUTE
    )
    assert DEEDS[what](browser(cast), cast).status_code < 400
    assert idle_until("nurse", cast) > soon


@pytest.mark.clause("A14.5")
@pytest.mark.parametrize("what", NO_DEEDS)
def test_what_happens_by_itself_does_not(cast, what):
    soon = clock.now() + 2 * MINUTE
    Session.objects.filter(pk=cast["nurse"].session).update(
        idle_until=soon, last_seen_at=clock.now() - 13 * MINUTE
    )
    assert NO_DEEDS[what](browser(cast), cast).status_code in (200, 204, 404)
    assert idle_until("nurse", cast) == soon


@pytest.mark.clause("A14.5")
def test_a_session_that_has_ended_is_not_brought_back(cast):
    Session.objects.filter(pk=cast["nurse"].session).update(idle_until=clock.now() - SECOND)
    for _ in range(2):
        assert browser(cast).post("/me/sessions/stay").status_code == 302
    assert idle_until("nurse", cast) < clock.now()
    with pytest.raises(SignedOut):
        load(cast["nurse"], "region")


def test_it_is_written_once_a_minute_at_most(cast, travel):
    client = browser(cast)
    client.get("/home")

    def writes():
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get("/home")
        return [one["sql"] for one in seen if "people_session" in one["sql"].split("WHERE")[0]
                and one["sql"].startswith("UPDATE")]  # fmt: skip

    assert [writes() for _ in range(5)] == [[]] * 5
    travel(MINUTE + SECOND)
    assert len(writes()) == 1
    assert writes() == []
    idle.forget_everything()  # as in another process
    assert writes() == []


def test_a_cookie_that_nobody_has_writes_nothing(cast):
    client = Client(HTTP_HOST="localhost")
    client.cookies[settings.SESSION_COOKIE_NAME] = "nobodys"
    before = Session.objects.count()
    with CaptureQueriesContext(connection) as seen:
        client.get("/policy")
    assert not any(one["sql"].startswith(("UPDATE", "INSERT")) for one in seen)
    assert Session.objects.count() == before


@pytest.mark.clause("A14.5")
def test_the_stream_asks_again_when_the_idle_limit_is_reached(cast):
    soon = clock.now() + 5 * MINUTE
    Session.objects.filter(pk=cast["nurse"].session).update(idle_until=soon)
    assert load(cast["nurse"], "region").who.until == clock.to_us(soon)


@pytest.mark.clause("A14.5")
def test_the_draft_of_who_was_logged_out_is_there_afterwards(cast, travel):
    client = arrive()
    Session.objects.filter(pk=key_of(client)).update(
        device_id=Session.objects.get(pk=cast["nurse"].session).device_id
    )
    client.post(f"/groups/{cast.group}/draft", {"text": "途中まで書いた文"})
    travel(16 * MINUTE)
    where = client.get(f"/groups/{cast.group}")["Location"]
    assert where == f"/sign-in?next=/groups/{cast.group}"
    back = client.post(
        "/sign-in",
        {"login": "nurse@example.org", "password": PASSWORD, "next": f"/groups/{cast.group}"},
    )
    assert back["Location"] == f"/groups/{cast.group}"
    Session.objects.filter(pk=key_of(client)).update(
        device_id=Session.objects.get(pk=cast["nurse"].session).device_id
    )
    assert "途中まで書いた文" in client.get(back["Location"]).content.decode()


def test_how_long_is_left_can_be_asked_without_moving_it_on(cast):
    Session.objects.filter(pk=cast["nurse"].session).update(idle_until=clock.now() + 90 * SECOND)
    assert 85 <= idle.see_left(cast["nurse"], None) <= 90


@pytest.mark.clause("A14.5")
def test_who_was_suspended_keeps_nothing_alive(cast):
    Account.objects.filter(pk=cast.account("nurse")).update(suspended_at=clock.now())
    before = idle_until("nurse", cast)
    assert browser(cast).post("/me/sessions/stay").status_code == 403
    with pytest.raises(Refused):
        idle.see_left(cast["nurse"], None)
    assert idle_until("nurse", cast) == before


@pytest.mark.clause("A14.5")
def test_a_stream_alone_keeps_nothing_alive_and_ends_with_the_session(cast, travel):
    cookie = f"{settings.SESSION_COOKIE_NAME}={cast.people['nurse'].cookie}"
    soon = clock.now() + 10 * MINUTE
    Session.objects.filter(pk=cast["nurse"].session).update(idle_until=soon)
    for _ in range(3):  # as when the stream is asked about again
        listener = LiveBackend().admit(cookie)
        assert listener is not None and abs(listener.until - soon.timestamp()) < 1
        travel(3 * MINUTE)
    assert idle_until("nurse", cast) == soon
    travel(MINUTE + SECOND)
    assert LiveBackend().admit(cookie) is None


def test_rows_of_sessions_that_are_over_go_when_the_person_comes_back(cast):
    over = arrive()
    Session.objects.filter(pk=key_of(over)).update(idle_until=clock.now() - SECOND)
    other = Session.objects.get(pk=cast["physician"].session)
    Session.objects.filter(pk=other.pk).update(idle_until=clock.now() - SECOND)
    arrive(agent=PHONE)
    assert not Session.objects.filter(pk=key_of(over)).exists()
    assert Session.objects.filter(pk=cast["nurse"].session).exists()
    assert Session.objects.filter(pk=other.pk).exists()
