"""What the server does by itself: sessions that are over go, and people are reminded once."""

from datetime import timedelta

import pytest

from renkei.audit.models import AuditEvent
from renkei.config import rounds
from renkei.device.models import Device, Listing
from renkei.kernel import clock
from renkei.kernel.errors import Refused
from renkei.people.models import Account, Session
from renkei.people.reminders import see_due, warning
from renkei.people.tidying import tidy_sessions
from renkei.web import own_mail
from tests.cast import Cast, set_parameters

DAY = timedelta(days=1)


class AtOnce:
    """A thread that does at once what it is for."""

    def __init__(self, target, args, daemon):
        self.start = lambda: target(*args)


@pytest.fixture
def outbox(mailoutbox, monkeypatch):
    monkeypatch.setattr(own_mail, "Thread", AtOnce)
    return mailoutbox


@pytest.mark.clause("A14.4")
def test_sessions_that_are_over_go_without_anybody_coming_back(cast: Cast) -> None:
    idle, over = cast["nurse"].session, cast["physician"].session
    Session.objects.filter(pk=idle).update(idle_until=clock.now() - timedelta(seconds=1))
    Session.objects.filter(pk=over).update(until=clock.now() - timedelta(seconds=1))
    nobodys = Session.objects.create(
        session_key="n" * 40, session_data="", expire_date=clock.now() - DAY, account=None,
        started_at=clock.now() - DAY, last_seen_at=clock.now() - DAY,
        until=clock.now() - DAY, idle_until=clock.now() - DAY,
    )  # fmt: skip
    before = Session.objects.count()
    rounds.make_round()
    left = set(Session.objects.values_list("pk", flat=True))
    assert {idle, over, nobodys.pk} & left == set()
    assert len(left) == before - 3


def test_only_the_machine_itself_makes_rounds(cast: Cast) -> None:
    for name in ("operator", "administrator_same", "nurse"):
        with pytest.raises(Refused):
            tidy_sessions(cast[name], None)
        with pytest.raises(Refused):
            see_due(cast[name], None)


@pytest.mark.parametrize(
    ("left", "due"),
    [
        (DAY * 14 + timedelta(seconds=1), None), (DAY * 14, 14), (DAY * 7, 7),
        (DAY * 6, 7), (DAY, 1), (timedelta(seconds=1), 1), (timedelta(0), None),
    ],
)  # fmt: skip
def test_which_warning_is_due(left: timedelta, due: int | None) -> None:
    now = clock.now()
    assert warning(now + left, now) == due


@pytest.mark.clause("A14.3")
def test_a_password_that_ends_is_told_14_7_and_1_days_before_and_each_once(
    cast: Cast, outbox, travel
) -> None:
    set_parameters(cast, password_profile="standard", password_max_age_days=60)
    Account.objects.update(password_changed_at=clock.now())
    nurse = Account.objects.filter(pk=cast.account("nurse"))
    nurse.update(password_changed_at=clock.now() - DAY * 45)
    for days, count in ((0, 0), (2, 1), (2, 1), (6, 2), (4, 3), (3, 3)):  # 15, 13, 11, 5 … left
        travel(DAY * days)
        rounds.make_round()
        rounds.make_round()
        mine = [one for one in outbox if one.to == ["nurse@example.org"]]
        assert len(mine) == count, days
    text = "".join(one.subject + one.body for one in outbox)
    assert "髙橋" not in text and "nurse さん" not in text and "http" not in text
    lines = AuditEvent.objects.filter(
        action="reminder.send", stream=f"account:{cast.account('nurse').hex}"
    )
    assert lines.count() == 3


@pytest.mark.clause("A14.6")
def test_a_device_that_is_overdue_is_told_to_its_users_once(cast: Cast, outbox) -> None:
    session = Session.objects.get(pk=cast["nurse"].session)
    device = Device.objects.get(pk=session.device_id)
    device.users.add(cast.account("nurse"))
    Account.objects.update(password_changed_at=clock.now())
    listing = Listing.objects.filter(device=device, organization=device.organization_id)
    listing.update(usable_until=clock.now() + DAY)
    rounds.make_round()
    assert outbox == []
    listing.update(usable_until=clock.now() - DAY)
    rounds.make_round()
    rounds.make_round()
    assert [one.to for one in outbox] == [["nurse@example.org"]]
    assert device.number in outbox[0].body
    Device.objects.filter(pk=device.pk).update(state="retired")
    listing.update(usable_until=clock.now() - DAY / 2)
    rounds.make_round()
    assert len(outbox) == 1


def test_without_mail_nobody_counts_as_told_and_nothing_breaks(cast: Cast, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    Account.objects.update(password_changed_at=clock.now() - DAY * 59)
    rounds.make_round()
    assert not AuditEvent.objects.filter(action="reminder.send").exists()


def test_a_round_that_fails_does_not_end_the_rounds(cast: Cast, monkeypatch) -> None:
    made: list[int] = []

    def fail() -> None:
        made.append(1)
        running._over.set() if len(made) > 1 else None
        raise ZeroDivisionError

    monkeypatch.setattr(rounds, "make_round", fail)
    with rounds.Rounds(every=0.01) as running:
        running._thread.join(timeout=5)
    assert len(made) == 2
