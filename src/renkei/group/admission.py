"""How one comes into a group: asked, approved by one's own administrator, accepted by oneself."""

from datetime import timedelta

from django.utils.translation import gettext_noop

from renkei.group.membership import checked_reason, checked_role_in_care, group_of, join, say
from renkei.group.models import Invitation, Member
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.policy.use_case import Change, use_case
from renkei.region import parameters
from renkei.region.models import Region


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
    cleaned = checked_role_in_care(role_in_care)
    if group.members.filter(account=colleague.account, ended_at=None).exists():
        raise Problem(gettext_noop("This person is in the group already."))
    open_ones = group.invitations.filter(account=colleague.account, state="open")
    if open_ones.filter(expires_at__gt=change.now).exists():
        raise Problem(gettext_noop("This person is invited already."))
    open_ones.update(state=Invitation.State.TAKEN_BACK, closed_at=change.now)
    days = parameters.of(Region.objects.get(pk=group.region_id).policy_id)["invitation_days"]
    invitation = Invitation(
        id=uuid7(),
        key_id=group.key_id,
        group=group,
        account_id=colleague.account,
        role_id=colleague.role,
        role_in_care=cleaned,
        manager=manager,
        invited_by_id=change.account,
        invited_at=change.now,
        expires_at=change.now + timedelta(days=days),
    )
    invitation.save(force_insert=True)
    change.about("Invitation", invitation.id, role=colleague.role.hex, manager=manager)
    change.tell("standing", None, 0, colleague.account)
    return invitation


def _invitation(change: Change) -> Invitation:
    asked = change.standing.what.invitation
    assert asked is not None
    invitation = Invitation.objects.select_for_update().get(pk=asked.id)
    change.about("Invitation", invitation.id, invitee=invitation.account_id.hex)
    return invitation


def _join_if_complete(change: Change, invitation: Invitation) -> None:
    """Both have said yes: the person is in, and it stands in the timeline."""
    if invitation.approved_at is None or invitation.accepted_at is None:
        return
    group = group_of(change)
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

    Raises:
        Problem: it was approved already.
    """
    invitation = _invitation(change)
    if invitation.approved_at is not None:
        raise Problem(gettext_noop("This invitation was approved already."))
    invitation.approved_by_id, invitation.approved_at = change.account, change.now
    invitation.save(update_fields=["approved_by", "approved_at"])
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
    invitation.seal("reason", checked_reason(reason))
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
