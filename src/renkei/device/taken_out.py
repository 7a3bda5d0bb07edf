"""What one sees of take-outs: one's own, and for administrators those of the organization."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from renkei.device.disclosures import names
from renkei.device.models import Device, TakeOut
from renkei.kernel import clock
from renkei.people.selectors import administrators
from renkei.policy.rules import may
from renkei.policy.standing import Standing, Taken, What
from renkei.policy.use_case import disclosure

LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One take-out."""

    id: UUID
    who: str
    device: str
    content: str
    medium: str
    purpose: str
    destination: str
    patients: int
    encrypted: bool
    from_at: datetime
    to_at: datetime
    state: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    reason: str
    returned: str
    returned_by: str
    returned_at: datetime | None
    mine: bool
    may_decide: bool
    for_operator: bool  # nobody else administers the organization
    organization: str

    @property
    def word(self) -> str:
        """Its state, or that it should be back."""
        late = self.state == TakeOut.State.APPROVED and self.to_at < clock.now()
        return "overdue" if late else self.state


def _lines(standing: Standing, found: QuerySet[TakeOut]) -> list[Line]:
    taken = list(found.select_related("device", "organization").order_by("-asked_at")[:LISTED])
    others = _others(taken)
    known = names(
        one for take in taken for one in (take.account_id, take.decided_by_id, take.returned_by_id)
    )
    return [_line(standing, one, known, alone=not others[one.id]) for one in taken]


def _others(taken: list[TakeOut]) -> dict[UUID, int]:
    """How many administrators each has besides who asked, by the take-out."""
    roles = administrators(clock.now()).filter(
        organization__in={one.organization_id for one in taken}
    )
    by = [(one.organization_id, one.account_id) for one in roles]
    return {
        one.id: sum(where == one.organization_id and who != one.account_id for where, who in by)
        for one in taken
    }


def _line(standing: Standing, take: TakeOut, known: dict[UUID, str], *, alone: bool) -> Line:
    asked = take.unseal("asked_sealed")
    what = What(
        target_organization=take.organization_id,
        take_out=Taken(take.id, take.account_id, take.state, for_operator=alone),
    )
    return Line(
        id=take.id,
        who=known.get(take.account_id, ""),
        device=take.device.number if take.device else "",
        content=asked["content"],
        medium=asked["medium"],
        purpose=asked["purpose"],
        destination=asked["destination"],
        patients=take.patients,
        encrypted=take.encrypted,
        from_at=take.from_at,
        to_at=take.to_at,
        state=take.state,
        asked_at=take.asked_at,
        decided_by=known.get(take.decided_by_id, "") if take.decided_by_id else "",
        decided_at=take.decided_at,
        reason=take.unseal("reason_sealed") or "",
        returned=take.returned,
        returned_by=known.get(take.returned_by_id, "") if take.returned_by_id else "",
        returned_at=take.returned_at,
        mine=take.account_id == standing.who.account,
        may_decide=may(Standing(standing.who, what=what), "take_out.decide"),
        for_operator=alone,
        organization=take.organization.name,
    )


@disclosure("take_out.own", on="region")
def see_own_take_outs(standing: Standing) -> list[Line]:
    """What one asked to take out oneself."""
    return _lines(standing, TakeOut.objects.filter(account=standing.who.account))


@disclosure("take_out.list", on="organization")
def see_take_outs(standing: Standing) -> list[Line]:
    """All take-outs of the organization, for its administrators; the overdue ones first."""
    organization = standing.what.target_organization
    lines = _lines(standing, TakeOut.objects.filter(organization=organization))
    order = {"overdue": 0, "waiting": 1, "approved": 2}
    return sorted(lines, key=lambda one: order.get(one.word, 3))


@disclosure("take_out.list_sole", on="region")
def see_sole_take_outs(standing: Standing) -> list[Line]:
    """What only administrators want to take out, and have out; for the operator, who decides."""
    open_ones = TakeOut.objects.filter(
        organization__region=standing.who.region,
        state__in=(TakeOut.State.WAITING, TakeOut.State.APPROVED),
    )
    return [one for one in _lines(standing, open_ones) if one.for_operator]


@disclosure("take_out.see", on="take_out")
def see_take_out(standing: Standing) -> Line:
    """One take-out, for who asked and for the administrators."""
    taken = standing.what.take_out
    assert taken is not None
    return _lines(standing, TakeOut.objects.filter(pk=taken.id))[0]


@disclosure("take_out.ask", on="region")
def see_media(standing: Standing) -> list[tuple[UUID, str]]:
    """The devices of one's organization that can be taken out."""
    devices = Device.objects.filter(
        organization=standing.who.organization, state__in=Device.OPENS
    ).order_by("number")
    return [(one.id, f"{one.number} {one.maker} {one.model}".strip()) for one in devices]
