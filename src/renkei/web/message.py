"""What is done with one message: its own page, 了解, correcting, withdrawing, who has read it."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.communication import message as messages
from renkei.communication.answers import REASONS
from renkei.communication.asking_again import ask_again as tell_again
from renkei.communication.marks import (
    bookmark_communication,
    pin_communication,
    unbookmark_communication,
    unpin_communication,
)
from renkei.communication.measuring import fields_of, measured, typed
from renkei.communication.message import Checked, MessageView
from renkei.communication.observations import Observed
from renkei.communication.rendering import Rendering
from renkei.communication.services import (
    correct_communication,
    hide_communication,
    understand_communication,
    withdraw_communication,
)
from renkei.communication.taken_back import see_taken_back
from renkei.communication.whom import see_meant
from renkei.kernel.errors import Problem, Unknown
from renkei.web.box import tokens
from renkei.web.communication import answered, at_message, json, piece, sent
from renkei.web.errors import sentence, wants_json
from renkei.web.values import number_or_none

if TYPE_CHECKING:
    from renkei.web.frame import Request

_WITHDRAWN = "communication/withdrawn.html"


def _article(view: MessageView) -> str:
    return Rendering(view.cursors).html([view.entry], headings=False)


def _shown(
    request: "Request", template: str, view: MessageView, *, status: int = 200, **context: Any
) -> HttpResponse:
    """A piece about one message, with the message itself."""
    return piece(
        request,
        f"communication/{template}.html",
        view.head,
        status=status,
        view=view,
        article=_article(view),
        **context,
    )


def _mine(view: MessageView, permission: str) -> MessageView:
    """The message, if there is such a form for this person; sending it asks the rule itself."""
    if permission not in view.can:
        raise Unknown(permission)
    return view


def _done(request: "Request", message: UUID, *, said: str = "") -> HttpResponse:
    """The message as it is now: in its place for a script, in the timeline without one."""
    view = messages.see_message(request.actor, message)
    if wants_json(request):
        return json({"seq": view.entry.seq, "article": _article(view), "said": said})
    return HttpResponseRedirect(at_message(view.head.group, view.entry.seq), status=303)


@require_GET
def entry(request: "Request", message: UUID) -> HttpResponse:
    """One message with everything that can be done with it."""
    return _shown(request, "message", messages.see_message(request.actor, message))


@require_POST
def understand(request: "Request", message: UUID) -> HttpResponse:
    """Say 「了解」."""
    understand_communication(request.actor, message)
    return _done(request, message)


def _marked(request: "Request", message: UUID, said: str) -> HttpResponse:
    """The message with its marks as they are now, where one was."""
    view = messages.see_message(request.actor, message)
    if wants_json(request):
        marks = {"pinned": view.pinned is not None, "kept": view.kept}
        article = _article(view)
        return json({"seq": view.entry.seq, "article": article, "marks": marks, "said": said})
    back = sent(request).get("back", "")
    if back == "bookmarks":
        return HttpResponseRedirect(reverse("bookmarks"), status=303)
    if back == "pins":
        return HttpResponseRedirect(reverse("pins", args=[view.head.group]), status=303)
    return HttpResponseRedirect(at_message(view.head.group, view.entry.seq), status=303)


@require_POST
def bookmark(request: "Request", message: UUID) -> HttpResponse:
    """Put one's own bookmark on a message, or take it away."""
    kept = sent(request).get("kept") == "yes"
    mark = bookmark_communication if kept else unbookmark_communication
    mark(request.actor, message)
    said = _("You put a bookmark on it.") if kept else _("You took the bookmark away.")
    return _marked(request, message, said)


@require_POST
def pin(request: "Request", message: UUID) -> HttpResponse:
    """Pin a message for the team, or unpin it."""
    pinned = sent(request).get("pinned") == "yes"
    mark = pin_communication if pinned else unpin_communication
    mark(request.actor, message)
    return _marked(request, message, _("It is pinned.") if pinned else _("It is unpinned."))


@require_http_methods(["GET", "POST"])
def correct(request: "Request", message: UUID) -> HttpResponse:
    """Correct one's own message; what was typed is kept when somebody was quicker."""
    if request.method == "POST":
        form = sent(request)
        text = form.get("text", "").replace("\r\n", "\n")
        version = number_or_none(form.get("version")) or 0
        fields, observed = typed(form), None
        try:
            if fields:
                posted = messages.see_message(request.actor, message).entry.sent_at
                observed = measured(fields, posted)
            correct_communication(
                request.actor,
                message,
                text=text,
                version=version,
                mentions=tokens(form),
                observed=observed,
                answers=answered(form),
            )
        except Problem as problem:
            view = messages.see_message(request.actor, message)
            conflict = view.entry.version != version
            return _shown(
                request,
                "correct",
                view,
                status=422,
                text=text,
                error=sentence(problem),
                conflict=conflict,
                asked=problem.field,
                checked=_checked(request, message, text, observed, problem),
                whom=see_meant(request.actor, message),
                chosen=tokens(form),
                answers=answered(form),
                reasons=REASONS,
                vitals=fields,
            )
        return _done(request, message, said=_("It is corrected."))
    view = _mine(messages.see_message(request.actor, message), "communication.correct")
    nothing: dict[str, Any] = {"error": "", "conflict": False, "asked": ""}
    whom, fields = see_meant(request.actor, message), fields_of(view.entry.observed)
    return _shown(
        request,
        "correct",
        view,
        text=view.entry.words,
        vitals=fields,
        whom=whom,
        chosen=whom.chosen,
        **nothing,
    )


def _checked(
    request: "Request", message: UUID, text: str, observed: Observed | None, problem: Problem
) -> Checked | None:
    """What the correction gives away; nothing is asked of vital signs that cannot be."""
    if problem.field.startswith("v_"):
        return None
    return messages.see_checked(request.actor, message, text=text, observed=observed)


@require_http_methods(["GET", "POST"])
def withdraw(request: "Request", message: UUID) -> HttpResponse:
    """Take back one's own message, with a reason; who asks again, as the answer got lost, may."""
    error = ""
    form = sent(request)
    chosen, words = form.get("choice", ""), form.get("reason", "").strip()
    if request.method == "POST":
        with suppress(Unknown):
            return _taken_back(request, message)
        try:
            withdraw_communication(request.actor, message, reason=words or chosen)
        except Problem as problem:
            error = sentence(problem)
        else:
            return _taken_back(request, message)
    view = _mine(messages.see_message(request.actor, message), "communication.withdraw")
    return _shown(
        request,
        "withdraw",
        view,
        status=422 if error else 200,
        error=error,
        reason=words,
        chosen=chosen,
    )


def _taken_back(request: "Request", message: UUID) -> HttpResponse:
    """The message as it is now, and who had read it, if somebody had."""
    back = see_taken_back(request.actor, message)
    if not back.readers:
        return _done(request, message, said=_("It is withdrawn."))
    if not wants_json(request):
        return HttpResponseRedirect(reverse("withdrawn", args=[message]), status=303)
    view = messages.see_message(request.actor, message)
    html = render_to_string(_WITHDRAWN, {"head": back.head, "back": back}, request)
    return json({"seq": view.entry.seq, "article": _article(view), "html": html})


@require_GET
def withdrawn(request: "Request", message: UUID) -> HttpResponse:
    """Who had read one's own message before one withdrew it, and the way to report it."""
    back = see_taken_back(request.actor, message)
    return piece(request, _WITHDRAWN, back.head, back=back)


@require_http_methods(["GET", "POST"])
def hide(request: "Request", message: UUID) -> HttpResponse:
    """Hide somebody's post in a free group, as its manager, with a reason (A12.5)."""
    error, words = "", sent(request).get("reason", "").strip()
    if request.method == "POST":
        try:
            hide_communication(request.actor, message, reason=words)
        except Problem as problem:
            error = sentence(problem)
        else:
            return _done(request, message)
    view = _mine(messages.see_message(request.actor, message), "communication.hide")
    return _shown(request, "hide", view, status=422 if error else 200, error=error, reason=words)


@require_GET
def receipts(request: "Request", message: UUID) -> HttpResponse:
    """Who has read it and when, and who has not yet."""
    return _receipts(request, message)


def _receipts(request: "Request", message: UUID, said: str = "") -> HttpResponse:
    have, have_not = messages.see_receipts(request.actor, message)
    view = messages.see_message(request.actor, message)
    return _shown(request, "receipts", view, have=have, have_not=have_not, said=said)


@require_POST
def ask_again(request: "Request", message: UUID) -> HttpResponse:
    """Tell those who have not read one's own message of it once more."""
    try:
        count = tell_again(request.actor, message)
    except Problem as problem:
        return _receipts(request, message, sentence(problem))
    words = _("%(n)s people are told again. It stands first when they open Renkei.")
    return _receipts(request, message, words % {"n": count})


@require_GET
def versions(request: "Request", message: UUID) -> HttpResponse:
    """Each wording of the message with the time until which it stood."""
    wordings = messages.see_versions(request.actor, message)
    return _shown(
        request, "versions", messages.see_message(request.actor, message), wordings=wordings
    )
