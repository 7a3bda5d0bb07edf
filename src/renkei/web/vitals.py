"""The vital signs of a patient's group: graph and table, and what is usual for this patient."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from renkei.communication.observations import LABELS, UNITS, label
from renkei.communication.observing import SPANS, see_vitals
from renkei.group.ranges import range_words, see_ranges, set_ranges, typed_ranges
from renkei.kernel.errors import Problem
from renkei.region.vitals import SIGNS, Range, shown
from renkei.web.errors import sentence
from renkei.web.page import page
from renkei.web.values import day_or_none
from renkei.web.vitals_chart import HEIGHT, WIDTH, charts

if TYPE_CHECKING:
    from renkei.web.frame import Request


@require_safe
def vitals(request: "Request", group: UUID) -> HttpResponse:
    """Graph and table over two weeks or three months."""
    span = request.GET.get("span", "")
    span = span if span in SPANS else "2w"
    seen = see_vitals(
        request.actor, group, days=SPANS[span], until=day_or_none(request.GET.get("until", ""))
    )
    ranges = seen.ranges.ranges if seen.ranges else {}
    return page(
        request,
        "group/vitals.html",
        shell=seen.head.shell,
        head=seen.head,
        seen=seen,
        span=span,
        charts=charts([one.observed for one in seen.taken], seen.first, seen.last, ranges),
        size=(WIDTH, HEIGHT),
        labels={kind: _(label) for kind, label in LABELS.items()},
        units={kind: _(unit) for kind, unit in UNITS.items()},
        before=(seen.first - timedelta(days=1)).isoformat() if seen.earlier else "",
        ranges=[(label(kind), range_words(kind, one)) for kind, one in ranges.items()],
    )


@require_http_methods(["GET", "POST"])
def ranges(request: "Request", group: UUID) -> HttpResponse:
    """What is usual for this patient, for the physician who sets it."""
    error, wrong = "", ""
    if request.method == "POST":
        try:
            set_ranges(request.actor, group, ranges=typed_ranges(request.POST))
        except Problem as problem:
            error, wrong = sentence(problem), problem.field
        else:
            return HttpResponseRedirect(reverse("vitals", args=[group]), status=303)
    desk = see_ranges(request.actor, group)
    return page(
        request,
        "group/vitals_ranges.html",
        shell=desk.head.shell,
        status=422 if error else 200,
        head=desk.head,
        now=desk.now,
        error=error,
        wrong=wrong,
        signs=[_Line(kind, desk.now.ranges if desk.now else {}, request.POST) for kind in SIGNS],
    )


class _Line:
    """One sign of the form."""

    def __init__(self, kind: str, ranges: Mapping[str, Range], form: Mapping[str, str]) -> None:
        own, usual = ranges.get(kind, Range(None, None)), SIGNS[kind].usual
        self.kind, self.label, self.unit = kind, label(kind), _(UNITS[kind])
        self.low = form.get(f"low_{kind}", "" if own.low is None else shown(kind, own.low))
        self.high = form.get(f"high_{kind}", "" if own.high is None else shown(kind, own.high))
        self.usual = range_words(kind, usual)
