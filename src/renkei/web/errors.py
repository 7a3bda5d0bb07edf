"""Pages for what a person can run into. Each says what happened, what was kept, what to do next."""

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from renkei.kernel.errors import Erased, Problem, Refused, SignedOut, Tampered, Unknown
from renkei.policy.use_case import GateClosed

if TYPE_CHECKING:
    from renkei.web.frame import Request

log = logging.getLogger("renkei.error")
GATES = {"acknowledge": "policy_confirm", "password": "account_change_password"}


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asked, which shows the sentence in its own place."""
    return request.headers.get("Accept", "").startswith("application/json")


def sentence(problem: Problem) -> str:
    """The problem in the person's language."""
    return _(problem.message) % problem.values


def answer(
    request: HttpRequest, status: int, title: str, text: str, *, template: str = "error.html"
) -> HttpResponse:
    """A whole page, or one sentence for a script."""
    if wants_json(request):
        from django.http import JsonResponse

        return JsonResponse({"title": title, "message": text}, status=status)
    context = {"title": title, "text": text, "status": status}
    return render(request, template, context, status=status)


def page_for(request: "Request", error: Exception) -> HttpResponse | None:
    """The answer to an error; None for what is a fault of ours."""
    if isinstance(error, SignedOut):
        return _to_sign_in(request)
    if isinstance(error, GateClosed):
        return _elsewhere(request, reverse(GATES[error.gate]), 403)
    if isinstance(error, Unknown):
        return not_found(request)
    if isinstance(error, Refused):
        recorded = _("You cannot do this. It was recorded.")
        return answer(request, 403, _("You cannot do this."), recorded)
    if isinstance(error, Problem):
        return answer(request, 422, _("Please check once more."), sentence(error))
    if isinstance(error, Erased):
        return answer(request, 410, _("This was erased."), _("This was erased for good."))
    if isinstance(error, Tampered):
        return tampered(request, error)
    if isinstance(error, DatabaseError):
        return unavailable(request, error)
    log.error("fault", exc_info=error, extra={"facts": {"id": request.request_id}})
    return answer(
        request,
        500,
        _("That did not work."),
        _("We could not save. Your text is still on the screen."),
    )


def tampered(request: HttpRequest, error: Tampered) -> HttpResponse:
    """Stored bytes are not what was sealed: they are named in the log and never shown."""
    log.critical("tampered", exc_info=error)
    text = _(
        "What is stored here was changed from outside. It is not shown. Please tell the operator."
    )
    return answer(request, 500, _("This cannot be shown."), text)


def _to_sign_in(request: "Request") -> HttpResponse:
    """Sign in first, then go on where one was."""
    address = reverse("account_login")
    if request.method == "GET" and request.path not in ("/", "/home"):
        address += "?next=" + quote(request.get_full_path())
    return _elsewhere(request, address, 401)


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


def unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    """The database is away, locked or full; nothing half-written remains."""
    log.error("database", exc_info=error)
    full = "full" in str(error) or "disk I/O" in str(error)
    text = (
        _("Storage is full. Nothing was lost.")
        if full
        else _("We could not save. Your text is still on the screen.")
    )
    response = answer(request, 503, _("That did not work."), text)
    response.headers["Retry-After"] = "10"
    return response


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
    return answer(
        request,
        500,
        _("That did not work."),
        _("We could not save. Your text is still on the screen."),
    )
