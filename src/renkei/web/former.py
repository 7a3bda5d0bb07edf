"""The groups one was in: days for oneself, names for the administrator (N3.6)."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from renkei.group import leaving
from renkei.web.page import page

if TYPE_CHECKING:
    from renkei.web.frame import Request


@require_safe
def own(request: "Request") -> HttpResponse:
    """In how many groups one was, and when."""
    found = leaving.see_own_former(request.actor, None)
    return page(request, "group/former.html", found=found)


@require_safe
def of_staff(request: "Request", role: UUID) -> HttpResponse:
    """In which groups one of one's own people was for the organization."""
    return page(request, "staff/groups.html", found=leaving.see_former_of(request.actor, role))
