"""Text as HTML, at the least cost: pages put thousands of values into one text."""

import re
from typing import Any

from markupsafe import Markup, escape

_SPECIAL = re.compile("[&<>'\"]").search


def html(value: Any) -> str:
    """A value as HTML: the same as ``escape``, but what is HTML already stays as it is.

    ``escape`` makes a new ``Markup`` of everything, which costs more than the escaping. The result
    here may be a plain text, to be joined with other HTML at once and not to be escaped again.
    """
    if type(value) is Markup or (type(value) is str and not _SPECIAL(value)):
        return value
    return escape(value)
