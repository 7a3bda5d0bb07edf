"""Afterwards: each device adopted or closed, the list for the operator, numbers for everybody."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.cache import cache

from renkei.audit import trail
from renkei.audit.models import AuditEvent
from renkei.communication.reading import read_timeline
from renkei.device.models import Device
from renkei.group.home import see_home
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people.models import Session
from renkei.region.declaring import end_disaster
from renkei.region.disaster import public_results
from renkei.region.models import DisasterUse
from renkei.safety.models import EmergencyUse, PlaceReport, SafetyReport, StaffReport
from renkei.safety.reporting import report_oneself, report_patient, report_place
from renkei.safety.settling import publish_result, remove_drill, see_report, see_uses, settle
from tests.cast import Cast, post, visible
from tests.safety.unlisted import card, declare, elsewhere, enter, enter_by_card

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _nothing_tried() -> None:
    cache.clear()


def used(cast: Cast, *, drill: bool = False) -> tuple[UUID, EmergencyUse]:
    """A disaster in which the nurse came in, wrote, and which is over."""
    numbers = card(cast, "nurse")
    declared = declare(cast, drill=drill)
    elsewhere(cast, "nurse")
    use = enter_by_card(cast, "nurse", numbers[0])
    read_timeline(cast["nurse"], cast.group)
    post(cast, "nurse", "避難しました")
    end_disaster(cast["operator"], declared)
    return declared, use


@pytest.mark.clause("A20")
def test_its_organization_adopts_a_device_which_opens_nothing_by_that(cast: Cast) -> None:
    _, use = used(cast)
    clinic = cast.organizations["clinic"]
    tasks = see_home(cast["administrator_other"], None).disaster
    assert [one.kind for one in tasks] == ["settle"]
    settle(cast["administrator_other"], clinic, use=use.id, outcome="adopted")
    device = Device.objects.get(state="pending")
    assert device.organization_id == clinic and device.type == "phone"
    assert list(device.users.all()) == [use.account]
    assert not device.listings.exists()
    assert visible(cast["nurse"]) == []
    assert see_home(cast["administrator_other"], None).disaster == []
    with pytest.raises(Problem):
        settle(cast["administrator_other"], clinic, use=use.id, outcome="closed")


@pytest.mark.clause("A20")
def test_or_closes_it_and_whoever_sits_there_is_out_even_while_it_lasts(cast: Cast) -> None:
    declare(cast)
    elsewhere(cast, "nurse", "totp")
    use = enter(cast, "nurse")
    clinic = cast.organizations["clinic"]
    settle(cast["administrator_other"], clinic, use=use.id, outcome="closed")
    assert not Session.objects.filter(pk=cast["nurse"].session).exists()


@pytest.mark.clause("A20")
def test_nobody_decides_about_the_devices_of_another_organization(cast: Cast) -> None:
    _, use = used(cast)
    station, clinic = cast.organizations["station"], cast.organizations["clinic"]
    with pytest.raises(Unknown):
        settle(cast["administrator_same"], station, use=use.id, outcome="closed")
    for name in ("administrator_same", "nurse", "manager", "operator"):
        with pytest.raises(Refused):
            settle(cast[name], clinic, use=use.id, outcome="closed")
    assert see_uses(cast["administrator_same"], station) == []
    assert EmergencyUse.objects.get().outcome == ""


def test_all_entries_made_in_one_browser_are_one_decision(cast: Cast) -> None:
    _, use = used(cast)
    same = EmergencyUse.objects.get()
    same.pk, same.session = UUID(int=7), "x"
    same.save(force_insert=True)
    clinic = cast.organizations["clinic"]
    assert settle(cast["administrator_other"], clinic, use=use.id, outcome="closed") == 2


@pytest.mark.clause("A20")
def test_the_operators_list_says_who_when_why_by_what_and_what_was_done(cast: Cast) -> None:
    declared, _ = used(cast)
    found = see_report(cast["operator"], declared).uses
    assert len(found) == 1
    line = found[0]
    assert (line.name, line.organization) == ("nurse さん", "clinic事業所")
    assert (line.reason, line.factor, line.browser) == ("避難所から", "card", "Safari, iPhone")
    assert line.acts["communication.send"] == 1
    assert line.acts["emergency.view"] == 1  # though she had read it all before
    for name in ("nurse", "administrator_other", "manager"):
        with pytest.raises(Refused):
            see_report(cast[name], declared)


@pytest.mark.clause("A20")
def test_who_is_late_stands_on_the_operators_home_page(cast: Cast) -> None:
    used(cast)
    far = clock.now() + 60 * DAY
    Session.objects.update(until=far, idle_until=far)
    with clock.shifted(13 * DAY):
        assert see_home(cast["operator"], None).disaster == []
    with clock.shifted(15 * DAY):
        tasks = see_home(cast["operator"], None).disaster
        assert [(one.kind, one.late) for one in tasks] == [("overdue", True)]


@pytest.mark.clause("A20")
def test_what_is_published_are_numbers_and_only_once_all_is_decided(cast: Cast) -> None:
    declared, use = used(cast)
    with pytest.raises(Problem):
        publish_result(cast["operator"], declared)
    clinic = cast.organizations["clinic"]
    settle(cast["administrator_other"], clinic, use=use.id, outcome="closed")
    assert "publish" in [one.kind for one in see_home(cast["operator"], None).disaster]
    publish_result(cast["operator"], declared)
    latest = public_results()[0]
    assert latest.numbers["closed"] == 1 and latest.numbers["people"] == 1
    assert all(isinstance(one, int) for one in latest.numbers.values())
    stored = json.dumps(DisasterUse.objects.get(pk=declared).result)
    assert "nurse" not in stored and "clinic" not in stored
    with pytest.raises(Problem):
        publish_result(cast["operator"], declared)


def test_nothing_is_published_or_removed_while_it_is_on(cast: Cast) -> None:
    declared = declare(cast, drill=True)
    for act in (publish_result, remove_drill):
        with pytest.raises(Problem):
            act(cast["operator"], declared)


@pytest.mark.clause("A20")
def test_a_drill_can_be_removed_and_the_trail_keeps_that_it_was(cast: Cast) -> None:
    numbers = card(cast, "nurse")
    declared = declare(cast, drill=True)
    elsewhere(cast, "nurse")
    enter_by_card(cast, "nurse", numbers[0])
    report_patient(cast["nurse"], cast.group, state="safe", place="", note="")
    report_oneself(cast["manager"], None, state="safe", note="")
    report_place(cast["manager"], cast.organizations["station"], state="open", note="")
    end_disaster(cast["operator"], declared)
    remove_drill(cast["operator"], declared)
    for model in (EmergencyUse, SafetyReport, StaffReport, PlaceReport):
        assert not model.objects.exists()
    assert not Session.objects.filter(pk=cast["nurse"].session).exists()
    lines = AuditEvent.objects.filter(detail__contains=f'"{declared.hex}"', action="safety.report")
    assert lines.count() == 1 and '"drill":true' in lines[0].detail
    assert trail.verify()[1] == []
    with pytest.raises(Unknown):
        see_report(cast["operator"], declared)


def test_the_real_thing_cannot_be_removed(cast: Cast) -> None:
    declared, _ = used(cast)
    with pytest.raises(Problem):
        remove_drill(cast["operator"], declared)
    assert EmergencyUse.objects.count() == 1
