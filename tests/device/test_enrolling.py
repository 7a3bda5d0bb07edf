"""How a device comes into the ledger, who may let it in, and what does not work."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from renkei.audit.models import AuditEvent
from renkei.communication.reading import read_timeline
from renkei.device import asking, enrolling, keys, services
from renkei.device.browser import Guess
from renkei.device.disclosures import see_ledger, see_waiting_for_operator
from renkei.device.in_hand import see_own_device
from renkei.device.ledger import months_later
from renkei.device.models import Device, DeviceKey, EnrollmentLink, Listing
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Refused, SignedOut, Unknown
from renkei.people.models import PractitionerRole, Session
from renkei.policy.standing import Actor
from renkei.policy.use_case import GateClosed
from renkei.region.models import DisasterUse, Region
from tests.cast import (
    Cast,
    device_of,
    loading,
    make_account,
    make_organization,
    make_region,
    make_role,
    person,
    set_parameters,
)

PHONE = Guess("phone", "Apple", "iPhone", "iOS", "18.1", "Safari")
ALL = {"A15.1": True, "A15.2": True, "A15.3": True, "A15.4": True}


def nowhere(cast: Cast, *names: str) -> None:
    """They work in browsers that nobody listed."""
    for name in names:
        Session.objects.filter(pk=cast[name].session).update(device_id=None, device_key_id=None)


def on(cast: Cast, name: str, cookie: str) -> Actor:
    """Somebody in the browser that has this cookie."""
    return Actor(
        session=cast[name].session, shown=keys.shown({settings.DEVICE_COOKIE_NAME: cookie})
    )


def added(cast: Cast, by: str = "administrator_other", users: Any = ()) -> tuple[Device, str]:
    home = cast.people[by].organization
    return services.add_device(
        cast[by], home, facts=services.Facts(number="T-77"), note={}, users=users
    )


def enroll(cast: Cast, name: str, token: str, confirmed: dict[str, bool] = ALL) -> str:
    return enrolling.enroll(cast[name], None, token=token, confirmed=confirmed, seen=PHONE)


def ask(
    cast: Cast, name: str, ownership: str = "organization", organization: UUID | None = None,
    **more: Any,
) -> str:  # fmt: skip
    private = {"note": {"reason": "往診"}, "not_shared": True, "agrees": True}
    asked = asking.Application(
        organization=organization or cast.people[name].organization,
        ownership=ownership,
        **{**(private if ownership == "private" else {}), **more},
    )
    return asking.ask_for_device(cast[name], None, asked=asked, confirmed=ALL, seen=PHONE)


def reads(cast: Cast, actor: Actor) -> bool:
    try:
        read_timeline(actor, cast.group)
    except (Refused, GateClosed):
        return False
    return True


# ── The link ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A8.2")
def test_a_link_makes_the_browser_that_takes_it_a_listed_device(cast: Cast) -> None:
    nowhere(cast, "nurse")
    assert not reads(cast, cast["nurse"])
    device, token = added(cast)
    actor = on(cast, "nurse", enroll(cast, "nurse", token))
    assert reads(cast, actor)
    assert not reads(cast, cast["nurse"])  # its session, without the key
    device.refresh_from_db()
    assert (device.os, device.model, device.maker) == ("iOS", "iPhone", "Apple")
    assert device.items["A15.1"]["state"] == "set"
    line = AuditEvent.objects.get(action="device.enroll")
    assert line.stream == f"organization:{device.organization_id.hex}"
    assert token not in line.detail


@pytest.mark.clause("A8.2")
def test_a_link_is_good_once_and_for_a_day(cast: Cast, travel: Any) -> None:
    nowhere(cast, "nurse", "physician")
    _, token = added(cast)
    assert token not in repr(list(EnrollmentLink.objects.values()))
    enroll(cast, "nurse", token)
    with pytest.raises(Problem):
        enroll(cast, "physician", token)
    device = Device.objects.get(number="T-77")
    later = services.new_link(cast["administrator_other"], device.id)
    travel(timedelta(hours=24, minutes=1))
    Session.objects.update(
        until=clock.now() + timedelta(hours=1), idle_until=clock.now() + timedelta(hours=1)
    )
    with pytest.raises(Problem):
        enroll(cast, "physician", later)
    assert DeviceKey.objects.filter(device=device).count() == 1


def test_a_newer_link_ends_the_one_before(cast: Cast) -> None:
    nowhere(cast, "nurse")
    device, token = added(cast)
    services.new_link(cast["administrator_other"], device.id)
    with pytest.raises(Problem):
        enroll(cast, "nurse", token)


@pytest.mark.clause("A8.2")
def test_a_link_is_bound_to_its_organization_and_to_whose_device_it_is(cast: Cast) -> None:
    nowhere(cast, "nurse", "physician", "stranger", "family")
    _, token = added(cast, users=[cast.account("physician")])
    with pytest.raises(Problem):
        enroll(cast, "stranger", token)  # of another organization
    with pytest.raises(Refused):
        enroll(cast, "family", token)  # of none
    with pytest.raises(Problem):
        enroll(cast, "nurse", token)  # it is the physician's
    assert enroll(cast, "physician", token)


def test_two_people_who_take_it_at_once_get_one_device(committed: Cast, at_once: Any) -> None:
    nowhere(committed, "nurse", "physician")
    _, token = added(committed)
    found = at_once(
        lambda: enroll(committed, "nurse", token), lambda: enroll(committed, "physician", token)
    )
    assert sum(isinstance(one, str) for one in found) == 1
    assert DeviceKey.objects.filter(device__number="T-77").count() == 1


def test_of_a_lost_or_retired_device_no_link_is_good(cast: Cast) -> None:
    nowhere(cast, "nurse")
    device, token = added(cast)
    services.lose(cast["administrator_other"], device.id)
    with pytest.raises(Problem):
        enroll(cast, "nurse", token)


@pytest.mark.clause("A14.6", "A15.1", "A15.2", "A15.3", "A15.4")
@pytest.mark.parametrize("item", ALL)
def test_a_device_without_lock_or_with_what_is_forbidden_is_not_added(
    cast: Cast, item: str
) -> None:
    nowhere(cast, "nurse")
    _, token = added(cast)
    with pytest.raises(Problem):
        enroll(cast, "nurse", token, {**ALL, item: False})
    assert not DeviceKey.objects.filter(device__number="T-77").exists()


# ── Asking from the device ───────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A8.2", "A15.10")
@pytest.mark.parametrize("ownership", ["organization", "private"])
def test_asked_for_it_opens_nothing_until_an_administrator_says_yes(
    cast: Cast, ownership: str
) -> None:
    nowhere(cast, "nurse")
    actor = on(cast, "nurse", ask(cast, "nurse", ownership))
    assert not reads(cast, actor)
    device = Device.objects.get(state="pending")
    enrolling.confirm(actor, device.id, confirmed=ALL, seen=PHONE)
    assert not reads(cast, actor)  # checking it is no approval
    for name in ("nurse", "manager", "administrator_same", "operator"):
        with pytest.raises((Refused, Unknown)):
            asking.approve(
                actor if name == "nurse" else cast[name], device.id, permitted_until=clock.today()
            )
    until = months_later(clock.today(), 6) if ownership == "private" else None
    asking.approve(cast["administrator_other"], device.id, permitted_until=until)
    assert reads(cast, actor)


@pytest.mark.clause("A15.10")
def test_a_private_device_needs_every_answer_and_a_last_day(cast: Cast, travel: Any) -> None:
    nowhere(cast, "nurse")
    for missing in ({"not_shared": False}, {"agrees": False}, {"note": {"reason": ""}}):
        with pytest.raises(Problem):
            ask(cast, "nurse", "private", **missing)
    actor = on(cast, "nurse", ask(cast, "nurse", "private"))
    device = Device.objects.get(state="pending")
    assert "往診" not in repr(device.__dict__)
    yes = cast["administrator_other"]
    for day in (None, clock.today() - timedelta(days=1), months_later(clock.today(), 7)):
        with pytest.raises(Problem):
            asking.approve(yes, device.id, permitted_until=day)
    asking.approve(yes, device.id, permitted_until=clock.today() + timedelta(days=3))
    assert reads(cast, actor)
    travel(timedelta(days=4))
    Session.objects.update(
        until=clock.now() + timedelta(hours=1), idle_until=clock.now() + timedelta(hours=1)
    )
    assert not reads(cast, actor)
    enrolling.confirm(actor, device.id, confirmed=ALL, seen=PHONE)
    assert not reads(cast, actor)  # nor does checking it permit it for longer
    asking.approve(yes, device.id, permitted_until=clock.today() + timedelta(days=3))
    assert reads(cast, actor)


@pytest.mark.clause("A15.10")
def test_nobody_approves_their_own_device_while_there_is_somebody_else(cast: Cast) -> None:
    asked = ask_from_another_browser(cast, "self_inviting")
    with pytest.raises(Refused):
        asking.approve(cast["self_inviting"], asked, permitted_until=clock.today())
    asking.approve(cast["administrator_same"], asked, permitted_until=clock.today())


def ask_from_another_browser(cast: Cast, name: str) -> UUID:
    """An administrator asks for the own phone; the computer at work stays in the ledger."""
    session = Session.objects.get(pk=cast[name].session)
    work = session.device_id
    nowhere(cast, name)
    ask(cast, name, "private")
    Session.objects.filter(pk=session.pk).update(device_id=work, device_key_id=None)
    return Device.objects.get(state="pending").id


@pytest.mark.clause("A8.2")
def test_an_only_administrator_approves_the_own_one_from_a_listed_device_alone(cast: Cast) -> None:
    asked = ask_from_another_browser(cast, "sole")
    listed = Session.objects.get(pk=cast["sole"].session).device_id
    nowhere(cast, "sole")  # as somebody who stole password and code would be
    with pytest.raises(Refused):
        asking.approve(cast["sole"], asked, permitted_until=clock.today())
    Session.objects.filter(pk=cast["sole"].session).update(device_id=listed)
    asking.approve(cast["sole"], asked, permitted_until=clock.today())


@pytest.mark.clause("A8.2")
def test_nor_does_a_disaster_let_anybody_list_a_device(cast: Cast) -> None:
    asked = ask_from_another_browser(cast, "sole")
    region = Region.objects.get(pk=cast.region)
    use = DisasterUse(
        id=uuid7(),
        key_id=region.key_id,
        region=region,
        declared_by=cast.account("operator"),
        declared_at=clock.now(),
        until=clock.now() + timedelta(days=1),
    )
    use.seal("reason", "大雨")
    use.save(force_insert=True)
    nowhere(cast, "sole")
    Session.objects.filter(pk=cast["sole"].session).update(emergency_id=use.id)
    with pytest.raises(Refused):
        asking.approve(cast["sole"], asked, permitted_until=clock.today())
    with pytest.raises(Refused):
        services.add_device(
            cast["sole"], cast.organizations["pharmacy"], facts=services.Facts(), note={}
        )


@pytest.mark.clause("A8.2")
def test_the_first_device_of_an_organization_is_approved_by_the_operator(cast: Cast) -> None:
    Device.objects.filter(organization=cast.organizations["pharmacy"]).update(state="retired")
    Listing.objects.filter(organization=cast.organizations["pharmacy"]).update(
        usable_until=clock.now()
    )
    nowhere(cast, "sole")
    actor = on(cast, "sole", ask(cast, "sole"))
    device = Device.objects.get(state="pending")
    with pytest.raises(Refused):
        asking.approve(actor, device.id)
    assert [one.id for one in see_waiting_for_operator(cast["operator"], None)] == [device.id]
    asking.approve(cast["operator"], device.id)
    assert see_own_device(actor, None).fits
    assert see_waiting_for_operator(cast["operator"], None) == []


def test_the_operator_has_no_say_where_somebody_else_has(cast: Cast) -> None:
    nowhere(cast, "nurse")
    ask(cast, "nurse")
    device = Device.objects.get(state="pending")
    assert see_waiting_for_operator(cast["operator"], None) == []
    with pytest.raises(Refused):
        asking.approve(cast["operator"], device.id)


def test_who_is_refused_stays_outside_and_may_be_told_why(cast: Cast) -> None:
    nowhere(cast, "nurse")
    actor = on(cast, "nurse", ask(cast, "nurse"))
    device = Device.objects.get(state="pending")
    asking.refuse(cast["administrator_other"], device.id, reason="私物のため")
    device.refresh_from_db()
    assert device.state == "retired"
    assert device.unseal("note_sealed")["refusal"] == "私物のため"
    with pytest.raises(SignedOut):
        read_timeline(actor, cast.group)


def test_three_applications_wait_and_no_more(cast: Cast) -> None:
    for _ in range(3):
        nowhere(cast, "nurse")
        ask(cast, "nurse")
    nowhere(cast, "nurse")
    with pytest.raises(Problem):
        ask(cast, "nurse")


def test_one_asks_for_organizations_one_works_for_alone(cast: Cast) -> None:
    nowhere(cast, "nurse")
    with pytest.raises(Problem):
        ask(cast, "nurse", organization=cast.organizations["station"])


# ── Other organizations ──────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A8.2")
def test_other_peoples_devices_are_out_of_reach(cast: Cast) -> None:
    device = device_of(cast, "station")
    admin = cast["administrator_other"]
    for step in (
        lambda: services.new_link(admin, device),
        lambda: services.lose(admin, device),
        lambda: services.retire(admin, device, erased_on=clock.today()),
        lambda: services.lend(admin, device, to=cast.account("nurse")),
        lambda: asking.approve(admin, device),
        lambda: asking.accept(admin, device),
        lambda: enrolling.make_code(admin, device),
        lambda: enrolling.confirm(admin, device, confirmed=ALL, seen=PHONE),
    ):
        with pytest.raises(Refused):
            step()
    assert device not in [one.id for one in see_ledger(admin, cast.organizations["clinic"]).rows]
    for name in ("administrator_other", "manager", "operator"):
        with pytest.raises(Refused):
            see_ledger(cast[name], cast.organizations["station"])


def test_of_another_region_nothing_is_even_there(cast: Cast) -> None:
    with loading():
        region, _ = make_region("となり町")
        other = make_organization(region, "隣", "診療所")
        account = make_account(region, "tonari@example.org")
        role = make_role(account, other.id, "事務", administrator=True)
    stranger = person("stranger", account, role)
    with pytest.raises((Unknown, Refused)):
        services.new_link(stranger.actor, device_of(cast, "station"))


@pytest.mark.clause("A8.2")
def test_a_device_used_for_two_organizations_is_accepted_by_the_second(cast: Cast) -> None:
    with loading():
        from renkei.people.models import Account

        second = make_role(
            Account.objects.get(pk=cast.account("nurse")), cast.organizations["helpers"], "看護師"
        )
    device = device_of(cast, "clinic")
    with pytest.raises(Problem):  # one does not work there
        asking.ask_acceptance(cast["nurse"], device, organization=cast.organizations["station"])
    asking.ask_acceptance(cast["nurse"], device, organization=cast.organizations["helpers"])
    assert not Listing.objects.get(
        device=device, organization=cast.organizations["helpers"]
    ).accepted_at
    PractitionerRole.objects.filter(pk=cast.role("former")).update(administrator=True)
    helper = cast["former"]
    Session.objects.filter(pk=helper.session).update(second_factor="totp")
    assert [one.id for one in see_ledger(helper, cast.organizations["helpers"]).waiting] == [device]
    asking.accept(helper, device)
    Session.objects.filter(pk=cast["nurse"].session).update(role=second)
    assert see_own_device(cast["nurse"], None).fits
    asking.decline(helper, device)
    assert not see_own_device(cast["nurse"], None).fits
    assert Device.objects.get(pk=device).state == "in_use"


# ── A second browser ─────────────────────────────────────────────────────────────────────────────


def use(cast: Cast, name: str, code: str, seen: Guess | None = None) -> str:
    seen = seen or Guess("tablet", browser="App")
    return enrolling.use_code(cast[name], None, code=code, seen=seen)


@pytest.mark.clause("A8.2")
def test_a_code_is_for_the_same_person_on_the_same_kind_of_device_alone(
    cast: Cast, travel: Any
) -> None:
    device = device_of(cast, "clinic")
    code = enrolling.make_code(cast["nurse"], device)
    assert use(cast, "physician", code) == ""
    with pytest.raises(Problem):
        use(cast, "nurse", code, PHONE)  # the own phone is no browser on the tablet
    cookie = use(cast, "nurse", f"{code[:4].lower()}-{code[4:]}")
    assert reads(cast, on(cast, "nurse", cookie))
    again = enrolling.use_code(on(cast, "nurse", cookie), None, code=code, seen=Guess("tablet"))
    assert again == ""  # once
    late = enrolling.make_code(on(cast, "nurse", cookie), device)
    travel(timedelta(minutes=11))
    assert (
        enrolling.use_code(on(cast, "nurse", cookie), None, code=late, seen=Guess("tablet")) == ""
    )


def test_after_five_wrong_codes_the_right_one_is_wrong_too(cast: Cast) -> None:
    code = enrolling.make_code(cast["nurse"], device_of(cast, "clinic"))
    for _ in range(5):
        assert use(cast, "nurse", "AAAA-AAAA") == ""
    assert use(cast, "nurse", code) == ""


def test_no_code_is_shown_where_the_device_is_not_open(cast: Cast) -> None:
    Listing.objects.update(usable_until=clock.now())
    with pytest.raises(Refused):
        enrolling.make_code(cast["nurse"], device_of(cast, "clinic"))


def test_a_device_has_few_browsers(cast: Cast) -> None:
    device = device_of(cast, "clinic")
    for _ in range(enrolling.MOST_KEYS):
        keys.make_key(device, "Chrome", clock.now())
    code = enrolling.make_code(cast["nurse"], device)
    with pytest.raises(Problem):
        use(cast, "nurse", code)


def test_where_the_policy_asks_for_no_ledger_it_can_be_kept_all_the_same(cast: Cast) -> None:
    nowhere(cast, "administrator_other", "nurse")
    set_parameters(cast, devices_in_ledger=False)
    device, token = added(cast)
    assert enroll(cast, "nurse", token)
    assert device.number == "T-77"
