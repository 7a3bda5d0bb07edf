"""The words of the forms, edited by the operator as editions with a date and what they change."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.enrollment.printing import printed
from renkei.kernel import clock
from renkei.kernel.errors import Problem
from renkei.region import form_editing as editing
from renkei.region.difference import difference, folded
from renkei.web.errors import sentence
from renkei.web.fields import Day
from renkei.web.page import page, tried
from renkei.web.patient import after
from renkei.web.pdf_answer import shown

if TYPE_CHECKING:
    from renkei.web.frame import Request


class TextForm(forms.Form):
    """The next edition of a form's words."""

    text = forms.CharField(
        label=_("Words of the form"),
        strip=False,
        max_length=editing.LONGEST,
        error_messages=dict.fromkeys(("required",), _("Please write this."))
        | {"max_length": _("This is too long.")},
        widget=forms.Textarea(attrs={"class": "input", "rows": 24, "spellcheck": "false"}),
    )
    effective_on = Day(label=_("In force from"), future=True)
    after = forms.IntegerField(widget=forms.HiddenInput)


@require_safe
def form_texts(request: "Request") -> HttpResponse:
    """Every form with the edition of its words."""
    return page(request, "forms/list.html", lines=editing.see_forms(request.actor, None))


def _edit(request: "Request", seen: editing.FormPage, form: TextForm, **more: Any) -> HttpResponse:
    status = 422 if form.errors else 200
    return page(request, "forms/edit.html", status=status, seen=seen, form=form, **more)


@require_http_methods(["GET", "POST"])
def form_text(request: "Request", form: str) -> HttpResponse:
    """One form: its editions, and writing the next one; first what it changes, then setting it."""
    seen = editing.see_form(request.actor, None, form)
    newest = seen.editions[0]
    typed = TextForm(
        request.POST or None,
        initial={
            "text": newest.text, "effective_on": clock.today(), "after": newest.number
        },
    )  # fmt: skip
    if request.method == "GET" or not typed.is_valid():
        return _edit(request, seen, typed)
    text = typed.cleaned_data["text"]
    if request.POST.get("go") == "set":
        if tried(
            typed,
            lambda: editing.set_form_text(
                request.actor,
                None,
                form=form,
                text=text,
                effective_on=typed.cleaned_data["effective_on"],
                after=typed.cleaned_data["after"],
            ),
        ):
            return after("form_text", form=form)
        return _edit(request, seen, typed)
    ready = tried(typed, lambda: editing.preview(request.actor, None, form, text))
    changes = folded(difference(newest.text, text.replace("\r\n", "\n")))
    return _edit(request, seen, typed, changes=changes, ready=ready)


@require_POST
def preview(request: "Request", form: str) -> HttpResponse:
    """What is being written, as a sheet of paper."""
    try:
        words = editing.preview(request.actor, None, form, request.POST.get("text", ""))
    except Problem as problem:
        seen = editing.see_form(request.actor, None, form)
        typed = TextForm(request.POST)
        typed.is_valid()
        typed.add_error("text", sentence(problem))
        return _edit(request, seen, typed)
    return shown(printed(form, words=words))


@require_safe
def edition(request: "Request", form: str, number: int) -> HttpResponse:
    """An edition of a form's words and what it changed; as a sheet with ``?pdf``."""
    words = editing.one_edition(request.actor, None, form, number)
    if "pdf" in request.GET:
        return shown(printed(form, words=words))
    seen = editing.see_form(request.actor, None, form)
    return page(request, "forms/edition.html", seen=seen, edition=seen.one(number))
