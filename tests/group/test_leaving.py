"""Leaving a group oneself: at once, with a reason, a successor first; and what is left to see."""

import json
from datetime import timedelta

import pytest

from renkei.audit.models import AuditEvent
from renkei.communication.models import Draft
from renkei.communication.services import save_draft
from renkei.group.admission import approve_invitation, invite
from renkei.group.leaving import see_former_of, see_leaving, see_own_former
from renkei.group.models import Invitation, Member
from renkei.group.roster import see_management, see_members
from renkei.group.services import close_group, dismiss_manager, leave_group, release_member
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.patient.models import Consent
from renkei.people.models import PractitionerRole
from tests.cast import Cast, loading, make_account, make_role, person, post, reason_of, visible
from tests.web.test_routes import browser

LEAVE = "/groups/{}/leave"


def colleague(cast: Cast, name: str = "colleague") -> Member:
    """Another nurse of the managing organization, a member and not in charge."""
    with loading():
        account = make_account(cast.region, f"{name}@example.org", f"{name} さん")
        role = make_role(account, cast.organizations["station"])
    type(account).objects.filter(pk=account.pk).update(
        acknowledged_id=cast.policy, password_changed_at=clock.now()
    )
    cast.people[name] = person(name, account, role)
    group = Member.objects.get(pk=cast.members["manager"]).group
    return Member.objects.create(
        key_id=group.key_id, group=group, account=account, role=role, role_in_care="看護",
        origin="invited", joined_at=clock.now(),
    )  # fmt: skip


def alone_in_charge(cast: Cast) -> None:
    dismiss_manager(cast["manager"], cast.members["physician"])


def still_in(cast: Cast, name: str) -> bool:
    return Member.objects.get(pk=cast.members[name]).ended_at is None


# ── A successor first ────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N3.6")
def test_the_last_manager_names_a_successor_and_has_left_in_the_same_moment(cast: Cast) -> None:
    alone_in_charge(cast)
    successor = colleague(cast)
    with pytest.raises(Problem, match="last manager"):
        leave_group(cast["manager"], cast.group, reason="異動")
    leave_group(cast["manager"], cast.group, reason="異動", successor=successor.id)
    assert not still_in(cast, "manager")
    successor.refresh_from_db()
    assert (successor.manager, successor.appointed_by_id) == (True, cast.account("manager"))
    assert see_management(cast["colleague"], cast.group).managers == 1
    line = AuditEvent.objects.filter(action="group.leave", outcome="done").latest("seq")
    assert json.loads(line.detail)["successor"] == successor.account_id.hex


@pytest.mark.clause("N3.6", "A11.2")
@pytest.mark.parametrize("who", ["nurse", "former", "self", "nobody"])
def test_only_who_may_take_charge_is_a_successor(cast: Cast, who: str) -> None:
    alone_in_charge(cast)
    one = {"self": cast.members["manager"], "nobody": cast.patient}.get(who) or cast.members[who]
    with pytest.raises(Problem, match="cannot take charge") as caught:
        leave_group(cast["manager"], cast.group, reason="異動", successor=one)
    assert caught.value.field == "successor"
    assert still_in(cast, "manager")


@pytest.mark.clause("N3.6")
def test_a_colleague_who_is_stopped_does_not_succeed(cast: Cast) -> None:
    alone_in_charge(cast)
    successor = colleague(cast)
    PractitionerRole.objects.filter(pk=successor.role_id).update(restriction="suspended")
    offered = {one.member for one in see_leaving(cast["manager"], cast.group).successors}
    assert successor.id not in offered and cast.members["physician"] in offered
    with pytest.raises(Problem, match="cannot take charge"):
        leave_group(cast["manager"], cast.group, reason="異動", successor=successor.id)


@pytest.mark.clause("N3.6")
def test_who_is_no_manager_puts_nobody_in_charge_by_leaving(cast: Cast) -> None:
    successor = colleague(cast)
    with pytest.raises(Problem, match="cannot take charge"):
        leave_group(cast["nurse"], cast.group, reason="異動", successor=successor.id)
    assert still_in(cast, "nurse")
    assert not Member.objects.get(pk=successor.id).manager


def test_another_manager_who_does_not_work_today_is_none(cast: Cast) -> None:
    role = PractitionerRole.objects.filter(pk=cast.role("physician"))
    role.update(until=clock.now() - timedelta(hours=1))
    with pytest.raises(Problem, match="last manager"):
        leave_group(cast["manager"], cast.group, reason="異動")


@pytest.mark.clause("N3.6")
def test_an_ended_group_keeps_nobody(cast: Cast) -> None:
    alone_in_charge(cast)
    close_group(cast["manager"], cast.group, reason="入院")
    leave_group(cast["manager"], cast.group, reason="支援が終わった")
    assert not still_in(cast, "manager")


# ── At once, by a tap ────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N3.6")
def test_one_tap_on_a_reason_and_one_has_left(cast: Cast) -> None:
    client = browser(cast, "nurse")
    page = client.get(LEAVE.format(cast.group)).content.decode()
    assert 'value="not_involved"' in page
    assert client.post(LEAVE.format(cast.group), {"choice": "not_involved"}).status_code == 303
    assert reason_of(Member.objects.get(pk=cast.members["nurse"])) == "担当を外れた"
    assert client.get(f"/groups/{cast.group}").status_code in (403, 404)


def test_another_reason_is_written(cast: Cast) -> None:
    client = browser(cast, "nurse")
    assert client.post(LEAVE.format(cast.group), {"choice": "other"}).status_code == 422
    assert client.post(LEAVE.format(cast.group), {"choice": "made-up"}).status_code == 422
    assert still_in(cast, "nurse")
    sent = {"choice": "other", "reason": "担当地区が変わったため"}
    assert client.post(LEAVE.format(cast.group), sent).status_code == 303
    assert reason_of(Member.objects.get(pk=cast.members["nurse"])) == "担当地区が変わったため"


@pytest.mark.clause("N3.6")
def test_the_last_manager_finds_the_successors_on_the_same_screen(cast: Cast) -> None:
    alone_in_charge(cast)
    successor = colleague(cast)
    client = browser(cast, "manager")
    page = client.get(LEAVE.format(cast.group)).content.decode()
    assert str(successor.id) in page
    assert str(cast.members["nurse"]) not in page  # of another organization, and no physician
    assert client.post(LEAVE.format(cast.group), {"choice": "moved"}).status_code == 422
    sent = {"choice": "moved", "successor": str(successor.id)}
    assert client.post(LEAVE.format(cast.group), sent).status_code == 303
    assert not still_in(cast, "manager")


def test_where_nobody_can_take_charge_the_page_says_whom_to_ask(cast: Cast) -> None:
    alone_in_charge(cast)
    leave_group(cast["physician"], cast.group, reason="異動")
    page = browser(cast, "manager").get(LEAVE.format(cast.group)).content.decode()
    assert "0312340000" in page and 'value="moved"' not in page


@pytest.mark.clause("N3.6")
def test_one_leaves_also_from_what_one_may_not_read_and_sees_initials(cast: Cast) -> None:
    Consent.objects.all().delete()
    client = browser(cast, "nurse")
    page = client.get(LEAVE.format(cast.group)).content.decode()
    assert "髙橋" not in page and "節子" not in page
    assert client.post(LEAVE.format(cast.group), {"choice": "over"}).status_code == 303
    assert not still_in(cast, "nurse")


@pytest.mark.clause("N3.6")
@pytest.mark.parametrize("released", [False, True])
def test_a_draft_ends_with_the_membership_and_invitations_stay(cast: Cast, released: bool) -> None:
    save_draft(cast["manager"], cast.group, text="書きかけ")
    save_draft(cast["nurse"], cast.group, text="別の人の書きかけ")
    asked = invite(cast["manager"], cast.invitee("stranger"), role_in_care="介護").id
    if released:
        release_member(cast["administrator_same"], cast.members["manager"], reason="異動")
    else:
        leave_group(cast["manager"], cast.group, reason="異動")
    accounts = set(Draft.objects.values_list("account_id", flat=True))
    assert accounts == {cast.account("nurse")}
    assert Invitation.objects.get(pk=asked).state == "open"


def test_an_invitation_of_who_left_is_still_answered_by_others(cast: Cast) -> None:
    leave_group(cast["manager"], cast.group, reason="異動")
    approve_invitation(cast["administrator_other"], cast.invitations["invited"])
    assert Invitation.objects.get(pk=cast.invitations["invited"]).approved_at is not None


# ── The reason ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N3.6")
def test_the_reason_is_for_those_who_manage_and_read(cast: Cast) -> None:
    leave_group(cast["nurse"], cast.group, reason="担当地区が変わったため")
    reasons = see_management(cast["manager"], cast.group).reasons
    assert reasons[cast.members["nurse"]] == "担当地区が変わったため"
    page = browser(cast, "manager").get(f"/groups/{cast.group}/manage").content.decode()
    assert "担当地区が変わったため" in page
    Member.objects.filter(pk=cast.members["physician"]).update(manager=False)
    assert see_members(cast["physician"], cast.group).reasons == {}
    assert see_management(cast["administrator_same"], cast.group).reasons == {}


# ── The groups one was in ────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N3.6")
def test_oneself_sees_in_how_many_groups_one_was_and_no_name(cast: Cast) -> None:
    (former,) = see_own_former(cast["former"], None)
    assert (former.how, former.identity, former.part) == ("left", None, "")
    page = browser(cast, "former").get("/me/groups").content.decode()
    assert "helpers事業所" in page
    for name in ("髙橋", "節子", "たかはし", "station事業所", str(cast.group), str(cast.patient)):
        assert name not in page
    assert see_own_former(cast["stranger"], None) == []


@pytest.mark.clause("N3.6")
def test_the_administrator_sees_the_names_and_how_it_ended(cast: Cast) -> None:
    release_member(cast["manager"], cast.members["nurse"], reason="秘密の理由")
    found = see_former_of(cast["administrator_other"], cast.role("nurse"))
    (former,) = found.groups
    assert former.identity is not None and former.identity.name == "髙橋 節子"
    assert (former.how, former.managed_by, former.part) == ("released", "station事業所", "看護")
    page = browser(cast, "administrator_other").get(f"/staff/{cast.role('nurse')}/groups")
    assert "髙橋 節子" in page.content.decode()
    for word in ("秘密の理由", "血圧", str(cast.group), str(cast.patient)):
        assert word not in page.content.decode()
    opened = AuditEvent.objects.filter(
        action="page.see", stream=f"account:{cast.account('administrator_other').hex}"
    )
    assert json.loads(opened.latest("seq").detail)["opened"] == "former_groups"


@pytest.mark.clause("N3.6")
@pytest.mark.parametrize(
    "name", ["nurse", "manager", "physician", "administrator_same", "sole", "operator", "former"]
)
def test_nobody_else_sees_the_names(cast: Cast, name: str) -> None:
    leave_group(cast["nurse"], cast.group, reason="異動")
    with pytest.raises(Refused):
        see_former_of(cast[name], cast.role("nurse"))


@pytest.mark.clause("N3.6")
def test_what_one_was_in_for_another_organization_stays_there(cast: Cast) -> None:
    leave_group(cast["nurse"], cast.group, reason="異動")
    nurse = type(PractitionerRole.objects.get(pk=cast.role("nurse")).account)
    with loading():
        second = make_role(
            nurse.objects.get(pk=cast.account("nurse")), cast.organizations["pharmacy"]
        )
    assert see_former_of(cast["sole"], second.id).groups == []
    assert len(see_former_of(cast["administrator_other"], cast.role("nurse")).groups) == 1


def test_who_is_in_a_group_is_not_listed_as_having_been(cast: Cast) -> None:
    post(cast, "nurse")
    assert see_own_former(cast["nurse"], None) == []
    assert cast.group in visible(cast["nurse"])
