"""A device of which there is a copy is blocked, with both who use it, and an incident opened."""

from typing import Final
from uuid import UUID

from renkei.device.blocking import block_device
from renkei.device.models import Device, DeviceKey
from renkei.incident.opening import open_incident
from renkei.policy.standing import Actor
from renkei.policy.use_case import Change, use_case

HOST: Final = Actor(system="host")
GONE: Final = (Device.State.BLOCKED, Device.State.LOST, Device.State.RETIRED)


@use_case("device.guard", on="region")
def stop_copied(change: Change, *, key: UUID) -> None:
    """Block the device one of whose keys was copied; once is enough."""
    found = DeviceKey.objects.select_related("device").get(pk=key)
    device = Device.objects.select_for_update().get(pk=found.device_id)
    if device.state in GONE:
        change.silent = True
        return
    change.stream = f"organization:{device.organization_id.hex}"
    change.about("Device", device.id, key=key.hex)
    block_device(change, device.id, state=Device.State.BLOCKED, reason_word="copied")
    open_incident(change, kind="unauthorized_access", severity="serious", device=device.id)
