"""The group with the patient and relatives, beside the professionals' one (A11.5).

They have accounts of a kind of their own and work for nobody; how they come in stands in
``family_ways_in``. Nothing of the professionals' group is reached from here: the two have keys,
logs and members of their own.
"""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.group.membership import group_of, join, say
from renkei.group.models import Group, Member
from renkei.kernel import vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.people.selectors import in_office
from renkei.policy.use_case import Change, use_case


@use_case("family.open", on="group")
def open_family_group(change: Change, *, members: Sequence[UUID]) -> Group:
    """Open the group with the family beside the patient's, with some of its members (A11.5).

    Whoever opens it is in it, if they are in the patient's group. It is managed by those among them
    who manage the patient's group for the managing organization.

    Raises:
        Problem: there is one already, or nobody of them could manage it.
    """
    beside = group_of(change)
    change.about("Group", beside.id, patient=change.patient.hex)
    if Group.objects.filter(patient=change.patient, kind="family", closed_at=None).exists():
        raise Problem(gettext_noop("This patient has a group with the family already."))
    mine = {change.where.member.id} if change.where.member else set()
    team = _working(change, beside, {*members, *mine})
    charge = {one.id for one in team if _would_manage(one, beside)}
    if not charge:
        raise Problem(
            gettext_noop(
                "Somebody of the managing organization who manages the patient's group has to take"
                " part."
            ),
            field="members",
        )
    group = Group(
        id=uuid7(),
        key_id=vault.make_key("group"),
        region_id=beside.region_id,
        kind=Group.Kind.FAMILY,
        patient_id=change.patient,
        organization_id=beside.organization_id,
        opened_at=change.now,
        opened_by_id=change.account,
    )
    group.save(force_insert=True)
    change.stream = f"group:{group.id.hex}"
    change.about("Group", group.id, patient=change.patient.hex)
    say(change, group, "opened", subject=None)
    for one in team:
        _take_in(change, group, one, manager=one.id in charge)
    Member.objects.filter(group=group).update(read_seq=group.last_seq)
    say(change, beside, "beside", subject=None)
    return group


@use_case("family.add", on="group")
def add_professionals(change: Change, *, members: Sequence[UUID]) -> int:
    """Let more of the patient's group take part in the one with the family; how many they are.

    Raises:
        Problem: nobody was chosen who is in the patient's group, or they are in both.
    """
    group = group_of(change)
    change.about("Group", group.id)
    beside = Group.objects.filter(patient=change.patient, kind="patient", closed_at=None).first()
    inside = set(group.members.filter(ended_at=None).values_list("account", flat=True))
    team = _working(change, beside, set(members)) if beside else []
    team = [one for one in team if one.account_id not in inside]
    if not team or beside is None:
        raise Problem(gettext_noop("Please choose somebody."), field="members")
    for one in team:
        _take_in(change, group, one, manager=_would_manage(one, beside))
    return len(team)


def _working(change: Change, beside: Group, wanted: set[UUID]) -> list[Member]:
    """Those of these members of the patient's group who are in office."""
    roles = in_office(change.now)
    found = beside.members.filter(pk__in=wanted, ended_at=None, role__in=roles)
    return list(found.select_related("role").order_by("joined_at", "id"))


def _would_manage(one: Member, beside: Group) -> bool:
    """Whether they manage the patient's group for the organization that manages the patient."""
    return (
        one.manager and one.role is not None and one.role.organization_id == beside.organization_id
    )


def _take_in(change: Change, group: Group, one: Member, *, manager: bool) -> None:
    assert one.role is not None
    join(
        change,
        group,
        one.role,
        role_in_care=one.role_in_care,
        manager=manager,
        origin=Member.Origin.BESIDE,
        appointed_by=change.account,
    )
    say(
        change,
        group,
        "joined",
        subject=one.role,
        text=one.role_in_care,
        sender=one.account_id,
    )
