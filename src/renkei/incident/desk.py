"""The incident desk (事故の窓口): what is open, and until when something has to be done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from renkei.incident.deadlines import next_due
from renkei.incident.handling import is_proved
from renkei.incident.models import Incident
from renkei.kernel import clock
from renkei.kernel.database import row
from renkei.people.faces import open_profile
from renkei.people.models import Account
from renkei.policy.rules import may
from renkei.policy.standing import Happened, Standing, What, Who
from renkei.policy.use_case import disclosure

LISTED = 200  # closed ones on the page


@dataclass(frozen=True, slots=True)
class Line:
    """One incident in the list: facts alone, no word of what happened."""

    id: UUID
    number: int
    kind: str
    severity: str
    organization: str
    opened_at: datetime
    closed_at: datetime | None
    call_back: bool  # nobody was rung yet
    due: date | None  # the next report to the authority
    final: bool  # it is the final one
    assigned: str
    opens: bool  # the person may see more of it

    @property
    def late(self) -> bool:
        """Whether a report is overdue."""
        return self.due is not None and self.due < clock.today()


def names_of(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """The names of people by their accounts."""
    accounts = Account.objects.filter(pk__in={one for one in ids if one})
    return {
        one.id: open_profile(one.id, one.key_id, one.profile_sealed)["name"] for one in accounts
    }


def _standing(who: Who, incident: Incident) -> Standing:
    happened = Happened(
        id=incident.id,
        kind=incident.kind,
        severity=incident.severity,
        account=incident.account_id,
        open=incident.closed_at is None,
    )
    what = What(target_organization=incident.organization_id, incident=happened)
    return Standing(who, what=what)


def _due(incident: Incident) -> date | None:
    if incident.closed_at is not None:
        return None
    return next_due(
        incident.known_on,
        kind=incident.kind,
        duty=incident.duty,
        wrongful=incident.wrongful,
        first_done=incident.first_reported_on is not None,
        final_done=incident.final_reported_on is not None,
    )


def _known_to(who: Who) -> QuerySet[Incident]:
    """Those of one's own organization for an administrator; for the operator all of the region."""
    found = Incident.objects.filter(region=who.region)
    if who.operator:
        return found
    own = found.filter(organization=who.organization)
    return own.exclude(Q(kind=Incident.Kind.MISUSE) & Q(account=who.account))


def line_of(who: Who, incident: Incident, names: dict[UUID, str]) -> Line:
    """The facts of one incident; ``names`` holds that of who sees to it."""
    return Line(
        id=incident.id,
        number=incident.number,
        kind=incident.kind,
        severity=incident.severity,
        organization=incident.organization.name if incident.organization else "",
        opened_at=incident.opened_at,
        closed_at=incident.closed_at,
        call_back=not is_proved(incident),
        due=_due(incident),
        final=incident.first_reported_on is not None,
        assigned=names.get(incident.assigned_id, "") if incident.assigned_id else "",
        opens=may(_standing(who, incident), "incident.see"),
    )


@disclosure("incident.list", on="region")
def see_incidents(standing: Standing) -> list[Line]:
    """The desk: open ones first, those with the nearest day on top."""
    found = list(_known_to(standing.who).select_related("organization").order_by("-opened_at"))
    names = names_of(one.assigned_id for one in found)
    lines = [line_of(standing.who, one, names) for one in found]
    waiting = sorted(
        (one for one in lines if one.closed_at is None), key=lambda one: one.due or date.max
    )
    return waiting + [one for one in lines if one.closed_at is not None][:LISTED]


_ANY = "SELECT 1 FROM incident_incident WHERE region_id = %s AND closed_at IS NULL LIMIT 1"


def waiting_for(who: Who) -> tuple[int, UUID | None, date | None, bool]:
    """For home: how many are open to the person, the most urgent one, its day, call back first."""
    nothing = (0, None, None, False)
    if not (who.administrator or who.operator) or who.region is None:
        return nothing
    if row(_ANY, [who.region.hex]) is None:
        return nothing
    found = [
        one
        for one in _known_to(who).filter(closed_at=None)
        if may(_standing(who, one), "incident.see")
    ]
    if not found:
        return nothing
    first = min(found, key=lambda one: (is_proved(one), _due(one) or date.max))
    return len(found), first.id, _due(first), not is_proved(first)
