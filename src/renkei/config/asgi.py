"""The program as one ASGI application: ``/live`` streams, everything else is Django."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, Final, cast

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from renkei.kernel.bus import Bus, bus
from renkei.kernel.wsgi_bridge import WSGIBridge
from renkei.kernel.wsgi_request import Receive, Scope, Send, WSGIApp
from renkei.live.app import Live
from renkei.live.backend import Backend

App = Callable[[Scope, Receive, Send], Awaitable[None]]

PROXIES: Final = "127.0.0.1,::1"
"""Who may say on whose behalf it asks: a proxy on this machine."""


class Application:
    """Sends each request to where it belongs, and ends both in the right order."""

    def __init__(self, live: Live, pages: WSGIBridge) -> None:
        self.live = live
        self.pages = pages
        self._pages = cast(App, ProxyHeadersMiddleware(cast(Any, pages), PROXIES))

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan":
            return self._lifespan(receive, send)
        if scope["type"] != "http":
            return _close_socket(send)
        if scope["path"] == "/live":
            return self.live(scope, receive, send)
        return self._pages(scope, receive, send)

    async def stop_streams(self) -> None:
        """Say goodbye to the streams; requests that run are not touched."""
        await self.live.stop()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self.live.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.live.stop()
        self.pages.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _close_socket(send: Send) -> None:
    await send({"type": "websocket.close", "code": 1000})


def build(*, wsgi: WSGIApp, backend: Backend, bus: Bus, threads: int = 4) -> Application:
    """Put the parts together."""
    return Application(Live(backend, bus), WSGIBridge(wsgi, threads))


def application() -> Application:
    """The real thing: Django's handler, the real messages, this process's bus."""
    wsgi = _load("renkei.config.wsgi", "application")
    backend = _load("renkei.communication.live_backend", "LiveBackend")
    return build(wsgi=wsgi, backend=backend(), bus=bus())


def _load(module: str, name: str) -> Any:
    """Import only now: Django must be set up before its models are imported."""
    return getattr(import_module(module), name)
