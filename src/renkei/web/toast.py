"""The toast: what was sent and answered with another page is said there to be done.

It travels in a cookie of this browser for the one redirect, as a key of a fixed table: nothing that
somebody wrote, nothing of a patient, and nothing that another site could put words into.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, get_resolver
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from renkei.web.frame import Request

COOKIE: Final = "toast"
_SECONDS: Final = 60
DONE, SAVED, RECORDED, ASKED = "done", "saved", "recorded", "asked"
SILENT: Final = ""  # what shows by itself that it was done, or is but a step of something
WORDS: Final[dict[str, Any]] = {
    DONE: _("Done."),
    SAVED: _("Saved."),
    RECORDED: _("Recorded."),
    ASKED: _("Your request was sent."),
}


@cache
def toasts() -> dict[str, str]:
    """The key of each route's toast, as it stands beside its address; by the route's name."""
    patterns = [one for one in get_resolver().url_patterns if isinstance(one, URLPattern)]
    return {one.name or "": getattr(one, "toast", SILENT) for one in patterns}


def bring(request: "Request", response: HttpResponse) -> None:
    """Let the page that comes next show it: only after a person's own form, never a script's."""
    match = request.resolver_match
    location = response.headers.get("Location", "")
    if request.method != "POST" or response.status_code not in (302, 303) or match is None:
        return
    if request.headers.get("Renkei-By") == "script" or request.htmx or "?" in location:
        return
    word = toasts().get(match.url_name or "", SILENT)
    if word and location.startswith("/"):
        response.set_cookie(
            COOKIE, word, max_age=_SECONDS, httponly=True, samesite="Lax",
            secure=settings.BEHIND_TLS,
        )  # fmt: skip


def toast_of(request: HttpRequest) -> Any:
    """The sentence of this page; empty where there is none."""
    return WORDS.get(request.COOKIES.get(COOKIE, ""), "")


def forget(request: HttpRequest, response: HttpResponse) -> None:
    """It is shown once."""
    if COOKIE in request.COOKIES:
        response.delete_cookie(COOKIE, samesite="Lax")
