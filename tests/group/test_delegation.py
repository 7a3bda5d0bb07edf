"""Management by delegation: the attending physician of another organization (A11.2)."""

import json
from datetime import timedelta
from typing import Any

import pytest

from renkei.audit.models import AuditEvent
from renkei.communication.models import Communication
from renkei.group.admission import (
    accept_invitation,
    approve_invitation,
    invite,
    invite_manager,
    take_back_invitation,
)
from renkei.group.inviting import see_invite_desk
from renkei.group.models import Group, Invitation, Member
from renkei.group.roster import see_management, see_members
from renkei.group.services import (
    appoint_manager,
    close_group,
    dismiss_manager,
    open_group,
    release_member,
)
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.patient.disclosures import see_record
from renkei.patient.models import Basics, Consent
from renkei.patient.services import record_consent, register_patient
from renkei.people.models import PractitionerRole
from renkei.policy.loading import load
from renkei.policy.rules import may
from tests.cast import LOADER, Cast, given, identity, loading


def patient_of(cast: Cast, *, consented: bool = True) -> Any:
    with loading():
        patient = register_patient(
            LOADER,
            cast.organizations["station"],
            identity=identity("林 梅", "はやし うめ"),
            basics=Basics(),
        )
        if consented:
            record_consent(LOADER, patient.id, form=given(cast.organizations["station"]))
    return patient.id


@pytest.mark.clause("A11.2")
def test_it_is_granted_at_opening_and_recorded_with_who_and_when(cast: Cast) -> None:
    group = open_group(
        cast["administrator_same"],
        patient_of(cast),
        role_in_care="連絡調整",
        attending=cast.role("physician"),
    )
    asked = Invitation.objects.get(group=group)
    assert asked.manager and asked.role_in_care == "主治医"
    assert not may(load(cast["physician"], "group", group.id), "group.manage")  # not joined yet
    approve_invitation(cast["administrator_other"], asked.id)
    accept_invitation(cast["physician"], asked.id)
    member = Member.objects.get(group=group, account=cast.account("physician"))
    assert member.manager and member.appointed_by_id == cast.account("administrator_same")
    assert member.appointed_at is not None
    assert may(load(cast["physician"], "group", group.id), "group.manage")
    seat = next(
        one
        for one in see_members(cast["administrator_same"], group.id).seats
        if one.line.id == member.id
    )
    assert seat.line.appointed_by == "administrator_same さん" and seat.appointed_at is not None
    line = AuditEvent.objects.get(action="group.open", outcome="done")
    assert json.loads(line.detail)["delegated"] == cast.role("physician").hex


@pytest.mark.clause("A11.2")
@pytest.mark.parametrize("name", ["nurse", "manager", "self_inviting", "stranger"])
def test_it_is_granted_to_no_other_than_a_physician_of_another_organization(
    cast: Cast, name: str
) -> None:
    with pytest.raises(Problem):
        open_group(
            cast["administrator_same"],
            patient_of(cast),
            role_in_care="連絡調整",
            attending=cast.role(name),
        )
    assert not Group.objects.exclude(pk=cast.group).exclude(patient=None).exists()


@pytest.mark.clause("A11.2")
@pytest.mark.parametrize("stopped", ["suspended", "banned"])
def test_nor_to_one_who_is_stopped_who_is_offered_to_nobody(cast: Cast, stopped: str) -> None:
    patient, physician = patient_of(cast), cast.role("physician")
    assert physician in [
        one.role for one in see_record(cast["administrator_same"], patient).physicians
    ]
    PractitionerRole.objects.filter(pk=physician).update(restriction=stopped)
    assert physician not in [
        one.role for one in see_record(cast["administrator_same"], patient).physicians
    ]
    with pytest.raises(Problem):
        open_group(
            cast["administrator_same"], patient, role_in_care="連絡調整", attending=physician
        )
    desk = see_invite_desk(cast["manager"], cast.group)
    assert cast.account("physician") not in [one.face.account for one in desk.candidates]


@pytest.mark.clause("A11.2", "A6")
def test_without_consent_nothing_is_delegated(cast: Cast) -> None:
    with pytest.raises(Problem):
        open_group(
            cast["administrator_same"],
            patient_of(cast, consented=False),
            role_in_care="連絡調整",
            attending=cast.role("physician"),
        )


@pytest.mark.clause("A11.2")
def test_who_manages_by_delegation_sees_to_who_takes_part(cast: Cast) -> None:
    physician = cast["physician"]
    assert see_management(physician, cast.group).group == cast.group
    asked = invite(physician, cast.invitee("stranger"), role_in_care="入浴の介助").id
    take_back_invitation(physician, asked, reason="間違い")
    release_member(physician, cast.members["nurse"], reason="担当替え")


@pytest.mark.clause("A11.2")
def test_but_neither_delegates_further_nor_ends_the_group(cast: Cast) -> None:
    physician = cast["physician"]
    with pytest.raises(Refused):
        close_group(physician, cast.group, reason="終わり")
    with pytest.raises(Refused):
        dismiss_manager(physician, cast.members["manager"])
    with pytest.raises(Refused):
        release_member(physician, cast.members["manager"], reason="")
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(profession="医師")
    with pytest.raises(Refused):
        appoint_manager(physician, cast.members["nurse"])
    PractitionerRole.objects.filter(pk=cast.role("stranger")).update(profession="医師")
    with pytest.raises(Refused):
        invite_manager(physician, cast.invitee("stranger"), role_in_care="副主治医")


@pytest.mark.clause("A11.2")
def test_the_managing_organization_takes_it_back_at_once_and_the_timeline_says_so(
    cast: Cast,
) -> None:
    dismiss_manager(cast["administrator_same"], cast.members["physician"])
    assert not may(load(cast["physician"], "group", cast.group), "group.manage")
    assert may(load(cast["physician"], "group", cast.group), "group.see")  # still a member
    entry = Communication.objects.get(group=cast.group, event="dismissed")
    assert (entry.sender_id, entry.subject_id) == (
        cast.account("administrator_same"),
        cast.role("physician"),
    )
    assert AuditEvent.objects.get(action="member.dismiss").actor == cast.account(
        "administrator_same"
    )


@pytest.mark.clause("A11.2", "A6")
@pytest.mark.parametrize("ends", ["consent", "profession", "office", "membership"])
def test_it_ends_with_what_it_rests_on(cast: Cast, ends: str) -> None:
    assert may(load(cast["physician"], "group", cast.group), "group.manage")
    role = PractitionerRole.objects.filter(pk=cast.role("physician"))
    {
        "consent": lambda: Consent.objects.all().delete(),
        "profession": lambda: role.update(profession="看護師"),
        "office": lambda: role.update(until=clock.now() - timedelta(minutes=1)),
        "membership": lambda: Member.objects.filter(pk=cast.members["physician"]).update(
            ended_at=clock.now()
        ),
    }[ends]()
    assert not may(load(cast["physician"], "group", cast.group), "group.manage")


@pytest.mark.clause("A11.2")
def test_a_physician_whom_nobody_put_in_charge_manages_nothing(cast: Cast) -> None:
    Member.objects.filter(pk=cast.members["physician"]).update(manager=False)
    with pytest.raises(Refused):
        see_management(cast["physician"], cast.group)
