"""Some seconds of a film: choosing them, and opening what became of them (A16)."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.disclosure import clips
from renkei.disclosure.copying import open_clip
from renkei.disclosure.requests import see_request
from renkei.kernel.errors import Problem
from renkei.web import reuse_paper
from renkei.web.communication import json
from renkei.web.errors import sentence
from renkei.web.page import page
from renkei.web.values import number_or_none

if TYPE_CHECKING:
    from renkei.web.frame import Request

LARGEST: Final = 16_000_000  # bytes of all frames of a clip


@require_http_methods(["GET", "POST"])
def cut(request: "Request", reuse: UUID, film: UUID) -> HttpResponse:
    """The film, to choose some seconds of it; POST brings their frames from the browser."""
    if request.method == "POST":
        try:
            clips.cut(
                request.actor,
                reuse,
                file=film,
                frames=_frames(request),
                pace=number_or_none(request.POST.get("pace")) or 0,
            )
        except Problem as problem:
            return json({"message": sentence(problem)}, 503 if problem.field == "busy" else 422)
        return json({"next": _next(request, reuse)})
    desk = clips.see_clip(request.actor, reuse, file=film)
    return page(
        request, "reuse/cut.html", shell=desk.head.shell, head=desk.head, desk=desk, limits=clips
    )


def _next(request: "Request", reuse: UUID) -> str:
    outside = see_request(request.actor, reuse).purpose == "outside"
    return reverse("reuse_anonymise" if outside else "reuse", args=[reuse])


def _frames(request: "Request") -> list[bytes]:
    """The frames out of one body, by their lengths; none where these do not fit."""
    sent = request.FILES.get("frames")
    lengths = [number_or_none(one) or 0 for one in request.POST.get("lengths", "").split(",")]
    if sent is None or not sent.size or sent.size > LARGEST or sum(lengths) != sent.size:
        return []
    enough = clips.MOST + 1  # for the use case to say that these are too many
    return [sent.read(one) for one in lengths[:enough]]


@require_safe
def frame(request: "Request", reuse: UUID, film: UUID, number: int) -> HttpResponse:
    """One of the frames, to draw on."""
    content = clips.see_frame(request.actor, reuse, file=film, number=number)
    return HttpResponse(content, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@require_POST
def clip(request: "Request", reuse: UUID, film: UUID) -> HttpResponse:
    """The clip as GIF, without sound, marked like every copy."""
    copy, opened = open_clip(request.actor, reuse, file=film)
    try:
        content = reuse_paper.clip_as_gif(copy, opened)
    except Problem as problem:
        return json({"message": sentence(problem)}, 503)
    response = HttpResponse(content, content_type="image/gif")
    name = f"clip-{copy.number}.gif"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response
