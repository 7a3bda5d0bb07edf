"""The pages about patients: the list, the record, consent (form 4), opening a group."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST

from renkei.group.services import open_group as opens_group
from renkei.group.shell import Shell, see_shell
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Unknown
from renkei.kernel.japanese import fold_kana, narrow
from renkei.patient import disclosures, services
from renkei.patient.death import record_death, take_back_death
from renkei.patient.purposes import purposes
from renkei.web.frame import Request
from renkei.web.group_forms import SUGGESTIONS, RoleForm
from renkei.web.life_forms import DeathForm
from renkei.web.page import page, tried
from renkei.web.patient_forms import (
    BasicsForm,
    IdentityForm,
    RegisterForm,
    RelativeForms,
    relative_rows,
    relatives_of,
)

RELATIONSHIPS = (
    "夫", "妻", "長男", "長女", "次男", "次女", "兄", "姉", "弟", "妹", "孫", "嫁", "婿",
    "内縁の夫", "内縁の妻", "おい", "めい", "友人", "成年後見人",
)  # fmt: skip


def after(name: str, **parts: Any) -> HttpResponse:
    """After a change: show what came of it."""
    return HttpResponse(status=303, headers={"Location": reverse(name, kwargs=parts)})


def _finds(words: str, line: disclosures.PatientLine) -> bool:
    """Whether every word is in the name, the reading, the birth date or the organization."""
    one = line.identity
    text = f"{one.name}{fold_kana(one.kana)}{one.birth_date}{line.organization}"
    text = text.replace(" ", "").replace("\u3000", "")
    return all(fold_kana(word) in text or narrow(word) in text for word in words.split())


@require_http_methods(["GET", "POST"])
def patients(request: Request) -> HttpResponse:
    """The patients of a person. What is searched for comes by POST and never stands in a URL."""
    found = disclosures.see_patients(request.actor, None)
    words = request.POST.get("q", "").replace("\u3000", " ").strip()[:100]
    lines = [line for line in found.lines if _finds(words, line)]
    return page(
        request, "patient/list.html", shell=found.shell, found=found, lines=lines, words=words
    )


def own_organization(shell: Shell) -> UUID:
    """The organization a person acts for; without one there is nothing to register for."""
    organization = shell.me.face.organization_id
    if organization is None:
        raise Unknown("organization")
    return organization


def _understood(request: Request, field: str) -> HttpResponse:
    """What was understood of a date while it is being typed."""
    form = IdentityForm(request.POST)
    form.is_valid()
    context: dict[str, Any] = {
        "day": form.cleaned_data.get(field),
        "sentences": form.errors.get(field, []),
    }
    if not request.POST.get(field):
        context = {"day": None, "sentences": []}
    return render(request, "patient/understood.html", context)


@require_http_methods(["GET", "POST"])
def register(request: Request) -> HttpResponse:
    """Take up a patient: write, see what was understood and who has the same name, register."""
    shell = see_shell(request.actor, None)
    organization = own_organization(shell)
    disclosures.may_register(request.actor, organization)
    if request.method == "GET":
        form = RegisterForm(initial={"key": uuid7()})
        return page(request, "patient/register.html", shell=shell, form=form)
    if request.POST.get("peek") == "birth_date":
        return _understood(request, "birth_date")
    form = RegisterForm(request.POST)
    if not form.is_valid() or request.POST.get("go") == "mend":
        if request.POST.get("go") == "mend":
            form = RegisterForm(initial=request.POST.dict())
            return page(request, "patient/register.html", shell=shell, form=form)
        return page(request, "patient/register.html", shell=shell, form=form, status=422)
    if request.POST.get("go") == "register":
        return _registered(request, shell, organization, form)
    similar = disclosures.see_similar(request.actor, organization, form.identity())
    similar = [one for one in similar if one.patient != form.cleaned_data["key"]]
    return page(request, "patient/register_check.html", shell=shell, form=form, similar=similar)


def _registered(
    request: Request, shell: Shell, organization: UUID, form: RegisterForm
) -> HttpResponse:
    made: list[Any] = []
    if tried(
        form,
        lambda: made.append(
            services.register_patient(
                request.actor,
                organization,
                identity=form.identity(),
                basics=form.basics(),
                key=form.cleaned_data["key"],
            )
        ),
    ):
        return after("patient", patient=made[0].id)
    return page(request, "patient/register.html", shell=shell, form=form, status=422)


@require_http_methods(["GET"])
def record(request: Request, patient: UUID) -> HttpResponse:
    """The patient's record, for the managing organization."""
    seen = disclosures.see_record(request.actor, patient)
    roles = SUGGESTIONS.get(seen.shell.me.face.profession, ())
    return page(
        request,
        "patient/record.html",
        shell=seen.shell,
        record=seen,
        role=RoleForm(physicians=seen.physicians),
        physicians=seen.physicians,
        roles=roles,
        purposes=purposes(get_language() or "ja"),
    )


@require_http_methods(["GET", "POST"])
def identity(request: Request, patient: UUID) -> HttpResponse:
    """Correct who the patient is."""
    seen = disclosures.see_record(request.actor, patient)
    if request.method == "POST" and request.POST.get("peek") == "birth_date":
        return _understood(request, "birth_date")
    form = IdentityForm(request.POST or None, initial=IdentityForm.of(seen.identity))
    if form.is_valid() and tried(
        form,
        lambda: services.change_identity(request.actor, patient, identity=form.identity()),
    ):
        return after("patient", patient=patient)
    return page(
        request,
        "patient/identity.html",
        shell=seen.shell,
        record=seen,
        form=form,
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
def death(request: Request, patient: UUID) -> HttpResponse:
    """Record the day of death, or take back that it was recorded."""
    seen = disclosures.see_record(request.actor, patient)
    data = request.POST or None
    if "taken_back" in request.POST:
        form = DeathForm({"died_on": ""})
        if tried(form, lambda: take_back_death(request.actor, patient)):
            return after("patient", patient=patient)
    else:
        form = DeathForm(data, initial={"died_on": seen.died_on})
        if form.is_valid() and tried(
            form,
            lambda: record_death(request.actor, patient, died_on=form.cleaned_data["died_on"]),
        ):
            return after("patient", patient=patient)
    return page(
        request,
        "patient/death.html",
        shell=seen.shell,
        record=seen,
        form=form,
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
def basics(request: Request, patient: UUID) -> HttpResponse:
    """Change what the team needs to know at once, and who is around the patient."""
    seen = disclosures.see_basics_desk(request.actor, patient)
    form = BasicsForm(request.POST or None, initial=asdict(seen.basics))
    rows = RelativeForms(
        request.POST or None, initial=relative_rows(seen.related), prefix="related"
    )
    if both_valid(form, rows) and tried(
        form,
        lambda: services.change_basics(
            request.actor, patient, basics=form.basics(), relatives=relatives_of(rows)
        ),
    ):
        return after("patient", patient=patient)
    return page(
        request,
        "patient/basics.html",
        shell=seen.shell,
        record=seen,
        form=form,
        rows=rows,
        relationships=RELATIONSHIPS,
        status=422 if form.errors or any(rows.errors) else 200,
    )


def both_valid(form: BasicsForm, rows: Any) -> bool:
    """Whether both are; both are asked, so that all faults show at once."""
    valid = form.is_valid()
    return bool(rows.is_valid() and valid) if rows.is_bound else False


@require_POST
def open_group(request: Request, patient: UUID) -> HttpResponse:
    """Open the patient's group, with oneself as its first manager."""
    seen = disclosures.see_record(request.actor, patient)
    form = RoleForm(request.POST, physicians=seen.physicians)
    made: list[Any] = []
    if form.is_valid() and tried(
        form,
        lambda: made.append(opens_group(request.actor, patient, **form.cleaned_data)),
    ):
        return after("members", group=made[0].id)
    return page(
        request,
        "patient/record.html",
        shell=seen.shell,
        record=seen,
        role=form,
        physicians=seen.physicians,
        roles=SUGGESTIONS.get(seen.shell.me.face.profession, ()),
        purposes=purposes(get_language() or "ja"),
        status=422,
    )
