"""Stopping a device or all of a person's sessions, so that the browser forgets what it kept."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from renkei.device.blocking import block_device
from renkei.device.models import Device, DeviceKey, Listing
from renkei.incident.models import Clearing
from renkei.kernel import clock
from renkei.people import browsers
from renkei.people.models import PractitionerRole, Session, SignIn
from renkei.policy.standing import Actor
from renkei.policy.use_case import Change
from renkei.policy.who import STOPPED

USED_WITHIN = timedelta(days=90)
ENDED: tuple[str, ...] = (Device.State.LOST, Device.State.BLOCKED, Device.State.RETIRED)


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """A device as its user is shown it before it is known who asks: number and kind, no more."""

    id: UUID
    number: str
    type: str
    blocked: bool
    carrier: str = ""  # whom to ring to suspend the line; only for who is known


def devices_of(account: UUID) -> list[OwnDevice]:
    """What the person works on: their own in the ledger, and where they signed in of late.

    Those blocked already are listed too, so that nobody wonders where they are. What others work on
    as well is theirs only as long as they work for an organization that lets its people use it: who
    has left, or was stopped, blocks nobody's place of work.
    """
    since = clock.now() - USED_WITHIN
    signed_in = Q(id__in=Session.objects.filter(account=account).values("device_id"))
    signed_in |= Q(id__in=_signed_in_on(account, since))
    in_office = PractitionerRole.objects.filter(account=account, ended_at=None)
    places = in_office.exclude(restriction__in=STOPPED).values("organization")
    found = (
        Device.objects.filter(
            Q(users=account)
            | signed_in & (Q(organization__in=places) | Q(id__in=_listed_by(places)))
        )
        .exclude(state=Device.State.RETIRED)
        .distinct()
        .order_by("number")
    )
    return [
        OwnDevice(one.id, one.number, one.type, one.state in ENDED, carrier(one)) for one in found
    ]


def _listed_by(places: Any) -> Any:
    return Listing.objects.filter(organization__in=places).values("device_id")


def _signed_in_on(account: UUID, since: Any) -> Any:
    signed_in = SignIn.objects.filter(account=account, succeeded=True, at__gte=since)
    return signed_in.exclude(device_id=None).values("device_id")


def carrier(device: Device) -> str:
    """Whom to ring to suspend the line, if the ledger knows (A15.7)."""
    note: dict[str, str] = device.unseal("note_sealed") or {}
    return note.get("carrier", "")


def stop_device(change: Change, device: UUID) -> Device:
    """Block a lost device at once; its browsers forget everything at their next contact."""
    _forget(change, Session.objects.filter(device_id=device), device)
    return block_device(change, device, state=Device.State.LOST, reason_word="lost")


def stop_sessions(change: Change, account: UUID, *, but: str = "") -> int:
    """End all sessions of a person, on devices nobody listed too; how many there were."""
    sessions = Session.objects.filter(account=account).exclude(pk=but)
    _forget(change, sessions, None)
    browsers.end_of_account(change, account, but=but)
    ended, _ = sessions.delete()
    change.end_standings(account=account)
    change.detail["sessions_ended"] = ended
    return ended


def _forget(change: Change, sessions: Any, device: UUID | None) -> None:
    keys = list(sessions.values_list("pk", flat=True))
    Clearing.objects.bulk_create(
        [Clearing(session=key, device_id=device, at=change.now) for key in keys],
        ignore_conflicts=True,
    )


def has_to_forget(actor: Actor) -> bool:
    """Whether a browser has to forget everything it kept.

    It shows a session that was ended because its device was lost, or the ended key of a device
    that was lost or blocked.
    """
    if actor.session and Clearing.objects.filter(session=actor.session).exists():
        return True
    keys = DeviceKey.objects.filter(Q(secret=actor.shown) | Q(offered=actor.shown))
    gone = keys.filter(device__state__in=(Device.State.LOST, Device.State.BLOCKED))
    return bool(actor.shown) and gone.exclude(ended_at=None).exists()
