"""Defining courses, for the operator: drafts, parts, questions, publishing."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from renkei.kernel.errors import Problem, Unknown
from renkei.training import defining, shelf
from renkei.training.taking import video_bytes
from renkei.web import training_words as words
from renkei.web.page import page, tried
from renkei.web.patient import after
from renkei.web.ranges import ranged
from renkei.web.training import numbered
from renkei.web.training_forms import FactsForm, PartForm, QuestionsForm

if TYPE_CHECKING:
    from renkei.web.frame import Request


@require_http_methods(["GET", "POST"])
def courses(request: "Request") -> HttpResponse:
    """What is offered, what is being prepared; begin a draft, or offer a course no more."""
    if request.method == "POST":
        code = request.POST.get("course", "")[:12]
        if request.POST.get("do") == "withdraw":
            defining.withdraw_course(request.actor, None, code=code)
            return after("training_courses")
        made = defining.begin_edition(request.actor, None, code=code)
        return after("training_edition", edition=made)
    found = shelf.see_shelf(request.actor, None)
    return page(request, "training/courses.html", shelf=found, words=words)


@require_http_methods(["GET", "POST"])
def edition(request: "Request", edition: UUID) -> HttpResponse:
    """One edition: what it says of its course, its parts, its questions; publish or discard it."""
    found = shelf.see_edition(request.actor, None, edition)
    what = request.POST.get("do", "")
    form = FactsForm(request.POST if what == "change" else None, initial=asdict(found.facts))
    if request.method == "POST":
        step = _steps(request, edition, form).get(what)
        if step is None:
            raise Problem(gettext_noop("Please check once more."))
        if what != "change":
            step()
            return after("training_courses")
        if form.is_valid() and tried(form, step):
            return after("training_edition", edition=edition)
    return page(
        request, "training/edition.html", status=422 if what else 200, draft=found, form=form,
        missing=[gettext(one) for one in found.missing], words=words,
    )  # fmt: skip


def _steps(request: "Request", edition: UUID, form: FactsForm) -> dict[str, Callable[[], object]]:
    actor = request.actor
    return {
        "change": lambda: defining.change_edition(actor, None, edition=edition, facts=form.facts()),
        "publish": lambda: defining.publish_edition(actor, None, edition=edition),
        "discard": lambda: defining.discard_edition(actor, None, edition=edition),
    }


@require_http_methods(["GET", "POST"])
def part(request: "Request", edition: UUID, part: str) -> HttpResponse:
    """One part of a draft; the number after the last one adds a part."""
    number = numbered(part)
    found = shelf.see_edition(request.actor, None, edition)
    shown = found.course.part(number)
    if shown is None and number != len(found.course.parts) + 1:
        raise Unknown("part")
    if request.POST.get("do") == "remove":
        defining.remove_part(request.actor, None, edition=edition, number=number)
        return after("training_edition", edition=edition)
    known = ("title", "text", "captions")
    initial = {name: getattr(shown, name) for name in known} if shown else {}
    sent = request.method == "POST"
    form = PartForm(
        request.POST if sent else None, request.FILES if sent else None, initial=initial
    )
    if form.is_valid() and tried(form, lambda: _save(request, edition, number, form)):
        return after("training_edition", edition=edition)
    return page(
        request, "training/edit_part.html", status=422 if form.is_bound else 200, draft=found,
        part=shown, number=number, form=form,
    )  # fmt: skip


def _save(request: "Request", edition: UUID, number: int, form: PartForm) -> None:
    given = dict(form.cleaned_data)
    film = given.pop("video")
    defining.save_part(
        request.actor, None, edition=edition, number=number,
        video=film.read() if film else None, **given,
    )  # fmt: skip


@require_safe
def video(request: "Request", edition: UUID, part: str) -> HttpResponseBase:
    """The video of a part, to be looked at before it is published."""
    file, kind = shelf.see_edition_video(request.actor, None, edition, numbered(part))
    read = partial(video_bytes, file)
    return ranged(request, read, size=file.size, kind=kind, tag=file.id.hex)


@require_http_methods(["GET", "POST"])
def questions(request: "Request", edition: UUID) -> HttpResponse:
    """The five questions of a draft, with their answers and why."""
    found = shelf.see_edition(request.actor, None, edition)
    form = QuestionsForm(request.POST if request.method == "POST" else None, course=found.course)
    if form.is_valid() and tried(
        form,
        lambda: defining.change_questions(
            request.actor, None, edition=edition, questions=form.questions()
        ),
    ):
        return after("training_edition", edition=edition)
    status = 422 if form.is_bound else 200
    return page(request, "training/questions.html", status=status, draft=found, form=form)
