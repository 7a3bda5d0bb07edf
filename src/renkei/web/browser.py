"""What a browser says of itself, in two words a person knows, and where it is."""

from typing import Final

from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError
from django.core.validators import validate_ipv46_address
from django.http import HttpRequest

# The first that is found counts: most browsers also name those they descend from.
_BROWSERS: Final = (
    ("Edge", ("Edg/", "EdgA/", "EdgiOS/")),
    ("Samsung Internet", ("SamsungBrowser/",)),
    ("Firefox", ("Firefox/", "FxiOS/")),
    ("Chrome", ("Chrome/", "CriOS/", "Chromium/")),
    ("Safari", ("Safari/",)),
)
_SYSTEMS: Final = (
    ("iPhone", ("iPhone",)),
    ("iPad", ("iPad",)),
    ("Android", ("Android",)),
    ("Windows", ("Windows",)),
    ("Chromebook", ("CrOS",)),
    ("Mac", ("Macintosh",)),  # an iPad that asks for desktop pages says so too
    ("Linux", ("Linux", "X11")),
)


def _first(agent: str, known: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    return next((name for name, marks in known if any(mark in agent for mark in marks)), "")


def browser_of(request: HttpRequest) -> str:
    """Such as "Safari, iPhone"; less if the browser says less, and never a version."""
    agent = request.headers.get("User-Agent", "")[:500]
    return ", ".join(word for word in (_first(agent, _BROWSERS), _first(agent, _SYSTEMS)) if word)


def address_of(request: HttpRequest) -> str | None:
    """The address a request came from; None if what a proxy says of it is none."""
    address = str(get_adapter().get_client_ip(request))
    try:
        validate_ipv46_address(address)
    except ValidationError:
        return None
    return address
