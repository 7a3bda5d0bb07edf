"""The pages of a group with the family: opening it, letting people in, links (A11.5)."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.group import family, family_ways_in
from renkei.group.family_desk import (
    FamilyDesk,
    see_family,
    see_family_link,
    see_inviting_family,
)
from renkei.group.family_sheet import link_sheet
from renkei.group.models import Group
from renkei.kernel.errors import Problem
from renkei.people.access import Given
from renkei.people.models import OneTimeLink
from renkei.web import mail
from renkei.web.begin import REFERRER, link_address
from renkei.web.errors import sentence
from renkei.web.family_forms import FamilyForm, FamilyLinkForm
from renkei.web.page import page, tried
from renkei.web.patient import after
from renkei.web.qr import qr
from renkei.web.values import ids_in

if TYPE_CHECKING:
    from renkei.web.frame import Request


def _desk(
    request: "Request", desk: FamilyDesk, problem: Problem | None = None, **more: Any
) -> HttpResponse:
    context = {"desk": desk, "problem": sentence(problem) if problem else ""} | more
    status = 422 if problem else 200
    return page(request, "family/desk.html", shell=desk.shell, status=status, **context)


@require_safe
def desk(request: "Request", group: UUID) -> HttpResponse:
    """Both groups of a patient, and who of the family takes part."""
    return _desk(request, see_family(request.actor, group))


@require_POST
def open_group(request: "Request", group: UUID) -> HttpResponse:
    """Open the group with the family beside the patient's."""
    members, made = ids_in(request.POST.getlist("member")), list[Group]()
    try:
        made.append(family.open_family_group(request.actor, group, members=members))
    except Problem as problem:
        return _desk(request, see_family(request.actor, group), problem)
    return after("family", group=made[0].id)


@require_POST
def add(request: "Request", group: UUID) -> HttpResponse:
    """Let more of the professionals take part."""
    try:
        members = ids_in(request.POST.getlist("member"))
        family.add_professionals(request.actor, group, members=members)
    except Problem as problem:
        return _desk(request, see_family(request.actor, group), problem)
    return after("family", group=group)


@sensitive_post_parameters("word")
@require_http_methods(["GET", "POST"])
def invite(request: "Request", group: UUID) -> HttpResponse:
    """Let the patient or a relative in, with the patient's agreement on record."""
    desk = see_inviting_family(request.actor, group)
    form = FamilyForm(request.POST or None, people=desk.choices)
    given: list[Given | None] = []

    def let_in() -> None:
        sent = form.cleaned_data
        who, agreement = form.relation(), form.agreement()
        given.append(
            family_ways_in.invite_family(
                request.actor,
                group,
                who=who,
                agreement=agreement,
                way=sent["way"],
                word=sent["word"],
            )
        )

    if form.is_valid() and tried(form, let_in):
        if given[0] is None:
            return after("family", group=group)
        return _handed_over(request, given[0], form.cleaned_data["way"], group)
    status = 422 if form.errors else 200
    return page(
        request, "family/invite.html", shell=desk.shell, status=status, desk=desk, form=form
    )


@require_POST
def sheet(request: "Request", member: UUID) -> HttpResponse:
    """Which signed sheet an agreement is."""
    one = see_family_link(request.actor, member)
    try:
        link_sheet(request.actor, member, typed=request.POST.get("sheet", ""))
    except Problem as problem:
        return _desk(request, see_family(request.actor, one.group), problem)
    return after("family", group=one.group)


@sensitive_post_parameters("word")
@require_http_methods(["GET", "POST"])
def link(request: "Request", member: UUID) -> HttpResponse:
    """A new one-time link for somebody of the family."""
    one = see_family_link(request.actor, member)
    form = FamilyLinkForm(request.POST or None, begun=one.begun)
    given: list[Given] = []

    def make() -> None:
        sent = form.cleaned_data
        given.append(
            family_ways_in.renew_family_access(
                request.actor,
                member,
                way=sent["way"],
                word=sent["word"],
                identified=form.identified(),
            )
        )

    if form.is_valid() and tried(form, make):
        return _handed_over(request, given[0], form.cleaned_data["way"], one.group)
    status = 422 if form.errors else 200
    return page(request, "family/link.html", shell=one.shell, status=status, one=one, form=form)


def _handed_over(request: "Request", given: Given, way: str, group: UUID) -> HttpResponse:
    """The mail is sent, or the paper shown once to be printed."""
    by_mail = way == OneTimeLink.Way.MAIL
    address = link_address(request, given.token, on_paper=not by_mail, family=True)
    context: dict[str, Any] = {"given": given, "group": group}
    if by_mail:
        sent = mail.send_link(given, address)
        return page(request, "family/sent.html", sent=sent, **context)
    context |= {"address": address, "picture": qr(address)}
    response = render(request, "family/paper.html", context)
    response.headers["Referrer-Policy"] = REFERRER
    return response
