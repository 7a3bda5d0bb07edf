"""When a review is due, and whom its being late concerns: manager, administrator, operator."""

from datetime import timedelta

import pytest

from renkei.enrollment.console import see_console
from renkei.enrollment.own_rules import set_rules
from renkei.group.home import see_home
from renkei.group.models import Group, Member
from renkei.group.services import appoint_manager, close_group, leave_group
from renkei.group.to_do.task import Task
from renkei.kernel import clock
from renkei.kernel.errors import Refused
from renkei.people.models import Organization, PractitionerRole
from renkei.policy.facts import is_reviewed
from renkei.policy.loading import load
from renkei.review import due, overview
from renkei.review.models import Review
from tests.cast import Cast, loading, make_account, make_role, person, set_parameters
from tests.policy.test_rules import STATES
from tests.review.world import began, opened, review, review_staff
from tests.web.test_routes import browser

KINDS = {"review", "reviews", "reviews_late", "account_review", "account_review_left"}


def tasks(cast: Cast, name: str) -> list[Task]:
    return [one for one in see_home(cast[name], None).tasks if one.kind in KINDS]


def kinds(cast: Cast, name: str) -> list[str]:
    return [one.kind for one in tasks(cast, name)]


@pytest.mark.clause("N1.2")
def test_a_group_is_due_ninety_days_after_it_was_opened(cast: Cast) -> None:
    opened(cast, 82)
    assert kinds(cast, "manager") == []
    opened(cast, 84)
    (task,) = tasks(cast, "manager")
    assert (task.kind, task.id) == ("review", cast.group)
    assert task.identity is not None and task.identity.name == "髙橋 節子"


@pytest.mark.clause("N1.2")
def test_and_again_ninety_days_after_each_review(cast: Cast) -> None:
    opened(cast, 100)
    review(cast)
    assert kinds(cast, "manager") == []
    Review.objects.update(made_at=clock.now() - timedelta(days=91))
    assert kinds(cast, "manager") == ["review"]
    assert review(cast) == 2


def test_the_policy_and_stricter_own_rules_say_after_how_many_days(cast: Cast) -> None:
    opened(cast, 50)
    set_parameters(cast, review_interval_days=120)
    asked = due.of_group(cast.group)
    assert asked is not None and (asked.at - clock.now()).days in (69, 70)
    place = cast.organizations["station"]
    set_rules(
        cast["administrator_same"], place, figures={"review_interval_days": 45}, text="", number=0
    )
    asked = due.of_group(cast.group)
    assert asked is not None and asked.late and asked.days_late == 5


@pytest.mark.clause("N1.2")
@pytest.mark.parametrize("name", ["nurse", "stranger", "sole", "operator", "family"])
def test_nobody_else_is_asked(cast: Cast, name: str) -> None:
    opened(cast, 100)
    assert kinds(cast, name) == []


@pytest.mark.clause("N1.2")
def test_who_manages_it_next_inherits_what_is_due(cast: Cast) -> None:
    opened(cast, 100)
    with loading():
        account = make_account(cast.region, "next@example.org")
        role = make_role(account, cast.organizations["station"])
    group = Group.objects.get(pk=cast.group)
    joined = Member.objects.create(
        key_id=group.key_id, group=group, account=account, role=role, role_in_care="看護",
        origin="invited", joined_at=clock.now(),
    )  # fmt: skip
    type(account).objects.filter(pk=account.pk).update(
        acknowledged_id=cast.policy, password_changed_at=clock.now()
    )
    cast.people["next"] = person("next", account, role)
    assert kinds(cast, "next") == []
    appoint_manager(cast["administrator_same"], joined.id)
    leave_group(cast["manager"], cast.group, reason="異動")
    assert kinds(cast, "next") == ["review"]


@pytest.mark.clause("N1.2")
def test_only_what_is_late_beyond_grace_is_told_to_the_administrator(cast: Cast) -> None:
    opened(cast, 90 + 13)
    assert kinds(cast, "administrator_same") == []
    opened(cast, 90 + 15)
    assert [(one.kind, one.count) for one in tasks(cast, "administrator_same")] == [
        ("reviews_late", 1)
    ]
    found = overview.see_late(cast["administrator_same"], cast.organizations["station"])
    assert [one.identity.name for one in found.late] == ["髙橋 節子"]
    review(cast)
    assert kinds(cast, "administrator_same") == []


@pytest.mark.clause("N1.2")
@pytest.mark.parametrize(
    "name", ["manager", "nurse", "physician", "stranger", "administrator_other", "operator"]
)
def test_nobody_else_sees_which_groups_are_late(cast: Cast, name: str) -> None:
    opened(cast, 200)
    with pytest.raises(Refused):
        overview.see_late(cast[name], cast.organizations["station"])


@pytest.mark.clause("N1.2")
def test_the_operator_sees_a_number_after_twice_the_grace_and_no_name(cast: Cast) -> None:
    opened(cast, 90 + 27)
    assert overview.see_counts(cast["operator"], None) == []
    opened(cast, 90 + 29)
    (line,) = overview.see_counts(cast["operator"], None)
    assert (line.organization, line.groups, line.accounts) == ("station事業所", 1, False)
    assert see_console(cast["operator"], None)["reviews_late"] == 1
    page = browser(cast, "operator").get("/reviews/counts").content.decode()
    assert "station事業所" in page and "髙橋" not in page
    assert str(cast.group) not in page


@pytest.mark.clause("N1.2")
@pytest.mark.parametrize("name", ["manager", "administrator_same", "stranger", "family"])
def test_nobody_else_sees_the_numbers(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        overview.see_counts(cast[name], None)


def test_the_grace_is_the_policys(cast: Cast) -> None:
    set_parameters(cast, review_grace_days=3)
    opened(cast, 97)
    assert kinds(cast, "administrator_same") == ["reviews_late"]
    assert len(overview.see_counts(cast["operator"], None)) == 1


def test_an_ended_group_is_asked_of_nobody(cast: Cast) -> None:
    opened(cast, 300)
    close_group(cast["manager"], cast.group, reason="入院")
    assert kinds(cast, "manager") == kinds(cast, "administrator_same") == []
    assert overview.see_counts(cast["operator"], None) == []


def test_who_may_only_read_is_not_asked_for_what_they_may_not_do(cast: Cast) -> None:
    opened(cast, 100)
    PractitionerRole.objects.filter(pk=cast.role("manager")).update(restriction="read_only")
    assert kinds(cast, "manager") == []


@pytest.mark.parametrize("state", STATES)
def test_list_and_fact_agree_on_what_is_reviewed(cast: Cast, state: str) -> None:
    STATES[state](cast)
    for group in Group.objects.values_list("pk", flat=True):
        standing = load(cast["manager"], "group", group)
        assert is_reviewed(standing) == (due.of_group(group) is not None)


# ── Accounts ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N1.2")
def test_an_organizations_people_are_due_as_well(cast: Cast) -> None:
    began(cast, 80)
    assert kinds(cast, "administrator_same") == []
    began(cast, 90)
    assert kinds(cast, "administrator_same") == ["account_review"]
    assert kinds(cast, "manager") == []
    review_staff(cast)
    assert kinds(cast, "administrator_same") == []
    Review.objects.update(made_at=clock.now() - timedelta(days=91))
    assert kinds(cast, "administrator_same") == ["account_review"]


@pytest.mark.clause("N1.2")
def test_a_late_review_of_people_is_told_to_the_operator(cast: Cast) -> None:
    began(cast, 90 + 27)
    assert overview.see_counts(cast["operator"], None) == []
    began(cast, 90 + 29)
    (line,) = overview.see_counts(cast["operator"], None)
    assert (line.organization, line.groups, line.accounts) == ("station事業所", 0, True)
    Organization.objects.filter(pk=cast.organizations["station"]).update(left_on=clock.today())
    assert overview.see_counts(cast["operator"], None) == []


@pytest.mark.clause("N1.2")
def test_what_was_decided_and_is_not_done_stays_to_be_done(cast: Cast) -> None:
    from renkei.enrollment.leaving import leave_on

    review_staff(cast, manager="leaves", self_inviting="restrict")
    assert [(one.kind, one.count) for one in tasks(cast, "administrator_same")] == [
        ("account_review_left", 2)
    ]
    leave_on(cast["administrator_same"], cast.role("manager"), last_day=clock.today())
    PractitionerRole.objects.filter(pk=cast.role("self_inviting")).update(restriction="read_only")
    assert kinds(cast, "administrator_same") == []
