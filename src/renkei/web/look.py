"""How a person wants pages to look: kept with the account, and in a cookie for signing in."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from renkei.group.shell import Shell

COOKIE: Final = "look"
LANGUAGES: Final = ("ja", "en")
SIZES: Final = ("standard", "large", "largest")
CONTRASTS: Final = ("standard", "more")
_YEAR: Final = 365 * 24 * 60 * 60  # seconds


@dataclass(frozen=True, slots=True)
class Look:
    """Language, text size and contrast."""

    language: str = "ja"
    text: str = "standard"
    contrast: str = "standard"


def look_of(request: HttpRequest, shell: Shell | None = None) -> Look:
    """As the signed-in person set it, else as this browser remembers it."""
    if shell is not None:
        return Look(shell.me.language, shell.me.text_size, shell.me.contrast)
    parts = [*request.COOKIES.get(COOKIE, "").split("."), "", "", ""]
    return Look(
        parts[0] if parts[0] in LANGUAGES else "ja",
        parts[1] if parts[1] in SIZES else "standard",
        parts[2] if parts[2] in CONTRASTS else "standard",
    )


def remember(response: HttpResponse, look: Look) -> None:
    """Let this browser show pages so from now on, before anybody signs in too."""
    response.set_cookie(
        COOKIE,
        f"{look.language}.{look.text}.{look.contrast}",
        max_age=_YEAR,
        secure=settings.BEHIND_TLS,
        httponly=True,
        samesite="Lax",
    )
