"""Applying to take part, in short steps, with nobody signed in (A3, F1, P1, P2).

The secret of the link stands in a cookie of the browser that opened it; in the mail it stands
behind the ``#``, so that it is in nobody's log. Every page works without scripts.
"""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from renkei.enrollment import applying, joining_papers
from renkei.enrollment.applying import APPLICANT, Begun, Draft
from renkei.enrollment.form_1 import STEPS, people_of
from renkei.enrollment.roster import COLUMNS, Fault, Roster, read
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese.postal import addresses_of
from renkei.web import mail
from renkei.web.begin import REFERRER, origin_of
from renkei.web.errors import sentence
from renkei.web.join_door import ApplicantDoor, Door
from renkei.web.join_forms import (
    BackForm,
    BeginForm,
    OrganizationForm,
    PlaceForm,
    SettingsForm,
)
from renkei.web.limits import HOUR, Limits, too_many
from renkei.web.page import tried
from renkei.web.pdf_answer import shown
from renkei.web.sign_in import too_many as slow_down
from renkei.web.staff_forms import RosterForm
from renkei.web.texts import form_text

if TYPE_CHECKING:
    from renkei.web.frame import Request

COOKIE: Final = "join"
BEGINNINGS: Final[Limits] = (("ip", 10, HOUR), ("email", 3, HOUR), ("all", 200, HOUR))
OPENINGS: Final[Limits] = (("ip", 60, HOUR),)  # of links, right or wrong
WRITINGS: Final[Limits] = (("ip", 600, HOUR),)
PAPERS: Final[Limits] = (("ip", 20, HOUR), ("all", 120, HOUR))  # setting a long roster takes time


# ── Beginning, and coming back ───────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
def join(request: "Request") -> HttpResponse:
    """What taking part needs, and the beginning of an application."""
    form = BeginForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        email = request.POST.get("email", "").strip().lower()[:254]
        if too_many("join", BEGINNINGS, request, email):
            return slow_down(request)
        begun: list[Begun] = []
        if form.is_valid() and tried(
            form,
            lambda: begun.append(applying.begin_application(APPLICANT, None, **form.cleaned_data)),
        ):
            return _begun(request, begun[0], form.cleaned_data)
    context = {"form": form, "going_on": COOKIE in request.COOKIES}
    return render(request, "joining/start.html", context, status=422 if form.errors else 200)


def _begun(request: "Request", begun: Begun, sent: dict[str, Any]) -> HttpResponse:
    """Where the link went, or the number to go on with, shown once."""
    mailed = mail.is_set_up() and mail.send_return_link(
        sent["email"], back_address(request, begun.mail_token)
    )
    context = {"mailed": mailed, "email": sent["email"], "number": begun.token}
    response = render(request, "joining/begun.html", context)
    _remember(response, begun.token)
    return response


def back_address(request: "Request", token: str) -> str:
    """The address with which an applicant goes on."""
    from django.urls import reverse

    return f"{origin_of(request)}{reverse('join_back')}#{token}"


def _remember(response: HttpResponse, token: str) -> None:
    response.set_cookie(
        COOKIE, token, path="/join", secure=settings.BEHIND_TLS, httponly=True, samesite="Lax"
    )
    response.headers["Referrer-Policy"] = REFERRER


@require_http_methods(["GET", "POST"])
def back(request: "Request") -> HttpResponse:
    """Go on with an application: opening the page does nothing, sending shows the address good."""
    form = BackForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if too_many("join-back", OPENINGS, request):
            return slow_down(request)
        if form.is_valid() and _opens(form):
            opened = redirect("join_step", step="check")
            _remember(opened, form.cleaned_data["number"])
            return opened
    response = render(
        request, "joining/back.html", {"form": form}, status=422 if form.errors else 200
    )
    response.headers["Referrer-Policy"] = REFERRER
    return response


def _opens(form: BackForm) -> bool:
    try:
        applying.confirm_address(APPLICANT, None, token=form.cleaned_data["number"])
    except Unknown:
        form.add_error("number", _("This link is not good, or its time is over."))
        return False
    return True


# ── The pages of the application ─────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
def step(request: "Request", step: str) -> HttpResponse:
    """One page of one's own application."""
    token = request.COOKIES.get(COOKIE, "")
    if not token:
        return redirect("join_back")
    if request.method == "POST" and too_many("join-write", WRITINGS, request):
        return slow_down(request)
    try:
        return answer(request, ApplicantDoor(request, token), step)
    except Unknown:
        if step not in STEPS:
            raise
        response = redirect("join_back")
        response.delete_cookie(COOKIE, path="/join")
        return response


def answer(request: "Request", door: Door, step: str) -> HttpResponse:
    """One page of an application, whoever writes it."""
    if step not in STEPS:
        raise Unknown("step")
    draft = door.draft()
    if not draft.open and step != "check":
        return HttpResponseRedirect(door.address("check"))
    if step == "check":
        return _check(request, door, draft)
    if step == "people":
        return _people(request, door, draft)
    return _facts(request, door, draft, step)


def _next(door: Door, step: str, request: "Request") -> HttpResponse:
    """On to the page after this one; back to the summary for who only mends something."""
    if "mend" in request.POST:
        return HttpResponseRedirect(door.address("check"))
    return HttpResponseRedirect(door.address(STEPS[STEPS.index(step) + 1]))


def _form(door: Door, draft: Draft, step: str, sent: Any) -> Form:
    known = asdict(draft.form)
    if step == "organization":
        return OrganizationForm(sent, initial=known)
    if step == "place":
        return PlaceForm(sent, initial=known)
    if step == "settings":
        known["listed"] = "1" if draft.form.listed else ""
        return SettingsForm(sent, initial=known, opt_out=draft.opt_out)
    signed = draft.form.pledge
    first = {"number": draft.pledge.number, "name": signed.name if signed else ""}
    return door.pledge_form(sent, initial=first)


def _facts(request: "Request", door: Door, draft: Draft, step: str) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    towns: list[str] = []
    if sent is not None and ("find" in sent or "town" in sent):
        typed, towns = _with_address(sent)
        form = _form(door, draft, step, None)
        form.initial = {**form.initial, **{name: typed.get(name, "") for name in form.fields}}
        return _show(door, draft, step, form, 200, towns=towns, looked=True)
    form = _form(door, draft, step, sent)
    if form.is_valid() and tried(form, lambda: _keep(door, step, form)):
        return _next(door, step, request)
    return _show(door, draft, step, form, 422 if form.errors else 200, towns=towns, looked=False)


def _keep(door: Door, step: str, form: Form) -> None:
    facts = dict(form.cleaned_data)
    if step == "pledge":
        door.pledge(facts)
        return
    if "listed" in facts:
        facts["listed"] = bool(facts["listed"])
    door.write(step, facts)


def _with_address(sent: Any) -> tuple[dict[str, str], list[str]]:
    """What was typed, with the address that goes with the postal code; several to choose from."""
    typed = {name: str(value) for name, value in sent.items()}
    if typed.get("town"):
        typed["address"] = typed["town"]
        return typed, []
    towns = addresses_of(typed.get("postal_code", ""))
    if len(towns) == 1:
        typed["address"] = towns[0]
        return typed, []
    return typed, towns


def _show(
    door: Door, draft: Draft, step: str, form: Form, status: int, **more: Any
) -> HttpResponse:
    context: dict[str, Any] = {
        "door": door,
        "draft": draft,
        "step": step,
        "form": form,
        "mending": not draft.form.missing or draft.state == "returned",
        **more,
    }
    if step == "pledge":
        context["text"] = form_text(draft.pledge.text, _words(draft))
    return door.show("joining/step.html", status, **context)


def _words(draft: Draft) -> dict[str, str]:
    """What is known of the places in the words of form 2."""
    from renkei.kernel.japanese import wareki
    from renkei.region.disclosures import public_region
    from renkei.region.wording import SYSTEM

    here = public_region()
    return {
        "operator.name": here.operator_name,
        "organization.name": draft.form.name,
        "region.name": here.name,
        "system.name": SYSTEM["name"],
        "policy_version": f"第{here.policy_number}版",
        "date": wareki(clock.today()),
        "address": draft.form.address,
        "head_name": draft.form.head,
    }


# ── The roster ───────────────────────────────────────────────────────────────────────────────────


def _people(request: "Request", door: Door, draft: Draft) -> HttpResponse:
    if request.method == "POST" and "chosen" in request.POST:
        return _chosen(request, door, draft)
    form = RosterForm(request.POST if request.method == "POST" else None, request.FILES or None)
    if not form.is_valid():
        return _show_people(door, draft, form, [], 422 if form.errors else 200)
    found = read(form.roster, today=clock.today())
    if found.faults:
        return _show_people(door, draft, form, [_told(one) for one in found.faults], 422)
    try:
        door.people(_with_choices(draft, found))
    except Problem as problem:
        form.add_error(None, sentence(problem))
        return _show_people(door, draft, form, [], 422)
    return HttpResponseRedirect(door.address("people"))


def _with_choices(draft: Draft, found: Roster) -> tuple[Any, ...]:
    """The people of the roster; what was chosen for the same address before stays chosen."""
    before = {one.email: one for one in draft.form.people}
    known = frozenset(email for email, one in before.items() if one.own)
    people = people_of(found, known)
    if "administrator" in found.columns:
        return people
    return tuple(
        replace(one, administrator=one.email in before and before[one.email].administrator)
        for one in people
    )


def _chosen(request: "Request", door: Door, draft: Draft) -> HttpResponse:
    """Who is to be an administrator, and whose address is their own after all."""
    administrators = set(request.POST.getlist("administrator"))
    own = set(request.POST.getlist("own"))
    people = tuple(
        replace(one, administrator=one.email in administrators, own=one.own or one.email in own)
        for one in draft.form.people
    )
    problem = ""
    if not administrators & {one.email for one in people}:
        problem = _("Please choose at least one administrator.")
    elif not all(one.own for one in people):
        problem = _("Please confirm the addresses, or paste the list again with other ones.")
    try:
        door.people(people)
    except Problem as error:
        problem = sentence(error)
    if problem:
        return _show_people(door, door.draft(), RosterForm(), [], 422, problem=problem)
    return _next(door, "people", request)


def _show_people(
    door: Door, draft: Draft, form: Form, faults: list[Any], status: int, problem: str = ""
) -> HttpResponse:
    if not form.is_bound:
        form.initial = {"text": _as_text(draft)}
    context = {
        "door": door,
        "draft": draft,
        "step": "people",
        "form": form,
        "faults": faults,
        "problem": problem,
        "mending": not draft.form.missing or draft.state == "returned",
    }
    return door.show("joining/people.html", status, **context)


def _told(fault: Fault) -> dict[str, Any]:
    """A fault in the person's language."""
    column = _(COLUMNS[fault.column]) if fault.column else ""
    message = _(fault.message) % fault.values
    return {"line": fault.line, "column": column, "message": message, "was": fault.was}


def _as_text(draft: Draft) -> str:
    """The roster as it can be pasted again."""
    names = ("name", "kana", "profession", "sex", "email")
    lines = ["\t".join(getattr(one, name) for name in names) for one in draft.form.people]
    heads = "\t".join(("氏名", "ふりがな", "職種", "性別", "メールアドレス"))
    return "\n".join([heads, *lines]) if lines else ""


# ── The summary ──────────────────────────────────────────────────────────────────────────────────


def _check(request: "Request", door: Door, draft: Draft) -> HttpResponse:
    problem = ""
    if request.method == "POST":
        try:
            door.send()
            return HttpResponseRedirect(door.address("check"))
        except Problem as error:
            problem = sentence(error)
    context = {"door": door, "draft": draft, "step": "check", "problem": problem}
    return door.show("joining/check.html", 422 if problem else 200, **context)


@require_POST
def paper(request: "Request", form: str) -> HttpResponse:
    """Form 1 or 2 of one's own application on paper, to be printed, signed and stamped."""
    if too_many("join-paper", PAPERS, request):
        return slow_down(request)
    token = request.COOKIES.get(COOKIE, "")
    if not token:
        return redirect("join_back")
    return shown(joining_papers.print_own(token, form, origin=origin_of(request)))
