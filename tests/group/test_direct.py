"""Two people who write to each other: by request and acceptance, and nobody else (A13.1)."""

from collections.abc import Callable
from datetime import date
from uuid import UUID, uuid4

import pytest

from renkei.communication.reading import read_timeline
from renkei.group.connections import see_colleagues, see_connections
from renkei.group.direct import (
    accept_connection,
    ask_to_connect,
    block_person,
    decline_connection,
    take_back_connection,
    unblock_person,
)
from renkei.group.head import see_head
from renkei.group.home import see_home
from renkei.group.models import Connection, Group, Member
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.policy.loading import load
from renkei.policy.rules import may
from tests.cast import NAMES, Cast, post, visible
from tests.web.test_communication import client, text_of

pytestmark = pytest.mark.clause("A13.1")


def ask(cast: Cast, name: str, other: str) -> UUID:
    return ask_to_connect(cast[name], cast.role(other)).id


def accept(cast: Cast, name: str, connection: UUID) -> UUID:
    return accept_connection(cast[name], None, connection=connection)


def decline(cast: Cast, name: str, connection: UUID) -> None:
    decline_connection(cast[name], None, connection=connection)


def connect(cast: Cast, name: str = "nurse", other: str = "stranger") -> UUID:
    return accept(cast, other, ask(cast, name, other))


def state(cast: Cast, name: str, other: str) -> str:
    people, _ = see_colleagues(cast[name], None)
    return next(one.state for one in people if one.face.account == cast.account(other))


def test_nothing_is_written_before_the_other_accepts(cast: Cast) -> None:
    before = Group.objects.count()
    asked = ask(cast, "nurse", "stranger")
    assert Group.objects.count() == before
    (waiting,) = see_connections(cast["stranger"], None).waiting
    assert (waiting.id, waiting.face.account) == (asked, cast.account("nurse"))
    assert any(one.kind == "connections" for one in see_home(cast["stranger"], None).tasks)
    assert (state(cast, "nurse", "stranger"), state(cast, "stranger", "nurse")) == ("asked", "asks")
    group = accept(cast, "stranger", asked)
    assert group is not None
    post(cast, "nurse", "お疲れさまです。", group)
    assert [one.text for one in read_timeline(cast["stranger"], group).entries] == [
        "お疲れさまです。"
    ]
    (line,) = see_connections(cast["nurse"], None).lines
    assert line.title == "stranger さん"


def test_who_is_asked_can_decline_and_is_not_asked_again(cast: Cast) -> None:
    decline(cast, "stranger", ask(cast, "nurse", "stranger"))
    with pytest.raises(Problem):
        ask(cast, "nurse", "stranger")
    connect(cast, "stranger", "nurse")  # but can ask themselves


def test_only_who_is_asked_answers_and_only_who_asked_takes_back(cast: Cast) -> None:
    asked = ask(cast, "nurse", "stranger")
    for name in ("nurse", "manager", "administrator_same", "administrator_other"):
        with pytest.raises(Unknown):
            accept(cast, name, asked)
    for name in ("operator", "family"):
        with pytest.raises(Refused):
            accept(cast, name, asked)
    for name in ("stranger", "manager"):
        with pytest.raises(Unknown):
            take_back_connection(cast[name], None, connection=asked)
    with pytest.raises(Unknown):
        accept(cast, "stranger", uuid4())
    take_back_connection(cast["nurse"], None, connection=asked)
    with pytest.raises(Unknown):
        accept(cast, "stranger", asked)
    assert not Group.objects.filter(kind="direct").exists()


def test_two_are_connected_once(cast: Cast) -> None:
    ask(cast, "nurse", "stranger")
    for name, other in (("nurse", "stranger"), ("stranger", "nurse")):
        with pytest.raises(Problem):
            ask(cast, name, other)
    accept(cast, "stranger", Connection.objects.get().id)
    for name, other in (("nurse", "stranger"), ("stranger", "nurse")):
        with pytest.raises(Problem):
            ask(cast, name, other)
    assert Connection.objects.count() == Group.objects.filter(kind="direct").count() == 1
    with pytest.raises(Refused):
        ask(cast, "nurse", "nurse")


def test_who_may_only_read_neither_answers_nor_asks(cast: Cast) -> None:
    asked = ask(cast, "nurse", "stranger")
    PractitionerRole.objects.filter(pk=cast.role("stranger")).update(restriction="read_only")
    with pytest.raises(Refused):
        accept(cast, "stranger", asked)
    with pytest.raises(Refused):
        ask(cast, "stranger", "manager")


def test_nobody_but_the_two_reads_manages_or_releases(cast: Cast) -> None:
    group = connect(cast)
    message = post(cast, "nurse", group=group)
    place = Member.objects.get(group=group, account=cast.account("nurse"))
    for name in NAMES[:-1]:
        standing = load(cast[name], "group", group)
        if name not in ("nurse", "stranger"):
            assert not may(standing, "group.see"), name
            assert group not in visible(cast[name])
            assert not may(load(cast[name], "communication", message), "group.see")
        for rule in ("group.manage", "group.close", "group.leave", "group.take_over"):
            assert not may(standing, rule), (name, rule)
        assert not may(load(cast[name], "member", place.id), "member.release"), name
    assert load(cast["nurse"], "group", group).where.organization is None  # type: ignore[union-attr]


# ── Blocking ─────────────────────────────────────────────────────────────────────────────────────


def test_who_is_blocked_writes_no_more_and_what_was_written_stays(cast: Cast) -> None:
    group = connect(cast)
    post(cast, "nurse", "最後の言葉", group)
    block_person(cast["stranger"], cast.account("nurse"))
    for name in ("nurse", "stranger"):
        with pytest.raises(Refused):
            post(cast, name, group=group)
        assert [one.text for one in read_timeline(cast[name], group).entries] == ["最後の言葉"]
    unblock_person(cast["stranger"], cast.account("nurse"))
    post(cast, "nurse", group=group)


def test_the_blocked_person_learns_no_more_than_that_it_is_not_possible(cast: Cast) -> None:
    """As of somebody who was stopped; nothing on their pages says block."""
    connect(cast)
    block_person(cast["stranger"], cast.account("nurse"))
    seen = see_connections(cast["nurse"], None)
    assert seen.blocked == [] and state(cast, "nurse", "stranger") == "connected"
    assert [one.account for one in see_connections(cast["stranger"], None).blocked] == [
        cast.account("nurse")
    ]
    block_person(cast["manager"], cast.account("nurse"))
    assert state(cast, "nurse", "manager") == ""
    with pytest.raises(Problem) as blocked:
        ask(cast, "nurse", "manager")
    decline(cast, "physician", ask(cast, "nurse", "physician"))
    with pytest.raises(Problem) as declined:
        ask(cast, "nurse", "physician")
    assert str(blocked.value) == str(declined.value)


def test_who_has_blocked_somebody_is_offered_to_lift_it_and_not_to_block_again(cast: Cast) -> None:
    """And the other's page says nothing of it."""
    group = connect(cast)
    assert not see_head(cast["stranger"], group).blocked
    block_person(cast["stranger"], cast.account("nurse"))
    seen = see_connections(cast["stranger"], None)
    assert seen.others[group].account == cast.account("nurse") and seen.others[group].organization
    assert see_head(cast["stranger"], group).blocked and not see_head(cast["nurse"], group).blocked
    hers, theirs = (
        text_of(client(cast, name).get(f"/groups/{group}")) for name in ("stranger", "nurse")
    )
    assert 'name="lift"' in hers and 'name="lift"' not in theirs
    assert "さんをブロックする" not in hers and "さんをブロックする" in theirs
    assert "ブロックしています" in hers and "ブロックしています" not in theirs
    unblock_person(cast["stranger"], cast.account("nurse"))
    assert not see_head(cast["stranger"], group).blocked


def test_a_blocked_request_is_not_shown_to_who_blocked_nor_accepted(cast: Cast) -> None:
    asked = ask(cast, "nurse", "stranger")
    block_person(cast["stranger"], cast.account("nurse"))
    assert see_connections(cast["stranger"], None).waiting == []
    assert not any(one.kind == "connections" for one in see_home(cast["stranger"], None).tasks)
    assert [one.id for one in see_connections(cast["nurse"], None).waiting] == [asked]
    with pytest.raises(Problem):
        accept(cast, "stranger", asked)
    unblock_person(cast["stranger"], cast.account("nurse"))
    assert accept(cast, "stranger", asked)


def test_each_block_is_lifted_by_who_made_it(cast: Cast) -> None:
    group = connect(cast)
    block_person(cast["stranger"], cast.account("nurse"))
    block_person(cast["nurse"], cast.account("stranger"))
    unblock_person(cast["nurse"], cast.account("stranger"))
    unblock_person(cast["nurse"], cast.account("stranger"))
    with pytest.raises(Refused):
        post(cast, "nurse", group=group)
    unblock_person(cast["stranger"], cast.account("nurse"))
    post(cast, "nurse", group=group)
    with pytest.raises(Refused):
        block_person(cast["nurse"], cast.account("nurse"))


# ── Who cannot be reached ────────────────────────────────────────────────────────────────────────


GONE: dict[str, Callable[[Cast], object]] = {
    "left": lambda cast: PractitionerRole.objects.filter(pk=cast.role("stranger")).update(
        ended_at=clock.now()
    ),
    "suspended": lambda cast: Account.objects.filter(pk=cast.account("stranger")).update(
        suspended_at=clock.now()
    ),
    "organization": lambda cast: Organization.objects.filter(
        pk=cast.organizations["helpers"]
    ).update(left_on=date(2026, 6, 1)),
}


@pytest.mark.parametrize("way", GONE)
def test_former_and_suspended_people_cannot_be_reached(cast: Cast, way: str) -> None:
    group = connect(cast)
    GONE[way](cast)
    with pytest.raises(Refused):
        post(cast, "nurse", group=group)
    with pytest.raises(Refused):
        ask(cast, "manager", "stranger")
    people, _ = see_colleagues(cast["manager"], None)
    assert cast.account("stranger") not in {one.face.account for one in people}


def test_who_comes_back_is_asked_anew(cast: Cast) -> None:
    group = connect(cast)
    Member.objects.filter(group=group, account=cast.account("stranger")).update(
        ended_at=clock.now()
    )
    again = connect(cast, "nurse", "stranger")
    assert again != group
    assert Group.objects.get(pk=group).closed_at is not None


@pytest.mark.parametrize("name", ["family", "operator"])
def test_who_works_for_nobody_connects_with_nobody(cast: Cast, name: str) -> None:
    for reads in (see_connections, see_colleagues):
        with pytest.raises(Refused):
            reads(cast[name], None)
    with pytest.raises(Refused):
        ask(cast, name, "nurse")
    with pytest.raises(Refused):
        block_person(cast[name], cast.account("nurse"))
