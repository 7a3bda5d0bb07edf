"""Signing in and out, and the password, as a browser meets them."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from renkei.audit.models import AuditEvent
from renkei.kernel import clock
from renkei.kernel.bus import bus
from renkei.people.models import Account, Session
from tests.cast import PASSWORD

NEW = "aoi-umi-2027"


@pytest.fixture
def browser():
    return Client(HTTP_HOST="localhost")


def sign_in(browser, name, password=PASSWORD, **more):
    return browser.post("/sign-in", {"login": f"{name}@example.org", "password": password, **more})


def signed_in(cast, name):
    browser = Client(HTTP_HOST="localhost")
    browser.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return browser


def test_the_right_password_leads_home_and_remembers_the_look(cast, browser):
    Account.objects.filter(pk=cast.account("nurse")).update(text_size="large")
    answer = sign_in(browser, "nurse")
    assert (answer.status_code, answer["Location"]) == (302, "/home")
    assert answer.cookies["look"].value == "ja.large.standard"
    assert browser.get("/home").status_code == 200


def test_the_address_may_be_written_in_capitals(cast, browser):
    answer = browser.post("/sign-in", {"login": "NURSE@Example.org", "password": PASSWORD})
    assert answer.status_code == 302


@pytest.mark.parametrize("name", ["nurse", "nobody-at-all"])
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(cast, browser, name):
    answer = sign_in(browser, name, "wrong-0000")
    page = answer.content.decode()
    assert "メールアドレスかパスワードが違います" in page
    assert settings.SESSION_COOKIE_NAME not in answer.cookies


def test_after_five_failures_one_waits_and_is_told_whom_to_ring(cast, browser):
    for _ in range(5):
        sign_in(browser, "nurse", "wrong-0000")
    page = sign_in(browser, "nurse").content.decode()
    assert "お待ちください" in page
    assert "0312345678" in page


def test_who_was_suspended_does_not_come_in(cast, browser):
    Account.objects.filter(pk=cast.account("nurse")).update(suspended_at=clock.now())
    assert sign_in(browser, "nurse").status_code == 403
    assert browser.get("/home")["Location"] == "/sign-in"


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/me/appearance", "/me/appearance"),
        ("https://evil.example/", "/home"),
        ("//evil.example/", "/home"),
        ("http://localhost:9/", "/home"),
    ],
)
def test_one_goes_on_where_one_was_but_never_elsewhere(cast, browser, wanted, reached):
    assert sign_in(browser, "nurse", next=wanted)["Location"] == reached


def test_the_trail_tells_of_it_without_an_address(cast, browser):
    sign_in(browser, "nurse", "wrong-0000")
    sign_in(browser, "nobody-at-all", "wrong-0000")
    sign_in(browser, "nurse")
    browser.post("/sign-out")
    own = AuditEvent.objects.filter(stream=f"account:{cast.account('nurse').hex}")
    lines = [(line.action, line.outcome) for line in own.order_by("seq")]
    assert lines[-3:] == [("sign_in", "failed"), ("sign_in", "done"), ("sign_out", "done")]
    unknown = AuditEvent.objects.get(stream="system:sign_in")
    assert (unknown.action, unknown.outcome) == ("sign_in", "failed")
    assert not any("@" in line.detail + line.entity for line in AuditEvent.objects.all())


def test_signing_out_ends_the_session_then_the_streams_and_empties_the_cache(cast, browser):
    sign_in(browser, "nurse")
    heard = []
    before = Session.objects.count()

    def hear(hint):
        heard.append((hint.kind, hint.account, Session.objects.count()))

    forget = bus().subscribe(hear)
    try:
        answer = browser.post("/sign-out")
    finally:
        forget()
    assert answer["Location"] == "/signed-out"
    assert answer["Clear-Site-Data"] == '"cache"'
    assert heard == [("standing", cast.account("nurse"), before - 1)]
    assert browser.get("/home")["Location"] == "/sign-in"


@pytest.mark.clause("A14.3")
def test_an_old_password_is_changed_before_anything_else(cast, travel):
    browser = signed_in(cast, "nurse")
    Account.objects.filter(pk=cast.account("nurse")).update(
        password_changed_at=clock.now() - timedelta(days=61)
    )
    assert browser.get("/home")["Location"] == "/password/change"
    assert "61日" in browser.get("/password/change").content.decode()
    answer = browser.post(
        "/password/change", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/home")
    assert browser.get("/home").status_code == 200


@pytest.mark.clause("A14.3")
@pytest.mark.parametrize("weak", ["ab1", "onlyletters", "1234567890", "nurse2026", PASSWORD])
def test_a_weak_password_is_not_taken(cast, weak):
    browser = signed_in(cast, "nurse")
    answer = browser.post(
        "/password/change", {"oldpassword": PASSWORD, "password1": weak, "password2": weak}
    )
    assert answer.status_code == 422
    assert Account.objects.get(pk=cast.account("nurse")).check_password(PASSWORD)


def test_changing_the_password_ends_all_other_sessions_and_keeps_this_one(cast, browser):
    other = signed_in(cast, "nurse")
    sign_in(browser, "nurse")
    role = Session.objects.filter(account=cast.account("nurse")).latest("started_at").role_id
    browser.post("/password/change", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert browser.get("/home").status_code == 200
    assert other.get("/home")["Location"] == "/sign-in"
    assert Session.objects.get(account=cast.account("nurse")).role_id == role
