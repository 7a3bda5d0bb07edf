"""Looking at what came with a message, and the files of a group. Nothing here is a download."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from renkei.communication import viewing
from renkei.communication.filing import see_files
from renkei.kernel.errors import Unknown
from renkei.patient.purposes import purposes
from renkei.web.page import page as whole_page
from renkei.web.ranges import ranged, wanted
from renkei.web.values import day_or_none, id_or_none, number_or_none

if TYPE_CHECKING:
    from renkei.web.frame import Request


@require_safe
def viewer(request: "Request", attachment: UUID) -> HttpResponse:
    """One attachment over the whole screen."""
    seen = viewing.see_attachment(request.actor, attachment)
    return render(request, "viewer/viewer.html", {"seen": seen})


def _numbered(page: str) -> int:
    if not (page.isascii() and page.isdigit() and len(page) < 5):
        raise Unknown("page")
    return int(page)


def _picture(content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@require_safe
def page(request: "Request", attachment: UUID, page: str) -> HttpResponse:
    """One page or picture, stamped with who looks at it."""
    return _picture(viewing.see_page(request.actor, attachment, _numbered(page)))


@require_safe
def thumb(request: "Request", attachment: UUID, page: str) -> HttpResponse:
    """One page or picture, small."""
    return _picture(viewing.see_thumb(request.actor, attachment, _numbered(page)))


@require_safe
def film(request: "Request", attachment: UUID) -> HttpResponseBase:
    """A part of a film; only players ask for parts, so the whole is never given at once."""
    found = viewing.see_film(request.actor, attachment)
    size = found.file.size
    tag = found.file.id.hex
    if not _asks_for_a_part(request, size, tag):
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    return ranged(request, found.read, size=size, kind="video/mp4", tag=tag)


def _asks_for_a_part(request: "Request", size: int, tag: str) -> bool:
    header = request.headers.get("Range", "")
    try:
        part = wanted(header, size) is not None
    except ValueError:  # a part that is not there
        part = True
    return part and request.headers.get("If-Range", f'"{tag}"') == f'"{tag}"'


# ── The files of a group ─────────────────────────────────────────────────────────────────────────

KINDS: Final = ("picture", "video", "pdf", "office")


@require_safe
def files(request: "Request", group: UUID) -> HttpResponse:
    """What was posted, and the papers about the patient (資料)."""
    asked = request.GET
    kind = asked.get("kind", "")
    kind = kind if kind in KINDS else ""
    author, month = id_or_none(asked.get("author", "")), day_or_none(f"{asked.get('month', '')}-01")
    before = number_or_none(asked.get("before"))
    seen = see_files(request.actor, group, kind=kind, author=author, month=month, before=before)
    return whole_page(
        request,
        "group/files.html",
        shell=seen.head.shell,
        head=seen.head,
        seen=seen,
        chosen={"kind": kind, "author": author, "month": month},
        purposes=purposes(get_language() or "ja"),
    )
