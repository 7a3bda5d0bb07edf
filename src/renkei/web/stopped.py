"""The next contact of a device that was blocked: the browser forgets everything it kept (A15.6).

Asked only where a request leads to signing in anyway, so that no ordinary page pays for it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render

from renkei.incident.stopping import has_to_forget
from renkei.web.errors import wants_json

if TYPE_CHECKING:
    from renkei.web.frame import Request

EVERYTHING = '"cache", "cookies", "storage"'
SIGN_IN = "/sign-in"


class Forget:
    """Answers a browser whose session ended because its device was reported lost."""

    def __init__(self, get_response: "Callable[[Request], HttpResponse]") -> None:
        self.get_response = get_response

    def __call__(self, request: "Request") -> HttpResponse:
        """Pass on the answer, or the page that clears the browser."""
        if request.path == SIGN_IN and has_to_forget(request.actor):
            return self._cleared(request)
        response = self.get_response(request)
        leads = response.status_code == 401 or response.headers.get("Location", "").startswith(
            SIGN_IN
        )
        quiet = request.htmx or wants_json(request)
        if leads and has_to_forget(request.actor):
            return self._told(response) if quiet else self._cleared(request)
        return response

    def _told(self, response: HttpResponse) -> HttpResponse:
        """A script asked: what was stored goes; the page it leads to says why."""
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    def _cleared(self, request: "Request") -> HttpResponse:
        response = render(request, "report/stopped.html", status=403)
        response.headers["Clear-Site-Data"] = EVERYTHING
        for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
            response.delete_cookie(name, samesite="Lax")
        request.device_cookie = ""
        return response
