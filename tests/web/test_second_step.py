"""The second step, tried by somebody who wants to get round it (A14.3)."""

import html
import json
import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.core.cache import cache
from django.test import Client

from renkei.audit.models import AuditEvent
from renkei.incident.models import Incident
from renkei.kernel import clock
from renkei.people import factors
from renkei.people.access import Identified, give_access
from renkei.people.models import Account, Session
from renkei.people.sessions import stored_key
from renkei.web import own_mail
from tests.cast import PASSWORD, set_parameters
from tests.web.passkey import SoftPasskey


def new_browser():
    return Client(HTTP_HOST="localhost")


def sign_in(browser, name, **more):
    return browser.post("/sign-in", {"login": f"{name}@example.org", "password": PASSWORD, **more})


def code_of(secret, steps=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def session_of(browser):
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    return Session.objects.get(pk=stored_key(cookie))


def set_up_app(browser):
    """Sets up the app on its page; the secret, as the person's phone would have it."""
    page = browser.get("/me/second-step/app").content.decode()
    secret = re.search(r'key-text" translate="no">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    answer = browser.post("/me/second-step/app", {"code": code_of(secret, -1)})
    assert answer["Location"] == "/me/second-step/recovery", answer.content.decode()[:2000]
    return secret


def set_up_passkey(browser, **kind):
    page = browser.get("/me/second-step/passkeys/add").content.decode()
    passkey = SoftPasskey(**kind)
    sent = {
        "credential": passkey.create(options_in(page)["creation_options"]),
        "passwordless": "on",
    }
    assert browser.post("/me/second-step/passkeys/add", sent).status_code == 302
    return passkey


def options_in(page):
    found = re.search(
        r'<script id="passkey-data" type="application/json">(.*?)</script>', page, re.S
    )
    return json.loads(html.unescape(found[1]))


def recovery_codes(browser):
    page = browser.get("/me/second-step/recovery").content.decode()
    return re.findall(r"<li>(\d{8})</li>", page)


def gets_in(browser):
    return browser.get("/home").status_code == 200


@pytest.fixture
def nurse(cast):
    """Her browser, in which she has just signed in by password."""
    browser = new_browser()
    sign_in(browser, "nurse")
    assert gets_in(browser)
    return browser


# ── Setting up ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A14.3")
def test_whom_the_policy_asks_sets_one_up_before_anything_else(cast):
    browser = new_browser()
    sign_in(browser, "administrator_same")
    for address in ("/home", "/staff", "/patients", f"/groups/{cast.group}", "/me"):
        assert browser.get(address)["Location"].startswith("/me/second-step"), address
    assert "第14条の2" in browser.get("/me/second-step").content.decode()
    set_up_app(browser)
    assert gets_in(browser)
    assert session_of(browser).second_factor == "totp"


@pytest.mark.clause("A14.3")
def test_a_second_step_that_comes_or_goes_is_told_by_mail(cast, nurse, mailoutbox, monkeypatch):
    monkeypatch.setattr(own_mail.Thread, "start", lambda thread: thread._target(*thread._args))
    set_up_app(nurse)
    assert nurse.post("/me/second-step/app/remove").status_code == 302
    assert [one.to for one in mailoutbox] == [["nurse@example.org"]] * 2
    assert not any("http" in one.body or "さん" in one.body for one in mailoutbox)


def test_whom_it_does_not_ask_may_and_need_not(cast, nurse):
    set_up_passkey(nurse)
    assert session_of(nurse).second_factor == "passkey"
    line = AuditEvent.objects.get(action="factor.change")
    assert '"added":["recovery_codes","webauthn"]' in line.detail


def test_setting_up_asks_again_who_one_is_when_that_is_some_time_ago(cast, nurse, monkeypatch):
    later = time.time() + 301
    monkeypatch.setattr(time, "time", lambda: later)
    assert nurse.get("/me/second-step/app")["Location"].startswith("/again/password?next=")
    assert (
        nurse.post("/again/password?next=/me/second-step/app", {"password": "x"}).status_code == 200
    )
    answer = nurse.post("/again/password?next=/me/second-step/app", {"password": PASSWORD})
    assert answer["Location"] == "/me/second-step/app"
    assert nurse.get("/me/second-step/app").status_code == 200


def test_who_has_a_second_step_shows_that_and_not_the_password_alone(cast, nurse, monkeypatch):
    set_up_app(nurse)
    later = time.time() + 301
    monkeypatch.setattr(time, "time", lambda: later)
    for address in ("/me/second-step/app/remove", "/me/second-step/passkeys/add",
                    "/me/second-step/recovery/new"):  # fmt: skip
        assert nurse.get(address)["Location"].startswith("/again/code"), address
        assert nurse.post(address)["Location"].startswith("/again/code"), address
    assert nurse.get("/again/password")["Location"].startswith("/again/code")
    assert nurse.post("/again/password", {"password": PASSWORD})["Location"].startswith(
        "/again/code"
    )
    assert nurse.post("/me/second-step/app/remove")["Location"].startswith("/again/code")
    assert Authenticator.objects.filter(type="totp").exists()


def test_who_has_no_means_to_show_who_they_are_is_not_answered_with_a_fault(cast, nurse):
    account = Account.objects.get(email="nurse@example.org")
    account.set_unusable_password()
    account.save()
    session = nurse.session
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.save()
    for address in ("/again/code", "/again/password", "/again/passkey"):
        assert nurse.get(address).status_code == 404, address


def test_the_secret_of_the_app_is_sealed(cast, nurse):
    secret = set_up_app(nurse)
    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert (
        factors.unseal(Authenticator.objects.get(type="totp").data["secret"]).rstrip("=") == secret
    )


def test_without_any_factor_left_one_sets_up_another_at_once(cast):
    browser = new_browser()
    sign_in(browser, "administrator_same")
    set_up_app(browser)
    assert gets_in(browser)
    assert browser.post("/me/second-step/app/remove").status_code == 302
    assert browser.get("/home")["Location"] == "/me/second-step"
    assert not Authenticator.objects.exists()


# ── Signing in with it ───────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A14.3")
def test_the_password_alone_leads_no_further_than_to_the_second_step(cast, nurse):
    secret = set_up_app(nurse)
    browser = new_browser()
    assert sign_in(browser, "nurse")["Location"] == "/sign-in/second-step"
    for address in ("/home", f"/groups/{cast.group}", "/me", "/me/second-step", "/password/change",
                    "/me/card", "/me/second-step/app", "/again/password", "/policy/confirm",
                    "/me/second-step/recovery"):  # fmt: skip
        answer = browser.get(address)
        assert answer["Location"].startswith("/sign-in"), address
        assert browser.post(address, {"password": PASSWORD}).status_code in (302, 405), address
    assert not gets_in(browser)
    assert browser.post("/sign-in/second-step", {"code": code_of(secret)})["Location"] == "/home"
    assert gets_in(browser)
    assert session_of(browser).second_factor == "totp"


def test_the_session_before_the_second_step_is_nobodys(cast, nurse):
    secret = set_up_app(nurse)
    browser = new_browser()
    sign_in(browser, "nurse")
    before = browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert session_of(browser).account_id is None
    browser.post("/sign-in/second-step", {"code": code_of(secret)})
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value != before, (
        "a new value, none fixed before"
    )
    stolen = new_browser()
    stolen.cookies[settings.SESSION_COOKIE_NAME] = before
    assert not gets_in(stolen)


@pytest.mark.clause("A14.3")
def test_a_code_is_good_once_wherever_it_is_typed(cast, nurse):
    secret = set_up_app(nurse)
    code = code_of(secret)
    first, second = new_browser(), new_browser()
    sign_in(first, "nurse")
    sign_in(second, "nurse")
    assert first.post("/sign-in/second-step", {"code": code}).status_code == 302
    cache.clear()  # another process, which knows nothing of it
    answer = second.post("/sign-in/second-step", {"code": code})
    assert answer.status_code == 422
    assert not gets_in(second)


def test_the_code_that_set_the_app_up_is_spent_too(cast, nurse):
    page = nurse.get("/me/second-step/app").content.decode()
    secret = re.search(r'key-text" translate="no">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    code = code_of(secret)
    nurse.post("/me/second-step/app", {"code": code})
    cache.clear()
    browser = new_browser()
    sign_in(browser, "nurse")
    assert browser.post("/sign-in/second-step", {"code": code}).status_code == 422


@pytest.mark.parametrize("steps", [-2, 2, 30])
def test_a_code_of_another_time_is_none(cast, nurse, steps):
    secret = set_up_app(nurse)
    browser = new_browser()
    sign_in(browser, "nurse")
    assert browser.post("/sign-in/second-step", {"code": code_of(secret, steps)}).status_code == 422


def test_an_older_code_is_none_after_a_newer_one(cast, nurse):
    secret = set_up_app(nurse)
    older = code_of(secret)
    browser = new_browser()
    sign_in(browser, "nurse")
    assert browser.post("/sign-in/second-step", {"code": code_of(secret, 1)}).status_code == 302
    another = new_browser()
    sign_in(another, "nurse")
    assert another.post("/sign-in/second-step", {"code": older}).status_code == 422


def test_guessing_codes_ends_after_five(cast, nurse):
    secret = set_up_app(nurse)
    browser = new_browser()
    sign_in(browser, "nurse")
    for guess in range(5):
        browser.post("/sign-in/second-step", {"code": f"{guess:06}"})
    answer = browser.post("/sign-in/second-step", {"code": code_of(secret)})
    assert answer.status_code == 422
    assert "0312345678" in answer.content.decode()
    failed = AuditEvent.objects.filter(action="factor.show", outcome="failed")
    assert failed.count() == 1, "joined within a minute"


@pytest.mark.clause("A14.3")
def test_a_recovery_code_is_good_once(cast, nurse):
    set_up_app(nurse)
    codes = recovery_codes(nurse)
    assert len(codes) == 10
    assert recovery_codes(nurse) == [], "shown once"
    browser = new_browser()
    sign_in(browser, "nurse")
    assert browser.post("/sign-in/second-step", {"code": codes[0]}).status_code == 302
    assert session_of(browser).second_factor == "recovery"
    again = new_browser()
    sign_in(again, "nurse")
    assert again.post("/sign-in/second-step", {"code": codes[0]}).status_code == 422
    assert again.post("/sign-in/second-step", {"code": codes[1]}).status_code == 302


def test_new_recovery_codes_end_the_old_ones(cast, nurse):
    set_up_app(nurse)
    old = recovery_codes(nurse)
    nurse.post("/me/second-step/recovery/new")
    assert len(recovery_codes(nurse)) == 10
    browser = new_browser()
    sign_in(browser, "nurse")
    assert browser.post("/sign-in/second-step", {"code": old[0]}).status_code == 422


def test_where_one_goes_on_is_never_elsewhere(cast, nurse):
    secret = set_up_app(nurse)
    browser = new_browser()
    sign_in(browser, "nurse", next="https://evil.example/")
    assert browser.post("/sign-in/second-step", {"code": code_of(secret)})["Location"] == "/home"
    browser = new_browser()
    sign_in(browser, "nurse", next="/me")
    assert browser.post("/sign-in/second-step", {"code": code_of(secret, 1)})["Location"] == "/me"


def test_a_second_step_of_one_person_does_not_serve_another(cast, nurse):
    """The password of one, the code of somebody else."""
    nurses = set_up_app(nurse)
    physician = new_browser()
    sign_in(physician, "physician")
    set_up_app(physician)
    browser = new_browser()
    sign_in(browser, "physician")
    assert browser.post("/sign-in/second-step", {"code": code_of(nurses)}).status_code == 422


def test_who_was_suspended_between_the_steps_stays_out(cast, nurse):
    secret = set_up_app(nurse)
    browser = new_browser()
    sign_in(browser, "nurse")
    Account.objects.filter(pk=cast.account("nurse")).update(suspended_at=clock.now())
    browser.post("/sign-in/second-step", {"code": code_of(secret)})
    assert not gets_in(browser)


# ── Passkeys ─────────────────────────────────────────────────────────────────────────────────────


def ask(browser):
    answer = browser.get("/sign-in/passkey", HTTP_ACCEPT="application/json")
    return answer.json()["request_options"]


@pytest.mark.clause("A14.3")
def test_a_passkey_is_enough_by_itself(cast, nurse):
    passkey = set_up_passkey(nurse)
    browser = new_browser()
    answer = browser.post(
        "/sign-in/passkey", {"credential": passkey.sign(ask(browser)), "next": "/me"}
    )
    assert answer["Location"] == "/me"
    assert gets_in(browser)
    assert session_of(browser).second_factor == "passkey"


def test_a_passkey_is_a_second_step_too(cast, nurse):
    passkey = set_up_passkey(nurse)
    browser = new_browser()
    page = sign_in(browser, "nurse")
    page = browser.get("/sign-in/second-step").content.decode()
    signed = passkey.sign(options_in(page)["request_options"])
    assert browser.post("/sign-in/second-step", {"credential": signed})["Location"] == "/home"
    assert gets_in(browser)


def failed(browser, credential):
    answer = browser.post("/sign-in/passkey", {"credential": credential})
    assert answer["Location"] == "/sign-in?passkey=failed"
    assert not gets_in(browser)


def test_what_a_passkey_signed_is_good_once(cast, nurse):
    passkey = set_up_passkey(nurse)
    browser = new_browser()
    signed = passkey.sign(ask(browser))
    assert browser.post("/sign-in/passkey", {"credential": signed}).status_code == 302
    other = new_browser()
    ask(other)
    failed(other, signed)
    failed(new_browser(), signed)


@pytest.mark.clause("A14.3")
@pytest.mark.clause("N3.11")
def test_a_copied_passkey_is_noticed_by_its_counter(
    cast, nurse, django_capture_on_commit_callbacks
):
    passkey = set_up_passkey(nurse)
    for _ in range(3):
        browser = new_browser()
        browser.post("/sign-in/passkey", {"credential": passkey.sign(ask(browser))})
        assert gets_in(browser)
    passkey.count = 1  # the copy, which has not signed since
    browser = new_browser()
    with django_capture_on_commit_callbacks(execute=True):
        failed(browser, passkey.sign(ask(browser)))
    line = AuditEvent.objects.get(action="sign_in", outcome="refused")
    assert "passkey_copied" in line.detail
    incident = Incident.objects.get(account=cast.account("nurse"))
    assert (incident.kind, incident.severity, incident.way) == (
        "unauthorized_access", "serious", "system",
    )  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):  # again, and where one is signed in
        passkey.count = 1
        failed(browser, passkey.sign(ask(browser)))
        again = nurse.get("/again/passkey?next=/me").content.decode()
        passkey.count = 1
        signed = passkey.sign(options_in(again)["request_options"])
        nurse.post("/again/passkey", {"credential": signed})
    assert Incident.objects.count() == 1
    assert AuditEvent.objects.filter(action="sign_in", outcome="refused").count() == 3


def test_who_was_reset_between_the_steps_is_told_and_begins_again(cast, nurse):
    set_up_app(nurse)
    browser = new_browser()
    assert sign_in(browser, "nurse")["Location"].startswith("/sign-in/second-step")
    give_access(
        cast["administrator_other"], cast.role("nurse"), purpose="reset", way="paper",
        word="さくらもち七", identified=Identified("in_person", one_person=True),
    )  # fmt: skip
    answer = browser.get("/sign-in/second-step")
    assert answer.status_code == 403
    assert browser.get("/sign-in").status_code == 200  # no loop, but the form
    assert not gets_in(browser)


def test_a_passkey_that_counts_nothing_is_let_in(cast, nurse):
    passkey = set_up_passkey(nurse, counts=False)
    for _ in range(3):
        browser = new_browser()
        browser.post("/sign-in/passkey", {"credential": passkey.sign(ask(browser))})
        assert gets_in(browser)


def test_a_passkey_that_was_not_unlocked_is_not_enough(cast, nurse):
    passkey = set_up_passkey(nurse)
    browser = new_browser()
    failed(browser, passkey.sign(ask(browser), verified=False))


def test_a_passkey_signed_for_another_page_is_not_taken(cast, nurse):
    passkey = set_up_passkey(nurse)
    browser = new_browser()
    failed(browser, passkey.sign(ask(browser), origin="https://localhost.evil.example"))


def test_a_passkey_of_one_does_not_let_in_as_another(cast, nurse):
    passkey = set_up_passkey(nurse)
    physician = new_browser()
    sign_in(physician, "physician")
    other = set_up_passkey(physician)
    browser = new_browser()
    passkey.user = other.user
    failed(browser, passkey.sign(ask(browser)))


def test_a_removed_passkey_opens_nothing(cast, nurse):
    passkey = set_up_passkey(nurse)
    kept = Authenticator.objects.get(type="webauthn")
    assert nurse.post(f"/me/second-step/passkeys/{kept.pk}/remove").status_code == 302
    browser = new_browser()
    failed(browser, passkey.sign(ask(browser)))


def test_nobody_removes_the_passkey_of_another(cast, nurse):
    set_up_passkey(nurse)
    kept = Authenticator.objects.get(type="webauthn")
    physician = new_browser()
    sign_in(physician, "physician")
    assert physician.post(f"/me/second-step/passkeys/{kept.pk}/remove").status_code == 404
    assert Authenticator.objects.filter(pk=kept.pk).exists()


@pytest.mark.parametrize(
    "sent",
    ["", "null", "[]", "7", '"x"', "{}", '{"id":7}', "{", '{"response":7}',
     '{"rawId":"","id":"","type":"public-key","response":{"userHandle":"AA"}}',
     '{"rawId":"AA","id":"AA","type":"public-key","response":{"clientDataJSON":"AA",'
     '"authenticatorData":"AA","signature":"AA","userHandle":"bm8"}}'],
)  # fmt: skip
def test_garbage_is_no_passkey_and_no_fault(cast, sent):
    browser = new_browser()
    ask(browser)
    answer = browser.post("/sign-in/passkey", {"credential": sent})
    assert answer.status_code == 302, answer.content


def test_a_suspended_account_does_not_come_in_by_passkey(cast, nurse):
    passkey = set_up_passkey(nurse)
    Account.objects.filter(pk=cast.account("nurse")).update(suspended_at=clock.now())
    browser = new_browser()
    browser.post("/sign-in/passkey", {"credential": passkey.sign(ask(browser))})
    assert not gets_in(browser)


@pytest.mark.clause("A14.3")
def test_a_passkey_is_no_way_round_the_password_that_is_due(cast, nurse):
    passkey = set_up_passkey(nurse)
    Account.objects.update(password_changed_at=clock.now() - timedelta(days=61))
    browser = new_browser()
    browser.post("/sign-in/passkey", {"credential": passkey.sign(ask(browser))})
    assert browser.get("/home")["Location"] == "/password/change"


def test_asking_for_what_to_sign_is_limited(cast):
    browser = new_browser()
    answers = [
        browser.get("/sign-in/passkey", HTTP_ACCEPT="application/json").status_code
        for _ in range(22)
    ]
    assert answers[:20] == [200] * 20
    assert answers[-1] == 429


@pytest.mark.clause("A14.3")
def test_a_second_factor_shown_in_one_session_counts_for_no_other(cast):
    set_parameters(cast, second_factor="everybody")
    one, two = new_browser(), new_browser()
    sign_in(one, "nurse")
    sign_in(two, "nurse")
    set_up_app(one)
    assert gets_in(one)
    assert not gets_in(two)
    assert two.get("/me/second-step")["Location"].startswith("/again/code")
    secret = factors.unseal(Authenticator.objects.get(type="totp").data["secret"])
    answer = two.post("/again/code?next=/home", {"code": code_of(secret)})
    assert answer["Location"] == "/home"
    assert gets_in(two)
