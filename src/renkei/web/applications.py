"""The operator's desk for applications: what is missing, returning, deciding (A3, F1)."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.enrollment import approving, receiving
from renkei.enrollment.approving import Approved
from renkei.enrollment.joining_papers import print_application
from renkei.web import join, mail
from renkei.web.begin import link_address
from renkei.web.device import origin
from renkei.web.errors import sentence
from renkei.web.join_door import OperatorDoor
from renkei.web.join_forms import NameForm, NoteForm, TrainingForm
from renkei.web.page import page, tried
from renkei.web.pdf_answer import shown

if TYPE_CHECKING:
    from renkei.web.frame import Request


@require_safe
def listed(request: "Request") -> HttpResponse:
    """What waits, the longest waiting first; then what was decided."""
    lines = receiving.see_applications(request.actor, None)
    return page(request, "joining/list.html", lines=lines)


@require_http_methods(["GET", "POST"])
def new(request: "Request") -> HttpResponse:
    """Key in an application that came on paper."""
    form = NameForm(request.POST if request.method == "POST" else None)
    made: list[UUID] = []
    if form.is_valid() and tried(
        form, lambda: made.append(receiving.key_in(request.actor, None, **form.cleaned_data))
    ):
        return redirect("application_step", application=made[0], step="organization")
    receiving.see_applications(request.actor, None)
    return page(request, "joining/new.html", status=422 if form.errors else 200, form=form)


@require_http_methods(["GET", "POST"])
def step(request: "Request", application: UUID, step: str) -> HttpResponse:
    """One page of an application that is keyed in from paper."""
    door = OperatorDoor(request, application)
    draft = door.draft()
    if not draft.open:
        return redirect("application", application=application)
    return join.answer(request, door, step)


def _one(
    request: "Request",
    application: UUID,
    *,
    training: Form | None = None,
    note: Form | None = None,
    problem: str = "",
) -> HttpResponse:
    case = receiving.see_case(request.actor, None, application=application)
    status = 422 if problem or (training or note) else 200
    return page(
        request,
        "joining/application.html",
        status=status,
        case=case,
        draft=case.draft,
        training=training or TrainingForm(),
        note=note or NoteForm(),
        problem=problem,
    )


@require_http_methods(["GET", "POST"])
def one(request: "Request", application: UUID) -> HttpResponse:
    """One application; sending records the training, returns, refuses or approves."""
    if request.method != "POST":
        return _one(request, application)
    do = {"train": _train, "return": _return, "refuse": _refuse, "approve": _approve}
    act = do.get(request.POST.get("do", ""))
    return act(request, application) if act else _one(request, application)


def _train(request: "Request", application: UUID) -> HttpResponse:
    form = TrainingForm(request.POST)
    if form.is_valid() and tried(
        form,
        lambda: receiving.record_training(
            request.actor, None, application=application, **form.cleaned_data
        ),
    ):
        return HttpResponseRedirect(reverse("application", kwargs={"application": application}))
    return _one(request, application, training=form)


def _return(request: "Request", application: UUID) -> HttpResponse:
    form = NoteForm(request.POST)
    sent: list[tuple[str, str]] = []
    if form.is_valid() and tried(
        form,
        lambda: sent.append(
            receiving.return_application(
                request.actor, None, application=application, **form.cleaned_data
            )
        ),
    ):
        email, token = sent[0]
        address = join.back_address(request, token)
        note = form.cleaned_data["note"]
        mailed = bool(email) and mail.is_set_up() and mail.tell_of_return(email, note, address)
        return page(
            request, "joining/returned.html", email=email, mailed=mailed, number=token,
            application=application,
        )  # fmt: skip
    return _one(request, application, note=form)


def _refuse(request: "Request", application: UUID) -> HttpResponse:
    form = NoteForm(request.POST)
    told: list[str] = []
    if form.is_valid() and tried(
        form,
        lambda: told.append(
            receiving.refuse_application(
                request.actor, None, application=application, **form.cleaned_data
            )
        ),
    ):
        if told[0] and mail.is_set_up():
            mail.tell_of_refusal(told[0], form.cleaned_data["note"])
        return HttpResponseRedirect(reverse("application", kwargs={"application": application}))
    return _one(request, application, note=form)


def _approve(request: "Request", application: UUID) -> HttpResponse:
    from renkei.kernel.errors import Problem

    try:
        made = approving.approve_application(
            request.actor, None, application=application, by_mail=mail.is_set_up()
        )
    except Problem as problem:
        return _one(request, application, problem=sentence(problem))
    unsent = _send_links(request, made)
    return page(request, "joining/approved.html", made=made, unsent=unsent, mail=mail.is_set_up())


def _send_links(request: "Request", made: Approved) -> list[str]:
    """Send everybody their link; the names of those to whom it could not be sent."""
    if made.contact and mail.is_set_up():
        mail.tell_of_approval(made.contact, made.name)
    return [
        one.name
        for one in made.links
        if not mail.send_link(one, link_address(request, one.token, on_paper=False))
    ]


@require_POST
def paper(request: "Request", application: UUID, form: str) -> HttpResponse:
    """Form 1 or 2 of an application as a sheet of paper."""
    return shown(print_application(request.actor, application, form, origin=origin(request)))
