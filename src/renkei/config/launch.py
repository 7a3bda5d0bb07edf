"""Going on the network: only where it is safe, and only when everything is as it should be."""

import ipaddress
import socket

from django.core.management.base import BaseCommand, CommandError

from renkei.enrollment import demonstration


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


def serve(command: BaseCommand, host: str, port: int) -> None:
    """Serve until a signal says stop, after all checks, those of the database included.

    Raises:
        SystemCheckError: something would be unsafe.
        CommandError: one cannot listen there.
    """
    command.check(databases=["default", "keys"])
    refuse_demo_outside(host)
    refuse_taken(host, port)
    from renkei.config.asgi import application
    from renkei.config.server import serve as serve_application

    serve_application(host, port, app=application())
