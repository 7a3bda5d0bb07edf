"""Defining courses: drafts, their parts and questions, and publishing them; for the operator."""

import secrets
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.files import store
from renkei.files.models import File
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import clean_text
from renkei.policy.standing import Actor, On, Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.training import video as videos
from renkei.training.completing import ALPHABET, region_of
from renkei.training.courses import (
    Question,
    as_mappings,
    course_of,
    in_force,
    region_of_reader,
)
from renkei.training.models import FIRST, Edition, Part
from renkei.training.shelf import QUESTIONS, Facts, edition_here, missing

CHOICES: Final = 6
PARTS: Final = 20
TEXT: Final = 20_000  # characters of a part


# ── Drafts ───────────────────────────────────────────────────────────────────────────────────────


@use_case("training.define", on="region")
def begin_edition(change: Change, *, code: str) -> UUID:
    """Begin a draft: of a course that is offered, with all it has now, or of a new one.

    Args:
        code: of the course; empty for a new one.

    Raises:
        Unknown: there is no such course.
        Problem: somebody has begun a draft of it already.
    """
    region = region_of(change)
    before = in_force(region, code) if code else None
    if code and before is None:
        raise Unknown("course")
    code = code or "".join(secrets.choice(ALPHABET) for _ in range(8)).lower()
    editions = Edition.objects.filter(region=region, course=code)
    if editions.filter(published_at=None).exists():
        raise Problem(gettext_noop("There is a draft of this course already."))
    last = editions.order_by("number").last()
    edition = Edition(
        region=region,
        course=code,
        number=last.number + 1 if last else 1,
        title=before.title if before else "",
        purpose=before.purpose if before else "",
        minutes=before.minutes if before else 10,
        months=last.months if last else None,
        required=before.required if before else True,
        pass_mark=before.pass_mark if before else QUESTIONS,
        again=before.again if before else Edition.Again.MISSED,
        questions=as_mappings(before.questions) if before else [],
        made_by=change.account,
        made_at=change.now,
    )
    edition.save(force_insert=True)
    for one in before.parts if before else ():
        Part.objects.create(
            edition=edition,
            number=one.number,
            title=one.title,
            text=one.text,
            video_id=one.video,
            video_type=one.video_type,
            captions=one.captions,
        )
    _about(change, edition, "begun")
    return edition.id


def _about(change: Change, edition: Edition, did: str) -> None:
    change.stream = f"region:{edition.region_id.hex}"
    change.about("Edition", edition.id, course=edition.course, edition=edition.number, did=did)


def _draft(change: Change, edition: UUID, did: str) -> Edition:
    """The edition, locked, as long as nobody takes it.

    Raises:
        Unknown: it is none of this region.
        Problem: it has been published.
    """
    editions = Edition.objects.select_for_update().filter(pk=edition, region=change.region)
    found = editions.first()
    if found is None:
        raise Unknown("edition")
    _about(change, found, did)
    if found.published_at is not None:
        raise Problem(gettext_noop("A published edition never changes. Please begin a new one."))
    return found


@use_case("training.define", on="region")
def change_edition(change: Change, *, edition: UUID, facts: Facts) -> None:
    """Set what a draft says of its course.

    Raises:
        Problem: it is published, or a figure is out of bounds.
    """
    found = _draft(change, edition, "changed")
    if not 1 <= facts.minutes <= 600:
        raise Problem(gettext_noop("Please write a number from 1 to 600."), field="minutes")
    if facts.months is not None and not 1 <= facts.months <= 60:
        raise Problem(gettext_noop("Please write a number from 1 to 60."), field="months")
    if not 1 <= facts.pass_mark <= QUESTIONS:
        raise Problem(gettext_noop("Please write a number from 1 to 5."), field="pass_mark")
    if facts.again not in Edition.Again.values:
        raise Problem(gettext_noop("Please choose one."), field="again")
    found.title = clean_text(facts.title).strip()[:100]
    found.purpose = clean_text(facts.purpose).strip()[:500]
    found.minutes, found.months, found.again = facts.minutes, facts.months, facts.again
    found.required = facts.required or found.course == FIRST
    found.pass_mark = facts.pass_mark
    found.save()


@use_case("training.define", on="region")
def change_questions(change: Change, *, edition: UUID, questions: tuple[Question, ...]) -> None:
    """Set the questions of a draft; what is not complete yet keeps it from being published.

    Raises:
        Problem: it is published, or there are too many.
    """
    found = _draft(change, edition, "questions")
    if len(questions) > QUESTIONS or any(len(one.choices) > CHOICES for one in questions):
        raise Problem(gettext_noop("There are five questions, each with up to six choices."))
    found.questions = as_mappings(questions)
    found.save(update_fields=["questions"])


def save_part(
    actor: Actor,
    on: On,
    *,
    edition: UUID,
    number: int,
    title: str,
    text: str,
    captions: str,
    video: bytes | None = None,
    without_video: bool = False,
) -> None:
    """Set one part of a draft; a number one beyond the last adds it.

    The video is looked at and written before the change begins, so that nobody waits for it.

    Raises:
        Problem: it is published, the video is none, or the captions are none.
        OSError: the file could not be written; the part is what it was.
    """
    key = _key_for_video(actor, on, edition)
    kind = videos.type_of(video) if video else ""
    file = store.write(key, _pieces(video)) if video else None
    _keep_part(
        actor,
        on,
        edition=edition,
        number=number,
        title=clean_text(title).strip()[:100],
        text=clean_text(text).strip(),
        captions=videos.captions(captions),
        file=file,
        kind=kind,
        without_video=without_video,
    )


def _pieces(content: bytes) -> Iterable[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


@disclosure("training.define", on="region")
def _key_for_video(standing: Standing, edition: UUID) -> UUID:
    """The data key it is sealed under; and the rule is asked before anything is looked at."""
    edition_here(standing, edition)
    return region_of_reader(standing).key_id


@use_case("training.define", on="region")
def _keep_part(
    change: Change,
    *,
    edition: UUID,
    number: int,
    title: str,
    text: str,
    captions: str,
    file: File | None,
    kind: str,
    without_video: bool,
) -> None:
    found = _draft(change, edition, "part")
    if len(text) > TEXT:
        raise Problem(gettext_noop("This is too long."), field="text")
    last = found.parts.count()
    if not 1 <= number <= min(last + 1, PARTS):
        raise Problem(gettext_noop("A course has up to 20 parts."))
    part = found.parts.filter(number=number).first() or Part(edition=found, number=number)
    part.title, part.text, part.captions = title, text, captions
    before = part.video_id
    if file is not None:
        file.save(force_insert=True)
        part.video, part.video_type = file, kind
    elif without_video:
        part.video, part.video_type = None, ""
    part.save()
    if before is not None and before != part.video_id:
        _let_go(before)
    change.detail |= {"part": number, "video": file.id.hex if file else None}


def _let_go(video: UUID) -> None:
    """Take a video away that no part of any edition shows any more."""
    if not Part.objects.filter(video=video).exists():
        store.remove(video)


@use_case("training.define", on="region")
def remove_part(change: Change, *, edition: UUID, number: int) -> None:
    """Take a part out of a draft; those after it move up.

    Raises:
        Unknown: there is no such part.
        Problem: it is published.
    """
    found = _draft(change, edition, "part_removed")
    part = found.parts.filter(number=number).first()
    if part is None:
        raise Unknown("part")
    video = part.video_id
    part.delete()
    for one in found.parts.filter(number__gt=number).order_by("number"):
        one.number -= 1
        one.save(update_fields=["number"])
    if video is not None:
        _let_go(video)
    change.detail["part"] = number


@use_case("training.define", on="region")
def discard_edition(change: Change, *, edition: UUID) -> None:
    """Throw a draft away.

    Raises:
        Problem: it is published.
    """
    found = _draft(change, edition, "discarded")
    shown = set(found.parts.filter(video__isnull=False).values_list("video", flat=True))
    found.delete()
    for one in shown:
        if one is not None:
            _let_go(one)


# ── Publishing ───────────────────────────────────────────────────────────────────────────────────


@use_case("training.define", on="region")
def publish_edition(change: Change, *, edition: UUID) -> None:
    """Let everybody take this edition from now on; it never changes again.

    What was completed in an earlier edition stays valid until its day.

    Raises:
        Problem: it is published already, or something is missing.
    """
    found = _draft(change, edition, "published")
    for sentence in missing(course_of(found, region_of(change))):
        raise Problem(sentence)
    found.published_at, found.published_by = change.now, change.account
    found.save(update_fields=["published_at", "published_by"])


@use_case("training.define", on="region")
def withdraw_course(change: Change, *, code: str) -> None:
    """Offer a course no more. The one before use falls back to the default.

    Raises:
        Unknown: no such course is offered, or it is the default itself.
    """
    course = in_force(region_of(change), code)
    if course is None or course.edition is None:
        raise Unknown("course")
    found = Edition.objects.select_for_update().get(pk=course.edition)
    found.withdrawn_at = change.now
    found.save(update_fields=["withdrawn_at"])
    _about(change, found, "withdrawn")
