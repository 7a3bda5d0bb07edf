"""Ending a device at once: nothing opens on it any more, whoever works on it."""

from uuid import UUID

from renkei.device.models import Certificate, Device, DeviceKey, Listing
from renkei.people import browsers
from renkei.people.models import Session
from renkei.policy.use_case import Change


def block_device(change: Change, device_id: UUID, *, state: str, reason_word: str) -> Device:
    """End the device's keys, listings and sessions inside anybody's use case; streams end too.

    Args:
        state: lost, blocked or retired.
        reason_word: a fixed word for the audit line.
    """
    device = Device.objects.select_for_update().get(pk=device_id)
    device.state = Device.State(state)
    device.state_changed_at = change.now
    device.save(update_fields=["state", "state_changed_at"])
    DeviceKey.objects.filter(device=device, ended_at=None).update(ended_at=change.now)
    Certificate.objects.filter(device=device, revoked_at=None).update(revoked_at=change.now)
    Listing.objects.filter(device=device, usable_until__gt=change.now).update(
        usable_until=change.now
    )
    accounts = set(Session.objects.filter(device_id=device.id).values_list("account", flat=True))
    browsers.end_of_device(change, device.id)
    ended, _ = Session.objects.filter(device_id=device.id).delete()
    for account in accounts:
        change.end_standings(account=account)
    change.detail.setdefault("blocked", []).append([device.id.hex, state, reason_word, ended])
    return device
