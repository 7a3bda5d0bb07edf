"""The pages about who is in a group, what is known of its patient, and ending it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST

from renkei.group import roster, services
from renkei.group.head import see_head
from renkei.group.leaving import see_leaving
from renkei.group.papers import see_basics_desk, see_paper
from renkei.group.shell import see_shell
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import fold_kana, narrow
from renkei.patient.purposes import purposes
from renkei.patient.services import change_basics_in_group
from renkei.people.faces import Face
from renkei.review.records import see_reviews
from renkei.web import review_words
from renkei.web.errors import sentence
from renkei.web.frame import Request
from renkei.web.group_forms import LEAVES, LEAVES_FREE, LeaveForm, ReasonForm
from renkei.web.page import page, tried
from renkei.web.patient import RELATIONSHIPS, after, both_valid
from renkei.web.patient_forms import BasicsForm, RelativeForms, relative_rows, relatives_of


@require_http_methods(["GET"])
def groups(request: Request) -> HttpResponse:
    """The groups of a person by kind."""
    shell = see_shell(request.actor, None)
    return page(request, "group/list.html", shell=shell)


def _roster_page(
    request: Request, seen: roster.Roster, template: str, status: int = 200, **context: Any
) -> HttpResponse:
    context |= {"roster": seen, "purposes": purposes(get_language() or "ja")}
    context.setdefault("faulty", None)
    if seen.head is not None:
        context["head"] = seen.head
    return page(request, template, shell=seen.shell, status=status, **context)


@require_http_methods(["GET"])
def members(request: Request, group: UUID) -> HttpResponse:
    """Who is in the group."""
    return _roster_page(request, roster.see_members(request.actor, group), "group/members.html")


@require_http_methods(["GET"])
def network_people(request: Request, group: UUID) -> HttpResponse:
    """Who is in the region's network group, searchable (A18)."""
    head = see_head(request.actor, group)
    if head.kind != "network":
        return after("members", group=group)
    words = request.GET.get("q", "")[:50]
    wanted = _plain(words)
    found = [one for one in head.members if wanted in _plain("".join(_told(one.face)))]
    return page(
        request, "group/network_people.html", shell=head.shell, head=head, found=found, q=words
    )


def _told(one: Face) -> tuple[str, ...]:
    return one.name, one.kana, one.profession, one.organization


def _plain(text: str) -> str:
    """What makes two spellings equal when searching."""
    return fold_kana(narrow(text)).lower().replace(" ", "")


def _manage_page(request: Request, group: UUID, status: int = 200, **context: Any) -> HttpResponse:
    seen = roster.see_management(request.actor, group)
    template = "group/manage_reading.html" if seen.head else "group/manage.html"
    context |= {"reviews": see_reviews(request.actor, group), "words": review_words}
    return _roster_page(request, seen, template, status, **context)


@require_http_methods(["GET"])
def manage(request: Request, group: UUID) -> HttpResponse:
    """Who is in the group, for those who manage it, with or without reading."""
    return _manage_page(request, group)


@require_http_methods(["GET"])
def basics(request: Request, group: UUID) -> HttpResponse:
    """What the team needs to know at once (基本情報)."""
    seen = see_paper(request.actor, group)
    return page(request, "group/basics.html", shell=seen.head.shell, head=seen.head, paper=seen)


@require_http_methods(["GET", "POST"])
def edit_basics(request: Request, group: UUID) -> HttpResponse:
    """Change it, as a member of the managing organization."""
    seen = see_basics_desk(request.actor, group)
    form = BasicsForm(request.POST or None, initial=asdict(seen.head.basics))
    rows = RelativeForms(
        request.POST or None, initial=relative_rows(seen.related), prefix="related"
    )
    if both_valid(form, rows) and tried(
        form,
        lambda: change_basics_in_group(
            request.actor, group, basics=form.basics(), relatives=relatives_of(rows)
        ),
    ):
        return after("basics", group=group)
    return page(
        request,
        "group/basics_edit.html",
        shell=seen.head.shell,
        head=seen.head,
        form=form,
        rows=rows,
        relationships=RELATIONSHIPS,
        status=422 if form.errors or any(rows.errors) else 200,
    )


def with_reason(
    request: Request,
    action: Callable[[str], Any],
    *,
    done: Callable[[], HttpResponse],
    again: Callable[[ReasonForm], HttpResponse],
) -> HttpResponse:
    """Ask for a reason, then do what needs it; without one, show again what was typed."""
    if request.method == "GET":
        return again(ReasonForm())
    form = ReasonForm(request.POST)
    if form.is_valid() and tried(form, lambda: action(form.cleaned_data["reason"])):
        return done()
    return again(form)


@require_http_methods(["GET", "POST"])
def leave(request: Request, group: UUID) -> HttpResponse:
    """Leave the group oneself: a tap on the reason; the last manager names a successor first."""
    seen = see_leaving(request.actor, group)
    form = LeaveForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and tried(
        form, lambda: services.leave_group(request.actor, group, **form.cleaned_data)
    ):
        return after("groups")
    reasons = LEAVES_FREE if seen.free else LEAVES
    context: dict[str, Any] = {"seen": seen, "form": form, "reasons": reasons}
    if seen.head is not None:
        context["head"] = seen.head
    template = "group/leave_reading.html" if seen.head else "group/leave.html"
    status = 422 if form.errors else 200
    return page(request, template, shell=seen.shell, status=status, **context)


@require_http_methods(["GET", "POST"])
def close(request: Request, group: UUID) -> HttpResponse:
    """End the group, with a reason."""
    seen = roster.see_closing(request.actor, group)

    def again(form: ReasonForm) -> HttpResponse:
        status = 422 if form.errors else 200
        return _roster_page(request, seen, "group/close.html", status, form=form)

    return with_reason(
        request,
        lambda reason: services.close_group(request.actor, group, reason=reason),
        done=lambda: after("group_manage", group=group),
        again=again,
    )


@require_http_methods(["GET", "POST"])
def release(request: Request, member: UUID) -> HttpResponse:
    """End somebody's part in the group, with a reason."""
    seen = roster.see_member(request.actor, member)

    def again(form: ReasonForm) -> HttpResponse:
        status = 422 if form.errors else 200
        return page(
            request, "group/release.html", shell=seen.shell, seen=seen, form=form, status=status
        )

    return with_reason(
        request,
        lambda reason: services.release_member(request.actor, member, reason=reason),
        done=lambda: after("group_manage", group=seen.group) if seen.manages else after("home"),
        again=again,
    )


@require_POST
def appoint(request: Request, member: UUID) -> HttpResponse:
    """Put a member in charge of the group, or take that back."""
    group = roster.see_group_of(request.actor, member)
    wanted = request.POST.get("manager") == "1"
    change = services.appoint_manager if wanted else services.dismiss_manager
    try:
        change(request.actor, member)
    except Problem as problem:
        return _manage_page(request, group, 422, faulty=sentence(problem))
    return after("group_manage", group=group)
