"""Free groups: opened by anyone, their purpose read before joining, kept by managers (A12)."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from renkei.audit.models import AuditEvent
from renkei.communication.mentions import ALL, ROLE
from renkei.communication.models import Communication
from renkei.communication.proof import verify
from renkei.communication.reading import read_timeline
from renkei.communication.services import (
    hide_communication,
    send_communication,
    withdraw_communication,
)
from renkei.communication.whom import see_whom
from renkei.group import free
from renkei.group.admission import accept_invitation, approve_invitation, invite
from renkei.group.archiving import archive_group, see_archive
from renkei.group.finding import (
    public_groups,
    see_about,
    see_description,
    see_free_groups,
    see_listings,
)
from renkei.group.home import see_home
from renkei.group.models import Group, Invitation, JoinRequest, Member
from renkei.group.roster import see_management, see_members
from renkei.group.services import (
    appoint_manager,
    close_group,
    leave_group,
    release_member,
)
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.policy.loading import load
from renkei.policy.rules import may
from tests.cast import NAMES, Cast, group_of_kind, post, set_parameters, visible
from tests.web.test_communication import client, text_of

SAID = {"name": "食支援を学ぶ会", "purpose": "食べる力を支える工夫を学びます。",
        "use": "月に一度、事例を個人が分からない形で持ち寄ります。"}  # fmt: skip


def found(cast: Cast, name: str = "nurse", entry: str = "open") -> UUID:
    return free.found_group(cast[name], None, **SAID, entry=entry).id


def join(cast: Cast, name: str, group: UUID) -> bool:
    return free.join_group(cast[name], group, agreed=True)


def member(cast: Cast, name: str, group: UUID) -> Member | None:
    return Member.objects.filter(group=group, account=cast.account(name), ended_at=None).first()


def lines(cast: Cast, name: str) -> list[UUID]:
    return [one.id for one in see_free_groups(cast[name], None).lines]


# ── Opening, finding, joining ────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A12.3", "A12.1")
@pytest.mark.parametrize("name", ["nurse", "stranger", "sole", "administrator_same", "physician"])
def test_anyone_of_any_profession_opens_one_and_manages_it(cast: Cast, name: str) -> None:
    group = found(cast, name)
    made = Group.objects.get(pk=group)
    assert made.organization_id == cast.people[name].organization
    assert made.patient_id is None
    assert may(load(cast[name], "group", group), "group.manage")
    assert visible(cast[name])[-1] == group or group in visible(cast[name])


@pytest.mark.clause("A12.1", "A12.3")
@pytest.mark.parametrize("name", ["family", "operator"])
def test_but_not_who_works_for_nobody(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        found(cast, name)
    with pytest.raises(Refused):
        see_free_groups(cast[name], None)


@pytest.mark.clause("A12.3")
def test_nor_who_may_only_read_or_has_not_joined(cast: Cast) -> None:
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(restriction="read_only")
    PractitionerRole.objects.filter(pk=cast.role("stranger")).update(pledged_on=None)
    for name in ("nurse", "stranger"):
        with pytest.raises(Refused):
            found(cast, name)


@pytest.mark.clause("A12.4")
@pytest.mark.parametrize("missing", ["name", "purpose", "use", "entry"])
def test_purpose_and_way_of_use_are_required(cast: Cast, missing: str) -> None:
    with pytest.raises(Problem) as problem:
        free.found_group(cast["nurse"], None, **{**SAID, "entry": "open", missing: "  "})
    assert problem.value.field == missing
    group = found(cast)
    with pytest.raises(Problem):
        free.describe_group(cast["nurse"], group, **{**SAID, "entry": "open", missing: ""})
    assert Group.objects.get(pk=group).about.purpose == SAID["purpose"]


@pytest.mark.clause("A12.4")
def test_they_are_shown_and_confirmed_before_joining(cast: Cast) -> None:
    group = found(cast)
    page = see_about(cast["stranger"], group)
    assert (page.about.purpose, page.about.use) == (SAID["purpose"], SAID["use"])
    with pytest.raises(Problem):
        free.join_group(cast["stranger"], group, agreed=False)
    assert member(cast, "stranger", group) is None
    assert join(cast, "stranger", group)
    assert group in visible(cast["stranger"])
    with pytest.raises(Refused):
        join(cast, "stranger", group)  # once


@pytest.mark.clause("A12.4")
def test_open_ones_and_those_on_request_are_found_those_by_invitation_are_not(cast: Cast) -> None:
    groups = {entry: found(cast, entry=entry) for entry in ("open", "request", "invitation")}
    assert set(lines(cast, "stranger")) == {groups["open"], groups["request"]}
    assert set(lines(cast, "nurse")) == set(groups.values())
    with pytest.raises(Refused):
        see_about(cast["stranger"], groups["invitation"])
    for way in (lambda: join(cast, "stranger", groups["request"]),
                lambda: join(cast, "stranger", groups["invitation"]),
                lambda: ask(cast, "stranger", groups["open"]),
                lambda: ask(cast, "stranger", groups["invitation"])):  # fmt: skip
        with pytest.raises(Refused):
            way()


@pytest.mark.clause("A12.4")
def test_who_has_not_joined_reads_nothing_of_what_is_said(cast: Cast) -> None:
    group = found(cast)
    message = post(cast, "nurse", group=group)
    for name in NAMES[:-1]:
        if name != "nurse":
            assert not may(load(cast[name], "group", group), "group.see"), name
            assert not may(load(cast[name], "communication", message), "group.see"), name


# ── On request ───────────────────────────────────────────────────────────────────────────────────


def ask(cast: Cast, name: str, group: UUID, words: str = "学びたいです") -> UUID:
    return free.ask_to_join(cast[name], group, words=words, agreed=True).id


@pytest.mark.clause("A12.3", "A12.4")
def test_a_manager_answers_who_asks(cast: Cast) -> None:
    group = found(cast, entry="request")
    asked = ask(cast, "stranger", group)
    with pytest.raises(Problem):
        ask(cast, "stranger", group)
    (wish,) = see_description(cast["nurse"], group).wishes
    assert (wish.id, wish.words) == (asked, "学びたいです")
    assert [one.kind for one in see_home(cast["nurse"], None).tasks].count("wishes") == 1
    for name in ("stranger", "manager", "administrator_same", "administrator_other", "operator"):
        with pytest.raises(Refused):
            free.accept_request(cast[name], group, request=asked)
    assert free.accept_request(cast["nurse"], group, request=asked)
    assert group in visible(cast["stranger"])
    with pytest.raises(Problem):
        free.accept_request(cast["nurse"], group, request=asked)


@pytest.mark.clause("A12.3")
def test_the_settings_say_how_many_wait_for_an_answer(cast: Cast) -> None:
    """To who may answer; also when everybody comes in by themselves meanwhile."""
    group = found(cast, entry="request")
    assert see_management(cast["nurse"], group).wishes == 0
    asked = ask(cast, "stranger", group)
    assert see_management(cast["nurse"], group).wishes == 1
    Group.objects.filter(pk=group).update(entry="open")
    assert "参加の申込み（1件）" in text_of(client(cast, "nurse").get(f"/groups/{group}/manage"))
    free.accept_request(cast["nurse"], group, request=asked)
    assert see_members(cast["stranger"], group).wishes == 0
    assert "参加の申込み" not in text_of(client(cast, "nurse").get(f"/groups/{group}/manage"))


@pytest.mark.clause("A12.3")
def test_who_is_declined_is_told_why_and_stays_outside(cast: Cast) -> None:
    group = found(cast, entry="request")
    asked = ask(cast, "stranger", group)
    with pytest.raises(Problem):
        free.decline_request(cast["nurse"], group, request=asked, reason=" ")
    free.decline_request(cast["nurse"], group, request=asked, reason="定員")
    one = JoinRequest.objects.get(pk=asked)
    assert (one.state, one.unseal("reason")) == ("declined", "定員")
    assert group not in visible(cast["stranger"])


@pytest.mark.clause("A12.4")
@pytest.mark.parametrize("entry", ["request", "invitation"])
def test_nobody_joins_by_themselves_where_managers_let_people_in(cast: Cast, entry: str) -> None:
    group = found(cast, entry=entry)
    with pytest.raises(Refused):
        join(cast, "stranger", group)


def test_a_request_of_another_group_is_answered_by_nobody_here(cast: Cast) -> None:
    group, other = found(cast, entry="request"), found(cast, "manager", entry="request")
    asked = ask(cast, "stranger", other)
    with pytest.raises(Problem):
        free.accept_request(cast["nurse"], group, request=asked)
    with pytest.raises(Problem):
        free.accept_request(cast["nurse"], group, request=uuid4())
    assert member(cast, "stranger", group) is member(cast, "stranger", other) is None


@pytest.mark.parametrize(
    "gone",
    [
        lambda cast: PractitionerRole.objects.filter(pk=cast.role("stranger")).update(
            ended_at=clock.now()
        ),
        lambda cast: Account.objects.filter(pk=cast.account("stranger")).update(
            suspended_at=clock.now()
        ),
    ],
)
def test_who_has_gone_meanwhile_is_not_let_in(cast: Cast, gone: Callable[[Cast], object]) -> None:
    group = found(cast, entry="request")
    asked = ask(cast, "stranger", group)
    gone(cast)
    with pytest.raises(Problem):
        free.accept_request(cast["nurse"], group, request=asked)
    assert member(cast, "stranger", group) is None


# ── By invitation, and whether an administrator approves (A8.4) ──────────────────────────────────


@pytest.mark.clause("A12.3", "A8.4")
def test_by_default_an_invitation_needs_the_persons_own_answer_alone(cast: Cast) -> None:
    group = found(cast, entry="invitation")
    asked = invite(cast["nurse"], (group, cast.role("stranger")), role_in_care="")
    accept_invitation(cast["stranger"], asked.id)
    assert group in visible(cast["stranger"])


@pytest.mark.clause("A8.4")
def test_where_the_policy_asks_for_it_the_own_administrator_approves_every_way_in(
    cast: Cast,
) -> None:
    set_parameters(cast, free_group_approval=True)
    group = found(cast, "manager")
    assert not join(cast, "physician", group)
    assert member(cast, "physician", group) is None
    assert see_about(cast["physician"], group).approval
    with pytest.raises(Problem):
        join(cast, "physician", group)
    waiting = Invitation.objects.get(group=group, account=cast.account("physician"))
    for name in ("manager", "administrator_same", "physician", "operator"):
        with pytest.raises(Refused):
            approve_invitation(cast[name], waiting.id)
    approve_invitation(cast["administrator_other"], waiting.id)
    assert group in visible(cast["physician"])
    other = found(cast, "manager", entry="invitation")
    asked = invite(cast["manager"], (other, cast.role("nurse")), role_in_care="")
    accept_invitation(cast["nurse"], asked.id)
    assert member(cast, "nurse", other) is None
    approve_invitation(cast["administrator_other"], asked.id)
    assert other in visible(cast["nurse"])


@pytest.mark.clause("A8.4")
def test_an_only_administrator_has_nobody_to_ask(cast: Cast) -> None:
    set_parameters(cast, free_group_approval=True)
    assert join(cast, "sole", found(cast))


@pytest.mark.clause("A8.4")
def test_release_by_the_own_administrator_is_always_possible(cast: Cast) -> None:
    group = found(cast, "manager")
    join(cast, "nurse", group)
    place = member(cast, "nurse", group)
    assert place is not None
    for name in ("administrator_same", "physician", "operator"):
        with pytest.raises(Refused):
            release_member(cast[name], place.id, reason="勝手に")
    release_member(cast["administrator_other"], place.id, reason="業務の都合")
    assert group not in visible(cast["nurse"])


# ── Keeping it (A12.5) ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def group(cast: Cast) -> UUID:
    """Managed by the nurse, with the manager and the physician in it."""
    made = found(cast)
    for name in ("manager", "physician"):
        join(cast, name, made)
    return made


@pytest.mark.clause("A12.5")
def test_a_manager_hides_a_post_with_a_reason_and_it_stays_on_record(
    cast: Cast, group: UUID
) -> None:
    said = "この商品を買いませんか。"
    message = post(cast, "manager", said, group)
    for name in ("physician", "manager", "administrator_same", "operator"):
        with pytest.raises(Refused):
            hide_communication(cast[name], message, reason="だめ")
    with pytest.raises(Problem):
        hide_communication(cast["nurse"], message, reason=" ")
    hide_communication(cast["nurse"], message, reason="宣伝のため")
    for name in ("nurse", "manager", "physician"):
        entry = next(one for one in read_timeline(cast[name], group).entries if one.id == message)
        assert entry.text == ""
        assert entry.withdrawal_reason == "宣伝のため"
        assert entry.hidden_by is not None
        assert entry.hidden_by.account == cast.account("nurse")
    line = AuditEvent.objects.get(action="communication.hide", outcome="done")
    assert line.actor == cast.account("nurse")
    assert verify()[1] == []


@pytest.mark.clause("A12.5")
def test_hiding_is_not_the_authors_withdrawal(cast: Cast, group: UUID) -> None:
    own, hidden = (post(cast, "manager", text, group) for text in ("一つ", "二つ"))
    withdraw_communication(cast["manager"], own, reason="間違い")
    hide_communication(cast["nurse"], hidden, reason="趣旨と違うため")
    by = {one.id: one.hidden_by for one in read_timeline(cast["physician"], group).entries}
    assert by[own] is None and by[hidden] is not None
    for message in (own, hidden):
        with pytest.raises(Refused):
            hide_communication(cast["nurse"], message, reason="もう一度")
    with pytest.raises(Refused):
        withdraw_communication(cast["manager"], hidden, reason="自分で")
    Communication.objects.filter(pk=hidden).update(withdrawn_by_id=cast.account("physician"))
    assert verify()[1] != []  # whoever hid it is what the line says


@pytest.mark.clause("A12.5", "A11.1")
def test_nobody_hides_what_stands_in_a_patients_group(cast: Cast) -> None:
    for name in NAMES[:-1]:
        with pytest.raises(Refused):
            hide_communication(cast[name], cast.message, reason="隠す")


@pytest.mark.clause("A12.5")
def test_a_manager_removes_a_member(cast: Cast, group: UUID) -> None:
    place = member(cast, "physician", group)
    assert place is not None
    with pytest.raises(Refused):
        release_member(cast["manager"], place.id, reason="勝手に")
    release_member(cast["nurse"], place.id, reason="趣旨に合わない投稿が続いたため")
    assert group not in visible(cast["physician"])
    with pytest.raises(Refused):
        read_timeline(cast["physician"], group)


@pytest.mark.clause("A12.3")
def test_the_last_manager_finds_a_successor_first(cast: Cast, group: UUID) -> None:
    with pytest.raises(Problem):
        leave_group(cast["nurse"], group, reason="異動のため")
    place = member(cast, "manager", group)
    assert place is not None
    appoint_manager(cast["nurse"], place.id)
    leave_group(cast["nurse"], group, reason="異動のため")
    assert may(load(cast["manager"], "group", group), "group.manage")
    assert join(cast, "nurse", group)  # back by the way everybody comes in


def test_what_ended_lets_nobody_in_and_is_found_by_nobody(cast: Cast) -> None:
    group = found(cast, entry="request")
    asked = ask(cast, "stranger", group)
    close_group(cast["nurse"], group, reason="役目を終えました")
    assert lines(cast, "stranger") == []
    assert JoinRequest.objects.get(pk=asked).state == "taken_back"
    for way in (lambda: ask(cast, "manager", group), lambda: see_about(cast["manager"], group)):
        with pytest.raises(Refused):
            way()


# ── When its managers are gone (A5.1) ────────────────────────────────────────────────────────────


@pytest.mark.clause("A5.1")
def test_the_founding_organizations_administrator_is_told_and_takes_over(
    cast: Cast, group: UUID
) -> None:
    def told(name: str) -> bool:
        tasks = see_home(cast[name], None).tasks
        return any(one.kind == "abandoned" and one.id == group for one in tasks)

    assert not told("administrator_other")
    with pytest.raises(Refused):
        free.take_over_free_group(cast["administrator_other"], group)
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(ended_at=clock.now())
    assert told("administrator_other")
    assert not told("administrator_same") and not told("operator")
    for name in ("administrator_same", "manager", "physician", "operator"):
        with pytest.raises(Refused):
            free.take_over_free_group(cast[name], group)
    assert not may(load(cast["administrator_other"], "group", group), "group.see")
    free.take_over_free_group(cast["administrator_other"], group)
    assert group in visible(cast["administrator_other"])
    assert not told("administrator_other")
    with pytest.raises(Refused):
        free.take_over_free_group(cast["administrator_other"], group)
    entries = read_timeline(cast["manager"], group).entries
    assert entries[-1].event == "taken_over"
    assert verify()[1] == []


@pytest.mark.clause("A5.1")
def test_or_ends_it_without_reading(cast: Cast, group: UUID) -> None:
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(ended_at=clock.now())
    with pytest.raises(Refused):
        close_group(cast["administrator_same"], group, reason="終わり")
    close_group(cast["administrator_other"], group, reason="担う人がいないため")
    assert Group.objects.get(pk=group).closed_at is not None


GOING: dict[str, Callable[[Cast, UUID], object]] = {
    "works there no more": lambda cast, _: PractitionerRole.objects.filter(
        pk=cast.role("manager")
    ).update(ended_at=clock.now()),
    "last day over": lambda cast, _: PractitionerRole.objects.filter(
        pk=cast.role("manager")
    ).update(until=clock.now()),
    "suspended": lambda cast, _: PractitionerRole.objects.filter(pk=cast.role("manager")).update(
        restriction="suspended"
    ),
    "ID stopped": lambda cast, _: Account.objects.filter(pk=cast.account("manager")).update(
        suspended_at=clock.now()
    ),
    "organization stopped": lambda cast, _: Organization.objects.filter(
        pk=cast.organizations["station"]
    ).update(suspended_at=clock.now()),
    "organization left": lambda cast, _: Organization.objects.filter(
        pk=cast.organizations["station"]
    ).update(left_on=clock.today()),
    "left alone": lambda cast, group: leave_group(cast["manager"], group, reason="終わりました"),
}


@pytest.mark.clause("A5.1", "A12.3")
@pytest.mark.parametrize("gone", [None, *GOING])
def test_home_names_a_free_group_where_it_can_be_taken_over_and_nowhere_else(
    cast: Cast, gone: str | None
) -> None:
    """Who founds one manages it, so it is named to nobody before its managers are gone."""
    group, _ = group_of_kind(cast, "free", {"manager": True}, organization="clinic")
    if gone:
        GOING[gone](cast, group)
    tasks = see_home(cast["administrator_other"], None).tasks
    named = [one.id for one in tasks if one.kind == "abandoned"]
    takes = may(load(cast["administrator_other"], "group", group), "group.take_over")
    assert (group in named) == takes == (gone is not None)
    assert not any(one.kind == "unmanaged" for one in tasks)  # counted as no patient's


# ── The public page (A19.2) ──────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A19.2")
def test_the_public_page_names_what_asked_for_it_and_the_operator_agreed_to(
    cast: Cast, group: UUID
) -> None:
    for name in ("physician", "administrator_same", "operator"):
        with pytest.raises(Refused):
            free.ask_listing(cast[name], group, wanted=True)
    with pytest.raises(Refused):
        free.answer_listing(cast["operator"], group, yes=True)  # nobody asked
    free.ask_listing(cast["nurse"], group, wanted=True)
    assert public_groups() == []
    assert any(one.kind == "listings" for one in see_home(cast["operator"], None).tasks)
    assert [one.id for one in see_listings(cast["operator"], None).lines] == [group]
    for name in ("nurse", "administrator_other"):
        with pytest.raises(Refused):
            free.answer_listing(cast[name], group, yes=True)
        with pytest.raises(Refused):
            see_listings(cast[name], None)
    free.answer_listing(cast["operator"], group, yes=True)
    (shown,) = public_groups()
    assert (shown.name, shown.purpose) == (SAID["name"], SAID["purpose"])
    assert "さん" not in repr(shown)  # no member's name
    assert not may(load(cast["operator"], "group", group), "group.see")


@pytest.mark.clause("A19.2")
@pytest.mark.parametrize("change", ["reworded", "invitation", "ended", "taken off", "declined"])
def test_what_was_agreed_to_stands_there_no_longer_when_it_changes(
    cast: Cast, group: UUID, change: str
) -> None:
    free.ask_listing(cast["nurse"], group, wanted=True)
    free.answer_listing(cast["operator"], group, yes=True)
    said = {**SAID, "entry": "open"}
    if change == "reworded":
        free.describe_group(cast["nurse"], group, **{**said, "purpose": "別のこと"})
    elif change == "invitation":
        free.describe_group(cast["nurse"], group, **{**said, "entry": "invitation"})
        with pytest.raises(Problem):
            free.ask_listing(cast["nurse"], group, wanted=True)
    elif change == "ended":
        close_group(cast["nurse"], group, reason="終わり")
    elif change == "taken off":
        free.ask_listing(cast["nurse"], group, wanted=False)
    else:
        free.answer_listing(cast["operator"], group, yes=False)
    assert public_groups() == []


# ── At rest ──────────────────────────────────────────────────────────────────────────────────────


def test_what_rests_stands_in_the_archive_by_its_name_and_among_those_to_join_no_more(
    cast: Cast, group: UUID
) -> None:
    free.ask_listing(cast["nurse"], group, wanted=True)
    free.answer_listing(cast["operator"], group, yes=True)
    assert group in lines(cast, "physician") and SAID["name"] in [o.name for o in public_groups()]
    archive_group(cast["nurse"], group, reason="")
    assert group not in lines(cast, "physician") and group not in lines(cast, "nurse")
    assert SAID["name"] not in [one.name for one in public_groups()]
    (resting,) = see_archive(cast["nurse"], None).groups
    assert (resting.group, resting.title) == (group, SAID["name"])


def test_nobody_has_a_role_in_care_in_a_group_about_no_patient(cast: Cast, group: UUID) -> None:
    offered = {one.token for one in see_whom(cast["nurse"], group).offers}
    assert cast.account("physician").hex in offered and ALL in offered
    assert not [one for one in offered if one.startswith(ROLE)]
    said = {"text": "ご意見をください", "key": uuid4(), "confirmed": True}
    with pytest.raises(Problem):
        send_communication(cast["nurse"], group, mentions=("role:主治医",), **said)
