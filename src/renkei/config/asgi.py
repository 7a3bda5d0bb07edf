"""The program as one ASGI application: ``/live`` streams, everything else is Django."""

import re
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, Final, cast

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from renkei.config.door import Door
from renkei.kernel import metrics, trace
from renkei.kernel.bus import Bus, bus
from renkei.kernel.client_certificate import pass_on
from renkei.kernel.wsgi_bridge import WSGIBridge, answer
from renkei.kernel.wsgi_request import Receive, Scope, Send, WSGIApp
from renkei.live.app import Live
from renkei.live.backend import Backend

App = Callable[[Scope, Receive, Send], Awaitable[None]]

READY: Final = "/readyz"
NAME: Final = trace.HEADER.lower().encode()
COSTLY: Final = frozenset({"/sign-in", "/begin", "/again/password", "/password/change"})
"""Where a password is hashed, which is slow on purpose."""
BRIEF: Final = re.compile(r"/groups/[0-9a-f-]{36}/(?:messages|read)")
"""Where most is written: a message, and that it was read."""
THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1"})
"""Only a proxy here names client certificates, whoever else may speak for others."""


class Application:
    """Sends each request to where it belongs, and ends both in the right order."""

    def __init__(self, live: Live, pages: WSGIBridge, door: Door, certificate: str = "") -> None:
        self.live = live
        self.pages = pages
        self.door = door
        self._certificate = certificate.encode()
        self._behind_proxies = cast(App, ProxyHeadersMiddleware(cast(Any, self._ask), door.proxies))

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan":
            return self._lifespan(receive, send)
        if scope["type"] != "http":
            return _close_socket(send)
        if self._certificate:
            scope = pass_on(scope, self._certificate, THIS_MACHINE)
        return self._http(scope, receive, send)

    async def stop_streams(self) -> None:
        """Say goodbye to the streams; requests that run are not touched."""
        await self.live.stop()

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the request its id, and the address of whoever really asks."""
        trace.begin(_given(scope) if self.door.is_proxy(_address(scope)) else "")
        await self._behind_proxies(scope, receive, send)

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = _address(scope)
        if self.door.stopping and scope["path"] == READY:
            return await answer(send, 503)
        if not self.door.ask(address):
            metrics.TURNED_AWAY.labels("many requests").inc()
            return await answer(send, 503)
        try:
            await (self.live if scope["path"] == "/live" else self.pages)(scope, receive, send)
        finally:
            self.door.answered(address)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self.live.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.live.stop()
        self.pages.close()
        await send({"type": "lifespan.shutdown.complete"})


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _given(scope: Scope) -> str:
    """The id a proxy gave the request; it counts only if it gave one and no more."""
    given = [value for name, value in scope["headers"] if name == NAME]
    return given[0].decode("latin-1") if len(given) == 1 else ""


async def _close_socket(send: Send) -> None:
    await send({"type": "websocket.close", "code": 1000})


def build(
    *,
    wsgi: WSGIApp,
    backend: Backend,
    bus: Bus,
    threads: int = 4,
    door: Door | None = None,
    certificate: str = "",
    one_writer: bool = False,
) -> Application:
    """Put the parts together.

    Args:
        one_writer: whether the database lets one write at a time, as SQLite does.
        certificate: the header in which a proxy here names a client certificate; empty for none.
    """
    bridge = WSGIBridge(wsgi, threads, COSTLY, BRIEF if one_writer else None)
    return Application(Live(backend, bus), bridge, door or Door(), certificate)


def application() -> Application:
    """The real thing: Django's handler, the real messages, this process's bus."""
    from django.conf import settings

    from renkei.kernel.database import on_postgresql

    wsgi = _load("renkei.config.wsgi", "application")
    backend = _load("renkei.communication.live_backend", "LiveBackend")
    door = Door(proxies=settings.PROXIES, per_place=settings.PER_ADDRESS)
    header = settings.DEVICE_CERTIFICATE_HEADER
    return build(
        wsgi=wsgi,
        backend=backend(),
        bus=bus(),
        door=door,
        certificate=header,
        one_writer=not on_postgresql(),
    )


def _load(module: str, name: str) -> Any:
    """Import only now: Django must be set up before its models are imported."""
    return getattr(import_module(module), name)
