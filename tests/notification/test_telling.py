"""Who is told, when, of what; once, whatever dies in between; and never what it is about."""

import json
from contextlib import suppress
from datetime import datetime, time, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from renkei.audit.models import AuditEvent
from renkei.communication.following import InDatabase, Stuck
from renkei.device.models import DeviceKey
from renkei.group.admission import invite
from renkei.group.models import Member
from renkei.group.services import leave_group
from renkei.kernel import clock
from renkei.kernel.clock import JAPAN
from renkei.kernel.errors import Problem, Unknown
from renkei.notification import sending
from renkei.notification.choosing import choose, choose_level, see_choices, try_out
from renkei.notification.devices import forget_wiped, subscribe, unsubscribe
from renkei.notification.endpoints import NotAllowed, addresses, checked, is_public
from renkei.notification.kinds import Kind
from renkei.notification.models import Preference, Subscription, Waiting
from renkei.notification.noticing import Noticing
from renkei.notification.push import encrypt
from renkei.notification.push_keys import (
    current,
    make_push_key,
    replace_leaked_push_key,
    replace_push_key,
)
from renkei.notification.reach import reached
from renkei.notification.timing import due, quiet_until
from renkei.notification.waking import Listener, Said, wakes
from renkei.people.models import Account, PractitionerRole, Session
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import HOST
from renkei.region.declaring import declare_disaster
from tests.cast import NAMES, Cast, group_of_kind
from tests.notification.world import (
    Browser,
    PushService,
    let_it_be_time,
    say,
    text,
    turn_on,
    waits,
)
from tests.policy.test_kinds import TEAMS


def test_a_push_is_sealed_for_the_browser_signed_and_names_nobody(
    awake: Cast, service: PushService
) -> None:
    browser = turn_on(awake, "manager", service)
    before = reached(awake.account("manager"))
    assert before is not None
    say(awake, "nurse", "山田さんの褥瘡", importance="urgent")
    assert let_it_be_time() > 0
    (push,) = service.got
    said = browser.opened(push.body)
    assert set(said) == {"title", "body", "count", "letter"}
    assert said["count"] == before.unread + 1
    assert said["title"] == "新しいお知らせがあります。"
    assert said["body"] == f"未読が{said['count']}件あります。"
    assert push.path == browser.path
    key = current()
    assert key is not None
    claims = push.claims(key.public)
    assert claims["aud"] == service.origin
    assert claims["sub"] == "mailto:kyoten@example.org"
    assert 0 < claims["exp"] - clock.now().timestamp() <= 24 * 3600
    wanted = {"Urgency": "high", "Topic": "news", "TTL": "43200", "Content-Encoding": "aes128gcm"}
    assert wanted.items() <= push.headers.items()
    # its length says nothing either: the payload always fills the same room
    assert len(push.body) == len(encrypt(b" " * 256, text(browser.point), text(browser.auth)))


@pytest.mark.clause("N3.6")
def test_told_are_the_others_who_still_see_the_group_and_have_not_read_it(
    awake: Cast, service: PushService
) -> None:
    for name in ("manager", "nurse", "physician", "former", "stranger"):
        turn_on(awake, name, service)
    say(awake, "nurse")
    assert waits("push") == {awake.account("manager"), awake.account("physician")}
    leave_group(awake["physician"], awake.group, reason="担当を離れます")
    Member.objects.filter(account=awake.account("manager"), ended_at=None).update(read_seq=10_000)
    let_it_be_time()
    assert service.got == []
    assert not Waiting.objects.exists()


@pytest.mark.parametrize("kind", TEAMS)
def test_what_is_asked_before_sending_is_what_the_rule_says(cast: Cast, kind: str) -> None:
    """Of everybody who has done what signing in asks for, on a device that is in order."""
    group, _ = group_of_kind(cast, kind, TEAMS[kind])
    for name in NAMES[:-1]:
        found = reached(cast.account(name))
        assert found is not None
        for one in (cast.group, group):
            rule = may(load(cast[name], "group", one), "group.see")
            assert (one in found.read) == rule, (name, kind)
    Account.objects.filter(pk=cast.account("manager")).update(suspended_at=clock.now())
    assert reached(cast.account("manager")) is None


def test_each_chooses_of_what_to_be_told_in_a_group(awake: Cast, service: PushService) -> None:
    turn_on(awake, "manager", service)
    choose_level(awake["manager"], awake.group, level="mentions")
    say(awake, "nurse")
    assert awake.account("manager") not in waits("push") | waits("mail")
    say(awake, "nurse", importance="important")
    assert awake.account("manager") in waits("push") & waits("mail")
    choose_level(awake["manager"], awake.group, level="none")
    assert awake.account("manager") not in waits("push") | waits("mail")
    say(awake, "nurse", importance="urgent")
    assert awake.account("manager") not in waits("push") | waits("mail")
    with pytest.raises(Problem):
        choose_level(awake["manager"], awake.group, level="loud")


@pytest.mark.once
def test_a_mention_reaches_who_wants_to_be_told_of_nothing_else(cast: Cast) -> None:
    nurse, manager = cast.account("nurse"), cast.account("manager")
    said = Said(1, nurse, "normal", 0, frozenset({manager, nurse}))
    assert wakes(said, Listener(manager, "mentions"))
    assert not wakes(said, Listener(cast.account("physician"), "mentions"))
    assert not wakes(said, Listener(nurse, "all"))  # the author
    assert not wakes(said, Listener(manager, "none"))
    everybody = Said(2, nurse, "normal", 0, frozenset({None}))
    assert wakes(everybody, Listener(cast.account("physician"), "mentions"))
    assert not wakes(everybody, Listener(nurse, "mentions"))


@pytest.mark.once
def test_quiet_hours_hold_all_but_what_may_pass() -> None:
    night = datetime(2026, 11, 27, 23, 30, tzinfo=JAPAN)
    noon = datetime(2026, 11, 27, 12, 0, tzinfo=JAPAN)
    morning = datetime(2026, 11, 28, 7, 0, tzinfo=JAPAN)
    usual, strict = Preference(), Preference(urgent_through=False)
    assert quiet_until(usual, night) == morning
    assert quiet_until(usual, morning) is None
    assert quiet_until(usual, morning - timedelta(minutes=1)) == morning
    assert quiet_until(Preference(quiet_from=0, quiet_until=0), night) is None
    shift = Preference(quiet_from=8 * 60, quiet_until=16 * 60)  # who works at night
    assert quiet_until(shift, noon) == noon + timedelta(hours=4)
    assert quiet_until(shift, night) is None

    def when(choice: Preference, channel: str, at: datetime, *, urgent: bool = False,
             kind: str = "message") -> datetime:  # fmt: skip
        return due(choice, channel, kind, urgent=urgent, now=at)

    assert when(usual, "push", night) == morning
    assert when(usual, "push", night, urgent=True) == night
    assert when(strict, "push", night, urgent=True) == morning
    assert when(strict, "push", night, kind="disaster") == night
    assert when(usual, "mail", noon) == datetime(2026, 11, 27, 18, 0, tzinfo=JAPAN)
    assert when(usual, "mail", night) == morning
    assert when(usual, "mail", noon, urgent=True) == noon
    assert when(shift, "mail", morning - timedelta(hours=2)) == morning
    late = Preference(quiet_from=6 * 60, quiet_until=9 * 60)  # the digest comes when they end
    assert when(late, "mail", morning - timedelta(hours=2)) == morning + timedelta(hours=2)


def test_a_digest_gathers_what_is_still_unread_in_one_mail_without_names(
    awake: Cast, outbox: Path
) -> None:
    choose(awake["manager"], None, mail="digest", quiet_from=0, quiet_until=0,
           urgent_through=True)  # fmt: skip
    say(awake, "nurse", "一つ目")
    say(awake, "physician", "二つ目")
    mine = Waiting.objects.get(account=awake.account("manager"), channel="mail")
    assert mine.due_at.astimezone(JAPAN).hour in (7, 18)
    assert sending.send_due() == 0  # nobody else's is due either
    assert let_it_be_time() == 3
    mails = [message_from_bytes(one.read_bytes()) for one in outbox.glob("*.eml")]
    to = {one["To"]: one for one in mails}
    assert set(to) == {awake.people[name].email for name in ("manager", "nurse", "physician")}
    mail = to[awake.people["manager"].email]
    words = mail.get_payload(decode=True).decode()
    assert "未読が" in words
    for secret in ("山田", "一つ目", "nurse", "manager", str(awake.group), awake.group.hex):
        assert secret not in words + str(mail["Subject"])
    assert mail["Auto-Submitted"] == "auto-generated"
    assert let_it_be_time() == 0


def test_a_follower_that_dies_before_its_commit_tells_of_everything_once(
    awake: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch, suppress(Stuck):
        patch.setattr(InDatabase, "move", dies)
        say(awake, "nurse")
    assert not Waiting.objects.exists()
    Noticing().follow()
    first = list(Waiting.objects.order_by("pk").values_list("pk", "seq"))
    assert {one.account_id for one in Waiting.objects.all()} == {
        awake.account("manager"), awake.account("physician"),
    }  # fmt: skip
    Noticing().follow()
    assert list(Waiting.objects.order_by("pk").values_list("pk", "seq")) == first


def test_what_was_sent_before_the_process_died_comes_again_under_the_same_id(
    awake: Cast, service: PushService, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = turn_on(awake, "manager", service)
    say(awake, "nurse")
    with monkeypatch.context() as patch, suppress(RuntimeError):
        patch.setattr(sending, "_finish_pushes", lambda *_: (_ for _ in ()).throw(RuntimeError()))
        let_it_be_time()
    assert len(service.got) == 1
    assert sending.send_due() == 0  # still claimed: nobody sends it meanwhile
    with clock.shifted(sending.CLAIMED + timedelta(seconds=1)):
        sending.send_due()
        sending.send_due()
    first, again = (browser.opened(one.body) for one in service.got)
    assert first["letter"] == again["letter"]  # the device shows it in the place of the first
    assert first["letter"] not in {one.stem for one in outbox.glob("*.eml")}
    assert not Waiting.objects.filter(channel="push").exists()
    assert len(list(outbox.glob("*.eml"))) == 2  # to each of the two others once


def test_what_comes_while_something_is_sent_is_not_lost(
    awake: Cast, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_on(awake, "manager", service)
    say(awake, "nurse")
    sent = sending._send_all
    once = [lambda: say(awake, "physician")]

    def meanwhile(looked: list) -> int:
        if once:
            once.pop()()
        return sent(looked)

    monkeypatch.setattr(sending, "_send_all", meanwhile)
    let_it_be_time()
    assert len(service.got) == 1
    left = Waiting.objects.get(channel="push", account=awake.account("manager"))
    assert left.letter is None
    assert left.due_at > clock.now()
    let_it_be_time()
    assert len(service.got) == 2


def test_a_push_service_that_is_away_is_asked_later_and_one_that_is_gone_never_again(
    awake: Cast, service: PushService
) -> None:
    turn_on(awake, "manager", service)
    turn_on(awake, "physician", service)
    say(awake, "nurse")
    Waiting.objects.filter(channel="mail").delete()
    service.answers = [(429, {"Retry-After": "600"}), (410, {})]
    assert let_it_be_time() == 0
    assert Subscription.objects.count() == 1
    left = Waiting.objects.get()
    assert left.attempts == 1
    assert left.due_at - clock.now() > timedelta(minutes=9)
    assert let_it_be_time() == 1  # the one that was away
    assert not Waiting.objects.exists()


@pytest.mark.clause("A15.6")
def test_a_device_that_has_to_forget_everything_is_told_nothing(
    awake: Cast, service: PushService
) -> None:
    session = Session.objects.get(pk=awake["manager"].session)
    key = DeviceKey.objects.create(device_id=session.device_id, secret="x" * 64,
                                   made_at=clock.now())  # fmt: skip
    turn_on(awake, "manager", service)
    Subscription.objects.update(device_key_id=key.id)
    say(awake, "nurse")
    DeviceKey.objects.filter(pk=key.id).update(ended_at=clock.now())  # as ``block_device`` does
    let_it_be_time()
    assert service.got == []
    forget_wiped(HOST, None)
    assert not Subscription.objects.exists()


def test_a_browser_shows_those_of_who_turned_it_on_last_and_nobody_ends_anothers(
    awake: Cast, service: PushService
) -> None:
    browser, key = turn_on(awake, "manager", service), current()
    assert key is not None
    with pytest.raises(Unknown):
        unsubscribe(awake["nurse"], None, subscription=Subscription.objects.get().id)
    with pytest.raises(Unknown):
        unsubscribe(awake["nurse"], None, endpoint=browser.endpoint)
    mine = {"endpoint": browser.endpoint, "p256dh": text(browser.point),
            "auth": text(browser.auth)}  # fmt: skip
    subscribe(awake["nurse"], None, **mine, key=key.public)
    assert Subscription.objects.get().account_id == awake.account("nurse")
    # the key is made anew: what was subscribed goes on, and the next visit says with what to renew
    anew = replace_push_key(HOST, None)
    assert anew is not None
    say(awake, "manager")
    let_it_be_time()
    (push,) = service.got
    assert push.claims(key.public)
    assert subscribe(awake["nurse"], None, **mine, key=key.public) == anew.public
    unsubscribe(awake["nurse"], None, endpoint=browser.endpoint)
    assert see_choices(awake["nurse"], None).browsers == []


def test_what_was_signed_with_a_leaked_key_ends_at_once(awake: Cast, service: PushService) -> None:
    turn_on(awake, "manager", service)
    assert make_push_key(HOST, None) is None  # there is one
    anew = replace_leaked_push_key(HOST, None)
    assert anew == current() and not Subscription.objects.exists()
    line = json.loads(AuditEvent.objects.filter(action="push_key.make").latest("id").detail)
    assert (line["anew"], line["subscriptions_ended"]) == (True, 1)
    say(awake, "nurse")
    let_it_be_time()
    assert service.got == []


@pytest.mark.once
def test_nothing_is_sent_into_a_network_of_ones_own(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for endpoint in (
        "http://push.example/a", "https://push.example:8443/a", "file:///etc/passwd",
        "https://user@push.example/a", "https:///a", "ftp://push.example/", "", "https://例え.jp/",
        "https://push.example:99999/", "https://push.example/" + "a" * 1000,
        "http://127.0.0.1:80/a",
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            checked(endpoint)
    assert checked("https://fcm.googleapis.com/fcm/send/abc").hostname == "fcm.googleapis.com"
    for address in (
        "127.0.0.1", "10.0.0.8", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
        "64:ff9b::a00:1", "2002:a00:1::", "no address",
    ):  # fmt: skip
        assert not is_public(address), address
    assert is_public("8.8.8.8")
    assert is_public("2001:4860:4860::8888")
    led = [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("10.0.0.8", 443))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: led)
    with pytest.raises(NotAllowed):  # one public address does not make the other one so
        addresses("push.example", 443)
    good = text(Browser(PushService("https://push.example")).point)
    make_push_key(HOST, None)
    for endpoint, p256dh in (("https://127.0.0.1/x", "AAAA"), ("http://push.example/", good)):
        with pytest.raises(Problem):
            subscribe(cast["nurse"], None, endpoint=endpoint, p256dh=p256dh, auth="A" * 22, key="")


def test_invitations_notices_and_disasters_are_told_by_the_way_they_come(awake: Cast) -> None:
    Member.objects.filter(account=awake.account("stranger")).delete()
    invite(awake["manager"], awake.invitee("stranger"), role_in_care="訪問介護")
    told = set(Waiting.objects.filter(kind=Kind.INVITATION).values_list("account", flat=True))
    assert told == {awake.account("stranger")}
    Waiting.objects.all().delete()
    choose(awake["nurse"], None, mail="none", quiet_from=0, quiet_until=0, urgent_through=False)
    until = clock.now() + timedelta(days=1)
    area = [awake.organizations["station"]]
    declare_disaster(awake["operator"], None, drill=True, word="storm", note="", area=area,
                     until=clock.now() + timedelta(hours=2))  # fmt: skip
    assert not Waiting.objects.exists()  # a drill wakes nobody
    declare_disaster(awake["operator"], None, drill=False, word="storm", note="", area=area,
                     until=until)  # fmt: skip
    told = set(Waiting.objects.filter(kind=Kind.DISASTER).values_list("account", flat=True))
    assert told == {awake.account(name) for name in
                    ("manager", "administrator_same", "self_inviting", "operator")}  # fmt: skip


def test_a_test_comes_at_once_even_in_quiet_hours(
    awake: Cast, service: PushService, outbox: Path
) -> None:
    browser = turn_on(awake, "manager", service)
    choose(awake["manager"], None, mail="at_once", quiet_from=0, quiet_until=1439,
           urgent_through=False)  # fmt: skip
    try_out(awake["manager"], None)
    with pytest.raises(Problem):
        try_out(awake["manager"], None)
    assert sending.send_due() == 2
    assert "試し" in browser.opened(service.got[0].body)["body"]
    assert len(list(outbox.glob("*.eml"))) == 1
    with pytest.raises(Problem):  # nobody fills a mailbox with tests
        try_out(awake["manager"], None)


@pytest.mark.clause("N4.9")
def test_who_may_but_read_is_not_woken_at_night_by_what_is_urgent(
    awake: Cast, service: PushService
) -> None:
    night = datetime.combine(clock.today() + timedelta(days=1), time(2), JAPAN)
    for name in ("manager", "physician"):
        turn_on(awake, name, service)
        choose(awake[name], None, mail="at_once", quiet_from=21 * 60, quiet_until=7 * 60,
               urgent_through=True)  # fmt: skip
    role = PractitionerRole.objects.filter(pk=awake.role("physician"))
    role.update(restriction="read_only")
    Session.objects.update(idle_until=night + timedelta(days=1), until=night + timedelta(days=1))
    with clock.shifted(night - clock.now()):
        say(awake, "nurse", "至急お願いします", importance="urgent")
        sending.send_due()
        assert len(service.got) == 1  # the manager
        left = Waiting.objects.filter(account=awake.account("physician"))
        assert {one.due_at.astimezone(JAPAN).hour for one in left} == {7}
        assert awake.account("manager") not in waits("push")
    with clock.shifted(night + timedelta(hours=5, minutes=1) - clock.now()):
        sending.send_due()
    assert len(service.got) == 2  # in the morning, not lost
