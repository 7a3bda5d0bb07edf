"""Administrators restrict and stop their own, the operator all; at once, never oneself (N2.2)."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from renkei.communication.live_backend import LiveBackend
from renkei.communication.reading import read_timeline
from renkei.group.home import see_home
from renkei.incident import overview, stops
from renkei.incident.models import Entry, Stop
from renkei.kernel.errors import Problem, Refused, SignedOut, Unknown
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.policy.loading import load
from tests.cast import Cast, incident_of, loading, make_role, post
from tests.policy.test_races import allowed, whole

WHY = {"reason": "患者さんの話を外でしていた"}


def hears(cast: Cast, name: str) -> set[Any]:
    listener = LiveBackend().admit(f"renkei={cast.people[name].cookie}")
    return set(listener.groups) if listener else set()


@pytest.mark.clause("N2.2")
def test_read_only_reads_and_writes_nothing(cast: Cast) -> None:
    stops.restrict(cast["administrator_other"], cast.role("nurse"), word="read_only", **WHY)
    read_timeline(cast["nurse"], cast.group)
    with pytest.raises(Refused):
        post(cast, "nurse")
    stops.lift(cast["administrator_other"], cast.role("nurse"), reason="誤解だった")
    post(cast, "nurse")


@pytest.mark.clause("N2.2")
@pytest.mark.parametrize("word", ["suspended", "banned"])
def test_who_is_stopped_reads_writes_and_hears_nothing(cast: Cast, word: str) -> None:
    assert cast.group in hears(cast, "nurse")
    stops.restrict(cast["administrator_other"], cast.role("nurse"), word=word, **WHY)
    for act in (lambda: read_timeline(cast["nurse"], cast.group), lambda: post(cast, "nurse")):
        with pytest.raises(Refused):
            act()
    assert hears(cast, "nurse") == set()
    told = see_home(cast["nurse"], None).stopped
    assert told is not None and (told.word, told.organization) == (word, "clinic事業所")


@pytest.mark.clause("N2.2")
def test_the_reason_is_kept_sealed_with_who_and_when(cast: Cast) -> None:
    admin = cast["administrator_other"]
    stops.restrict(admin, cast.role("nurse"), word="read_only", **WHY)
    stops.restrict(admin, cast.role("nurse"), word="suspended", reason="続いた")
    stops.lift(admin, cast.role("nurse"), reason="話し合った")
    history = overview.see_restricting(admin, cast.role("nurse")).history
    assert [(one.word, one.reason, one.lifting) for one in history] == [
        ("suspended", "続いた", "話し合った"),
        ("read_only", WHY["reason"], "続いた"),
    ]
    assert all(WHY["reason"].encode() not in bytes(one.reason_sealed) for one in Stop.objects.all())


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_without_a_reason_nobody_is_stopped(cast: Cast, reason: str) -> None:
    with pytest.raises(Problem):
        stops.restrict(
            cast["administrator_other"], cast.role("nurse"), word="banned", reason=reason
        )
    with pytest.raises(Problem):
        stops.suspend_person(cast["operator"], cast.account("nurse"), reason=reason)
    assert not Stop.objects.exists()
    post(cast, "nurse")


@pytest.mark.clause("N2.2")
@pytest.mark.parametrize(
    ("by", "whom"),
    [
        ("administrator_same", "nurse"),  # of another organization
        ("nurse", "physician"),
        ("manager", "nurse"),
        ("operator", "nurse"),  # stops the ID, not the work for an organization
        ("administrator_other", "administrator_other"),  # oneself
        ("sole", "sole"),
    ],
)
def test_nobody_else_restricts_and_nobody_themselves(cast: Cast, by: str, whom: str) -> None:
    with pytest.raises(Refused):
        stops.restrict(cast[by], cast.role(whom), word="suspended", **WHY)
    with pytest.raises(Refused):
        overview.see_restricting(cast[by], cast.role(whom))


@pytest.mark.clause("N2.2")
def test_an_administrator_cannot_stop_the_operator(cast: Cast) -> None:
    with pytest.raises(Refused):
        stops.suspend_person(cast["administrator_same"], cast.account("operator"), **WHY)
    with loading():  # who works for both is restricted in the one, and stays the operator
        role = make_role(
            Account.objects.get(pk=cast.account("operator")), cast.organizations["station"]
        )
    stops.restrict(cast["administrator_same"], role.id, word="banned", **WHY)
    assert load(cast["operator"], "region").who.operator
    stops.suspend_person(cast["operator"], cast.account("administrator_same"), **WHY)


@pytest.mark.clause("N2.2")
@pytest.mark.parametrize("by", ["administrator_same", "manager", "nurse", "family"])
def test_only_the_operator_stops_ids_and_organizations(cast: Cast, by: str) -> None:
    with pytest.raises(Refused):
        stops.suspend_person(cast[by], cast.account("nurse"), **WHY)
    with pytest.raises(Refused):
        stops.suspend_organization(cast[by], cast.organizations["clinic"], **WHY)
    with pytest.raises(Refused):
        overview.see_stops(cast[by], None)


@pytest.mark.clause("N2.2")
def test_a_stopped_id_is_signed_out_and_not_let_in(cast: Cast) -> None:
    stops.suspend_person(cast["operator"], cast.account("sole"), **WHY)  # a last administrator too
    with pytest.raises(SignedOut):
        load(cast["sole"], "region")
    assert not Account.objects.get(pk=cast.account("sole")).is_active
    with pytest.raises(Problem):
        stops.suspend_person(cast["operator"], cast.account("sole"), **WHY)
    stops.lift_person(cast["operator"], cast.account("sole"), reason="解決")
    assert Account.objects.get(pk=cast.account("sole")).is_active


def test_the_operator_does_not_stop_themselves(cast: Cast) -> None:
    with pytest.raises(Refused):
        stops.suspend_person(cast["operator"], cast.account("operator"), **WHY)


@pytest.mark.clause("N2.2")
def test_for_a_stopped_organization_nobody_reads_or_writes(cast: Cast) -> None:
    stops.suspend_organization(cast["operator"], cast.organizations["clinic"], **WHY)
    for name in ("nurse", "physician"):
        with pytest.raises(Refused):
            read_timeline(cast[name], cast.group)
        assert hears(cast, name) == set()
    told = see_home(cast["nurse"], None).stopped
    assert told is not None and told.word == "organization"
    stops.lift_organization(cast["operator"], cast.organizations["clinic"], reason="解決")
    post(cast, "nurse")


@pytest.mark.clause("N2.2")
def test_groups_that_would_be_left_without_a_manager_are_shown_before_and_after(
    cast: Cast,
) -> None:
    admin, role = cast["administrator_same"], cast.role("manager")
    assert overview.see_restricting(admin, role).orphans == []  # the physician is in charge too
    from renkei.group.models import Member

    Member.objects.filter(pk=cast.members["physician"]).update(manager=False)
    (before,) = overview.see_restricting(admin, role).orphans
    assert (before.name, before.own) == ("髙橋 節子", True)
    stops.restrict(admin, role, word="suspended", **WHY)
    assert overview.see_restricting(admin, role).orphans == [before]
    tasks = [one for one in see_home(admin, None).tasks if one.kind == "unmanaged"]
    assert [one.count for one in tasks] == [1]


@pytest.mark.clause("N2.3")
def test_a_group_of_another_organization_is_shown_by_initials(cast: Cast) -> None:
    from renkei.group.models import Member

    Member.objects.exclude(pk=cast.members["physician"]).update(manager=False)
    (orphan,) = overview.see_restricting(
        cast["administrator_other"], cast.role("physician")
    ).orphans
    assert orphan.name == "た・せ" and not orphan.own


def test_who_has_left_is_not_stopped_any_more(cast: Cast) -> None:
    from renkei.kernel import clock

    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(ended_at=clock.now())
    with pytest.raises((Problem, Refused, Unknown)):
        stops.restrict(cast["administrator_other"], cast.role("nurse"), word="banned", **WHY)
    assert not Stop.objects.exists()


def test_a_restricted_administrator_stops_nobody(cast: Cast) -> None:
    stops.restrict(cast["administrator_same"], cast.role("self_inviting"), word="read_only", **WHY)
    with pytest.raises(Refused):
        stops.restrict(cast["self_inviting"], cast.role("manager"), word="banned", **WHY)


@pytest.mark.clause("N2.2", "N3.11")
def test_that_somebody_was_stopped_stands_with_the_incident(cast: Cast) -> None:
    mine = incident_of(cast, "nurse", organization_id=cast.organizations["clinic"])
    theirs = incident_of(cast, "manager")
    stops.restrict(cast["administrator_other"], cast.role("nurse"), word="read_only", **WHY)
    assert list(Entry.objects.values_list("incident", "word")) == [(mine, "stopped")]
    stops.suspend_person(cast["operator"], cast.account("manager"), **WHY)
    assert Entry.objects.filter(incident=theirs, word="stopped").count() == 1


@pytest.mark.clause("N2.2")
def test_who_may_only_read_is_shown_no_place_to_write(cast: Cast) -> None:
    stops.restrict(cast["administrator_other"], cast.role("nurse"), word="read_only", **WHY)
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people["nurse"].cookie
    page = client.get(f"/groups/{cast.group}")
    assert page.status_code == 200 and 'name="text"' not in page.content.decode()
    sent = {"text": "x", "key": str(uuid4()), "confirmed": "1"}
    assert client.post(f"/groups/{cast.group}/messages", sent).status_code == 403


ROUNDS = range(3)


@pytest.mark.parametrize("round_", ROUNDS)
def test_a_post_and_a_suspension_at_once_leave_the_log_whole(
    committed: Cast, at_once: Callable[..., list[Any]], round_: int
) -> None:
    results = at_once(
        lambda: post(committed, "nurse", "いま"),
        lambda: stops.restrict(
            committed["administrator_other"], committed.role("nurse"), word="suspended", **WHY
        ),
    )
    allowed(results, Refused)
    whole(committed)
    with pytest.raises(Refused):
        post(committed, "nurse", "あとで")


@pytest.mark.parametrize("round_", ROUNDS)
def test_two_administrators_who_stop_each_other_at_once_do_not_both_succeed(
    committed: Cast, at_once: Callable[..., list[Any]], round_: int
) -> None:
    from django.db import OperationalError

    def stop(by: str, whom: str) -> Callable[[], None]:
        return lambda: stops.restrict(committed[by], committed.role(whom), word="suspended", **WHY)

    results = at_once(
        stop("administrator_same", "self_inviting"), stop("self_inviting", "administrator_same")
    )
    allowed(results, Refused, OperationalError)
    station = committed.organizations["station"]
    left = PractitionerRole.objects.filter(organization=station, administrator=True, restriction="")
    assert left.count() == 1
    assert Organization.objects.get(pk=station).suspended_at is None
