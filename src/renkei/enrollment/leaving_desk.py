"""What is shown of somebody's leaving an organization: what it will end, or what it has ended."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from renkei.device.models import Device, TakeOut
from renkei.enrollment.leaving import devices_of, needing_successor
from renkei.enrollment.models import Leaving
from renkei.group.about import name_for
from renkei.group.models import Group
from renkei.kernel import clock
from renkei.kernel.clock import JAPAN
from renkei.kernel.japanese import initials
from renkei.patient.identity import open_identity
from renkei.people.faces import Face, name_by
from renkei.people.models import PractitionerRole
from renkei.people.staff import face_of
from renkei.policy.rules import may
from renkei.policy.standing import Standing, What
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class Successor:
    """A group that needs somebody else. Whose it is, only where the organization manages it."""

    group: UUID
    free: bool
    name: str  # a free group's (``name_for``); the patient's, or initials where no device opens
    organization: str
    manager: bool
    only: bool


@dataclass(frozen=True, slots=True)
class LeavingDevice:
    """A device to be returned, or a private one to be closed."""

    id: UUID
    number: str
    private: bool
    word: str = ""
    erased_on: date | None = None


@dataclass(frozen=True, slots=True)
class LeavingDesk:
    """All that the page and the receipt say of somebody's leaving."""

    role: UUID
    who: Face
    administrator: bool
    started_on: date
    leaving: Leaving | None
    over: bool  # the moment has come
    settled: bool
    successors: list[Successor]
    devices: list[LeavingDevice]
    take_outs: int  # still out
    decided_by: str = ""
    settled_by: str = ""


@disclosure("staff.leave", on="staff")
def see_leaving(standing: Standing) -> LeavingDesk:
    """Somebody's leaving: what it will end, or what it has ended."""
    assert standing.what.colleague is not None
    roles = PractitionerRole.objects.select_related("account", "organization")
    role = roles.get(pk=standing.what.colleague.role)
    leaving = role.leavings.filter(withdrawn_at=None).first()
    settled = leaving is not None and leaving.settled_at is not None
    return LeavingDesk(
        role=role.id,
        who=face_of(role),
        administrator=role.administrator,
        started_on=role.started_at.astimezone(JAPAN).date(),
        leaving=leaving,
        over=role.ended_at is not None or not _lasts(role),
        settled=settled,
        successors=_successors(standing, role, leaving if settled else None),
        devices=_devices(role, leaving if settled else None),
        take_outs=TakeOut.objects.filter(
            account=role.account_id, organization=role.organization_id, state="approved"
        ).count(),
        decided_by=name_by(leaving.decided_by) if leaving else "",
        settled_by=name_by(leaving.settled_by) if leaving and leaving.settled_by else "",
    )


def _lasts(role: PractitionerRole) -> bool:
    return role.until is None or role.until > clock.now()


def _successors(
    standing: Standing, role: PractitionerRole, leaving: Leaving | None
) -> list[Successor]:
    """Today's, or those of the time when it was decided."""
    wanted = (
        [(UUID(one["group"]), one["manager"], one["only"]) for one in leaving.groups]
        if leaving
        else needing_successor(role)
    )
    groups = Group.objects.select_related("patient", "organization").in_bulk(
        [group for group, _, _ in wanted]
    )
    return [
        Successor(
            group=group,
            free=groups[group].kind == Group.Kind.FREE,
            name=_name(groups[group], standing),
            organization=str(groups[group].organization),  # never the network group
            manager=manager,
            only=only,
        )
        for group, manager, only in wanted
        if group in groups
    ]


def _name(group: Group, standing: Standing) -> str:
    """A free group's name; the patient's, if one's own organization manages them, as it opens."""
    who, patient = standing.who, group.patient
    if group.kind == Group.Kind.FREE:
        return name_for(group, who.account)
    if patient is None or group.organization_id != who.organization:
        return ""
    identity = open_identity(patient.id, patient.key_id, patient.identity_sealed)
    place = Standing(who, what=What(target_organization=who.organization))
    return identity.name if may(place, "views.see") else initials(identity.name, identity.kana)


def _devices(role: PractitionerRole, leaving: Leaving | None) -> list[LeavingDevice]:
    if leaving is None:
        return [
            LeavingDevice(one.id, one.number, one.ownership == Device.Ownership.PRIVATE)
            for one in devices_of(role)
        ]
    known = Device.objects.in_bulk([UUID(one["device"]) for one in leaving.devices])
    return [
        LeavingDevice(
            id=device.id,
            number=device.number,
            private=device.ownership == Device.Ownership.PRIVATE,
            word=one["word"],
            erased_on=date.fromisoformat(one["erased_on"]) if one["erased_on"] else None,
        )
        for one in leaving.devices
        if (device := known.get(UUID(one["device"]))) is not None
    ]
