"""What every request passes: its name in the log, its actor, its language; and no answer is kept.

Errors a person can cause become pages here and nowhere else.
"""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from renkei.device.keys import shown
from renkei.kernel import metrics, trace
from renkei.people import idle
from renkei.people.sessions import stored_key
from renkei.policy.standing import Actor
from renkei.web import errors, toast
from renkei.web.browser import address_of

log = logging.getLogger("renkei.request")

BY_THEMSELVES = {
    "draft",
    "read",
    "account_logout",
    "notification_device",
}  # sent, but not a sign of somebody being there

View = Callable[[HttpRequest], HttpResponse]


class Request(HttpRequest):
    """A request with its actor: the signed-in session, or nobody."""

    actor: Actor
    request_id: str
    htmx: bool
    device_closed: bool  # the page said that nothing opens on this device
    device_cookie: str | None  # what this browser is to show from now on; "" to forget it


def actor_of(cookies: dict[str, str]) -> Actor:
    """The actor a browser's cookies speak for; whether the session holds is asked later."""
    cookie = cookies.get(settings.SESSION_COOKIE_NAME, "")
    return Actor(session=stored_key(cookie) if cookie else "", shown=shown(cookies))


def _is_deed(request: Request, response: HttpResponse) -> bool:
    """Whether a person did this, and not a script by itself, or a page that fetches its pictures.

    Pages that are opened and everything that is sent count, but for drafts and reports of reading,
    and for what was refused: another site cannot keep a session alive.
    """
    if response.status_code == 403 or response.status_code >= 500:
        return False
    if request.method == "POST":
        match = request.resolver_match
        return match is not None and match.url_name not in BY_THEMSELVES
    fetched = request.headers.get("Sec-Fetch-Dest", "document") != "document"
    return not fetched and request.headers.get("Renkei-By") != "script"


def _move_on(request: Request) -> None:
    """Let the session last on; what was done is done, even if this cannot be written now."""
    try:
        idle.move_on(request.actor.session, address=address_of(request))
    except (DatabaseError, InterfaceError) as error:
        log.error("unavailable", exc_info=error)


class Frame:
    """The outermost middleware."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        """Answer one request and log one line about it."""
        began = time.perf_counter()
        named = trace.request()  # by whoever took the request from the network
        request.request_id = named or trace.begin()
        request.actor = actor_of(request.COOKIES)
        request.htmx = request.META.get("HTTP_HX_REQUEST") == "true"
        look = request.COOKIES.get("look", "").split(".")
        translation.activate("en" if look[0] == "en" else "ja")
        try:
            response = self.get_response(request)
        except (DatabaseError, InterfaceError) as error:
            response = errors.unavailable(request, error)
        toast.bring(request, response)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers[trace.HEADER] = request.request_id
        if _is_deed(request, response) and idle.is_due(request.actor.session):
            _move_on(request)
        self._log(request, response, time.perf_counter() - began)
        if not named:
            trace.end()
        return response

    def process_exception(self, request: Request, error: Exception) -> HttpResponse | None:
        """The page for what a person ran into."""
        return errors.page_for(request, error)

    def _log(self, request: Request, response: HttpResponse, seconds: float) -> None:
        """Count it, and one line: the route, never the address with its ids and words."""
        match = request.resolver_match
        route, method, status = (
            match.route if match else "",
            str(request.method),
            response.status_code,
        )
        metrics.answered(route, method, status, seconds)
        facts: dict[str, object] = {
            "method": method if method in metrics.METHODS else "other",
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        if status >= 400:
            facts["number"] = trace.number(request.request_id)
        log.info("request", extra={"facts": facts})
