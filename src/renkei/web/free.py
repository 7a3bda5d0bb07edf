"""The pages of free groups: finding, opening, joining, keeping; and what the operator agrees to."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.group import finding, free
from renkei.group.finding import FreePage
from renkei.group.models import Group
from renkei.kernel.errors import Problem
from renkei.web.errors import sentence
from renkei.web.fields import Line, Paragraph, Pills
from renkei.web.page import page, tried
from renkei.web.patient import after
from renkei.web.values import id_or_unknown

if TYPE_CHECKING:
    from renkei.web.frame import Request

ENTRIES = [
    (Group.Entry.OPEN.value, _("Open: whoever has read the purpose joins")),
    (Group.Entry.REQUEST.value, _("On request: a manager answers")),
    (Group.Entry.INVITATION.value, _("By invitation: it stands in no list")),
]


class FreeForm(forms.Form):
    """What a free group is for."""

    name = Line(label=_("Name of the group"), max_length=free.NAME_LENGTH)
    purpose = Paragraph(
        label=_("What it is for"),
        rows=3,
        max_length=free.TEXT_LENGTH,
        help_text=_("For whom it is, and what it is about. Everybody reads it before joining."),
    )
    use = Paragraph(
        label=_("How it is used"),
        rows=3,
        max_length=free.TEXT_LENGTH,
        help_text=_("For example: once a month a case without names, questions at any time."),
    )
    entry = Pills(label=_("How one comes in"), choices=ENTRIES)


@require_safe
def found(request: "Request") -> HttpResponse:
    """The free groups to find, by what they are for."""
    seen = finding.see_free_groups(request.actor, None)
    return page(request, "free/list.html", shell=seen.shell, seen=seen)


@require_http_methods(["GET", "POST"])
def new(request: "Request") -> HttpResponse:
    """Open one; whoever does manages it (A12.3)."""
    seen = finding.see_founding(request.actor, None)
    form = FreeForm(request.POST or None, initial={"entry": Group.Entry.OPEN.value})
    made: list[Group] = []
    if form.is_valid() and tried(
        form, lambda: made.append(free.found_group(request.actor, None, **form.cleaned_data))
    ):
        return after("timeline", group=made[0].id)
    status = 422 if form.errors else 200
    return page(request, "free/new.html", shell=seen, form=form, status=status)


def _about_page(
    request: "Request", seen: FreePage, status: int = 200, **context: Any
) -> HttpResponse:
    context.setdefault("faulty", "")
    return page(request, "free/about.html", shell=seen.shell, seen=seen, status=status, **context)


@require_safe
def about(request: "Request", group: UUID) -> HttpResponse:
    """What the group is for and how it is used, before joining (A12.4)."""
    return _about_page(request, finding.see_about(request.actor, group))


@require_POST
def join(request: "Request", group: UUID) -> HttpResponse:
    """Join it, having read that."""
    try:
        inside = free.join_group(request.actor, group, agreed="agreed" in request.POST)
    except Problem as problem:
        seen = finding.see_about(request.actor, group)
        return _about_page(request, seen, 422, faulty=sentence(problem))
    return after("timeline", group=group) if inside else after("free_about", group=group)


@require_POST
def ask(request: "Request", group: UUID) -> HttpResponse:
    """Ask its managers to be let in, or take that back."""
    try:
        if "take_back" in request.POST:
            free.take_back_request(request.actor, group)
        else:
            words, agreed = request.POST.get("words", ""), "agreed" in request.POST
            free.ask_to_join(request.actor, group, words=words, agreed=agreed)
    except Problem as problem:
        seen = finding.see_about(request.actor, group)
        typed = request.POST.get("words", "")
        return _about_page(request, seen, 422, faulty=sentence(problem), words=typed)
    return after("free_about", group=group)


# ── Keeping it ───────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
def describe(request: "Request", group: UUID) -> HttpResponse:
    """Say anew what it is for and how one comes in."""
    seen = finding.see_description(request.actor, group)
    known = {
        "name": seen.about.name,
        "purpose": seen.about.purpose,
        "use": seen.about.use,
        "entry": seen.entry,
    }
    form = FreeForm(request.POST or None, initial=known)
    if form.is_valid() and tried(
        form, lambda: free.describe_group(request.actor, group, **form.cleaned_data)
    ):
        return after("group_manage", group=group)
    status = 422 if form.errors else 200
    return page(
        request, "free/describe.html", shell=seen.shell, seen=seen, form=form, status=status
    )


def _wishes_page(request: "Request", group: UUID, status: int = 200, **said: Any) -> HttpResponse:
    seen = finding.see_description(request.actor, group)
    said.setdefault("faulty", "")
    return page(request, "free/wishes.html", shell=seen.shell, seen=seen, status=status, **said)


@require_http_methods(["GET", "POST"])
def wishes(request: "Request", group: UUID) -> HttpResponse:
    """Who asks to be let in, and the answer."""
    if request.method == "POST":
        asked, reason = request.POST.get("request", ""), request.POST.get("reason", "")
        try:
            if request.POST.get("answer") == "yes":
                free.accept_request(request.actor, group, request=id_or_unknown(asked))
            else:
                free.decline_request(
                    request.actor, group, request=id_or_unknown(asked), reason=reason
                )
        except Problem as problem:
            return _wishes_page(request, group, 422, faulty=sentence(problem), about=asked)
        return after("free_wishes", group=group)
    return _wishes_page(request, group)


@require_POST
def listing(request: "Request", group: UUID) -> HttpResponse:
    """Ask for a place on the public page, or give it up (A19.2)."""
    free.ask_listing(request.actor, group, wanted=request.POST.get("wanted") == "1")
    return after("group_manage", group=group)


@require_http_methods(["GET", "POST"])
def take_over(request: "Request", group: UUID) -> HttpResponse:
    """Take over, or end, what was founded here and has no manager any more (A5.1)."""
    seen = finding.see_abandoned(request.actor, group)
    if request.method == "POST":
        free.take_over_free_group(request.actor, group)
        return after("timeline", group=group)
    return page(request, "free/take_over.html", shell=seen.shell, seen=seen)


# ── The operator's word ──────────────────────────────────────────────────────────────────────────


@require_safe
def listings(request: "Request") -> HttpResponse:
    """Free groups for the public page, asked for and agreed to."""
    seen = finding.see_listings(request.actor, None)
    return page(request, "free/listings.html", shell=seen.shell, seen=seen)


@require_POST
def answer_listing(request: "Request", group: UUID) -> HttpResponse:
    """Agree, decline, or take one off the page."""
    free.answer_listing(request.actor, group, yes=request.POST.get("answer") == "yes")
    return after("listings")
