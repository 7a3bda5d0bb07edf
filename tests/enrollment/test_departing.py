"""An organization leaves in one step, once its patients are looked after by others (A3, A7)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from renkei.communication.reading import read_timeline
from renkei.device.models import Device
from renkei.enrollment.departing import Goodbye, leave_network, see_checklist
from renkei.enrollment.models import Departure
from renkei.group import free
from renkei.group.archiving import archive_group, bring_back_group
from renkei.group.models import Group, Invitation, Member
from renkei.group.network import open_network
from renkei.group.services import appoint_manager, close_group
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.people.models import Account, OperatorRole, Organization, PractitionerRole, Session
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.region.disclosures import public_organizations
from tests.cast import NAMES, NOBODY, Cast, loading, make_role, visible
from tests.disclosure.test_pages import browser

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


# ── Free groups that were founded there (A5.1) ───────────────────────────────────────────────────

SAID = {"name": "食支援を学ぶ会", "purpose": "工夫を学びます。", "use": "月に一度集まります。"}


def leave_clinic(cast: Cast, **facts: object) -> None:
    clinic = cast.organizations["clinic"]
    leave_network(cast["administrator_other"], clinic, goodbye=goodbye(**facts))


def founded_in_clinic(cast: Cast, *others: str) -> UUID:
    group = free.found_group(cast["nurse"], None, **SAID, entry="open").id
    for name in others:
        free.join_group(cast[name], group, agreed=True)
    return group


def in_group(cast: Cast, name: str, group: UUID) -> Member:
    return Member.objects.get(group=group, account=cast.account(name), ended_at=None)


@pytest.mark.clause("A5.1", "A12.3")
def test_a_free_group_goes_on_with_the_organization_of_another_manager(cast: Cast) -> None:
    group = founded_in_clinic(cast, "manager", "stranger", "physician")
    heir = in_group(cast, "manager", group)
    appoint_manager(cast["nurse"], heir.id)
    (seen,) = see_checklist(cast["administrator_other"], cast.organizations["clinic"]).free
    assert [one.member for one in seen.heirs] == [heir.id] and seen.managed_elsewhere
    assert see_checklist(cast["operator"], cast.organizations["clinic"]).free == []
    for decided in ({}, {group: None}, {group: in_group(cast, "physician", group).id}):
        with pytest.raises(Problem) as problem:
            leave_clinic(cast, free=decided)
        assert problem.value.field == "free"
    leave_clinic(cast, free={group: heir.id})
    after = Group.objects.get(pk=group)
    assert (after.organization_id, after.closed_at) == (cast.organizations["station"], None)
    assert may(load(cast["manager"], "group", group), "communication.send")
    assert Departure.objects.get().ended["handed_on"] == 1
    assert "handed" in [one.event for one in read_timeline(cast["manager"], group).entries]


@pytest.mark.clause("A5.1", "A12.3")
def test_an_operator_who_works_there_reads_neither_its_free_groups_nor_who_is_in_them(
    cast: Cast,
) -> None:
    founded_in_clinic(cast, "manager")
    clinic = cast.organizations["clinic"]
    OperatorRole.objects.create(account_id=cast.account("nurse"), started_at=clock.now())
    Session.objects.filter(pk=cast["nurse"].session).update(second_factor="totp")
    assert see_checklist(cast["nurse"], clinic).free == []
    assert len(see_checklist(cast["administrator_other"], clinic).free) == 1


@pytest.mark.clause("A5.1")
def test_without_such_a_manager_a_member_of_another_organization_takes_charge(cast: Cast) -> None:
    group = founded_in_clinic(cast, "manager", "physician")
    heir = in_group(cast, "manager", group)
    (seen,) = see_checklist(cast["administrator_other"], cast.organizations["clinic"]).free
    assert [one.member for one in seen.heirs] == [heir.id] and not seen.managed_elsewhere
    leave_clinic(cast, free={group: heir.id})
    heir.refresh_from_db()
    assert heir.manager and Group.objects.get(pk=group).organization_id == heir.role.organization_id


@pytest.mark.clause("A5.1")
def test_or_it_ends_with_the_organization_and_stays_readable(cast: Cast) -> None:
    group = founded_in_clinic(cast, "manager")
    leave_clinic(cast, free={group: None})
    assert Group.objects.get(pk=group).closed_at is not None
    standing = load(cast["manager"], "group", group)
    assert may(standing, "group.see") and not may(standing, "communication.send")


@pytest.mark.clause("A5.1")
def test_the_page_of_leaving_asks_about_each_free_group(cast: Cast) -> None:
    group, alone = founded_in_clinic(cast, "manager"), founded_in_clinic(cast)
    client, clinic = browser(cast, "administrator_other"), cast.organizations["clinic"]
    address = f"/organizations/{clinic}/leaving"
    page = client.get(address).content.decode()
    assert "食支援を学ぶ会" in page and f'type="radio" name="free-{group.hex}"' in page
    assert f'type="hidden" name="free-{alone.hex}" value="end"' in page  # there is but one way
    said = {"number": 0, "originals": "handed", "contact": "宵待 草", "duties": "on",
            "erased_on": clock.today().isoformat(), f"free-{alone.hex}": "end"}  # fmt: skip
    assert client.post(address, said).status_code == 422
    heir = in_group(cast, "manager", group).id
    answer = client.post(address, said | {f"free-{group.hex}": str(heir)})
    assert answer.status_code == 200 and Departure.objects.get().ended["free_ended"] == 1


@pytest.mark.clause("A5.1", "A12.4")
def test_of_a_group_by_invitation_who_is_not_in_it_decides_and_reads_neither_name_nor_members(
    cast: Cast,
) -> None:
    group = founded_in_clinic(cast, "manager", "stranger")
    Group.objects.filter(pk=group).update(entry="invitation")
    admin, clinic = cast["administrator_other"], cast.organizations["clinic"]
    (seen,) = see_checklist(admin, clinic).free
    assert (seen.name, seen.members, [one.name for one in seen.heirs]) == ("", 3, [""])
    page = browser(cast, "administrator_other").get(f"/organizations/{clinic}/leaving")
    text = page.content.decode()
    assert f"free-{group.hex}" in text and "招待制のグループ" in text
    for hidden in (SAID["name"], "manager さん", "station事業所", "stranger さん"):
        assert hidden not in text
    leave_clinic(cast, free={group: seen.heirs[0].member})
    assert in_group(cast, "manager", group).manager  # who has been in it longest


@pytest.mark.clause("A5.1", "A12.4")
def test_an_administrator_who_is_in_a_group_by_invitation_reads_its_name(cast: Cast) -> None:
    group = founded_in_clinic(cast, "manager", "administrator_other")
    Group.objects.filter(pk=group).update(entry="invitation")
    clinic = cast.organizations["clinic"]
    (seen,) = see_checklist(cast["administrator_other"], clinic).free
    assert (seen.name, [one.name for one in seen.heirs]) == (SAID["name"], ["manager さん"])
