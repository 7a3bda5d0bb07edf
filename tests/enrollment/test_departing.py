"""An organization leaves in one step, once its patients are looked after by others (A3, A7)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from renkei.communication.reading import read_timeline
from renkei.device.models import Device
from renkei.enrollment.departing import Goodbye, leave_network, see_checklist
from renkei.enrollment.models import Departure
from renkei.group.archiving import archive_group, bring_back_group
from renkei.group.models import Invitation, Member
from renkei.group.network import open_network
from renkei.group.services import close_group
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.people.models import Account, Organization, PractitionerRole, Session
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.region.disclosures import public_organizations
from tests.cast import NAMES, NOBODY, Cast, loading, make_role, visible

pytestmark = pytest.mark.clause("A3")


def goodbye(**facts: object) -> Goodbye:
    told = Goodbye("closed", "handed", "宵待 草 03-0000-1001", clock.today(), 0)
    return replace(told, **facts)  # type: ignore[arg-type]


def test_only_its_own_administrator_lets_an_organization_leave(cast: Cast) -> None:
    clinic = cast.organizations["clinic"]
    for name in NAMES:
        if name in (NOBODY, "administrator_other"):
            continue
        with pytest.raises(Refused):
            leave_network(cast[name], clinic, goodbye=goodbye())
    with pytest.raises(Refused):
        see_checklist(cast["administrator_same"], clinic)
    assert see_checklist(cast["operator"], clinic).people == 4
    assert Organization.objects.get(pk=clinic).left_on is None


def test_it_does_not_leave_while_it_manages_a_patients_open_group(cast: Cast) -> None:
    station = cast.organizations["station"]
    with pytest.raises(Problem, match="hand over"):
        leave_network(cast["administrator_same"], station, goodbye=goodbye())
    close_group(cast["manager"], cast.group, reason="引き継ぎました")
    assert see_checklist(cast["administrator_same"], station).may_leave
    leave_network(cast["administrator_same"], station, goodbye=goodbye())


@pytest.mark.clause("A4", "A11.6")
def test_groups_in_the_archive_end_with_it_and_stay_readable(cast: Cast) -> None:
    station = cast.organizations["station"]
    archive_group(cast["manager"], cast.group)
    assert see_checklist(cast["administrator_same"], station).groups == 0
    leave_network(cast["administrator_same"], station, goodbye=goodbye())
    assert may(load(cast["physician"], "group", cast.group), "group.see")
    assert "closed" in [one.event for one in read_timeline(cast["physician"], cast.group).entries]
    bring_back_group(cast["physician"], cast.group, reason="また始めます")  # who is delegated to
    assert not may(load(cast["physician"], "group", cast.group), "communication.send")


@pytest.mark.parametrize(
    "facts",
    [
        {"originals": ""},
        {"contact": " "},
        {"reason": "because"},
        {"erased_on": None},
        {"number": 9},
        {"erased_on": "tomorrow"},
    ],
    ids=str,
)
def test_what_has_to_be_said_is_said(cast: Cast, facts: dict[str, object]) -> None:
    if facts.get("erased_on") == "tomorrow":
        facts = {"erased_on": clock.today() + timedelta(days=1)}
    with pytest.raises(Problem):
        leave_network(
            cast["administrator_other"], cast.organizations["clinic"], goodbye=goodbye(**facts)
        )
    assert PractitionerRole.objects.filter(
        organization=cast.organizations["clinic"], ended_at=None
    ).exists()


@pytest.mark.clause("A7")
def test_everything_ends_at_once_and_what_is_done_elsewhere_goes_on(cast: Cast) -> None:
    network = open_network(cast["operator"], None).id
    clinic = cast.organizations["clinic"]
    with loading():
        second = make_role(
            Account.objects.get(pk=cast.account("nurse")), cast.organizations["pharmacy"]
        )
    leave_network(cast["administrator_other"], clinic, goodbye=goodbye())
    assert not PractitionerRole.objects.filter(organization=clinic, ended_at=None).exists()
    assert not Member.objects.filter(role__organization=clinic, ended_at=None).exists()
    assert not Invitation.objects.filter(role__organization=clinic, state="open").exists()
    assert not Session.objects.filter(role__organization=clinic).exists()
    device = Device.objects.get(organization=clinic)
    assert (device.state, device.erased_on) == ("retired", clock.today())
    left = Departure.objects.get(organization=clinic)
    assert left.ended["people"] == 4 and left.ended["devices"] == 1
    assert Organization.objects.get(pk=clinic).left_on == clock.today()
    assert "clinic事業所" not in {one.name for one in public_organizations()}
    members = Member.objects.filter(group=network, ended_at=None)
    assert members.filter(account=cast.account("nurse")).exists()
    assert not members.filter(account=cast.account("physician")).exists()
    assert PractitionerRole.objects.get(pk=second.pk).ended_at is None
    assert load(cast["manager"], "region").who.organization is not None
    assert cast.group in visible(cast["manager"])


def test_the_operator_sees_afterwards_whom_to_ask_and_nobody_leaves_twice(cast: Cast) -> None:
    clinic = cast.organizations["clinic"]
    leave_network(cast["administrator_other"], clinic, goodbye=goodbye())
    seen = see_checklist(cast["operator"], clinic)
    assert seen.contact == "宵待 草 03-0000-1001" and not seen.may_leave
    assert Departure.objects.count() == 1
