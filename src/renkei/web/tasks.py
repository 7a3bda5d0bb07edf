"""やること: making a task of a message, and the tasks of a group."""

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.communication import message as messages
from renkei.communication.message import MessageView
from renkei.communication.rendering import Rendering
from renkei.communication.task_board import Board, TaskLine, see_task, see_tasks
from renkei.communication.tasks import finish_task, hand_on_task, make_task, withdraw_task
from renkei.communication.templates import to_do
from renkei.kernel.errors import Problem, Unknown
from renkei.web.communication import at_message, json, piece, sent
from renkei.web.errors import sentence, wants_json
from renkei.web.page import page
from renkei.web.values import day_or_none, id_or_unknown

if TYPE_CHECKING:
    from renkei.web.frame import Request


def _day(text: str) -> date | None:
    """The day that was chosen, if one was; what is no day is one that cannot be chosen."""
    return (day_or_none(text) or date.min) if text else None


def _marks(view: MessageView) -> dict[str, bool]:
    done = any(one.state == "done" for one in view.tasks)
    return {"tasks": bool(view.to_do), "done": done and not view.to_do}


def _message(request: "Request", message: UUID, said: str) -> HttpResponse:
    """Back at the message, with its marks as they are now."""
    view = messages.see_message(request.actor, message)
    if wants_json(request):
        article = Rendering(view.cursors).html([view.entry], headings=False)
        marks = _marks(view)
        return json({"seq": view.entry.seq, "article": article, "marks": marks, "said": said})
    return HttpResponseRedirect(at_message(view.head.group, view.entry.seq), status=303)


@require_http_methods(["GET", "POST"])
def make(request: "Request", message: UUID) -> HttpResponse:
    """Make a task of a message: what, who, until when."""
    form, error, field = sent(request), "", ""
    if request.method == "POST":
        try:
            make_task(
                request.actor,
                message,
                text=form.get("what", ""),
                account=id_or_unknown(form.get("account", "")),
                due=_day(form.get("due", "")),
            )
        except Problem as problem:
            error, field = sentence(problem), problem.field
        else:
            return _message(request, message, _("It is on the list of what is to be done."))
    view = messages.see_message(request.actor, message)
    if "task.make" not in view.can:
        raise Unknown("task.make")
    return piece(
        request,
        "communication/task_make.html",
        view.head,
        status=422 if error else 200,
        view=view,
        article=Rendering(view.cursors).html([view.entry], headings=False),
        what=form.get("what", "") if error else _proposed(view.entry.text),
        account=form.get("account", ""),
        due=form.get("due", ""),
        error=error,
        field=field,
    )


def _proposed(text: str) -> str:
    """What its form asked to be done; else the first line that says something, no form's title."""
    if asked := to_do(text):
        return asked[:100]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    plain = [line for line in lines if not (line.startswith("【") and line.endswith("】"))]
    return (plain or lines or [""])[0][:100]


@require_safe
def tasks(request: "Request", group: UUID) -> HttpResponse:
    """What is to be done in a group, and what was done last."""
    board: Board = see_tasks(request.actor, group)
    return page(
        request,
        "communication/tasks.html",
        shell=board.head.shell,
        head=board.head,
        board=board,
        at_message=at_message,
    )


def _done(request: "Request", line: TaskLine, group: UUID, said: str) -> HttpResponse:
    """Back where one was: at the message, or at the tasks of the group."""
    if wants_json(request) or sent(request).get("back") == "message":
        return _message(request, line.message, said)
    return HttpResponseRedirect(reverse("tasks", args=[group]), status=303)


@require_POST
def finish(request: "Request", task: UUID) -> HttpResponse:
    """It is done."""
    head, line, _can = see_task(request.actor, task)
    finish_task(request.actor, task)
    return _done(request, line, head.group, _("Marked as done."))


@require_POST
def withdraw(request: "Request", task: UUID) -> HttpResponse:
    """It is not to be done any more."""
    head, line, _can = see_task(request.actor, task)
    withdraw_task(request.actor, task)
    return _done(request, line, head.group, _("It is off the list."))


@require_http_methods(["GET", "POST"])
def change(request: "Request", task: UUID) -> HttpResponse:
    """Somebody else does it, until another day, or in other words."""
    head, line, can = see_task(request.actor, task)
    form, error, field = sent(request), "", ""
    if request.method == "POST":
        try:
            hand_on_task(
                request.actor,
                task,
                account=id_or_unknown(form.get("account", "")),
                due=_day(form.get("due", "")),
                text=form.get("what"),
            )
        except Problem as problem:
            error, field = sentence(problem), problem.field
        else:
            return _done(request, line, head.group, _("Saved."))
    if "task.change" not in can:
        raise Unknown("task.change")
    return piece(
        request,
        "communication/task_change.html",
        head,
        status=422 if error else 200,
        task=line,
        may_withdraw="task.withdraw" in can,
        what=form.get("what", "") if error else line.text,
        account=form.get("account", "") if error else line.face.account.hex,
        due=form.get("due", "") if error else (line.due.isoformat() if line.due else ""),
        error=error,
        field=field,
    )
