"""Leaving an organization: one action ends everything, now or at the end of a day (A8.5, N1.2).

The standing ends by the role's own moment, to the second, whether or not anybody does anything
then. Settling is what remains: places in groups, invitations, sessions, devices, and the
formalities of clause N3.7, of which a receipt is printed. What the person wrote stays theirs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.device.blocking import block_device
from renkei.device.models import Device, EnrollmentLink, Listing
from renkei.enrollment.models import Leaving
from renkei.group.membership import end_membership
from renkei.group.models import Group, Invitation, Member
from renkei.group.network import let_out
from renkei.kernel import clock
from renkei.kernel.database import id_of, rows
from renkei.kernel.errors import Problem
from renkei.people import browsers
from renkei.people.changes import note_administrator, refuse_last_administrator, role_of
from renkei.people.models import OneTimeLink, OperatorRole, PractitionerRole, Session
from renkei.policy.use_case import Change, use_case

FORMALITIES: Final = ("papers", "media", "seal")  # what else comes back (form 3, article 4)
RETURNED, MISSING, CLOSED = "returned", "missing", "closed"
OPEN_DEVICES: Final = (Device.State.PENDING, Device.State.IN_USE, Device.State.LENT)
REASON: Final = "退職・異動のため"  # stands sealed with every membership that ends


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of a device: returned, missing, or closed (a private one), and its erasure."""

    device: UUID
    word: str
    erased_on: date | None = None


@dataclass(frozen=True, slots=True)
class Formalities:
    """What was seen to when somebody left (N3.7)."""

    told: str  # of Leaving.Told
    told_on: date | None = None
    done: tuple[str, ...] = ()  # of FORMALITIES
    devices: tuple[Returned, ...] = ()


@use_case("staff.leave", on="staff")
def leave_now(change: Change, *, formalities: Formalities) -> UUID:
    """End somebody's work for the organization at this moment, and all that hangs on it.

    Raises:
        Problem: the last administrator, a person who has left, or formalities that are missing.
    """
    role = role_of(change)
    refuse_last_administrator(role, change.now)
    _withdraw(change, role)
    leaving = _decide(change, role, clock.today(), change.now)
    _settle(change, role, leaving, formalities)
    return leaving.id


@use_case("staff.leave", on="staff")
def leave_on(change: Change, *, last_day: date) -> UUID:
    """Set the last day on which somebody works here: it ends by itself at its midnight.

    Raises:
        Problem: the day is over, the last administrator, or a person who has left.
    """
    role = role_of(change)
    if last_day < clock.today():
        raise Problem(
            gettext_noop("This day is over. Please end it now instead."), field="last_day"
        )
    refuse_last_administrator(role, change.now)
    _withdraw(change, role)
    ends_at = clock.begins(last_day + timedelta(days=1))
    leaving = _decide(change, role, last_day, ends_at)
    role.until = ends_at
    role.save(update_fields=["until"])
    change.end_standings(account=role.account_id)  # so that streams learn of the moment
    return leaving.id


def _withdraw(change: Change, role: PractitionerRole) -> None:
    role.leavings.filter(settled_at=None, withdrawn_at=None).update(withdrawn_at=change.now)


def _decide(change: Change, role: PractitionerRole, day: date, ends_at: datetime) -> Leaving:
    leaving = Leaving(
        role=role,
        last_day=day,
        ends_at=ends_at,
        decided_by=change.account,
        decided_at=change.now,
        groups=[{"group": group.hex, "manager": manager, "only": only}
                for group, manager, only in needing_successor(role)],
    )  # fmt: skip
    leaving.save(force_insert=True)
    change.detail |= {"leaving": leaving.id.hex, "ends": clock.to_us(ends_at)}
    return leaving


@use_case("staff.leave", on="staff")
def stay(change: Change) -> None:
    """Take back a leaving whose day has not come.

    Raises:
        Problem: the person has left, or none is set.
    """
    role = role_of(change)
    if role.until is None or role.until <= change.now:
        raise Problem(gettext_noop("There is nothing to take back."))
    _withdraw(change, role)
    role.until = None
    role.save(update_fields=["until"])
    change.end_standings(account=role.account_id)


@use_case("staff.leave", on="staff")
def settle_leaving(change: Change, *, formalities: Formalities) -> UUID:
    """See to what remains when the day set ahead is over (N3.7).

    Raises:
        Problem: the day is not over, it is settled already, or formalities are missing.
    """
    role = role_of(change)
    leaving = role.leavings.filter(settled_at=None, withdrawn_at=None).first()
    if leaving is None or leaving.ends_at > change.now:
        raise Problem(gettext_noop("The last day is not over yet."))
    change.detail["leaving"] = leaving.id.hex
    _settle(change, role, leaving, formalities)
    return leaving.id


def _settle(
    change: Change, role: PractitionerRole, leaving: Leaving, formalities: Formalities
) -> None:
    _judge(role, formalities)
    role.ended_at = leaving.ends_at
    role.save(update_fields=["ended_at"])
    let_out(change, role.account)
    if role.administrator:
        note_administrator(change, role, became=False)
    leaving.ended = end_everything(change, role)
    leaving.devices = [_end_device(change, role, one) for one in formalities.devices]
    _end_other_listings(change, role)
    leaving.told, leaving.told_on = formalities.told, formalities.told_on
    leaving.formalities = {one: one in formalities.done for one in FORMALITIES}
    leaving.settled_by, leaving.settled_at = change.account, change.now
    leaving.save()
    change.detail |= leaving.ended


def end_everything(change: Change, role: PractitionerRole) -> dict[str, int]:
    """End what rests on a role that has ended; how much of each that was."""
    return {
        "groups": _end_memberships(change, role),
        "invitations": _end_invitations(change, role),
        "sessions": _end_sessions(change, role),
    }


def _judge(role: PractitionerRole, formalities: Formalities) -> None:
    """Every device is accounted for, and how the person was told is said.

    Raises:
        Problem: one of these is missing.
    """
    if formalities.told not in Leaving.Told.values:
        raise Problem(
            gettext_noop("Please say how the person was told of the duties that stay."),
            field="told",
        )
    said = {one.device for one in formalities.devices}
    theirs = list(devices_of(role))
    if {one.id for one in theirs} - said:
        raise Problem(gettext_noop("Please say of every device what became of it."))
    if said - {one.id for one in theirs}:
        raise Problem(gettext_noop("The devices have changed meanwhile. Please look again."))


def devices_of(role: PractitionerRole) -> Iterable[Device]:
    """The organization's devices of which the person is the user, and private ones in its ledger.

    One that several people use stays: only the person's name goes from it.
    """
    return Device.objects.filter(
        organization=role.organization_id, users=role.account_id, state__in=OPEN_DEVICES
    ).order_by("number")


def _end_memberships(change: Change, role: PractitionerRole) -> int:
    """Every place in a group ends, and stands in its timeline as a release does."""
    members = Member.objects.filter(role=role, ended_at=None).order_by("group_id")
    for member in list(members):
        group = Group.objects.select_for_update().get(pk=member.group_id)
        entity = change.entity
        end_membership(change, group, member, reason=REASON, released_by=change.account)
        change.entity = entity
    return len(members)


def _end_invitations(change: Change, role: PractitionerRole) -> int:
    waiting = Invitation.objects.filter(role=role, state=Invitation.State.OPEN)
    return waiting.update(state=Invitation.State.TAKEN_BACK, closed_at=change.now)


def _end_sessions(change: Change, role: PractitionerRole) -> int:
    """Those in which the person acts for this organization; all, if there is no other work."""
    sessions = Session.objects.filter(account_id=role.account_id)
    if _works_elsewhere(role):
        sessions = sessions.filter(role=role)
    else:
        links = OneTimeLink.objects.filter(account_id=role.account_id)
        links.filter(used_at=None, ended_at=None).update(ended_at=change.now)
    EnrollmentLink.objects.filter(
        account_id=role.account_id,
        device__organization=role.organization_id,
        used_at=None,
        ended_at=None,
    ).update(ended_at=change.now)
    if _works_elsewhere(role):
        browsers.end_of_sessions(change, list(sessions.values_list("pk", flat=True)))
    else:
        browsers.end_of_account(change, role.account_id)
    ended, _ = sessions.delete()
    change.end_standings(account=role.account_id)
    return ended


def _works_elsewhere(role: PractitionerRole) -> bool:
    others = PractitionerRole.objects.filter(account=role.account_id, ended_at=None)
    operates = OperatorRole.objects.filter(account=role.account_id, ended_at=None)
    return others.exclude(pk=role.pk).exists() or operates.exists()


def _end_device(change: Change, role: PractitionerRole, one: Returned) -> dict[str, Any]:
    device = Device.objects.select_for_update().get(pk=one.device)
    device.users.remove(role.account)
    shared = device.users.exists()
    if one.word == MISSING:
        block_device(change, device.id, state=Device.State.LOST, reason_word="missing")
    elif device.ownership == Device.Ownership.PRIVATE:
        block_device(change, device.id, state=Device.State.RETIRED, reason_word="left")
        Device.objects.filter(pk=device.id).update(erased_on=one.erased_on)
    elif not shared and device.state != Device.State.PENDING:
        device.state, device.state_changed_at = Device.State.IN_USE, change.now
        device.save(update_fields=["state", "state_changed_at"])
    erased = one.erased_on.isoformat() if one.erased_on else None
    return {"device": device.id.hex, "word": one.word, "erased_on": erased}


def _end_other_listings(change: Change, role: PractitionerRole) -> None:
    """Devices in other ledgers that this organization had accepted for the person."""
    listings = Listing.objects.filter(
        organization=role.organization_id, device__users=role.account_id
    ).exclude(device__organization=role.organization_id)
    for listing in listings:
        others = PractitionerRole.objects.filter(
            PractitionerRole.working(change.now),
            organization=role.organization_id,
            account__devices=listing.device_id,
        )
        if not others.exists():
            Listing.objects.filter(pk=listing.pk).update(usable_until=change.now)


_SUCCESSORS = """
    SELECT g.id, m.manager,
      g.patient_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM group_member x
        JOIN people_practitionerrole xr ON xr.id = x.role_id
        WHERE x.group_id = g.id AND x.ended_at IS NULL AND x.id <> m.id
          AND xr.organization_id = r.organization_id AND xr.ended_at IS NULL)
    FROM group_member m
    JOIN group_group g ON g.id = m.group_id AND g.closed_at IS NULL
      AND g.kind NOT IN ('network', 'direct')
    JOIN people_practitionerrole r ON r.id = m.role_id
    WHERE m.role_id = %s AND m.ended_at IS NULL ORDER BY m.joined_at"""


def needing_successor(role: PractitionerRole) -> list[tuple[UUID, bool, bool]]:
    """The groups in which the person is a manager, or the only one of the organization."""
    return [
        (id_of(group), bool(manager), bool(only))
        for group, manager, only in rows(_SUCCESSORS, [role.pk.hex])
        if manager or only
    ]
