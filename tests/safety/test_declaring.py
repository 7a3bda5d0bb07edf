"""Who can open the door, for how long, and who has to stand beside them (A20, 20-1, 20-3)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from renkei.audit.models import AuditEvent
from renkei.group.home import see_home
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people.models import Account, Session
from renkei.people.services import appoint_operator
from renkei.policy.standing import Actor
from renkei.region.declaring import (
    change_disaster,
    confirm_disaster,
    declare_disaster,
    end_disaster,
)
from renkei.region.disaster import in_force, one_of
from renkei.region.models import DisasterUse, Region
from tests.cast import (
    LOADER,
    NAMES,
    NOBODY,
    Cast,
    loading,
    make_account,
    make_region,
    person,
    set_parameters,
    visible,
)
from tests.safety.unlisted import declare, elsewhere, enter

DAY = timedelta(days=1)


@pytest.mark.clause("A20")
def test_nobody_but_the_operator_declares_it(cast: Cast) -> None:
    for name in NAMES:
        if name not in ("operator", NOBODY):
            with pytest.raises(Refused):
                declare(cast, by=name)
    assert in_force(cast.region) is None


@pytest.mark.clause("A20")
def test_one_person_declares_it_and_it_is_in_force_at_once(cast: Cast) -> None:
    declare(cast)
    found = in_force(cast.region)
    assert found is not None and found.on and not found.confirmed


@pytest.mark.clause("A20")
def test_who_declared_it_cannot_confirm_it_themselves(cast: Cast, other: Actor) -> None:
    declared = declare(cast)
    with pytest.raises(Refused):
        confirm_disaster(cast["operator"], declared)
    confirm_disaster(other, declared)
    found = in_force(cast.region)
    assert found is not None and found.confirmed
    with pytest.raises(Problem):
        confirm_disaster(other, declared)


@pytest.mark.clause("A20")
def test_pages_that_are_open_hear_of_every_change(cast: Cast, other: Actor) -> None:
    def epoch() -> int:
        return Region.objects.values_list("standing_epoch", flat=True).get(pk=cast.region)

    seen = [epoch()]
    disaster = declare(cast)
    seen.append(epoch())
    confirm_disaster(other, disaster)
    seen.append(epoch())
    end_disaster(cast["operator"], disaster)
    seen.append(epoch())
    assert seen == sorted(set(seen))


@pytest.mark.clause("A20")
def test_whoever_extends_it_needs_another_again(cast: Cast, other: Actor) -> None:
    declared = declare(cast)
    confirm_disaster(other, declared)
    change_disaster(other, declared, area=None, until=clock.now() + 7 * DAY)
    found = in_force(cast.region)
    assert found is not None and not found.confirmed
    with pytest.raises(Refused):
        confirm_disaster(other, declared)
    confirm_disaster(cast["operator"], declared)


@pytest.mark.clause("A20")
def test_no_end_lies_beyond_what_the_policy_allows_not_even_by_extending(cast: Cast) -> None:
    for lasting in (7 * DAY + timedelta(minutes=1), -DAY, timedelta(0)):
        with pytest.raises(Problem):
            declare(cast, lasting=lasting)
    declared = declare(cast)
    with pytest.raises(Problem):
        change_disaster(
            cast["operator"], declared, area=None, until=clock.now() + 7 * DAY + timedelta(hours=1)
        )
    with clock.shifted(6 * DAY):  # six days on another seven are allowed, from then
        set_parameters(cast)
    set_parameters(cast, disaster_max_days=2)
    with pytest.raises(Problem):
        change_disaster(cast["operator"], declared, area=None, until=clock.now() + 3 * DAY)


def test_a_drill_lasts_a_day_at_most(cast: Cast) -> None:
    with pytest.raises(Problem):
        declare(cast, drill=True, lasting=timedelta(hours=25))
    declare(cast, drill=True)


def test_an_area_is_made_of_the_regions_own_organizations(cast: Cast) -> None:
    for area in ([], [uuid4()]):
        with pytest.raises(Problem):
            declare(cast, area=area)


def test_two_are_not_in_force_at_a_time_but_the_real_thing_ends_a_drill(cast: Cast) -> None:
    drill = declare(cast, drill=True)
    with pytest.raises(Problem):
        declare(cast, drill=True)
    real = declare(cast)
    found = in_force(cast.region)
    assert found is not None and found.id == real
    ended = one_of(cast.region, drill)
    assert ended is not None and not ended.on
    with pytest.raises(Problem):
        declare(cast)
    with pytest.raises(Problem):
        declare(cast, drill=True)


def test_another_regions_operator_does_not_reach_it(cast: Cast) -> None:
    declared = declare(cast)
    with loading():
        region, policy = make_region("隣の地域")
        account = make_account(region, "neighbour@example.org")
        appoint_operator(LOADER, None, account=account)
    Account.objects.filter(pk=account.pk).update(
        acknowledged=policy, password_changed_at=clock.now()
    )
    account.refresh_from_db()
    neighbour = person("neighbour", account).actor
    for act in (confirm_disaster, end_disaster):
        with pytest.raises(Unknown):
            act(neighbour, declared)
    with pytest.raises(Unknown):
        change_disaster(neighbour, declared, area=None, until=clock.now() + DAY)
    declare_disaster(
        neighbour, None, drill=False, word="storm", note="", area=None, until=clock.now() + DAY
    )
    end_disaster(cast["operator"], declared)
    elsewhere(cast, "nurse", "totp")
    with pytest.raises(Problem):  # theirs opens nothing here
        enter(cast, "nurse")


@pytest.mark.clause("A20")
def test_it_ends_by_the_clock_and_then_nothing_of_it_can_be_changed(cast: Cast) -> None:
    declared = declare(cast, lasting=DAY)
    Session.objects.update(until=clock.now() + 3 * DAY, idle_until=clock.now() + 3 * DAY)
    with clock.shifted(DAY + timedelta(seconds=1)):
        assert in_force(cast.region) is None
        for act in (end_disaster,):
            with pytest.raises(Problem):
                act(cast["operator"], declared)
        with pytest.raises(Problem):
            change_disaster(cast["operator"], declared, area=None, until=clock.now() + DAY)


def test_unconfirmed_after_a_day_it_stays_in_force_and_everybody_is_told(cast: Cast) -> None:
    declare(cast)
    DisasterUse.objects.filter(ended_at=None, published_at=None).update(
        declared_at=clock.now() - timedelta(hours=25)
    )
    for name in ("operator", "nurse", "stranger"):
        band = see_home(cast[name], None).shell.band
        assert band is not None and band.disaster.on and band.disaster.unconfirmed
    assert see_home(cast["operator"], None).disaster[0].late


def test_the_second_person_is_asked_on_their_home_page_and_the_first_is_not(
    cast: Cast, other: Actor
) -> None:
    declare(cast)
    assert [one.kind for one in see_home(other, None).disaster] == ["confirm"]
    assert [one.kind for one in see_home(cast["operator"], None).disaster] == []


def test_everybody_has_the_band_and_those_outside_the_area_other_words(cast: Cast) -> None:
    declare(cast, area=[cast.organizations["clinic"]])
    here = {
        name: band.here
        for name in NAMES
        if name != NOBODY and (band := see_home(cast[name], None).shell.band) is not None
    }
    assert {name for name, yes in here.items() if yes} == {
        "nurse", "physician", "invited", "administrator_other",
    }  # fmt: skip
    assert len(here) == len(NAMES) - 1


def test_what_the_operator_does_is_in_the_regions_chain_without_a_word_of_it(cast: Cast) -> None:
    declared = declare(cast)
    end_disaster(cast["operator"], declared)
    lines = AuditEvent.objects.filter(stream=f"region:{cast.region.hex}").order_by("seq")
    assert [one.action for one in lines][-2:] == ["disaster.declare", "disaster.end"]
    assert "川の水" not in "".join(one.detail for one in lines)
    assert visible(cast["nurse"]) == [cast.group]
