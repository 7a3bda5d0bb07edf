"""The policy in editions: written, confirmed by a second person, in force from its midnight on."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from renkei.audit.models import AuditEvent
from renkei.config.edition_watch import look
from renkei.enrollment.missing import see_missing
from renkei.enrollment.services import confirm_policy
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.people.disclosures import see_profile
from renkei.people.models import Account, Session
from renkei.policy.loading import load
from renkei.policy.rules import closed_gate, may
from renkei.region import editions, parameters, wording
from renkei.region.editions import discard_draft, enact, see_draft, take_back
from renkei.region.models import PolicyDraft, PolicyVersion, Region
from tests.cast import Cast
from tests.region.world import at, decide, midnight, second_operator, tomorrow, write

MICROSECOND = timedelta(microseconds=1)
SOURCE = (
    "# ポリシー\n\n<!-- clause: A1 -->\n本人の責任で使います。\n<!-- clause: A14.5 -->\n"
    "{{ parameters.idle_minutes_pc }}分で切れます。{{ policy.version }}\n"
)


def region_of(cast: Cast) -> Region:
    return Region.objects.get(pk=cast.region)


# ── Who ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A1", "A22")
def test_nobody_but_the_operator_writes_or_confirms_the_policy(cast: Cast) -> None:
    draft = write(cast, tomorrow(), idle_minutes_pc=5)
    for name in ("nurse", "administrator_same", "physician", "family"):
        with pytest.raises(Refused):
            write(cast, tomorrow(), by=cast[name], idle_minutes_pc=1)
        with pytest.raises(Refused):
            enact(cast[name], draft.id, revision=draft.revision)
        with pytest.raises(Refused):
            discard_draft(cast[name], None)
    assert PolicyVersion.objects.filter(region=cast.region).count() == 1


@pytest.mark.clause("A22")
@pytest.mark.parametrize("name", ["nurse", "administrator_same", "physician", "family"])
def test_nobody_but_the_operator_takes_an_edition_back(cast: Cast, name: str) -> None:
    decide(cast, tomorrow(), idle_minutes_pc=5)
    with pytest.raises(Refused):
        take_back(cast[name], None)
    assert PolicyVersion.objects.filter(region=cast.region).count() == 2


@pytest.mark.clause("A22")
def test_a_second_person_confirms_as_soon_as_there_is_one(cast: Cast) -> None:
    second = second_operator(cast)
    draft = write(cast, tomorrow(), idle_minutes_pc=5)
    with pytest.raises(Refused):
        enact(cast["operator"], draft.id, revision=draft.revision)
    assert not see_draft(cast["operator"], None).may_confirm
    assert see_draft(second, None).may_confirm
    enact(second, draft.id, revision=draft.revision)
    edition = PolicyVersion.objects.get(number=2)
    assert edition.made_by == cast.account("operator")
    assert edition.confirmed_by not in (None, edition.made_by)


@pytest.mark.clause("A22")
def test_who_changes_a_draft_of_another_cannot_confirm_it_any_more(cast: Cast) -> None:
    second = second_operator(cast)
    write(cast, tomorrow(), idle_minutes_pc=5)
    draft = write(cast, tomorrow(), by=second, idle_minutes_pc=6)
    with pytest.raises(Refused):
        enact(second, draft.id, revision=draft.revision)
    enact(cast["operator"], draft.id, revision=draft.revision)


def test_a_suspended_person_of_the_operator_is_no_second_person(cast: Cast) -> None:
    second_operator(cast)
    Account.objects.filter(email="second@example.org").update(suspended_at=clock.now())
    draft = write(cast, tomorrow())
    enact(cast["operator"], draft.id, revision=draft.revision)


@pytest.mark.clause("A22")
def test_what_is_confirmed_is_what_was_looked_at(cast: Cast) -> None:
    second = second_operator(cast)
    draft = write(cast, tomorrow(), idle_minutes_pc=5)
    write(cast, tomorrow(), idle_minutes_pc=60)
    with pytest.raises(Problem):
        enact(second, draft.id, revision=draft.revision)
    assert not PolicyVersion.objects.filter(number=2).exists()


def test_of_two_who_write_at_once_the_later_is_told(cast: Cast) -> None:
    before = see_draft(cast["operator"], None)
    write(cast, tomorrow(), idle_minutes_pc=5)
    with pytest.raises(Problem, match="meanwhile"):
        editions.keep_draft(
            cast["operator"], None, source=before.source, figures=before.figures,
            effective_on=None, revision=before.revision, given_up=(),
        )  # fmt: skip


# ── What ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A1")
def test_a_clause_that_would_be_lost_is_named_and_has_to_be_given_up(cast: Cast) -> None:
    decide(cast, clock.today(), source=SOURCE)
    confirm(cast, "operator")
    without = SOURCE.replace("<!-- clause: A14.5 -->\n", "")
    with pytest.raises(Problem) as lost:
        write(cast, tomorrow(), source=without)
    assert lost.value.values["lost"] == "A14.5"
    found = see_draft(cast["operator"], None)
    editions.keep_draft(
        cast["operator"], None, source=without, figures=found.figures,
        effective_on=tomorrow(), revision=0, given_up=["A14.5"],
    )  # fmt: skip
    assert see_draft(cast["operator"], None).lost == ["A14.5"]


def confirm(cast: Cast, name: str) -> None:
    edition = region_of(cast).edition
    assert edition is not None
    confirm_policy(cast[name], None, policy=edition)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("idle_minutes_pc", 0),
        ("idle_minutes_pc", 61),
        ("idle_minutes_pc", "15"),
        ("second_factor", "some"),
        ("devices_in_ledger", 1),
        ("no_such_thing", 1),
    ],
)
def test_a_figure_out_of_its_bounds_is_not_taken(cast: Cast, name: str, value: object) -> None:
    with pytest.raises(Problem):
        write(cast, tomorrow(), **{name: value})


def test_it_cannot_begin_yesterday_nor_without_a_day(cast: Cast) -> None:
    with pytest.raises(Problem):
        write(cast, clock.today() - timedelta(days=1))
    draft = write(cast, None)
    with pytest.raises(Problem):
        enact(cast["operator"], draft.id, revision=draft.revision)
    draft = write(cast, clock.today())
    PolicyDraft.objects.update(effective_on=clock.today() - timedelta(days=1))  # a day went by
    with pytest.raises(Problem):
        enact(cast["operator"], draft.id, revision=draft.revision)


def test_a_place_that_nothing_fills_is_named(cast: Cast) -> None:
    with pytest.raises(Problem) as fault:
        write(cast, tomorrow(), source="# ポリシー\n\n{{ parameters.coffee }}\n")
    assert fault.value.values["place"] == "coffee"


@pytest.mark.clause("A22")
def test_the_text_says_the_figures_of_its_own_edition(cast: Cast) -> None:
    edition = decide(cast, clock.today(), source=SOURCE, idle_minutes_pc=7)
    assert "7分で切れます。第2版" in edition.text
    assert "{{" not in edition.text
    assert see_after(cast).source == edition.source  # and the next draft has the places again


def see_after(cast: Cast) -> editions.Draft:
    confirm(cast, "operator")
    return see_draft(cast["operator"], None)


def test_the_first_edition_gets_its_places_back(cast: Cast) -> None:
    region = region_of(cast)
    first = PolicyVersion.objects.get(pk=region.policy_id)
    text = wording.policy_text(
        region_name=region.name, operator_name=region.operator_name,
        operator_phone=region.phone, number=1, effective_on=first.effective_on, parameters={},
    )  # fmt: skip
    PolicyVersion.objects.filter(pk=first.pk).update(text=text)
    draft = see_draft(cast["operator"], None)
    assert "{{ parameters.idle_minutes_pc }}" in draft.source
    assert draft.lost == []


def test_the_way_of_signing_in_is_named_in_the_text_as_it_was_chosen(cast: Cast) -> None:
    source = "# ポリシー\n\n{{ parameters.password_profile_label }}\n"
    edition = decide(cast, clock.today(), source=source, password_profile="long")
    assert "長いパスワードの方式" in edition.text


# ── When ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A1", "A22")
def test_it_is_in_force_from_midnight_in_japan_to_the_microsecond(cast: Cast) -> None:
    edition = decide(cast, tomorrow(), idle_minutes_pc=5)
    start = midnight(tomorrow())
    with at(start - timedelta(seconds=2)):
        assert region_of(cast).edition == cast.policy
        assert editions.public_editions()[0].state == "coming"
    region = region_of(cast)
    assert region.coming_at == start
    assert start.isoformat().endswith("00:00:00+09:00")
    exactly = clock.to_us(start)
    from renkei.region.edition import in_force

    for moment, wanted in ((exactly - 1, cast.policy), (exactly, edition.id)):
        assert in_force(region.policy_id, region.coming, exactly, moment) == wanted
    with at(start + MICROSECOND):
        assert region_of(cast).edition == edition.id
        assert editions.public_editions()[0].state == "now"
        assert parameters.of(region_of(cast).edition)["idle_minutes_pc"] == 5


@pytest.mark.clause("A2", "A22")
def test_everybody_confirms_it_before_going_on_and_nobody_sooner(cast: Cast) -> None:
    edition = decide(cast, clock.today(), idle_minutes_pc=5)
    standing = load(cast["nurse"], "group", cast.group)
    assert closed_gate(standing) == "acknowledge"
    assert not may(standing, "group.see")
    with pytest.raises(Problem):
        confirm_policy(cast["nurse"], None, policy=cast.policy)  # the old one is not enough
    confirm_policy(cast["nurse"], None, policy=edition.id)
    assert may(load(cast["nurse"], "group", cast.group), "group.see")


@pytest.mark.clause("A2")
def test_the_edition_to_come_asks_nobody_before_its_day(cast: Cast) -> None:
    coming = decide(cast, tomorrow())
    assert not closed_gate(load(cast["nurse"], "region"))
    with pytest.raises(Problem):
        confirm_policy(cast["nurse"], None, policy=coming.id)


@pytest.mark.clause("A2")
def test_a_stream_asks_again_at_the_moment_at_which_the_edition_begins(cast: Cast) -> None:
    decide(cast, tomorrow())
    start = clock.to_us(midnight(tomorrow()))
    Session.objects.filter(pk=cast["nurse"].session).update(
        until=midnight(tomorrow()) + timedelta(hours=1),
        idle_until=midnight(tomorrow()) + timedelta(hours=1),
    )
    assert load(cast["nurse"], "region").who.until == start


@pytest.mark.clause("A2")
def test_who_has_not_confirmed_it_is_listed_by_organization_with_names_alone(cast: Cast) -> None:
    decide(cast, clock.today())
    confirm(cast, "operator")
    confirm(cast, "nurse")
    places = {one.name: one for one in see_missing(cast["operator"], None)}
    clinic = {one.face.name for one in places["clinic事業所"].missing if "policy" in one.lacks}
    assert "nurse さん" not in clinic
    assert "physician さん" in clinic
    assert places["station事業所"].counts["policy"] == places["station事業所"].people
    confirm(cast, "administrator_same")
    for name in ("administrator_same", "nurse"):
        with pytest.raises(Refused):
            see_missing(cast[name], None)


@pytest.mark.clause("A2")
def test_people_who_left_are_missed_by_nobody(cast: Cast) -> None:
    from renkei.people.models import PractitionerRole

    decide(cast, clock.today())
    confirm(cast, "operator")
    PractitionerRole.objects.filter(pk=cast.role("physician")).update(ended_at=clock.now())
    names = {
        one.face.name for place in see_missing(cast["operator"], None) for one in place.missing
    }
    assert "physician さん" not in names


def test_one_edition_at_a_time_is_on_its_way(cast: Cast) -> None:
    decide(cast, tomorrow())
    draft = write(cast, tomorrow() + timedelta(days=1))
    with pytest.raises(Problem, match="on its way"):
        enact(cast["operator"], draft.id, revision=draft.revision)


@pytest.mark.clause("A22")
def test_an_edition_can_be_taken_back_until_its_day_and_not_after(cast: Cast) -> None:
    edition = decide(cast, tomorrow(), idle_minutes_pc=5)
    take_back(cast["operator"], None)
    assert not PolicyVersion.objects.filter(pk=edition.pk).exists()
    draft = PolicyDraft.objects.get(region=cast.region)
    assert draft.parameters == {"idle_minutes_pc": 5}
    with at(midnight(tomorrow()) + MICROSECOND):
        assert region_of(cast).edition == cast.policy
    decide(cast, clock.today(), idle_minutes_pc=5)
    confirm(cast, "operator")
    with pytest.raises(Problem):
        take_back(cast["operator"], None)


@pytest.mark.clause("A22")
def test_earlier_editions_stay_readable_for_everybody_with_what_changed(cast: Cast) -> None:
    decide(cast, clock.today(), source=SOURCE, idle_minutes_pc=7)
    client = Client()
    listed = client.get("/policy/editions").content.decode()
    assert "第2版" in listed and "第1版" in listed
    second = client.get("/policy/editions/2").content.decode()
    assert "<ins>7" in second and "<del>15" in second
    assert "本人の責任で使います。" in client.get("/policy/editions/1").content.decode()
    assert "7分で切れます" in client.get("/policy").content.decode()
    for nothing in ("3", "0", "x", "-1", "99999999999"):
        assert client.get(f"/policy/editions/{nothing}").status_code == 404


# ── Writing it down ──────────────────────────────────────────────────────────────────────────────


def test_it_is_written_down_once_however_many_look(cast: Cast) -> None:
    edition = decide(cast, clock.today(), session_hours=1)
    assert [look(), look(), look()] == [True, False, False]
    region = region_of(cast)
    assert (region.policy_id, region.coming, region.coming_at) == (edition.id, None, None)
    assert AuditEvent.objects.filter(action="policy.enter").count() == 1


def test_before_its_moment_nothing_is_written_down(cast: Cast) -> None:
    decide(cast, tomorrow())
    assert not look()
    assert region_of(cast).policy_id == cast.policy


@pytest.mark.clause("A14.5", "A14.6")
def test_sessions_and_devices_follow_the_new_figures(cast: Cast) -> None:
    from renkei.device.models import Device, Listing

    device = Device.objects.get(organization=cast.organizations["station"])
    Device.objects.filter(pk=device.pk).update(
        state="in_use", confirmed_at=clock.now() - timedelta(days=50)
    )
    decide(cast, clock.today(), session_hours=1, device_confirmation_months=1)
    look()
    session = Session.objects.get(pk=cast["nurse"].session)
    assert session.until == session.started_at + timedelta(hours=1)
    listing = Listing.objects.get(device=device, organization=device.organization_id)
    assert listing.usable_until < clock.now()


def test_asking_for_the_figures_costs_no_query_more(cast: Cast) -> None:
    load(cast["nurse"], "group", cast.group)
    with CaptureQueriesContext(
        connection,
    ) as before:
        load(cast["nurse"], "group", cast.group)
    decide(cast, clock.today())
    confirm(cast, "nurse")
    load(cast["nurse"], "group", cast.group)
    with CaptureQueriesContext(connection) as after:
        load(cast["nurse"], "group", cast.group)
    assert len(after) == len(before)


@pytest.mark.slow
def test_of_two_who_confirm_at_once_one_edition_comes_out(committed: Any) -> None:
    cast: Cast = committed
    draft = write(cast, tomorrow())
    barrier, results = Barrier(2), []

    def act() -> None:
        barrier.wait()
        try:
            enact(cast["operator"], draft.id, revision=draft.revision)
            results.append("done")
        except Exception as error:
            results.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [Thread(target=act) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert results.count("done") == 1
    assert PolicyVersion.objects.filter(region=cast.region).count() == 2


def test_the_profile_says_the_figures_in_force(cast: Cast) -> None:
    decide(cast, clock.today(), password_max_age_days=30)
    confirm(cast, "nurse")
    assert see_profile(cast["nurse"], None).password.most_days == 30
