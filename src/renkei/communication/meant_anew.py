"""Telling those whom a correction means and the message did not."""

from collections.abc import Sequence
from uuid import UUID

from renkei.communication.mentions import Meant
from renkei.group.models import Member
from renkei.notification.kinds import Kind
from renkei.notification.models import Level
from renkei.notification.telling import tell
from renkei.policy.use_case import Change


def tell_newly_meant(
    change: Change, group: UUID, were: Sequence[Meant], meant: Sequence[Meant]
) -> None:
    """Let them be told, within the correction itself; never its author, nor who was meant before.

    The follower of notifications tells of new messages alone, and these may have read this one. Who
    wants to hear nothing of the group is told nothing.
    """
    before, now = ({one.account for one in some} for some in (were, meant))
    if None in before:  # everybody was meant
        return
    who = Member.objects.filter(group=group, ended_at=None).exclude(level__of=Level.Of.NONE)
    if None not in now:
        who = who.filter(account__in=[one for one in now - before if one])
    accounts = set(who.values_list("account", flat=True)) - before
    tell([one for one in accounts if one != change.account], Kind.MENTION)
