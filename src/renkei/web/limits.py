"""How often something may be sent without a session, from one place and for one address."""

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from allauth.account.adapter import get_adapter
from django.core.cache import cache

from renkei.kernel.crowd import place_of

if TYPE_CHECKING:
    from renkei.web.frame import Request

MINUTES_15: Final = 15 * 60
HOUR: Final = 60 * 60
Limits = tuple[tuple[str, int, int], ...]  # "ip", "email", "both" or "all"; how often; seconds


def too_many(action: str, limits: Limits, request: "Request", email: str = "") -> bool:
    """Count this attempt; whether there were too many from this place, or for this address."""
    place = place_of(str(get_adapter().get_client_ip(request)))
    names = {"ip": place, "all": "", "email": email, "both": f"{email} {place}"}
    over = False
    for what, most, seconds in limits:
        name = sha256(names[what].encode()).hexdigest()[:32]
        key = f"{action}:{what}:{most}:{name}"
        cache.add(key, 0, seconds)
        over = cache.incr(key) > most or over
    return over
