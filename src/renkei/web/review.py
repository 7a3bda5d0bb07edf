"""Going through who takes part (N1.2): members, an organization's people, what is late."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from renkei.group.shell import see_shell
from renkei.kernel.errors import Problem
from renkei.review import accounts, members, overview, records
from renkei.web import review_words as words
from renkei.web.errors import sentence
from renkei.web.group_forms import SUGGESTIONS
from renkei.web.page import page
from renkei.web.patient import after, own_organization
from renkei.web.review_paper import review_paper

if TYPE_CHECKING:
    from renkei.web.frame import Request


class Pick:
    """One member on the screen with what was chosen and typed for them."""

    def __init__(self, seat: members.Seat, sent: Mapping[str, str] | None) -> None:
        self.seat = seat
        self.key = seat.member.hex
        data = sent or {}
        self.what = data.get(f"what-{self.key}", "")
        self.part = data.get(f"part-{self.key}", seat.part)
        self.reason = data.get(f"reason-{self.key}", "")
        self.errors: dict[str, str] = {}

    @property
    def suggestions(self) -> tuple[str, ...]:
        """What people of this profession usually do."""
        return SUGGESTIONS.get(self.seat.face.profession, ())

    @property
    def decision(self) -> members.Decision:
        """What was decided, as it was sent."""
        return members.Decision(self.seat.member, self.what, part=self.part, reason=self.reason)

    def check(self) -> None:
        """Say what is missing with the member whom it is about."""
        if self.what not in members.DECISIONS:
            self.errors["what"] = _("Please choose one.")
        elif self.what == members.RELEASE and not self.reason.strip():
            self.errors["reason"] = _("Please write the reason.")


@require_http_methods(["GET", "POST"])
def group(request: "Request", group: UUID) -> HttpResponse:
    """Every member of a group: keep, another role in the care, or release; sent once, for all."""
    desk = members.see_desk(request.actor, group)
    sent = request.POST if request.method == "POST" else None
    picks = [Pick(one, sent) for one in desk.seats]
    problem = ""
    if sent is not None and sent.get("do") == "keep":
        for one in picks:
            if not one.what and not one.seat.marks:
                one.what = members.KEEP
    elif sent is not None:
        problem = _review_group(request, group, picks, sent.get("seen", ""))
        if not problem:
            return after("group_manage", group=group)
    context: dict[str, Any] = {"desk": desk, "picks": picks, "problem": problem, "words": words}
    if desk.head is not None:
        context["head"] = desk.head
    template = "review/group_reading.html" if desk.head else "review/group.html"
    status = 422 if problem else 200
    return page(request, template, shell=desk.shell, status=status, **context)


def _review_group(request: "Request", group: UUID, picks: list[Pick], seen: str) -> str:
    """What is wrong with what was sent; empty if it is done."""
    for one in picks:
        one.check()
    if any(one.errors for one in picks):
        return _("Please decide about everybody, and give the reasons.")
    try:
        decided = [one.decision for one in picks]
        members.review_members(request.actor, group, seen=seen, decisions=decided)
    except Problem as problem:
        field, _sep, key = problem.field.partition("-")
        for one in picks:
            if one.key == key:
                one.errors[field] = sentence(problem)
        return sentence(problem)
    return ""


@require_safe
def paper(request: "Request", group: UUID, number: int) -> HttpResponse:
    """The certificate of a review of a group."""
    return _shown(records.see_review(request.actor, group, number=number))


def _shown(record: records.Record) -> HttpResponse:
    response = HttpResponse(review_paper(record), content_type="application/pdf")
    response.headers["Content-Disposition"] = 'inline; filename="review.pdf"'
    return response


# ── An organization's own people ─────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
def staff(request: "Request") -> HttpResponse:
    """Everybody who works here: keep, leaves, or to be restricted."""
    shell = see_shell(request.actor, None)
    own = own_organization(shell)
    desk = accounts.see_desk(request.actor, own)
    sent = request.POST if request.method == "POST" else None
    data: Mapping[str, str] = sent or {}
    chosen = {one.role: data.get(f"what-{one.role.hex}", "") for one in desk.places}
    problem = ""
    if sent is not None and sent.get("do") == "keep":
        for one in desk.places:
            if not one.marks and not chosen[one.role]:
                chosen[one.role] = accounts.KEEP
    elif sent is not None:
        try:
            accounts.review_accounts(
                request.actor, own, seen=sent.get("seen", ""), decisions=chosen
            )
        except Problem as found:
            problem = sentence(found)
        else:
            return after("account_review")
    return page(
        request, "review/staff.html", shell=shell, status=422 if problem else 200, desk=desk,
        chosen=chosen, problem=problem, tried=sent is not None and bool(problem), words=words,
    )  # fmt: skip


@require_safe
def staff_paper(request: "Request", number: int) -> HttpResponse:
    """The certificate of a review of one's own people."""
    own = own_organization(see_shell(request.actor, None))
    return _shown(records.see_account_review(request.actor, own, number=number))


# ── What is late ─────────────────────────────────────────────────────────────────────────────────


@require_safe
def late(request: "Request") -> HttpResponse:
    """The groups of one's organization, those that are late first."""
    shell = see_shell(request.actor, None)
    found = overview.see_late(request.actor, own_organization(shell))
    return page(request, "review/late.html", shell=shell, found=found)


@require_safe
def counts(request: "Request") -> HttpResponse:
    """How many reviews are late with each organization: numbers alone, for the operator."""
    return page(request, "review/counts.html", lines=overview.see_counts(request.actor, None))
