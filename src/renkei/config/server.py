"""Runs the application under uvicorn: one process, one port."""

import asyncio
import os
import signal
import socket
from functools import partial
from types import FrameType
from typing import Any, Final, cast

import uvicorn

from renkei.config import systemd
from renkei.config.asgi import Application
from renkei.config.protocol import Protocol

STOP_SECONDS: Final = 10
GRACE_SECONDS: Final = 0.3
"""Between the end of listening and the closing of idle connections: a request may be on its way."""
TICK_SECONDS: Final = 0.1  # uvicorn's own


class Server(uvicorn.Server):
    """uvicorn's server, which stops so that no request is lost.

    From the signal on ``/readyz`` says no and every answer closes its connection, while requests
    are still taken for ``drain`` seconds, so that a proxy with another server turns to that one.
    Then whoever has connected is taken in and listening ends, streams hear goodbye, and what runs
    is finished. A listening socket that systemd holds stays open: who comes meanwhile waits there
    for the next process. A signal ends ``serve`` in the ordinary way, so that the caller can
    clean up.
    """

    def __init__(self, config: uvicorn.Config, app: Application, *, drain: float = 0.0) -> None:
        super().__init__(config)
        self._app = app
        self._drain = drain
        self._beat = max(1, int(systemd.watchdog_seconds() / 2 / TICK_SECONDS))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        systemd.notify("READY=1")

    async def on_tick(self, counter: int) -> bool:
        if counter % self._beat == 0 and systemd.watchdog_seconds():
            systemd.notify("WATCHDOG=1")
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        systemd.notify("STOPPING=1")
        self._app.door.stopping = True
        await asyncio.sleep(self._drain)
        if sockets is None:
            await self._take_who_has_connected()
        for server in self.servers:
            server.close()
        await self._app.stop_streams()
        await asyncio.sleep(GRACE_SECONDS)
        await super().shutdown(sockets)

    async def _take_who_has_connected(self) -> None:
        """Let no more connect, and take in those the kernel has already let."""
        for server in self.servers:
            for one in server.sockets:
                with socket.socket(fileno=os.dup(one.fileno())) as ours:
                    ours.listen(0)
        await asyncio.sleep(TICK_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def configure(host: str, port: int, *, app: Application) -> uvicorn.Config:
    """How the server is set up."""
    return uvicorn.Config(
        cast(Any, app),
        host=host,
        port=port,
        loop="uvloop",
        http=cast(Any, partial(Protocol, app.door)),
        ws="none",
        interface="asgi3",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        backlog=socket.SOMAXCONN,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def serve(
    host: str,
    port: int,
    *,
    app: Application,
    sockets: list[socket.socket] | None = None,
    drain: float = 0.0,
) -> None:
    """Serve until a signal says stop, on these sockets if there are any."""
    Server(configure(host, port, app=app), app, drain=drain).run(sockets)
