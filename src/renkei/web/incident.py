"""The pages of the incident desk: the list, one incident, its report as page and PDF."""

from collections.abc import Callable
from dataclasses import asdict
from uuid import UUID

from django.forms import Form
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from renkei.incident import handling
from renkei.incident.case import Case, see_incident
from renkei.incident.desk import see_incidents
from renkei.kernel.errors import Problem, Unknown
from renkei.web import incident_words as words
from renkei.web.errors import sentence
from renkei.web.frame import Request
from renkei.web.incident_forms import (
    AssessForm,
    CallBackForm,
    CloseForm,
    HandOverForm,
    NoteForm,
    StatementForm,
    TellForm,
)
from renkei.web.incident_paper import incident_paper
from renkei.web.page import page
from renkei.web.patient import after
from renkei.web.values import id_or_none


@require_safe
def incidents(request: Request) -> HttpResponse:
    """The desk."""
    lines = see_incidents(request.actor, None)
    return page(request, "incident/list.html", lines=lines, words=words)


def _forms(case: Case) -> dict[str, Form]:
    return {
        "note": NoteForm(prefix="note"),
        "call_back": CallBackForm(prefix="call_back", case=case),
        "hand_over": HandOverForm(prefix="hand_over", case=case),
        "assess": AssessForm(prefix="assess", case=case, initial=AssessForm.of(case)),
        "tell": TellForm(prefix="tell", case=case),
        "close": CloseForm(prefix="close"),
    }


def _typed(do: str, request: Request, case: Case) -> Form:
    """The form that was sent."""
    made: dict[str, Callable[[], Form]] = {
        "note": lambda: NoteForm(request.POST, prefix="note"),
        "call_back": lambda: CallBackForm(request.POST, prefix="call_back", case=case),
        "hand_over": lambda: HandOverForm(request.POST, prefix="hand_over", case=case),
        "assess": lambda: AssessForm(request.POST, prefix="assess", case=case),
        "tell": lambda: TellForm(request.POST, prefix="tell", case=case),
        "close": lambda: CloseForm(request.POST, prefix="close"),
    }
    if do not in made:
        raise Unknown("step")
    return made[do]()


_USE_CASES: dict[str, Callable[..., None]] = {
    "note": handling.note,
    "call_back": handling.call_back,
    "hand_over": handling.hand_over,
    "assess": handling.assess,
    "tell": handling.tell,
    "close": handling.close,
}
_UUIDS = ("person", "organization", "patient", "assigned")


def _run(request: Request, incident: UUID, do: str, form: Form) -> bool:
    """Run the step that a form asks for; a problem becomes the form's own error."""
    if not form.is_valid():
        return False
    given = {
        name: id_or_none(value) if name in _UUIDS else value
        for name, value in form.cleaned_data.items()
    }
    try:
        _USE_CASES[do](request.actor, incident, **given)
    except Problem as problem:
        field = problem.field if problem.field in form.fields else None
        form.add_error(field, sentence(problem))
        return False
    return True


@require_http_methods(["GET", "POST"])
def incident(request: Request, incident: UUID) -> HttpResponse:
    """One incident, and everything that can be done about it."""
    case = see_incident(request.actor, incident)
    forms, status, problem = _forms(case), 200, ""
    if request.method == "POST":
        do = request.POST.get("do", "")
        if do == "block":
            device = id_or_none(request.POST.get("device", ""))
            if device is None and "sessions" not in request.POST:
                raise Unknown("device")
            try:
                handling.block(request.actor, incident, device=device)
                return after("incident", incident=incident)
            except Problem as found:
                status, problem = 422, sentence(found)
        else:
            forms[do] = _typed(do, request, case)
            if _run(request, incident, do, forms[do]):
                return after("incident", incident=incident)
            status = 422
    return page(
        request,
        "incident/incident.html",
        status=status,
        case=case,
        forms=forms,
        problem=problem,
        words=words,
    )


@require_http_methods(["GET", "POST"])
def statement(request: Request, incident: UUID) -> HttpResponse:
    """The report to the authority."""
    case = see_incident(request.actor, incident)
    if not case.handles:
        raise Unknown("statement")
    initial = asdict(case.statement) | {
        "first_reported_on": case.first_reported_on,
        "final_reported_on": case.final_reported_on,
    }
    form = StatementForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            handling.state(request.actor, incident, **form.given())
            return after("incident", incident=incident)
        except Problem as problem:
            form.add_error(
                problem.field if problem.field in form.fields else None, sentence(problem)
            )
    status = 422 if form.is_bound else 200
    return page(
        request, "incident/statement.html", status=status, case=case, form=form, words=words
    )


@require_safe
def paper(request: Request, incident: UUID) -> HttpResponse:
    """The incident report as PDF."""
    case = see_incident(request.actor, incident)
    response = HttpResponse(incident_paper(case), content_type="application/pdf")
    name = f"incident-{case.line.number}.pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response
