"""The pages of one's own bookmarks, and of what a team has pinned."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from renkei.communication.marks import see_bookmarks, see_pins
from renkei.web.communication import at_message
from renkei.web.page import page

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
