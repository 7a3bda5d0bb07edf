"""One's own backup as a folder that opens without Renkei, sent as it is made (N4.8)."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from renkei.disclosure.own_backup import see_own_backup, take_own_backup
from renkei.group.shell import see_shell
from renkei.kernel.errors import Problem
from renkei.web.backup_folder import folder
from renkei.web.errors import sentence
from renkei.web.page import page
from renkei.web.second_step import show_again
from renkei.web.values import id_or_unknown

if TYPE_CHECKING:
    from renkei.web.frame import Request


def _page(request: "Request", error: str = "") -> HttpResponse:
    shell = see_shell(request.actor, None)
    choice = see_own_backup(request.actor, None)
    return page(
        request,
        "reuse/backup.html",
        shell=shell,
        status=422 if error else 200,
        choice=choice,
        groups=shell.groups,
        error=error,
    )


@require_safe
def own_backup(request: "Request") -> HttpResponse:
    """What there is to take, and what it means to take it."""
    return _page(request)


@require_POST
def take(request: "Request") -> HttpResponseBase:
    """The folder, to who has just shown who they are."""
    see_own_backup(request.actor, None)
    if again := show_again(request, reverse("own_backup")):
        return again
    try:
        taken = take_own_backup(request.actor, None, group=_group(request.POST.get("group")))
    except Problem as problem:
        return _page(request, sentence(problem))
    response = StreamingHttpResponse(folder(request.actor, taken), content_type="application/zip")
    name = f"renkei-own-{taken.at:%Y%m%d}.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _group(given: str | None) -> UUID | None:
    """The group that was chosen; None for all of them."""
    return id_or_unknown(given) if given else None
