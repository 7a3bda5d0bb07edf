"""Going on the network: only where it is safe, and only when everything is as it should be."""

import gc
import ipaddress
import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from renkei.config import installation, systemd
from renkei.config.checkup import stores
from renkei.config.checkup.finding import State
from renkei.config.unlocking import follow_rotations
from renkei.enrollment import demonstration
from renkei.files import leftovers

TURN_SECONDS: Final = 0.001
"""How long a thread that computes keeps the others waiting; Python's 5 ms add up."""
CYCLES_AFTER: Final = 20_000
"""New objects between two searches for those that hold each other; Python's 700 would have one in
every post. What goes by itself, nearly everything, goes at once as before."""
MOST_BESIDE: Final = 300
"""Open files that are no connections of clients: databases, logs, photos on their way."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_taken(host: str, port: int) -> None:
    """Refuse an address on which one cannot listen.

    Raises:
        CommandError: the port is taken, or there is no such address here.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"{host}のポート{port}では待ち受けできません。ほかのプログラムが使っているなら、"
                "それを止めるか、--port で別の番号を選んでください。"
            ) from error


def refuse_demo_outside(host: str) -> None:
    """Keep invented people, whose password everybody knows, on this machine.

    Raises:
        CommandError: the address can be reached from elsewhere.
    """
    if not is_loopback(host) and demonstration.is_here():
        raise CommandError(
            "デモ用のアカウントがあるデータフォルダーは、この機械の外に公開できません"
            "（--host 127.0.0.1 だけが使えます）。"
        )


def refuse_shut_bucket() -> None:
    """Refuse to start with a bucket that can never work, or that is open to everybody.

    One that does not answer just now is no reason: what needs no file goes on.

    Raises:
        CommandError: the address or the key is wrong, there is no such bucket, or it is public.
    """
    found = stores.files()
    if settings.S3_URL and found.state is State.BAD and found.what != stores.BUCKET["line"][0]:
        raise CommandError(f"{found.what}{found.do}")


@contextmanager
def alone() -> Iterator[None]:
    """Be the only server of this data folder, unless Redis carries hints between several.

    Raises:
        CommandError: another one runs.
    """
    try:
        with installation.served():
            yield
    except installation.Served as error:
        raise CommandError(
            "このデータフォルダーでは、もうサーバーが動いています。"
            "先にそれを止めるか、別の --data を選んでください。"
        ) from error


def raise_limits() -> int:
    """Let this process have as many connections as the system allows; returns how many files."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    found, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if found == resource.RLIM_INFINITY else found


def spare_the_collector() -> None:
    """Let it leave alone what lives as long as the process, and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(CYCLES_AFTER, *gc.get_threshold()[1:])


def serve(command: BaseCommand, host: str, port: int, *, drain: float = 0.0) -> None:
    """Serve until a signal says stop, after all checks, those of the database included.

    A socket that systemd opened is taken instead of ``host`` and ``port``.

    Raises:
        SystemCheckError: something would be unsafe.
        CommandError: one cannot listen there.
    """
    command.check(databases=["default", "keys"])
    sockets = systemd.listening()
    for where in [_host_of(one) for one in sockets] or [host]:
        refuse_demo_outside(where)
    if not sockets:
        refuse_taken(host, port)
    refuse_shut_bucket()
    leftovers.sweep()
    from renkei.config.asgi import application
    from renkei.config.clock_watch import ClockWatch
    from renkei.config.edition_watch import EditionWatch
    from renkei.config.erased_watch import ErasedWatch
    from renkei.config.following import following
    from renkei.config.rounds import Rounds
    from renkei.config.sending import Sending
    from renkei.config.server import serve as serve_application

    follow_rotations()
    sys.setswitchinterval(TURN_SECONDS)
    app = application()
    app.door.most = max(MOST_BESIDE, raise_limits() - MOST_BESIDE)
    spare_the_collector()
    with ClockWatch(), Rounds(), EditionWatch(), ErasedWatch(), following(), Sending():
        serve_application(host, port, app=app, sockets=sockets or None, drain=drain)


def _host_of(listening: socket.socket) -> str:
    """Where it listens; a socket that is a file is on this machine."""
    local = listening.family == socket.AF_UNIX
    return "localhost" if local else str(listening.getsockname()[0])
