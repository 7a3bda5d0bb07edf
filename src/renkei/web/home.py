"""ホーム and the menu."""

from typing import TYPE_CHECKING

from django.http import HttpResponse

from renkei.group.home import see_home
from renkei.web.communication import at_message
from renkei.web.page import page

if TYPE_CHECKING:
    from renkei.web.frame import Request


def home(request: "Request") -> HttpResponse:
    """What to do, what is unread, what the operator says."""
    found = see_home(request.actor, None)
    return page(request, "home/home.html", shell=found.shell, home=found, at_message=at_message)


def menu(request: "Request") -> HttpResponse:
    """The menu as a page, for browsers in which it does not open by itself."""
    return page(request, "home/menu.html")
