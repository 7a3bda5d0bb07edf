"""Browsers in which a person signed in before: what others try elsewhere shuts nobody out there.

The cookie opens nothing. It only lets this browser's attempts be counted apart (``attempts.py``).
"""

import secrets
from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

COOKIE: Final = "__Host-known" if settings.BEHIND_TLS else "known"
SALT: Final = "renkei known browser"
MOST: Final = 20  # people of one browser: a shared PC has a few
_YEAR: Final = 365 * 24 * 60 * 60  # seconds


def _name(address: str) -> str:
    """What stands for an address in the cookie, so that it tells nobody who works here."""
    return salted_hmac(SALT, address.strip().lower(), algorithm="sha256").hexdigest()[:16]


def _held(request: HttpRequest) -> dict[str, str]:
    try:
        held = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=_YEAR)
    except signing.BadSignature:
        return {}
    return held if isinstance(held, dict) else {}


def known(request: HttpRequest, address: str) -> str:
    """What tells this browser from others for this address; empty in one that does not know it."""
    return str(_held(request).get(_name(address), ""))


def make_known(request: HttpRequest, response: HttpResponse, address: str) -> None:
    """Let this browser be known to the person who just signed in."""
    held = _held(request)
    mine = held.pop(_name(address), "") or secrets.token_urlsafe(16)
    kept = list(held.items())[-(MOST - 1) :]
    response.set_cookie(
        COOKIE,
        signing.dumps(dict([*kept, (_name(address), mine)]), salt=SALT),
        max_age=_YEAR,
        secure=settings.BEHIND_TLS,
        httponly=True,
        samesite="Lax",
    )
