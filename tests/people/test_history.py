"""Every sign-in, two places at once, and what the person says of it (A14.2, N3.11)."""

from datetime import timedelta
from functools import partial

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from renkei.device.models import Device
from renkei.incident.disowning import disown
from renkei.incident.models import Incident
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people import history, idle, own_sessions
from renkei.people.access import Identified, give_access
from renkei.people.begin import begin
from renkei.people.models import Account, Session, SignIn, SimultaneousUse
from renkei.people.patterns import see_patterns
from renkei.people.places import shortened
from renkei.policy.loading import load
from renkei.policy.standing import Actor
from renkei.web.sign_in import Adapter
from tests.cast import PASSWORD, set_parameters
from tests.people.browsers import MINUTE, PC, PHONE, SECOND, arrive, browser, is_in, key_of


@pytest.fixture(autouse=True)
def _the_cast_is_at_rest(request):
    """Nobody of the cast did anything in the last hour."""
    if "cast" in request.fixturenames:
        request.getfixturevalue("cast")
        Session.objects.update(last_seen_at=clock.now() - timedelta(hours=1))


# ── The history ──────────────────────────────────────────────────────────────────────────────────


def entries(cast, name="nurse"):
    return SignIn.objects.filter(account=cast.account(name)).order_by("at")


@pytest.mark.clause("A14.2", "N3.11")
def test_every_sign_in_and_every_failed_attempt_is_in_ones_own_history(cast):
    wrong = Client(HTTP_HOST="localhost", headers={"user-agent": PC}, REMOTE_ADDR="198.51.100.4")
    wrong.post("/sign-in", {"login": "nurse@example.org", "password": "wrong-0000"})
    wrong.post("/sign-in", {"login": "nobody-at-all@example.org", "password": "wrong-0000"})
    client = arrive(agent=PHONE)
    told = [(one.succeeded, one.how, one.browser, one.address) for one in entries(cast)]
    assert told == [
        (False, "password", "Chrome, Windows", "198.51.100.4"),
        (True, "password", "Safari, iPhone", "203.0.113.7"),
    ]
    assert entries(cast).last().session == key_of(client)
    assert SignIn.objects.count() == 2
    attempts, _ = history.see_history(Actor(session=key_of(client)), None)
    assert [one.here for one in attempts] == [True, False]
    page = client.get("/me/history").content.decode()
    assert "198.51.100.*" in page and "198.51.100.4" not in page
    others, _ = history.see_history(cast["physician"], None)
    assert others == []


def test_it_is_kept_for_400_days(cast):
    facts = {"account_id": cast.account("nurse"), "succeeded": True, "how": "password"}
    old = SignIn.objects.create(at=clock.now() - timedelta(days=401), **facts)
    kept = SignIn.objects.create(at=clock.now() - timedelta(days=399), **facts)
    arrive()
    left = set(entries(cast).values_list("pk", flat=True))
    assert old.pk not in left and kept.pk in left


@pytest.mark.clause("A14.2", "N3.11")
def test_this_was_not_me_ends_everything_else_tells_of_it_and_asks_for_a_new_password(cast):
    thief = arrive(address="198.51.100.4")
    here = arrive(agent=PHONE)
    entry = entries(cast).get(address="198.51.100.4")
    page = here.get(f"/me/history/{entry.id}/disown").content.decode()
    assert "ログアウト" in page
    assert entry.disowned_at is None and is_in(thief)  # looking does nothing
    answer = here.post(f"/me/history/{entry.id}/disown")
    assert answer.status_code == 200
    incident = Incident.objects.get(account=cast.account("nurse"))
    assert (incident.kind, incident.severity) == ("unauthorized_access", "serious")
    said = answer.content.decode()
    assert f"{incident.number}" in said and "0312345678" in said
    assert not is_in(thief)
    left = Session.objects.filter(account=cast.account("nurse"))
    assert [one.pk for one in left] == [key_of(here)]
    assert here.get("/home")["Location"] == "/password/change"
    assert entries(cast).get(pk=entry.pk).disowned_at is not None
    again = Client(HTTP_HOST="localhost")  # who knows the old password does not even come in
    sent = {"login": "nurse@example.org", "password": PASSWORD}
    assert again.post("/sign-in", sent).status_code == 403
    assert not is_in(again)
    assert here.post(f"/me/history/{entry.id}/disown").status_code == 200
    assert Incident.objects.filter(account=cast.account("nurse")).count() == 1


def disowned(cast, **more):
    """The browser in which the nurse said that the other sign-in was not hers."""
    there = arrive(address="198.51.100.4", **more)
    here = arrive(agent=PHONE)
    entry = entries(cast).get(address="198.51.100.4")
    assert here.post(f"/me/history/{entry.id}/disown").status_code == 200
    return here, there


def try_password(name="nurse", address="198.51.100.4"):
    client = Client(HTTP_HOST="localhost", REMOTE_ADDR=address)
    sent = {"login": f"{name}@example.org", "password": PASSWORD}
    return client, client.post("/sign-in", sent)


@pytest.mark.clause("A14.2", "N3.11")
def test_who_knows_the_disowned_password_comes_not_even_to_the_page_of_a_new_one(cast):
    here, there = disowned(cast)
    thief, answer = try_password()
    assert answer.status_code == 403 and "0312345678" in answer.content.decode()
    for client in (thief, there):
        assert client.get("/password/change")["Location"].startswith("/sign-in")
    assert [one.pk for one in Session.objects.filter(account=cast.account("nurse"))] == [
        key_of(here)
    ]
    last = entries(cast).last()
    assert (last.succeeded, last.address) == (False, "198.51.100.4")
    new = {"oldpassword": PASSWORD, "password1": "aoi-umi-2027", "password2": "aoi-umi-2027"}
    assert here.post("/password/change", new)["Location"] == "/home"  # she is not shut out herself
    assert is_in(here)
    sent = {"login": "nurse@example.org", "password": "aoi-umi-2027"}
    assert Client(HTTP_HOST="localhost").post("/sign-in", sent)["Location"] == "/home"


@pytest.mark.clause("A14.2")
def test_a_sign_in_that_was_under_way_while_the_password_was_stopped_ends(cast, monkeypatch):
    monkeypatch.setattr(Adapter, "pre_login", lambda *args, **kwargs: None)  # asked just before
    here, _ = disowned(cast)
    _, answer = try_password()
    assert answer.status_code == 403
    assert [one.pk for one in Session.objects.filter(account=cast.account("nurse"))] == [
        key_of(here)
    ]


@pytest.mark.clause("A14.2", "A14.3")
def test_with_a_second_factor_of_before_one_comes_in_and_with_one_of_since_one_does_not(cast):
    facts = {"user_id": cast.account("nurse"), "type": "totp", "data": {"secret": ""}}
    before = Authenticator.objects.create(**facts)
    Authenticator.objects.filter(pk=before.pk).update(created_at=clock.now() - timedelta(days=1))
    Session.objects.filter(pk=cast["nurse"].session).update(second_factor="totp")
    entry = SignIn.objects.create(
        account_id=cast.account("nurse"), at=clock.now(), succeeded=True, how="password"
    )
    since = Authenticator.objects.create(**facts | {"type": "webauthn"})
    disown(cast["nurse"], None, thing=entry.id)
    assert not Authenticator.objects.filter(pk=since.pk).exists()  # the other one's own
    _, answer = try_password()
    assert answer["Location"].startswith("/sign-in/second-step")
    before.delete()
    _, answer = try_password()
    assert answer.status_code == 403


@pytest.mark.clause("A14.1", "A14.2")
def test_after_a_disowned_sign_in_access_is_given_anew_only_with_an_identity_check(cast):
    disowned(cast)
    give = partial(give_access, cast["administrator_other"], cast.role("nurse"))
    with pytest.raises(Problem):
        give(purpose="first", way="paper", word="さくらもち七", identified=Identified())
    seen = Identified("in_person", one_person=True)
    given = give(purpose="reset", way="paper", word="さくらもち七", identified=seen)
    begin(given.token, word="さくらもち七", password="aoi-umi-2027")
    assert not Account.objects.get(pk=cast.account("nurse")).password_stopped


@pytest.mark.clause("A14.2")
@pytest.mark.parametrize("profile", ["long", "second_factor"])
def test_a_new_password_is_asked_for_under_every_way_of_signing_in(cast, profile):
    set_parameters(cast, password_profile=profile)
    Session.objects.filter(pk=cast["nurse"].session).update(second_factor="totp")
    entry = SignIn.objects.create(
        account_id=cast.account("nurse"), at=clock.now(), succeeded=True, how="password"
    )
    disown(cast["nurse"], None, thing=entry.id)
    assert not load(cast["nurse"], "region").who.password_fresh


@pytest.mark.clause("A14.2")
def test_nobody_disowns_for_somebody_else_nor_the_sign_in_one_is_here_with(cast):
    client = arrive("physician")
    theirs = entries(cast, "physician").get()
    for act in ("disown", "mine"):
        answer = browser(cast).post(f"/me/history/{theirs.id}/{act}")
        assert answer.status_code == 404
    with pytest.raises(Unknown):
        disown(cast["nurse"], None, thing=theirs.id)
    with pytest.raises(Problem):
        disown(Actor(session=key_of(client)), None, thing=theirs.id)
    assert Incident.objects.count() == 0
    assert is_in(client)


def test_the_history_can_be_looked_at_while_something_has_to_be_done_first(cast):
    Account.objects.filter(pk=cast.account("nurse")).update(acknowledged=None)
    assert own_sessions.see_sessions(cast["nurse"], None)
    Account.objects.filter(pk=cast.account("nurse")).update(suspended_at=clock.now())
    with pytest.raises(Refused):
        own_sessions.see_sessions(cast["nurse"], None)


# ── Two places at once ───────────────────────────────────────────────────────────────────────────


def use(client, at):
    """Do something in a browser, ``at`` ago."""
    Session.objects.filter(pk=key_of(client)).update(last_seen_at=clock.now() - at)


@pytest.mark.clause("A14.2", "N3.1")
@pytest.mark.parametrize(
    ("apart", "noticed"), [(10 * MINUTE - SECOND, 1), (10 * MINUTE + SECOND, 0)]
)
def test_one_id_at_two_places_within_ten_minutes_is_noticed(cast, apart, noticed):
    here, there = arrive(agent=PC), arrive(agent=PHONE)
    use(there, apart)
    use(here, 2 * MINUTE)
    here.get("/home")
    assert SimultaneousUse.objects.count() == noticed


@pytest.mark.clause("A14.2")
def test_both_places_are_asked_on_their_next_page_and_each_answers_for_itself(cast):
    here, there = arrive(agent=PC), arrive(agent=PHONE, address="198.51.100.4")
    use(here, 2 * MINUTE)
    here.get("/home")
    page = here.get("/home").content.decode()
    assert "別の場所でも" in page and "Safari, iPhone" in page and "198.51.100.*" in page
    assert "Chrome, Windows" in there.get("/home").content.decode()
    asked = SimultaneousUse.objects.get()
    answer = here.post(f"/me/history/{asked.id}/mine", {"next": "/patients"})
    assert answer["Location"] == "/patients"
    assert "別の場所でも" not in here.get("/home").content.decode()
    assert "別の場所でも" in there.get("/home").content.decode(), "a thief cannot answer for both"
    for evil in ("//evil.example/", "https://evil.example/"):
        answer = there.post(f"/me/history/{asked.id}/mine", {"next": evil})
        assert answer["Location"] == "/me/history"


@pytest.mark.clause("A14.2")
def test_who_says_it_is_not_me_is_alone_afterwards(cast):
    here, there = arrive(agent=PC), arrive(agent=PHONE, address="198.51.100.4")
    use(here, 2 * MINUTE)
    here.get("/home")
    asked = SimultaneousUse.objects.get()
    assert here.post(f"/me/history/{asked.id}/disown").status_code == 200
    assert Incident.objects.filter(kind="unauthorized_access").count() == 1
    assert not is_in(there)
    assert entries(cast).get(address="198.51.100.4").disowned_at is not None
    assert SimultaneousUse.objects.get().answer == "not_mine"
    assert Session.objects.get(pk=key_of(here)).asked_id is None


@pytest.mark.clause("A14.2")
def test_ones_own_devices_may_be_in_use_together_and_what_was_answered_is_not_asked_again(cast):
    here, there = arrive(agent=PC), arrive(agent=PHONE)
    owned = []
    for client, number in ((here, "P-01"), (there, "P-02")):
        device = Device.objects.first()
        device.pk, device.number, device._state.adding = uuid7(), number, True
        device.save(force_insert=True)
        owned.append(device)
        Session.objects.filter(pk=key_of(client)).update(device_id=device.pk)
        device.users.add(cast.account("nurse"))
    use(here, 2 * MINUTE)
    here.get("/home")
    assert SimultaneousUse.objects.count() == 0
    owned[0].users.clear()  # one of the two is somebody else's
    use(here, 2 * MINUTE)
    idle.forget_everything()
    here.get("/home")
    asked = SimultaneousUse.objects.get()
    own_sessions.say_mine(Actor(session=key_of(here)), None, use=asked.id)
    own_sessions.say_mine(Actor(session=key_of(there)), None, use=asked.id)
    use(here, 2 * MINUTE)
    idle.forget_everything()
    here.get("/home")
    assert Session.objects.get(pk=key_of(here)).asked_id is None
    SimultaneousUse.objects.update(answered_at=clock.now() - timedelta(days=8))
    use(here, 2 * MINUTE)
    idle.forget_everything()
    here.get("/home")
    assert Session.objects.get(pk=key_of(here)).asked_id == asked.id


@pytest.mark.clause("A14.2", "N3.1")
def test_an_administrator_sees_who_and_how_often_of_the_own_staff_alone(cast):
    facts = {
        "account_id": cast.account("nurse"),
        "sides": [{"session": "a", "device": "", "browser": "Chrome", "address": "203.0.113.7"}]
        * 2,
        "last_at": clock.now(),
        "first_at": clock.now(),
    }
    today = clock.today()
    for number, (day, times) in enumerate(((today, 3), (today - timedelta(weeks=1), 2))):
        SimultaneousUse.objects.create(pair=str(number), day=day, times=times, **facts)
    SimultaneousUse.objects.create(pair="old", day=today - timedelta(weeks=5), **facts)
    clinic, station = cast.organizations["clinic"], cast.organizations["station"]
    (line,) = see_patterns(cast["administrator_other"], clinic)
    assert (line.who.account, line.pattern.weeks) == (cast.account("nurse"), (3, 2, 0, 0))
    assert see_patterns(cast["administrator_same"], station) == []
    with pytest.raises(Refused):
        see_patterns(cast["administrator_same"], clinic)
    page = browser(cast, "administrator_other").get("/staff/simultaneous").content.decode()
    assert "nurse さん" in page and "203.0.113" not in page


def test_the_same_browser_on_the_same_network_is_one_place(cast):
    here, _ = arrive(), arrive()
    use(here, 2 * MINUTE)
    here.get("/home")
    assert SimultaneousUse.objects.count() == 0


# ── Mail ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def outbox(settings, mailoutbox, monkeypatch):
    from renkei.web import own_mail

    class AtOnce:
        def __init__(self, target, args, daemon):
            self.start = lambda: target(*args)

    monkeypatch.setattr(own_mail, "Thread", AtOnce)
    return mailoutbox


@pytest.mark.clause("A14.2")
def test_a_browser_never_seen_before_is_told_by_mail_and_a_known_one_is_not(cast, outbox):
    first = arrive()
    assert outbox == []  # at the very first sign-in there is nothing to compare with
    first.post("/sign-out")
    first.post("/sign-in", {"login": "nurse@example.org", "password": PASSWORD})
    assert outbox == []
    arrive(agent=PHONE, address="198.51.100.4")
    (mail,) = outbox
    assert mail.to == ["nurse@example.org"]
    text = mail.subject + mail.body
    for content in ("198.51", "iPhone", "髙橋", "http"):
        assert content not in text
    assert "0312345678" in text


# ── Words ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.45", "203.0.113.*"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:*"),
        ("::1", "::*"),
        ("", ""),
        (None, ""),
    ],
)
def test_an_address_is_shown_as_its_network(address, shown):
    assert shortened(address) == shown
