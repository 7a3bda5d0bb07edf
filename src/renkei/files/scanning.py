"""Asking ClamAV about a file, by its INSTREAM command, where ``CLAMAV_URL`` names a clamd.

``tcp://host:port`` or ``unix:///path/of/clamd.ctl``. The file is given in pieces over the socket;
nothing of it is written here. Who cannot be asked has not said that it is clean: then the file
waits. Source: clamd(8), "z" commands and INSTREAM.
"""

import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_noop

from renkei.kernel.errors import Problem

SECONDS: Final = 60.0  # for each step of the talk
_PIECE: Final = 1_048_576
_LONGEST: Final = 4096  # bytes of an answer
NOT_NOW: Final = gettext_noop("The check for viruses does not answer. The file is kept and waits.")


class Infected(Exception):
    """Something was found in the file."""


class _Silent(OSError):
    """No answer, or none that says yes or no."""


def check(content: Iterable[bytes]) -> None:
    """See that nothing is found in a file; nothing is asked where nobody is named.

    Raises:
        Infected: something was; its name is the argument.
        Problem: it could not be asked; ``field`` is "busy", for it may be asked again.
    """
    if not settings.CLAMAV_URL:
        return
    try:
        answer = _asked(content)
    except OSError as error:
        raise Problem(NOT_NOW, field="busy") from error
    if answer.endswith(" FOUND"):
        raise Infected(answer.removeprefix("stream: ").removesuffix(" FOUND"))
    if answer != "stream: OK":
        raise Problem(NOT_NOW, field="busy")


def version() -> str:
    """What clamd says of itself and its signatures.

    Raises:
        OSError: it does not answer.
    """
    with _connected() as clamd:
        clamd.sendall(b"zVERSION\0")
        return _answer(clamd)


def _connected() -> socket.socket:
    address = urlsplit(settings.CLAMAV_URL)
    if address.scheme == "unix":
        clamd = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        clamd.settimeout(SECONDS)
        try:
            clamd.connect(address.path)
        except OSError:
            clamd.close()
            raise
        return clamd
    if address.scheme != "tcp" or not address.hostname:
        raise _Silent(settings.CLAMAV_URL)
    return socket.create_connection((address.hostname, address.port or 3310), timeout=SECONDS)


def _asked(content: Iterable[bytes]) -> str:
    with _connected() as clamd:
        clamd.sendall(b"zINSTREAM\0")
        # who has heard enough closes the line; what was said before stands, and is read
        with suppress(BrokenPipeError, ConnectionResetError):
            for part in content:
                for at in range(0, len(part), _PIECE):
                    piece = part[at : at + _PIECE]
                    clamd.sendall(struct.pack(">I", len(piece)) + piece)
            clamd.sendall(bytes(4))
        return _answer(clamd)


def _answer(clamd: socket.socket) -> str:
    """What it says, up to the zero that ends it."""
    said = b""
    while not said.endswith(b"\0"):
        part = clamd.recv(_LONGEST)
        if not part or len(said) > _LONGEST:
            raise _Silent("cut off")
        said += part
    return said[:-1].decode("utf-8", "replace").strip()
