"""What every answer carries to keep a browser from being turned against its user (N3.9).

Added once, where an answer leaves: to pages, files of the pages, and errors alike.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.conf import settings

from renkei.kernel.wsgi_request import Environ, WSGIApp

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = [
    ("Content-Security-Policy", _POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "geolocation=(), microphone=(), camera=(self)"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
]
if settings.BEHIND_TLS:
    HEADERS.append(("Strict-Transport-Security", "max-age=63072000; includeSubDomains"))


def with_safety(app: WSGIApp) -> WSGIApp:
    """The same application with ``HEADERS`` in each answer; what an answer says itself stays."""

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            own = {name.lower() for name, _ in headers}
            carried = [one for one in HEADERS if one[0].lower() not in own]
            return start_response(status, headers + carried, *error)

        return app(environ, begin)

    return application
