"""How one comes into a group: asked, approved by one's own administrator, accepted by oneself."""

from django.utils.translation import gettext_noop

from renkei.communication.answers import refuse_named
from renkei.group.membership import (
    ask_in,
    checked_reason,
    checked_role_in_care,
    group_of,
    join,
    say,
)
from renkei.group.models import Group, Invitation, Member
from renkei.group.ways_in import asks_approval, tell_approvers
from renkei.kernel.errors import Problem
from renkei.notification.kinds import Kind
from renkei.notification.telling import tell
from renkei.people.models import PractitionerRole
from renkei.policy.use_case import Change, use_case


@use_case("group.invite", on="invitee")
def invite(change: Change, *, role_in_care: str) -> Invitation:
    """Ask a professional into the group (A5.2, A8.4).

    Raises:
        Problem: the person is in the group or invited already, or no role in the care is given.
    """
    return _invite(change, role_in_care, manager=False)


@use_case("group.invite_manager", on="invitee")
def invite_manager(change: Change, *, role_in_care: str) -> Invitation:
    """Ask somebody into the group and put them in charge of it, once they have joined (A11.2).

    Raises:
        Problem: as ``invite``.
    """
    return _invite(change, role_in_care, manager=True)


def _invite(change: Change, role_in_care: str, *, manager: bool) -> Invitation:
    group, colleague = group_of(change), change.standing.what.colleague
    assert colleague is not None
    change.about("Group", group.id, invitee=colleague.account.hex)
    cleaned = "" if group.kind == Group.Kind.FREE else checked_role_in_care(role_in_care)
    if group.members.filter(account=colleague.account, ended_at=None).exists():
        raise Problem(gettext_noop("This person is in the group already."))
    open_ones = group.invitations.filter(account=colleague.account, state="open")
    if open_ones.filter(expires_at__gt=change.now).exists():
        raise Problem(gettext_noop("This person is invited already."))
    open_ones.update(state=Invitation.State.TAKEN_BACK, closed_at=change.now)
    role = PractitionerRole.objects.get(pk=colleague.role)
    tell([role.account_id], Kind.INVITATION)
    tell_approvers(change, group, role)
    return ask_in(change, group, role, role_in_care=cleaned, manager=manager)


def _invitation(change: Change) -> Invitation:
    asked = change.standing.what.invitation
    assert asked is not None
    invitation = Invitation.objects.select_for_update().get(pk=asked.id)
    change.about("Invitation", invitation.id, invitee=invitation.account_id.hex)
    return invitation


def _join_if_complete(change: Change, invitation: Invitation) -> None:
    """All who have to have said yes: the person is in, and it stands in the timeline."""
    group = group_of(change)
    if invitation.accepted_at is None:
        return
    if invitation.approved_at is None and asks_approval(change, group, invitation.role):
        return
    join(
        change,
        group,
        invitation.role,
        role_in_care=invitation.role_in_care,
        manager=invitation.manager,
        origin=Member.Origin.INVITED,
        appointed_by=invitation.invited_by_id,
    )
    invitation.state = Invitation.State.JOINED
    invitation.closed_at = change.now
    invitation.save(update_fields=["state", "closed_at"])
    change.detail["joined"] = True
    say(
        change,
        group,
        "joined",
        subject=invitation.role,
        text=invitation.role_in_care,
        sender=invitation.account_id,
    )


@use_case("invitation.approve", on="invitation")
def approve_invitation(change: Change) -> Invitation:
    """Approve, as the invited person's own administrator, that they take part (A8.4).

    Where somebody approves what they asked for, having nobody else to ask, the line says so.

    Raises:
        Problem: it was approved already.
    """
    invitation = _invitation(change)
    if invitation.approved_at is not None:
        raise Problem(gettext_noop("This invitation was approved already."))
    invitation.approved_by_id, invitation.approved_at = change.account, change.now
    invitation.save(update_fields=["approved_by", "approved_at"])
    if change.account in (invitation.invited_by_id, invitation.account_id):
        change.detail["alone"] = True
    _join_if_complete(change, invitation)
    return invitation


@use_case("invitation.accept", on="invitation")
def accept_invitation(change: Change) -> Invitation:
    """Accept, having judged that one belongs in the group (N3.2).

    Raises:
        Problem: it was accepted already.
    """
    invitation = _invitation(change)
    if invitation.accepted_at is not None:
        raise Problem(gettext_noop("You have accepted this invitation already."))
    invitation.accepted_at = change.now
    invitation.save(update_fields=["accepted_at"])
    _join_if_complete(change, invitation)
    return invitation


def _close_invitation(change: Change, state: str, reason: str) -> Invitation:
    invitation = _invitation(change)
    invitation.state, invitation.closed_at = state, change.now
    cleaned = checked_reason(reason)
    refuse_named(change, change.where.kind, reason=cleaned)
    invitation.seal("reason", cleaned)
    invitation.save(update_fields=["state", "closed_at", "reason"])
    return invitation


@use_case("invitation.decline", on="invitation")
def decline_invitation(change: Change, *, reason: str) -> Invitation:
    """Decline with a reason (N3.2).

    Raises:
        Problem: no reason was given.
    """
    return _close_invitation(change, Invitation.State.DECLINED, reason)


@use_case("invitation.refuse", on="invitation")
def refuse_invitation(change: Change, *, reason: str) -> Invitation:
    """Refuse, as the invited person's own administrator, with a reason (A8.4).

    Raises:
        Problem: no reason was given.
    """
    return _close_invitation(change, Invitation.State.REFUSED, reason)


@use_case("invitation.take_back", on="invitation")
def take_back_invitation(change: Change, *, reason: str) -> Invitation:
    """Take an invitation back.

    Raises:
        Problem: no reason was given.
    """
    return _close_invitation(change, Invitation.State.TAKEN_BACK, reason)
