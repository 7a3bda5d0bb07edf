"""The archive: the list, moving a group there, bringing it back, not yet (A11.6, N2.1)."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from renkei.group import archiving, roster
from renkei.web.frame import Request
from renkei.web.group import with_reason
from renkei.web.group_forms import ReasonForm
from renkei.web.life_forms import ArchiveForm
from renkei.web.page import page, tried


@require_http_methods(["GET"])
def archive(request: Request) -> HttpResponse:
    """What rests there, for its members and for who keeps the record."""
    found = archiving.see_archive(request.actor, None)
    return page(request, "group/archive_list.html", shell=found.shell, archive=found)


@require_http_methods(["GET", "POST"])
def put_away(request: Request, group: UUID) -> HttpResponse:
    """Move a group to the archive."""
    seen = roster.see_archiving(request.actor, group)
    form = ArchiveForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and tried(
            form,
            lambda: archiving.archive_group(
                request.actor, group, reason=form.cleaned_data["reason"]
            ),
        )
    ):
        return redirect("archive")
    return page(
        request,
        "group/archive.html",
        shell=seen.shell,
        status=422 if form.errors else 200,
        roster=seen,
        form=form,
    )


@require_http_methods(["GET", "POST"])
def bring_back(request: Request, group: UUID) -> HttpResponse:
    """Bring a group back, with a reason."""
    seen = roster.see_bringing_back(request.actor, group)

    def again(form: ReasonForm) -> HttpResponse:
        status = 422 if form.errors else 200
        return page(
            request,
            "group/bring_back.html",
            shell=seen.shell,
            status=status,
            roster=seen,
            form=form,
        )

    return with_reason(
        request,
        lambda reason: archiving.bring_back_group(request.actor, group, reason=reason),
        done=lambda: redirect("group_manage", group=group),
        again=again,
    )


@require_POST
def put_off(request: Request, group: UUID) -> HttpResponse:
    """Not yet."""
    archiving.put_off_archiving(request.actor, group)
    return redirect("home")
