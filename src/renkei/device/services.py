"""Keeping the device ledger (台帳): what administrators do with their organization's devices."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.device.blocking import block_device
from renkei.device.enrolling import end_links, make_link
from renkei.device.ledger import (
    free_number,
    in_ledger,
    require,
    set_considered,
    set_note,
    write_listings,
)
from renkei.device.models import Device, DeviceKey, EnrollmentLink, Listing
from renkei.incident.opening import open_incident
from renkei.incident.stopping import stop_device
from renkei.kernel.clock import JAPAN
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.people.models import Account, Organization, Session
from renkei.policy.use_case import Change, use_case

GONE = (Device.State.LOST, Device.State.BLOCKED)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the ledger says of a device, but for what is sealed."""

    number: str = ""
    type: str = Device.Type.TABLET
    maker: str = ""
    model: str = ""
    os: str = ""
    os_version: str = ""


def _target(change: Change) -> Organization:
    target = change.standing.what.target_organization
    assert target is not None
    change.stream = f"organization:{target.hex}"
    return Organization.objects.select_related("region").get(pk=target)


@use_case("region.load", on="organization")
def take_over_device(
    change: Change,
    *,
    number: str,
    type: str,
    usable_until: datetime,
    accepted_by: list[UUID] | None = None,
) -> Device:
    """Take a device from an organization's paper ledger into this one, in use.

    Args:
        usable_until: until when patient data may open on it without another confirmation.
        accepted_by: other organizations whose people may use it too.
    """
    organization = _target(change)
    device = Device(
        id=uuid7(),
        key_id=organization.key_id,
        organization=organization,
        number=number,
        type=type,
        state=Device.State.IN_USE,
        confirmed_at=change.now,
        added_at=change.now,
        state_changed_at=change.now,
    )
    device.save(force_insert=True)
    for listed in [organization.id, *(accepted_by or [])]:
        Listing.objects.create(
            device=device,
            organization_id=listed,
            usable_until=usable_until,
            accepted_at=change.now,
        )
    change.about("Device", device.id, number=number)
    return device


def _users(device: Device, users: Iterable[UUID]) -> list[str]:
    """Whose own it is: people who work for its organization today."""
    people = Account.objects.filter(
        pk__in=list(users), roles__organization=device.organization_id, roles__ended_at=None
    ).distinct()
    device.users.set(people)
    return sorted(one.id.hex for one in people)


def _fill(device: Device, facts: Facts) -> None:
    number = free_number(device.organization_id, facts.number, device.ownership, device.id)
    if facts.type not in Device.Type.values:
        raise Problem(gettext_noop("Please choose one."), field="type")
    for name, value in (asdict(facts) | {"number": number}).items():
        setattr(device, name, value)


@use_case("device.add", on="organization")
def add_device(
    change: Change, *, facts: Facts, note: dict[str, str], users: Iterable[UUID] = ()
) -> tuple[Device, str]:
    """Put a device of the organization into the ledger; also the token of the link that enrols it.

    Nothing opens on it before a browser on it has taken the link. Private devices come in by their
    owner's own application alone.
    """
    organization = _target(change)
    device = Device(
        id=uuid7(),
        key_id=organization.key_id,
        organization=organization,
        ownership=Device.Ownership.ORGANIZATION,
        state=Device.State.IN_USE,
        added_by_id=change.account,
        added_at=change.now,
        approved_by_id=change.account,
        approved_at=change.now,
        state_changed_at=change.now,
    )
    _fill(device, facts)
    set_note(device, note)
    device.save(force_insert=True)
    given = _users(device, users)
    Listing.objects.create(
        device=device,
        organization=organization,
        usable_until=change.now,
        accepted_by_id=change.account,
        accepted_at=change.now,
    )
    change.about("Device", device.id, number=device.number, users=given)
    return device, make_link(change, device, EnrollmentLink.Purpose.FIRST)


@use_case("device.change", on="device")
def change_device(
    change: Change,
    *,
    facts: Facts,
    note: dict[str, str],
    users: Iterable[UUID],
    decided: dict[str, str],
) -> None:
    """Correct what the ledger says, whose it is, and what was decided (A15.6 to A15.8)."""
    device = in_ledger(change)
    _fill(device, facts)
    set_note(device, note)
    set_considered(change, device, decided)
    device.save()
    if device.ownership == Device.Ownership.ORGANIZATION:
        change.detail["users"] = _users(device, users)
    change.detail |= {"number": device.number, "did": "changed", "decided": decided}


@use_case("device.change", on="device")
def new_link(change: Change) -> str:
    """Make a fresh link for the device; the ones before end."""
    device = in_ledger(change)
    require(device, *Device.OPENS)
    change.detail["did"] = "link"
    return make_link(change, device, EnrollmentLink.Purpose.FIRST)


@use_case("device.change", on="device")
def lend(change: Change, *, to: UUID) -> None:
    """Hand the device to one person.

    Raises:
        Problem: it is lent already, or the person does not work here.
    """
    device = in_ledger(change)
    require(device, Device.State.IN_USE)
    change.detail |= {"did": "lent", "to": to.hex}
    if not _users(device, [to]):
        raise Problem(gettext_noop("This person does not work here any more."), field="to")
    _set_state(change, device, Device.State.LENT)


@use_case("device.change", on="device")
def give_back(change: Change) -> None:
    """Take back what was lent."""
    device = in_ledger(change)
    require(device, Device.State.LENT)
    device.users.clear()
    change.detail["did"] = "given_back"
    _set_state(change, device, Device.State.IN_USE)


def _set_state(change: Change, device: Device, state: Device.State) -> None:
    device.state, device.state_changed_at = state, change.now
    device.save(update_fields=["state", "state_changed_at"])


@use_case("device.change", on="device")
def lose(change: Change) -> None:
    """Block a lost device at once, and open the incident."""
    device = in_ledger(change)
    require(device, Device.State.PENDING, *Device.OPENS)
    change.detail["did"] = "lost"
    end_links(change, device)
    stop_device(change, device.id)
    open_incident(
        change, kind="lost_device", severity="serious", device=device.id, by=change.account
    )


@use_case("device.change", on="device")
def bring_back(change: Change) -> str:
    """A device that was lost or blocked is here again: a link, for it has to be enrolled anew."""
    device = in_ledger(change)
    require(device, *GONE)
    device.confirmed_at = None
    device.save(update_fields=["confirmed_at"])
    change.detail["did"] = "brought_back"
    _set_state(change, device, Device.State.IN_USE)
    write_listings(device, change.now)
    return make_link(change, device, EnrollmentLink.Purpose.FIRST)


@use_case("device.change", on="device")
def retire(change: Change, *, erased_on: date) -> None:
    """Take a device out of use for good; what it held was erased on that day.

    Raises:
        Problem: the day lies in the future.
    """
    device = in_ledger(change)
    require(device, *set(Device.State) - {Device.State.RETIRED})
    if erased_on > change.now.astimezone(JAPAN).date():
        raise Problem(gettext_noop("The date is in the future."), field="erased_on")
    end_links(change, device)
    block_device(change, device.id, state=Device.State.RETIRED, reason_word="retired")
    Device.objects.filter(pk=device.id).update(erased_on=erased_on)
    change.detail |= {"did": "retired", "erased_on": erased_on.isoformat()}


@use_case("device.change", on="device")
def end_key(change: Change, *, key: UUID) -> None:
    """Take its key from one browser on the device, and end what it has open."""
    device = in_ledger(change)
    ended = DeviceKey.objects.filter(pk=key, device=device, ended_at=None)
    if not ended.update(ended_at=change.now):
        raise Problem(gettext_noop("The state of this device has changed. Please look again."))
    sessions = Session.objects.filter(device_key_id=key)
    accounts = set(sessions.values_list("account", flat=True))
    sessions.delete()
    for account in accounts:
        change.end_standings(account=account)
    change.detail |= {"did": "key_ended", "key": key.hex}


@use_case("device.take_stock", on="organization")
def take_stock(change: Change, *, here: Iterable[UUID]) -> int:
    """Write down which devices were seen at the stock-taking (棚卸し); returns how many."""
    organization = _target(change)
    day = change.now.astimezone(JAPAN).date().isoformat()
    seen = Device.objects.filter(organization=organization, pk__in=list(here)).exclude(
        state=Device.State.RETIRED
    )
    for device in seen:
        entry = {"state": "here", "on": day, "by": change.account.hex}
        device.items = {**device.items, "stock": entry}
        device.save(update_fields=["items"])
    counted = sorted(device.id.hex for device in seen)
    change.about("Organization", organization.id, here=counted)
    return len(counted)
