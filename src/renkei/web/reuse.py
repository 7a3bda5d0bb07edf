"""What leaves a group: asking for it, answering, making it anonymous, opening the copy (A16)."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.communication.rendering import Rendering
from renkei.disclosure import answering, asking, extracting, requests
from renkei.disclosure.copying import open_copy
from renkei.disclosure.faxing import note_pages, prepare_fax, see_fax
from renkei.disclosure.models import ReuseRequest
from renkei.disclosure.requests import RequestView
from renkei.group.shell import see_shell
from renkei.kernel import clock
from renkei.kernel.errors import Problem
from renkei.web import reuse_paper
from renkei.web import reuse_words as words
from renkei.web.errors import sentence
from renkei.web.page import page, tried
from renkei.web.patient import after
from renkei.web.pdf_answer import shown
from renkei.web.reuse_forms import AskForm, FaxForm, chosen, covered, decided, written
from renkei.web.reuse_results import seen_results

if TYPE_CHECKING:
    from renkei.web.frame import Request

USUAL = timedelta(days=7)


@require_http_methods(["GET", "POST"])
def ask(request: "Request", group: UUID) -> HttpResponse:
    """Ask the authors of the messages that were chosen in the timeline."""
    sending = request.method == "POST"
    messages = chosen(request.POST if sending else request.GET)[: asking.MOST]
    files = chosen(request.POST, "f")
    view = requests.see_asking(request.actor, group, messages=messages)
    me = view.head.shell.me.face
    initial = {
        "users": f"{me.name}（{me.organization}）",
        "until": min(clock.today() + USUAL, view.latest),
    }
    form = AskForm(request.POST if sending else None, initial=initial)
    made: list[ReuseRequest] = []
    if form.is_valid() and tried(
        form,
        lambda: made.append(
            asking.ask_to_reuse(
                request.actor, group, messages=messages, asked=form.asked(), files=files
            )
        ),
    ):
        return after("reuse", reuse=made[0].id)
    return page(
        request,
        "reuse/ask.html",
        shell=view.head.shell,
        status=422 if form.errors else 200,
        head=view.head,
        view=view,
        form=form,
        files=files,
        log=Rendering({}).html(view.entries, headings=False),
        words=words,
    )


@require_safe
def own(request: "Request") -> HttpResponse:
    """What one asked for, and what was asked of one."""
    shell = see_shell(request.actor, None)
    visible = {one.id for one in shell.groups}
    found = requests.see_own_requests(request.actor, None, visible=visible)
    return page(request, "reuse/list.html", shell=shell, found=found, visible=visible, words=words)


def _page(request: "Request", view: RequestView, error: str = "") -> HttpResponse:
    return page(
        request,
        "reuse/one.html",
        shell=view.head.shell,
        status=422 if error else 200,
        head=view.head,
        view=view,
        words=words,
        error=error,
    )


@require_safe
def one(request: "Request", reuse: UUID) -> HttpResponse:
    """One request: what it is about, who said what, and what comes next."""
    return _page(request, requests.see_request(request.actor, reuse))


@require_POST
def permit(request: "Request", reuse: UUID) -> HttpResponse:
    """The author says yes."""
    condition = request.POST.get("condition", "")
    words_only = bool(request.POST.get("words_only"))
    answering.permit_reuse(request.actor, reuse, condition=condition, words_only=words_only)
    return after("reuse", reuse=reuse)


@require_POST
def decline(request: "Request", reuse: UUID) -> HttpResponse:
    """The author says no, wants to talk first, or takes back what was permitted.

    Who is not in the group any more comes from the list of their own, and goes back there.
    """
    answering.decline_reuse(request.actor, reuse, talk=bool(request.POST.get("talk")))
    return after("reuses") if request.POST.get("list") else after("reuse", reuse=reuse)


@require_POST
def permit_outside(request: "Request", reuse: UUID) -> HttpResponse:
    """The group's manager says yes to a use outside care."""
    answering.permit_outside(request.actor, reuse)
    return after("reuse", reuse=reuse)


@require_POST
def decline_outside(request: "Request", reuse: UUID) -> HttpResponse:
    """The group's manager says no."""
    answering.decline_outside(request.actor, reuse)
    return after("reuse", reuse=reuse)


@require_POST
def withdraw(request: "Request", reuse: UUID) -> HttpResponse:
    """It is not needed any more."""
    asking.withdraw_request(request.actor, reuse)
    return after("reuses")


@require_http_methods(["GET", "POST"])
def anonymise(request: "Request", reuse: UUID) -> HttpResponse:
    """The anonymising editor: before and after beside each other, each place decided.

    Pictures are shown as they would leave before they are kept so.
    """
    editor = extracting.see_editor(request.actor, reuse)
    sent, sending = request.POST, request.method == "POST"
    given, boxes, error = decided(editor, sent), covered(editor, sent), ""
    results = seen_results(editor, boxes) if sending else {}
    keeping = sending and sent.get("do") == "keep"
    unseen = keeping and not all(one.was_shown(sent) for one in results.values())
    if keeping and not unseen:
        try:
            extracting.keep_extracts(
                request.actor,
                reuse,
                decided=given,
                read_through=bool(sent.get("read")),
                covered=boxes,
            )
        except Problem as problem:
            error = sentence(problem)
        else:
            return after("reuse", reuse=reuse)
    return page(
        request,
        "reuse/anonymise.html",
        shell=editor.head.shell,
        status=422 if error or unseen else 200,
        head=editor.head,
        editor=editor,
        given=given,
        after={part.item: extracting.made_of(part, given[part.item]) for part in editor.parts},
        sent=sent,
        boxes_of=_drawn(editor, sent),
        results=results,
        unseen=unseen,
        error=error,
        words=words,
    )


def _drawn(editor: extracting.Editor, sent: QueryDict) -> dict[UUID, str]:
    """The boxes of each picture as they are written: what was just sent, or kept before."""
    return {
        file.id: sent.get(f"boxes-{file.id.hex}", written(file.boxes or ()))
        for part in editor.parts
        for file in part.files
    }


@require_POST
def open_it(request: "Request", reuse: UUID) -> HttpResponse:
    """The permitted copy: as PDF, as text, or as text to be pasted into the own record."""
    way = request.POST.get("way", "")
    try:
        copy = open_copy(request.actor, reuse, way=way)
        if way == "pdf":
            return shown(reuse_paper.copy_paper(copy))
    except Problem as problem:
        return _page(request, requests.see_request(request.actor, reuse), error=sentence(problem))
    if way == "text":
        response = HttpResponse(
            reuse_paper.copy_text(copy), content_type="text/plain; charset=utf-8"
        )
        name = f"copy-{copy.number}.txt"
        response.headers["Content-Disposition"] = f'inline; filename="{name}"'
        return response
    view = requests.see_request(request.actor, reuse)
    text = reuse_paper.record_text(copy)
    return page(
        request, "reuse/record.html", shell=view.head.shell, head=view.head, view=view, text=text
    )


@require_http_methods(["GET", "POST"])
def fax(request: "Request", reuse: UUID) -> HttpResponse:
    """Cover and content for a fax machine; the number is typed twice."""
    view = see_fax(request.actor, reuse)
    form = FaxForm(request.POST if request.method == "POST" else None)
    printed = []

    def set_it() -> None:
        cleaned = form.cleaned_data
        ready = prepare_fax(
            request.actor, reuse, to=form.to(), again=cleaned["again"], called=cleaned["called"]
        )
        paper, pages = reuse_paper.fax_paper(ready)
        note_pages(request.actor, reuse, fax=ready.fax, pages=pages)
        printed.append(paper)

    if form.is_valid() and tried(form, set_it):
        return shown(printed[0])
    return page(
        request,
        "reuse/fax.html",
        shell=view.head.shell,
        status=422 if form.errors else 200,
        head=view.head,
        view=view,
        form=form,
    )
