"""Two people who act against each other at the same moment: one of them comes second."""

from collections.abc import Callable
from typing import Any

import pytest

from renkei.audit import trail
from renkei.group.admission import accept_invitation, approve_invitation, take_back_invitation
from renkei.group.models import Group, Invitation, Member
from renkei.group.services import appoint_manager, leave_group, release_member
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.patient.models import Basics, Patient
from renkei.patient.services import register_patient
from renkei.people.models import PractitionerRole
from tests.cast import Cast, group_about, identity
from tests.policy.test_races import allowed

AtOnce = Callable[..., list[Any]]
ROUNDS = range(4)


def managers(group: Any) -> int:
    return Member.objects.filter(group=group, ended_at=None, manager=True).count()


@pytest.mark.parametrize("round_", ROUNDS)
def test_two_managers_leaving_at_once_leave_one_of_them(
    committed: Cast, at_once: AtOnce, round_: int
) -> None:
    results = at_once(
        lambda: leave_group(committed["manager"], committed.group, reason="異動"),
        lambda: leave_group(committed["physician"], committed.group, reason="異動"),
    )
    assert len(allowed(results, Problem)) == 1
    assert managers(committed.group) == 1
    assert trail.verify()[1] == []


@pytest.mark.parametrize("round_", ROUNDS)
def test_two_managers_releasing_each_other_leave_one(
    committed: Cast, at_once: AtOnce, round_: int
) -> None:
    team = {"manager": True, "self_inviting": True, "nurse": False}
    _, group = group_about(committed, "station", team)
    seat = {
        name: Member.objects.get(group=group, account=committed.account(name)).id for name in team
    }
    results = at_once(
        lambda: release_member(committed["manager"], seat["self_inviting"], reason="交代"),
        lambda: release_member(committed["self_inviting"], seat["manager"], reason="交代"),
    )
    assert len(allowed(results, Problem, Refused, Unknown)) == 1
    assert managers(group) == 1


@pytest.mark.parametrize("round_", ROUNDS)
def test_an_invitation_taken_back_while_it_is_accepted_is_one_or_the_other(
    committed: Cast, at_once: AtOnce, round_: int
) -> None:
    invitation = committed.invitations["invited"]
    approve_invitation(committed["administrator_other"], invitation)
    results = at_once(
        lambda: accept_invitation(committed["invited"], invitation),
        lambda: take_back_invitation(committed["manager"], invitation, reason="まちがい"),
    )
    assert len(allowed(results, Problem, Refused)) == 1
    joined = Member.objects.filter(group=committed.group, account=committed.account("invited"))
    state = Invitation.objects.get(pk=invitation).state
    assert (joined.exists(), state) in ((True, "joined"), (False, "taken_back"))


@pytest.mark.parametrize("round_", ROUNDS)
def test_who_is_released_while_being_put_in_charge_is_out(
    committed: Cast, at_once: AtOnce, round_: int
) -> None:
    _, group = group_about(committed, "station", {"manager": True, "self_inviting": False})
    seat = Member.objects.get(group=group, account=committed.account("self_inviting")).id
    results = at_once(
        lambda: appoint_manager(committed["manager"], seat),
        lambda: release_member(committed["manager"], seat, reason="交代"),
    )
    allowed(results, Problem, Refused, Unknown)
    assert Member.objects.get(pk=seat).ended_at is not None
    assert Group.objects.get(pk=group).last_seq <= 2
    assert trail.verify()[1] == []


def test_approving_twice_at_once_approves_once(committed: Cast, at_once: AtOnce) -> None:
    invitation = committed.invitations["invited"]
    results = at_once(
        *[lambda: approve_invitation(committed["administrator_other"], invitation)] * 3
    )
    assert len(allowed(results, Problem)) == 1


def test_a_patient_sent_twice_at_once_is_registered_once(committed: Cast, at_once: AtOnce) -> None:
    key, home = uuid7(), committed.organizations["station"]
    results = at_once(
        *[
            lambda: register_patient(
                committed["administrator_same"],
                home,
                identity=identity(),
                basics=Basics(),
                key=key,
            )
        ]
        * 4
    )
    assert {one.id for one in allowed(results)} == {key}
    assert Patient.objects.filter(pk=key).count() == 1


@pytest.mark.clause("A11.2")
def test_a_manager_who_has_left_the_organization_does_not_count_as_one(cast: Cast) -> None:
    """Else the last one in office could leave a group that nobody in it can manage."""
    PractitionerRole.objects.filter(pk=cast.role("physician")).update(ended_at=clock.now())
    with pytest.raises(Problem):
        leave_group(cast["manager"], cast.group, reason="異動")
