"""A leaving set ahead ends the standing by itself, at midnight, settled or not."""

from datetime import timedelta

import pytest

from renkei.group.admission import accept_invitation
from renkei.group.shell import see_shell
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.people.models import PractitionerRole
from renkei.people.services import choose_role
from renkei.policy.loading import load
from renkei.policy.rules import may
from tests.cast import Cast, post, visible
from tests.policy.test_rules import MATRIX, NAMES, answers, expected


def leave_in(cast: Cast, name: str, **time: float) -> int:
    """Set the end of somebody's role; microseconds."""
    until = clock.now() + timedelta(**time)
    PractitionerRole.objects.filter(pk=cast.role(name)).update(until=until)
    return clock.to_us(until)


@pytest.mark.clause("A8.5")
def test_before_its_moment_nothing_changes(cast: Cast) -> None:
    leave_in(cast, "nurse", hours=1)
    assert answers(cast, "c") == expected("c")
    assert cast.group in visible(cast["nurse"])


@pytest.mark.clause("A8.5", "N1.2")
def test_from_its_moment_on_nothing_of_the_organization_opens(cast: Cast) -> None:
    leave_in(cast, "nurse", microseconds=-1)
    found = answers(cast, "c")
    column = NAMES.index("nurse")
    yes = {permission for permission, row in found.items() if row.split()[column] == "c"}
    yes -= {"reuse.decline"}  # what one permitted, one can always take back (A16.b)
    assert {MATRIX[permission][0] for permission in yes} == {"region"}
    assert visible(cast["nurse"]) == []
    with pytest.raises(Refused):
        post(cast, "nurse", "まだ書けますか")


@pytest.mark.clause("A8.5")
def test_the_streams_know_the_moment_beforehand(cast: Cast) -> None:
    until = leave_in(cast, "nurse", seconds=20)
    assert load(cast["nurse"], "region").who.until == until


def test_nobody_chooses_or_accepts_for_a_role_that_is_over(cast: Cast) -> None:
    leave_in(cast, "invited", seconds=-1)
    with pytest.raises(Problem):
        choose_role(cast["invited"], None, role=cast.role("invited"))
    with pytest.raises(Refused):
        accept_invitation(cast["invited"], cast.invitations["invited"])
    assert see_shell(cast["invited"], None).me.face.role is None


def test_who_is_about_to_leave_counts_as_administrator_until_then(cast: Cast) -> None:
    leave_in(cast, "self_inviting", hours=1)
    standing = load(cast["self_inviting"], "staff", cast.role("administrator_same"))
    assert standing.what.colleague is not None and standing.what.colleague.administrators == 2
    leave_in(cast, "self_inviting", seconds=-1)
    standing = load(cast["operator"], "staff", cast.role("administrator_same"))
    assert standing.what.colleague is not None and standing.what.colleague.administrators == 1
    assert not may(load(cast["self_inviting"], "organization", cast.organizations["station"]),
                   "staff.see")  # fmt: skip
