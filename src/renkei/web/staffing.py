"""One of an organization's people: coming, alone or as a roster, changing and pledging (A8.5)."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.enrollment import leaving, pledging, staffing, taking_in
from renkei.enrollment.joining_papers import print_pledge
from renkei.enrollment.roster import COLUMNS, Fault, Roster, read
from renkei.group.shell import see_shell
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import is_role_address
from renkei.people import changes, joining
from renkei.people import staff as people
from renkei.web.device import origin
from renkei.web.errors import sentence
from renkei.web.page import page, tried
from renkei.web.patient import after, own_organization
from renkei.web.pdf_answer import shown
from renkei.web.staff_forms import (
    NameForm,
    NewStaffForm,
    PledgeForm,
    ProfessionForm,
    RosterForm,
)

if TYPE_CHECKING:
    from django.forms import Form

    from renkei.web.frame import Request


# ── Coming ───────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
def new(request: "Request") -> HttpResponse:
    """Add one person; the link comes right after."""
    shell = see_shell(request.actor, None)
    own = own_organization(shell)
    people.see_staff(request.actor, own)
    form = NewStaffForm(request.POST if request.method == "POST" else None)
    added: list[UUID] = []
    if form.is_valid() and tried(form, lambda: added.append(_add(request, own, form))):
        return after("staff_one", role=added[0])
    desk = form.is_bound and is_role_address(form.data.get("email", ""))
    status = 422 if form.is_bound else 200
    return page(request, "staff/new.html", shell=shell, status=status, form=form, desk=desk)


def _add(request: "Request", own: UUID, form: NewStaffForm) -> UUID:
    return staffing.add_person(
        request.actor, own, one=form.one, one_person=form.cleaned_data["one_person"]
    )


@require_http_methods(["GET", "POST"])
def take_in(request: "Request") -> HttpResponse:
    """A roster: pasted, looked through, then taken in as it was shown."""
    shell = see_shell(request.actor, None)
    own = own_organization(shell)
    people.see_staff(request.actor, own)
    if request.method == "POST" and "seen" in request.POST:
        return _apply(request, own)
    form = RosterForm(request.POST if request.method == "POST" else None, request.FILES or None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return page(request, "staff/import.html", shell=shell, status=status, form=form)
    return _show(request, own, read(form.roster, today=clock.today()), form)


def _apply(request: "Request", own: UUID) -> HttpResponse:
    """Do what was shown. If anything has changed since, show it anew."""
    found = read(request.POST.get("roster", ""), today=clock.today())
    try:
        if found.faults:
            raise Problem("")
        taking_in.take_in(request.actor, own, lines=found.lines, seen=request.POST["seen"])
    except Problem as problem:
        text = sentence(problem) if problem.message else ""
        return _show(request, own, found, RosterForm(), text)
    return after("staff")


def _show(
    request: "Request", own: UUID, found: Roster, form: "Form", problem: str = ""
) -> HttpResponse:
    plan = taking_in.see_plan(request.actor, own, lines=found.lines)
    faulty = bool(found.faults)
    context: dict[str, Any] = {
        "form": RosterForm(initial={"text": form["text"].value() or ""}),
        "plan": plan,
        "faults": [_told(fault) for fault in found.faults],
        "ignored": found.ignored,
        "roster": _as_text(found),
        "columns": {name: _(label) for name, label in COLUMNS.items()},
        "problem": problem,
        "why": {step.line.line: _(step.why) for step in plan.steps if step.why},
        "desks": [step.line for step in plan.steps if step.line.desk and step.what == "create"],
    }
    status = 422 if faulty or problem else 200
    return page(request, "staff/plan.html", status=status, **context)


def _told(fault: Fault) -> dict[str, Any]:
    """A fault in the person's language."""
    column = _(COLUMNS[fault.column]) if fault.column else ""
    message = _(fault.message) % fault.values
    return {"line": fault.line, "column": column, "message": message, "was": fault.was}


def _as_text(found: Roster) -> str:
    """The people of a roster once more, to be sent back unchanged."""
    heads = [name for name in COLUMNS if name in found.columns]
    lines = ["\t".join(heads)]
    for line in found.lines:
        cells = [_cell(getattr(line, name)) for name in heads]
        lines.append("\t".join(cells))
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else '"' + str(value).replace('"', '""') + '"'


@require_POST
def answer(request: "Request", registration: UUID) -> HttpResponse:
    """Say whether one works for the organization that has registered one."""
    right = request.POST.get("answer") == "right"
    joining.answer_registration(request.actor, None, registration=registration, right=right)
    return after("home")


# ── One person's page, and what is done there ────────────────────────────────────────────────────


def asked_here(request: "Request", role: UUID) -> tuple[Any, UUID | None, Any]:
    """The frame, the organization, and the person if they were registered and have not answered."""
    shell = see_shell(request.actor, None)
    own = shell.me.face.organization_id
    if own is None or not shell.me.administrator:
        return shell, own, None
    return shell, own, people.see_asked(request.actor, own, registration=role)


@require_safe
def one(request: "Request", role: UUID) -> HttpResponse:
    """One of one's own people: what is known, what is missing, what can be done."""
    shell, _own, asked = asked_here(request, role)
    if asked is not None:
        return page(request, "staff/one.html", shell=shell, one=asked, pledges=[], me=False)
    return _one(request, role)


def _one(request: "Request", role: UUID, status: int = 200, **forms: Any) -> HttpResponse:
    found = people.see_colleague(request.actor, role)
    if found is None:
        raise Unknown("staff")
    shell = see_shell(request.actor, None)
    context: dict[str, Any] = {
        "profession": ProfessionForm(initial={"profession": found.face.profession}),
        "name": NameForm(initial={"name": found.face.name, "kana": found.face.kana}),
        "pledge": PledgeForm(),
        "pledges": pledging.pledges_of(request.actor, role),
        "me": found.face.account == shell.me.face.account,
        "problem": "",
        **forms,
    }
    return page(request, "staff/one.html", shell=shell, status=status, one=found, **context)


@require_POST
def profession(request: "Request", role: UUID) -> HttpResponse:
    """Another profession from now on."""
    form = ProfessionForm(request.POST)
    begun: list[UUID] = []
    if form.is_valid() and tried(
        form,
        lambda: begun.append(staffing.change_profession(request.actor, role, **form.cleaned_data)),
    ):
        return after("staff_one", role=begun[0])
    return _one(request, role, 422, profession=form)


@require_POST
def name(request: "Request", role: UUID) -> HttpResponse:
    """A name written anew; the person is told."""
    form = NameForm(request.POST)
    if form.is_valid() and tried(
        form, lambda: changes.rename_staff(request.actor, role, **form.cleaned_data)
    ):
        return after("staff_one", role=role)
    return _one(request, role, 422, name=form)


@require_POST
def administrator(request: "Request", role: UUID) -> HttpResponse:
    """Make somebody an administrator, or not one any more (A7)."""
    do = (
        changes.appoint_administrator
        if request.POST.get("become") == "1"
        else changes.dismiss_administrator
    )
    try:
        do(request.actor, role)
    except Problem as problem:
        return _one(request, role, 422, problem=sentence(problem))
    return after("staff_one", role=role)


@require_POST
def pledge(request: "Request", role: UUID) -> HttpResponse:
    """Record a pledge that lies on paper (A9, F2)."""
    form = PledgeForm(request.POST)
    if form.is_valid() and tried(
        form, lambda: pledging.record_pledge(request.actor, role, **form.cleaned_data)
    ):
        return after("staff_one", role=role)
    return _one(request, role, 422, pledge=form)


@require_POST
def pledge_paper(request: "Request", role: UUID) -> HttpResponse:
    """The person's pledge as a sheet: as signed on the screen, or to be signed by hand."""
    return shown(print_pledge(request.actor, role, origin=origin(request)))


@require_POST
def remove(request: "Request", role: UUID) -> HttpResponse:
    """Take somebody off the list who has never come in."""
    _shell, own, asked = asked_here(request, role)
    if asked is not None and own is not None:
        staffing.take_back_registration(request.actor, own, registration=role)
        return after("staff")
    found = people.see_colleague(request.actor, role)
    if found is None:
        raise Unknown("staff")
    if found.begun:
        return after("staff_leave", role=role)
    try:
        leaving.leave_now(
            request.actor, role, formalities=leaving.Formalities("not_reached", clock.today())
        )
    except Problem:
        return after("staff_leave", role=role)
    return after("staff")


@require_POST
def note_change(request: "Request", entry: UUID) -> HttpResponse:
    """Take note, for the operator, of a change of administrator."""
    changes.note_change(request.actor, None, entry=entry)
    return after("administrators")
