"""Restricting, suspending and banning people; suspending organizations (N2.2)."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from renkei.incident import overview, stops
from renkei.web import incident_words as words
from renkei.web.page import page, tried
from renkei.web.patient import after

if TYPE_CHECKING:
    from renkei.web.frame import Request

CHOICES = [
    ("read_only", _("May only read: writes and manages nothing")),
    ("suspended", _("Stopped for a time, until it is cleared up")),
    ("banned", _("Stopped for good")),
]


class ReasonForm(forms.Form):
    """Why; sealed, for who sees to it."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=1_000,
        error_messages={"required": _("Please give a reason.")},
        help_text=_("It is kept sealed. Write nothing about patients."),
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
    )


class RestrictForm(ReasonForm):
    """What is stopped, and why."""

    word = forms.ChoiceField(
        label=_("What is stopped"),
        choices=CHOICES,
        error_messages={"required": _("Please choose one.")},
        widget=forms.RadioSelect,
    )
    field_order = ["word", "reason"]


@require_http_methods(["GET", "POST"])
def restrict(request: "Request", role: UUID) -> HttpResponse:
    """Restrict one of one's own staff, or lift it."""
    seen = overview.see_restricting(request.actor, role)
    lifting = "lift" in request.POST
    form = RestrictForm(request.POST if request.method == "POST" and not lifting else None)
    lift = ReasonForm(request.POST if lifting else None, prefix="lift")
    if lift.is_valid() and tried(
        lift, lambda: stops.lift(request.actor, role, reason=lift.cleaned_data["reason"])
    ):
        return after("staff_restrict", role=role)
    if form.is_valid() and tried(
        form, lambda: stops.restrict(request.actor, role, **form.cleaned_data)
    ):
        return after("staff_restrict", role=role)
    status = 422 if form.is_bound or lift.is_bound else 200
    return page(
        request, "incident/restrict.html", status=status, seen=seen, form=form, lift=lift,
        words=words,
    )  # fmt: skip


def _suspending(
    request: "Request",
    thing: UUID,
    seen: overview.Suspending,
    begin: Callable[..., None],
    end: Callable[..., None],
    name: str,
) -> HttpResponse:
    """One page for both directions, of a person or of an organization."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    do = begin if seen.suspended_at is None else end
    if form.is_valid() and tried(
        form, lambda: do(request.actor, thing, reason=form.cleaned_data["reason"])
    ):
        return after("stops")
    status = 422 if form.is_bound else 200
    return page(
        request, "incident/suspend.html", status=status, seen=seen, form=form, what=name,
        words=words,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def person(request: "Request", account: UUID) -> HttpResponse:
    """Stop a person's ID, or let it in again."""
    seen = overview.see_suspending(request.actor, account)
    begin, end = stops.suspend_person, stops.lift_person
    return _suspending(request, account, seen, begin, end, "person")


@require_http_methods(["GET", "POST"])
def organization(request: "Request", organization: UUID) -> HttpResponse:
    """Stop an organization, or let it take part again."""
    seen = overview.see_suspending_organization(request.actor, organization)
    begin, end = stops.suspend_organization, stops.lift_organization
    return _suspending(request, organization, seen, begin, end, "organization")


@require_http_methods(["GET", "POST"])
def stopped(request: "Request") -> HttpResponse:
    """What is stopped, and whom one can stop. An address searched for comes by POST."""
    asked = request.POST.get("q", "")[:254]
    found = overview.see_stops(request.actor, None, asked)
    return page(request, "incident/stops.html", found=found, asked=asked)
