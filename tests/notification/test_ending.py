"""What was turned on in a browser ends with the session, the device, the ID it belongs to."""

from types import SimpleNamespace

import pytest

from renkei.device.models import DeviceKey
from renkei.enrollment.leaving import _end_sessions
from renkei.incident import stops
from renkei.incident.reporting import report
from renkei.kernel import clock
from renkei.notification.models import Subscription
from renkei.people.models import PractitionerRole, Session
from renkei.people.own_sessions import end_other_sessions, end_session
from renkei.people.sessions import SessionStore, stored_key
from renkei.region.declaring import end_disaster
from renkei.safety.settling import remove_drill, settle
from tests.cast import Cast
from tests.incident.world import own_device
from tests.notification.world import PushService, let_it_be_time, say, turn_on
from tests.safety.unlisted import declare, elsewhere, enter

pytestmark = pytest.mark.clause("A15.6")
OTHER = "0" * 40  # another session of the same person, on another device


def _two_browsers(cast: Cast, service: PushService) -> tuple[str, str]:
    """The manager's two browsers: one in this session, one in another; their sessions."""
    here = cast["manager"].session
    mine = Session.objects.get(pk=here)
    turn_on(cast, "manager", service)
    values = {one.attname: getattr(mine, one.attname) for one in Session._meta.concrete_fields}
    Session.objects.create(**values | {"session_key": OTHER, "device_id": None})
    turn_on(cast, "manager", service)
    newest = Subscription.objects.order_by("-made_at", "-pk").first()
    assert newest is not None
    Subscription.objects.filter(pk=newest.pk).update(session=OTHER, device_id=None)
    return here, OTHER


def _left() -> set[str]:
    return set(Subscription.objects.values_list("session", flat=True))


def test_a_session_ended_from_elsewhere_takes_its_browser_with_it(
    awake: Cast, service: PushService
) -> None:
    here, there = _two_browsers(awake, service)
    end_session(awake["manager"], None, key=there)
    assert _left() == {here}
    say(awake, "nurse")
    let_it_be_time()
    assert len(service.got) == 1


def test_ending_all_others_leaves_this_one(awake: Cast, service: PushService) -> None:
    here, _ = _two_browsers(awake, service)
    end_other_sessions(awake["manager"], None)
    assert _left() == {here}


def test_a_browser_known_by_its_key_ends_though_it_signed_in_anew_since(
    awake: Cast, service: PushService
) -> None:
    here, there = _two_browsers(awake, service)
    device = Session.objects.get(pk=here).device_id
    key = DeviceKey.objects.create(device_id=device, secret="x" * 64, made_at=clock.now())
    Session.objects.filter(pk=there).update(device_key_id=key.id)
    Subscription.objects.filter(session=there).update(session="1" * 40, device_key_id=key.id)
    end_session(awake["manager"], None, key=there)
    assert _left() == {here}


def test_a_session_that_goes_on_under_another_key_keeps_its_browser(
    awake: Cast, service: PushService
) -> None:
    turn_on(awake, "manager", service)
    store = SessionStore(awake.people["manager"].cookie)
    store.load()
    store.cycle_key()
    assert _left() == {stored_key(store.session_key or "")}


def test_a_stopped_id_hears_nothing_and_does_not_go_on_by_itself(
    awake: Cast, service: PushService
) -> None:
    turn_on(awake, "manager", service)
    Subscription.objects.update(session="1" * 40)  # of a session that is over since
    stops.suspend_person(awake["operator"], awake.account("manager"), reason="確認のため")
    assert not Subscription.objects.exists()


def test_a_lost_device_hears_nothing_though_nobody_was_signed_in_on_it(
    awake: Cast, service: PushService
) -> None:
    device = own_device(awake, "manager")
    turn_on(awake, "manager", service)
    Subscription.objects.update(session="1" * 40, device_id=device, device_key_id=None)
    report(awake["manager"], None, kind="lost_device", what="", device=device)
    assert not Subscription.objects.exists()


def test_who_leaves_takes_no_browser_along(awake: Cast, service: PushService) -> None:
    turn_on(awake, "nurse", service)
    Subscription.objects.update(session="1" * 40)
    role = PractitionerRole.objects.get(pk=awake.role("nurse"))
    change = SimpleNamespace(now=clock.now(), detail={}, end_standings=lambda **_: None)
    _end_sessions(change, role)  # type: ignore[arg-type]
    assert change.detail == {"browsers_ended": 1}
    assert not Subscription.objects.exists()


def test_a_device_of_a_disaster_that_its_organization_closes_hears_no_more(
    awake: Cast, service: PushService
) -> None:
    declare(awake)
    elsewhere(awake, "nurse", "totp")
    use = enter(awake, "nurse")
    turn_on(awake, "nurse", service)
    clinic = awake.organizations["clinic"]
    settle(awake["administrator_other"], clinic, use=use.id, outcome="closed")
    assert not Subscription.objects.exists()


def test_what_a_drill_left_hears_no_more(awake: Cast, service: PushService) -> None:
    drill = declare(awake, drill=True)
    elsewhere(awake, "nurse", "totp")
    enter(awake, "nurse")
    turn_on(awake, "nurse", service)
    end_disaster(awake["operator"], drill)
    remove_drill(awake["operator"], drill)
    assert not Subscription.objects.exists()
