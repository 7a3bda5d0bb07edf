"""Whether the process lives, and whether it can serve."""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from renkei.kernel.database import row
from renkei.kernel.vault import MasterKeyMissing, masters


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """The database answers and the master key is here."""
    try:
        row("SELECT 1", [])
        masters()
    except (DatabaseError, MasterKeyMissing):
        return HttpResponse("not ready\n", content_type="text/plain", status=503)
    return HttpResponse("ready\n", content_type="text/plain")
