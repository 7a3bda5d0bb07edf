"""What every request passes: its name in the log, its actor, its language, the safety headers.

Errors a person can cause become pages here and nowhere else.
"""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from renkei.kernel.entity import uuid7
from renkei.people.sessions import stored_key
from renkei.policy.standing import Actor
from renkei.web import errors

log = logging.getLogger("renkei.request")

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=(self)",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
if settings.BEHIND_TLS:
    HEADERS["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"

View = Callable[[HttpRequest], HttpResponse]


class Request(HttpRequest):
    """A request with its actor: the signed-in session, or nobody."""

    actor: Actor
    request_id: str
    htmx: bool


def actor_of(cookies: dict[str, str]) -> Actor:
    """The actor a browser's cookies speak for; whether the session holds is asked later."""
    cookie = cookies.get(settings.SESSION_COOKIE_NAME, "")
    return Actor(session=stored_key(cookie) if cookie else "")


class Frame:
    """The outermost middleware."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        """Answer one request and log one line about it."""
        began = time.perf_counter()
        request.request_id = uuid7().hex
        request.actor = actor_of(request.COOKIES)
        request.htmx = request.headers.get("HX-Request") == "true"
        look = request.COOKIES.get("look", "").split(".")
        translation.activate("en" if look[0] == "en" else "ja")
        try:
            response = self.get_response(request)
        except (OperationalError, DatabaseError) as error:
            response = errors.unavailable(request, error)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Request-Id"] = request.request_id
        self._log(request, response, time.perf_counter() - began)
        return response

    def process_exception(self, request: Request, error: Exception) -> HttpResponse | None:
        """The page for what a person ran into."""
        return errors.page_for(request, error)

    def _log(self, request: Request, response: HttpResponse, seconds: float) -> None:
        """One line: the route, never the address with its ids and words."""
        match = request.resolver_match
        log.info(
            "request",
            extra={
                "facts": {
                    "id": request.request_id,
                    "method": request.method,
                    "route": match.route if match else "",
                    "status": response.status_code,
                    "ms": round(seconds * 1000, 1),
                }
            },
        )
