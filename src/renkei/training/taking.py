"""Taking a course: its parts, its questions, and the certificate (A9, F1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.files import store
from renkei.files.models import File
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.models import Region
from renkei.training.completing import complete, region_of
from renkei.training.courses import (
    Chapter,
    Course,
    Question,
    all_in_force,
    in_force,
    region_of_reader,
)
from renkei.training.models import Attempt, Completion, Edition
from renkei.training.validity import State, states


@dataclass(frozen=True, slots=True)
class Line:
    """A course in one's list."""

    state: State
    minutes: int
    parts: int
    read: int
    before_use: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is put: never with its answer."""

    number: int
    text: str
    choices: tuple[str, ...]
    explanation: str = ""  # after a wrong answer alone


@dataclass(frozen=True, slots=True)
class Lesson:
    """A course as the person who takes it sees it, without questions."""

    code: str
    title: str
    purpose: str
    minutes: int
    parts: tuple[Chapter, ...]
    questions: int
    read: int  # parts
    turns: int  # of the check, in the attempt that is open
    state: State

    @property
    def all_read(self) -> bool:
        """Whether the check is open."""
        return self.read >= len(self.parts)


@dataclass(frozen=True, slots=True)
class Check:
    """The questions that are open."""

    lesson: Lesson
    attempt: UUID | None
    asked: list[Asked]
    right: int
    of: int


def _account(standing: Standing) -> UUID:
    assert standing.who.account is not None
    return standing.who.account


def _course(region: Region, code: str) -> Course:
    course = in_force(region, code)
    if course is None:
        raise Unknown("course")
    return course


def _open_attempts(account: UUID) -> dict[tuple[str, int], Attempt]:
    found = Attempt.objects.filter(account=account, passed_at=None)
    return {(one.course, one.edition_number): one for one in found}


# ── Seeing ───────────────────────────────────────────────────────────────────────────────────────


@disclosure("training.take", on="region")
def see_own(standing: Standing) -> list[Line]:
    """All courses, and how one stands to each; what is due comes first."""
    me, courses = _account(standing), all_in_force(region_of_reader(standing))
    attempts = _open_attempts(me)
    lines = []
    for course, state in zip(courses, states([me], courses)[me], strict=True):
        attempt = attempts.get((course.code, course.number))
        read = attempt.read if attempt else 0
        lines.append(Line(state, course.minutes, len(course.parts), read, course.before_use))
    return sorted(lines, key=lambda one: not one.state.due)


def _lesson(standing: Standing, course: Course, attempt: Attempt | None) -> Lesson:
    me = _account(standing)
    return Lesson(
        code=course.code,
        title=course.title,
        purpose=course.purpose,
        minutes=course.minutes,
        parts=course.parts,
        questions=len(course.questions),
        read=attempt.read if attempt else 0,
        turns=len(attempt.unseal("answers")) if attempt else 0,
        state=states([me], [course])[me][0],
    )


def _attempt(standing: Standing, course: Course) -> Attempt | None:
    return _open_attempts(_account(standing)).get((course.code, course.number))


@disclosure("training.take", on="region")
def see_course(standing: Standing, code: str) -> Lesson:
    """One course: its parts, and how far one is.

    Raises:
        Unknown: no such course is offered here.
    """
    course = _course(region_of_reader(standing), code)
    return _lesson(standing, course, _attempt(standing, course))


@disclosure("training.take", on="region")
def see_video(standing: Standing, code: str, part: int) -> tuple[File, str]:
    """The video of a part, and of what kind it is.

    Raises:
        Unknown: there is none.
    """
    found = _course(region_of_reader(standing), code).part(part)
    if found is None or found.video is None:
        raise Unknown("video")
    return File.objects.get(pk=found.video), found.video_type


@disclosure("training.take", on="region")
def see_check(standing: Standing, code: str) -> Check:
    """The questions that are open, once all parts were read; their answers stay here.

    Raises:
        Unknown: no such course is offered here.
    """
    course = _course(region_of_reader(standing), code)
    attempt = _attempt(standing, course)
    lesson = _lesson(standing, course, attempt)
    if attempt is None or not lesson.all_read:
        return Check(lesson, None, [], 0, len(course.questions))
    turns = attempt.unseal("answers")
    wrong = {one["question"] for one in turns[-1]} - set(attempt.right) if turns else set()
    asked = [
        Asked(n, one.text, one.choices, one.explanation if n in wrong else "")
        for n, one in _open(course, attempt)
    ]
    return Check(lesson, attempt.id, asked, len(attempt.right), len(course.questions))


def _open(course: Course, attempt: Attempt) -> list[tuple[int, Question]]:
    """The questions that still have to be answered, each with its number."""
    known = attempt.right if course.again == Edition.Again.MISSED else []
    return [(n, one) for n, one in enumerate(course.questions, 1) if n not in known]


# ── Doing ────────────────────────────────────────────────────────────────────────────────────────


@use_case("training.take", on="region")
def read_part(change: Change, *, code: str, part: int) -> None:
    """Take note that a part was read or watched; parts come one after the other.

    Raises:
        Unknown: there is no such part.
        Problem: the parts before it have not been read.
    """
    region = region_of(change)
    course = _course(region, code)
    if course.part(part) is None:
        raise Unknown("part")
    attempt = _open_attempts(change.account).get((course.code, course.number))
    if part > (attempt.read if attempt else 0) + 1:
        raise Problem(gettext_noop("Please read the parts before this one first."))
    if attempt is None:
        attempt = Attempt(
            id=uuid7(),
            key_id=region.key_id,
            account_id=change.account,
            course=course.code,
            edition_number=course.number,
            began_at=change.now,
        )
        attempt.seal("answers", [])
        attempt.read = 1
        attempt.save(force_insert=True)
    elif part > attempt.read:
        attempt.read = part
        attempt.save(update_fields=["read"])
    else:
        change.silent = True
    change.about("Attempt", attempt.id, course=course.code, edition=course.number, read=part)


@use_case("training.take", on="region")
def answer(change: Change, *, code: str, attempt: UUID, choices: Mapping[int, int]) -> bool:
    """Answer the questions that are open; whether that completed the course.

    What is sent again after the course was passed changes nothing.

    Args:
        attempt: the one the page was shown for; somebody else's is not known here.
        choices: the number of each question, and of the choice taken; both count from 1.

    Raises:
        Unknown: no such course, or it is no attempt of this person.
        Problem: not all questions were answered, or there is a newer edition.
    """
    course = _course(region_of(change), code)
    mine = Attempt.objects.select_for_update().filter(pk=attempt, account=change.account)
    found = mine.filter(course=course.code).first()
    if found is None:
        raise Unknown("attempt")
    change.about("Attempt", found.id, course=course.code, edition=found.edition_number)
    if found.passed_at is not None:
        change.silent = True
        return True
    if found.edition_number != course.number:
        raise Problem(gettext_noop("This course has a new edition. Please read that one."))
    if found.read < len(course.parts):
        raise Problem(gettext_noop("Please read the parts before this one first."))
    _judge(change, course, found, choices)
    if len(found.right) < course.pass_mark:
        return False
    found.passed_at = change.now
    found.save(update_fields=["passed_at"])
    done = complete(
        change,
        account=change.account,
        course=course,
        on=clock.today(),
        way=Completion.Way.CHECK,
        attempt=found,
    )
    change.detail["completion"] = done.id.hex
    return True


def _judge(change: Change, course: Course, attempt: Attempt, choices: Mapping[int, int]) -> None:
    """Take the answers down, and which of them are right."""
    asked = _open(course, attempt)
    for number, question in asked:
        if not 1 <= choices.get(number, 0) <= len(question.choices):
            raise Problem(gettext_noop("Please answer every question."))
    turns: list[list[dict[str, Any]]] = attempt.unseal("answers")
    turns.append([{"question": n, "choice": choices[n]} for n, _ in asked])
    attempt.seal("answers", turns)
    right = {n for n, question in asked if choices[n] == question.answer}
    kept = set(attempt.right) if course.again == Edition.Again.MISSED else set()
    attempt.right = sorted(kept | right)
    if attempt.score is None:
        attempt.score = len(right)
    attempt.save(update_fields=["answers", "right", "score"])
    change.detail |= {"turn": len(turns), "right": len(attempt.right)}


def video_bytes(file: File, start: int = 0, end: int | None = None) -> Any:
    """The bytes of a video from ``start`` up to ``end``, as ``store.read``."""
    return store.read(file, start, end)
