"""Leaving of an organization: a checklist, the form, the receipt (A3)."""

from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from renkei.enrollment import departing
from renkei.enrollment.departing import Goodbye
from renkei.enrollment.models import Departure
from renkei.web.fields import Choice, Day, Line, Pills
from renkei.web.page import page, tried

if TYPE_CHECKING:
    from renkei.web.frame import Request

REASONS = (
    ("", _("Not said")),
    (Departure.Reason.CLOSED.value, _("The organization closes")),
    (Departure.Reason.MERGED.value, _("It merges with another one")),
    (Departure.Reason.OTHER_SYSTEM.value, _("It uses something else")),
    (Departure.Reason.OTHER.value, _("Another reason")),
)
ORIGINALS = (
    (Departure.Originals.HANDED.value, _("Handed to who looks after the patients now")),
    (Departure.Originals.KEPT.value, _("We go on keeping them")),
)


class LeavingForm(forms.Form):
    """What an organization says as it leaves."""

    number = forms.IntegerField(widget=forms.HiddenInput())
    originals = Pills(label=_("Originals of the consents (form 4)"), choices=ORIGINALS)
    erased_on = Day(label=_("Day on which the last device was returned and erased"), required=False)
    contact = Line(
        label=_("Who answers questions afterwards"),
        max_length=200,
        help_text=_("Name and telephone"),
    )
    reason = Choice(label=_("Reason"), choices=REASONS, required=False)
    duties = forms.BooleanField(
        label=_("The duty of confidentiality stays after leaving. We keep to it."),
        error_messages={"required": _("Please confirm this.")},
    )

    @property
    def goodbye(self) -> Goodbye:
        """What was said."""
        sent = self.cleaned_data
        names = ("reason", "originals", "contact", "erased_on", "number")
        return Goodbye(**{name: sent[name] for name in names})


@require_http_methods(["GET", "POST"])
def leave(request: "Request", organization: UUID) -> HttpResponse:
    """How far it is; sending ends everything, and shows the receipt."""
    seen = departing.see_checklist(request.actor, organization)
    sent = request.POST if request.method == "POST" else None
    form = LeavingForm(sent, initial={"number": seen.words.number})
    left: list[UUID] = []
    if form.is_valid() and tried(
        form,
        lambda: left.append(
            departing.leave_network(request.actor, organization, goodbye=form.goodbye)
        ),
    ):
        return _receipt(request, seen, form)
    status = 422 if form.errors else 200
    return page(request, "joining/leaving.html", status=status, seen=seen, form=form)


def _receipt(request: "Request", seen: departing.Checklist, form: LeavingForm) -> HttpResponse:
    """Shown once, because nobody of the organization can come back for it; the operator can."""
    from renkei.kernel import clock

    context = {"seen": seen, "on": clock.today(), "contact": form.cleaned_data["contact"]}
    return render(request, "joining/left.html", context)
