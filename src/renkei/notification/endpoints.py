"""Where a push may be sent: to push services on the internet, and to nothing of one's own network.

The address comes from a browser, so from anybody who has signed in. Without this the server would
ask whatever it names: another machine beside it, the cloud's own addresses, this one. What a name
leads to is looked at each time, and the connection goes to that very address.
"""

import ipaddress
import socket
from http.client import HTTPConnection, HTTPSConnection
from ssl import create_default_context
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

LONGEST: Final = 1000  # characters
SECONDS: Final = 10.0  # until a push service has to have answered
_TRANSLATED: Final = [  # addresses that lead to an IPv4 address written in them
    ipaddress.ip_network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")
]


class NotAllowed(Exception):
    """Nothing is sent there."""


def checked(endpoint: str) -> SplitResult:
    """The parts of an endpoint to which something may be sent, as far as its spelling tells.

    Raises:
        NotAllowed: another scheme, port or form than push services have.
    """
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        raise NotAllowed("form") from None
    if not parts.hostname or len(endpoint) > LONGEST or not endpoint.isascii():
        raise NotAllowed("form")
    if settings.PUSH_LOOPBACK and parts.hostname == "127.0.0.1":
        return parts
    if parts.scheme != "https" or port not in (None, 443) or parts.username is not None:
        raise NotAllowed("form")
    return parts


def addresses(host: str, port: int) -> list[str]:
    """Where a name leads: all its addresses, if every one of them is on the internet.

    Raises:
        NotAllowed: one is private, of this machine, or no ordinary address.
        OSError: the name leads nowhere.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    led = list(dict.fromkeys(str(one[4][0]) for one in found))
    if settings.PUSH_LOOPBACK and led == ["127.0.0.1"]:
        return led
    if not all(is_public(one) for one in led):
        raise NotAllowed("private")
    return led


def is_public(address: str) -> bool:
    """Whether an address is an ordinary one on the internet."""
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(one, ipaddress.IPv6Address):
        if one.ipv4_mapped is not None or any(one in network for network in _TRANSLATED):
            return False
    return one.is_global and not one.is_multicast


def connected(parts: SplitResult) -> HTTPConnection:
    """A connection to an endpoint, to the address that was looked at and no other.

    Raises:
        NotAllowed: as ``addresses``.
        OSError: nobody answers.
    """
    secure = parts.scheme == "https"
    host = parts.hostname or ""
    port = parts.port or (443 if secure else 80)
    error: OSError = OSError("no address")
    for address in addresses(host, port):
        try:
            link = socket.create_connection((address, port), SECONDS)
        except OSError as failed:
            error = failed
            continue
        made = (HTTPSConnection if secure else HTTPConnection)(host, port, timeout=SECONDS)
        made.sock = (
            create_default_context().wrap_socket(link, server_hostname=host) if secure else link
        )
        return made
    raise error
