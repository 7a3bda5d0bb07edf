"""How a group is used: the page, reading it, writing it (A11.8, A16.e)."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from renkei.group import charters
from renkei.kernel.errors import Problem
from renkei.web.errors import sentence
from renkei.web.frame import Request
from renkei.web.life_forms import REUSES, CharterForm
from renkei.web.page import page, tried


def _page(request: Request, group: UUID, status: int = 200, faulty: str = "") -> HttpResponse:
    seen = charters.see_charter(request.actor, group)
    return page(
        request,
        "group/charter.html",
        shell=seen.head.shell,
        status=status,
        head=seen.head,
        charter=seen,
        reuses=REUSES,
        faulty=faulty,
    )


@require_http_methods(["GET"])
def charter(request: Request, group: UUID) -> HttpResponse:
    """The charter in force, who has read it, and the editions before it."""
    return _page(request, group)


@require_POST
def read(request: Request, group: UUID) -> HttpResponse:
    """Tick that one has read it."""
    try:
        asked = UUID(request.POST.get("charter", ""))
    except ValueError:
        return _page(request, group, 422)
    try:
        charters.read_charter(request.actor, group, charter=asked)
    except Problem as problem:
        return _page(request, group, 422, sentence(problem))
    return redirect("timeline", group=group)


@require_http_methods(["GET", "POST"])
def edit(request: Request, group: UUID) -> HttpResponse:
    """Write it, or a new edition of it."""
    desk = charters.see_charter_desk(request.actor, group)
    known = {one: one in desk.reuse for one in REUSES}
    form = CharterForm(
        request.POST or None, initial={"text": desk.text, "number": desk.number, **known}
    )
    if form.is_valid() and tried(
        form,
        lambda: charters.write_charter(
            request.actor,
            group,
            text=form.cleaned_data["text"],
            reuse=form.reuse,
            number=form.cleaned_data["number"],
        ),
    ):
        return redirect("charter", group=group)
    return page(
        request,
        "group/charter_edit.html",
        shell=desk.head.shell,
        status=422 if form.errors else 200,
        head=desk.head,
        desk=desk,
        form=form,
    )
