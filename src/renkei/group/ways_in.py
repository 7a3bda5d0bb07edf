"""Whether one's own administrator has to approve that one comes in, and coming in (A8.4).

Of a patient's group they always do; of a free group where the policy asks for it, and there is
somebody else to ask.
"""

from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.group.membership import ask_in, join, say
from renkei.group.models import Group, Invitation, Member
from renkei.kernel.errors import Problem
from renkei.notification.kinds import Kind
from renkei.notification.telling import tell
from renkei.people.models import PractitionerRole
from renkei.people.selectors import administrators
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change
from renkei.region import parameters
from renkei.region.edition import edition_of


def asks_approval(change: Change, group: Group, role: PractitionerRole) -> bool:
    """Whether the person's own administrator approves first."""
    if group.kind != Group.Kind.FREE:
        return True
    if not _figures(group)["free_group_approval"]:
        return False
    theirs = administrators(change.now).filter(organization=role.organization_id)
    return theirs.exclude(account=role.account_id).exists()


def tell_approvers(change: Change, group: Group, role: PractitionerRole) -> None:
    """Let the person's administrators be told that their approval waits, if it is asked."""
    if not asks_approval(change, group, role):
        return
    theirs = administrators(change.now).filter(organization=role.organization_id)
    others = theirs.exclude(account__in=[role.account_id, change.account])
    tell(others.values_list("account", flat=True), Kind.APPROVAL)


def approval_in_free_groups(standing: Standing) -> bool:
    """Whether the policy asks for an administrator's approval in free groups (A8.4)."""
    assert standing.who.region is not None
    edition = edition_of(standing.who.region)
    return bool(parameters.of(edition)["free_group_approval"])


def _figures(group: Group) -> dict[str, int]:
    return parameters.of(edition_of(group.region_id))


def let_in(change: Change, group: Group, role: PractitionerRole, *, invited_by: UUID) -> bool:
    """Let somebody into a free group who wants to be in it; in the timeline.

    Returns:
        Whether they are in; else their administrator has an invitation to approve.

    Raises:
        Problem: their administrator has one already.
    """
    if not asks_approval(change, group, role):
        join(
            change,
            group,
            role,
            role_in_care="",
            manager=False,
            origin=Member.Origin.JOINED,
            appointed_by=None,
        )
        say(change, group, "joined", subject=role, sender=role.account_id)
        return True
    waiting = group.invitations.filter(account=role.account_id, state=Invitation.State.OPEN)
    if waiting.filter(expires_at__gt=change.now).exists():
        raise Problem(gettext_noop("Your administrator has still to approve it."))
    waiting.update(state=Invitation.State.TAKEN_BACK, closed_at=change.now)
    invitation = ask_in(change, group, role, role_in_care="", manager=False)
    tell_approvers(change, group, role)
    invitation.invited_by_id, invitation.accepted_at = invited_by, change.now
    invitation.save(update_fields=["invited_by", "accepted_at"])
    change.detail["invitation"] = invitation.id.hex
    return False
