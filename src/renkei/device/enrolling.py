"""How a browser comes to a key of a device: by a link, or by a code (A8.2); and checking it."""

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext_noop

from renkei.device import keys
from renkei.device.browser import Guess
from renkei.device.ledger import (
    confirm_items,
    in_ledger,
    organization_of,
    require,
    write_listings,
)
from renkei.device.models import Device, DeviceKey, EnrollmentLink
from renkei.kernel.errors import Problem
from renkei.people.models import Session
from renkei.policy.use_case import Change, use_case

HOURS: Final = {
    EnrollmentLink.Purpose.FIRST: timedelta(hours=24),
    EnrollmentLink.Purpose.SECOND: timedelta(minutes=10),
}
LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none looks like another
LENGTHS: Final = {EnrollmentLink.Purpose.FIRST: 25, EnrollmentLink.Purpose.SECOND: 8}
TRIES: Final = 5  # wrong codes before it ends
MOST_KEYS: Final = 4  # browsers on one device
_READ_AS = str.maketrans("OIL", "011")
NOT_GOOD = gettext_noop(
    "This link is not good: it was used, is older than a day, or is for somebody else."
)
FULL = gettext_noop("Too many browsers have a key of this device. Ask your administrator.")


def stored_token(typed: str) -> str:
    """What of a link or code is stored, however it was typed."""
    plain = "".join(typed.upper().split()).replace("-", "").translate(_READ_AS)
    return sha256(b"renkei device link " + plain.encode()).hexdigest()


def make_link(
    change: Change, device: Device, purpose: EnrollmentLink.Purpose, account: UUID | None = None
) -> str:
    """A link or code inside anybody's use case; those before it end. The token is shown once."""
    waiting = device.links.filter(purpose=purpose, used_at=None, ended_at=None)
    waiting.update(ended_at=change.now)
    token = "".join(secrets.choice(LETTERS) for _ in range(LENGTHS[purpose]))
    link = EnrollmentLink.objects.create(
        device=device,
        purpose=purpose,
        token=stored_token(token),
        account_id=account,
        made_by_id=change.account,
        made_at=change.now,
        until=change.now + HOURS[purpose],
    )
    change.detail["link"] = link.id.hex
    return token


def end_links(change: Change, device: Device) -> None:
    """No link or code of the device is good any more."""
    device.links.filter(used_at=None, ended_at=None).update(ended_at=change.now)


def give_key(change: Change, device: Device, label: str) -> str:
    """A key for this browser, whose session counts as on the device from now on; its cookie.

    Raises:
        Problem: too many browsers have one.
    """
    before = session_key(change) if change.standing.who.proved else []
    DeviceKey.objects.filter(pk__in=before, ended_at=None).update(ended_at=change.now)
    if device.keys.filter(ended_at=None).count() >= MOST_KEYS:
        raise Problem(FULL)
    key, cookie = keys.make_key(device.id, label, change.now)
    session = Session.objects.filter(pk=change.standing.who.session)
    session.update(device_id=device.id, device_key_id=key.id)
    change.detail["key"] = key.id.hex
    change.end_standings(account=change.account)
    return cookie


def _take(change: Change, link: EnrollmentLink) -> None:
    """Use a link up.

    Raises:
        Problem: somebody was faster.
    """
    unused = EnrollmentLink.objects.filter(pk=link.id, used_at=None, ended_at=None)
    if not unused.update(used_at=change.now, used_by=change.account):
        raise Problem(NOT_GOOD)
    change.detail["link"] = link.id.hex


def _good_link(change: Change, token: str) -> EnrollmentLink:
    """The first link with this token, if the person may use it.

    Raises:
        Problem: not this one, not any more, not by this person.
    """
    links = EnrollmentLink.objects.select_related("device__organization__region")
    link = links.filter(
        token=stored_token(token),
        purpose=EnrollmentLink.Purpose.FIRST,
        used_at=None,
        ended_at=None,
        until__gt=change.now,
        device__state__in=Device.OPENS,
    ).first()
    if link is None:
        raise Problem(NOT_GOOD)
    change.stream = f"organization:{link.device.organization_id.hex}"
    change.about("Device", link.device_id)
    try:
        organization_of(change.account, link.device.organization_id)
    except Problem:
        raise Problem(NOT_GOOD) from None
    users = set(link.device.users.values_list("pk", flat=True))
    if users and change.account not in users and not _administers(change, link.device):
        raise Problem(NOT_GOOD)
    return link


def _administers(change: Change, device: Device) -> bool:
    who = change.standing.who
    return who.administrator and who.organization == device.organization_id


@use_case("device.enroll", on="region")
def enroll(change: Change, *, token: str, confirmed: dict[str, bool], seen: Guess) -> str:
    """Take a link on the device it is for; returns the cookie by which it is known from now on.

    Args:
        confirmed: what the person says of the device, by clause.
        seen: what its browser says; fills in what the ledger does not know yet.
    """
    link = _good_link(change, token)
    device = Device.objects.select_for_update().get(pk=link.device_id)
    confirm_items(change, device, confirmed)
    for name, value in seen.facts.items():
        if name != "type" and not getattr(device, name):
            setattr(device, name, value)
    device.save()
    _take(change, link)
    cookie = give_key(change, device, seen.browser)
    write_listings(device, change.now)
    return cookie


# ── A second browser on the same device ──────────────────────────────────────────────────────────


@use_case("device.link", on="device")
def make_code(change: Change) -> str:
    """A code, shown on the device, for another browser of the same person on it: ten minutes."""
    device = in_ledger(change)
    require(device, *Device.OPENS)
    return make_link(change, device, EnrollmentLink.Purpose.SECOND, change.account)


@use_case("device.enroll", on="region")
def use_code(change: Change, *, code: str, seen: Guess) -> str:
    """Give this browser a key of the device that shows the code; empty if it is wrong.

    A wrong one is counted, whoever typed it: after five the code ends.

    Raises:
        Problem: this is another kind of device.
    """
    mine = EnrollmentLink.objects.select_related("device").filter(
        account=change.account,
        purpose=EnrollmentLink.Purpose.SECOND,
        used_at=None,
        ended_at=None,
        until__gt=change.now,
        device__state__in=Device.OPENS,
    )
    link = mine.filter(token=stored_token(code)).first()
    if link is None:
        mine.update(attempts=F("attempts") + 1)
        mine.filter(attempts__gte=TRIES).update(ended_at=change.now)
        change.detail["did"] = "wrong_code"
        return ""
    device = Device.objects.select_for_update().get(pk=link.device_id)
    change.stream = f"organization:{device.organization_id.hex}"
    change.about("Device", device.id, did="second_browser")
    if seen.type != device.type or (device.os and seen.os != device.os):
        raise Problem(
            gettext_noop("This is another kind of device. A code is for the same device alone."),
            field="code",
        )
    _take(change, link)
    return give_key(change, device, seen.browser)


def ask_again(change: Change, device: Device) -> None:
    """Streams of those who work on it ask again."""
    sessions = Session.objects.filter(device_id=device.id)
    for account in set(sessions.values_list("account", flat=True)):
        change.end_standings(account=account)


# ── Confirming (A14.6) ───────────────────────────────────────────────────────────────────────────


@use_case("device.confirm", on="device")
def confirm(change: Change, *, confirmed: dict[str, bool], seen: Guess) -> None:
    """Confirm the device one works on, for as many months as the policy says."""
    device = in_ledger(change)
    require(device, Device.State.PENDING, *Device.OPENS)
    confirm_items(change, device, confirmed)
    if seen.os == device.os and seen.os_version:
        device.os_version = seen.os_version
    device.save()
    key = DeviceKey.objects.filter(pk__in=session_key(change))
    key.update(seen_at=change.now)
    write_listings(device, change.now)
    change.detail["items"] = sorted(confirmed)
    ask_again(change, device)


def session_key(change: Change) -> list[UUID]:
    """The key by which the session is on a device, if it is by one."""
    found = Session.objects.filter(pk=change.standing.who.session)
    return [one for one in found.values_list("device_key_id", flat=True) if one]
