"""Taking information or a device out: asked for, approved by somebody else, returned (A15.9)."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_noop

from renkei.device.ledger import organization_of
from renkei.device.models import Device, TakeOut
from renkei.incident.opening import open_incident
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.notification.kinds import Kind
from renkei.notification.telling import tell
from renkei.people.selectors import administrators
from renkei.policy.use_case import Change, use_case

LENGTH: Final = 500  # characters


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be taken out, on what, why and where to (form A15.9)."""

    content: str
    medium: str
    purpose: str
    destination: str

    @property
    def cleaned(self) -> dict[str, str]:
        """As it is sealed."""
        return {name: clean_text(said).strip()[:LENGTH] for name, said in asdict(self).items()}


@use_case("take_out.ask", on="region")
def ask_to_take_out(
    change: Change,
    *,
    wanted: Wanted,
    device: UUID | None,
    patients: int,
    encrypted: bool,
    from_at: datetime,
    to_at: datetime,
) -> TakeOut:
    """Ask one's organization to let one take something out.

    Raises:
        Problem: it ends before it begins, or is past.
    """
    acting = change.standing.who.organization
    assert acting is not None
    organization = organization_of(change.account, acting)
    if to_at <= from_at or to_at <= change.now:
        raise Problem(gettext_noop("The return has to be after the beginning."), field="to_at")
    devices = Device.objects.filter(organization=organization)
    if device is not None and not devices.filter(pk=device).exists():
        raise Problem(gettext_noop("Please choose one."), field="device")
    taken = TakeOut(
        id=uuid7(),
        key_id=organization.key_id,
        organization=organization,
        account_id=change.account,
        device_id=device,
        patients=patients,
        encrypted=encrypted,
        from_at=from_at,
        to_at=to_at,
        asked_at=change.now,
    )
    taken.seal("asked_sealed", wanted.cleaned)
    taken.save(force_insert=True)
    _tell_administrators(change, organization.id)
    change.stream = f"organization:{organization.id.hex}"
    change.about("TakeOut", taken.id, patients=patients, device=device.hex if device else None)
    return taken


def _tell_administrators(change: Change, organization: UUID) -> None:
    """Let those be told who decide; nobody is told of what they asked for themselves."""
    theirs = administrators(change.now).filter(organization=organization)
    tell(theirs.exclude(account=change.account).values_list("account", flat=True), Kind.REQUEST)


def _taken(change: Change, *states: str) -> TakeOut:
    """The take-out in question, locked.

    Raises:
        Problem: it is in another state by now.
    """
    asked = change.standing.what.take_out
    assert asked is not None
    taken = TakeOut.objects.select_for_update().get(pk=asked.id)
    change.stream = f"organization:{taken.organization_id.hex}"
    change.about("TakeOut", taken.id)
    if taken.state not in states:
        raise Problem(gettext_noop("This was decided already. Please look again."))
    return taken


@use_case("take_out.decide", on="take_out")
def approve_take_out(change: Change) -> None:
    """Let it be taken out."""
    _decide(change, _taken(change, TakeOut.State.WAITING), TakeOut.State.APPROVED)


@use_case("take_out.decide", on="take_out")
def refuse_take_out(change: Change, *, reason: str) -> None:
    """Do not let it be taken out, and say why.

    Raises:
        Problem: no reason.
    """
    taken = _taken(change, TakeOut.State.WAITING)
    said = clean_text(reason).strip()[:LENGTH]
    if not said:
        raise Problem(gettext_noop("Please give a reason."), field="reason")
    taken.seal("reason_sealed", said)
    _decide(change, taken, TakeOut.State.REFUSED)


def _decide(change: Change, taken: TakeOut, state: TakeOut.State) -> None:
    taken.state, taken.decided_by_id, taken.decided_at = state, change.account, change.now
    taken.save(update_fields=["state", "decided_by", "decided_at", "reason_sealed"])
    change.detail["did"] = str(state)


@use_case("take_out.withdraw", on="take_out")
def withdraw_take_out(change: Change) -> None:
    """It is not needed any more; nothing has been taken out."""
    taken = _taken(change, TakeOut.State.WAITING)
    taken.state = TakeOut.State.WITHDRAWN
    taken.save(update_fields=["state"])
    change.detail["did"] = "withdrawn"


@use_case("take_out.decide", on="take_out")
def return_take_out(change: Change, *, returned: str) -> None:
    """It is back, seen by somebody other than who took it; what is not in order is an incident.

    Args:
        returned: a word of ``TakeOut.Returned``.
    """
    taken = _taken(change, TakeOut.State.APPROVED)
    if returned not in TakeOut.Returned.values:
        raise Problem(gettext_noop("Please choose one."), field="returned")
    taken.state, taken.returned = TakeOut.State.RETURNED, returned
    taken.returned_by_id, taken.returned_at = change.account, change.now
    taken.save(update_fields=["state", "returned", "returned_by", "returned_at"])
    change.detail |= {"did": "returned", "returned": returned}
    if returned == TakeOut.Returned.NOT_IN_ORDER:
        incident = open_incident(
            change,
            kind="leak",
            severity="serious",
            account=taken.account_id,
            organization=taken.organization_id,
            device=taken.device_id,
            by=change.account,
        )
        change.detail["incident"] = incident.id.hex


def overdue(now: datetime) -> Q:
    """What should have come back by now."""
    return Q(state=TakeOut.State.APPROVED, to_at__lt=now)
