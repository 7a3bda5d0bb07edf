"""Where one is signed in, and signing out: here, there and everywhere else (A14.4)."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from renkei.audit.models import AuditEvent
from renkei.communication.models import Communication
from renkei.incident.disowning import disown
from renkei.kernel import clock
from renkei.kernel.bus import bus
from renkei.kernel.errors import SignedOut
from renkei.people import idle, own_sessions
from renkei.people.models import Account, Session, SignIn, SimultaneousUse
from renkei.people.sessions import end_sessions
from renkei.policy.loading import load
from renkei.policy.standing import Actor
from renkei.policy.use_case import GateClosed, own_record
from tests.cast import person, post, set_parameters
from tests.people.browsers import PC, PHONE, arrive, browser, is_in, key_of

# ── Signing out ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A14.4")
def test_after_signing_out_nothing_is_left_and_what_belongs_to_the_device_stays(cast):
    client = arrive()
    rows = Session.objects.count()
    answer = client.post("/sign-out")
    assert (
        answer["Clear-Site-Data"] == '"cache"'
    )  # not cookies, not storage: those are the device's
    gone = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert (gone.value, gone["max-age"]) == ("", 0)
    assert "known" not in answer.cookies and "look" not in answer.cookies
    assert Session.objects.count() == rows - 1
    assert not is_in(client)


@pytest.mark.clause("A14.4")
@pytest.mark.parametrize(
    "address", ["/home", "/patients", "/groups/{}", "/me/sessions", "/me/history"]
)
def test_no_page_of_a_patient_or_person_is_kept_by_the_browser(cast, address):
    answer = browser(cast).get(address.format(cast.group))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.clause("A14.4")
def test_one_sees_where_one_is_signed_in_and_ends_it_there(
    cast, django_capture_on_commit_callbacks
):
    here, there = arrive(agent=PC), arrive(agent=PHONE, address="2001:db8:1:2::3")
    lines = own_sessions.see_sessions(Actor(session=key_of(here)), None)
    assert [one.here for one in lines].count(True) == 1
    assert lines[0].here and lines[0].browser == "Chrome, Windows"
    phone = next(one for one in lines if one.browser == "Safari, iPhone")
    assert phone.place == "2001:db8:1:*"
    page = here.get("/me/sessions").content.decode()
    assert "203.0.113.*" in page and "203.0.113.7" not in page
    heard = []
    stop = bus().subscribe(lambda hint: heard.append((hint.kind, hint.account)))
    with django_capture_on_commit_callbacks(execute=True):
        answer = here.post("/me/sessions/end", {"session": phone.key})
    stop()
    assert answer["Location"] == "/me/sessions"
    assert is_in(here) and not is_in(there)
    assert ("standing", cast.account("nurse")) in heard


@pytest.mark.clause("A14.4")
def test_one_signs_out_everywhere_else(cast):
    here, there = arrive(), arrive(agent=PHONE)
    here.post("/me/sessions/end", {"others": "1"})
    assert is_in(here) and not is_in(there)
    assert [one.pk for one in Session.objects.filter(account=cast.account("nurse"))] == [
        key_of(here)
    ]
    line = AuditEvent.objects.filter(action="session.end").latest("seq")
    assert '"sessions_ended":2' in line.detail  # the phone, and the session of the cast


def test_nobody_ends_or_sees_the_session_of_somebody_else(cast):
    theirs = cast["physician"].session
    answer = browser(cast).post("/me/sessions/end", {"session": theirs})
    assert answer.status_code == 404
    assert Session.objects.filter(pk=theirs).exists()
    assert theirs not in {one.key for one in own_sessions.see_sessions(cast["nurse"], None)}
    for nonsense in ("", "x" * 500, "' OR 1=1"):
        assert browser(cast).post("/me/sessions/end", {"session": nonsense}).status_code == 404


@pytest.mark.parametrize("address", ["/me/sessions/end", "/me/sessions/stay"])
def test_no_other_site_ends_a_session_or_keeps_it_alive(cast, address):
    client = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people["nurse"].cookie
    nurse = Session.objects.filter(pk=cast["nurse"].session)
    before = clock.now() - timedelta(minutes=5)  # long enough ago for anything to be written
    nurse.update(last_seen_at=before)
    idle.forget_everything()
    assert client.post(address, {"others": "1"}).status_code == 403
    assert nurse.get().last_seen_at == before


@pytest.mark.clause("A14.2", "A14.4")
def test_without_the_second_factor_asked_for_nobody_sees_or_ends_sessions(cast):
    set_parameters(cast, second_factor="everybody")
    Session.objects.filter(pk=cast["nurse"].session).update(second_factor="")
    entry = SignIn.objects.create(
        account_id=cast.account("nurse"), at=clock.now(), succeeded=True, how="password"
    )
    asked = SimultaneousUse.objects.create(
        account_id=cast.account("nurse"), pair="of two", day=clock.today(), sides=[],
        first_at=clock.now(), last_at=clock.now(),
    )  # fmt: skip
    for act in (
        lambda: own_sessions.see_sessions(cast["nurse"], None),
        lambda: own_sessions.end_other_sessions(cast["nurse"], None),
        lambda: own_sessions.say_mine(cast["nurse"], None, use=asked.id),
        lambda: disown(cast["nurse"], None, thing=entry.id),
    ):
        with pytest.raises(GateClosed):
            act()


def test_sessions_do_not_pile_up(cast):
    before = Session.objects.count()
    client = arrive()
    for _ in range(5):
        client.get("/home")
        client.post("/me/sessions/stay")
    assert Session.objects.count() == before + 1
    client.post("/sign-out")
    assert Session.objects.count() == before


@pytest.mark.clause("A14.4")
def test_signing_out_everywhere_while_a_post_is_on_its_way(committed, at_once):
    cast = committed
    account = Account.objects.get(pk=cast.account("nurse"))
    here = person("nurse", account).actor
    first = Communication.objects.filter(group=cast.group).count()

    def say():
        return post(cast, "nurse", "途中の投稿")

    said, ended = at_once(say, lambda: own_sessions.end_other_sessions(here, None))
    assert ended == 1
    posted = Communication.objects.filter(group=cast.group).count() - first
    assert (posted == 1) != isinstance(said, SignedOut), said  # all of it, or nothing
    with pytest.raises(SignedOut):
        post(cast, "nurse", "遅すぎる投稿")


def test_ending_sessions_by_device_tells_every_account_on_it(cast):
    nurse = Session.objects.get(pk=cast["nurse"].session)
    Session.objects.filter(pk=cast["physician"].session).update(device_id=nurse.device_id)
    on_it = Session.objects.filter(device_id=nurse.device_id)
    people = set(on_it.values_list("account", flat=True))
    with own_record(load(cast["manager"], "region"), "test", "Test/1") as change:
        change.silent = True
        assert end_sessions(change, device=nurse.device_id, but=nurse.pk) == len(people) - 1
        told = {hint.account for hint in change.hints}
    assert told == people - {nurse.account_id}
    assert Session.objects.filter(pk=nurse.pk).exists()
