"""Courses as the operator sees them: drafts and what is offered, with their answers (A9)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.files.models import File
from renkei.kernel.errors import Unknown
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.training.courses import Course, Question, all_in_force, course_of, region_of_reader
from renkei.training.models import Edition

QUESTIONS: Final = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What an edition says of its course."""

    title: str
    purpose: str
    minutes: int
    months: int | None  # None: as the policy says
    required: bool
    pass_mark: int
    again: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """All courses, for who defines them."""

    offered: list[Course]
    drafts: list[tuple[UUID, Course]]
    withdrawn: list[tuple[str, str]]  # code, title


@dataclass(frozen=True, slots=True)
class Draft:
    """An edition with everything in it, its answers too, for who defines it."""

    id: UUID
    course: Course
    facts: Facts
    published: bool
    missing: list[str]  # sentences: what keeps it from being published


@disclosure("training.define", on="region")
def see_shelf(standing: Standing) -> Shelf:
    """What is offered, what is being prepared, what is offered no more."""
    region = region_of_reader(standing)
    offered = all_in_force(region)
    drafts = Edition.objects.filter(region=region, published_at=None).order_by("made_at")
    codes = {one.code for one in offered}
    gone = Edition.objects.filter(region=region, withdrawn_at__isnull=False).exclude(
        course__in=codes
    )
    return Shelf(
        offered,
        [(one.id, course_of(one, region)) for one in drafts],
        list({one.course: (one.course, one.title) for one in gone}.values()),
    )


def edition_here(standing: Standing, edition: UUID) -> Edition:
    """An edition of this region.

    Raises:
        Unknown: there is none of that id here.
    """
    found = Edition.objects.filter(pk=edition, region=standing.who.region).first()
    if found is None:
        raise Unknown("edition")
    return found


@disclosure("training.define", on="region")
def see_edition(standing: Standing, edition: UUID) -> Draft:
    """One edition with everything in it.

    Raises:
        Unknown: it is none of this region.
    """
    found = edition_here(standing, edition)
    course = course_of(found, region_of_reader(standing))
    facts = Facts(
        found.title, found.purpose, found.minutes, found.months, found.required, found.pass_mark,
        found.again,
    )  # fmt: skip
    return Draft(found.id, course, facts, found.published_at is not None, list(missing(course)))


@disclosure("training.define", on="region")
def see_edition_video(standing: Standing, edition: UUID, part: int) -> tuple[File, str]:
    """The video of a part of any edition, to be looked at before publishing.

    Raises:
        Unknown: there is none.
    """
    found = edition_here(standing, edition).parts.filter(number=part, video__isnull=False)
    one = found.select_related("video").first()
    if one is None or one.video is None:
        raise Unknown("video")
    return one.video, one.video_type


def missing(course: Course) -> Iterable[str]:
    """What keeps a draft from being published: sentences in English, marked for translation."""
    if not course.title:
        yield gettext_noop("The title is missing.")
    if not course.parts:
        yield gettext_noop("There is no part yet.")
    if any(not one.title or not (one.text or one.video) for one in course.parts):
        yield gettext_noop("A part has no title, or neither video nor text.")
    if any(one.video and not (one.captions or one.text) for one in course.parts):
        yield gettext_noop(
            "A video has neither captions nor text: people who cannot hear it would learn nothing."
        )
    if len(course.questions) != QUESTIONS or not all(map(_complete, course.questions)):
        yield gettext_noop(
            "Five questions are needed, each with two choices or more, one of them right, and an"
            " explanation."
        )


def _complete(question: Question) -> bool:
    return (
        bool(question.text and question.explanation)
        and len(question.choices) >= 2
        and all(question.choices)
        and 1 <= question.answer <= len(question.choices)
    )
