"""Taking something out: asked for, approved by somebody else, returned; what is late is seen."""

from datetime import timedelta
from typing import Any

import pytest

from renkei.device import taken_out, taking_out
from renkei.device.models import TakeOut
from renkei.device.taking_out import Wanted
from renkei.device.waiting import waiting_for
from renkei.incident.models import Incident
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.people.models import OperatorRole, PractitionerRole, Session
from renkei.policy.loading import load
from tests.cast import Cast, device_of, take_out_of

WANTED = Wanted("計画書2人分", "紙", "担当者会議", "公民館")


def ask(cast: Cast, name: str = "manager", **more: Any) -> TakeOut:
    now = clock.now()
    facts = {"device": None, "patients": 2, "encrypted": True, "from_at": now}
    asked = {**facts, "to_at": now + timedelta(hours=3), **more}
    return taking_out.ask_to_take_out(cast[name], None, wanted=WANTED, **asked)


@pytest.mark.clause("A15.9")
def test_it_is_asked_for_approved_by_somebody_else_and_returned(cast: Cast) -> None:
    taken = ask(cast, device=device_of(cast, "station"))
    assert "計画書" not in repr(TakeOut.objects.filter(pk=taken.id).values()[0])
    seen = taken_out.see_take_out(cast["manager"], taken.id)
    assert (seen.content, seen.medium, seen.purpose, seen.destination) == (
        "計画書2人分", "紙", "担当者会議", "公民館",
    )  # fmt: skip
    taking_out.approve_take_out(cast["administrator_same"], taken.id)
    with pytest.raises(Problem):
        taking_out.refuse_take_out(cast["administrator_same"], taken.id, reason="遅い")
    with pytest.raises(Refused):
        taking_out.return_take_out(cast["manager"], taken.id, returned="in_order")
    taking_out.return_take_out(cast["administrator_same"], taken.id, returned="in_order")
    taken.refresh_from_db()
    assert (taken.state, taken.returned) == ("returned", "in_order")
    assert not Incident.objects.exists()


@pytest.mark.clause("A15.9")
def test_who_approves_is_not_who_asked(cast: Cast) -> None:
    taken = ask(cast, "administrator_same")
    for step in (
        lambda: taking_out.approve_take_out(cast["administrator_same"], taken.id),
        lambda: taking_out.approve_take_out(cast["administrator_other"], taken.id),
        lambda: taking_out.approve_take_out(cast["manager"], taken.id),
        lambda: taking_out.approve_take_out(cast["operator"], taken.id),
    ):
        with pytest.raises(Refused):
            step()
    taking_out.approve_take_out(cast["self_inviting"], taken.id)


@pytest.mark.clause("A15.9")
def test_what_an_only_administrator_asks_for_the_operator_decides(cast: Cast) -> None:
    taken = ask(cast, "sole")
    assert "sole_out" in words(cast, "operator")
    assert [one.id for one in taken_out.see_sole_take_outs(cast["operator"], None)] == [taken.id]
    for name in ("sole", "administrator_other", "administrator_same", "nurse", "stranger"):
        with pytest.raises(Refused):
            taking_out.approve_take_out(cast[name], taken.id)
    with pytest.raises(Refused):
        taken_out.see_sole_take_outs(cast["sole"], None)
    assert taken_out.see_take_out(cast["operator"], taken.id).may_decide
    taking_out.approve_take_out(cast["operator"], taken.id)
    assert "sole_out" not in words(cast, "operator")
    with pytest.raises(Refused):
        taking_out.return_take_out(cast["sole"], taken.id, returned="in_order")
    taking_out.return_take_out(cast["operator"], taken.id, returned="in_order")


@pytest.mark.clause("A15.9")
def test_with_a_second_administrator_it_is_no_matter_of_the_operators(cast: Cast) -> None:
    taken = ask(cast, "administrator_same")
    for step in (taken_out.see_take_out, taking_out.approve_take_out):
        with pytest.raises(Refused):
            step(cast["operator"], taken.id)
    assert taken_out.see_sole_take_outs(cast["operator"], None) == []
    assert "sole_out" not in words(cast, "operator")
    station = PractitionerRole.objects.filter(organization=cast.organizations["station"])
    station.filter(administrator=True).exclude(account=cast.account("administrator_same")).update(
        restriction="suspended"
    )  # nobody else is there to ask
    assert "sole_out" in words(cast, "operator")
    taking_out.approve_take_out(cast["operator"], taken.id)


@pytest.mark.clause("A15.9")
def test_an_only_administrator_who_works_for_the_operator_as_well_decides_nothing_of_the_own(
    cast: Cast,
) -> None:
    taken = ask(cast, "sole")
    OperatorRole.objects.create(account_id=cast.account("sole"), started_at=clock.now())
    with pytest.raises(Refused):
        taking_out.approve_take_out(cast["sole"], taken.id)


@pytest.mark.clause("A15.9")
def test_nobody_else_sees_or_withdraws_it(cast: Cast) -> None:
    taken = take_out_of(cast)
    for name in ("nurse", "administrator_other", "stranger", "operator"):
        with pytest.raises(Refused):
            taken_out.see_take_out(cast[name], taken)
        with pytest.raises(Refused):
            taking_out.withdraw_take_out(cast[name], taken)
    with pytest.raises(Refused):
        taken_out.see_take_outs(cast["administrator_other"], cast.organizations["station"])
    taking_out.withdraw_take_out(cast["manager"], taken)


@pytest.mark.clause("A15.9")
def test_what_is_late_is_told_to_who_took_it_and_to_the_administrators(
    cast: Cast, travel: Any
) -> None:
    taken = ask(cast)
    assert "take_outs" in words(cast, "administrator_same")  # to decide
    taking_out.approve_take_out(cast["administrator_same"], taken.id)
    assert "take_outs" not in words(cast, "administrator_same")
    travel(timedelta(hours=4))
    Session.objects.update(
        until=clock.now() + timedelta(hours=1), idle_until=clock.now() + timedelta(hours=1)
    )
    assert "own_out" in words(cast, "manager")
    assert "take_outs" in words(cast, "administrator_same")
    desk = taken_out.see_take_outs(cast["administrator_same"], cast.organizations["station"])
    assert desk[0].word == "overdue"
    taking_out.return_take_out(cast["administrator_same"], taken.id, returned="erased")
    assert "own_out" not in words(cast, "manager")


def words(cast: Cast, name: str) -> list[str]:
    return [one for one, _ in waiting_for(load(cast[name], "region").who)]


@pytest.mark.clause("A15.9")
def test_what_comes_back_not_in_order_is_an_incident(cast: Cast) -> None:
    taken = ask(cast)
    taking_out.approve_take_out(cast["administrator_same"], taken.id)
    taking_out.return_take_out(cast["administrator_same"], taken.id, returned="not_in_order")
    assert Incident.objects.get().account_id == cast.account("manager")


@pytest.mark.clause("A15.9")
@pytest.mark.parametrize("hours", [0, -5])
def test_it_has_to_come_back_after_it_went(cast: Cast, hours: int) -> None:
    with pytest.raises(Problem):
        ask(cast, to_at=clock.now() + timedelta(hours=hours))


def test_only_ones_own_organizations_devices_are_taken_out(cast: Cast) -> None:
    with pytest.raises(Problem):
        ask(cast, device=device_of(cast, "clinic"))


def test_a_refusal_says_why(cast: Cast) -> None:
    taken = ask(cast)
    with pytest.raises(Problem):
        taking_out.refuse_take_out(cast["administrator_same"], taken.id, reason=" ")
    taking_out.refuse_take_out(cast["administrator_same"], taken.id, reason="電話で足ります")
    assert taken_out.see_take_out(cast["manager"], taken.id).reason == "電話で足ります"


@pytest.mark.clause("A15.9")
def test_who_works_for_nobody_or_on_a_strange_device_asks_for_nothing(cast: Cast) -> None:
    Session.objects.filter(pk=cast["manager"].session).update(device_id=None)
    for name in ("family", "manager"):
        with pytest.raises(Refused):
            taken_out.see_media(cast[name], None)
        with pytest.raises(Refused):
            ask(cast, name)
