"""Messages apart from their log: bookmarked, pinned, meant for oneself, new since one was here."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from renkei.communication.addressed import see_addressed
from renkei.communication.marks import see_bookmarks, see_pins
from renkei.communication.since import see_since
from renkei.web.communication import at_message
from renkei.web.page import page
from renkei.web.values import number_or_none

if TYPE_CHECKING:
    from renkei.web.frame import Request


@require_safe
def bookmarks(request: "Request") -> HttpResponse:
    """One's own bookmarks in all groups."""
    shell, marked = see_bookmarks(request.actor)
    return page(request, "search/bookmarks.html", shell=shell, marked=marked, at_message=at_message)


@require_safe
def pins(request: "Request", group: UUID) -> HttpResponse:
    """What the team has pinned."""
    board = see_pins(request.actor, group)
    return page(
        request,
        "search/pins.html",
        shell=board.head.shell,
        head=board.head,
        pins=board.pins,
        at_message=at_message,
    )


@require_safe
def addressed(request: "Request") -> HttpResponse:
    """What means oneself, in all groups."""
    shell, found = see_addressed(request.actor)
    return page(
        request, "search/addressed.html", shell=shell, addressed=found, at_message=at_message
    )


@require_safe
def since(request: "Request", group: UUID) -> HttpResponse:
    """What is new in a group after an entry, by profession."""
    overview = see_since(request.actor, group, after=number_or_none(request.GET.get("after")) or 0)
    return page(
        request,
        "communication/since.html",
        shell=overview.head.shell,
        head=overview.head,
        overview=overview,
        at_message=at_message,
    )
