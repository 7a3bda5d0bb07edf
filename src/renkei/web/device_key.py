"""The device's cookie on its way: offered afresh now and then, and a copy of it found."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.http import HttpResponse

from renkei.device import keys
from renkei.device.guard import HOST, stop_copied

if TYPE_CHECKING:
    from renkei.web.frame import Request

REFUSED: Final = (401, 403)
HINTS: Final = "Sec-CH-UA-Model, Sec-CH-UA-Platform-Version"


class DeviceKeys:
    """Sets, changes and takes back the cookie by which a device is known."""

    def __init__(self, get_response: "Callable[[Request], HttpResponse]") -> None:
        self.get_response = get_response

    def __call__(self, request: "Request") -> HttpResponse:
        """Answer, and look at the cookie where there is something to do about it."""
        request.device_cookie = None
        response = self.get_response(request)
        cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
        if request.device_cookie is None and cookie and self._is_due(request, response, cookie):
            request.device_cookie = turned(cookie)
        if request.device_cookie is not None:
            put(response, request.device_cookie)
        match = request.resolver_match
        if match is not None and match.url_name == "account_login":
            response.headers["Accept-CH"] = HINTS
        return response

    def _is_due(self, request: "Request", response: HttpResponse, cookie: str) -> bool:
        closed = getattr(request, "device_closed", False)
        return closed or response.status_code in REFUSED or keys.is_due(cookie)


def turned(cookie: str, **options: object) -> str | None:
    """The cookie to set instead of this one; a copy is dealt with at once."""
    if settings.DEVICE_CERTIFICATE_HEADER:
        return None
    found = keys.turn(cookie, **options)  # type: ignore[arg-type]
    if found.copied is not None:
        stop_copied(HOST, None, key=found.copied)
        return ""
    return found.cookie


def at_sign_in(request: "Request", session: str) -> None:
    """Say on which device a session begins, and let its secret change."""
    cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    if keys.bind(session, request.actor.shown) is not None or cookie:
        request.device_cookie = turned(cookie, least=keys.ON_THE_WAY) if cookie else None


def put(response: HttpResponse, cookie: str) -> None:
    """Set the cookie, or take it away."""
    name = settings.DEVICE_COOKIE_NAME
    if not cookie:
        response.set_cookie(
            name, "", max_age=0, httponly=True, secure=settings.BEHIND_TLS, samesite="Lax"
        )
        return
    response.set_cookie(
        name,
        cookie,
        max_age=keys.DAYS_KEPT * 24 * 60 * 60,
        httponly=True,
        secure=settings.BEHIND_TLS,
        samesite="Lax",
    )
