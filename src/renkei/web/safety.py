"""The safety board (安否): as a page, and as bare text for a bad line. Both take the same form."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from renkei.group.shell import see_shell
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.policy.use_case import GateClosed
from renkei.safety import board, reporting
from renkei.safety.board import Board, Reported
from renkei.safety.reporting import NOTE_MOST, PLACE_MOST
from renkei.web.disaster_words import DOORS, STATES, what
from renkei.web.errors import sentence
from renkei.web.page import page
from renkei.web.patient import own_organization

if TYPE_CHECKING:
    from renkei.web.frame import Request

Typed = dict[str, tuple[str, str, str]]  # a group: state, place, note, as they were typed
MOST_ROWS = 500


def _typed(sent: QueryDict) -> Typed:
    """What stands in the rows: four lists side by side, so that each row costs few bytes."""
    names = (sent.getlist(name)[:MOST_ROWS] for name in ("g", "s", "p", "n"))
    rows = zip(*names, strict=False)
    return {group: (state, place.strip(), note.strip()) for group, state, place, note in rows}


def _same(said: Reported | None, state: str, place: str, note: str) -> bool:
    """Whether nothing new was typed. Rows begin empty: what others say meanwhile is not undone."""
    if not (state or place or note):
        return True
    latest = (said.state, said.place, said.note) if said else None
    return (state or (said.state if said else ""), place, note) == latest


def _report(request: "Request", found: Board, typed: Typed) -> tuple[int, dict[str, str]]:
    """Save what is new, each patient for themselves: one that fails holds nobody else up.

    Returns:
        how many were saved, and of which groups what is to be mended.
    """
    saved, faults = 0, {}
    for line in found.patients:
        sent = typed.get(line.group.hex)
        if sent is None or _same(line.said, *sent):
            continue
        state = sent[0] or (line.said.state if line.said else "")
        try:
            reporting.report_patient(
                request.actor, line.group, state=state, place=sent[1], note=sent[2]
            )
            saved += 1
        except Problem as problem:
            faults[line.group.hex] = sentence(problem)
        except (Refused, Unknown, GateClosed):
            faults[line.group.hex] = _("You cannot do this.")
    return saved, faults


def _report_own(request: "Request", found: Board) -> tuple[int, str]:
    """What the person says of themselves, and of their organization."""
    sent, saved = request.POST, 0
    me, mine = sent.get("me", ""), sent.get("me_note", "").strip()
    doors, theirs = sent.get("doors", ""), sent.get("doors_note", "").strip()
    try:
        if found.works and me and not _same(found.myself, me, "", mine):
            reporting.report_oneself(request.actor, None, state=me, note=mine)
            saved += 1
        if found.works and doors and not _same(found.place, doors, "", theirs):
            place = own_organization(see_shell(request.actor, None))
            reporting.report_place(request.actor, place, state=doors, note=theirs)
            saved += 1
    except Problem as problem:
        return saved, sentence(problem)
    except Refused:
        return saved, _("You cannot do this.")
    return saved, ""


def _board(request: "Request", again: str) -> HttpResponse | dict[str, Any]:
    """The board after what was sent; a redirect when all of it was taken."""
    found = board.see_board(request.actor)
    context: dict[str, Any] = {"faults": {}, "fault": "", "typed": {}, "sent": {}}
    if request.method == "POST":
        typed = _typed(request.POST)
        saved, faults = _report(request, found, typed)
        own, fault = _report_own(request, found)
        if not faults and not fault:
            return redirect(f"{again}?saved={saved + own}")
        found = board.see_board(request.actor)
        context = {
            "faults": faults,
            "fault": fault,
            "typed": typed,
            "sent": request.POST,
        }
    saved_before = request.GET.get("saved", "")
    number = saved_before if saved_before.isascii() and saved_before.isdigit() else ""
    words = {"states": STATES, "doors": DOORS, "what": what}
    most = {"place_most": PLACE_MOST, "note_most": NOTE_MOST}
    return {"board": found, "saved": number[:4], **words, **most, **context}


@require_http_methods(["GET", "POST"])
def safety(request: "Request") -> HttpResponse:
    """The board of one's own groups."""
    found = _board(request, "/safety")
    if isinstance(found, HttpResponse):
        return found
    status = 422 if found["faults"] or found["fault"] else 200
    return page(request, "safety/board.html", status=status, **found)


@require_http_methods(["GET", "POST"])
def text(request: "Request") -> HttpResponse:
    """The same without scripts, pictures or frame: under 30 kB for forty patients."""
    found = _board(request, "/safety/text")
    if isinstance(found, HttpResponse):
        return found
    status = 422 if found["faults"] or found["fault"] else 200
    return render(request, "safety/text.html", found, status=status)


@require_safe
def history(request: "Request", group: UUID) -> HttpResponse:
    """Everything reported of one patient."""
    identity, said, disaster = board.see_history(request.actor, group)
    context: dict[str, Any] = {
        "identity": identity,
        "said": said,
        "disaster": disaster,
        "group": group,
    }
    return page(request, "safety/history.html", states=STATES, **context)


@require_safe
def places(request: "Request") -> HttpResponse:
    """Which organizations are open."""
    lines, disaster = board.see_places(request.actor, None)
    return page(request, "safety/places.html", lines=lines, disaster=disaster, doors=DOORS)


@require_safe
def staff(request: "Request") -> HttpResponse:
    """What became of those who work for one's own organization."""
    shell = see_shell(request.actor, None)
    lines, disaster = board.see_staff_safety(request.actor, own_organization(shell))
    context: dict[str, Any] = {"lines": lines, "disaster": disaster, "states": STATES}
    return page(request, "safety/staff.html", shell=shell, **context)
