"""What ties the lines of the log together: the id of the request that runs, or of this run.

A person who rings reads out its number, eight digits; the log holds both. Neither says anything
about anybody.
"""

import os
import re
from contextvars import ContextVar
from typing import Final
from zlib import crc32

HEADER: Final = "X-Request-ID"
_LIKE_AN_ID: Final = re.compile(r"[0-9A-Za-z-]{16,64}")
_request: ContextVar[str] = ContextVar("the id of the running request", default="")
_run = os.urandom(16).hex()


def begin(given: str = "") -> str:
    """Take the id a trusted proxy gave, if it looks like one, else make one; it holds from here.

    It holds in the running task or thread, and in what these start with a copy of their context.
    """
    made = given if _LIKE_AN_ID.fullmatch(given) else os.urandom(16).hex()
    _request.set(made)
    return made


def request() -> str:
    """The id of the request that runs; empty outside a request."""
    return _request.get()


def end() -> None:
    """No request runs here any more."""
    _request.set("")


def current() -> str:
    """The id of the request that runs, else of this run of the program."""
    return _request.get() or _run


def number(ident: str) -> str:
    """The id in a form that can be said on the telephone, such as ``4821-0937``."""
    digits = f"{crc32(ident.encode()) % 10**8:08}"
    return f"{digits[:4]}-{digits[4:]}"
