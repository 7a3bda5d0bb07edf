"""Leaving: one action ends everything of this organization, and nothing of another (A8.5, N1.2)."""

import json
from datetime import date, timedelta
from uuid import UUID

import pytest

from renkei.audit.models import AuditEvent
from renkei.communication import proof
from renkei.communication.models import Communication
from renkei.device.models import Device, Listing
from renkei.enrollment.leaving import (
    Formalities,
    Returned,
    leave_now,
    leave_on,
    settle_leaving,
    stay,
)
from renkei.enrollment.leaving_desk import see_leaving
from renkei.enrollment.models import Leaving
from renkei.group.models import Group, Invitation, Member
from renkei.incident.overview import see_restricting
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Refused, SignedOut
from renkei.people.changes import (
    appoint_administrator,
    changes_to_note,
    dismiss_administrator,
    note_change,
)
from renkei.people.models import Account, AdministratorChange, PractitionerRole, Session
from renkei.policy.loading import load
from renkei.policy.rules import may
from tests.cast import (
    Cast,
    device_of,
    group_about,
    group_of_kind,
    loading,
    make_role,
    person,
    visible,
)
from tests.web.test_routes import browser

TOLD = Formalities("in_person", date(2026, 4, 1), ("papers",))


def told(*devices: Returned) -> Formalities:
    return Formalities("in_person", clock.today(), ("papers",), devices)


def use(cast: Cast, name: str, **facts: object) -> UUID:
    """Let somebody be the user of the first device of their organization."""
    place = cast.people[name].organization
    device = Device.objects.filter(organization=place).order_by("added_at").get()
    device.users.add(cast.account(name))
    Device.objects.filter(pk=device.pk).update(**{"state": "lent", **facts})
    return device.id


# ── Who may not ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A7", "A8.1", "A8.3", "A8.5", "N1.2", "N3.7")
@pytest.mark.parametrize(
    "name", ["manager", "nurse", "administrator_same", "sole", "operator", "former", "family"]
)
def test_only_an_administrator_of_ones_own_organization_lets_one_go(cast: Cast, name: str) -> None:
    PractitionerRole.objects.filter(pk=cast.role("physician")).update(administrator=True)
    Account.objects.update(last_login=clock.now())  # so that none of them is the last who can act
    for attempt in (
        lambda: leave_now(cast[name], cast.role("nurse"), formalities=told()),
        lambda: leave_on(cast[name], cast.role("nurse"), last_day=clock.today()),
        lambda: see_leaving(cast[name], cast.role("nurse")),
        lambda: settle_leaving(cast[name], cast.role("nurse"), formalities=told()),
        lambda: stay(cast[name], cast.role("nurse")),
        lambda: appoint_administrator(cast[name], cast.role("nurse")),
        lambda: dismiss_administrator(cast[name], cast.role("physician")),
    ):
        with pytest.raises(Refused):
            attempt()
    assert not Leaving.objects.exists()


def test_nobody_lets_themselves_go(cast: Cast) -> None:
    with pytest.raises(Refused):
        leave_now(cast["administrator_other"], cast.role("administrator_other"), formalities=told())


# ── At once ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A8.5", "N1.2", "A8.3")
def test_everything_ends_in_one_action(cast: Cast) -> None:
    leave_now(cast["administrator_other"], cast.role("nurse"), formalities=told())
    with pytest.raises(SignedOut):
        load(cast["nurse"], "region")
    member = Member.objects.get(pk=cast.members["nurse"])
    assert member.ended_at is not None and member.released_by_id is not None
    assert not Session.objects.filter(account=cast.account("nurse")).exists()
    entry = Communication.objects.filter(group=cast.group).order_by("-seq").first()
    assert entry is not None and (entry.event, entry.subject_id) == ("released", cast.role("nurse"))
    assert Communication.objects.get(pk=cast.message).sender_id == cast.account("nurse")
    again = person("nurse", Account.objects.get(pk=cast.account("nurse")))
    assert visible(again.actor) == []
    assert load(again.actor, "region").who.organization is None


@pytest.mark.clause("N1.2")
def test_an_invitation_to_who_has_left_is_over(cast: Cast) -> None:
    leave_now(cast["administrator_other"], cast.role("invited"), formalities=told())
    invitation = Invitation.objects.get(pk=cast.invitations["invited"])
    assert invitation.state == Invitation.State.TAKEN_BACK


@pytest.mark.clause("A8.5")
def test_what_is_done_for_another_organization_goes_on(cast: Cast) -> None:
    with loading():
        other = make_role(
            Account.objects.get(pk=cast.account("nurse")), cast.organizations["helpers"]
        )
    there = person("nurse", Account.objects.get(pk=cast.account("nurse")), other)
    Session.objects.filter(pk=there.actor.session).update(role=other)
    leave_now(cast["administrator_other"], cast.role("nurse"), formalities=told())
    assert load(there.actor, "region").who.organization == cast.organizations["helpers"]
    with pytest.raises(SignedOut):
        load(cast["nurse"], "region")


@pytest.mark.clause("N3.7")
def test_every_device_is_accounted_for(cast: Cast) -> None:
    device = use(cast, "nurse")
    with pytest.raises(Problem):
        leave_now(cast["administrator_other"], cast.role("nurse"), formalities=told())
    with pytest.raises(Problem):  # another organization's
        leave_now(
            cast["administrator_other"], cast.role("nurse"),
            formalities=told(
                Returned(device, "returned"), Returned(device_of(cast, "station"), "missing")
            ),
        )  # fmt: skip
    assert PractitionerRole.objects.get(pk=cast.role("nurse")).ended_at is None
    leave_now(
        cast["administrator_other"], cast.role("nurse"),
        formalities=told(Returned(device, "returned")),
    )  # fmt: skip
    back = Device.objects.get(pk=device)
    assert (back.state, list(back.users.all())) == ("in_use", [])
    assert Device.objects.get(pk=device_of(cast, "station")).state == "in_use"


@pytest.mark.clause("N3.7")
def test_a_missing_device_is_lost_and_a_private_one_closed_with_its_erasure(cast: Cast) -> None:
    device = use(cast, "nurse")
    leave_now(
        cast["administrator_other"], cast.role("nurse"),
        formalities=told(Returned(device, "missing")),
    )  # fmt: skip
    assert Device.objects.get(pk=device).state == "lost"
    assert not Listing.objects.filter(device=device, usable_until__gt=clock.now()).exists()
    own = use(cast, "manager", ownership="private", state="in_use")
    leave_now(
        cast["administrator_same"], cast.role("manager"),
        formalities=told(Returned(own, "closed", date(2026, 4, 2))),
    )  # fmt: skip
    closed = Device.objects.get(pk=own)
    assert (closed.state, closed.erased_on) == ("retired", date(2026, 4, 2))


@pytest.mark.clause("N3.7", "P3")
def test_how_the_person_was_told_of_what_stays_is_said(cast: Cast) -> None:
    with pytest.raises(Problem):
        leave_now(cast["administrator_other"], cast.role("nurse"), formalities=Formalities(""))
    leave_now(cast["administrator_other"], cast.role("nurse"), formalities=TOLD)
    seen = see_leaving(cast["administrator_other"], cast.role("nurse"))
    assert seen.settled and seen.leaving is not None
    assert (seen.leaving.told, seen.leaving.told_on) == ("in_person", date(2026, 4, 1))
    assert seen.leaving.formalities == {"papers": True, "media": False, "seal": False}
    with pytest.raises(Problem):
        leave_now(cast["administrator_other"], cast.role("nurse"), formalities=TOLD)


@pytest.mark.clause("N1.2")
def test_the_patients_who_need_a_successor_are_named_before_and_after(cast: Cast) -> None:
    before = see_leaving(cast["administrator_same"], cast.role("manager"))
    assert [(one.group, one.manager, one.only) for one in before.successors] == [
        (cast.group, True, True)
    ]
    assert before.successors[0].name == "髙橋 節子"
    elsewhere = see_leaving(cast["administrator_other"], cast.role("physician"))
    assert [(one.group, one.name) for one in elsewhere.successors] == [(cast.group, "")]
    leave_now(cast["administrator_same"], cast.role("manager"), formalities=TOLD)
    after = see_leaving(cast["administrator_same"], cast.role("manager"))
    assert after.successors == before.successors


@pytest.mark.clause("N1.2", "A12.4")
def test_a_group_by_invitation_is_counted_and_not_named_to_who_is_not_in_it(cast: Cast) -> None:
    admin, role = cast["administrator_other"], cast.role("nurse")
    group, _ = group_of_kind(cast, "free", {"nurse": True}, organization="clinic")
    address = f"/staff/{role}/leave"
    (seen,) = [one for one in see_leaving(admin, role).successors if one.free]
    page = browser(cast, "administrator_other").get(address).content.decode()
    assert seen.name == "食支援を学ぶ会" and "食支援を学ぶ会" in page  # whoever looks finds it
    assert "食支援を学ぶ会 さん" not in page  # it is nobody
    Group.objects.filter(pk=group).update(entry="invitation")
    (seen,) = [one for one in see_leaving(admin, role).successors if one.free]
    page = browser(cast, "administrator_other").get(address).content.decode()
    assert seen.name == "" and "食支援を学ぶ会" not in page and str(group) not in page
    assert "招待制の自由グループ 1件" in page
    (orphan,) = [one for one in see_restricting(admin, role).orphans if one.group == group]
    assert orphan.name == ""
    put_in(cast, group, "administrator_other")
    (seen,) = [one for one in see_leaving(admin, role).successors if one.free]
    assert seen.name == "食支援を学ぶ会"


def put_in(cast: Cast, group: UUID, name: str) -> None:
    role = PractitionerRole.objects.get(pk=cast.role(name))
    Member(
        id=uuid7(), key_id=Group.objects.get(pk=group).key_id, group_id=group, role=role,
        account=role.account, role_in_care="事務", origin="opened", joined_at=clock.now(),
    ).save(force_insert=True)  # fmt: skip


@pytest.mark.clause("A8.5")
def test_the_trail_proves_every_entry_that_a_leaving_made(cast: Cast) -> None:
    group_about(cast, "station", {"manager": True, "administrator_same": True})
    leave_now(cast["administrator_same"], cast.role("manager"), formalities=TOLD)
    count, breaks = proof.verify()
    assert count > 2 and breaks == []
    line = AuditEvent.objects.filter(action="staff.leave").get()
    assert line.stream == f"organization:{cast.organizations['station'].hex}"
    assert json.loads(line.detail)["groups"] == 2


# ── At the end of a day ──────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A8.5", "N1.2")
def test_a_day_set_ahead_ends_at_its_midnight_without_anybody(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = clock.today() + timedelta(days=3)
    leave_on(cast["administrator_other"], cast.role("nurse"), last_day=day)
    role = PractitionerRole.objects.get(pk=cast.role("nurse"))
    assert role.until is not None and role.ended_at is None
    assert f"{role.until.astimezone(clock.JAPAN):%H:%M:%S.%f}" == "00:00:00.000000"
    assert role.until.astimezone(clock.JAPAN).date() == day + timedelta(days=1)
    assert visible(cast["nurse"]) == [cast.group]
    Session.objects.update(until=role.until + timedelta(days=9), idle_until=role.until)
    Session.objects.update(idle_until=role.until + timedelta(days=9))
    Listing.objects.update(usable_until=role.until + timedelta(days=9))
    Account.objects.update(password_changed_at=role.until)
    at = [role.until - timedelta(microseconds=1)]
    monkeypatch.setattr(clock, "now", lambda: at[0])
    assert may(load(cast["nurse"], "group", cast.group), "group.see")
    at[0] = role.until
    assert not may(load(cast["nurse"], "group", cast.group), "group.see")
    assert load(cast["nurse"], "region").who.organization is None


def test_it_is_settled_only_when_it_is_over_and_only_once(cast: Cast) -> None:
    me, nurse = cast["administrator_other"], cast.role("nurse")
    with pytest.raises(Problem):
        settle_leaving(me, nurse, formalities=TOLD)
    leave_on(me, nurse, last_day=clock.today())
    with pytest.raises(Problem):
        settle_leaving(me, nurse, formalities=TOLD)
    over = clock.now() - timedelta(minutes=1)
    PractitionerRole.objects.filter(pk=nurse).update(until=over)
    Leaving.objects.update(ends_at=over)
    settle_leaving(me, nurse, formalities=TOLD)
    assert PractitionerRole.objects.get(pk=nurse).ended_at == over
    assert Member.objects.get(pk=cast.members["nurse"]).ended_at is not None
    with pytest.raises(Problem):
        settle_leaving(me, nurse, formalities=TOLD)


def test_it_is_taken_back_before_and_set_anew_but_never_for_a_day_gone_by(cast: Cast) -> None:
    me, nurse = cast["administrator_other"], cast.role("nurse")
    with pytest.raises(Problem):
        leave_on(me, nurse, last_day=clock.today() - timedelta(days=1))
    with pytest.raises(Problem):
        stay(me, nurse)
    leave_on(me, nurse, last_day=clock.today() + timedelta(days=9))
    leave_on(me, nurse, last_day=clock.today() + timedelta(days=2))
    assert Leaving.objects.filter(withdrawn_at=None).count() == 1
    stay(me, nurse)
    assert PractitionerRole.objects.get(pk=nurse).until is None
    leave_now(me, nurse, formalities=TOLD)


def test_coming_back_shows_nothing_of_before(cast: Cast) -> None:
    leave_now(cast["administrator_other"], cast.role("nurse"), formalities=TOLD)
    with loading():
        again = make_role(
            Account.objects.get(pk=cast.account("nurse")), cast.organizations["helpers"]
        )
    there = person("nurse", Account.objects.get(pk=cast.account("nurse")), again)
    assert visible(there.actor) == []
    assert not may(load(there.actor, "group", cast.group), "group.see")
    with pytest.raises(Refused):  # and the former organization nothing of the new
        see_leaving(cast["administrator_other"], again.id)


# ── Administrators ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A7")
def test_the_last_administrator_stays_until_a_successor_has_logged_in(cast: Cast) -> None:
    me = cast["administrator_other"]
    for attempt in (
        lambda: dismiss_administrator(me, cast.role("administrator_other")),
        lambda: dismiss_administrator(cast["sole"], cast.role("sole")),
    ):
        with pytest.raises(Problem):
            attempt()
    appoint_administrator(me, cast.role("nurse"))
    Account.objects.filter(pk=cast.account("nurse")).update(last_login=None)
    with pytest.raises(Problem):
        dismiss_administrator(me, cast.role("administrator_other"))
    Account.objects.filter(pk=cast.account("nurse")).update(last_login=clock.now())
    dismiss_administrator(me, cast.role("administrator_other"))
    found = AdministratorChange.objects.order_by("at").values_list("account", "became")
    assert list(found) == [
        (cast.account("nurse"), True), (cast.account("administrator_other"), False),
    ]  # fmt: skip


@pytest.mark.clause("A7")
def test_nor_does_the_last_one_leave_not_even_later(cast: Cast) -> None:
    nurse = cast["nurse"]
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(administrator=True)
    Session.objects.filter(pk=nurse.session).update(second_factor="totp")
    Account.objects.update(last_login=clock.now())
    leave_on(nurse, cast.role("administrator_other"), last_day=clock.today() + timedelta(days=1))
    with pytest.raises(Problem):  # the other one is about to go
        leave_now(cast["administrator_other"], cast.role("nurse"), formalities=TOLD)
    with pytest.raises(Problem):
        dismiss_administrator(nurse, cast.role("nurse"))


@pytest.mark.clause("A7")
def test_the_operator_is_told_and_takes_note(cast: Cast) -> None:
    appoint_administrator(cast["administrator_other"], cast.role("nurse"))
    (told,) = changes_to_note(load(cast["operator"], "region"))
    assert (told.became, told.who.name) == (True, "nurse さん")
    with pytest.raises(Refused):
        note_change(cast["administrator_other"], None, entry=told.id)
    note_change(cast["operator"], None, entry=told.id)
    assert changes_to_note(load(cast["operator"], "region")) == []


def test_appointing_twice_is_once(cast: Cast) -> None:
    appoint_administrator(cast["administrator_other"], cast.role("nurse"))
    appoint_administrator(cast["administrator_other"], cast.role("nurse"))
    assert AdministratorChange.objects.count() == 1


def test_a_group_of_two_organizations_needs_no_successor_where_a_colleague_stays(
    cast: Cast,
) -> None:
    group_about(cast, "station", {"manager": True, "administrator_same": True, "nurse": False})
    seen = see_leaving(cast["administrator_other"], cast.role("nurse"))
    assert [one.only for one in seen.successors] == [True]
    del seen
    seen = see_leaving(cast["self_inviting"], cast.role("manager"))
    assert [(one.manager, one.only) for one in seen.successors] == [(True, True), (True, False)]
