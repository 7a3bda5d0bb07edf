"""Groups that rest, and patients who have died: nothing moves by itself (A11.6, N2.1)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from renkei.communication.models import Communication
from renkei.communication.reading import read_timeline
from renkei.communication.services import send_communication
from renkei.config.rounds import make_round
from renkei.group.admission import accept_invitation, invite
from renkei.group.archiving import (
    NOT_YET,
    archive_group,
    bring_back_group,
    put_off_archiving,
    see_archive,
)
from renkei.group.head import see_head
from renkei.group.home import see_home
from renkei.group.models import Group, Invitation
from renkei.group.services import close_group, open_group
from renkei.group.shell import see_shell
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.patient.consents import see_register
from renkei.patient.death import record_death, take_back_death
from renkei.patient.disclosures import see_patients, see_record
from renkei.patient.models import Consent, Patient
from renkei.policy.loading import load
from renkei.policy.rules import RULES, may
from renkei.policy.standing import LOADS
from renkei.region import parameters
from renkei.safety.board import see_board
from tests.cast import (
    Cast,
    group_about,
    group_of_kind,
    make_disaster,
    post,
    set_parameters,
    visible,
)

Travel = Callable[[timedelta], None]


def tasks(cast: Cast, name: str) -> dict[str, object]:
    return {one.kind: one.id for one in see_home(cast[name], None).tasks}


def archive(cast: Cast, name: str = "manager") -> None:
    archive_group(cast[name], cast.group, reason="お疲れさまでした")


def grow_old(cast: Cast, days: int) -> None:
    """As if everything in the group had happened so many days ago."""
    for one in Communication.objects.filter(group=cast.group):
        Communication.objects.filter(pk=one.pk).update(
            posted_at=one.posted_at - timedelta(days=days)
        )


# ── Archived ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A11.6", "N2.1")
def test_of_a_free_group_too_it_is_said_that_it_is_archived_and_not_that_it_has_ended(
    cast: Cast,
) -> None:
    group, _ = group_of_kind(cast, "free", {"manager": True, "nurse": False})
    assert not see_head(cast["nurse"], group).archived
    archive_group(cast["manager"], group, reason="")
    assert see_head(cast["nurse"], group).archived


@pytest.mark.clause("A11.6", "N2.1")
def test_it_is_read_and_not_written_and_nobody_joins(cast: Cast) -> None:
    archive(cast)
    assert read_timeline(cast["nurse"], cast.group).head.archived
    with pytest.raises(Refused):
        post(cast, "nurse")
    with pytest.raises(Refused):
        post(cast, "manager")
    with pytest.raises(Refused):
        invite(cast["manager"], cast.invitee("stranger"), role_in_care="入浴")
    with pytest.raises(Refused):
        accept_invitation(cast["invited"], cast.invitations["invited"])
    assert not Invitation.objects.filter(group=cast.group, state="open").exists()
    entry = Communication.objects.get(group=cast.group, event="archived")
    assert entry.sender_id == cast.account("manager")


@pytest.mark.clause("A11.6")
def test_it_allows_what_an_ended_group_allows_but_can_be_brought_back(cast: Cast) -> None:
    def allowed() -> dict[str, set[str]]:
        group_rules = [one for one, rule in RULES.items() if rule.needs <= LOADS["group"]]
        return {
            name: {one for one in group_rules if may(load(cast[name], "group", cast.group), one)}
            for name in ("manager", "nurse", "physician", "administrator_same", "operator")
        }

    archive(cast)
    archived = allowed()
    Group.objects.filter(pk=cast.group).update(archived_at=None, closed_at=clock.now())
    ended = allowed()
    for name, rules in archived.items():
        assert rules - {"group.bring_back"} == ended[name] - {"group.archive", "group.put_off"}
    assert [name for name in archived if "group.bring_back" in archived[name]] == [
        "manager",
        "physician",
        "administrator_same",
    ]


@pytest.mark.clause("A11.6", "N2.1")
def test_it_leaves_the_daily_lists_and_stands_in_the_archive_of_its_members(cast: Cast) -> None:
    post(cast, "manager", "最後のお知らせ")
    assert see_shell(cast["nurse"], None).unread > 0
    archive(cast)
    for name in ("nurse", "manager", "physician"):
        shell = see_shell(cast[name], None)
        assert shell.unread == 0 and cast.group not in [one.id for one in shell.groups]
        assert cast.patient not in [one.patient for one in see_patients(cast[name], None).lines]
        assert [one.group for one in see_archive(cast[name], None).groups] == [cast.group]
        assert not see_home(cast[name], None).unread
    assert cast.group in visible(cast["nurse"])  # reading stays


@pytest.mark.clause("A11.6", "N2.3")
@pytest.mark.parametrize("name", ["former", "stranger", "operator", "administrator_other"])
def test_nobody_else_finds_it_there(cast: Cast, name: str) -> None:
    archive(cast)
    found = see_archive(cast[name], None)
    assert not found.groups and not found.records


@pytest.mark.clause("A11.6")
def test_who_keeps_the_record_finds_the_record_there_and_not_the_group(cast: Cast) -> None:
    archive(cast)
    found = see_archive(cast["administrator_same"], None)
    assert not found.groups
    assert [(one.group, one.patient) for one in found.records] == [(None, cast.patient)]
    assert cast.patient not in [
        one.patient for one in see_patients(cast["administrator_same"], None).lines
    ]
    assert see_record(cast["administrator_same"], cast.patient).archived


@pytest.mark.clause("A11.6", "N2.1")
@pytest.mark.parametrize("name", ["nurse", "former", "stranger", "administrator_other", "operator"])
def test_nobody_but_who_manages_it_moves_it_or_puts_it_off(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        archive(cast, name)
    with pytest.raises(Refused):
        put_off_archiving(cast[name], cast.group)
    archive(cast)
    with pytest.raises(Refused):
        bring_back_group(cast[name], cast.group, reason="間違い")


@pytest.mark.clause("A11.6")
def test_it_is_brought_back_with_a_reason_and_goes_on(cast: Cast) -> None:
    archive(cast, "administrator_same")
    with pytest.raises(Problem):
        bring_back_group(cast["manager"], cast.group, reason=" ")
    bring_back_group(cast["manager"], cast.group, reason="退院されました")
    post(cast, "nurse", "お帰りなさい")
    assert cast.group in [one.id for one in see_shell(cast["nurse"], None).groups]
    with pytest.raises(Refused):
        bring_back_group(cast["manager"], cast.group, reason="もう一度")


@pytest.mark.clause("A11.6")
def test_a_second_group_is_not_opened_while_one_rests(cast: Cast) -> None:
    archive(cast)
    with pytest.raises(Problem, match="already"):
        open_group(cast["administrator_same"], cast.patient, role_in_care="連絡")


@pytest.mark.clause("A11.6")
def test_an_ended_group_rests_as_well_and_stays_ended(cast: Cast) -> None:
    close_group(cast["manager"], cast.group, reason="入所されました")
    archive(cast)
    bring_back_group(cast["manager"], cast.group, reason="見直し")
    with pytest.raises(Refused):
        post(cast, "nurse")


# ── Quiet ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N2.1")
def test_a_quiet_group_is_proposed_to_its_managers_and_nobody_else(cast: Cast) -> None:
    grow_old(cast, 89)
    assert "quiet" not in tasks(cast, "manager")
    grow_old(cast, 2)
    assert tasks(cast, "manager")["quiet"] == cast.group
    assert tasks(cast, "physician")["quiet"] == cast.group
    for name in ("nurse", "former", "administrator_same", "administrator_other", "operator"):
        assert "quiet" not in tasks(cast, name)
    post(cast, "nurse", "変わりなし")
    assert "quiet" not in tasks(cast, "manager")


@pytest.mark.clause("N2.1")
def test_how_long_is_the_regions_to_say(cast: Cast) -> None:
    assert parameters.PARAMETERS["quiet_days"].default == 90
    set_parameters(cast, quiet_days=30)
    grow_old(cast, 31)
    assert "quiet" in tasks(cast, "manager")


@pytest.mark.clause("N2.1", "A11.6")
def test_not_yet_is_asked_again_after_a_time(cast: Cast, travel: Travel) -> None:
    grow_old(cast, 100)
    put_off_archiving(cast["manager"], cast.group)
    assert "quiet" not in tasks(cast, "manager")
    Group.objects.update(asked_again_at=clock.now() - timedelta(seconds=1))
    assert "quiet" in tasks(cast, "manager")
    assert timedelta(days=30) == NOT_YET


@pytest.mark.clause("A11.6", "N2.1")
def test_nothing_is_ever_archived_by_itself(cast: Cast) -> None:
    grow_old(cast, 4000)
    record_death(cast["administrator_same"], cast.patient, died_on=clock.today())
    make_round()
    see_home(cast["manager"], None)
    assert Group.objects.filter(pk=cast.group, archived_at=None, closed_at=None).exists()
    post(cast, "nurse", "ご家族にお悔やみをお伝えしました")


# ── After a death ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A11.6")
def test_a_death_prompts_the_managers_and_stands_in_the_timeline_without_its_day(
    cast: Cast,
) -> None:
    put_off_archiving(cast["manager"], cast.group)
    record_death(cast["administrator_same"], cast.patient, died_on=clock.today())
    assert tasks(cast, "manager")["death"] == cast.group
    assert "death" not in tasks(cast, "nurse")
    entry = Communication.objects.get(group=cast.group, event="died")
    shown = next(
        one
        for one in read_timeline(cast["nurse"], cast.group, before=entry.seq + 1).entries
        if one.event == "died"
    )
    assert shown.text == ""
    put_off_archiving(cast["manager"], cast.group)
    assert "death" not in tasks(cast, "manager")
    assert see_record(cast["administrator_same"], cast.patient).died_on == clock.today()


@pytest.mark.clause("A11.6")
@pytest.mark.parametrize(
    "name", ["manager", "nurse", "physician", "administrator_other", "operator"]
)
def test_only_who_may_change_the_record_records_it(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        record_death(cast[name], cast.patient, died_on=clock.today())


@pytest.mark.clause("A11.6")
@pytest.mark.parametrize("days", [1, -40_000])
def test_the_day_is_one_that_can_be(cast: Cast, days: int) -> None:
    with pytest.raises(Problem):
        record_death(
            cast["administrator_same"],
            cast.patient,
            died_on=clock.today() + timedelta(days=days),
        )


@pytest.mark.clause("A11.6")
def test_after_a_death_nothing_is_asked_for_as_if_they_lived(cast: Cast) -> None:
    Consent.objects.update(state="exempt_life", seek_by=clock.today(), signed_on=None)
    make_disaster(cast.region, cast.account("operator"))
    grow_old(cast, 120)
    chief = "administrator_same"
    assert {"seek"} <= set(tasks(cast, chief)) and "quiet" in tasks(cast, "manager")
    assert cast.group in [one.group for one in see_board(cast["nurse"]).patients]
    assert any(one.kind == "safety" for one in see_home(cast["nurse"], None).disaster)
    record_death(cast[chief], cast.patient, died_on=clock.today())
    for name in (chief, "manager", "nurse", "physician"):
        found = set(tasks(cast, name))
        assert not found & {"consent", "copy", "seek", "consents", "quiet", "charter"}, name
        assert not any(one.kind == "safety" for one in see_home(cast[name], None).disaster)
    assert cast.group not in [one.group for one in see_board(cast["nurse"]).patients]
    (line,) = [
        one
        for one in see_register(cast[chief], cast.organizations["station"]).lines
        if one.patient == cast.patient
    ]
    assert line.gap == ""
    (own,) = [one for one in see_patients(cast["nurse"], None).lines if one.patient == cast.patient]
    assert own.deceased and own.gap == ""
    assert read_timeline(cast["nurse"], cast.group).head.deceased


@pytest.mark.clause("A11.6")
def test_recorded_by_mistake_it_is_taken_back_and_said(cast: Cast) -> None:
    chief = cast["administrator_same"]
    with pytest.raises(Problem):
        take_back_death(chief, cast.patient)
    record_death(chief, cast.patient, died_on=clock.today())
    take_back_death(chief, cast.patient)
    assert "death" not in tasks(cast, "manager")
    assert Patient.objects.get(pk=cast.patient).died_on is None
    assert Communication.objects.filter(group=cast.group, event="lives").exists()


@pytest.mark.clause("A11.6")
def test_in_the_archive_nobody_is_asked_any_more(cast: Cast) -> None:
    record_death(cast["administrator_same"], cast.patient, died_on=clock.today())
    archive(cast)
    assert "death" not in tasks(cast, "manager")


def test_others_groups_are_untouched(cast: Cast) -> None:
    _, other = group_about(cast, "station", {"manager": True, "nurse": False})
    archive(cast)
    assert other in [one.id for one in see_shell(cast["nurse"], None).groups]
    send_communication(cast["nurse"], other, text="変わりなし", key=cast.patient, confirmed=True)
