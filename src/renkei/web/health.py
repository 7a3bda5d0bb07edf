"""Whether the process lives, and whether it can serve."""

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse

from renkei.kernel import vault
from renkei.kernel.database import row


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """Both databases answer, and the master key opens what is in the key store."""
    try:
        row("SELECT 1", [])
        opens = vault.is_open()
    except (DatabaseError, InterfaceError):
        opens = False
    if not opens:
        return HttpResponse("not ready\n", content_type="text/plain", status=503)
    return HttpResponse("ready\n", content_type="text/plain")
