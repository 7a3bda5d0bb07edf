"""Who comes into a patient's group, and how one gets out of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.audit import trail
from renkei.audit.models import AuditEvent
from renkei.communication.models import Communication
from renkei.communication.reading import read_timeline
from renkei.group.admission import (
    accept_invitation,
    approve_invitation,
    decline_invitation,
    invite,
    invite_manager,
    refuse_invitation,
    take_back_invitation,
)
from renkei.group.head import see_head
from renkei.group.home import see_home
from renkei.group.invitations import see_invitation
from renkei.group.models import Group, Invitation, Member
from renkei.group.roster import see_management, see_members
from renkei.group.services import (
    appoint_manager,
    close_group,
    dismiss_manager,
    leave_group,
    open_group,
    release_member,
)
from renkei.kernel.errors import Problem, Refused
from renkei.patient.models import Basics
from renkei.patient.services import record_consent, register_patient
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.policy.loading import load
from renkei.policy.rules import may
from tests.cast import (
    Cast,
    given,
    identity,
    loading,
    make_account,
    make_role,
    person,
    post,
    put_invitation,
    reason_of,
    visible,
)


def new_patient(cast: Cast, *, consented: bool = True) -> Any:
    patient = register_patient(
        cast["administrator_same"],
        cast.organizations["station"],
        identity=identity(),
        basics=Basics(),
    ).id
    if consented:
        record_consent(
            cast["administrator_same"], patient, form=given(cast.organizations["clinic"])
        )
    return patient


def events(cast: Cast) -> list[str]:
    entries = Communication.objects.filter(group=cast.group).order_by("seq")
    return [event for event in entries.values_list("event", flat=True) if event]


def is_member(cast: Cast, name: str) -> bool:
    found = Member.objects.filter(group=cast.group, account=cast.account(name), ended_at=None)
    return found.exists()


def sees_nothing(cast: Cast, name: str) -> None:
    """Neither the group, nor its timeline, nor its name in any list."""
    for look in (see_head, see_members, read_timeline):
        with pytest.raises(Refused):
            look(cast[name], cast.group)
    assert cast.group not in visible(cast[name])
    assert "髙橋" not in repr(see_home(cast[name], None))


# ── Opening and ending ───────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A5.1")
@pytest.mark.parametrize(
    "name", ["manager", "nurse", "physician", "administrator_other", "operator"]
)
def test_only_the_managing_organization_opens_a_group(cast: Cast, name: str) -> None:
    patient = new_patient(cast)
    with pytest.raises(Refused):
        open_group(cast[name], patient, role_in_care="主治医")
    assert not Group.objects.filter(patient=patient).exists()


@pytest.mark.clause("A5.1", "A11.1", "A11.2")
def test_who_opens_a_group_is_its_first_manager_and_it_stands_in_the_timeline(cast: Cast) -> None:
    patient = new_patient(cast)
    group = open_group(cast["administrator_same"], patient, role_in_care="連絡調整")
    assert (group.patient_id, group.organization_id) == (patient, cast.organizations["station"])
    (member,) = group.members.all()
    assert (member.manager, member.origin, member.appointed_by_id) == (
        True,
        "opened",
        cast.account("administrator_same"),
    )
    page = read_timeline(cast["administrator_same"], group.id)
    assert [entry.event for entry in page.entries] == ["opened"]


@pytest.mark.clause("A11.1")
def test_a_patient_has_one_open_group_and_a_group_one_patient(cast: Cast) -> None:
    with pytest.raises(Problem, match="has a group already"):
        open_group(cast["administrator_same"], cast.patient, role_in_care="連絡調整")
    kept = Group.objects.get(pk=cast.group)
    with pytest.raises(IntegrityError), transaction.atomic():
        Group.objects.create(
            key_id=kept.key_id,
            region_id=kept.region_id,
            kind="patient",
            patient_id=cast.patient,
            organization_id=kept.organization_id,
            opened_at=kept.opened_at,
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Group.objects.filter(pk=cast.group).update(patient=None)


@pytest.mark.clause("A11.1")
def test_after_a_group_has_ended_the_patient_can_have_a_new_one(cast: Cast) -> None:
    close_group(cast["manager"], cast.group, reason="入院されました")
    assert open_group(cast["administrator_same"], cast.patient, role_in_care="連絡調整").id


@pytest.mark.clause("A5.1")
@pytest.mark.parametrize(
    "name", ["nurse", "physician", "administrator_other", "former", "operator"]
)
def test_only_the_managing_organization_ends_a_group(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        close_group(cast[name], cast.group, reason="終わりにします")
    assert Group.objects.get(pk=cast.group).closed_at is None


@pytest.mark.clause("A5.1")
def test_an_ended_group_stays_readable_and_takes_nothing_more(cast: Cast) -> None:
    close_group(cast["administrator_same"], cast.group, reason="転居されました")
    assert see_head(cast["nurse"], cast.group).open is False
    assert events(cast)[-1] == "closed"
    with pytest.raises(Refused):
        post(cast, "nurse")
    with pytest.raises(Refused):
        accept_invitation(cast["invited"], cast.invitations["invited"])
    assert not Invitation.objects.filter(group=cast.group, state="open").exists()


# ── Inviting, approving, accepting ───────────────────────────────────────────────────────────────


@pytest.mark.clause("A5.2")
@pytest.mark.parametrize("name", ["nurse", "administrator_other", "former", "stranger", "operator"])
def test_only_the_managing_organization_invites_and_takes_back(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        invite(cast[name], cast.invitee("stranger"), role_in_care="入浴の介助")
    with pytest.raises(Refused):
        take_back_invitation(cast[name], cast.invitations["invited"], reason="間違い")


@pytest.mark.clause("A8.4", "N1.1", "A11.4")
@pytest.mark.parametrize("order", ["approved first", "accepted first"])
def test_both_have_to_say_yes_in_either_order_and_nothing_is_seen_before(
    cast: Cast, order: str
) -> None:
    invitation = cast.invitations["invited"]
    steps: list[Callable[[], Any]] = [
        lambda: approve_invitation(cast["administrator_other"], invitation),
        lambda: accept_invitation(cast["invited"], invitation),
    ]
    if order == "accepted first":
        steps.reverse()
    sees_nothing(cast, "invited")
    steps[0]()
    assert not is_member(cast, "invited")
    sees_nothing(cast, "invited")
    before = events(cast)
    steps[1]()
    assert is_member(cast, "invited")
    assert events(cast) == [*before, "joined"]
    entry = read_timeline(cast["invited"], cast.group).entries[-1]
    assert entry.subject is not None
    assert (entry.subject.account, entry.text) == (cast.account("invited"), "栄養の相談")


@pytest.mark.clause("A8.4")
@pytest.mark.parametrize(
    "name", ["manager", "nurse", "invited", "administrator_same", "sole", "operator"]
)
def test_only_the_invited_persons_own_administrator_approves_or_refuses(
    cast: Cast, name: str
) -> None:
    with pytest.raises(Refused):
        approve_invitation(cast[name], cast.invitations["invited"])
    with pytest.raises(Refused):
        refuse_invitation(cast[name], cast.invitations["invited"], reason="だめ")


@pytest.mark.clause("A8.4")
def test_nobody_invites_themselves(cast: Cast) -> None:
    with pytest.raises(Refused):
        invite(cast["administrator_same"], cast.invitee("administrator_same"), role_in_care="事務")
    with pytest.raises(Refused):
        invite(cast["self_inviting"], cast.invitee("self_inviting"), role_in_care="看護")


@pytest.mark.clause("A8.4")
def test_nobody_approves_what_they_asked_for_themselves(cast: Cast) -> None:
    with pytest.raises(Refused):
        approve_invitation(cast["self_inviting"], cast.invitations["self_inviting"])
    colleague = put_invitation(cast, "administrator_same", by="self_inviting")
    with pytest.raises(Refused):
        approve_invitation(cast["self_inviting"], colleague)
    mine = put_invitation(cast, "manager", by="administrator_same")
    approve_invitation(cast["self_inviting"], mine)
    with pytest.raises(Refused):
        approve_invitation(
            cast["administrator_same"], put_invitation(cast, "stranger", by="manager")
        )


@pytest.mark.clause("A8.4")
def test_the_only_administrator_may_approve_an_invitation_from_elsewhere(cast: Cast) -> None:
    invitation = cast.invitations["sole"]
    approve_invitation(cast["sole"], invitation)
    assert not is_member(cast, "sole")
    accept_invitation(cast["sole"], invitation)
    assert is_member(cast, "sole")


@pytest.mark.clause("A8.4")
def test_with_a_second_administrator_one_does_not_approve_oneself(cast: Cast) -> None:
    with loading():
        account = make_account(cast.region, "second@example.org")
        make_role(account, cast.organizations["pharmacy"], "薬剤師", administrator=True)
    second = person("second", account).actor
    with pytest.raises(Refused):
        approve_invitation(cast["sole"], cast.invitations["sole"])
    Account.objects.filter(pk=account.id).update(
        acknowledged_id=cast.policy,
        password_changed_at=Account.objects.get(pk=cast.account("sole")).password_changed_at,
    )
    approve_invitation(second, cast.invitations["sole"])


@pytest.mark.clause("A8.4")
def test_the_only_administrator_may_approve_the_own_staff_they_invited_and_the_line_says_so(
    cast: Cast,
) -> None:
    station = PractitionerRole.objects.filter(organization=cast.organizations["station"])
    others = station.filter(administrator=True).exclude(pk=cast.role("administrator_same"))
    Invitation.objects.filter(pk=cast.invitations["self_inviting"]).delete()
    asked = put_invitation(cast, "self_inviting", by="administrator_same")
    with pytest.raises(Refused):
        approve_invitation(cast["administrator_same"], asked)  # as long as there is another
    others.update(administrator=False)
    approve_invitation(cast["administrator_same"], asked)
    line = AuditEvent.objects.filter(action="invitation.approve", outcome="done").latest("at")
    assert '"alone":true' in line.detail
    assert not is_member(cast, "self_inviting")  # their own answer is still theirs


@pytest.mark.clause("A8.4")
def test_the_only_administrator_does_not_approve_what_they_sent_to_themselves(cast: Cast) -> None:
    Invitation.objects.filter(pk=cast.invitations["sole"]).delete()
    sent = put_invitation(cast, "sole", by="sole")
    with pytest.raises(Refused):
        approve_invitation(cast["sole"], sent)


@pytest.mark.clause("A8.4")
def test_the_only_administrator_of_the_managing_organization_does_not_approve_themselves(
    cast: Cast,
) -> None:
    PractitionerRole.objects.filter(pk=cast.role("self_inviting")).update(administrator=False)
    mine = put_invitation(cast, "administrator_same", by="manager")
    with pytest.raises(Refused):
        approve_invitation(cast["administrator_same"], mine)


@pytest.mark.clause("A8.4", "N3.2", "N1.1")
@pytest.mark.parametrize(
    "name", ["manager", "administrator_other", "administrator_same", "nurse", "stranger"]
)
def test_nobody_accepts_or_declines_for_another(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        accept_invitation(cast[name], cast.invitations["invited"])
    with pytest.raises(Refused):
        decline_invitation(cast[name], cast.invitations["invited"], reason="かわりに")


@pytest.mark.clause("N3.2")
@pytest.mark.parametrize("name", ["invited", "administrator_other"])
def test_an_invitation_shows_what_one_needs_to_judge_and_no_name(cast: Cast, name: str) -> None:
    page = see_invitation(cast[name], cast.invitations["invited"])
    assert page.initials == "た・せ"
    assert page.organization == "station事業所"
    assert page.role_in_care == "栄養の相談"
    assert {line.face.account for line in page.members} == {
        cast.account(member) for member in ("manager", "nurse", "physician")
    }
    assert "髙橋" not in repr(page)
    assert "たかはし" not in repr(page)


@pytest.mark.clause("N3.2")
@pytest.mark.parametrize("name", ["nurse", "stranger", "former", "operator", "family"])
def test_an_invitation_is_seen_by_those_concerned_alone(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        see_invitation(cast[name], cast.invitations["invited"])


@pytest.mark.clause("N3.2")
def test_declining_takes_a_reason_and_ends_the_invitation(cast: Cast) -> None:
    invitation = cast.invitations["invited"]
    with pytest.raises(Problem, match="reason"):
        decline_invitation(cast["invited"], invitation, reason="  ")
    declined = decline_invitation(cast["invited"], invitation, reason="担当していません")
    assert (declined.state, declined.unseal("reason")) == ("declined", "担当していません")
    with pytest.raises(Refused):
        approve_invitation(cast["administrator_other"], invitation)
    assert not is_member(cast, "invited")


@pytest.mark.clause("A8.4")
def test_an_administrator_refuses_with_a_reason(cast: Cast) -> None:
    refused = refuse_invitation(
        cast["administrator_other"], cast.invitations["invited"], reason="人手が足りません"
    )
    assert refused.state == "refused"
    with pytest.raises(Refused):
        accept_invitation(cast["invited"], cast.invitations["invited"])


@pytest.mark.clause("A8.4")
def test_an_invitation_expires(cast: Cast) -> None:
    Invitation.objects.update(expires_at=Invitation.objects.all()[0].invited_at - timedelta(days=1))
    for name, answer in (
        ("invited", accept_invitation),
        ("administrator_other", approve_invitation),
    ):
        with pytest.raises(Refused):
            answer(cast[name], cast.invitations["invited"])
    assert invite(cast["manager"], cast.invitee("invited"), role_in_care="栄養の相談").id


@pytest.mark.clause("A11.4")
@pytest.mark.parametrize("text", ["", "  ", "\u202e", "あ" * 51])
def test_an_invitation_says_the_role_in_the_care(cast: Cast, text: str) -> None:
    with pytest.raises(Problem, match="role in the care"):
        invite(cast["manager"], cast.invitee("stranger"), role_in_care=text)


@pytest.mark.clause("A11.4")
def test_the_members_page_says_what_each_does(cast: Cast) -> None:
    seats = see_members(cast["nurse"], cast.group).seats
    assert [seat.line.role_in_care for seat in seats] == ["看護"] * 3


def test_who_is_in_or_invited_already_is_not_invited_again(cast: Cast) -> None:
    with pytest.raises(Problem, match="in the group already"):
        invite(cast["manager"], cast.invitee("nurse"), role_in_care="看護")
    with pytest.raises(Problem, match="invited already"):
        invite(cast["manager"], cast.invitee("invited"), role_in_care="看護")
    with pytest.raises(IntegrityError), transaction.atomic():
        put_invitation(cast, "invited", by="manager")


@pytest.mark.parametrize("answer", [approve_invitation, accept_invitation])
def test_the_same_answer_twice_counts_once(cast: Cast, answer: Callable[..., Any]) -> None:
    name = "administrator_other" if answer is approve_invitation else "invited"
    answer(cast[name], cast.invitations["invited"])
    with pytest.raises(Problem, match="already"):
        answer(cast[name], cast.invitations["invited"])
    assert not is_member(cast, "invited")


def test_who_does_not_work_today_is_not_invited_and_does_not_join(cast: Cast) -> None:
    role = PractitionerRole.objects.filter(pk=cast.role("stranger"))
    role.update(ended_at=Group.objects.get(pk=cast.group).opened_at)
    with pytest.raises(Refused):
        invite(cast["manager"], cast.invitee("stranger"), role_in_care="入浴の介助")
    clinic = Organization.objects.filter(pk=cast.organizations["clinic"])
    accept_invitation(cast["invited"], cast.invitations["invited"])
    clinic.update(suspended_at=Group.objects.get(pk=cast.group).opened_at)
    with pytest.raises(Refused):
        approve_invitation(cast["administrator_other"], cast.invitations["invited"])
    with pytest.raises(Refused):
        invite(cast["manager"], cast.invitee("administrator_other"), role_in_care="事務")


@pytest.mark.clause("A6")
def test_without_consent_only_colleagues_of_the_managing_organization_are_invited(
    cast: Cast,
) -> None:
    patient = new_patient(cast, consented=False)
    group = open_group(cast["administrator_same"], patient, role_in_care="連絡調整").id
    with pytest.raises(Refused):
        invite(cast["administrator_same"], (group, cast.role("nurse")), role_in_care="看護")
    assert invite(cast["administrator_same"], (group, cast.role("manager")), role_in_care="看護").id


# ── Who sees, and who manages without seeing ─────────────────────────────────────────────────────


@pytest.mark.clause("N1.1", "N2.3", "A11.4")
@pytest.mark.parametrize(
    "name",
    ["former", "stranger", "invited", "administrator_same", "administrator_other", "self_inviting",
     "sole", "family", "operator"],
)  # fmt: skip
def test_who_is_no_member_sees_nothing_whatever_their_office(cast: Cast, name: str) -> None:
    sees_nothing(cast, name)


@pytest.mark.clause("N2.3")
@pytest.mark.parametrize("name", ["administrator_same", "administrator_other", "operator"])
def test_neither_administrators_nor_the_operator_write_into_a_group_they_are_not_in(
    cast: Cast, name: str
) -> None:
    assert not may(load(cast[name], "group", cast.group), "communication.send")
    with pytest.raises(Refused):
        post(cast, name)


@pytest.mark.clause("A8.4", "N2.3")
def test_administrators_manage_members_without_reading(cast: Cast) -> None:
    roster = see_management(cast["administrator_same"], cast.group)
    assert roster.head is None
    assert "130/80" not in repr(roster)
    release_member(cast["administrator_same"], cast.members["nurse"], reason="担当替え")
    assert not is_member(cast, "nurse")


@pytest.mark.clause("A11.2")
@pytest.mark.parametrize("name", ["nurse", "stranger", "administrator_other", "operator"])
def test_who_was_not_put_in_charge_does_not_manage(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        see_management(cast[name], cast.group)
    with pytest.raises(Refused):
        appoint_manager(cast[name], cast.members["physician"])


@pytest.mark.clause("A11.2")
def test_putting_somebody_in_charge_is_on_record_and_can_be_taken_back(cast: Cast) -> None:
    dismiss_manager(cast["manager"], cast.members["physician"])
    assert Member.objects.get(pk=cast.members["physician"]).appointed_by_id is None
    appoint_manager(cast["administrator_same"], cast.members["physician"])
    member = Member.objects.get(pk=cast.members["physician"])
    assert (member.manager, member.appointed_by_id) == (True, cast.account("administrator_same"))
    assert member.appointed_at is not None
    assert events(cast)[-1] == "appointed"
    line = trail.history(f"group:{cast.group.hex}")[-1]
    assert (line.action, line.actor) == ("member.appoint", cast.account("administrator_same"))


@pytest.mark.clause("A11.2")
def test_only_ones_own_people_and_physicians_are_put_in_charge(cast: Cast) -> None:
    with pytest.raises(Refused):
        appoint_manager(cast["manager"], cast.members["nurse"])
    with pytest.raises(Refused):
        invite_manager(cast["manager"], cast.invitee("stranger"), role_in_care="掃除")


# ── Leaving ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N3.6")
def test_a_member_leaves_by_themselves_at_once_and_the_reason_is_kept(cast: Cast) -> None:
    leave_group(cast["nurse"], cast.group, reason="担当を外れました")
    sees_nothing(cast, "nurse")
    assert reason_of(Member.objects.get(pk=cast.members["nurse"])) == "担当を外れました"
    assert events(cast)[-1] == "left"
    with pytest.raises(Refused):
        post(cast, "nurse", "まだ書けますか")


@pytest.mark.clause("N3.6")
@pytest.mark.parametrize("name", ["former", "stranger", "administrator_same"])
def test_who_is_not_in_cannot_leave(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        leave_group(cast[name], cast.group, reason="もう一度")


@pytest.mark.clause("N3.6")
def test_leaving_takes_a_reason(cast: Cast) -> None:
    with pytest.raises(Problem, match="reason"):
        leave_group(cast["nurse"], cast.group, reason=" ")
    assert is_member(cast, "nurse")


@pytest.mark.clause("N3.6", "A6")
def test_one_can_leave_also_when_the_consent_is_gone(cast: Cast) -> None:
    from renkei.patient.models import Consent

    Consent.objects.all().delete()
    leave_group(cast["nurse"], cast.group, reason="同意が撤回されたため")
    assert not is_member(cast, "nurse")


@pytest.mark.clause("A5.2", "A8.4")
@pytest.mark.parametrize("name", ["nurse", "stranger", "sole", "operator", "family"])
def test_nobody_else_releases_a_member(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        release_member(cast[name], cast.members["nurse"], reason="外れてください")
    assert is_member(cast, "nurse")


@pytest.mark.clause("A5.2", "A8.4")
@pytest.mark.parametrize("name", ["manager", "administrator_same", "administrator_other"])
def test_the_managing_organization_and_ones_own_administrator_release(
    cast: Cast, name: str
) -> None:
    release_member(cast[name], cast.members["nurse"], reason="異動のため")
    assert events(cast)[-1] == "released"
    assert Member.objects.get(pk=cast.members["nurse"]).released_by_id == cast.account(name)
    sees_nothing(cast, "nurse")


def test_the_last_manager_stays_while_others_are_in(cast: Cast) -> None:
    dismiss_manager(cast["manager"], cast.members["physician"])
    with pytest.raises(Problem, match="last manager"):
        leave_group(cast["manager"], cast.group, reason="異動")
    with pytest.raises(Problem, match="last manager"):
        release_member(cast["administrator_same"], cast.members["manager"], reason="異動")
    with pytest.raises(Problem, match="last manager"):
        dismiss_manager(cast["manager"], cast.members["manager"])
    for name in ("nurse", "physician"):
        leave_group(cast[name], cast.group, reason="異動")
    leave_group(cast["manager"], cast.group, reason="最後の一人")
    assert not is_member(cast, "manager")


def test_who_left_comes_back_only_by_being_invited_again(cast: Cast) -> None:
    again = invite(cast["manager"], cast.invitee("former"), role_in_care="掃除").id
    sees_nothing(cast, "former")
    with loading():
        account = make_account(cast.region, "chief@example.org")
        make_role(account, cast.organizations["helpers"], "事務", administrator=True)
    Account.objects.filter(pk=account.id).update(
        acknowledged_id=cast.policy,
        password_changed_at=Account.objects.get(pk=cast.account("nurse")).password_changed_at,
    )
    approve_invitation(person("chief", account).actor, again)
    accept_invitation(cast["former"], again)
    assert is_member(cast, "former")
    assert Member.objects.filter(group=cast.group, account=cast.account("former")).count() == 2
