"""The operator's desk for disaster use, and the page on which everybody reads what is on (A20)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.group.shell import see_shell
from renkei.kernel import clock
from renkei.kernel.clock import JAPAN
from renkei.region import parameters
from renkei.region.declaring import (
    NOTE_MOST,
    change_disaster,
    confirm_disaster,
    declare_disaster,
    end_disaster,
)
from renkei.region.disaster import DRILL_MOST, Disaster, public_results
from renkei.region.disclosures import public_region
from renkei.safety import settling
from renkei.safety.settling import Report, Use
from renkei.web.disaster_words import FACTORS, OUTCOMES, WHAT, kinds_of_acts, what
from renkei.web.fields import Choice, Line
from renkei.web.page import page, tried
from renkei.web.patient import own_organization
from renkei.web.sheet import sheet

if TYPE_CHECKING:
    from renkei.web.frame import Request

HOURS = (3, 6, 12, 24, 48, 72, 120, 168, 240, 336, 504, 720)


def _lasting(hours: int) -> str:
    if hours <= 24:
        return gettext("%(n)s hours") % {"n": hours}
    return gettext("%(n)s days") % {"n": hours // 24}


class BoundsForm(forms.Form):
    """For whom, and until when."""

    lasting = Choice(label=_("For how long, from now"))
    area = forms.MultipleChoiceField(
        label=_("Only for these organizations"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing chosen: the whole region."),
    )

    def __init__(self, *args: Any, names: dict[str, str], drill: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        days = parameters.of(public_region().policy)["disaster_max_days"]
        most = DRILL_MOST if drill else timedelta(days=days)
        hours = [one for one in HOURS if timedelta(hours=one) <= most]
        self.fields["lasting"].choices = [(str(one), _lasting(one)) for one in hours]  # type: ignore[attr-defined]
        self.fields["lasting"].initial = str(3 if drill else hours[-1])
        self.fields["area"].choices = list(names.items())  # type: ignore[attr-defined]

    @property
    def lasts(self) -> str:
        """In words how long it lasts as things stand; what was sent need not be a choice."""
        field: Any = self.fields["lasting"]
        names = dict(field.choices)
        return str(names.get(str(self["lasting"].value()), names[field.initial]))

    def bounds(self) -> dict[str, Any]:
        """What the use case takes."""
        area = self.cleaned_data["area"]
        hours = timedelta(hours=int(self.cleaned_data["lasting"]))
        return {
            "area": [UUID(one) for one in area] if area else None,
            "until": clock.now() + hours,
        }


class DeclareForm(BoundsForm):
    """What happened; the button that is pressed says it."""

    note = Line(
        label=_("In words, if you have the time"),
        required=False,
        max_length=NOTE_MOST,
        help_text=_("For example Typhoon 24. Everybody reads it; nothing about patients."),
    )
    word = forms.ChoiceField(choices=list(WHAT.items()))


@require_safe
def band(request: "Request") -> HttpResponse:
    """What stands on every page while it is in force, for a page that is open already."""
    shell = see_shell(request.actor, None)
    return render(request, "disaster/live.html", {"shell": shell, "strip": "strip" in request.GET})


@require_safe
def now(request: "Request") -> HttpResponse:
    """What is on, what it means for me, and where to go."""
    return page(request, "disaster/now.html", what=what)


@require_safe
def desk(request: "Request") -> HttpResponse:
    """All disaster uses and drills of the region."""
    found, _names = settling.see_disasters(request.actor, None)
    return page(request, "disaster/desk.html", disasters=found, what=what)


@require_http_methods(["GET", "POST"])
def declare(request: "Request") -> HttpResponse:
    """Declare it: one tap on what happened."""
    _found, names = settling.see_disasters(request.actor, None)
    drill = "drill" in (request.POST or request.GET)
    form = DeclareForm(request.POST or None, names=names, drill=drill)

    def act() -> None:
        sent = form.cleaned_data
        declare_disaster(
            request.actor,
            None,
            drill=drill,
            word=sent["word"],
            note=sent["note"],
            **form.bounds(),
        )

    if form.is_valid() and tried(form, act):
        return redirect("disaster")
    status = 422 if form.is_bound else 200
    context: dict[str, Any] = {"form": form, "drill": drill, "words": WHAT}
    return page(request, "disaster/declare.html", status=status, **context)


@require_http_methods(["GET", "POST"])
def change(request: "Request", disaster: UUID) -> HttpResponse:
    """Extend it, or move its bounds."""
    report = settling.see_report(request.actor, disaster)
    _found, names = settling.see_disasters(request.actor, None)
    area = [one.hex for one in report.disaster.area or ()]
    form = BoundsForm(
        request.POST or None, names=names, drill=report.disaster.drill, initial={"area": area}
    )
    if form.is_valid() and tried(
        form, lambda: change_disaster(request.actor, disaster, **form.bounds())
    ):
        return redirect("disaster_report", disaster=disaster)
    status = 422 if form.is_bound else 200
    return page(request, "disaster/change.html", status=status, form=form, report=report, what=what)


def _act(act: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """A button on the page of one disaster use."""

    @require_POST
    def run(request: "Request", disaster: UUID) -> HttpResponse:
        act(request.actor, disaster)
        gone = act is settling.remove_drill
        return redirect("disasters") if gone else redirect("disaster_report", disaster=disaster)

    return run


confirm = _act(confirm_disaster)
end = _act(end_disaster)
publish = _act(settling.publish_result)
remove = _act(settling.remove_drill)


@require_safe
def report(request: "Request", disaster: UUID) -> HttpResponse:
    """Every use of unlisted devices; as a page to print, or as a file."""
    found = settling.see_report(request.actor, disaster)
    if "csv" in request.GET:
        return sheet("disaster", _rows(found))
    words: dict[str, Any] = {
        "factors": FACTORS,
        "outcomes": OUTCOMES,
        "what": what,
        "acts": kinds_of_acts,
    }
    return page(request, "disaster/report.html", report=found, **words)


COLUMNS = (
    _("Drill"), _("When"), _("Name"), _("Organization"), _("Why"), _("Shown by"), _("Browser"),
    _("What was done"), _("Decided"), _("Decided by"),
)  # fmt: skip


def _rows(report: Report) -> Iterator[list[object]]:
    yield list(COLUMNS)
    yield from (_row(one, report.disaster) for one in report.uses)


def _row(one: Use, disaster: Disaster) -> list[object]:
    return [
        gettext("Drill") if disaster.drill else "",
        f"{one.at.astimezone(JAPAN):%Y-%m-%d %H:%M}",
        one.name,
        one.organization,
        one.reason,
        FACTORS.get(one.factor, one.factor),
        one.browser,
        "、".join(f"{kind} {n}" for kind, n in kinds_of_acts(one.acts)),
        OUTCOMES[one.outcome],
        one.settled_by,
    ]


@require_safe
def uses(request: "Request") -> HttpResponse:
    """The unlisted devices of one's own people: each is adopted or closed."""
    shell = see_shell(request.actor, None)
    found = settling.see_uses(request.actor, own_organization(shell))
    words: dict[str, Any] = {"factors": FACTORS, "outcomes": OUTCOMES, "acts": kinds_of_acts}
    return page(request, "disaster/uses.html", shell=shell, uses=found, **words)


@require_POST
def settle(request: "Request", use: UUID) -> HttpResponse:
    """Adopt a device or close it."""
    place = own_organization(see_shell(request.actor, None))
    settling.settle(request.actor, place, use=use, outcome=request.POST.get("outcome", ""))
    return redirect("emergencies")


@require_safe
def results(request: "Request") -> HttpResponse:
    """What the operator published afterwards: numbers without names; for everybody."""
    return render(request, "disaster/results.html", {"results": public_results()})
