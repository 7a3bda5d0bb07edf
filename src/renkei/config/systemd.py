"""What systemd and a service say to each other: sockets that are open already, and how it goes.

Sources: sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3). Elsewhere all of it does nothing.
"""

import os
import socket
from contextlib import suppress
from typing import Final

FIRST: Final = 3  # the file descriptor of the first socket


def listening() -> list[socket.socket]:
    """The sockets systemd opened for this process; asked once, and not for its children."""
    meant = os.environ.pop("LISTEN_PID", "") == str(os.getpid())
    count = os.environ.pop("LISTEN_FDS", "0")
    os.environ.pop("LISTEN_FDNAMES", None)
    if not (meant and count.isdigit()):
        return []
    found = [socket.socket(fileno=FIRST + number) for number in range(int(count))]
    for one in found:
        one.set_inheritable(False)
    return found


def notify(state: str) -> None:
    """Say how it goes, such as ``READY=1``; whoever does not listen misses nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.connect(address)
        told.send(state.encode())


def watchdog_seconds() -> float:
    """How often systemd wants to hear that the process lives; 0 if it does not ask."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    given = os.environ.get("WATCHDOG_USEC", "")
    return int(given) / 1_000_000 if given.isdigit() else 0.0
