"""What stands beside the policy: provisions, laws and guidelines, issuers of documents."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.kernel import clock
from renkei.kernel.errors import Problem, Unknown
from renkei.region import issuers as register
from renkei.region import laws as followed
from renkei.region import provisions as added
from renkei.region.models import Issuer
from renkei.web.errors import sentence
from renkei.web.fields import Choice, Day, Kana, Line, Paragraph, Pills
from renkei.web.page import page, tried
from renkei.web.sheet import sheet

if TYPE_CHECKING:
    from renkei.web.frame import Request


# ── Provisions (A22) ─────────────────────────────────────────────────────────────────────────────


class ProvisionForm(forms.Form):
    """A rule beside the policy."""

    title = Line(label=_("Title"), max_length=100)
    text = Paragraph(
        label=_("Text"),
        rows=8,
        max_length=added.LONGEST,
        help_text=_("Everybody can read it, on the page of the policy."),
    )
    from_on = Day(label=_("In force from"), future=True)
    until_on = Day(
        label=_("Last day"), future=True, required=False, help_text=_("Empty: until you end it.")
    )
    ask = forms.BooleanField(
        label=_("Ask everyone to confirm that they have read it"),
        required=False,
        initial=True,
        help_text=_("It goes to everyone as a notice as well."),
    )


class LastDayForm(forms.Form):
    """When a provision ends."""

    until_on = Day(label=_("Last day"), future=True)


@require_safe
def provisions(request: "Request") -> HttpResponse:
    """All of them: to come, in force, past."""
    found = added.see_provisions(request.actor, None)
    return page(request, "region/provisions.html", provisions=found)


@require_http_methods(["GET", "POST"])
def provision_new(request: "Request") -> HttpResponse:
    """Add one."""
    added.see_provisions(request.actor, None)
    form = ProvisionForm(request.POST or None, initial={"from_on": clock.today()})
    if form.is_valid() and tried(
        form, lambda: added.add_provision(request.actor, None, **form.cleaned_data)
    ):
        return redirect("provisions")
    status = 422 if form.is_bound else 200
    return page(request, "region/provision_new.html", status=status, form=form)


@require_http_methods(["GET", "POST"])
def provision_end(request: "Request", provision: UUID) -> HttpResponse:
    """Say which day is its last."""
    found = added.see_provisions(request.actor, None)
    one = next((line for line in found if line.id == provision), None)
    if one is None:
        raise Unknown("provision")
    if one.state == "past":
        return redirect("provisions")
    form = LastDayForm(request.POST or None, initial={"until_on": one.until_on or clock.today()})
    if form.is_valid() and tried(
        form,
        lambda: added.end_provision(
            request.actor, None, provision=provision, until_on=form.cleaned_data["until_on"]
        ),
    ):
        return redirect("provisions")
    status = 422 if form.is_bound else 200
    return page(request, "region/provision_end.html", status=status, form=form, provision=one)


# ── Laws and guidelines (A2) ─────────────────────────────────────────────────────────────────────


class LawForm(forms.Form):
    """What is followed, in which edition."""

    title = Line(label=_("Name of the law or guideline"), max_length=200)
    edition = Line(
        label=_("Edition and month"), max_length=100, required=False,
        help_text=_("For example 第6.0版 令和5年5月."),
    )  # fmt: skip
    address = Line(
        label=_("Where it can be read"), max_length=500, required=False, inputmode="url",
        help_text=_("The web address, beginning with https://."),
    )  # fmt: skip
    checked_on = Day(label=_("Looked at on"))


@require_http_methods(["GET", "POST"])
def law_new(request: "Request") -> HttpResponse:
    """Add a line."""
    followed.before_adding(request.actor, None)
    return _law(request, "", {"checked_on": clock.today()})


@require_http_methods(["GET", "POST"])
def law(request: "Request", key: str) -> HttpResponse:
    """Another edition, or that it was looked at."""
    found = followed.see_law(request.actor, None, key)
    return _law(request, key, found._asdict())


def _law(request: "Request", key: str, initial: dict[str, Any]) -> HttpResponse:
    form = LawForm(request.POST or None, initial=initial)
    if form.is_valid() and tried(
        form, lambda: followed.keep_law(request.actor, None, key=key, **form.cleaned_data)
    ):
        return redirect("laws")
    status = 422 if form.is_bound else 200
    fixed = key in followed.GUIDELINES
    return page(request, "region/law.html", status=status, form=form, key=key, fixed=fixed)


@require_POST
def law_remove(request: "Request", key: str) -> HttpResponse:
    """Take a line off the list."""
    try:
        followed.remove_law(request.actor, None, key=key)
    except Problem as problem:
        return _laws(request, sentence(problem))
    return redirect("laws")


@require_safe
def laws(request: "Request") -> HttpResponse:
    """The list, to be kept up to date."""
    return _laws(request)


def _laws(request: "Request", problem: str = "") -> HttpResponse:
    followed.before_adding(request.actor, None)
    status = 422 if problem else 200
    lines = followed.public_laws()
    context: dict[str, Any] = {"laws": lines, "fixed": followed.GUIDELINES, "problem": problem}
    return page(request, "region/laws.html", status=status, **context)


# ── Issuers of documents (A17.2) ─────────────────────────────────────────────────────────────────

ANSWERS = (
    (Issuer.Answer.YES.value, _("May be posted")),
    (Issuer.Answer.ASK.value, _("Ask each time")),
    (Issuer.Answer.NO.value, _("Must not be posted")),
)


class IssuerForm(forms.Form):
    """An issuer, and what they say."""

    name = Line(label=_("Name of the issuer"), max_length=100)
    kana = Kana(label=_("Name in kana"), required=False)
    kind = Choice(label=_("Kind"), choices=[(one, one) for one in register.KINDS])
    address = Line(label=_("Address"), required=False)
    answer = Pills(label=_("May their documents be posted?"), choices=ANSWERS, initial="ask")
    since = Day(label=_("Since"), required=False, help_text=_("When they said so."))
    note = Paragraph(
        label=_("Note"), required=False, rows=2, max_length=300,
        help_text=_("Who said so, and how. Nothing about patients."),
    )  # fmt: skip


@require_safe
def issuers(request: "Request") -> HttpResponse:
    """The register, to be searched; as a file too."""
    answer = request.GET.get("answer", "")
    q = request.GET.get("q", "").strip()[:50]
    found = register.see_issuers(request.actor, None, words=q, answer=answer)
    if "csv" in request.GET:
        return sheet("issuers", _issuer_rows(found.lines))
    context: dict[str, Any] = {"found": found, "q": q, "answer": answer, "answers": dict(ANSWERS)}
    return page(request, "region/issuers.html", **context)


COLUMNS = (
    _("Name of the issuer"), _("Name in kana"), _("Kind"), _("Address"),
    _("May their documents be posted?"),
    _("Since"), _("Note"),
)  # fmt: skip


def _issuer_rows(lines: list[register.Line]) -> Iterator[list[object]]:
    words = dict(ANSWERS)
    yield list(COLUMNS)
    for one in lines:
        since: date | str = one.since or ""
        yield [one.name, one.kana, one.kind, one.address, words[one.answer], since, one.note]


@require_http_methods(["GET", "POST"])
def issuer_new(request: "Request") -> HttpResponse:
    """Write one into the register."""
    register.before_adding(request.actor, None)
    return _issuer(request, None, {})


@require_http_methods(["GET", "POST"])
def issuer(request: "Request", issuer: UUID) -> HttpResponse:
    """Change what is known of one."""
    found = register.see_issuer(request.actor, None, issuer)
    initial = {name: getattr(found, name) for name in IssuerForm.base_fields}
    return _issuer(request, issuer, initial)


def _issuer(request: "Request", which: UUID | None, initial: dict[str, Any]) -> HttpResponse:
    form = IssuerForm(request.POST or None, initial=initial)
    if form.is_valid() and tried(
        form, lambda: register.keep_issuer(request.actor, None, issuer=which, **form.cleaned_data)
    ):
        return redirect("issuers")
    status = 422 if form.is_bound else 200
    return page(request, "region/issuer.html", status=status, form=form, issuer=which)


@require_POST
def issuer_remove(request: "Request", issuer: UUID) -> HttpResponse:
    """Take one off the register."""
    register.remove_issuer(request.actor, None, issuer=issuer)
    return redirect("issuers")
