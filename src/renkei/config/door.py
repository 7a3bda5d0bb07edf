"""Who is let in: how many connections there may be, how many from one place, and until when."""

from functools import lru_cache
from typing import Any, Final

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from renkei.kernel.crowd import Crowd, place_of

PROXIES: Final = "127.0.0.1,::1"
"""Who may say on whose behalf it asks: a proxy on this machine."""
PER_PLACE: Final = 1000
"""Open connections, and running requests, from one place: a hospital has one address."""
MOST: Final = 10_000


class Door:
    """Counts connections by the address they come from, and requests by the one they speak for.

    The connections of a proxy are not limited by its address: it speaks for many.
    """

    def __init__(self, *, proxies: str = PROXIES, per_place: int = PER_PLACE) -> None:
        self.most = MOST
        self.stopping = False
        self.proxies = proxies
        trusted = ProxyHeadersMiddleware(_nothing, proxies).trusted_hosts
        self._is_proxy = lru_cache(maxsize=4096)(trusted.__contains__)
        self._connections = Crowd(per_place)
        self._requests = Crowd(per_place)

    def is_proxy(self, address: str | None) -> bool:
        """Whether this address may speak for others."""
        return self._is_proxy(address or "")

    def connect(self, address: str | None, open_already: int) -> bool:
        """Whether one more connection may be."""
        if open_already >= self.most:
            return False
        return self.is_proxy(address) or self._connections.enter(place_of(address or ""))

    def disconnect(self, address: str | None) -> None:
        """A connection that was let in is over."""
        if not self.is_proxy(address):
            self._connections.leave(place_of(address or ""))

    def ask(self, address: str) -> bool:
        """Whether one more request from there may run; a proxy that names nobody is not counted."""
        return self.is_proxy(address) or self._requests.enter(place_of(address))

    def answered(self, address: str) -> None:
        """A request that was let in is over."""
        if not self.is_proxy(address):
            self._requests.leave(place_of(address))


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """Stand where an application is expected."""
