"""A group's members are gone through on one screen: all decided, at once, as they were seen."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from renkei.audit import trail
from renkei.audit.models import AuditEvent
from renkei.communication.models import Communication
from renkei.communication.reading import read_timeline
from renkei.enrollment.models import Leaving
from renkei.group.home import see_home
from renkei.group.models import Member
from renkei.group.services import close_group, dismiss_manager, leave_group, release_member
from renkei.incident import stops
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people.models import Organization, PractitionerRole
from renkei.review import due, members, records
from renkei.review.models import Review, Reviewed
from tests.cast import Cast, group_of_kind, post, reason_of, visible
from tests.policy.test_kinds import TEAMS
from tests.review.world import decided, marks_of, opened, review
from tests.web.test_routes import browser

OTHERS = ("nurse", "former", "stranger", "administrator_other", "sole", "operator")


def member(cast: Cast, name: str) -> Member:
    return Member.objects.get(pk=cast.members[name])


def nothing_changed(cast: Cast) -> bool:
    inside = Member.objects.filter(group=cast.group, ended_at=None).count()
    return (
        inside == 3 and not Review.objects.exists() and member(cast, "nurse").role_in_care == "看護"
    )


# ── Who ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N1.2")
@pytest.mark.parametrize("name", OTHERS)
def test_nobody_else_goes_through_the_members(cast: Cast, name: str) -> None:
    sent = decided(cast, cast["manager"], nurse=("release", "担当を外れた"))
    with pytest.raises(Refused):
        members.see_desk(cast[name], cast.group)
    with pytest.raises(Refused):
        members.review_members(cast[name], cast.group, **sent)
    assert nothing_changed(cast)


@pytest.mark.clause("N1.2")
@pytest.mark.parametrize("name", ["manager", "administrator_same", "physician"])
def test_who_manages_the_members_goes_through_them(cast: Cast, name: str) -> None:
    assert review(cast, name) == 1
    made = Review.objects.get()
    assert (made.group_id, made.made_by_id) == (cast.group, cast.account(name))
    assert made.lines.count() == 3


def test_an_ended_group_is_not_reviewed(cast: Cast) -> None:
    sent = decided(cast, cast["manager"])
    opened(cast, 200)
    close_group(cast["manager"], cast.group, reason="施設に移られた")
    with pytest.raises(Refused):
        members.review_members(cast["manager"], cast.group, **sent)
    assert due.of_group(cast.group) is None


# ── What is done ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N1.2")
def test_all_that_was_decided_is_done_at_once_and_stands_in_the_record(cast: Cast) -> None:
    review(cast, nurse=("release", "異動されたため"), physician=("role", "主治医"))
    nurse, physician = member(cast, "nurse"), member(cast, "physician")
    assert reason_of(nurse) == "異動されたため"
    assert (nurse.released_by_id, physician.role_in_care) == (cast.account("manager"), "主治医")
    assert cast.group not in visible(cast["nurse"])
    assert Communication.objects.filter(group=cast.group).order_by("seq").last().event == "released"
    record = records.see_review(cast["manager"], cast.group, number=1)
    said = {one.face.account: one for one in record.lines}
    gone, changed = said[cast.account("nurse")], said[cast.account("physician")]
    assert (gone.result, gone.reason) == ("released", "異動されたため")
    assert (changed.result, changed.part, changed.before) == ("changed", "主治医", "看護")
    assert said[cast.account("manager")].result == "kept"
    line = AuditEvent.objects.filter(action="group.review", outcome="done").get()
    assert line.entity == f"Group/{cast.group.hex}"
    assert "異動" not in str(line.detail)
    assert cast.role("nurse").hex in str(line.detail)
    assert trail.verify()[1] == []


@pytest.mark.clause("N1.2")
@pytest.mark.parametrize(
    ("nurse", "field"),
    [(("release", " "), "reason"), (("role", ""), "part"), (("perhaps", ""), "")],
)
def test_what_one_decision_lacks_stops_all_of_them(
    cast: Cast, nurse: tuple[str, str], field: str
) -> None:
    sent = decided(cast, cast["manager"], nurse=nurse, physician=("release", "担当でない"))
    with pytest.raises(Problem) as caught:
        members.review_members(cast["manager"], cast.group, **sent)
    assert caught.value.field.startswith(field)
    assert nothing_changed(cast)


@pytest.mark.clause("N1.2")
def test_everybody_is_decided_about_and_nobody_else(cast: Cast) -> None:
    sent = decided(cast, cast["manager"])
    decisions: Any = sent["decisions"]
    stranger = members.Decision(cast.members["former"], "release", reason="もう一度")
    for wrong in (decisions[1:], [], [*decisions, stranger]):
        with pytest.raises(Problem, match="everybody"):
            members.review_members(cast["manager"], cast.group, seen=sent["seen"], decisions=wrong)
    assert nothing_changed(cast)


@pytest.mark.clause("N1.2")
def test_nobody_releases_themselves(cast: Cast) -> None:
    with pytest.raises(Problem, match="themselves"):
        review(cast, manager=("release", "自分を外す"))
    assert nothing_changed(cast)


def test_a_review_leaves_no_group_without_a_manager(cast: Cast) -> None:
    dismiss_manager(cast["manager"], cast.members["physician"])
    with pytest.raises(Problem, match="last manager"):
        review(cast, "administrator_same", manager=("release", "異動"))
    assert nothing_changed(cast)


# ── As it was seen ───────────────────────────────────────────────────────────────────────────────


def _left(cast: Cast) -> None:
    leave_group(cast["physician"], cast.group, reason="異動")


def _released(cast: Cast) -> None:
    release_member(cast["administrator_same"], cast.members["physician"], reason="異動")


def _dismissed(cast: Cast) -> None:
    dismiss_manager(cast["administrator_same"], cast.members["physician"])


def _another_role(cast: Cast) -> None:
    Member.objects.filter(pk=cast.members["nurse"]).update(role_in_care="週2回の訪問")


def _stopped(cast: Cast) -> None:
    stops.restrict(
        cast["administrator_other"], cast.role("nurse"), word="suspended", reason="調べる間"
    )


def _reviewed(cast: Cast) -> None:
    review(cast, "administrator_same", nurse=("role", "週2回の訪問"))


@pytest.mark.clause("N1.2")
@pytest.mark.parametrize(
    "meanwhile", [_left, _released, _dismissed, _another_role, _stopped, _reviewed]
)
def test_who_decided_about_something_else_than_there_is_looks_again(
    cast: Cast, meanwhile: Callable[[Cast], None]
) -> None:
    sent = decided(cast, cast["manager"], nurse=("release", "担当を外れた"))
    meanwhile(cast)
    before = Reviewed.objects.count()
    with pytest.raises(Problem, match="changed meanwhile"):
        members.review_members(cast["manager"], cast.group, **sent)
    assert member(cast, "nurse").ended_at is None
    assert Reviewed.objects.count() == before


def test_that_somebody_reads_meanwhile_changes_nothing(cast: Cast) -> None:
    sent = decided(cast, cast["manager"])
    read_timeline(cast["physician"], cast.group)
    assert members.review_members(cast["manager"], cast.group, **sent) == 1


@pytest.mark.once
def test_of_two_at_once_one_looks_again(committed: Cast, at_once: Callable[..., list[Any]]) -> None:
    cast = committed
    sent = decided(cast, cast["manager"], nurse=("release", "担当を外れた"))
    again = decided(cast, cast["administrator_same"], nurse=("role", "週2回の訪問"))
    done = at_once(
        lambda: members.review_members(cast["manager"], cast.group, **sent),
        lambda: members.review_members(cast["administrator_same"], cast.group, **again),
    )
    assert sorted(isinstance(one, Problem) for one in done) == [False, True], done
    assert Review.objects.count() == 1


# ── What stands out ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N1.2")
def test_about_who_works_reads_and_is_in_order_nothing_stands_out(cast: Cast) -> None:
    for name in ("nurse", "physician", "manager"):
        read_timeline(cast[name], cast.group)
        assert marks_of(cast, name) == []


@pytest.mark.clause("N1.2")
def test_who_has_not_opened_the_group_for_long_stands_out_until_they_do(cast: Cast) -> None:
    read_timeline(cast["physician"], cast.group)
    post(cast, "manager", "お変わりありません")
    Communication.objects.filter(group=cast.group).update(
        posted_at=clock.now() - timedelta(days=29)
    )
    assert marks_of(cast, "physician") == []
    Communication.objects.filter(group=cast.group).update(
        posted_at=clock.now() - timedelta(days=31)
    )
    assert marks_of(cast, "physician") == ["unopened"]
    read_timeline(cast["physician"], cast.group)
    assert marks_of(cast, "physician") == []


def _role(cast: Cast, **facts: object) -> None:
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(**facts)


STANDS_OUT: dict[str, Callable[[Cast], object]] = {
    "left": lambda cast: _role(cast, until=clock.now() - timedelta(hours=1)),
    "leaves": lambda cast: _role(cast, until=clock.now() + timedelta(days=3)),
    "stopped": lambda cast: stops.suspend_person(
        cast["operator"], cast.account("nurse"), reason="調べる間"
    ),
    "reads_only": lambda cast: _role(cast, restriction="read_only"),
    "organization": lambda cast: Organization.objects.filter(
        pk=cast.organizations["clinic"]
    ).update(suspended_at=clock.now()),
    "pledge": lambda cast: _role(cast, pledged_on=None),
    "training": lambda cast: _role(cast, trained_on=clock.today() - timedelta(days=800)),
}


@pytest.mark.clause("N1.2")
@pytest.mark.parametrize("word", STANDS_OUT)
def test_what_stands_out_is_said_and_kept_with_the_decision(cast: Cast, word: str) -> None:
    for name in ("nurse", "physician", "manager"):
        read_timeline(cast[name], cast.group)
    STANDS_OUT[word](cast)
    assert marks_of(cast, "nurse") == [word]
    assert marks_of(cast, "manager") == []
    review(cast, nurse=("release", "確かめたため"))
    assert Reviewed.objects.get(role=cast.role("nurse")).marks == [word]


def test_leaving_the_organization_takes_everybody_out_without_any_review(cast: Cast) -> None:
    """What a review finds is what leaving has not ended already."""
    from renkei.enrollment.leaving import Formalities, leave_now

    leave_now(
        cast["administrator_other"],
        cast.role("nurse"),
        formalities=Formalities(told="in_person", told_on=clock.today()),
    )
    assert Leaving.objects.exists()
    desk = members.see_desk(cast["manager"], cast.group)
    assert cast.members["nurse"] not in {one.member for one in desk.seats}


# ── The page and the paper ───────────────────────────────────────────────────────────────────────


def answers(cast: Cast, page: str, **more: str) -> dict[str, str]:
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    kept = {f"what-{cast.members[name].hex}": "keep" for name in ("manager", "nurse", "physician")}
    return {"seen": seen, **kept, **more}


@pytest.mark.clause("N1.2")
def test_the_page_shows_everybody_and_is_sent_once(cast: Cast) -> None:
    client, address = browser(cast, "manager"), f"/groups/{cast.group}/review"
    page = client.get(address).content.decode()
    assert all(f"{name} さん" in page for name in ("manager", "nurse", "physician"))
    nurse = cast.members["nurse"].hex
    sent = answers(cast, page, **{f"what-{nurse}": "role", f"part-{nurse}": "週2回の訪問"})
    assert client.post(address, sent).status_code == 303
    assert member(cast, "nurse").role_in_care == "週2回の訪問"
    settings = client.get(f"/groups/{cast.group}/manage").content.decode()
    assert f"/groups/{cast.group}/reviews/1.pdf" in settings
    paper = client.get(f"/groups/{cast.group}/reviews/1.pdf")
    assert paper["Content-Type"] == "application/pdf" and paper.content.startswith(b"%PDF")


def test_without_scripts_a_button_keeps_those_about_whom_nothing_stands_out(cast: Cast) -> None:
    for name in ("physician", "manager"):
        read_timeline(cast[name], cast.group)
    _role(cast, pledged_on=None)
    client, address = browser(cast, "manager"), f"/groups/{cast.group}/review"
    page = client.post(address, {"do": "keep"}).content.decode()
    chosen = [one.partition('"')[0] for one in page.split('<input type="radio" name="what-')[1:]
              if " checked" in one.partition(">")[0]]  # fmt: skip
    assert set(chosen) == {cast.members["physician"].hex, cast.members["manager"].hex}
    assert nothing_changed(cast)


def test_what_was_typed_stays_when_the_members_have_changed(cast: Cast) -> None:
    client, address = browser(cast, "manager"), f"/groups/{cast.group}/review"
    page = client.get(address).content.decode()
    _left(cast)
    nurse = cast.members["nurse"].hex
    sent = answers(cast, page, **{f"what-{nurse}": "release", f"reason-{nurse}": "担当が替わった"})
    again = client.post(address, sent)
    assert again.status_code == 422
    assert "担当が替わった" in again.content.decode()
    assert member(cast, "nurse").ended_at is None


@pytest.mark.clause("N1.2")
@pytest.mark.parametrize("name", ["nurse", "stranger", "administrator_other", "operator"])
def test_nobody_else_sees_the_reviews_or_their_paper(cast: Cast, name: str) -> None:
    review(cast, nurse=("role", "週2回の訪問"))
    for look in (records.see_reviews, lambda *on: records.see_review(*on, number=1)):
        with pytest.raises(Refused):
            look(cast[name], cast.group)
    answer: Any = browser(cast, name).get(f"/groups/{cast.group}/reviews/1.pdf")
    assert answer.status_code in (403, 404)


def test_a_review_of_another_group_has_no_paper_here(cast: Cast) -> None:
    with pytest.raises(Unknown):
        records.see_review(cast["manager"], cast.group, number=1)
    review(cast)
    assert records.see_review(cast["manager"], cast.group, number=1).number == 1


# ── The group with the family ────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N1.2")
def test_a_group_with_the_family_is_gone_through_as_well_relatives_too(cast: Cast) -> None:
    group, _ = group_of_kind(cast, "family", TEAMS["family"])
    opened(cast, 100, group)
    asked = [one for one in see_home(cast["manager"], None).tasks if one.kind == "review"]
    assert [(one.id, one.what) for one in asked] == [(group, "family")]
    desk = members.see_desk(cast["manager"], group)
    relative = next(one for one in desk.seats if one.face.role is None)
    assert (relative.face.account, relative.marks) == (cast.account("family"), [])
    members.review_members(
        cast["manager"], group, seen=desk.seen,
        decisions=[
            members.Decision(one.member, "release" if one is relative else "keep", reason="転居")
            for one in desk.seats
        ],
    )  # fmt: skip
    assert Member.objects.get(pk=relative.member).ended_at is not None
    record = records.see_review(cast["manager"], group, number=1)
    said = {one.face.account: one.result for one in record.lines}
    assert said[cast.account("family")] == "released"
    paper = browser(cast, "manager").get(f"/groups/{group}/reviews/1.pdf")
    assert paper.content.startswith(b"%PDF")
    with pytest.raises(Unknown):  # it is that group's, not the professionals'
        records.see_review(cast["manager"], cast.group, number=1)
