"""Pages for what a person can run into. Each says what happened, what was kept, what to do next."""

import errno
import logging
import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from renkei.kernel import damage, metrics, trace
from renkei.kernel.errors import Erased, Problem, Refused, SignedOut, Tampered, Unknown
from renkei.policy.rules import needs_device, needs_joining
from renkei.policy.use_case import GateClosed

if TYPE_CHECKING:
    from renkei.web.frame import Request

log = logging.getLogger("renkei.error")
GATES = {
    "elsewhere": "account_logout",
    "acknowledge": "policy_confirm",
    "password": "account_change_password",
    "factor": "mfa_index",
}


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asked, which shows the sentence in its own place."""
    return str(request.META.get("HTTP_ACCEPT", "")).startswith("application/json")


def sentence(problem: Problem) -> str:
    """The problem in the person's language."""
    return _(problem.message) % problem.values


def answer(
    request: HttpRequest, status: int, title: str, text: str, *, template: str = "error.html"
) -> HttpResponse:
    """A whole page, or one sentence for a script."""
    number = trace.number(trace.current())
    if wants_json(request):
        from django.http import JsonResponse

        said = {"title": title, "message": text, "number": number}
        return JsonResponse(said, status=status)
    typed = request.POST.get("text", "") if status >= 500 and request.method == "POST" else ""
    context = {"title": title, "text": text, "status": status, "number": number, "typed": typed}
    return render(request, template, context, status=status)


def page_for(request: "Request", error: Exception) -> HttpResponse | None:
    """The answer to an error; None for what is a fault of ours."""
    if isinstance(error, SignedOut):
        return _to_sign_in(request)
    if isinstance(error, GateClosed):
        return _gate(request, error.gate)
    if isinstance(error, Unknown):
        return not_found(request)
    if isinstance(error, Refused) and needs_joining(error.permission):
        if (closed := joining_closed(request)) is not None:
            return closed
    if isinstance(error, Refused) and needs_device(error.permission):
        if (closed := device_closed(request)) is not None:
            return closed
    if isinstance(error, Refused):
        recorded = _("You cannot do this. It was recorded.")
        return answer(request, 403, _("You cannot do this."), recorded)
    if isinstance(error, Problem):
        return answer(request, 422, _("Please check once more."), sentence(error))
    if isinstance(error, SuspiciousOperation | BadRequest):
        return not_understood(request)
    if isinstance(error, Erased):
        return answer(request, 410, _("This was erased."), _("This was erased for good."))
    if isinstance(error, Tampered):
        return tampered(request, error)
    if isinstance(error, DatabaseError | InterfaceError) or is_full(error):
        return unavailable(request, error)
    log.error("fault", exc_info=error)
    return server_error(request)


def joining_closed(request: "Request") -> HttpResponse | None:
    """Where something of joining is missing, that is what a refusal is about (A3, A9).

    The calm page: what is missing, and whose turn it is; None where joining is complete.
    """
    from renkei.enrollment.joining import see_own_joining

    try:
        places = see_own_joining(request.actor, None)
    except (GateClosed, Refused, SignedOut):
        return None
    if not places:
        return None
    if wants_json(request):
        return answer(request, 403, _("One thing is still missing before you can begin."), "")
    return render(request, "joining/closed.html", {"places": places}, status=403)


def _gate(request: "Request", gate: str) -> HttpResponse:
    """On to what has to be done first."""
    address = reverse(GATES[gate])
    if gate != "elsewhere":
        return _elsewhere(request, _and_back(request, address), 403)
    request.device_closed = True
    return _elsewhere(request, f"{address}?anew", 403)


def device_closed(request: "Request") -> HttpResponse | None:
    """On a device on which nothing of a patient opens, that is what a refusal is about.

    The calm page: what is closed, why, and what to do; None where the device is in order.
    """
    from renkei.device.in_hand import see_own_device

    try:
        own = see_own_device(request.actor, None)
    except (GateClosed, Refused, SignedOut):
        return None
    if own.fits or not own.needed or own.acting_for is None:
        return None
    request.device_closed = True
    if wants_json(request):
        return answer(request, 403, _("Nothing of a patient opens on this device."), "")
    return render(request, "device/closed.html", {"own": own}, status=403)


def tampered(request: HttpRequest, error: Tampered) -> HttpResponse:
    """Stored bytes are not what was sealed: they are named in the log and never shown."""
    damage.tell(error)
    text = _(
        "What is stored here was changed from outside. It is not shown. Please tell the operator."
    )
    return answer(request, 500, _("This cannot be shown."), text)


def _to_sign_in(request: "Request") -> HttpResponse:
    """Sign in first, then go on where one was."""
    return _elsewhere(request, _and_back(request, reverse("account_login")), 401)


def _and_back(request: "Request", address: str) -> str:
    """The address, which knows where to go on afterwards."""
    if request.method != "GET" or request.path in ("/", "/home") or wants_json(request):
        return address
    return address + "?next=" + quote(request.get_full_path())


def _elsewhere(request: "Request", address: str, status: int) -> HttpResponse:
    if wants_json(request):
        from django.http import JsonResponse

        return JsonResponse(
            {"message": _("You were logged out. Your draft is kept."), "go": address}, status=status
        )
    if request.htmx:
        return HttpResponse(status=status, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The same for what is not there and for what one may not know about."""
    return answer(
        request,
        404,
        _("There is nothing to see here."),
        _("This page does not exist or is not for you."),
    )


def not_understood(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What no page of ours sends, such as a request for another name than this server's."""
    return answer(request, 400, _("That did not work."), _("Please open the page again."))


def is_full(error: Exception) -> bool:
    """Whether the disk had no room left: for a file, or for SQLite or PostgreSQL (code 53100)."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", None) or getattr(cause, "sqlstate", None)
    return code in (sqlite3.SQLITE_FULL, "53100")


def unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    """The database is away or locked, or the disk full; nothing half-written remains."""
    log.error("unavailable", exc_info=error)
    metrics.DATABASE_ERRORS.labels(type(error).__name__).inc()
    text = _("Storage is full. Nothing was lost.") if is_full(error) else _kept(request)
    response = answer(request, 503, _("That did not work."), text)
    response.headers["Retry-After"] = "10"
    return response


def _kept(request: HttpRequest) -> str:
    """What became of what the person was doing."""
    if request.method in ("GET", "HEAD"):
        return _("This page cannot be opened at the moment. What is stored is not affected.")
    return _("We could not save. Your text is still on the screen.")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page was open too long, or the request came from elsewhere."""
    return answer(
        request,
        403,
        _("Please open the page again."),
        _("This page was open for too long. Please go back, open it again and send once more."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Last resort, without a template of the frame."""
    return answer(request, 500, _("That did not work."), _kept(request))
