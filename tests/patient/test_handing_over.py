"""A patient passes to another managing organization, by agreement of both (A4)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from renkei.audit.models import AuditEvent
from renkei.communication.models import Communication
from renkei.config.verification import verify
from renkei.group.home import see_home
from renkei.group.models import Group, Invitation, Member
from renkei.group.services import close_group
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, SignedOut
from renkei.patient import hand_overs
from renkei.patient.disclosures import see_record
from renkei.patient.handing_over import (
    Acceptance,
    Proposal,
    accept_hand_over,
    decline_hand_over,
    propose_hand_over,
    withdraw_hand_over,
)
from renkei.patient.models import Consent, HandOver, Patient
from renkei.patient.services import withdraw_consent
from renkei.people.models import Organization, PractitionerRole
from renkei.policy.loading import load
from renkei.policy.rules import may
from tests.cast import Cast, loading, make_organization, make_region, paper_of, person, visible
from tests.cast import make_account as account_in
from tests.cast import make_role as role_at

AtOnce = Callable[..., list[Any]]


def propose(cast: Cast, name: str = "administrator_same", to: str = "clinic") -> UUID:
    return propose_hand_over(
        cast[name],
        cast.patient,
        proposal=Proposal(cast.organizations[to], "遠方に転居されるため", clock.today()),
    ).id


def terms(**facts: Any) -> Acceptance:
    return Acceptance(**{"original": "stays", "contact_on": clock.today(), **facts})


def accept(cast: Cast, proposed: UUID, name: str = "administrator_other", **facts: Any) -> None:
    accept_hand_over(cast[name], proposed, acceptance=terms(**facts))


def test_what_is_to_be_erased_is_not_handed_over(cast: Cast) -> None:
    proposed = propose(cast)
    Patient.objects.filter(pk=cast.patient).update(erase_at=clock.now())
    with pytest.raises(Refused):
        accept(cast, proposed)
    with pytest.raises(Refused):
        propose(cast)


def reads(cast: Cast, name: str, permission: str = "group.see") -> bool:
    return may(load(cast[name], "group", cast.group), permission)


@pytest.mark.clause("A4")
def test_with_the_acceptance_the_other_organization_manages_record_groups_and_papers(
    cast: Cast,
) -> None:
    paper = paper_of(cast)
    keys = set(Patient.objects.filter(pk=cast.patient).values_list("key_id", flat=True))
    proposed = propose(cast)
    assert Patient.objects.get(pk=cast.patient).organization_id == cast.organizations["station"]
    accept(cast, proposed)
    patient = Patient.objects.get(pk=cast.patient)
    assert patient.organization_id == cast.organizations["clinic"]
    assert Group.objects.get(pk=cast.group).organization_id == cast.organizations["clinic"]
    assert {patient.key_id} == keys
    assert see_record(cast["administrator_other"], cast.patient).identity.name == "髙橋 節子"
    with pytest.raises(Refused):
        see_record(cast["administrator_same"], cast.patient)
    for name, expected in (("administrator_other", True), ("administrator_same", False)):
        assert may(load(cast[name], "paper", paper.id), "paper.see") is expected
    line = AuditEvent.objects.get(action="hand_over.accept", outcome="done")
    assert json.loads(line.detail)["source"] == cast.organizations["station"].hex
    assert json.loads(line.detail)["target"] == cast.organizations["clinic"].hex
    entry = Communication.objects.get(group=cast.group, event="handed")
    assert entry.sender_id == cast.account("administrator_other")
    assert not [one.breaks for one in verify(lambda *_: None, given=[]) if one.breaks]


@pytest.mark.clause("A4", "A11.2")
def test_care_does_not_break_but_who_managed_manages_no_more(cast: Cast) -> None:
    Invitation.objects.filter(pk=cast.invitations["invited"]).update(manager=True)
    before = set(visible(cast["manager"]))
    accept(cast, propose(cast))
    assert reads(cast, "manager") and set(visible(cast["manager"])) == before
    assert not reads(cast, "manager", "group.manage")
    assert reads(cast, "nurse")
    assert reads(cast, "administrator_other", "group.manage")
    assert not reads(cast, "administrator_same", "group.manage")
    assert Member.objects.get(pk=cast.members["physician"]).manager  # of the clinic itself
    assert Invitation.objects.get(pk=cast.invitations["invited"]).manager  # of the clinic as well


@pytest.mark.clause("A4", "A11.2")
def test_what_the_old_organization_delegated_ends_with_it(cast: Cast) -> None:
    Invitation.objects.filter(pk=cast.invitations["invited"]).update(manager=True)
    put_in(cast, "sole")
    accept(cast, propose(cast, to="pharmacy"), "sole")
    managing = Member.objects.filter(group=cast.group, manager=True)
    assert [one.account_id for one in managing] == [cast.account("sole")]
    assert not Invitation.objects.get(pk=cast.invitations["invited"]).manager


@pytest.mark.clause("A4", "A11.2")
def test_somebody_of_the_new_organization_manages_each_group_afterwards(cast: Cast) -> None:
    proposed = propose(cast, to="pharmacy")
    with pytest.raises(Problem, match="nobody would manage it"):
        accept(cast, proposed, "sole")
    assert Patient.objects.get(pk=cast.patient).organization_id == cast.organizations["station"]
    with loading():
        account = account_in(cast.region, "druggist@example.org")
        colleague = role_at(account, cast.organizations["pharmacy"], "薬剤師").id
    put_in(cast, colleague)
    accept(cast, proposed, "sole")
    (managing,) = Member.objects.filter(group=cast.group, manager=True)
    assert (managing.role_id, managing.appointed_by_id) == (colleague, cast.account("sole"))
    assert Communication.objects.filter(group=cast.group, event="appointed").exists()


def put_in(cast: Cast, who: str | UUID) -> None:
    """Somebody takes part as well."""
    role = PractitionerRole.objects.get(pk=cast.role(who) if isinstance(who, str) else who)
    Member.objects.create(
        group_id=cast.group, key_id=Group.objects.get(pk=cast.group).key_id, role=role,
        account_id=role.account_id, role_in_care="薬", origin="invited", joined_at=clock.now(),
    )  # fmt: skip


@pytest.mark.clause("A4")
def test_who_accepts_and_is_in_the_group_manages_it(cast: Cast) -> None:
    Member.objects.filter(pk=cast.members["physician"]).update(manager=False)
    accept(cast, propose(cast), "physician")
    member = Member.objects.get(pk=cast.members["physician"])
    assert member.manager and member.appointed_by_id == cast.account("physician")


@pytest.mark.clause("A4", "N2.3")
def test_the_people_of_the_old_organization_leave_if_the_new_one_wishes(cast: Cast) -> None:
    accept(cast, propose(cast), stay=False)
    assert not reads(cast, "manager") and cast.group not in visible(cast["manager"])
    assert reads(cast, "nurse")
    assert Communication.objects.filter(group=cast.group, event="released").exists()


@pytest.mark.clause("A4", "N2.3")
def test_before_it_is_accepted_the_other_side_sees_initials_and_the_reason_alone(
    cast: Cast,
) -> None:
    proposed = propose(cast)
    page = hand_overs.see_hand_over(cast["administrator_other"], proposed)
    assert (page.initials, page.source, page.why) == (
        "た・せ",
        "station事業所",
        "遠方に転居されるため",
    )
    assert page.patient is None and page.own is None
    shown = repr([getattr(page, name) for name in page.__slots__ if name != "shell"])
    assert "髙橋" not in shown and "節子" not in shown and "1942" not in shown
    with pytest.raises(Refused):
        see_record(cast["administrator_other"], cast.patient)
    tasks = {one.kind: one for one in see_home(cast["administrator_other"], None).tasks}
    assert tasks["hand_over"].id == proposed
    assert not reads(cast, "administrator_other")


@pytest.mark.clause("A4")
@pytest.mark.parametrize(
    "name", ["manager", "nurse", "physician", "administrator_other", "sole", "operator", "stranger"]
)
def test_nobody_else_proposes(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        propose(cast, name)


@pytest.mark.clause("A4")
@pytest.mark.parametrize(
    "name", ["administrator_same", "self_inviting", "manager", "nurse", "sole", "operator"]
)
def test_nobody_accepts_or_declines_for_another_organization(cast: Cast, name: str) -> None:
    proposed = propose(cast)
    with pytest.raises(Refused):
        accept(cast, proposed, name)
    with pytest.raises(Refused):
        decline_hand_over(cast[name], proposed, reason="違います")
    assert HandOver.objects.get(pk=proposed).state == "open"


@pytest.mark.clause("A4")
@pytest.mark.parametrize("name", ["administrator_other", "manager", "nurse", "operator", "sole"])
def test_only_who_proposed_takes_it_back(cast: Cast, name: str) -> None:
    proposed = propose(cast)
    with pytest.raises(Refused):
        withdraw_hand_over(cast[name], proposed, reason="なし")
    withdraw_hand_over(cast["self_inviting"], proposed, reason="転居が延びたため")
    with pytest.raises(Refused):
        accept(cast, proposed)
    with pytest.raises(Refused):
        hand_overs.see_hand_over(cast["administrator_other"], proposed)
    assert Patient.objects.get(pk=cast.patient).organization_id == cast.organizations["station"]


@pytest.mark.clause("A4")
def test_declining_needs_a_reason_and_the_proposer_reads_it(cast: Cast) -> None:
    proposed = propose(cast)
    with pytest.raises(Problem):
        decline_hand_over(cast["administrator_other"], proposed, reason=" ")
    decline_hand_over(cast["administrator_other"], proposed, reason="枠がありません")
    page = hand_overs.see_hand_over(cast["administrator_same"], proposed)
    assert (page.state, page.reason) == ("declined", "枠がありません")
    kinds = [one.kind for one in see_home(cast["administrator_same"], None).tasks]
    assert "not_taken" in kinds
    with pytest.raises(Refused):
        accept(cast, proposed)


@pytest.mark.clause("A4")
def test_both_sides_have_it_in_their_list_afterwards(cast: Cast) -> None:
    accept(cast, propose(cast))
    for name, own in (("administrator_same", "station"), ("administrator_other", "clinic")):
        found = hand_overs.see_hand_overs(cast[name], cast.organizations[own])
        (line,) = found.lines
        assert (line.initials, line.state, line.receiving) == (
            "た・せ",
            "accepted",
            own == "clinic",
        )
    assert "taken_over" in [one.kind for one in see_home(cast["administrator_same"], None).tasks]


# ── Consent ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A4", "A6", "F3")
def test_if_the_original_came_the_consent_is_filed_anew_with_its_keeper(cast: Cast) -> None:
    Consent.objects.update(original_kept_by=cast.organizations["station"])
    proposed = propose(cast)
    with pytest.raises(Problem):
        accept(cast, proposed, original="came", place=" ")
    accept(cast, proposed, original="came", place="事務室の書庫")
    now = Consent.objects.get(patient=cast.patient, ended_at=None)
    assert now.original_kept_by_id == cast.organizations["clinic"]
    assert now.signature.original_place == "事務室の書庫"
    before = Consent.objects.exclude(pk=now.pk).get(patient=cast.patient)
    assert before.signed_on == now.signed_on and before.signature.original_place == "金庫"
    assert reads(cast, "nurse")


@pytest.mark.clause("A4", "A6")
@pytest.mark.parametrize(
    "facts",
    [
        {"original": ""},
        {"original": "lost"},
        {"contact_on": clock.today() + timedelta(days=1)},
        {"contact_on": clock.today() - timedelta(days=1)},
    ],
)
def test_what_becomes_of_form_4_and_the_new_contact_have_to_be_said(
    cast: Cast, facts: dict[str, Any]
) -> None:
    with pytest.raises(Problem):
        accept(cast, propose(cast), **facts)


@pytest.mark.clause("A4", "A6")
def test_without_the_consent_no_patient_is_proposed_or_taken_over(cast: Cast) -> None:
    proposed = propose(cast)
    withdraw_consent(
        cast["administrator_same"], cast.patient, reason="", withdrawn_on=clock.today()
    )
    with pytest.raises(Refused):
        accept(cast, proposed)
    withdraw_hand_over(cast["administrator_same"], proposed, reason="同意の撤回")
    with pytest.raises(Refused):
        propose(cast)


@pytest.mark.clause("A4", "A6")
def test_an_exemption_passes_with_its_date(cast: Cast) -> None:
    Consent.objects.update(state="exempt_life", signed_on=None, seek_by=clock.today())
    accept(cast, propose(cast), original="")
    assert Consent.objects.get(patient=cast.patient, ended_at=None).seek_by == clock.today()
    assert ("seek", cast.patient) in [
        (one.kind, one.id) for one in see_home(cast["administrator_other"], None).tasks
    ]


# ── To whom, and what happens meanwhile ──────────────────────────────────────────────────────────


@pytest.mark.clause("A4")
@pytest.mark.parametrize("fault", ["own", "suspended", "left", "not approved", "elsewhere", "none"])
def test_a_patient_passes_only_to_an_organization_that_takes_part(cast: Cast, fault: str) -> None:
    target = cast.organizations["clinic"]
    clinic = Organization.objects.filter(pk=target)
    if fault == "own":
        target = cast.organizations["station"]
    elif fault == "elsewhere":
        from tests.cast import loading

        with loading():
            region, _ = make_region("ほかの地域")
            target = make_organization(region, "far", "診療所").id
    elif fault == "none":
        target = cast.patient
    else:
        moment = {"suspended": "suspended_at", "left": "left_on", "not approved": "approved_on"}
        value = {"suspended": clock.now(), "left": clock.today(), "not approved": None}[fault]
        clinic.update(**{moment[fault]: value})
    with pytest.raises(Problem):
        propose_hand_over(
            cast["administrator_same"],
            cast.patient,
            proposal=Proposal(target, "転居", clock.today()),
        )


@pytest.mark.clause("A4")
def test_an_organization_suspended_meanwhile_takes_nobody_over(cast: Cast) -> None:
    proposed = propose(cast)
    Organization.objects.filter(pk=cast.organizations["clinic"]).update(suspended_at=clock.now())
    with pytest.raises((Refused, SignedOut)):
        accept(cast, proposed)


@pytest.mark.clause("A4")
def test_a_group_ended_meanwhile_passes_too_and_nobody_of_the_old_side_manages_it(
    cast: Cast,
) -> None:
    proposed = propose(cast)
    close_group(cast["manager"], cast.group, reason="入院")
    accept(cast, proposed)
    assert Group.objects.get(pk=cast.group).organization_id == cast.organizations["clinic"]
    assert not reads(cast, "administrator_same", "group.manage")
    assert not Communication.objects.filter(group=cast.group, event="handed").exists()


@pytest.mark.clause("A4")
def test_a_patient_without_a_group_passes_as_well(cast: Cast) -> None:
    Group.objects.filter(pk=cast.group).update(
        patient=None, kind="free", entry="request", about_sealed=b""
    )
    accept(cast, propose(cast))
    assert Patient.objects.get(pk=cast.patient).organization_id == cast.organizations["clinic"]


@pytest.mark.clause("A4")
def test_one_proposal_at_a_time(cast: Cast) -> None:
    propose(cast)
    with pytest.raises(Problem, match="already"):
        propose(cast, to="pharmacy")


@pytest.mark.clause("A4")
def test_of_two_proposals_at_once_one_stands(committed: Cast, at_once: AtOnce) -> None:
    found = at_once(
        lambda: propose(committed),
        lambda: propose(committed, "self_inviting", "pharmacy"),
    )
    assert sum(isinstance(one, UUID) for one in found) == 1, found
    assert HandOver.objects.filter(state="open").count() == 1


@pytest.mark.clause("A4")
def test_accepted_and_withdrawn_at_once_it_is_one_or_the_other(
    committed: Cast, at_once: AtOnce
) -> None:
    proposed = propose(committed)
    found = at_once(
        lambda: accept(committed, proposed),
        lambda: withdraw_hand_over(committed["administrator_same"], proposed, reason="延期"),
    )
    assert [type(one) for one in found].count(Refused) == 1, found
    moved = Patient.objects.get(pk=committed.patient).organization_id
    state = HandOver.objects.get(pk=proposed).state
    assert (state == "accepted") == (moved == committed.organizations["clinic"])


@pytest.mark.clause("A4", "N3.9")
def test_another_region_knows_nothing_of_it(cast: Cast) -> None:
    from renkei.kernel.errors import Unknown
    from tests.cast import loading

    proposed = propose(cast)
    with loading():
        region, policy = make_region("ほかの地域")
        place = make_organization(region, "far", "診療所")
        account = account_in(region, "far@example.org")
        role = role_at(account, place.id, administrator=True)
    account.password_changed_at = clock.now()
    account.acknowledged_id = policy
    account.save()
    stranger = person("far", account, role)
    with pytest.raises(Unknown):
        hand_overs.see_hand_over(stranger.actor, proposed)
