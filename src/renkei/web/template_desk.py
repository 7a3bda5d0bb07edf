"""The forms of one's own organization (ひな形), for its administrator."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.communication.template_desk import (
    MOST_FIELDS,
    OFFERED_TYPES,
    Kept,
    hide_form,
    keep_form,
    remove_form,
    see_form,
    see_forms,
)
from renkei.communication.templates import EVERYBODY, GROUPS, RELATIVES, TYPES
from renkei.group.shell import see_shell
from renkei.people.models import PractitionerRole
from renkei.web.page import page, tried
from renkei.web.patient import own_organization

if TYPE_CHECKING:
    from renkei.web.frame import Request

SPARE = 4  # empty rows under the fields
_KINDS = [
    ("report", _("Report")),
    ("notice", _("Notice")),
    ("consult", _("Consult")),
    ("request", _("Request")),
]
_GROUPS = {"patient": _("Patient groups"), "family": _("Groups with the family")}
_PROFESSIONS = [
    (EVERYBODY, _("Everybody")),
    *((one, one) for one in PractitionerRole.PROFESSIONS),
    (RELATIVES, RELATIVES),
]


class TemplateForm(forms.Form):
    """What a form is called, where it is offered, and to whom first. Its fields are rows beside."""

    title = forms.CharField(
        label=_("Title"),
        max_length=40,
        error_messages={"required": _("Please write a title.")},
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    hint = forms.CharField(
        label=_("Hint above the fields"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=_KINDS, widget=forms.RadioSelect)
    groups = forms.MultipleChoiceField(
        label=_("Where it is offered"),
        choices=[(one, _GROUPS[one]) for one in GROUPS],
        error_messages={"required": _("Please choose where it is offered.")},
        widget=forms.CheckboxSelectMultiple,
    )
    professions = forms.MultipleChoiceField(
        label=_("Who sees it first"),
        choices=_PROFESSIONS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


def _rows(request: "Request", kept: Kept | None) -> list[dict[str, Any]]:
    """The fields as they stand on the page: as typed, or as kept; with some empty rows."""
    if request.method == "POST":
        return list(_typed(request))
    known = [
        {
            "label": one.label,
            "type": one.type,
            "required": one.required,
            "options": list(one.options),
            "example": one.example,
        }
        for one in (kept.form.fields if kept else ())
        if one.type in OFFERED_TYPES
    ]
    return known


def _typed(request: "Request") -> Iterator[dict[str, Any]]:
    sent = request.POST
    for number in range(MOST_FIELDS):
        if f"label-{number}" in sent:
            yield {
                "label": sent[f"label-{number}"],
                "type": sent.get(f"type-{number}", ""),
                "required": f"required-{number}" in sent,
                "options": sent.get(f"options-{number}", "").replace("、", "\n").splitlines(),
                "example": sent.get(f"example-{number}", ""),
            }


def _padded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    filled = [one for one in rows if one["label"].strip()]
    room = min(SPARE, MOST_FIELDS - len(filled))
    empty = {"label": "", "type": "text", "required": False, "options": [], "example": ""}
    return [*filled, *(dict(empty) for _ in range(room))]


@require_safe
def templates(request: "Request") -> HttpResponse:
    """Every form: the organization's own, and those that come with Renkei."""
    shell = see_shell(request.actor, None)
    forms_kept = see_forms(request.actor, own_organization(shell))
    return page(request, "templates/list.html", shell=shell, kept=forms_kept)


def _edit(request: "Request", key: str, kept: Kept | None) -> HttpResponse:
    shell = see_shell(request.actor, None)
    place, rows = own_organization(shell), _rows(request, kept)
    initial: dict[str, Any] = {"kind": "report", "groups": ["patient"], "professions": [EVERYBODY]}
    if kept is not None:
        one = kept.form
        initial = {
            "title": one.title,
            "hint": one.hint,
            "kind": one.kind,
            "groups": list(one.groups),
            "professions": list(one.professions),
        }
    form = TemplateForm(request.POST or None, initial=initial)

    def act() -> None:
        keep_form(request.actor, place, key=key, fields=rows, **form.cleaned_data)

    if form.is_valid() and tried(form, act):
        return redirect("organization_templates")
    return page(
        request,
        "templates/edit.html",
        shell=shell,
        status=422 if form.is_bound else 200,
        form=form,
        rows=_padded(rows),
        types=[(one, TYPES[one]) for one in OFFERED_TYPES],
        kept=kept,
    )


@require_http_methods(["GET", "POST"])
def new(request: "Request") -> HttpResponse:
    """A form of one's own."""
    see_forms(request.actor, own_organization(see_shell(request.actor, None)))  # asks the rule
    return _edit(request, "", None)


@require_http_methods(["GET", "POST"])
def edit(request: "Request", template: str) -> HttpResponse:
    """Another wording of one."""
    place = own_organization(see_shell(request.actor, None))
    return _edit(request, template, see_form(request.actor, place, key=template))


@require_POST
def hide(request: "Request", template: str) -> HttpResponse:
    """Offer it no more, or again."""
    place = own_organization(see_shell(request.actor, None))
    hide_form(request.actor, place, key=template, hidden=request.POST.get("hidden") == "yes")
    return redirect("organization_templates")


@require_POST
def remove(request: "Request", template: str) -> HttpResponse:
    """Take it away; of an edition, the form that comes with Renkei is back."""
    remove_form(request.actor, own_organization(see_shell(request.actor, None)), key=template)
    return redirect("organization_templates")
