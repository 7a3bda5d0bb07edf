"""Thieves: of a cookie, a password, a moment at somebody's screen, a copy of the database."""

import base64
import re
import zlib

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from renkei.device.models import Device, EnrollmentLink
from renkei.incident import reporting
from renkei.incident.stopping import devices_of
from renkei.kernel import clock
from renkei.kernel.errors import Problem
from renkei.people.access import Identified, give_access
from renkei.people.models import (
    Account,
    CardCode,
    OneTimeLink,
    PractitionerRole,
    Session,
    SignIn,
)
from renkei.people.sessions import SessionStore, stored_key
from renkei.policy.loading import load
from renkei.policy.rules import RULES, may
from renkei.policy.standing import LOADS
from tests.cast import PASSWORD, Cast, device_of, loading, make_device
from tests.device.test_keys import keyed
from tests.people.browsers import PHONE, arrive, is_in
from tests.web.test_second_step import set_up_app

HERE = settings.SESSION_COOKIE_NAME


def stolen(cast: Cast, name: str, home: str) -> Client:
    """The session's cookie on another machine, without the device's."""
    keyed(cast, name, home)
    thief = Client(HTTP_HOST="localhost", raise_request_exception=False)
    thief.cookies[HERE] = cast.people[name].cookie
    return thief


# ── A session's cookie, copied ───────────────────────────────────────────────────────────────────

# What may still be asked for: signing out is open to everybody, and that a policy was confirmed,
# that somebody is there, or that something went wrong is no use to a thief.
HARMLESS: set[str] = set()


@pytest.mark.clause("A8.2", "A14.4")
@pytest.mark.parametrize(
    ("name", "home"),
    [("nurse", "clinic"), ("administrator_other", "clinic"), ("operator", "station")],
)
def test_a_copied_session_cookie_may_do_nothing_at_all_elsewhere(
    cast: Cast, name: str, home: str
) -> None:
    stolen(cast, name, home)
    standing = load(cast[name], "region")
    able = {one for one in RULES if RULES[one].needs <= LOADS["region"] and may(standing, one)}
    assert able == HARMLESS


@pytest.mark.clause("A8.2", "A14.4")
def test_elsewhere_one_is_asked_to_sign_in_anew_and_can(cast: Cast) -> None:
    thief = stolen(cast, "administrator_other", "clinic")
    thief.cookies["look"] = "en.standard.standard"
    for address in ("/home", "/staff", "/incidents", "/me/card", "/me/second-step", "/device/ask"):
        assert thief.get(address)["Location"] == "/sign-out?anew", address
    for address in ("/report", "/help"):  # open to everybody, and show no more than to anybody
        page = thief.get(address)
        assert page.status_code == 200 and "administrator_other" not in page.content.decode()
    assert "Please sign in once more." in thief.get("/sign-out?anew").content.decode()
    thief.post("/sign-out")
    answer = thief.post("/sign-in", {"login": "administrator_other@example.org",
                                     "password": PASSWORD})  # fmt: skip
    assert answer.status_code == 302


# ── A password, known to somebody else ───────────────────────────────────────────────────────────


@pytest.mark.clause("A14.2", "N3.11")
def test_whose_sign_in_was_disowned_does_not_come_back_with_that_password(cast: Cast) -> None:
    """Else the thief would be the first to set a new one, and the person would stay outside."""
    arrive(address="198.51.100.4")
    here = arrive(agent=PHONE)
    entry = SignIn.objects.get(account=cast.account("nurse"), address="198.51.100.4")
    assert here.post(f"/me/history/{entry.id}/disown").status_code == 200
    thief = Client(HTTP_HOST="localhost", REMOTE_ADDR="198.51.100.4")
    thief.post("/sign-in", {"login": "nurse@example.org", "password": PASSWORD})
    new = {"oldpassword": PASSWORD, "password1": "tsuki-iwa-5523", "password2": "tsuki-iwa-5523"}
    thief.post("/password/change", new)
    account = Account.objects.get(pk=cast.account("nurse"))
    assert account.check_password(PASSWORD), "the thief has set another"
    assert here.post("/password/change", new).status_code == 302
    account.refresh_from_db()
    assert account.check_password("tsuki-iwa-5523")
    assert is_in(here)


@pytest.mark.clause("A14.1", "A8.3")
def test_who_disowned_a_sign_in_is_identified_before_given_a_link_all_the_same(
    cast: Cast,
) -> None:
    Account.objects.filter(pk=cast.account("nurse")).update(password_changed_at=None)
    seen = Identified(one_person=True)
    with pytest.raises(Problem):
        give_access(
            cast["administrator_other"], cast.role("nurse"),
            purpose="first", way="paper", word="さくらもち七", identified=seen,
        )  # fmt: skip
    assert not OneTimeLink.objects.filter(account=cast.account("nurse")).exists()


def test_a_link_has_one_of_the_two_purposes(cast: Cast) -> None:
    seen = Identified(one_person=True)
    with pytest.raises(Problem):
        give_access(
            cast["administrator_other"], cast.role("nurse"),
            purpose="other", way="paper", word="さくらもち七", identified=seen,
        )  # fmt: skip


# ── A moment at somebody's screen ────────────────────────────────────────────────────────────────


def some_time_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was shown was shown too long ago."""
    monkeypatch.setattr("renkei.web.second_step.RECENT", -1)


@pytest.mark.clause("A20", "A14.3")
def test_a_disaster_card_is_printed_by_who_has_just_shown_who_they_are(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = arrive()
    assert "<li>" in browser.post("/me/card").content.decode()
    kept = set(CardCode.objects.values_list("code", flat=True))
    some_time_ago(monkeypatch)
    answer = browser.post("/me/card")
    assert answer["Location"] == "/again/password?next=%2Fme%2Fcard"
    assert set(CardCode.objects.values_list("code", flat=True)) == kept


@pytest.mark.clause("A8.2")
def test_no_second_browser_is_let_in_from_a_screen_left_open(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, _ = keyed(cast)
    address = f"/devices/{device_of(cast, 'clinic')}/code"
    answer = browser.post(address)
    assert answer["Location"] == "/again/password?next=%2Fdevice"
    assert not EnrollmentLink.objects.filter(purpose="second").exists()
    browser.post("/again/password", {"password": PASSWORD})
    assert browser.post(address).status_code == 200


# ── A copy of the database ───────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A14.3", "N3.1")
def test_a_copy_of_the_database_opens_no_session_and_holds_no_secret_of_one(cast: Cast) -> None:
    """The secret of an app is in the session while it is being set up."""
    browser = arrive()
    page = browser.get("/me/second-step/app").content.decode()
    shown = re.search(r'key-text" translate="no">([A-Z2-7 ]+)<', page)
    assert shown
    secret = shown[1].replace(" ", "")
    stored = Session.objects.get(pk=stored_key(browser.cookies[HERE].value)).session_data
    assert secret not in opened(stored)
    assert SessionStore().decode(stored) == {}, "without the cookie nobody reads it"
    assert SessionStore(browser.cookies[HERE].value)["mfa.totp.secret"].rstrip("=") == secret


def opened(stored: str) -> str:
    """What somebody reads who knows how Django keeps sessions."""
    found = ""
    for part in re.split(r"[.:]", stored):
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        try:
            found += zlib.decompress(raw).decode("latin-1")
        except zlib.error:
            found += raw.decode("latin-1")
    return found


# ── Somebody who has left ────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N3.10", "A8.3")
def test_who_has_left_blocks_no_device_of_the_organization_any_more(cast: Cast) -> None:
    """They worked on it, signed in, last month; today it is the work place of others."""
    with loading():
        shared = make_device(cast.organizations["clinic"], "C-09")
        private = make_device(cast.organizations["clinic"], "P-09")
    Device.objects.get(pk=private).users.add(cast.account("nurse"))
    SignIn.objects.create(
        account_id=cast.account("nurse"), at=clock.now(), succeeded=True, how="password",
        device_id=shared,
    )  # fmt: skip
    numbers = lambda: {one.number for one in devices_of(cast.account("nurse"))}  # noqa: E731
    assert {"C-09", "P-09"} <= numbers()
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(ended_at=clock.now())
    assert numbers() == {"P-09"}
    with pytest.raises(Problem):
        reporting.report(cast["nurse"], None, kind="lost_device", what="", device=shared)


# ── Somebody with a network of their own ─────────────────────────────────────────────────────────


@pytest.mark.clause("N3.10")
def test_another_address_of_the_same_network_is_the_same_place(cast: Cast) -> None:
    """An IPv6 line has more addresses than there are limits: what counts is the line."""
    report = {"kind": "leak", "what": "x", "name": "山田", "phone": "09011112222",
              "organization": ""}  # fmt: skip
    for path, sent, most in (
        ("/report", report, 10),
        ("/report/code", {"email": "nurse@example.org", "code": "11111-11111"}, 5),
    ):
        cache.clear()
        answers = [
            Client(REMOTE_ADDR=f"2001:db8:1:2::{number:x}").post(path, sent).status_code
            for number in range(1, most + 2)
        ]
        assert answers[-1] == 429 and 429 not in answers[:-1]
    assert Client(REMOTE_ADDR="2001:db8:1:3::1").post("/report", report).status_code == 200


@pytest.mark.clause("A14.3")
@pytest.mark.parametrize(
    "address",
    ["/me/second-step/app", "/me/second-step/app/remove", "/me/second-step/passkeys/add",
     "/me/second-step/recovery", "/me/second-step/recovery/new"],
)  # fmt: skip
def test_nothing_about_the_second_step_is_shown_or_changed_at_a_screen_left_open(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    browser = arrive()
    set_up_app(browser)
    before = set(Authenticator.objects.values_list("pk", flat=True))
    some_time_ago(monkeypatch)
    for answer in (browser.get(address), browser.post(address, {"code": "000000"})):
        leads = answer.headers.get("Location", "")
        assert leads.startswith("/again/code") or answer.status_code in (404, 405), leads
        assert not re.search(r"<li>\d{8}</li>", answer.content.decode())
    assert set(Authenticator.objects.values_list("pk", flat=True)) == before


@pytest.mark.clause("A14.2")
def test_who_knows_the_password_and_lacks_the_second_step_gets_no_session_of_hers(
    cast: Cast,
) -> None:
    """Nor does the way round by the card open, outside a disaster; nor any page in between."""
    set_up_app(arrive())
    thief = Client(HTTP_HOST="localhost", REMOTE_ADDR="198.51.100.4")
    thief.post("/sign-in", {"login": "nurse@example.org", "password": PASSWORD})
    for address in ("/home", "/me/card", "/password/change", "/me/second-step/app",
                    "/again/password", "/device/ask", "/me/sessions"):  # fmt: skip
        assert thief.get(address)["Location"].startswith(("/sign-in", "/sign-in/second-step"))
    assert thief.get("/sign-in/card").status_code == 200
    answer = thief.post("/sign-in/card", {"code": "1234567890", "reason": "x"})
    assert answer.status_code in (200, 422) and not is_in(thief)
    mine = Session.objects.filter(account=cast.account("nurse"), address="198.51.100.4")
    assert not mine.exists()
