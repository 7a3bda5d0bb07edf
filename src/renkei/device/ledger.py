"""What a device in the ledger has to fulfil, and until when patient data may open on it."""

from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.device.models import Device, Listing
from renkei.kernel import clock
from renkei.kernel.clock import JAPAN
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.people.figures import in_organization
from renkei.people.models import Organization, PractitionerRole
from renkei.policy.use_case import Change

CONFIRMED: Final = ("A15.1", "A15.2", "A15.3", "A15.4")  # by the person, on the device (A14.6)
CONSIDERED: Final = ("A15.6", "A15.7", "A15.8")  # by the organization: remote wipe, line, MDM
DECISIONS: Final = ("set", "not_set", "not_applicable")
NOTE_FIELDS: Final = (
    "serial", "carrier", "line", "remark", "reason", "anti_malware", "wipe", "refusal",
)  # fmt: skip
NOTE_LENGTH: Final = 300  # characters


def figures(organization: Organization) -> dict[str, Any]:
    """The parameters under which the organization works: the policy's, or its own stricter ones."""
    return in_organization(organization)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last day of that month."""
    year, month = divmod(day.month - 1 + months, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(day.year + year, month + 1, last)
        except ValueError:
            continue
    return date(day.year + year, month + 1, day.day)


def open_until(device: Device, now: datetime) -> datetime:
    """Until when patient data may open on it: state, confirmation and permission together."""
    if device.state not in Device.OPENS or device.confirmed_at is None:
        return now
    months = int(figures(device.organization)["device_confirmation_months"])
    confirmed = device.confirmed_at.astimezone(JAPAN)
    until = _end_of(months_later(confirmed.date(), months))
    if device.ownership == Device.Ownership.PRIVATE:
        if device.permitted_until is None:
            return now
        until = min(until, _end_of(device.permitted_until))
    return until


def _end_of(day: date) -> datetime:
    return clock.begins(day + timedelta(days=1))


def write_listings(device: Device, now: datetime) -> None:
    """Write down for every organization that accepted it until when it may be used."""
    until = open_until(device, now)
    Listing.objects.filter(device=device).exclude(accepted_at=None).update(usable_until=until)


def confirm_items(change: Change, device: Device, confirmed: dict[str, bool]) -> None:
    """Take what the person says about the device: lock, software, anti-malware, passwords.

    Raises:
        Problem: one of them is not so; the device is not confirmed.
    """
    if not all(confirmed.get(item) for item in CONFIRMED):
        raise Problem(
            gettext_noop("All four have to be so. If one is not, ask your administrator.")
        )
    day = change.now.astimezone(JAPAN).date().isoformat()
    said = {item: {"state": "set", "on": day, "by": change.account.hex} for item in CONFIRMED}
    device.items = {**device.items, **said}
    device.confirmed_at = change.now


def set_considered(change: Change, device: Device, decided: dict[str, str]) -> None:
    """Write down what the organization decided on remote wipe, line suspension and MDM."""
    day = change.now.astimezone(JAPAN).date().isoformat()
    for item, state in decided.items():
        if item not in CONSIDERED or state not in DECISIONS:
            continue
        if device.items.get(item, {}).get("state") != state:
            entry = {"state": state, "on": day, "by": change.account.hex}
            device.items = {**device.items, item: entry}


def set_note(device: Device, said: dict[str, str]) -> None:
    """Seal what is written about the device; what is not mentioned stays."""
    note: dict[str, str] = device.unseal("note_sealed") or {}
    for name in NOTE_FIELDS:
        if name in said:
            note[name] = clean_text(said[name]).strip()[:NOTE_LENGTH]
    device.seal("note_sealed", note)


def free_number(organization: UUID, written: str, ownership: str, but: UUID | None = None) -> str:
    """The number to take: the one written, or the next free one.

    Raises:
        Problem: another device of the organization has it.
    """
    number = " ".join(clean_text(written).split())[:20]
    numbers = Device.objects.filter(organization=organization).values_list("number", "pk")
    taken = {one for one, device in numbers if device != but}
    if number:
        if number in taken:
            raise Problem(
                gettext_noop("Another device in the ledger has this number."), field="number"
            )
        return number
    letter = "P" if ownership == Device.Ownership.PRIVATE else "T"
    return next(one for n in range(1, 100_000) if (one := f"{letter}-{n:02}") not in taken)


def organization_of(account: UUID, organization: UUID) -> Organization:
    """The organization, if the person works for it today.

    Raises:
        Problem: they do not.
    """
    roles = PractitionerRole.objects.filter(
        PractitionerRole.working(clock.now()), account=account, organization=organization
    ).exclude(restriction__in=PractitionerRole.STOPPED)
    role = roles.select_related("organization__region").first()
    if role is None or role.organization.suspended_at or role.organization.left_on:
        raise Problem(
            gettext_noop("You do not work for this organization any more."), field="organization"
        )
    return role.organization


def in_ledger(change: Change) -> Device:
    """The device in question, locked; the audit line goes to its organization's stream."""
    listed = change.standing.what.device
    assert listed is not None
    devices = Device.objects.select_related("organization__region")
    device = devices.select_for_update(of=("self",)).get(pk=listed.id)
    change.stream = f"organization:{device.organization_id.hex}"
    change.about("Device", device.id)
    return device


def require(device: Device, *states: str) -> None:
    """Refuse what does not fit the state the device is in.

    Raises:
        Problem: somebody was faster, or the page is old.
    """
    if device.state not in states:
        raise Problem(gettext_noop("The state of this device has changed. Please look again."))
