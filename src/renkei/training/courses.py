"""Courses and what they consist of: the default one, and the editions that a region has set."""

import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

from renkei.device.ledger import months_later
from renkei.kernel import clock
from renkei.kernel.database import as_uuid, rows
from renkei.policy.standing import Standing
from renkei.region import parameters
from renkei.region.edition import IN_FORCE
from renkei.region.models import Region
from renkei.region.wording import SYSTEM, TEXTS, fill
from renkei.training.models import FIRST, Edition, Part

FOLDER: Final = TEXTS / "training"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the check. ``answer`` counts from 1, and never leaves with the question."""

    text: str
    choices: tuple[str, ...]
    answer: int
    explanation: str
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """One part of a course as it is read or watched."""

    number: int
    title: str
    text: str  # Markdown
    video: UUID | None = None
    video_type: str = ""
    video_size: int = 0
    captions: str = ""  # WebVTT


@dataclass(frozen=True, slots=True)
class Head:
    """What of a course decides whether somebody has to take it, and when again."""

    code: str
    title: str
    months: int  # valid so long
    required: bool

    @property
    def before_use(self) -> bool:
        """Whether it is the course before use (A3, F1)."""
        return self.code == FIRST

    def valid_until(self, on: date) -> date:
        """The last day on which what was completed on a day is valid."""
        return months_later(on, self.months)


@dataclass(frozen=True, slots=True)
class Course(Head):
    """A course in one edition; ``number`` 0 is the default that comes with the product."""

    number: int
    purpose: str
    minutes: int
    pass_mark: int
    again: str  # a word of ``Edition.Again``
    questions: tuple[Question, ...]
    parts: tuple[Chapter, ...]
    edition: UUID | None = None

    def part(self, number: int) -> Chapter | None:
        """The part of that number."""
        return next((one for one in self.parts if one.number == number), None)


# ── The default ──────────────────────────────────────────────────────────────────────────────────


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


@cache
def _scenes() -> tuple[tuple[str, str, str], ...]:
    """The script, scene by scene: minute, what is said, caption; what is seen is for a film."""
    lines = (FOLDER / "video-script.ja.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    scenes = [row for row in rows if row[0][:1].isdigit()]
    return tuple((one[0], one[2], one[3]) for one in scenes)


def _seconds(minute: str) -> int:
    minutes, seconds = minute.split(":")
    return int(minutes) * 60 + int(seconds)


def _told(said: str, caption: str) -> str:
    """A scene as it is read."""
    return f"### {caption}\n\n{said}"


def _chapters(words: dict[str, dict[str, object]]) -> Iterator[Chapter]:
    """The script parted as ``course.toml`` says, to be read instead of watched."""
    listed = _toml("course.toml")["chapter"]
    begins = [_seconds(one["from"]) for one in listed]
    ends = [*begins[1:], 10**6]
    for number, (one, begin, end) in enumerate(zip(listed, begins, ends, strict=True), 1):
        scenes = [scene for scene in _scenes() if begin <= _seconds(scene[0]) < end]
        text = "\n\n".join(_told(*scene[1:]) for scene in scenes)
        yield Chapter(number, one["title_ja"], fill(text, words))


def questions_of(found: list[dict[str, Any]]) -> tuple[Question, ...]:
    """Questions from mappings, as ``check.toml`` and ``Edition.questions`` hold them."""
    return tuple(
        Question(
            text=one["text"],
            choices=tuple(one["choices"]),
            answer=int(one["answer"]),
            explanation=one["explanation"],
            clauses=tuple(one.get("clauses", ())),
        )
        for one in found
    )


def as_mappings(questions: tuple[Question, ...]) -> list[dict[str, Any]]:
    """Questions as ``Edition.questions`` holds them."""
    return [{**asdict(one), "choices": list(one.choices), "clauses": list(one.clauses)}
            for one in questions]  # fmt: skip


def default_course(region: Region) -> Course:
    """The course before use as it comes with the product, in the region's words."""
    return _default(region.operator_name, region.phone, interval(region))


@cache
def _default_title() -> str:
    return fill(_toml("course.toml")["course"]["title_ja"], {"system": SYSTEM})


@lru_cache(maxsize=16)
def _default(operator_name: str, operator_phone: str, months: int) -> Course:
    facts = _toml("course.toml")["course"]
    words: dict[str, dict[str, object]] = {
        "system": dict(SYSTEM),
        "operator": {"name": operator_name, "phone": operator_phone},
    }
    return Course(
        code=FIRST,
        number=0,
        title=_default_title(),
        purpose=facts["purpose_ja"],
        minutes=facts["minutes"],
        months=months,
        required=True,
        pass_mark=facts["pass_mark"],
        again=Edition.Again.MISSED.value,
        questions=questions_of(_toml("check.toml")["question"]),
        parts=tuple(_chapters(words)),
    )


# ── What a region has set ────────────────────────────────────────────────────────────────────────


def region_of_reader(standing: Standing) -> Region:
    """The region of the person who asks."""
    assert standing.who.region is not None
    return Region.objects.get(pk=standing.who.region)


def interval(region: Region) -> int:
    """Months after which training repeats, where a course says nothing of its own (A9)."""
    return int(parameters.of(region.edition)["training_interval_months"])


def course_of(edition: Edition, region: Region) -> Course:
    """An edition as a course, draft or not."""
    parts = edition.parts.select_related("video").order_by("number")
    return Course(
        code=edition.course,
        number=edition.number,
        title=edition.title,
        purpose=edition.purpose,
        minutes=edition.minutes,
        months=edition.months or interval(region),
        required=edition.required or edition.course == FIRST,
        pass_mark=edition.pass_mark,
        again=edition.again,
        questions=questions_of(edition.questions),
        parts=tuple(_chapter(one) for one in parts),
        edition=edition.id,
    )


def _chapter(part: Part) -> Chapter:
    return Chapter(
        number=part.number,
        title=part.title,
        text=part.text,
        video=part.video_id,
        video_type=part.video_type,
        video_size=part.video.size if part.video else 0,
        captions=part.captions,
    )


_HEADS = f"""
    SELECT {IN_FORCE}, e.course, e.title, e.months, e.required, e.withdrawn_at
    FROM region_region rg
    LEFT JOIN training_edition e ON e.region_id = rg.id AND e.published_at IS NOT NULL
    WHERE rg.id = %s ORDER BY e.number"""


def heads(region: UUID) -> list[Head]:
    """The heads of all courses that are offered, in one query; the one before use first."""
    found = rows(_HEADS, [clock.to_us(clock.now()), region.hex])
    months = int(parameters.of(as_uuid(found[0][0]))["training_interval_months"])
    newest = {one[1]: one for one in found if one[1]}
    offered = [
        Head(code, title, of_months or months, bool(required) or code == FIRST)
        for _, code, title, of_months, required, withdrawn in newest.values()
        if withdrawn is None
    ]
    if not any(one.before_use for one in offered):
        offered.append(Head(FIRST, _default_title(), months, True))
    return sorted(offered, key=lambda one: (not one.before_use, one.title))


def all_in_force(region: Region) -> list[Course]:
    """Every course that is offered, in its newest published edition; the one before use first."""
    found = [in_force(region, one.code) for one in heads(region.id)]
    return [one for one in found if one is not None]


def in_force(region: Region, code: str) -> Course | None:
    """One course in the edition that is offered; None if there is none."""
    published = Edition.objects.filter(region=region, course=code, published_at__isnull=False)
    newest = published.order_by("number").last()
    if newest is not None and newest.withdrawn_at is None:
        return course_of(newest, region)
    return default_course(region) if code == FIRST else None
