"""Text as HTML, at the least cost: pages put thousands of values into one text."""

import re
from functools import lru_cache
from typing import Any
from uuid import UUID

from markupsafe import Markup, escape

from renkei.kernel.japanese import joints

_PLAIN = frozenset((int, UUID))  # nothing in what they are written as is special
_SPECIAL = re.compile("[&<>'\"]").search


def html(value: Any) -> str:
    """A value as HTML: the same as ``escape``, but what is HTML already stays as it is.

    ``escape`` makes a new ``Markup`` of everything, which costs more than the escaping. The result
    here may be a plain text, to be joined with other HTML at once and not to be escaped again.
    """
    kind = type(value)
    if kind is Markup or (kind is str and not _SPECIAL(value)):
        return value  # type: ignore[no-any-return]
    return str(value) if kind in _PLAIN else escape(value)


@lru_cache(maxsize=4096)
def place(name: str) -> Markup:
    """What an organization is called, to be broken where one would take breath."""
    pieces = [html(piece) for piece in joints(name)]
    if len(pieces) == 1:
        return Markup(pieces[0])
    return Markup(f'<span class="place-name">{"<wbr>".join(pieces)}</span>')
