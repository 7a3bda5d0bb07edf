"""Inviting into a patient's group, and answering: approve, accept, decline, take back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from renkei.group import admission
from renkei.group.invitations import InvitationPage, see_invitation
from renkei.group.inviting import InviteDesk, see_invite_desk
from renkei.kernel.errors import Problem, Refused
from renkei.people.models import Organization
from renkei.web.errors import sentence
from renkei.web.frame import Request
from renkei.web.group import with_reason
from renkei.web.group_forms import DECLINES, REFUSALS, SUGGESTIONS, AnswerForm, Pick, ReasonForm
from renkei.web.page import page, tried
from renkei.web.patient import after

KINDS = [kind.value for kind in Organization.Kind]


@dataclass(slots=True)
class Picker:
    """The people of the region by kind of organization, with what was typed."""

    desk: InviteDesk
    picks: list[Pick]
    words: str = ""

    @property
    def chosen(self) -> list[Pick]:
        """The people chosen so far."""
        return [one for one in self.picks if one.chosen]

    @property
    def kinds(self) -> list[tuple[str, list[Pick]]]:
        """Those found, by kind of organization."""
        found = [one for one in self.picks if one.fits(self.words)]
        by_kind = {kind: [one for one in found if one.candidate.kind == kind] for kind in KINDS}
        return [(kind, picks) for kind, picks in by_kind.items() if picks]


@require_http_methods(["GET", "POST"])
def invite(request: Request, group: UUID) -> HttpResponse:
    """Ask people into the group: choose them, say each one's role in the care, invite."""
    desk = see_invite_desk(request.actor, group)
    data = request.POST if request.method == "POST" else None
    picker = Picker(desk, [Pick(one, data) for one in desk.candidates if one.face.role])
    if data is None:
        return _picker_page(request, picker)
    picker.words = data.get("q", "").replace("\u3000", " ").strip()[:100]
    if "find" in data:
        return _picker_page(request, picker)
    if not picker.chosen:
        return _picker_page(request, picker, 422, problem=_("Please choose somebody to invite."))
    invited = _invite_all(request, group, picker)
    if len(invited) == len(picker.chosen):
        return after("members" if desk.head else "group_manage", group=group)
    return _picker_page(request, picker, 422, invited=invited)


def _invite_all(request: Request, group: UUID, picker: Picker) -> list[Pick]:
    """Invite each person by themselves; what did not work stays with its sentence."""
    invited = []
    for pick in picker.chosen:
        try:
            ask = admission.invite_manager if pick.manager else admission.invite
            ask(request.actor, (group, pick.id), role_in_care=pick.role_in_care)
        except Problem as problem:
            pick.error = sentence(problem)
        except Refused:
            pick.error = _("You cannot invite this person. It was recorded.")
        else:
            invited.append(pick)
    return invited


def _picker_page(
    request: Request,
    picker: Picker,
    status: int = 200,
    *,
    problem: str = "",
    invited: list[Pick] | None = None,
) -> HttpResponse:
    for pick in invited or []:
        pick.chosen = False
    return page(
        request,
        "invitation/invite.html",
        shell=picker.desk.shell,
        desk=picker.desk,
        picker=picker,
        suggestions=SUGGESTIONS,
        problem=problem,
        invited=invited or [],
        status=status,
    )


def _invitation_page(
    request: Request, seen: InvitationPage, status: int = 200, **forms_: Any
) -> HttpResponse:
    forms_.setdefault("decline", AnswerForm(choices=DECLINES))
    forms_.setdefault("refuse", AnswerForm(choices=REFUSALS, prefix="refuse"))
    forms_.setdefault("take_back", ReasonForm())
    forms_.setdefault("faulty", None)
    return page(
        request, "invitation/see.html", shell=seen.shell, seen=seen, status=status, **forms_
    )


@require_http_methods(["GET"])
def see(request: Request, invitation: UUID) -> HttpResponse:
    """The invitation, for the invited person, their administrator, and who invited."""
    return _invitation_page(request, see_invitation(request.actor, invitation))


def _plainly(request: Request, invitation: UUID, action: Callable[[], Any]) -> HttpResponse:
    """Do what needs no words."""
    try:
        action()
    except Problem as problem:
        seen = see_invitation(request.actor, invitation)
        return _invitation_page(request, seen, 422, faulty=sentence(problem))
    return after("invitation", invitation=invitation)


@require_POST
def approve(request: Request, invitation: UUID) -> HttpResponse:
    """Approve as the invited person's administrator."""
    return _plainly(
        request, invitation, lambda: admission.approve_invitation(request.actor, invitation)
    )


@require_POST
def accept(request: Request, invitation: UUID) -> HttpResponse:
    """Accept for oneself."""
    return _plainly(
        request, invitation, lambda: admission.accept_invitation(request.actor, invitation)
    )


def _with_answer(
    request: Request, invitation: UUID, form: AnswerForm, name: str, action: Callable[[str], Any]
) -> HttpResponse:
    if form.is_valid() and tried(form, lambda: action(form.reason)):
        return after("invitation", invitation=invitation)
    seen = see_invitation(request.actor, invitation)
    return _invitation_page(request, seen, 422, **{name: form})


@require_POST
def decline(request: Request, invitation: UUID) -> HttpResponse:
    """Decline for oneself, with a reason."""
    return _with_answer(
        request,
        invitation,
        AnswerForm(request.POST, choices=DECLINES),
        "decline",
        lambda reason: admission.decline_invitation(request.actor, invitation, reason=reason),
    )


@require_POST
def refuse(request: Request, invitation: UUID) -> HttpResponse:
    """Do not approve, with a reason."""
    return _with_answer(
        request,
        invitation,
        AnswerForm(request.POST, choices=REFUSALS, prefix="refuse"),
        "refuse",
        lambda reason: admission.refuse_invitation(request.actor, invitation, reason=reason),
    )


@require_POST
def take_back(request: Request, invitation: UUID) -> HttpResponse:
    """Take the invitation back, with a reason."""
    return with_reason(
        request,
        lambda reason: admission.take_back_invitation(request.actor, invitation, reason=reason),
        done=lambda: after("invitation", invitation=invitation),
        again=lambda form: _invitation_page(
            request, see_invitation(request.actor, invitation), 422, take_back=form
        ),
    )
