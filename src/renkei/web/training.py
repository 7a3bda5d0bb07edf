"""Taking courses: one's own list, a course part by part, its questions, the certificate."""

from functools import partial
from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from renkei.kernel.errors import Problem, Unknown
from renkei.training import certificates, taking
from renkei.training.taking import Check, Lesson
from renkei.web import training_words as words
from renkei.web.device import origin
from renkei.web.errors import sentence
from renkei.web.page import page
from renkei.web.patient import after
from renkei.web.ranges import ranged
from renkei.web.texts import written
from renkei.web.training_paper import certificate_paper, grouped

if TYPE_CHECKING:
    from renkei.web.frame import Request


@require_safe
def own(request: "Request") -> HttpResponse:
    """What is due, what is valid, what was completed."""
    return page(
        request, "training/own.html", lines=taking.see_own(request.actor, None),
        past=certificates.see_past(request.actor, None), words=words, grouped=grouped,
    )  # fmt: skip


@require_safe
def course(request: "Request", course: str) -> HttpResponse:
    """One course: what it is for, its parts, how far one is."""
    lesson = taking.see_course(request.actor, None, course)
    return page(request, "training/course.html", lesson=lesson, words=words)


def numbered(part: str) -> int:
    """The number of a part in an address.

    Raises:
        Unknown: it is none.
    """
    if not (part.isascii() and part.isdigit() and len(part) < 4):
        raise Unknown("part")
    return int(part)


@require_http_methods(["GET", "POST"])
def part(request: "Request", course: str, part: str) -> HttpResponse:
    """One part; sending says that it was read, and goes on to the next."""
    number = numbered(part)
    lesson = taking.see_course(request.actor, None, course)
    shown = next((one for one in lesson.parts if one.number == number), None)
    if shown is None:
        raise Unknown("part")
    if request.method == "POST":
        taking.read_part(request.actor, None, code=course, part=number)
        if number >= len(lesson.parts):
            return after("training_check", course=course)
        return after("training_part", course=course, part=number + 1)
    return page(
        request, "training/part.html", lesson=lesson, part=shown, text=written(shown.text)
    )  # fmt: skip


@require_safe
def video(request: "Request", course: str, part: str) -> HttpResponseBase:
    """The video of a part, for the player of the page; in the pieces that it asks for."""
    file, kind = taking.see_video(request.actor, None, course, numbered(part))
    read = partial(taking.video_bytes, file)
    return ranged(request, read, size=file.size, kind=kind, tag=file.id.hex)


@require_safe
def captions(request: "Request", course: str, part: str) -> HttpResponse:
    """The captions of a part."""
    number = numbered(part)
    lesson = taking.see_course(request.actor, None, course)
    found = next((one.captions for one in lesson.parts if one.number == number), "")
    if not found:
        raise Unknown("captions")
    return HttpResponse(found, content_type="text/vtt; charset=utf-8")


@require_http_methods(["GET", "POST"])
def check(request: "Request", course: str) -> HttpResponse:
    """The questions that are open, all on one page."""
    found = taking.see_check(request.actor, None, course)
    lesson = found.lesson
    if request.method == "GET":
        if not lesson.all_read:
            return after("training_course", course=course)
        return _check(request, found, {})
    chosen = _chosen(request, lesson)
    if found.attempt is None:
        return after("training_course", course=course)
    try:
        taking.answer(request.actor, None, code=course, attempt=found.attempt, choices=chosen)
    except Problem as problem:
        return _check(request, found, chosen, sentence(problem))
    done = not taking.see_check(request.actor, None, course).lesson.all_read
    return after("training_course" if done else "training_check", course=course)


def _chosen(request: "Request", lesson: Lesson) -> dict[int, int]:
    """What was ticked; anything that is no number is nothing."""
    sent = {n: request.POST.get(f"q{n}", "") for n in range(1, lesson.questions + 1)}
    return {n: int(one) for n, one in sent.items() if one in "123456" and one}


def _check(
    request: "Request", found: Check, chosen: dict[int, int], fault: str = ""
) -> HttpResponse:
    return page(
        request, "training/check.html", status=422 if fault else 200, check=found,
        lesson=found.lesson, chosen=chosen, fault=fault,
    )  # fmt: skip


@require_safe
def certificate(request: "Request", number: str) -> HttpResponse:
    """One's own certificate as PDF."""
    found = certificates.see_certificate(request.actor, None, number)
    address = f"{origin(request)}{reverse('training_all')}?number={found.number}"
    response = HttpResponse(certificate_paper(found, address), content_type="application/pdf")
    response.headers["Content-Disposition"] = 'inline; filename="certificate.pdf"'
    return response
