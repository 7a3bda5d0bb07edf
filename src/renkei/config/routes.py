"""Routes that say what they need. A route that does not say it cannot be started."""

from collections.abc import Callable, Iterator
from typing import Any

from django.core.checks import Error, register
from django.urls import URLPattern, URLResolver, get_resolver, path

from renkei.policy.rules import RULES
from renkei.web.toast import DONE

PUBLIC, SIGNED_IN, HOST = "public", "signed-in", "host"
LIVE = {"route": "live", "name": "live", "permission": "group.see", "methods": ["GET"]}


def route(
    address: str, view: Callable[..., Any], *, name: str, needs: str, toast: str = DONE
) -> URLPattern:
    """A path with the permission it needs: a rule, ``PUBLIC``, ``SIGNED_IN`` or ``HOST``.

    Declaring is not deciding: the use cases behind the view ask the rule themselves.

    Args:
        toast: what the next page says once something was sent there and done (``web.toast``).
    """
    pattern = path(address, view, name=name)
    pattern.needs = needs  # type: ignore[attr-defined]
    pattern.toast = toast  # type: ignore[attr-defined]
    return pattern


def _patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in resolver.url_patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _patterns(one, here)
        else:
            yield here, one


def routes() -> list[dict[str, Any]]:
    """Every address of the program with its permission."""
    listed = [
        {"route": address, "name": one.name, "permission": getattr(one, "needs", None)}
        for address, one in _patterns(get_resolver())
    ]
    return [*listed, LIVE]


@register("urls")
def every_route_says_what_it_needs(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Refuse to start with a route that declares no permission, or one that is no rule."""
    return [
        Error(f"Route /{one['route']} declares no known permission.", id="renkei.E002")
        for one in routes()
        if one["permission"] not in (PUBLIC, SIGNED_IN, HOST) and one["permission"] not in RULES
    ]
