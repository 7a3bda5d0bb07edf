"""What is said in a group: the timeline, writing, confirming, and what is done with a message.

A script asks with ``Accept: application/json`` and gets the same pieces of pages as HTML within
JSON; without scripts every action has an address and a page of its own.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.http import HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from renkei.communication import reading
from renkei.communication.answers import REASONS, Answers
from renkei.communication.hearing import record_hearing
from renkei.communication.measuring import fields_of
from renkei.communication.mentions import Offer, offers
from renkei.communication.message import see_confirmation
from renkei.communication.moving_draft import add_to_draft
from renkei.communication.observations import readings
from renkei.communication.rendering import Rendering
from renkei.communication.services import save_draft, send_communication
from renkei.communication.templates import Form, people_for, see_template, written
from renkei.group.head import Head
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import MESSAGE_MAX
from renkei.policy.use_case import GateClosed
from renkei.web.box import Box, box_of, ids
from renkei.web.errors import sentence, wants_json
from renkei.web.page import page
from renkei.web.values import day_or_none, id_or_none, number_or_none

if TYPE_CHECKING:
    from renkei.web.frame import Request

KINDS = {"report": "doc", "notice": "megaphone", "consult": "question", "request": "hand"}  # icons


def sent(request: "Request") -> Mapping[str, str]:
    """The fields of a form; a script sends them as JSON, which costs a tenth to take apart."""
    if request.content_type != "application/json":
        return request.POST
    try:
        found = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return {}
    fields = found.items() if isinstance(found, dict) else ()
    return {name: value for name, value in fields if isinstance(value, str)}


def json(data: dict[str, Any], status: int = 200) -> HttpResponse:
    """A small answer for a script."""
    return HttpResponse(orjson.dumps(data), content_type="application/json", status=status)


def piece(
    request: "Request", template: str, head: Head, *, status: int = 200, **context: Any
) -> HttpResponse:
    """A piece of a page for a script's dialog, or the whole page around it without scripts."""
    context["head"] = head
    if wants_json(request):
        html = render_to_string(template, {**context, "shell": head.shell}, request)
        return json({"html": html}, status)
    return page(
        request,
        "communication/page.html",
        shell=head.shell,
        status=status,
        piece=template,
        **context,
    )


def at_message(group: UUID, seq: int) -> str:
    """The address of the timeline where a message stands with some context around it."""
    return f"{reverse('timeline', args=[group])}?before={seq + reading.PAGE // 2}#m{seq}"


def _timeline_page(request: "Request", group: UUID, box: Box | None = None) -> HttpResponse:
    asked = request.GET
    shown = reading.read_timeline(
        request.actor,
        group,
        before=number_or_none(asked.get("before")),
        after=number_or_none(asked.get("after")),
        on=day_or_none(asked.get("on")),
    )
    if box is None and shown.draft is not None:
        draft = shown.draft
        box = Box(
            draft.text,
            draft.kind,
            draft.importance,
            draft.reply_to,
            restored=bool(draft.text or draft.template or draft.vitals) and not draft.damaged,
            damaged=draft.damaged,
            waiting=draft.waiting,
            mentions=tuple(draft.mentions),
            template=draft.template,
            values=draft.values,
            vitals=draft.vitals,
        )
    if reply := number_or_none(asked.get("reply")):
        box = Box(reply_to=reply) if box is None else replace(box, reply_to=reply, restored=False)
    form, box = _open_form(request, shown.head, box or Box())
    meant = [one for one in _offered(shown.head, box) if one.token in box.mentions]
    return page(
        request,
        "communication/timeline.html",
        shell=shown.head.shell,
        status=422 if box.error else 200,
        head=shown.head,
        timeline=shown,
        cursors=" ".join(f"{account.hex}:{seq}" for account, seq in shown.cursors.items()),
        log=Rendering(shown.cursors).html(shown.entries, first_unread=shown.first_unread),
        box=box,
        form=form,
        meant=meant,
        kinds=KINDS,
        most=MESSAGE_MAX,
        on=day_or_none(asked.get("on")) or "",
    )


def _offered(head: Head, box: Box) -> list[Offer]:
    return offers(head.members, head.kind, head.me) if box.mentions else []


def _open_form(request: "Request", head: Head, box: Box) -> tuple[Form | None, Box]:
    """The form that is open in the writing box.

    What was written in one that is offered no more stays as plain text.
    """
    if not box.template:
        return None, box
    try:
        form = see_template(request.actor, head.group, key=box.template)
    except Unknown:
        left = "\n".join([*box.values.values(), box.text]).strip()
        return None, replace(box, text=left, template="", values={})
    return people_for(form, head.members), box


def _composed(request: "Request", group: UUID, box: Box) -> Box:
    """The writing box with what stands in the open form as plain text.

    Raises:
        Problem: something is missing in it, or is not what was asked for.
        Unknown: it is not offered here any more.
    """
    if not box.template:
        return box
    form = see_template(request.actor, group, key=box.template)
    return replace(box, text=written(form, box.values, box.text), template="", values={})


@require_GET
def timeline(request: "Request", group: UUID) -> HttpResponse:
    """The group's log, opened at the first unread entry, and the writing box."""
    return _timeline_page(request, group)


@require_GET
def entries(request: "Request", group: UUID) -> HttpResponse:
    """Older or newer entries for a page that is open.

    With ``live`` they stand in for what the live stream could not deliver: delivered, not yet read.
    """
    before = number_or_none(request.GET.get("before"))
    after = number_or_none(request.GET.get("after"))
    delivered = "live" in request.GET
    shown = reading.read_entries(
        request.actor, group, before=before, after=after, delivered=delivered
    )
    if delivered and shown.new:
        record_hearing(request.actor, {group: (shown.first_seq, shown.last_seq)})
    return json(
        {
            "html": Rendering(shown.cursors).html(shown.entries),
            "first": shown.first_seq,
            "last": shown.last_seq,
            "end": shown.end,
        }
    )


@contextmanager
def _kept(request: "Request", group: UUID, box: Box) -> Iterator[None]:
    """What was typed is kept as the draft when something has to be done first."""
    try:
        yield
    except GateClosed:
        _save(request, group, box)
        raise


def _save(request: "Request", group: UUID, box: Box) -> None:
    save_draft(
        request.actor,
        group,
        text=box.text,
        kind=box.kind,
        importance=box.importance,
        reply_to=box.reply_to,
        mentions=box.mentions,
        template=box.template,
        values=box.values,
        vitals=box.vitals,
    )


@require_POST
def confirm(request: "Request", group: UUID) -> HttpResponse:
    """The sheet to confirm before a message is sent: the text, and who will read it (N3.8)."""
    form = sent(request)
    box = box_of(form)
    if not wants_json(request) and (known := _again(request, group, form, box)) is not None:
        return _timeline_page(request, group, known)
    try:
        with _kept(request, group, box):
            whole = _composed(request, group, box)
            shown = see_confirmation(
                request.actor,
                group,
                text=whole.text,
                attachments=ids(box.attachments),
                mentions=box.mentions,
                observed=box.observed,
            )
    except Problem as problem:
        return _back(request, group, form, problem)
    return piece(
        request,
        "communication/confirm.html",
        shown.head,
        shown=shown,
        box=whole,
        key=uuid7(),
        kinds=KINDS,
        reasons=REASONS,
        vitals=fields_of(shown.observed),
        readings=readings(shown.observed) if shown.observed else [],
    )


def _again(request: "Request", group: UUID, form: Mapping[str, str], box: Box) -> Box | None:
    """The writing box, where somebody without scripts goes back to it, or opens or closes a form.

    None if they go on.
    """
    if form.get("drop"):
        return replace(box, template="", values={})
    if key := form.get("choose"):
        chosen = see_template(request.actor, group, key=key)
        return replace(box, template=key, kind=chosen.kind)
    return box if form.get("back") else None


def _back(
    request: "Request", group: UUID, form: Mapping[str, str], problem: Problem
) -> HttpResponse:
    """To the writing box with all that was typed, and what is to be mended."""
    if wants_json(request):
        return json({"message": sentence(problem), "field": problem.field}, 422)
    return _timeline_page(request, group, box_of(form, sentence(problem), problem.field))


def answered(form: Mapping[str, str]) -> Answers:
    """What the author said to what was found."""
    return Answers(
        named=form.get("named", ""),
        phone=form.get("phone", ""),
        whom=form.get("whom", ""),
        reason=form.get("reason", ""),
        sure=form.get("sure", ""),
    )


@require_POST
def send(request: "Request", group: UUID) -> HttpResponse:
    """Say it. Posting again with the same key posts nothing."""
    form = sent(request)
    box = box_of(form)
    try:
        with _kept(request, group, box):
            posted = send_communication(
                request.actor,
                group,
                text=box.text,
                kind=box.kind,
                importance=box.importance,
                reply_to=box.reply_to,
                attachments=ids(box.attachments),
                mentions=box.mentions,
                observed=box.observed,
                key=id_or_none(form.get("key", "")) or uuid7(),
                confirmed=form.get("confirmed") == "yes",
                answers=answered(form),
            )
    except Problem as problem:
        return _back(request, group, form, problem)
    if wants_json(request):
        return json({"id": str(posted.id), "seq": posted.seq, "again": posted.again}, 201)
    return HttpResponseRedirect(f"{reverse('timeline', args=[group])}#m{posted.seq}", status=303)


@require_POST
def draft(request: "Request", group: UUID) -> HttpResponse:
    """Keep what is being written."""
    _save(request, group, box_of(sent(request)))
    return HttpResponse(status=204)


@require_POST
def move_draft(request: "Request", group: UUID) -> HttpResponse:
    """Put a draft where it belongs: into the group of the patient it is about (A13.2)."""
    form = sent(request)
    box = box_of(form)
    add_to_draft(request.actor, group, text=box.text, vitals=box.vitals)
    if came_from := id_or_none(form.get("from", "")):
        save_draft(request.actor, came_from, text="")
    return HttpResponseRedirect(f"{reverse('timeline', args=[group])}#write", status=303)


@require_POST
def read(request: "Request", group: UUID) -> HttpResponse:
    """Take note that entries which arrived on an open page were seen there."""
    form = sent(request)
    first, last = number_or_none(form.get("first")), number_or_none(form.get("last"))
    if first and last and first <= last:
        reading.record_reading(request.actor, group, first, last)
    return HttpResponse(status=204)
