"""Whatever ends a person's standing ends what they hear: open streams ask again within a second.

Every live process looks each second whether the region's epoch has moved (tests/live); here it is
tried, for each way in which it can end, that the epoch moves and that whoever asks again is not let
in, or hears the group no more.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from renkei.communication.live_backend import LiveBackend
from renkei.device import services
from renkei.device.guard import HOST, stop_copied
from renkei.group.services import leave_group, release_member
from renkei.incident import reporting, stops
from renkei.incident.disowning import disown
from renkei.kernel import clock
from renkei.patient.services import withdraw_consent
from renkei.people import own_sessions
from renkei.people.access import Identified, give_access
from renkei.people.cards import make_card
from renkei.people.models import Account, SignIn
from renkei.people.services import change_password
from renkei.people.sessions import stored_key
from renkei.policy.standing import Actor
from tests.attack.test_sign_out import epoch
from tests.cast import PASSWORD, Cast, device_of, sign_in
from tests.device.test_keys import keyed

HERE, DEVICE = settings.SESSION_COOKIE_NAME, settings.DEVICE_COOKIE_NAME


class World:
    """The nurse hears her group on a device of the ledger; elsewhere she is signed in as well."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.browser, self.key = keyed(cast)
        self.device = device_of(cast, "clinic")
        elsewhere = sign_in(Account.objects.get(pk=cast.account("nurse")))
        self.other = Actor(session=stored_key(elsewhere))
        self.nurse = Actor(session=cast["nurse"].session, shown=self.key.secret)
        self.administrator = cast["administrator_other"]

    def hears(self) -> bool:
        cookies = "; ".join(f"{name}={self.browser.cookies[name].value}" for name in (HERE, DEVICE))
        listener = LiveBackend().admit(cookies)
        return listener is not None and self.cast.group in listener.groups


def by_disowning(world: World) -> None:
    entry = SignIn.objects.create(
        account_id=world.cast.account("nurse"), at=clock.now(), succeeded=True, how="password",
        session=world.nurse.session,
    )  # fmt: skip
    disown(world.other, None, thing=entry.id)


def by_signing_out(world: World) -> None:
    assert world.browser.post("/sign-out").status_code == 302


def by_a_card_on_the_report_page(world: World) -> None:
    code = make_card(world.other, None)[0]
    page = reporting.REPORT_PAGE
    token = reporting.show_code(page, None, email="nurse@example.org", code=code)
    reporting.block_reported(page, None, token=token, device=world.device)


def by_reset(world: World) -> None:
    give_access(
        world.administrator, world.cast.role("nurse"), purpose="reset", way="paper",
        word="さくらもち七", identified=Identified("in_person", one_person=True),
    )  # fmt: skip


WAYS: dict[str, Callable[[World], object]] = {
    "signing out": by_signing_out,
    "ended from another browser": lambda w: own_sessions.end_session(
        w.other, None, key=w.nurse.session
    ),
    "all others ended": lambda w: own_sessions.end_other_sessions(w.other, None),
    "password changed elsewhere": lambda w: change_password(
        w.other, None, password="tsuki-iwa-5523"
    ),
    "disowned": by_disowning,
    "given access anew": by_reset,
    "restricted": lambda w: stops.restrict(
        w.administrator, w.cast.role("nurse"), word="suspended", reason="調べる間"
    ),
    "ID suspended": lambda w: stops.suspend_person(
        w.cast["operator"], w.cast.account("nurse"), reason="調べる間"
    ),
    "organization suspended": lambda w: stops.suspend_organization(
        w.cast["operator"], w.cast.organizations["clinic"], reason="調べる間"
    ),
    "device lost, said the administrator": lambda w: services.lose(w.administrator, w.device),
    "device lost, said the person": lambda w: reporting.report(
        w.other, None, kind="lost_device", what="", device=w.device
    ),
    "device lost, said the report page": by_a_card_on_the_report_page,
    "all signed out, said the person": lambda w: reporting.report(
        w.other, None, kind="lost_device", what="", sessions=True
    ),
    "device retired": lambda w: services.retire(
        w.administrator, w.device, erased_on=clock.today()
    ),
    "browser taken off the device": lambda w: services.end_key(
        w.administrator, w.device, key=w.key.id
    ),
    "device copied": lambda w: stop_copied(HOST, None, key=w.key.id),
    "left the group": lambda w: leave_group(w.nurse, w.cast.group, reason="異動"),
    "released": lambda w: release_member(
        w.cast["manager"], w.cast.members["nurse"], reason="担当でない"
    ),
    "consent withdrawn": lambda w: withdraw_consent(
        w.cast["administrator_same"], w.cast.patient, reason="ご本人の意思",
        withdrawn_on=clock.today(),
    ),
}  # fmt: skip


@pytest.mark.clause("N2.2", "N3.10", "A14.4", "A8.4")
@pytest.mark.parametrize("way", WAYS)
def test_whatever_ends_it_the_stream_is_asked_and_hears_nothing_more(cast: Cast, way: str) -> None:
    world = World(cast)
    assert world.hears()
    before = epoch()
    WAYS[way](world)
    assert epoch() > before, "no live process would ask again"
    assert not world.hears()


@pytest.mark.clause("A14.5")
def test_the_end_by_the_clock_is_known_beforehand(cast: Cast) -> None:
    """Nothing happens when a session runs out; the stream knows when to ask."""
    world = World(cast)
    cookies = "; ".join(f"{name}={world.browser.cookies[name].value}" for name in (HERE, DEVICE))
    listener = LiveBackend().admit(cookies)
    assert listener is not None
    with clock.shifted(timedelta(seconds=listener.until - clock.now().timestamp() - 1)):
        assert world.hears()
    with clock.shifted(timedelta(seconds=listener.until - clock.now().timestamp() + 1)):
        assert not world.hears()


# ── Who was there before ─────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A14.4")
def test_a_session_fixed_before_signing_in_is_not_the_one_after(cast: Cast) -> None:
    """Somebody leaves their own cookie in a browser, and waits for another to sign in."""
    mine = Client(HTTP_HOST="localhost")
    mine.post("/sign-in", {"login": "stranger@example.org", "password": PASSWORD})
    for planted in (mine.cookies[HERE].value, "a" * 32, "known-to-me"):
        browser = Client(HTTP_HOST="localhost")
        browser.cookies[HERE] = planted
        browser.post("/sign-out")
        browser.cookies[HERE] = planted
        browser.post("/sign-in", {"login": "nurse@example.org", "password": PASSWORD})
        assert browser.get("/home").status_code == 200
        assert browser.cookies[HERE].value != planted
        thief = Client(HTTP_HOST="localhost")
        thief.cookies[HERE] = planted
        assert thief.get("/home")["Location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "after", ["//elsewhere.example", "https://elsewhere.example/", "/\\elsewhere.example",
              "\\\\elsewhere.example", "javascript:alert(1)", "/%0d%0aLocation: x", " //e.example",
              "/\t/elsewhere.example", "http:elsewhere.example"],
)  # fmt: skip
def test_no_page_leads_out_of_the_house(cast: Cast, after: str) -> None:
    browser = Client(HTTP_HOST="localhost", raise_request_exception=False)
    for address, sent in (
        (f"/sign-in?next={after}", {"login": "nurse@example.org", "password": PASSWORD}),
        ("/sign-in", {"login": "nurse@example.org", "password": PASSWORD, "next": after}),
        ("/again/password", {"password": PASSWORD, "next": after}),
        ("/me/role", {"role": str(cast.role("nurse")), "next": after}),
        ("/sign-out", {"next": after}),
    ):
        answer = browser.post(address, sent)
        leads = answer.headers.get("Location", "/")
        assert leads.startswith("/") and not leads.startswith(("//", "/\\", "/\t")), (
            address,
            leads,
        )
        assert "elsewhere" not in leads.replace("%2F", "/").split("?")[0]
