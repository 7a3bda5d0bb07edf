"""Who can be told at this moment, and of which groups: asked when it is sent, not when it was said.

Nobody is signed in while something is sent, so there is no session to ask a rule about. Asked is
what the person would see after signing in as they have to: the list ``VISIBLE``, which a test keeps
equal to the rule ``group.see``. The device plays no part, since what is sent shows nothing.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from renkei.group.selectors import FROM_VISIBLE, VISIBLE, Reach, reaching
from renkei.kernel import clock
from renkei.kernel.database import id_of, rows
from renkei.people.models import Account, OperatorRole, PractitionerRole
from renkei.people.selectors import in_office
from renkei.policy.standing import Joined
from renkei.policy.who import each_trains, joined
from renkei.region import parameters

_OPEN: Final = f"""
    SELECT g.id, g.last_seq, m.read_seq,
      CASE WHEN mr.restriction = 'read_only' THEN 1 ELSE 0 END {FROM_VISIBLE}
    WHERE {VISIBLE} AND g.archived_at IS NULL"""


@dataclass(frozen=True, slots=True)
class Reached:
    """Somebody who can be told: their account, and how far they have read where they may read."""

    account: Account
    read: dict[UUID, int]  # by group: the newest entry they have read
    unread: int  # in all these groups together, as the pages show it
    only_reads: frozenset[UUID] = frozenset()  # groups in which they may write nothing (N2.2)

    def may_be_woken(self, group: UUID | None) -> bool:
        """Whether something urgent may break their rest: not where they can but read of it."""
        if group is not None:
            return group not in self.only_reads
        return not self.read or not self.only_reads.issuperset(self.read)


def reached(account: UUID) -> Reached | None:
    """Whom there is to tell; None for somebody who was stopped, or takes part no more."""
    found = Account.objects.select_related("region").get(pk=account)
    reach = _reach(found)
    if reach is None:
        return None
    groups = rows(_OPEN, reaching(reach))
    return Reached(
        found,
        {id_of(one[0]): one[2] for one in groups},
        sum(max(0, one[1] - one[2]) for one in groups),
        frozenset(id_of(one[0]) for one in groups if one[3]),
    )


def _reach(account: Account) -> Reach | None:
    if account.suspended_at is not None:
        return None
    here = in_office(clock.now()).filter(account=account)
    roles = list(here.select_related("organization"))
    operates = OperatorRole.objects.filter(account=account, ended_at=None).exists()
    if not (roles or operates or account.family):
        return None
    each = each_trains(parameters.of(account.region.edition))
    complete = any(not _joined(one, each).missing for one in roles)
    in_family = account.family and not roles and not operates
    return (account.id, None, True, frozenset(), each, operates or complete, in_family)


def _joined(role: PractitionerRole, each: bool) -> Joined:
    place = role.organization
    trained = role.trained_on if place.each_trains else place.trained_on
    return joined(
        (place.approved_on, place.pledged_on, role.pledged_on, trained, role.trained_on), each
    )
