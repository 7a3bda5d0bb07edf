"""An organization's own rules (A22): only ever stricter, whatever is sent and whatever follows."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from renkei.audit.models import AuditEvent
from renkei.device.models import Device, Listing
from renkei.enrollment.own_rules import OWN, confirm_rules, see_rules, set_rules
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.people import idle
from renkei.people.disclosures import see_profile
from renkei.people.figures import in_organization, of_account, rules_of
from renkei.people.models import Account, Organization, Session
from renkei.people.passwords import judge_password
from renkei.policy.loading import load
from renkei.policy.rules import closed_gate, may
from renkei.region import parameters
from renkei.region.models import OwnRules, PolicyVersion
from renkei.region.parameters import PARAMETERS
from tests.cast import Cast, loading, make_role, set_parameters
from tests.people.browsers import arrive, row_of


def tighten(cast: Cast, name: str = "station", by: str = "", text: str = "", **figures: Any) -> Any:
    """The organization's administrator sets these figures; all others follow the region."""
    place = cast.organizations[name]
    who = by or {"station": "administrator_same", "clinic": "administrator_other"}[name]
    number = OwnRules.objects.filter(organization=place).count()
    return set_rules(cast[who], place, figures=figures, text=text, number=number)


def figures_at(cast: Cast, name: str = "station") -> dict[str, Any]:
    return in_organization(Organization.objects.get(pk=cast.organizations[name]))


LAXER = {
    "password_min_length": 7,
    "password_max_age_days": 90,
    "password_history": 3,
    "second_factor": "nobody",
    "idle_minutes_pc": 16,
    "idle_minutes_phone": 61,
    "session_hours": 13,
    "device_confirmation_months": 4,
    "private_device_months": 7,
    "review_interval_days": 91,
    "account_review_days": 91,
}


# ── Attacks ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A22")
@pytest.mark.parametrize(("name", "value"), LAXER.items())
def test_nothing_is_loosened_whatever_is_sent(cast: Cast, name: str, value: object) -> None:
    before = figures_at(cast)
    with pytest.raises(Problem):
        tighten(cast, **{name: value})
    assert figures_at(cast) == before


@pytest.mark.clause("A22")
@pytest.mark.parametrize(("name", "value"), LAXER.items())
def test_what_stands_in_the_database_loosens_nothing_either(
    cast: Cast, name: str, value: object
) -> None:
    rules = tighten(cast, idle_minutes_phone=20)
    OwnRules.objects.filter(pk=rules).update(parameters={name: value})
    parameters.of.cache_clear()
    assert figures_at(cast)[name] == PARAMETERS[name].default


@pytest.mark.clause("A22")
@pytest.mark.parametrize("name", sorted(set(PARAMETERS) - set(OWN)))
def test_what_is_the_regions_alone_cannot_be_set_nor_smuggled_in(cast: Cast, name: str) -> None:
    with pytest.raises(Problem):
        tighten(cast, **{name: PARAMETERS[name].default})
    other = {int: 1, bool: True, str: "long"}[type(PARAMETERS[name].default)]
    rules = tighten(cast, idle_minutes_phone=20)
    OwnRules.objects.filter(pk=rules).update(parameters={name: other})
    parameters.of.cache_clear()
    assert figures_at(cast)[name] == PARAMETERS[name].default


@pytest.mark.clause("A22")
def test_a_form_tampered_with_loosens_nothing(cast: Cast) -> None:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people["administrator_same"].cookie
    client.cookies["csrftoken"] = "a" * 32
    sent = {name: str(PARAMETERS[name].default) for name in OWN} | {"number": "0", "text": ""}
    for name, value in LAXER.items():
        answer = client.post("/rules/edit", sent | {name: str(value)})
        assert answer.status_code == 422, name
    assert not OwnRules.objects.exists()
    assert client.post("/rules/edit", sent | {"idle_minutes_pc": "3"}).status_code == 302
    assert figures_at(cast)["idle_minutes_pc"] == 3


@pytest.mark.clause("A22")
def test_only_an_administrator_of_this_organization_sets_them(cast: Cast) -> None:
    for name in ("nurse", "manager", "administrator_other", "operator", "sole", "family"):
        with pytest.raises(Refused):
            tighten(cast, by=name, idle_minutes_pc=5)
    assert not OwnRules.objects.exists()


@pytest.mark.clause("A22")
def test_who_works_elsewhere_neither_reads_nor_confirms_them(cast: Cast) -> None:
    rules = tighten(cast, text="記録は当日中に書きます。")
    for name in ("nurse", "operator", "family"):
        with pytest.raises(Refused):
            see_rules(cast[name], cast.organizations["station"])
        with pytest.raises(Refused):
            confirm_rules(cast[name], cast.organizations["station"], rules=rules)
    with pytest.raises(Problem):  # nor those of another organization through one's own
        confirm_rules(cast["nurse"], cast.organizations["clinic"], rules=rules)


def test_of_two_who_set_them_at_once_the_later_is_told(cast: Cast) -> None:
    tighten(cast, idle_minutes_pc=5)
    with pytest.raises(Problem, match="meanwhile"):
        set_rules(
            cast["administrator_same"], cast.organizations["station"],
            figures={"idle_minutes_pc": 9}, text="", number=0,
        )  # fmt: skip


# ── The tighter of both ──────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A22")
def test_where_the_region_gets_stricter_still_the_region_holds(cast: Cast) -> None:
    tighten(cast, idle_minutes_pc=10, password_min_length=10)
    set_parameters(cast, idle_minutes_pc=5, password_min_length=12)
    assert figures_at(cast)["idle_minutes_pc"] == 5
    assert figures_at(cast)["password_min_length"] == 12


@pytest.mark.clause("A22")
def test_where_the_region_gets_laxer_the_organization_stays_as_strict(cast: Cast) -> None:
    set_parameters(cast, idle_minutes_pc=12)
    tighten(cast, idle_minutes_pc=10, second_factor="everybody")
    set_parameters(cast, idle_minutes_pc=60, second_factor="nobody")
    assert figures_at(cast)["idle_minutes_pc"] == 10
    assert figures_at(cast)["second_factor"] == "everybody"


@pytest.mark.clause("A22")
def test_what_equals_the_region_follows_it(cast: Cast) -> None:
    tighten(cast, idle_minutes_pc=15, session_hours=8)
    assert OwnRules.objects.get().parameters == {"session_hours": 8}


@pytest.mark.clause("A22", "A14.5")
def test_it_holds_for_who_acts_for_this_organization_and_for_nobody_else(cast: Cast) -> None:
    tighten(cast, session_hours=1)
    for name, hours in (("manager", 1), ("administrator_same", 1), ("nurse", 12)):
        session = Session.objects.get(pk=cast[name].session)
        assert session.until == session.started_at + timedelta(hours=hours), name


@pytest.mark.clause("A22", "A14.3")
def test_a_second_step_for_all_its_staff(cast: Cast) -> None:
    tighten(cast, second_factor="everybody")
    assert closed_gate(load(cast["manager"], "region")) == "factor"
    assert not closed_gate(load(cast["nurse"], "region"))
    Session.objects.filter(pk=cast["manager"].session).update(second_factor="passkey")
    assert not closed_gate(load(cast["manager"], "region"))


@pytest.mark.clause("A22", "A14.3")
def test_the_age_of_a_password(cast: Cast) -> None:
    tighten(cast, password_max_age_days=10)
    old = clock.now() - timedelta(days=11)
    Account.objects.filter(pk__in=[cast.account("manager"), cast.account("nurse")]).update(
        password_changed_at=old
    )
    assert closed_gate(load(cast["manager"], "region")) == "password"
    assert not closed_gate(load(cast["nurse"], "region"))
    assert see_profile(cast["nurse"], None).password.most_days == 60


@pytest.mark.clause("A22", "A14.3")
def test_the_length_of_a_password_counts_for_everybody_who_works_there_too(cast: Cast) -> None:
    """One person has one password: the strictest of all their organizations holds."""
    tighten(cast, password_min_length=16)
    with loading():
        make_role(Account.objects.get(pk=cast.account("nurse")), cast.organizations["station"])
    nurse = Account.objects.get(pk=cast.account("nurse"))
    assert of_account(nurse)["password_min_length"] == 16
    with pytest.raises(Problem):
        judge_password(nurse, "shirakaba-77")
    judge_password(Account.objects.get(pk=cast.account("physician")), "shirakaba-77")


@pytest.mark.clause("A22")
def test_who_has_left_is_bound_by_them_no_more(cast: Cast) -> None:
    from renkei.people.models import PractitionerRole

    tighten(cast, password_min_length=16)
    PractitionerRole.objects.filter(pk=cast.role("manager")).update(ended_at=clock.now())
    assert rules_of(cast.account("manager")) == ()


@pytest.mark.clause("A22")
def test_acting_for_another_organization_gets_nobody_round_the_stricter_one(cast: Cast) -> None:
    with loading():
        make_role(Account.objects.get(pk=cast.account("nurse")), cast.organizations["station"])
    tighten(cast, second_factor="everybody", session_hours=1)
    assert load(cast["nurse"], "region").who.organization == cast.organizations["clinic"]
    assert closed_gate(load(cast["nurse"], "region")) == "factor"
    session = Session.objects.get(pk=cast["nurse"].session)
    assert session.until == session.started_at + timedelta(hours=1)


@pytest.mark.clause("A22", "A9")
def test_training_of_each_person_in_this_organization_alone(cast: Cast) -> None:
    """Rule and list say the same, for the group that one is in for this organization."""
    from renkei.people.models import PractitionerRole
    from tests.cast import visible

    PractitionerRole.objects.update(trained_on=None)
    Organization.objects.update(trained_on=clock.today())
    assert visible(cast["manager"]) == visible(cast["nurse"]) == [cast.group]
    tighten(cast, training_before_use="person")
    assert visible(cast["manager"]) == []
    assert not may(load(cast["manager"], "group", cast.group), "group.see")
    assert visible(cast["nurse"]) == [cast.group]
    PractitionerRole.objects.filter(pk=cast.role("manager")).update(trained_on=clock.today())
    assert visible(cast["manager"]) == [cast.group]
    assert may(load(cast["manager"], "group", cast.group), "group.see")


@pytest.mark.clause("A22", "A14.5")
def test_leaving_the_desk(cast: Cast) -> None:
    from renkei.people import idle

    tighten(cast, idle_minutes_pc=2)
    Session.objects.filter(pk=cast["manager"].session).update(
        browser="Firefox, Windows", device_id=None, last_seen_at=clock.now() - timedelta(hours=1)
    )
    idle.forget_everything()
    idle.move_on(cast["manager"].session, address=None)
    session = Session.objects.get(pk=cast["manager"].session)
    assert session.idle_seconds == 120


@pytest.mark.clause("A22", "A14.6")
def test_the_devices_in_its_ledger(cast: Cast) -> None:
    device = Device.objects.get(organization=cast.organizations["station"])
    Device.objects.filter(pk=device.pk).update(
        state="in_use", confirmed_at=clock.now() - timedelta(days=40)
    )
    tighten(cast, device_confirmation_months=1)
    assert Listing.objects.get(device=device).usable_until < clock.now()


def test_asking_costs_no_query_more(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as before:
        load(cast["manager"], "group", cast.group)
    tighten(cast, idle_minutes_pc=5)
    load(cast["manager"], "group", cast.group)
    with CaptureQueriesContext(connection) as after:
        load(cast["manager"], "group", cast.group)
    assert len(after) <= len(before)


# ── Its own provisions ───────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A22")
def test_its_staff_are_asked_to_read_its_provisions_at_each_edition(cast: Cast) -> None:
    place = cast.organizations["station"]
    assert "rules" not in tasks(cast, "manager")
    first = tighten(cast, text="記録は当日中に書きます。")
    assert "rules" in tasks(cast, "manager")
    assert "rules" not in tasks(cast, "nurse")
    confirm_rules(cast["manager"], place, rules=first)
    assert "rules" not in tasks(cast, "manager")
    tighten(cast, text="記録はその日の17時までに書きます。")
    assert "rules" in tasks(cast, "manager")
    with pytest.raises(Problem):
        confirm_rules(cast["manager"], place, rules=first)
    assert [one.number for one in see_rules(cast["manager"], place).editions] == [2, 1]


def tasks(cast: Cast, name: str) -> set[str]:
    from renkei.group.home import see_home

    return {one.kind for one in see_home(cast[name], None).tasks}


def test_the_trail_keeps_who_set_them_and_not_the_words(cast: Cast) -> None:
    tighten(cast, text="記録は当日中に書きます。", idle_minutes_pc=5)
    line = AuditEvent.objects.get(action="rules.set")
    assert line.stream == f"organization:{cast.organizations['station'].hex}"
    assert json.loads(line.detail)["parameters"] == 1
    assert "記録" not in str(line.detail)


def test_an_edition_of_the_policy_written_before_stays_what_it_was(cast: Cast) -> None:
    tighten(cast, idle_minutes_pc=5)
    assert parameters.of(cast.policy)["idle_minutes_pc"] == 15
    assert PolicyVersion.objects.get(pk=cast.policy).parameters == {}


@pytest.mark.clause("A22", "A14.5")
def test_a_session_lasts_as_the_stricter_rules_say_from_its_first_second(cast: Cast) -> None:
    tighten(cast, "clinic", idle_minutes_pc=5)
    session = row_of(arrive("nurse"))
    idle.begin(session.pk, cast.account("nurse"), browser=session.browser, address=None)
    assert Session.objects.get(pk=session.pk).idle_seconds == 5 * 60
