"""Leaving of an organization: a checklist, the form, the receipt (A3)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from markupsafe import Markup

from renkei.enrollment import departing
from renkei.enrollment.departing import Goodbye
from renkei.enrollment.founded import Founded, Heir
from renkei.enrollment.models import Departure
from renkei.kernel.html import place
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
END = "end"
FEW = 8  # ways on that can be seen side by side; more of them are a list to open


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

    def __init__(self, *args: Any, free: list[Founded], **options: Any) -> None:
        super().__init__(*args, **options)
        self.founded = free
        unnamed = 0
        for one in free:
            unnamed += not one.name
            few = len(one.heirs) < FEW
            ways = _ways_on(one, place if few else str)
            self.fields[f"free-{one.group.hex}"] = (Pills if few else Choice)(
                label=one.name or _("Group by invitation (%(n)s)") % {"n": unnamed},
                choices=ways if few else [("", _("Please choose one.")), *ways],
                help_text=_("%(n)s people take part") % {"n": one.members},
            )

    def free_fields(self) -> list[forms.BoundField]:
        """Those about the free groups."""
        return [self[f"free-{one.group.hex}"] for one in self.founded]

    @property
    def goodbye(self) -> Goodbye:
        """What was said."""
        sent = self.cleaned_data
        names = ("reason", "originals", "contact", "erased_on", "number")
        chosen = {one.group: sent[f"free-{one.group.hex}"] for one in self.founded}
        free = {group: None if said == END else UUID(said) for group, said in chosen.items()}
        return Goodbye(**{name: sent[name] for name in names}, free=free)


def _ways_on(one: Founded, shown: Callable[[str], str]) -> list[tuple[str, Any]]:
    """To whom a free group can be handed; ending it only where nobody elsewhere manages it.

    Where there is but one way it is said, and nothing is left to choose.
    """
    heirs = [(str(heir.member), _way_on(heir, shown)) for heir in one.heirs]
    ends = [] if one.managed_elsewhere else [(END, _("End it: it stays readable"))]
    return [*heirs, *ends]


def _way_on(heir: Heir, shown: Callable[[str], str]) -> Any:
    named = {"organization": shown(heir.organization), "name": heir.name}
    if heir.manager:
        return (
            Markup(_("Hand it to %(organization)s (%(name)s manages it)")) % named
            if heir.name
            else _("Hand it to the organization of who manages it")
        )
    return (
        Markup(_("Hand it to %(organization)s (%(name)s will manage it)")) % named
        if heir.name
        else _("Hand it to the organization of who has been in it longest")
    )


@require_http_methods(["GET", "POST"])
def leave(request: "Request", organization: UUID) -> HttpResponse:
    """How far it is; sending ends everything, and shows the receipt."""
    seen = departing.see_checklist(request.actor, organization)
    sent = request.POST if request.method == "POST" else None
    form = LeavingForm(sent, initial={"number": seen.words.number}, free=seen.free)
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
