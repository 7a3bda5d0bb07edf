"""A part of a file, as players ask for it (RFC 9110, section 14), so that phones can seek.

One part of up to a megabyte is answered at once, so that nobody who watches slowly keeps a thread
waiting; who asked for more asks again where it ended, as the answer says. What is not understood,
and several parts at a time, is answered with the whole, as the standard allows.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

AT_ONCE: Final = 1_048_576  # bytes
_RANGE: Final = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*")


def wanted(header: str, size: int) -> tuple[int, int] | None:
    """From which byte up to which, the latter not included; None for the whole.

    Raises:
        ValueError: nothing of it is there.
    """
    found = _RANGE.fullmatch(header)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:  # the last so many bytes
        length = min(int(last), size)
        if not length:
            raise ValueError(header)
        return size - length, size
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise ValueError(header)
    return start, end


def ranged(
    request: HttpRequest,
    read: Callable[[int, int], Iterator[bytes]],
    *,
    size: int,
    kind: str,
    tag: str,
) -> HttpResponseBase:
    """The part that the request asks for, or the whole.

    Args:
        read: gives the bytes from one place up to another.
        size: bytes of the whole.
        kind: its media type.
        tag: what changes when the bytes do.
    """
    header = request.headers.get("Range", "")
    condition = request.headers.get("If-Range", f'"{tag}"')
    try:
        part = wanted(header, size) if header and condition == f'"{tag}"' else None
    except ValueError:
        response: HttpResponseBase = HttpResponse(status=416)
        response.headers["Content-Range"] = f"bytes */{size}"
        return _named(response, tag)
    if part is None:
        response = StreamingHttpResponse(read(0, size), content_type=kind)
        response.headers["Content-Length"] = str(size)
        return _named(response, tag)
    start, end = part[0], min(part[1], part[0] + AT_ONCE)
    response = HttpResponse(b"".join(read(start, end)), status=206, content_type=kind)
    response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return _named(response, tag)


def _named(response: HttpResponseBase, tag: str) -> HttpResponseBase:
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = f'"{tag}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
