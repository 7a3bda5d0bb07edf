"""Asking for a device from the device itself, and who says yes to it (A8.2, A15.10)."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.device.blocking import block_device
from renkei.device.browser import Guess
from renkei.device.enrolling import ask_again, give_key
from renkei.device.ledger import (
    confirm_items,
    figures,
    free_number,
    in_ledger,
    months_later,
    organization_of,
    require,
    set_note,
    write_listings,
)
from renkei.device.models import Device, Listing
from renkei.kernel.clock import JAPAN
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.people.models import Account
from renkei.policy.use_case import Change, use_case

MOST_PENDING: Final = 3  # applications of one person


@dataclass(frozen=True, slots=True)
class Application:
    """What a person writes when they ask for a device (form A15.10 for a private one)."""

    organization: UUID
    ownership: str
    number: str = ""
    note: dict[str, str] | None = None
    not_shared: bool = False
    agrees: bool = False  # that it is blocked when it is lost


@use_case("device.ask", on="region")
def ask_for_device(
    change: Change, *, asked: Application, confirmed: dict[str, bool], seen: Guess
) -> str:
    """Ask for the device one holds; returns the cookie, with which nothing opens before approval.

    Raises:
        Problem: something is missing of what the form asks for, or too much waits already.
    """
    organization = organization_of(change.account, asked.organization)
    private = asked.ownership == Device.Ownership.PRIVATE
    note = asked.note or {}
    if change.standing.who.device is not None:
        raise Problem(gettext_noop("This device stands in the ledger already."))
    if private and not (asked.not_shared and asked.agrees and note.get("reason")):
        raise Problem(gettext_noop("For a private device every answer is needed."))
    pending = Device.objects.filter(added_by=change.account, state=Device.State.PENDING)
    if pending.count() >= MOST_PENDING:
        raise Problem(gettext_noop("Three of your devices wait for approval already."))
    device = Device(
        id=uuid7(),
        key_id=organization.key_id,
        organization=organization,
        number=free_number(organization.id, asked.number, asked.ownership),
        ownership=Device.Ownership(asked.ownership),
        state=Device.State.PENDING,
        added_by_id=change.account,
        added_at=change.now,
        state_changed_at=change.now,
        **seen.facts,
    )
    confirm_items(change, device, confirmed)
    set_note(device, note)
    device.save(force_insert=True)
    if private:
        device.users.add(Account.objects.get(pk=change.account))
    Listing.objects.create(
        device=device,
        organization=organization,
        usable_until=change.now,
        asked_by_id=change.account,
        asked_at=change.now,
    )
    change.stream = f"organization:{organization.id.hex}"
    change.about("Device", device.id, number=device.number, ownership=str(device.ownership))
    return give_key(change, device, seen.browser)


@use_case("device.approve", on="device")
def approve(change: Change, *, number: str = "", permitted_until: date | None = None) -> None:
    """Let a device in that somebody asked for, or permit a private one for longer.

    Args:
        permitted_until: of a private device, the last day.

    Raises:
        Problem: the day is missing, past, or later than the policy allows.
    """
    device = in_ledger(change)
    require(device, Device.State.PENDING, *Device.OPENS)
    today = change.now.astimezone(JAPAN).date()
    if device.ownership == Device.Ownership.PRIVATE:
        months = int(figures(device.organization)["private_device_months"])
        if permitted_until is None or not today <= permitted_until <= months_later(today, months):
            raise Problem(
                gettext_noop("Until a day in the next %(n)s months."),
                field="permitted_until",
                n=months,
            )
        device.permitted_until = permitted_until
    if number:
        device.number = free_number(device.organization_id, number, device.ownership, device.id)
    if device.state == Device.State.PENDING:
        device.state, device.state_changed_at = Device.State.IN_USE, change.now
    device.approved_by_id, device.approved_at = change.account, change.now
    device.save()
    Listing.objects.filter(device=device, organization=device.organization_id).update(
        accepted_by=change.account, accepted_at=change.now
    )
    write_listings(device, change.now)
    change.detail |= {
        "number": device.number,
        "permitted_until": permitted_until.isoformat() if permitted_until else None,
    }
    change.end_standings(account=device.added_by_id)


@use_case("device.approve", on="device")
def refuse(change: Change, *, reason: str) -> None:
    """Do not let in a device that somebody asked for."""
    device = in_ledger(change)
    require(device, Device.State.PENDING)
    set_note(device, {"refusal": reason})
    device.save(update_fields=["note_sealed"])
    block_device(change, device.id, state=Device.State.RETIRED, reason_word="refused")
    change.detail["did"] = "refused"


# ── Another organization of the same person ──────────────────────────────────────────────────────


@use_case("device.confirm", on="device")
def ask_acceptance(change: Change, *, organization: UUID) -> None:
    """Ask another of one's organizations to let its people use the device one works on."""
    device = in_ledger(change)
    require(device, *Device.OPENS)
    other = organization_of(change.account, organization)
    _, made = Listing.objects.get_or_create(
        device=device,
        organization=other,
        defaults={
            "usable_until": change.now,
            "asked_by_id": change.account,
            "asked_at": change.now,
        },
    )
    change.silent = not made
    change.detail |= {"did": "asked", "organization": other.id.hex}


def _listing(change: Change, device: Device) -> Listing:
    listings = Listing.objects.select_related("organization")
    return listings.get(device=device, organization=change.standing.who.organization)


@use_case("device.accept", on="device")
def accept(change: Change) -> None:
    """Let the people of one's organization use a device that stands in another's ledger."""
    device = in_ledger(change)
    require(device, *Device.OPENS)
    listing = _listing(change, device)
    listing.accepted_by_id, listing.accepted_at = change.account, change.now
    listing.save(update_fields=["accepted_by", "accepted_at"])
    change.stream = f"organization:{listing.organization_id.hex}"
    write_listings(device, change.now)
    change.detail["did"] = "accepted"
    ask_again(change, device)


@use_case("device.accept", on="device")
def decline(change: Change) -> None:
    """Do not accept it, or not any longer; nothing of one's organization opens on it then.

    Raises:
        Problem: it stands in one's own ledger, where it is retired instead.
    """
    device = in_ledger(change)
    listing = _listing(change, device)
    if listing.organization_id == device.organization_id:
        raise Problem(gettext_noop("It stands in your own ledger: retire it there."))
    change.stream = f"organization:{listing.organization_id.hex}"
    change.detail["did"] = "declined"
    listing.delete()
    ask_again(change, device)
