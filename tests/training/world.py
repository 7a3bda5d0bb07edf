"""A draft, a lecture and a small film, and somebody who takes a course."""

from typing import Any
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.people.models import Organization, PractitionerRole
from renkei.policy.standing import Actor
from renkei.region.models import Region
from renkei.training import defining, taking
from renkei.training.courses import Question, default_course
from renkei.training.models import FIRST, Edition, Lecture, Part
from renkei.training.shelf import Facts
from tests.cast import Cast

MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm"
CAPTIONS = "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n昨日の熱、伝わっていますか\n"
FILM = MP4 + bytes(range(256)) * 700  # some 180 KB: three pieces of a sealed file


def forget(cast: Cast) -> None:
    """Nobody, and no organization, has been trained yet."""
    PractitionerRole.objects.update(trained_on=None)
    Organization.objects.filter(region=cast.region).update(trained_on=None)


def edition_of(cast: Cast) -> UUID:
    """A draft of the course before use, as a row: the same one when asked again."""
    found = Edition.objects.filter(region=cast.region, published_at=None).first()
    if found is None:
        found = Edition.objects.create(
            region_id=cast.region, course=FIRST, number=1, title="講習",
            made_by=cast.account("operator"), made_at=clock.now(),
        )  # fmt: skip
        Part.objects.create(edition=found, number=1, title="はじめに", text="読む文")
    return found.id


def lecture_of(cast: Cast) -> UUID:
    """A lecture of today, as a row: the same one when asked again."""
    found = Lecture.objects.filter(region=cast.region).first()
    if found is None:
        region = Region.objects.get(pk=cast.region)
        found = Lecture(
            id=uuid7(), key_id=region.key_id, region=region, course=FIRST, edition_number=0,
            on=clock.today(), made_by=cast.account("operator"), made_at=clock.now(),
        )  # fmt: skip
        found.seal("details", {"place": "公民館", "teacher": "講師 一"})
        found.save(force_insert=True)
    return found.id


def facts(**given: Any) -> Facts:
    return Facts(
        **{
            "title": "個人情報の扱い",
            "purpose": "年に一度の学び直し",
            "minutes": 10,
            "months": None,
            "required": True,
            "pass_mark": 5,
            "again": "missed",
            **given,
        }
    )


def questions(n: int = 5) -> tuple[Question, ...]:
    return tuple(
        Question(f"問い{one}", ("はい", "いいえ", "どちらでもない"), 2, f"説明{one}")
        for one in range(1, n + 1)
    )


def published(cast: Cast, *, video: bytes | None = FILM, **given: Any) -> str:
    """A course of one part with a film, offered to everybody; its code."""
    actor = cast["operator"]
    edition = defining.begin_edition(actor, None, code="")
    defining.change_edition(actor, None, edition=edition, facts=facts(**given))
    defining.save_part(
        actor, None, edition=edition, number=1, title="はじめに", text="", captions=CAPTIONS,
        video=video,
    ) if video else defining.save_part(
        actor, None, edition=edition, number=1, title="はじめに", text="読む文", captions="",
    )  # fmt: skip
    defining.change_questions(actor, None, edition=edition, questions=questions())
    defining.publish_edition(actor, None, edition=edition)
    return Edition.objects.get(pk=edition).course


def default_answers(cast: Cast) -> dict[int, int]:
    """What is right in the course that comes with the product."""
    course = default_course(Region.objects.get(pk=cast.region))
    return {n: one.answer for n, one in enumerate(course.questions, 1)}


def read_all(actor: Actor, code: str = FIRST) -> UUID:
    """Read every part; the attempt."""
    for part in taking.see_course(actor, None, code).parts:
        taking.read_part(actor, None, code=code, part=part.number)
    attempt = taking.see_check(actor, None, code).attempt
    assert attempt is not None
    return attempt


def take(cast: Cast, name: str, code: str = FIRST) -> UUID:
    """Take a course from beginning to end, everything right at once."""
    attempt = read_all(cast[name], code)
    right = default_answers(cast) if code == FIRST else dict.fromkeys(range(1, 6), 2)
    assert taking.answer(cast[name], None, code=code, attempt=attempt, choices=right)
    return attempt
