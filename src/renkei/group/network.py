"""The region's network group: everybody who works here takes part, by working here (A18).

Nobody is asked, joins or leaves: a person's place begins with their first role and ends with their
last one. It rests on no one role; they take part as who they act for (``Who.in_network``), so that
several roles are one membership. The group is about no patient.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from renkei.group.models import Group, Member
from renkei.kernel import vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.people.models import Account, OperatorRole, PractitionerRole
from renkei.policy.use_case import Change, use_case
from renkei.region.models import Region


def network_of(region: UUID) -> Group | None:
    """The network group of a region."""
    return Group.objects.filter(region=region, kind=Group.Kind.NETWORK).first()


def take_in(change: Change, account: Account) -> None:
    """Let somebody who has a role now take part; nothing changes for who does already.

    What was said before counts as read.
    """
    take_in_all(change, [account])


def take_in_all(change: Change, accounts: Sequence[Account]) -> None:
    """The same for people of one region, however many, in a few statements."""
    if not accounts:
        return
    group = network_of(accounts[0].region_id)
    if group is None:
        return
    inside = group.members.filter(account__in=accounts, ended_at=None)
    known = set(inside.values_list("account", flat=True))
    new = [_member(change, group, one) for one in accounts if one.id not in known]
    Member.objects.bulk_create(new)
    if new:
        alone = new[0].account_id if len(new) == 1 else None
        change.end_standings(group=group.id, account=alone)


def let_out(change: Change, account: Account) -> None:
    """End the part of somebody whose last role has ended; nothing changes for anybody else."""
    roles = (PractitionerRole, OperatorRole)
    if any(one.objects.filter(account=account, ended_at=None).exists() for one in roles):
        return
    place = Member.objects.filter(
        account=account, ended_at=None, group__kind=Group.Kind.NETWORK
    ).first()
    if place is not None:
        place.ended_at = max(change.now, place.joined_at)
        place.save(update_fields=["ended_at"])
        change.end_standings(group=place.group_id, account=account.id)


def _member(change: Change, group: Group, account: Account) -> Member:
    return Member(
        id=uuid7(),
        key_id=group.key_id,
        group=group,
        account=account,
        origin=Member.Origin.NETWORK,
        joined_at=change.now,
        read_seq=group.last_seq,
    )


def make_network(change: Change, region: Region) -> Group:
    """Make the group, with everybody who has a role.

    Raises:
        Problem: the region has one already.
    """
    group = Group(
        id=uuid7(),
        key_id=vault.make_key("group"),
        region=region,
        kind=Group.Kind.NETWORK,
        opened_at=change.now,
        opened_by_id=change.standing.who.account,
    )
    try:
        with transaction.atomic():
            group.save(force_insert=True)
    except IntegrityError:
        raise Problem(gettext_noop("The region has its network group already.")) from None
    here = Account.objects.filter(region=region)
    working = here.filter(roles__ended_at=None, roles__isnull=False)
    operating = here.filter(operator_roles__ended_at=None, operator_roles__isnull=False)
    accounts = (working | operating).distinct().only("id")
    Member.objects.bulk_create([_member(change, group, one) for one in accounts])
    change.stream = f"group:{group.id.hex}"
    change.about("Group", group.id, members=len(accounts))
    return group


@use_case("network.open", on="region")
def open_network(change: Change) -> Group:
    """Make the network group of a region that had none (A18).

    Raises:
        Problem: the region has one already.
    """
    group = make_network(change, Region.objects.get(pk=change.region))
    change.end_standings(group=group.id)
    return group


@use_case("region.load", on="region")
def take_over_network(change: Change, *, region: Region) -> Group:
    """Make it for a region that is taken over from paper, before anybody works there."""
    return make_network(change, region)
