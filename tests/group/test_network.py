"""The network of the region: in it is who works here, and it opens nothing else (A18)."""

from uuid import UUID

import pytest

from renkei.communication.reading import read_timeline
from renkei.communication.services import send_communication
from renkei.group.models import Group, Member
from renkei.group.network import let_out, open_network, take_in
from renkei.group.services import leave_group
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Refused
from renkei.people.models import Account, OperatorRole, Organization, PractitionerRole, Session
from renkei.people.services import appoint_operator
from renkei.policy.loading import load
from renkei.policy.rules import RULES, Can, may
from tests.cast import LOADER, NAMES, NOBODY, Cast, loading, make_account, make_role, post, visible

pytestmark = pytest.mark.clause("A18")
WORKING = [name for name in NAMES if name not in (NOBODY, "family")]


@pytest.fixture
def network(cast: Cast) -> UUID:
    return open_network(cast["operator"], None).id


def member(cast: Cast, name: str) -> Member | None:
    places = Member.objects.filter(account=cast.account(name), group__kind="network")
    return places.filter(ended_at=None).first()


def test_only_the_operator_makes_it_and_only_once(cast: Cast) -> None:
    for name in ("manager", "administrator_same", "family"):
        with pytest.raises(Refused):
            open_network(cast[name], None)
    open_network(cast["operator"], None)
    with pytest.raises(Problem):
        open_network(cast["operator"], None)
    assert Group.objects.filter(kind="network").count() == 1


def test_whoever_works_in_the_region_is_in_it_and_nobody_else(cast: Cast, network: UUID) -> None:
    for name in WORKING:
        assert may(load(cast[name], "group", network), "communication.send"), name
        assert network in visible(cast[name]), name
    assert not may(load(cast["family"], "group", network), "group.see")
    assert network not in visible(cast["family"])


def test_list_and_rule_agree_in_every_state_of_a_person(cast: Cast, network: UUID) -> None:
    def agree() -> None:
        for name in NAMES:
            if name != NOBODY and may(load(cast[name], "region"), "home.see"):
                sees = may(load(cast[name], "group", network), "group.see")
                assert (network in visible(cast[name])) == sees, name

    agree()
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(restriction="suspended")
    PractitionerRole.objects.filter(pk=cast.role("stranger")).update(pledged_on=None)
    PractitionerRole.objects.filter(pk=cast.role("invited")).update(ended_at=clock.now())
    Organization.objects.filter(pk=cast.organizations["pharmacy"]).update(approved_on=None)
    Session.objects.filter(pk=cast["manager"].session).update(device_id=None)
    agree()
    for name in ("nurse", "stranger", "invited", "sole", "manager"):
        assert network not in visible(cast[name]), name
    assert network in visible(cast["physician"])
    OperatorRole.objects.update(ended_at=clock.now())
    agree()
    assert network not in visible(cast["operator"])


def test_it_gives_the_operators_people_nothing_else(cast: Cast, network: UUID) -> None:
    where = load(cast["operator"], "group", network)
    allowed = {name for name in RULES if name in Can(where, "group")}
    beyond = {name for name in allowed if RULES[name].needs & {"patient", "group"}}
    assert beyond == {
        "group.see", "communication.send", "communication.draft", "attachment.add",
        "notification.level",
    }  # fmt: skip
    assert not may(load(cast["operator"], "group", cast.group), "group.see")
    assert visible(cast["operator"]) == [network]
    post(cast, "operator", "研修会のお知らせです。", network)


def test_nobody_manages_leaves_ends_or_is_released_from_it(cast: Cast, network: UUID) -> None:
    for name in WORKING:
        standing = load(cast[name], "group", network)
        for rule in ("group.manage", "group.leave", "group.close", "group.change_basics",
                     "safety.report"):  # fmt: skip
            assert not may(standing, rule), (name, rule)
    with pytest.raises(Refused):
        leave_group(cast["nurse"], network, reason="もう見ません")
    assert member(cast, "nurse")


def test_neither_joining_nor_leaving_stands_in_its_log(cast: Cast, network: UUID) -> None:
    with loading():
        account = make_account(cast.region, "new@example.org")
        role = make_role(account, cast.organizations["station"])
    assert Member.objects.filter(account=account, group=network, ended_at=None).count() == 1
    assert Group.objects.get(pk=network).last_seq == 0
    assert role.memberships.count() == 0


def test_several_roles_are_one_membership_that_ends_with_the_last(
    cast: Cast, network: UUID
) -> None:
    account = Account.objects.get(pk=cast.account("nurse"))
    with loading():
        second = make_role(account, cast.organizations["pharmacy"])
    assert Member.objects.filter(account=account, group=network).count() == 1
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(ended_at=clock.now())
    let_out(load_change(cast), account)
    assert member(cast, "nurse")
    Session.objects.filter(pk=cast["nurse"].session).update(role=second)
    PractitionerRole.objects.filter(pk=second.pk).update(ended_at=clock.now())
    let_out(load_change(cast), account)
    assert member(cast, "nurse") is None
    assert network not in visible(cast["nurse"])


def test_acting_for_a_suspended_organization_closes_it_and_for_another_one_opens_it(
    cast: Cast, network: UUID
) -> None:
    account = Account.objects.get(pk=cast.account("sole"))
    with loading():
        second = make_role(account, cast.organizations["clinic"])
    Organization.objects.filter(pk=cast.organizations["pharmacy"]).update(suspended_at=clock.now())
    assert network not in visible(cast["sole"])
    device = Session.objects.get(pk=cast["nurse"].session).device_id
    Session.objects.filter(pk=cast["sole"].session).update(role=second, device_id=device)
    assert network in visible(cast["sole"])
    said = send_communication(cast["sole"], network, text="はい。", key=uuid7(), confirmed=True)
    page = read_timeline(cast["nurse"], network)
    assert page.entries[-1].id == said.id
    assert page.entries[-1].sender.organization == "clinic事業所"


def test_what_the_operators_people_say_stands_under_the_operators_name(
    cast: Cast, network: UUID
) -> None:
    post(cast, "operator", "研修会のお知らせです。", network)
    page = read_timeline(cast["nurse"], network)
    assert page.entries[-1].sender.organization == "みどり野在宅医療連携拠点"
    assert page.head.identity is None


def test_a_new_one_of_the_operators_is_in_it(cast: Cast, network: UUID) -> None:
    with loading():
        account = make_account(cast.region, "second@example.org")
        appoint_operator(LOADER, None, account=account)
    assert Member.objects.filter(account=account, group=network, ended_at=None).exists()


def load_change(cast: Cast):  # type: ignore[no-untyped-def]
    from renkei.policy.use_case import Change

    return Change(load(cast["operator"], "region"), clock.now())


def test_taking_in_twice_changes_nothing(cast: Cast, network: UUID) -> None:
    take_in(load_change(cast), Account.objects.get(pk=cast.account("nurse")))
    assert Member.objects.filter(account=cast.account("nurse"), group=network).count() == 1
