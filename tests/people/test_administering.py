"""Who administers an organization is asked in one way, whatever is done with the answer."""

from datetime import timedelta

import pytest

from renkei.device.taken_out import see_sole_take_outs
from renkei.device.waiting import waiting_for
from renkei.group.invitations import see_invitation
from renkei.incident.models import Incident
from renkei.incident.notices import addresses_of
from renkei.kernel import clock
from renkei.people.disclosures import contacts
from renkei.people.models import Account, PractitionerRole
from renkei.people.organizations import see_place
from renkei.people.selectors import administrators
from renkei.policy.loading import load
from tests.cast import Cast, incident_of, take_out_of

NOT_IN_OFFICE: dict[str, dict[str, object]] = {
    "has left": {"ended_at": clock.now()},
    "is over the last day": {"until": clock.now() - timedelta(days=1)},
    "is suspended": {"restriction": "suspended"},
    "is banned": {"restriction": "banned"},
    "is none": {"administrator": False},
}
IN_OFFICE: dict[str, dict[str, object]] = {
    "is": {},
    "may only read": {"restriction": "read_only"},
    "leaves next week": {"until": clock.now() + timedelta(days=7)},
}


def is_one(cast: Cast) -> set[bool]:
    """Whether the administrator is one, by every way to ask for it."""
    account = cast.account("administrator_same")
    found = administrators(clock.now()).filter(organization=cast.organizations["station"])
    colleague = load(cast["self_inviting"], "staff", cast.role("manager")).what.colleague
    assert colleague is not None
    shown = contacts(load(cast["manager"], "region"))[1]
    place = see_place(cast["operator"], cast.organizations["station"])
    incident = Incident.objects.get(pk=incident_of(cast, "manager"))
    return {
        found.filter(account=account).exists(),
        colleague.administrators == 2,
        account in {one.face.account for one in shown},
        cast.people["administrator_same"].email in addresses_of(incident),
        account in {one.face.account for one in place.administrators},
        place.line.administrators == 2,
    }


@pytest.mark.parametrize("how", [*NOT_IN_OFFICE, *IN_OFFICE])
def test_lists_and_rules_agree_on_who_is_in_office(cast: Cast, how: str) -> None:
    role = PractitionerRole.objects.filter(pk=cast.role("administrator_same"))
    role.update(**(NOT_IN_OFFICE | IN_OFFICE)[how])
    assert is_one(cast) == {how in IN_OFFICE}


def test_whose_account_is_stopped_is_not_in_office(cast: Cast) -> None:
    account = Account.objects.filter(pk=cast.account("administrator_same"))
    account.update(suspended_at=clock.now())
    assert is_one(cast) == {False}


def test_who_is_stopped_elsewhere_is_told_of_incidents_here(cast: Cast) -> None:
    PractitionerRole.objects.create(
        account_id=cast.account("administrator_same"), started_at=clock.now(),
        organization_id=cast.organizations["clinic"], restriction="suspended",
    )  # fmt: skip
    assert is_one(cast) == {True}


@pytest.mark.parametrize("how", [*NOT_IN_OFFICE, *IN_OFFICE])
def test_an_invitation_names_nobody_who_cannot_approve_it(cast: Cast, how: str) -> None:
    role = PractitionerRole.objects.filter(pk=cast.role("administrator_other"))
    role.update(**(NOT_IN_OFFICE | IN_OFFICE)[how])
    approvers = see_invitation(cast["manager"], cast.invitations["invited"]).approvers
    assert bool(approvers) == (how in IN_OFFICE)


@pytest.mark.parametrize("how", NOT_IN_OFFICE)
def test_the_operator_decides_where_no_other_is_in_office(cast: Cast, how: str) -> None:
    PractitionerRole.objects.filter(pk=cast.role("self_inviting")).update(**NOT_IN_OFFICE[how])
    taken = take_out_of(cast, "administrator_same")
    standing = load(cast["operator"], "take_out", taken)
    assert standing.what.take_out is not None and standing.what.take_out.for_operator
    assert ("sole_out", 1) in list(waiting_for(standing.who))
    assert [one.id for one in see_sole_take_outs(cast["operator"], None)] == [taken]
