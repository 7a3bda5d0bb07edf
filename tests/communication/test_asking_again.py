"""Who has not read what matters is told again, some times, and never when it would be wrong."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from renkei.communication.asking_again import ask_again, night, see_due
from renkei.communication.message import see_message
from renkei.communication.models import AskedAgain, Communication
from renkei.communication.reading import record_reading
from renkei.communication.services import send_communication, withdraw_communication
from renkei.config import rounds
from renkei.group.home import see_home
from renkei.group.models import Group
from renkei.group.services import leave_group
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.notification.models import Waiting
from renkei.patient.models import Consent, Patient
from renkei.people.models import Session
from renkei.policy.standing import HOST
from tests.cast import Cast, post, set_parameters

pytestmark = pytest.mark.clause("A11.8")
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def day(cast: Cast, travel) -> None:
    """It is ten in the morning, and everybody stays signed in."""
    Session.objects.update(until=clock.now() + 99 * HOUR, idle_until=clock.now() + 99 * HOUR)
    now = clock.now().astimezone(clock.JAPAN)
    travel(now.replace(hour=10, minute=0, second=0, microsecond=0) + 24 * HOUR - now)


def urgent(cast: Cast, importance: str = "urgent") -> UUID:
    return send_communication(
        cast["nurse"], cast.group, text="ガーゼが届きません", importance=importance, key=uuid4(),
        confirmed=True,
    ).id  # fmt: skip


def first(cast: Cast, name: str) -> list[UUID]:
    return [one.message for _, one in see_home(cast[name], None).first]


def told(message: UUID) -> list[set[str]]:
    found = AskedAgain.objects.filter(communication=message).order_by("at")
    return [set(one.accounts) for one in found]


def test_it_stands_first_on_home_when_the_hours_are_over_and_until_it_is_read(
    cast: Cast, travel
) -> None:
    set_parameters(cast, ask_again_hours=24, ask_again_hours_urgent=2)
    now, soon = urgent(cast), urgent(cast, "important")
    post(cast, "nurse")
    assert first(cast, "manager") == []
    travel(2 * HOUR)
    assert first(cast, "manager") == [now]
    travel(22 * HOUR)
    assert first(cast, "manager") == [now, soon] and first(cast, "nurse") == []
    seq = Communication.objects.get(pk=now).seq
    record_reading(cast["manager"], cast.group, seq, seq)
    assert first(cast, "manager") == [soon]
    withdraw_communication(cast["nurse"], soon, reason="済みました")
    assert first(cast, "manager") == [] and first(cast, "former") == []


def test_its_author_tells_again_who_has_not_read_it_and_nobody_else_does(cast: Cast) -> None:
    message = urgent(cast)
    seq = Communication.objects.get(pk=message).seq
    record_reading(cast["physician"], cast.group, 1, seq)
    assert first(cast, "manager") == []
    for name in ("manager", "stranger", "administrator_same"):
        with pytest.raises(Refused):
            ask_again(cast[name], message)
    assert ask_again(cast["nurse"], message) == 1
    assert told(message) == [{cast.account("manager").hex}]
    waiting = Waiting.objects.filter(kind="unread")
    assert {(one.account_id, one.urgent) for one in waiting} == {(cast.account("manager"), True)}
    assert first(cast, "manager") == [message]
    assert [(n, itself) for _, n, itself in see_message(cast["nurse"], message).told_again] == [
        (1, False)
    ]
    with pytest.raises(Problem):  # a moment ago
        ask_again(cast["nurse"], message)
    with pytest.raises(Refused):  # an ordinary one
        ask_again(cast["nurse"], post(cast, "nurse"))


def test_the_round_tells_again_some_times_and_never_at_night(cast: Cast, travel) -> None:
    set_parameters(cast, ask_again_hours_urgent=2, ask_again_times=2)
    message = urgent(cast)
    rounds.make_round()
    assert told(message) == []
    travel(2 * HOUR)
    everybody = {cast.account(name).hex for name in ("manager", "physician")}
    for _ in range(2):
        rounds.make_round()
    assert told(message) == [everybody]  # once in two hours
    travel(10 * HOUR)  # ten at night
    rounds.make_round()
    assert len(told(message)) == 1
    travel(10 * HOUR)
    rounds.make_round()
    travel(3 * HOUR)
    rounds.make_round()
    assert told(message) == [everybody, everybody]


@pytest.mark.parametrize("why", ["left", "archived", "died", "erasing", "withdrawn", "no consent"])
def test_nobody_is_told_who_has_left_or_where_nothing_is_asked_any_more(
    cast: Cast, travel, why: str
) -> None:
    message, group = urgent(cast), Group.objects.filter(pk=cast.group)
    told_still = set()
    if why == "left":
        leave_group(cast["physician"], cast.group, reason="担当が替わりました")
        told_still = {cast.account("manager").hex}
    elif why == "died":
        Patient.objects.filter(pk=cast.patient).update(deceased_at=clock.now())
    elif why == "withdrawn":
        withdraw_communication(cast["nurse"], message, reason="誤り")
    elif why == "no consent":  # those of the managing organization see the group all the same
        Consent.objects.update(copy_given_on=None)
        told_still = {cast.account("manager").hex}
    else:
        group.update(**{"archived_at" if why == "archived" else "erase_at": clock.now()})
    travel(3 * HOUR)
    rounds.make_round()
    assert told(message) == ([told_still] if told_still else [])


def test_only_the_machine_itself_looks_for_what_is_due_and_by_day_alone(cast: Cast) -> None:
    for name in ("operator", "nurse"):
        with pytest.raises(Refused):
            see_due(cast[name], None)
    assert see_due(HOST, None) == []
    at = datetime(2026, 12, 1, tzinfo=clock.JAPAN)
    assert [hour for hour in range(24) if not night(at.replace(hour=hour))] == [*range(7, 21)]
