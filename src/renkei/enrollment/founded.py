"""What becomes of the free groups that were founded at an organization that leaves (A5.1, A12.3).

A group in which others go on is handed to the organization of one of them, its managers first; one
in which only the organization's own people are ends with it. No group stays behind without an
organization whose administrator takes it over when its managers are gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from renkei.group.about import name_for
from renkei.group.membership import finish, in_office, put_in_charge, say
from renkei.group.models import Group, Member
from renkei.kernel.errors import Problem
from renkei.people.faces import name_of
from renkei.people.models import Organization
from renkei.policy.use_case import Change


@dataclass(frozen=True, slots=True)
class Heir:
    """Somebody of another organization, to which a group can be handed."""

    member: UUID
    name: str
    organization: str
    manager: bool


@dataclass(frozen=True, slots=True)
class Founded:
    """A free group of the organization, and who could go on with it.

    To who is not in it, one by invitation alone shows neither its name nor anybody in it. Founding
    it was the organization's, and so is to decide: of its heirs there is the first one, unnamed.
    """

    group: UUID
    name: str  # "" where it is not shown
    members: int
    heirs: list[Heir]

    @property
    def managed_elsewhere(self) -> bool:
        """Whether somebody of another organization manages it: then it goes on."""
        return any(one.manager for one in self.heirs)


def open_ones(organization: UUID) -> QuerySet[Group]:
    """Its open free groups, in order."""
    found = Group.objects.filter(
        organization=organization, kind=Group.Kind.FREE, closed_at=None, archived_at=None
    )
    return found.order_by("opened_at", "pk")


def founded(organization: UUID, now: datetime, account: UUID | None) -> list[Founded]:
    """Each of them with its heirs, managers first, as a person may see it."""
    return [_founded(one, now, name_for(one, account)) for one in open_ones(organization)]


def _founded(group: Group, now: datetime, name: str) -> Founded:
    heirs = _heirs(group, now)
    return Founded(
        group.id,
        name,
        group.members.filter(ended_at=None).count(),
        [_heir(one) for one in heirs]
        if name
        else [Heir(one.id, "", "", one.manager) for one in heirs[:1]],
    )


def _heirs(group: Group, now: datetime) -> list[Member]:
    """Members in office for another organization; those who manage the group alone, if any do."""
    found = in_office(group.members.filter(ended_at=None), now).exclude(
        role__organization=group.organization_id
    )
    heirs = list(found.select_related("account", "role__organization").order_by("joined_at", "pk"))
    return [one for one in heirs if one.manager] or heirs


def _heir(member: Member) -> Heir:
    assert member.role is not None  # in office
    return Heir(member.id, name_of(member.account), member.role.organization.name, member.manager)


def settle(
    change: Change,
    organization: Organization,
    decided: Mapping[UUID, UUID | None],
    *,
    ended: str,
) -> dict[str, int]:
    """Hand each on, or end it, as was decided; how many of each.

    Args:
        decided: the member to whose organization each group goes; None to end it.
        ended: what the timeline says of one that ends.

    Raises:
        Problem: one is not decided, goes on elsewhere and so cannot be ended, or the chosen one is
            not there any more.
    """
    count = {"handed_on": 0, "free_ended": 0}
    for group in open_ones(organization.id).select_for_update():
        heirs = {one.id: one for one in _heirs(group, change.now)}
        if group.id not in decided:
            raise Problem(gettext_noop("Please decide about each free group."), field="free")
        chosen = decided[group.id]
        if chosen is None:
            if any(one.manager for one in heirs.values()):
                raise Problem(
                    gettext_noop("A group that others manage goes on. Please hand it to them."),
                    field="free",
                )
            finish(change, group, ended)
            count["free_ended"] += 1
            continue
        if chosen not in heirs:
            raise Problem(
                gettext_noop("A member you chose is not there any more. Please choose anew."),
                field="free",
            )
        _hand_on(change, group, organization, heirs[chosen])
        count["handed_on"] += 1
    return count


def _hand_on(change: Change, group: Group, source: Organization, heir: Member) -> None:
    assert heir.role is not None
    target = heir.role.organization
    if not heir.manager:
        put_in_charge(change, group, heir)
    say(change, group, "handed", subject=None, text=f"{source.name} → {target.name}")
    group.organization = target
    group.save(update_fields=["organization"])
    change.end_standings(group=group.id)
