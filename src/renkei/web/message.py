"""What is done with one message: its own page, 了解, correcting, withdrawing, who has read it."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.communication import message as messages
from renkei.communication.message import MessageView
from renkei.communication.rendering import Rendering
from renkei.communication.services import (
    correct_communication,
    understand_communication,
    withdraw_communication,
)
from renkei.kernel.errors import Problem, Unknown
from renkei.web.communication import at_message, json, number, piece, sent
from renkei.web.errors import sentence, wants_json

if TYPE_CHECKING:
    from renkei.web.frame import Request


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


def _done(request: "Request", message: UUID) -> HttpResponse:
    """The message as it is now: in its place for a script, in the timeline without one."""
    view = messages.see_message(request.actor, message)
    if wants_json(request):
        return json({"seq": view.entry.seq, "article": _article(view)})
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


@require_http_methods(["GET", "POST"])
def correct(request: "Request", message: UUID) -> HttpResponse:
    """Correct one's own message; what was typed is kept when somebody was quicker."""
    if request.method == "POST":
        form = sent(request)
        text = form.get("text", "").replace("\r\n", "\n")
        version = number(form.get("version")) or 0
        try:
            correct_communication(request.actor, message, text=text, version=version)
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
            )
        return _done(request, message)
    view = _mine(messages.see_message(request.actor, message), "communication.correct")
    return _shown(request, "correct", view, text=view.entry.text, error="", conflict=False)


@require_http_methods(["GET", "POST"])
def withdraw(request: "Request", message: UUID) -> HttpResponse:
    """Take back one's own message, with a reason."""
    error = ""
    form = sent(request)
    chosen, words = form.get("choice", ""), form.get("reason", "").strip()
    if request.method == "POST":
        try:
            withdraw_communication(request.actor, message, reason=words or chosen)
        except Problem as problem:
            error = sentence(problem)
        else:
            return _done(request, message)
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


@require_GET
def receipts(request: "Request", message: UUID) -> HttpResponse:
    """Who has read it and when, and who has not yet."""
    have, have_not = messages.see_receipts(request.actor, message)
    view = messages.see_message(request.actor, message)
    return _shown(request, "receipts", view, have=have, have_not=have_not)


@require_GET
def versions(request: "Request", message: UUID) -> HttpResponse:
    """Each wording of the message with the time until which it stood."""
    wordings = messages.see_versions(request.actor, message)
    return _shown(
        request, "versions", messages.see_message(request.actor, message), wordings=wordings
    )
