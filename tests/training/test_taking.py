"""Taking a course, as an attacker would as well (A9)."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from renkei.audit import trail
from renkei.device.ledger import months_later
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people.models import Organization, PractitionerRole
from renkei.policy.loading import load
from renkei.training import certificates, defining, taking
from renkei.training.models import FIRST, Attempt, Completion, Edition
from renkei.training.waiting import waiting_for
from tests.cast import Cast, make_role, set_parameters
from tests.training.world import default_answers, published, read_all, take

pytestmark = pytest.mark.clause("A9")


def trained_on(cast: Cast, name: str) -> date | None:
    return PractitionerRole.objects.get(pk=cast.role(name)).trained_on


def place_trained_on(cast: Cast, name: str) -> date | None:
    return Organization.objects.get(pk=cast.organizations[name]).trained_on


def line_of(cast: Cast, name: str, code: str = FIRST) -> taking.Line:
    lines = taking.see_own(cast[name], None)
    return next(one for one in lines if one.state.course == code)


def test_the_course_before_use_is_there_from_the_first_day_as_words_to_read(cast: Cast) -> None:
    lesson = taking.see_course(cast["nurse"], None, FIRST)
    assert lesson.title == "はじめての連携" and len(lesson.parts) == 9 and lesson.questions == 5
    said = "".join(one.text for one in lesson.parts)
    assert "電話が先。記録は後" in said and "{{" not in said
    assert not any(one.video for one in lesson.parts)
    assert line_of(cast, "nurse").state.word == "missing"


@pytest.mark.clause("F1")
def test_who_reads_all_and_answers_all_rightly_is_trained_from_that_day(cast: Cast) -> None:
    attempt = take(cast, "nurse")
    done = Completion.objects.get(account=cast.account("nurse"))
    assert (done.course, done.edition_number, done.way) == (FIRST, 0, "check")
    assert done.on == clock.today() and done.until == months_later(clock.today(), 12)
    assert done.attempt_id == attempt and len(done.number) == 12
    assert trained_on(cast, "nurse") == clock.today()
    assert line_of(cast, "nurse").state.word == "valid"


def test_it_counts_for_every_organization_the_person_works_for(cast: Cast) -> None:
    from renkei.people.models import Account
    from tests.cast import loading

    with loading():
        second = make_role(
            Account.objects.get(pk=cast.account("nurse")), cast.organizations["helpers"]
        )
    take(cast, "nurse")
    assert PractitionerRole.objects.get(pk=second.id).trained_on == clock.today()


@pytest.mark.clause("F1")
def test_an_administrators_completion_is_the_organizations_training_a_nurses_is_not(
    cast: Cast,
) -> None:
    take(cast, "nurse")
    assert place_trained_on(cast, "clinic") is None
    take(cast, "administrator_other")
    assert place_trained_on(cast, "clinic") == clock.today()
    assert place_trained_on(cast, "station") is None


def test_another_course_is_no_training_before_use(cast: Cast) -> None:
    code = published(cast)
    take(cast, "administrator_other", code)
    assert trained_on(cast, "administrator_other") is None
    assert place_trained_on(cast, "clinic") is None


def test_a_wrong_answer_is_explained_and_that_question_asked_again(cast: Cast) -> None:
    attempt, right = read_all(cast["nurse"]), default_answers(cast)
    wrong = {**right, 1: right[1] % 4 + 1, 4: right[4] % 4 + 1}
    assert not taking.answer(cast["nurse"], None, code=FIRST, attempt=attempt, choices=wrong)
    assert trained_on(cast, "nurse") is None
    check = taking.see_check(cast["nurse"], None, FIRST)
    assert [one.number for one in check.asked] == [1, 4] and check.right == 3
    assert all(one.explanation for one in check.asked)
    again = {1: right[1], 4: right[4]}
    assert taking.answer(cast["nurse"], None, code=FIRST, attempt=attempt, choices=again)
    found = Attempt.objects.get(pk=attempt)
    assert found.score == 3 and [len(one) for one in found.unseal("answers")] == [5, 2]
    assert Completion.objects.filter(attempt=attempt).count() == 1


def test_where_the_course_says_so_all_questions_are_asked_again(cast: Cast) -> None:
    code = published(cast, again="all", pass_mark=5)
    attempt = read_all(cast["nurse"], code)
    nearly = {1: 2, 2: 2, 3: 2, 4: 2, 5: 1}
    assert not taking.answer(cast["nurse"], None, code=code, attempt=attempt, choices=nearly)
    check = taking.see_check(cast["nurse"], None, code)
    assert [one.number for one in check.asked] == [1, 2, 3, 4, 5]
    assert [bool(one.explanation) for one in check.asked] == [False] * 4 + [True]


def test_the_pass_mark_is_what_the_course_says(cast: Cast) -> None:
    code = published(cast, pass_mark=4)
    attempt = read_all(cast["nurse"], code)
    four = {1: 2, 2: 2, 3: 2, 4: 2, 5: 1}
    assert taking.answer(cast["nurse"], None, code=code, attempt=attempt, choices=four)


# ── As an attacker ───────────────────────────────────────────────────────────────────────────────


def test_nothing_is_completed_without_reading_and_nothing_without_answering(cast: Cast) -> None:
    nurse, right = cast["nurse"], default_answers(cast)
    with pytest.raises(Problem, match="parts before"):
        taking.read_part(nurse, None, code=FIRST, part=9)
    taking.read_part(nurse, None, code=FIRST, part=1)
    attempt = Attempt.objects.get(account=cast.account("nurse"))
    assert taking.see_check(nurse, None, FIRST).asked == []
    with pytest.raises(Problem, match="parts before"):
        taking.answer(nurse, None, code=FIRST, attempt=attempt.id, choices=right)
    read_all(nurse)
    for choices in ({}, {1: right[1]}, {**right, 5: 0}, {**right, 5: 99}):
        with pytest.raises(Problem, match="every question"):
            taking.answer(nurse, None, code=FIRST, attempt=attempt.id, choices=choices)
    assert not Completion.objects.exists() and trained_on(cast, "nurse") is None


def test_anothers_attempt_is_not_known_here(cast: Cast) -> None:
    attempt, right = read_all(cast["nurse"]), default_answers(cast)
    read_all(cast["stranger"])
    for one in (attempt, uuid4()):
        with pytest.raises(Unknown):
            taking.answer(cast["stranger"], None, code=FIRST, attempt=one, choices=right)
    assert not Completion.objects.exists()


def test_what_is_sent_again_completes_nothing_twice(cast: Cast) -> None:
    attempt = take(cast, "nurse")
    right = default_answers(cast)
    assert taking.answer(cast["nurse"], None, code=FIRST, attempt=attempt, choices=right)
    wrong = dict.fromkeys(right, 1)
    assert taking.answer(cast["nurse"], None, code=FIRST, attempt=attempt, choices=wrong)
    assert Completion.objects.count() == 1


def test_two_windows_that_answer_at_once_complete_it_once(
    committed: Cast, at_once: Callable[..., list[Any]]
) -> None:
    attempt, right = read_all(committed["nurse"]), default_answers(committed)

    def answered() -> bool:
        return taking.answer(committed["nurse"], None, code=FIRST, attempt=attempt, choices=right)

    assert at_once(answered, answered, answered) == [True] * 3
    assert Completion.objects.count() == 1


def test_who_has_left_and_who_works_for_nobody_takes_nothing(cast: Cast) -> None:
    attempt = read_all(cast["nurse"])
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(ended_at=clock.now())
    right = default_answers(cast)
    for name in ("nurse", "family"):
        actor = cast[name]
        with pytest.raises(Refused):
            taking.see_own(actor, None)
        with pytest.raises(Refused):
            taking.see_course(actor, None, FIRST)
        with pytest.raises(Refused):
            taking.see_video(actor, None, FIRST, 1)
        with pytest.raises(Refused):
            taking.read_part(actor, None, code=FIRST, part=1)
        with pytest.raises(Refused):
            taking.answer(actor, None, code=FIRST, attempt=attempt, choices=right)
    assert not Completion.objects.exists()


def test_an_answer_to_an_edition_that_is_not_offered_any_more_counts_for_nothing(
    cast: Cast,
) -> None:
    attempt, right = read_all(cast["nurse"]), default_answers(cast)
    new = defining.begin_edition(cast["operator"], None, code=FIRST)
    defining.publish_edition(cast["operator"], None, edition=new)
    with pytest.raises(Problem, match="new edition"):
        taking.answer(cast["nurse"], None, code=FIRST, attempt=attempt, choices=right)
    assert taking.see_course(cast["nurse"], None, FIRST).read == 0
    take(cast, "nurse")
    assert Completion.objects.get().edition_number == 1


def test_a_certificate_is_its_owners_and_its_number_is_not_guessed(cast: Cast) -> None:
    take(cast, "nurse")
    number = Completion.objects.get().number
    one = certificates.see_certificate(cast["nurse"], None, number)
    assert one.name == "nurse さん" and one.organization == "clinic事業所"
    for name in ("stranger", "administrator_other", "operator"):
        with pytest.raises(Unknown):
            certificates.see_certificate(cast[name], None, number)
    with pytest.raises(Unknown):
        certificates.see_certificate(cast["nurse"], None, number[::-1])


def test_a_course_of_another_region_is_not_known_here(cast: Cast) -> None:
    code = published(cast)
    from tests.cast import loading, make_region

    with loading():
        region, _ = make_region("隣の地域")
    Edition.objects.filter(course=code).update(region=region)
    with pytest.raises(Unknown):
        taking.see_course(cast["nurse"], None, code)


def test_the_trail_tells_what_was_done_and_never_what_was_answered(cast: Cast) -> None:
    take(cast, "nurse")
    lines = trail.Event.objects.filter(action="training.take").order_by("seq")
    said = [one.detail for one in lines]
    assert len(said) == 10 and all("choice" not in one for one in said)


# ── What is due ──────────────────────────────────────────────────────────────────────────────────


def due(cast: Cast, name: str) -> list[tuple[str, int]]:
    who = load(cast[name], "region").who
    return [(one.kind, one.count) for one in waiting_for(who)]


@pytest.mark.parametrize(
    ("days_left", "word"), [(31, "valid"), (30, "soon"), (0, "soon"), (-1, "lapsed")]
)
def test_what_is_due_is_said_to_the_person_and_to_the_administrator(
    cast: Cast, days_left: int, word: str
) -> None:
    until = clock.today() + timedelta(days=days_left)
    began = next(
        day
        for day in (until - timedelta(days=n) for n in range(364, 370))
        if months_later(day, 12) == until
    )
    PractitionerRole.objects.update(trained_on=began)
    assert line_of(cast, "nurse").state.word == word
    own = [("training", 0)] if word != "valid" else []
    assert due(cast, "nurse") == own
    assert due(cast, "administrator_other") == own + ([("training_staff", 3)] if own else [])
    assert due(cast, "family") == [] and due(cast, "operator") == []


def test_how_long_it_is_valid_is_the_policys_unless_the_course_says_so(cast: Cast) -> None:
    set_parameters(cast, training_interval_months=6)
    take(cast, "nurse")
    assert Completion.objects.get().until == months_later(clock.today(), 6)
    code = published(cast, months=24)
    take(cast, "nurse", code)
    assert Completion.objects.get(course=code).until == months_later(clock.today(), 24)


def test_a_date_taken_over_counts_as_training_before_use(cast: Cast) -> None:
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(
        trained_on=clock.today() - timedelta(days=10)
    )
    state = line_of(cast, "nurse").state
    assert state.word == "valid" and state.number == ""


def test_who_takes_a_course_again_is_valid_from_then_on(
    cast: Cast, travel: Callable[[timedelta], None]
) -> None:
    take(cast, "nurse")
    first = Completion.objects.get().until
    travel(timedelta(hours=11))
    take(cast, "nurse")
    assert Completion.objects.count() == 2
    assert line_of(cast, "nurse").state.until >= first
