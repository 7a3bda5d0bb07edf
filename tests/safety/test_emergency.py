"""Getting in on a device outside the ledger: what lets nobody in, and what it does not open."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from renkei.audit.models import AuditEvent
from renkei.communication.live_backend import LiveBackend
from renkei.communication.reading import read_timeline
from renkei.group.home import see_home
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.patient.disclosures import see_patients
from renkei.people.attempts import Place
from renkei.people.cards import make_card
from renkei.people.models import CardCode, PractitionerRole, Session
from renkei.policy.loading import load
from renkei.policy.rules import RULES, closed_gate, may
from renkei.policy.use_case import GateClosed
from renkei.region.declaring import change_disaster, end_disaster
from renkei.safety.emergency import see_entrance, spend_card
from renkei.safety.models import EmergencyUse
from tests.cast import NAMES, NOBODY, Cast, loading, make_role, post, visible
from tests.policy.test_rules import things
from tests.safety.unlisted import card, declare, elsewhere, enter, enter_by_card, had_an_app

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _nothing_tried() -> None:
    cache.clear()


def is_closed(cast: Cast, name: str) -> None:
    assert visible(cast[name]) == []
    with pytest.raises((Refused, GateClosed)):
        read_timeline(cast[name], cast.group)


def long_sessions() -> None:
    """So that it is the disaster use that ends, and not the session."""
    far = clock.now() + 60 * DAY
    Session.objects.update(until=far, idle_until=far)


@pytest.mark.clause("A20")
def test_nobody_enters_while_none_is_declared(cast: Cast) -> None:
    elsewhere(cast, "nurse", "totp")
    with pytest.raises(Problem):
        enter(cast, "nurse")
    is_closed(cast, "nurse")


@pytest.mark.clause("A20")
def test_nobody_enters_without_a_second_factor_or_a_number_of_the_card(cast: Cast) -> None:
    declare(cast)
    elsewhere(cast, "nurse")
    with pytest.raises(Problem):
        enter(cast, "nurse")
    is_closed(cast, "nurse")
    assert not EmergencyUse.objects.exists()


@pytest.mark.clause("A20")
@pytest.mark.parametrize("reason", ["", "   ", "　", "あ" * 201])
def test_nobody_enters_without_a_reason(cast: Cast, reason: str) -> None:
    declare(cast)
    elsewhere(cast, "nurse", "totp")
    with pytest.raises(Problem):
        enter(cast, "nurse", reason)
    is_closed(cast, "nurse")


@pytest.mark.clause("A20")
def test_with_both_one_gets_to_ones_own_groups(cast: Cast) -> None:
    declare(cast)
    elsewhere(cast, "nurse", "totp")
    is_closed(cast, "nurse")
    enter(cast, "nurse")
    assert visible(cast["nurse"]) == [cast.group]
    assert read_timeline(cast["nurse"], cast.group).entries


@pytest.mark.clause("A20")
def test_a_number_of_the_card_is_good_once(cast: Cast) -> None:
    declare(cast)
    numbers = card(cast, "nurse")
    elsewhere(cast, "nurse")
    enter_by_card(cast, "nurse", numbers[0])
    assert visible(cast["nurse"]) == [cast.group]
    Session.objects.filter(pk=cast["nurse"].session).update(emergency_id=None, second_factor="")
    with pytest.raises(Problem):
        enter_by_card(cast, "nurse", numbers[0])
    is_closed(cast, "nurse")


@pytest.mark.clause("A20")
def test_who_knows_a_password_alone_cannot_make_a_card_or_set_up_a_factor_for_it(
    cast: Cast,
) -> None:
    declare(cast)
    elsewhere(cast, "nurse")
    with pytest.raises(Problem):
        enter_by_card(cast, "nurse", make_card(cast["nurse"], None)[0])
    had_an_app(cast, "nurse", days_ago=0)
    Session.objects.filter(pk=cast["nurse"].session).update(second_factor="totp")
    with pytest.raises(Problem):
        enter(cast, "nurse")
    is_closed(cast, "nurse")


def test_who_got_in_by_the_card_prints_no_new_one_and_hands_out_no_ids(cast: Cast) -> None:
    declare(cast)
    numbers = card(cast, "administrator_other")
    elsewhere(cast, "administrator_other")
    enter_by_card(cast, "administrator_other", numbers[0])
    with pytest.raises(Refused):
        make_card(cast["administrator_other"], None)
    standing = load(cast["administrator_other"], "staff", cast.role("nurse"))
    assert not may(standing, "access.give")


def test_a_number_of_somebody_elses_card_is_none(cast: Cast) -> None:
    declare(cast)
    numbers = card(cast, "physician")
    elsewhere(cast, "nurse")
    with pytest.raises(Problem):
        enter_by_card(cast, "nurse", numbers[0])
    assert CardCode.objects.filter(account=cast.account("physician"), used_at=None).count() == 10


def test_what_somebody_else_spent_lets_nobody_in(cast: Cast) -> None:
    from renkei.safety.emergency import enter_disaster
    from tests.safety.unlisted import PHONE

    declare(cast)
    numbers = card(cast, "physician")
    elsewhere(cast, "nurse")
    spent = spend_card(cast.account("physician"), numbers[0], Place("card"))
    assert spent is not None
    with pytest.raises(Problem):
        enter_disaster(cast["nurse"], None, reason="借りた", spent=spent, browser=PHONE)


@pytest.mark.clause("A20")
def test_somebody_outside_the_area_does_not_enter_and_loses_no_number(cast: Cast) -> None:
    declare(cast, area=[cast.organizations["station"]])
    numbers = card(cast, "nurse")
    elsewhere(cast, "nurse", "totp")
    with pytest.raises(Problem):
        enter(cast, "nurse")
    with pytest.raises(Problem):
        enter_by_card(cast, "nurse", numbers[0])
    assert CardCode.objects.filter(account=cast.account("nurse"), used_at=None).count() == 10
    is_closed(cast, "nurse")


def test_guessing_numbers_is_slowed_down_and_recorded(cast: Cast) -> None:
    declare(cast)
    numbers = card(cast, "nurse")
    account = cast.account("nurse")
    place = Place(f"card {account.hex}")
    for guess in range(4):
        assert spend_card(account, f"{guess:010}", place) is None
    spend_card(account, "0000000005", place)
    with pytest.raises(Problem):
        spend_card(account, numbers[0], place)  # even the right one has to wait now
    assert CardCode.objects.filter(account=account, used_at=None).count() == 10
    failed = AuditEvent.objects.filter(action="card.use", outcome="failed")
    assert failed.count() == 1 and failed[0].entity == f"Account/{account.hex}"


@pytest.mark.clause("A20")
def test_on_day_eight_nothing_opens_any_more(cast: Cast) -> None:
    declare(cast)
    elsewhere(cast, "nurse", "totp")
    enter(cast, "nurse")
    long_sessions()
    with clock.shifted(7 * DAY - timedelta(seconds=5)):
        assert visible(cast["nurse"]) == [cast.group]
    with clock.shifted(7 * DAY + timedelta(seconds=1)):
        is_closed(cast, "nurse")
        assert "髙橋" not in repr(see_home(cast["nurse"], None))
        assert "髙橋" not in repr(see_patients(cast["nurse"], None))
        with pytest.raises(Problem):
            enter(cast, "nurse")


@pytest.mark.clause("A20")
def test_the_open_stream_is_asked_again_at_that_very_moment(cast: Cast) -> None:
    declare(cast, lasting=timedelta(hours=2))
    elsewhere(cast, "nurse", "totp")
    enter(cast, "nurse")
    backend = LiveBackend()
    cookie = f"renkei={cast.people['nurse'].cookie}"
    listener = backend.admit(cookie)
    assert listener is not None and list(listener.groups) == [cast.group]
    over = clock.now() + timedelta(hours=2)
    assert abs(listener.until - over.timestamp()) < 5
    with clock.shifted(timedelta(hours=2, seconds=1)):
        later = backend.admit(cookie)
        assert later is not None and not later.groups


@pytest.mark.clause("A20")
def test_ended_before_its_time_it_closes_at_once_and_streams_are_told(cast: Cast) -> None:
    declared = declare(cast)
    elsewhere(cast, "nurse", "totp")
    enter(cast, "nurse")
    before = LiveBackend().epoch()[1]
    end_disaster(cast["operator"], declared)
    assert LiveBackend().epoch()[1] > before
    is_closed(cast, "nurse")
    declare(cast)  # another one does not bring the old entry back
    is_closed(cast, "nurse")


# What an administrator does about devices is done on one of the ledger, disaster or not.
FROM_THE_LEDGER = {
    *("device.add", "device.change", "device.approve", "device.accept", "device.take_stock"),
    "device.confirm",
    "take_out.decide",
    "own_backup.take",
}


@pytest.mark.clause("A20")
def test_nothing_else_is_loosened_for_anybody(cast: Cast) -> None:
    """Everybody on an unlisted device, entered, may do exactly what they may on a listed one."""
    kinds = {"region", "organization", "patient", "group", "communication"}
    permissions = [
        name for name, rule in RULES.items() if not name.startswith(("emergency", "access"))
    ]

    def allowed(name: str) -> set[str]:
        found = set()
        for kind, thing in things(cast, name).items():
            if kind in kinds:
                standing = load(cast[name], kind, thing)
                for one in permissions:
                    try:
                        if may(standing, one):
                            found.add(f"{kind} {one}")
                    except (AttributeError, AssertionError):
                        continue
        return found

    people = [name for name in NAMES if name not in (NOBODY, "family", "operator")]
    listed = {name: allowed(name) for name in people}
    declare(cast)
    for name in people:
        elsewhere(cast, name, "totp")
        enter(cast, name)
        assert allowed(name) <= listed[name], name
        assert {one.split()[1] for one in listed[name] - allowed(name)} <= FROM_THE_LEDGER, name
        assert (cast.group in visible(cast[name])) is (name in ("manager", "nurse", "physician"))


def test_who_works_for_nobody_has_nothing_to_enter_for(cast: Cast) -> None:
    declare(cast)
    for name, refusal in {"family": Refused, "operator": Problem}.items():
        elsewhere(cast, name, "totp")
        with pytest.raises(refusal):
            enter(cast, name)


def test_a_person_of_two_organizations_gets_no_further_than_the_area(cast: Cast) -> None:
    """The nurse works for the clinic and, outside the area, for the pharmacy."""
    from renkei.people.models import Account

    with loading():
        make_role(Account.objects.get(pk=cast.account("nurse")), cast.organizations["pharmacy"])
    declare(cast, area=[cast.organizations["pharmacy"]])
    elsewhere(cast, "nurse", "totp")
    enter(cast, "nurse")
    assert visible(cast["nurse"]) == []  # the group is the clinic's, which lies outside
    with pytest.raises(Refused):
        read_timeline(cast["nurse"], cast.group)


@pytest.mark.parametrize("area", ["clinic", "station"])
def test_list_and_rule_agree_within_an_area(cast: Cast, area: str) -> None:
    declared = declare(cast)
    for name in ("nurse", "manager", "physician"):
        elsewhere(cast, name, "totp")
        enter(cast, name)
    change_disaster(
        cast["operator"], declared, area=[cast.organizations[area]], until=clock.now() + DAY
    )
    for name in ("nurse", "manager", "physician"):
        sees = may(load(cast[name], "group", cast.group), "group.see")
        assert (cast.group in visible(cast[name])) is sees
        assert sees is (cast.people[name].organization == cast.organizations[area])


def test_who_was_stopped_does_not_enter(cast: Cast) -> None:
    declare(cast)
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(restriction="suspended")
    elsewhere(cast, "nurse", "totp")
    with pytest.raises(Problem):
        enter(cast, "nurse")


def test_an_administrator_without_their_phone_works_by_the_card_until_it_is_over(
    cast: Cast,
) -> None:
    numbers = card(cast, "administrator_same")
    declare(cast)
    elsewhere(cast, "administrator_same")
    assert closed_gate(load(cast["administrator_same"], "region")) == "factor"
    enter_by_card(cast, "administrator_same", numbers[3])
    assert may(load(cast["administrator_same"], "patient", cast.patient), "patient.see")
    long_sessions()
    with clock.shifted(8 * DAY):
        assert closed_gate(load(cast["administrator_same"], "region")) == "factor"


def test_the_card_counts_as_no_factor_of_another_time(cast: Cast) -> None:
    declared = declare(cast)
    numbers = card(cast, "nurse")
    elsewhere(cast, "nurse")
    enter_by_card(cast, "nurse", numbers[0])
    end_disaster(cast["operator"], declared)
    declare(cast)
    with pytest.raises(Problem):
        enter(cast, "nurse")
    assert see_entrance(cast["nurse"], None).factor == ""


def test_on_a_listed_device_there_is_nothing_to_enter(cast: Cast) -> None:
    declare(cast)
    Session.objects.filter(pk=cast["nurse"].session).update(second_factor="totp")
    with pytest.raises(Problem):
        enter(cast, "nurse")


def test_what_is_done_there_bears_its_mark_and_the_reason_stays_sealed(cast: Cast) -> None:
    declared = declare(cast)
    elsewhere(cast, "nurse", "totp")
    use = enter(cast, "nurse", "避難所にいる")
    post(cast, "nurse", "皆さん無事です")
    for action in ("emergency.enter", "communication.send"):
        line = AuditEvent.objects.filter(action=action).latest("at")
        assert declared.hex in line.detail and "避難所" not in line.detail
    assert "避難所".encode() not in bytes(use.reason)
    assert see_home(cast["nurse"], None).shell.band.emergency  # type: ignore[union-attr]


def test_a_drill_says_so_in_every_line(cast: Cast) -> None:
    declare(cast, drill=True)
    elsewhere(cast, "nurse", "totp")
    enter(cast, "nurse")
    post(cast, "nurse")
    for action in ("emergency.enter", "communication.send"):
        assert '"drill":true' in AuditEvent.objects.filter(action=action).latest("at").detail
