"""Bringing what goes with a message: resumable uploads, and what is answered about them.

Uploads speak tus 1.0 (creation, termination; https://tus.io/protocols/resumable-upload): POST makes
the place, HEAD says how far it has come, PATCH brings more. Each of them asks the rule anew; there
is no address that opens anything by itself.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from renkei.communication import answering, attaching, waiting
from renkei.communication.waiting import Desk
from renkei.files.arriving import Busy, OtherPlace
from renkei.kernel.clock import JAPAN, today
from renkei.kernel.errors import Problem
from renkei.kernel.wsgi_request import Gone
from renkei.web.communication import json, piece, sent
from renkei.web.errors import sentence
from renkei.web.values import id_or_none, ids_in, number_or_none

if TYPE_CHECKING:
    from renkei.web.frame import Request

TUS: Final = {"Tus-Resumable": "1.0.0"}
POSTER: Final = 4_000_000  # bytes
_PIECE_TYPE: Final = "application/offset+octet-stream"


def _tus(status: int, **headers: str) -> HttpResponse:
    return HttpResponse(status=status, headers=TUS | headers)


@require_http_methods(["GET", "POST"])
def attachments(request: "Request", group: UUID) -> HttpResponse:
    """What waits to go with one's next message here; POST makes the place for another file."""
    if request.method == "GET":
        return _waiting(request, group)
    size = number_or_none(request.headers.get("Upload-Length"))
    made = attaching.begin_upload(
        request.actor, group, name=_name(request.headers.get("Upload-Metadata", "")), size=size or 0
    )
    response = json({"id": str(made)}, 201)
    for name, value in (TUS | {"Location": reverse("upload", args=[made])}).items():
        response.headers[name] = value
    return response


def _waiting(request: "Request", group: UUID) -> HttpResponse:
    mine, last, patients = waiting.see_waiting(request.actor, group)
    from django.template.loader import render_to_string

    html = render_to_string(
        "communication/waiting.html", {"waiting": mine, "last": last, "patients": patients}, request
    )
    return json({"html": html, "ids": [str(one.id) for one in mine]})


def _name(metadata: str) -> str:
    """The file's name out of tus metadata: ``filename <base64>, …``."""
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "filename":
            try:
                return b64decode(value, validate=True).decode()
            except (NotBase64, UnicodeDecodeError, ValueError):
                return ""
    return ""


@require_http_methods(["GET", "HEAD", "PATCH", "DELETE"])
def upload(request: "Request", attachment: UUID) -> HttpResponse:
    """How far it has come; more of it; or no more of it at all."""
    if request.method == "DELETE":
        attaching.remove(request.actor, attachment)
        return _tus(204)
    if request.method in ("GET", "HEAD"):
        found = attaching.see_upload(request.actor, attachment)
        headers = {"Upload-Offset": str(found.offset), "Upload-Length": str(found.size)}
        return _tus(200, **headers)
    at = number_or_none(request.headers.get("Upload-Offset"))
    if request.content_type != _PIECE_TYPE:
        return _tus(415)
    if at is None:
        return _tus(400)
    try:
        body = request.META["wsgi.input"]
        come = attaching.receive(request.actor, attachment, at=at, source=body)
    except OtherPlace:
        return _tus(409)
    except Busy:
        return _tus(423)
    except Gone:  # the line broke, or nothing came for too long: the page goes on where it was
        return _tus(503)
    return _tus(204, **{"Upload-Offset": str(come)})


@require_POST
def prepare(request: "Request", attachment: UUID) -> HttpResponse:
    """All has come: look at it and make it ready."""
    try:
        attaching.prepare(request.actor, attachment)
    except Problem as problem:
        status = 503 if problem.field == "busy" else 422
        return json({"message": sentence(problem)}, status)
    return json({})


@require_POST
def poster(request: "Request", attachment: UUID) -> HttpResponse:
    """The picture that stands for a film, from the sender's browser."""
    picture = request.read(POSTER + 1)
    if len(picture) <= POSTER:
        attaching.set_poster(request.actor, attachment, picture=picture)
    return json({})


@require_POST
def remove(request: "Request", attachment: UUID) -> HttpResponse:
    """Take it away again."""
    attaching.remove(request.actor, attachment)
    return json({})


@require_http_methods(["GET", "POST"])
def answer(request: "Request", attachment: UUID) -> HttpResponse:
    """Who agreed to a picture; whose document it is."""
    if request.method == "GET":
        desk = waiting.see_desk(request.actor, attachment)
        together = [one.id for one in desk.alike] if "all" in request.GET else []
        return _desk(request, desk, also=together)
    form = sent(request)
    try:
        _answer(request, attachment, form)
    except Problem as problem:
        desk = waiting.see_desk(request.actor, attachment)
        given = dict(form.items())
        return _desk(request, desk, sentence(problem), problem.field, given, _also(form))
    return json({"attachment": str(attachment)})


def _answer(request: "Request", attachment: UUID, form: Mapping[str, str]) -> None:
    get, actor = form.get, request.actor
    if get("about") == "source":
        answering.answer_source(
            actor,
            attachment,
            source=get("source", ""),
            organization=id_or_none(get("organization", "")),
            name=get("name", ""),
            asked=get("asked", ""),
            allowed=get("allowed") == "yes",
            also=_also(form),
        )
    elif get("shows") == "same":
        answering.answer_consent_as_before(actor, attachment)
    else:
        answering.answer_consent(
            actor, attachment, shows=get("shows") != "no", who=get("who", ""), how=get("how", ""),
            at=_moment(get("at", "")), also=_also(form),
        )  # fmt: skip


def _also(form: Mapping[str, str]) -> list[UUID]:
    """The others that get the same answer: ``also:<id>``."""
    return ids_in(name.removeprefix("also:") for name in form if name.startswith("also:"))


def _moment(text: str) -> datetime | None:
    """An hour of today, or a day with its hour; now if it is neither."""
    try:
        if len(text) == 5:
            return datetime.combine(today(), time.fromisoformat(text), JAPAN)
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not 2000 <= found.year < 2100:
        return None
    return found if found.tzinfo else found.replace(tzinfo=JAPAN)


def _desk(
    request: "Request", desk: Desk, error: str = "", field: str = "",
    given: dict[str, str] | None = None, also: Sequence[UUID] = (),
) -> HttpResponse:  # fmt: skip
    return piece(
        request,
        "communication/answer.html",
        desk.head,
        status=422 if error else 200,
        desk=desk,
        error=error,
        field=field,
        given=given or {},
        also=also,
    )


@require_http_methods(["GET", "POST"])
def pages(request: "Request", attachment: UUID) -> HttpResponse:
    """Which pages of a PDF are needed; the others are gone for good."""
    if request.method == "POST":
        form = sent(request)
        chosen = [n for one in form.get("pages", "").split(",") if (n := number_or_none(one))]
        try:
            attaching.pick_pages(request.actor, attachment, pages=chosen)
        except Problem as problem:
            return json({"message": sentence(problem)}, 422)
        return json({"attachment": str(attachment)})
    desk = waiting.see_desk(request.actor, attachment)
    return piece(request, "communication/pages.html", desk.head, desk=desk)
