"""What one sees of devices: the ledger, one device with its history, and the one in one's hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import orjson
from django.db.models import QuerySet

from renkei.audit import trail
from renkei.device.ledger import CONFIRMED, CONSIDERED, figures, months_later
from renkei.device.models import Device, DeviceKey, Listing
from renkei.kernel import clock
from renkei.kernel.clock import JAPAN
from renkei.people.faces import open_profile
from renkei.people.models import Account, Organization
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure

SOON: Final = timedelta(days=14)
HISTORY: Final = 50  # lines
ITEMS: Final = (*CONFIRMED, *CONSIDERED)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the ledger: what is said of it, since when."""

    clause: str
    state: str  # set · not_set · not_applicable · empty if nothing is said
    on: date | None


@dataclass(frozen=True, slots=True)
class Row:
    """One device as the list shows it."""

    id: UUID
    number: str
    ownership: str
    type: str
    maker: str
    model: str
    os: str
    os_version: str
    state: str
    users: list[str]
    items: list[Item]
    confirmed_at: datetime | None
    confirm_by: date | None
    permitted_until: date | None
    browsers: int
    certificate: bool
    seen_on: date | None  # at the last stock-taking
    added_by: str
    organization: str
    foreign: bool  # it stands in another organization's ledger
    accepted: bool  # one's own organization lets its people use it
    open_until: datetime | None

    @property
    def word(self) -> str:
        """What is to be said of it first: its state, or what keeps it closed."""
        if self.state not in Device.OPENS:
            return self.state
        if not self.browsers and not self.certificate:
            return "no_key"
        if self.open_until is None or self.open_until <= clock.now():
            return "overdue"
        return "soon" if self.open_until - clock.now() <= SOON else self.state


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of an organization, and what waits for its administrators."""

    organization: str
    rows: list[Row]  # of the organization's own ledger
    waiting: list[Row]  # asked for, in either ledger
    foreign: list[Row]  # of other ledgers, accepted here
    staff: list[tuple[UUID, str]]
    keeps: bool  # this device is in the ledger, so that something can be changed from it


def names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """The names of these people."""
    accounts = Account.objects.filter(pk__in={one for one in ids if one})
    return {
        one.id: open_profile(one.id, one.key_id, one.profile_sealed)["name"] for one in accounts
    }


def staff(organization: UUID) -> list[tuple[UUID, str]]:
    """Who works there today, by name in kana order."""
    accounts = Account.objects.filter(roles__organization=organization, roles__ended_at=None)
    opened = [(one.id, open_profile(one.id, one.key_id, one.profile_sealed)) for one in accounts]
    return [
        (key, profile["name"]) for key, profile in sorted(opened, key=lambda one: one[1]["kana"])
    ]


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


def _items(device: Device) -> list[Item]:
    said = [(one, device.items.get(one, {})) for one in ITEMS]
    return [Item(clause, one.get("state", ""), _day(one.get("on"))) for clause, one in said]


def _confirm_by(device: Device) -> date | None:
    if device.confirmed_at is None:
        return None
    months = int(figures(device.organization)["device_confirmation_months"])
    return months_later(device.confirmed_at.astimezone(JAPAN).date(), months)


def _row(device: Device, known: dict[UUID, str], own: UUID | None) -> Row:
    listing = next((one for one in device.listings.all() if one.organization_id == own), None)
    now = clock.now()
    return Row(
        id=device.id,
        number=device.number,
        ownership=device.ownership,
        type=device.type,
        maker=device.maker,
        model=device.model,
        os=device.os,
        os_version=device.os_version,
        state=device.state,
        users=[known.get(one.id, "") for one in device.users.all()],
        items=_items(device),
        confirmed_at=device.confirmed_at,
        confirm_by=_confirm_by(device),
        permitted_until=device.permitted_until,
        browsers=sum(one.ended_at is None for one in device.keys.all()),
        certificate=any(
            one.revoked_at is None and one.not_after > now for one in device.certificates.all()
        ),
        seen_on=_day(device.items.get("stock", {}).get("on")),
        added_by=known.get(device.added_by_id, "") if device.added_by_id else "",
        organization=device.organization.name,
        foreign=device.organization_id != own,
        accepted=listing is not None and listing.accepted_at is not None,
        open_until=listing.usable_until if listing else None,
    )


def all_of(found: QuerySet[Device]) -> list[Device]:
    """These devices by number, with all that a row shows of them."""
    related = found.select_related("organization__region").order_by("number")
    return list(related.prefetch_related("users", "keys", "certificates", "listings"))


def rows_of(devices: list[Device], own: UUID | None) -> list[Row]:
    """The devices as the organization ``own`` sees them."""
    people = {one.id for device in devices for one in device.users.all()}
    known = names(people | {device.added_by_id for device in devices})
    return [_row(device, known, own) for device in devices]


@disclosure("device.list", on="organization")
def see_ledger(standing: Standing) -> Ledger:
    """The whole ledger of one's organization, and what waits for a yes."""
    own = standing.what.target_organization
    assert own is not None
    mine = rows_of(all_of(Device.objects.filter(organization=own)), own)
    theirs = Device.objects.filter(listings__organization=own).exclude(organization=own)
    foreign = rows_of(all_of(theirs.exclude(state=Device.State.RETIRED)), own)
    pending = [one for one in mine if one.state == Device.State.PENDING]
    return Ledger(
        organization=Organization.objects.values_list("name", flat=True).get(pk=own),
        rows=[one for one in mine if one.state != Device.State.PENDING],
        waiting=pending + [one for one in foreign if not one.accepted],
        foreign=[one for one in foreign if one.accepted],
        staff=staff(own),
        keeps=may(standing, "device.add"),
    )


@disclosure("device.list_first", on="region")
def see_waiting_for_operator(standing: Standing) -> list[Row]:
    """First devices of organizations, which nobody there could approve; for the operator."""
    pending = Device.objects.filter(
        organization__region=standing.who.region, state=Device.State.PENDING
    )
    return [
        row
        for row in rows_of(all_of(pending), None)
        if may(load(standing.who.actor, "device", row.id), "device.approve")
    ]


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser on a device that has a key of it."""

    id: UUID
    label: str
    made_at: datetime
    seen_at: datetime | None
    here: bool  # the one that asks


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a device's history."""

    at: datetime
    action: str
    did: str
    outcome: str
    by: str


@dataclass(frozen=True, slots=True)
class Whole:
    """One device with all that the ledger says of it."""

    row: Row
    note: dict[str, str]
    user_ids: list[UUID]
    browsers: list[Browser]
    history: list[Happening]
    added_at: datetime
    approved_at: datetime | None
    erased_on: date | None
    months: int  # for which a private one may be permitted
    staff: list[tuple[UUID, str]]
    may_change: bool
    may_approve: bool
    listings: list[tuple[str, datetime, bool]]


def _history(device: Device) -> list[Happening]:
    """From the chain of its organization; others' chains hold only what they accepted."""
    lines = trail.Event.objects.filter(
        stream=f"organization:{device.organization_id.hex}", entity=f"Device/{device.id.hex}"
    )
    found = list(lines.order_by("-seq")[:HISTORY])
    by = names(one.actor for one in found)
    return [
        Happening(
            at=one.at,
            action=one.action,
            did=str(orjson.loads(one.detail).get("did", "")),
            outcome=one.outcome,
            by=by.get(one.actor, "") if one.actor else "",
        )
        for one in found
    ]


def _whole(standing: Standing) -> Whole:
    listed = standing.what.device
    assert listed is not None
    device = all_of(Device.objects.filter(pk=listed.id))[0]
    keys = DeviceKey.objects.filter(device=device, ended_at=None).order_by("made_at")
    shown = standing.who.shown
    return Whole(
        row=rows_of([device], standing.who.organization)[0],
        note=device.unseal("note_sealed") or {},
        user_ids=[one.id for one in device.users.all()],
        browsers=[
            Browser(one.id, one.label, one.made_at, one.seen_at, shown in (one.secret, one.offered))
            for one in keys
        ],
        history=_history(device),
        added_at=device.added_at,
        approved_at=device.approved_at,
        erased_on=device.erased_on,
        months=int(figures(device.organization)["private_device_months"]),
        staff=staff(device.organization_id),
        may_change=may(standing, "device.change"),
        may_approve=may(standing, "device.approve"),
        listings=[
            (one.organization.name, one.usable_until, one.accepted_at is not None)
            for one in Listing.objects.filter(device=device).select_related("organization")
        ],
    )


@disclosure("device.see", on="device")
def see_device(standing: Standing) -> Whole:
    """One device of one's organization's ledger."""
    return _whole(standing)


@disclosure("device.approve", on="device")
def see_application(standing: Standing) -> Whole:
    """A device that was asked for, for who may say yes to it."""
    return _whole(standing)


@disclosure("device.add", on="organization")
def see_adding(standing: Standing) -> list[tuple[UUID, str]]:
    """Whose a new device may be."""
    assert standing.what.target_organization is not None
    return staff(standing.what.target_organization)


@disclosure("device.take_stock", on="organization")
def see_stock(standing: Standing) -> list[Row]:
    """What has to be there."""
    own = standing.what.target_organization
    devices = Device.objects.filter(organization=own).exclude(state=Device.State.RETIRED)
    return rows_of(all_of(devices), own)


@disclosure("device.change", on="device")
def see_editing(standing: Standing) -> Whole:
    """One device, for who may change what the ledger says of it."""
    return _whole(standing)
