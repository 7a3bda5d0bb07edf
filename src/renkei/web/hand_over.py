"""A patient passes to another organization, and two who have registered one person (A4)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from renkei.group.shell import see_shell
from renkei.kernel.errors import Problem
from renkei.patient import hand_overs, handing_over, same_person
from renkei.web.errors import sentence
from renkei.web.frame import Request
from renkei.web.group_forms import ReasonForm
from renkei.web.life_forms import AcceptForm, HandOverForm
from renkei.web.page import page, tried
from renkei.web.patient import own_organization


@require_http_methods(["GET", "POST"])
def propose(request: Request, patient: UUID) -> HttpResponse:
    """Propose to another organization that it manages the patient; see what is open."""
    desk = hand_overs.see_proposal_desk(request.actor, patient)
    initial = {"target": str(desk.asked)} if desk.asked else {}
    form = HandOverForm(request.POST or None, able=desk.able, initial=initial)
    made: list[Any] = []
    if form.is_valid() and tried(
        form,
        lambda: made.append(
            handing_over.propose_hand_over(request.actor, patient, proposal=form.proposal())
        ),
    ):
        return redirect("hand_over", hand_over=made[0].id)
    return page(
        request,
        "patient/hand_over_propose.html",
        shell=desk.record.shell,
        status=422 if form.errors else 200,
        record=desk.record,
        desk=desk,
        form=form,
    )


@require_http_methods(["GET"])
def listed(request: Request) -> HttpResponse:
    """What one's organization hands over, was handed, or is asked to take."""
    shell = see_shell(request.actor, None)
    found = hand_overs.see_hand_overs(request.actor, own_organization(shell))
    return page(request, "patient/hand_overs.html", shell=found.shell, found=found)


def _one_page(
    request: Request,
    hand_over: UUID,
    status: int = 200,
    accept: AcceptForm | None = None,
    **forms: Any,
) -> HttpResponse:
    seen = hand_overs.see_hand_over(request.actor, hand_over)
    forms.setdefault("decline", ReasonForm(prefix="decline"))
    forms.setdefault("withdraw", ReasonForm(prefix="withdraw"))
    return page(
        request,
        "patient/hand_over.html",
        shell=seen.shell,
        status=status,
        seen=seen,
        accept=accept or AcceptForm(exempt=seen.exempt, twice=seen.own is not None),
        **forms,
    )


@require_http_methods(["GET"])
def one(request: Request, hand_over: UUID) -> HttpResponse:
    """One hand-over, for either side."""
    return _one_page(request, hand_over)


@require_POST
def accept(request: Request, hand_over: UUID) -> HttpResponse:
    """Manage the patient from now on."""
    seen = hand_overs.see_accepting(request.actor, hand_over)
    form = AcceptForm(request.POST, exempt=seen.exempt, twice=seen.own is not None)
    made: list[UUID] = []
    if form.is_valid() and tried(
        form,
        lambda: made.append(
            handing_over.accept_hand_over(request.actor, hand_over, acceptance=form.acceptance())
        ),
    ):
        return redirect("patient", patient=made[0])
    return _one_page(request, hand_over, 422, accept=form)


def _with_reason(
    request: Request, hand_over: UUID, name: str, action: Callable[..., None]
) -> HttpResponse:
    form = ReasonForm(request.POST, prefix=name)
    if form.is_valid() and tried(
        form, lambda: action(request.actor, hand_over, reason=form.cleaned_data["reason"])
    ):
        return redirect("hand_overs")
    return _one_page(request, hand_over, 422, None, **{name: form})


@require_POST
def decline(request: Request, hand_over: UUID) -> HttpResponse:
    """Not take the patient over, with a reason."""
    hand_overs.see_declining(request.actor, hand_over)
    return _with_reason(request, hand_over, "decline", handing_over.decline_hand_over)


@require_POST
def withdraw(request: Request, hand_over: UUID) -> HttpResponse:
    """Take the proposal back, with a reason."""
    hand_overs.see_withdrawing(request.actor, hand_over)
    return _with_reason(request, hand_over, "withdraw", handing_over.withdraw_hand_over)


# ── The same person, registered by two ───────────────────────────────────────────────────────────


def _pairs_page(request: Request, status: int = 200, faulty: str = "") -> HttpResponse:
    found = same_person.see_pairs(request.actor, None)
    return page(
        request, "patient/pairs.html", shell=found.shell, status=status, found=found, faulty=faulty
    )


@require_http_methods(["GET"])
def pairs(request: Request) -> HttpResponse:
    """The operator's desk: two organizations and days."""
    return _pairs_page(request)


@require_POST
def arrange(request: Request, pair: UUID) -> HttpResponse:
    """Ask both to look, or one of them to hand over."""
    try:
        if "side" in request.POST:
            side = request.POST["side"]
            same_person.ask_to_hand_over(request.actor, None, pair=pair, side=side)
        else:
            same_person.ask_both(request.actor, None, pair=pair)
    except Problem as problem:
        return _pairs_page(request, 422, sentence(problem))
    return redirect("same_persons")


@require_http_methods(["GET", "POST"])
def question(request: Request, patient: UUID) -> HttpResponse:
    """Whether another organization has registered the same person; one's own patient alone."""
    faulty, status = "", 200
    if request.method == "POST":
        same_person.see_questions(request.actor, patient)
        try:
            pair = UUID(request.POST.get("pair", ""))
            answer = request.POST.get("answer", "")
            same_person.answer_question(request.actor, patient, pair=pair, answer=answer)
            return redirect("same_person", patient=patient)
        except ValueError:
            status = 422
        except Problem as problem:
            faulty, status = sentence(problem), 422
    seen = same_person.see_questions(request.actor, patient)
    return page(
        request,
        "patient/same_person.html",
        shell=seen.shell,
        status=status,
        seen=seen,
        faulty=faulty,
    )
