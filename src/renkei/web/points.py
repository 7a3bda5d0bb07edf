"""The points to note, a page for each role and profession (A10)."""

import re
from typing import TYPE_CHECKING, Final

from django.http import HttpResponse
from django.views.decorators.http import require_POST, require_safe

from renkei.training.hints import note_points, see_points
from renkei.web.page import page
from renkei.web.patient import after
from renkei.web.texts import written

if TYPE_CHECKING:
    from markupsafe import Markup

    from renkei.web.frame import Request


_CLAUSES: Final = re.compile(r"［[^］]*］")  # for who keeps the texts, not for who reads them


def _plain(text: str) -> "Markup":
    return written(_CLAUSES.sub("", text))


@require_safe
def points(request: "Request") -> HttpResponse:
    """One's own roles first, then the card of one's profession, then the pages of the others."""
    found = see_points(request.actor, None)
    return page(request, "training/points.html", points=found, written=_plain)


@require_POST
def noted(request: "Request") -> HttpResponse:
    """Seen: home does not show the points of this role by themselves again."""
    note_points(request.actor, None, role=request.POST.get("points", "")[:16])
    return after("home")
