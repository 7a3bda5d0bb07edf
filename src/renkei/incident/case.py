"""One incident with everything about it, for those who see to it (N3.10, N3.11)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from renkei.device.models import Device
from renkei.group.models import Group
from renkei.incident import seen
from renkei.incident.deadlines import CLOCKED, Deadlines, deadlines
from renkei.incident.desk import Line, line_of, names_of
from renkei.incident.handling import STATEMENT_FIELDS, Statement, assignable, is_proved
from renkei.incident.models import Incident
from renkei.incident.stopping import OwnDevice, carrier, devices_of
from renkei.kernel import clock
from renkei.people.models import Organization, PractitionerRole
from renkei.policy.rules import may
from renkei.policy.standing import Standing, What
from renkei.policy.use_case import disclosure

LOOKED_BACK_DAYS = 30  # of what a lost device showed


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One line of what was done."""

    at: datetime
    word: str
    text: str
    by: str


@dataclass(frozen=True, slots=True)
class ToldLine:
    """Who was told, when and how."""

    whom: str
    patient: bool
    on: date
    how: str


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one incident, for those who see to it."""

    line: Line
    way: str
    report: dict[str, str]
    reported_by: str
    account: UUID | None
    person: str
    role: UUID | None  # of the person in the asking administrator's own organization
    device: UUID | None
    device_number: str
    carrier: str
    devices: list[OwnDevice]  # that can be blocked; empty before the call back
    staff: list[tuple[UUID, str]]  # who the caller may be
    assignable: list[tuple[UUID, str]]
    organizations: list[tuple[UUID, str]]
    patients: list[tuple[UUID, str]]  # of the own organization that may have been seen
    exposed: int  # groups that were open to the person
    assigned: UUID | None
    duty: str
    wrongful: bool
    known_on: date
    clocked: bool
    deadlines: Deadlines
    first_reported_on: date | None
    final_reported_on: date | None
    entries: list[EntryLine]
    told: list[ToldLine]
    statement: Statement
    closing: dict[str, str]
    own: bool  # the asking administrator's organization sees to it
    handles: bool
    sees_views: bool


def _entries(incident: Incident) -> list[EntryLine]:
    found = list(incident.entries.order_by("at", "pk"))
    names = names_of(one.by_id for one in found)
    return [
        EntryLine(
            one.at, one.word, one.unseal("text_sealed") or "", names.get(one.by_id, "")
            if one.by_id else "",
        )
        for one in found
    ]  # fmt: skip


def _told(incident: Incident, *, names: bool) -> list[ToldLine]:
    """Whom one told; patients by name only before their own organization."""
    lines = []
    for one in incident.told.select_related("patient", "organization").order_by("on", "pk"):
        whom = one.organization.name if one.organization else ""
        if one.patient is not None and names:
            whom = one.patient.unseal("identity_sealed")["name"]
        lines.append(ToldLine(whom, one.organization is None, one.on, one.unseal("how_sealed")))
    return lines


def _organizations(incident: Incident) -> list[tuple[UUID, str]]:
    found = Organization.objects.filter(region=incident.region_id).order_by("kana")
    others = found.exclude(pk=incident.organization_id) if incident.organization_id else found
    return [(one.id, one.name) for one in others]


def _staff(incident: Incident) -> list[tuple[UUID, str]]:
    if incident.organization_id is None:
        return []
    roles = PractitionerRole.objects.filter(organization=incident.organization_id, ended_at=None)
    names = names_of(roles.values_list("account", flat=True))
    return sorted(names.items(), key=lambda one: one[1])


def _patients(standing: Standing, groups: set[UUID]) -> list[tuple[UUID, str]]:
    """The own organization's patients among those groups, by name; only where one sees them."""
    found = Group.objects.filter(pk__in=groups, organization=standing.who.organization)
    patients = [one.patient for one in found.select_related("patient") if one.patient]
    return [(one.id, str(one.unseal("identity_sealed")["name"])) for one in patients]


def _devices(incident: Incident) -> list[OwnDevice]:
    """What can be blocked from the desk: the person's, then the rest of the ledger."""
    if not is_proved(incident):
        return []
    theirs = devices_of(incident.account_id) if incident.account_id else []
    known = {one.id for one in theirs}
    ledger = Device.objects.filter(organization=incident.organization_id).exclude(pk__in=known)
    ledger = ledger.filter(state__in=Device.OPENS).order_by("number")
    rest = list(ledger) if incident.organization_id else []
    return theirs + [OwnDevice(one.id, one.number, one.type, False, carrier(one)) for one in rest]


def _window(incident: Incident) -> tuple[datetime, datetime]:
    return incident.opened_at - timedelta(days=LOOKED_BACK_DAYS), clock.now()


def _statement(incident: Incident, report: dict[str, str], exposed: int) -> Statement:
    """The draft as it was kept; before that, what is known already is filled in."""
    kept: dict[str, Any] | None = incident.unseal("statement_sealed")
    if kept is not None:
        return Statement(**{name: kept.get(name, "") for name in STATEMENT_FIELDS})
    done = [one for one in _entries(incident) if one.word in ("blocked", "signed_out", "stopped")]
    return Statement(
        occurred=report["when"],
        measures="\n".join(f"{_spoken(one.at)} {MEASURES[one.word]}" for one in done),
        outline=report["what"],
        exposed=DATA if incident.kind in CLOCKED else "",
        number=str(exposed) if exposed else "",
    )


MEASURES = {
    "blocked": "端末を止めた",
    "signed_out": "すべてのログインを終わらせた",
    "stopped": "IDを止めた",
}
DATA = (
    "氏名、ふりがな、生年月日、性別、住所、電話番号、ご家族の連絡先、病名・心身の状態、"
    "服薬・処置・介護の内容（要配慮個人情報を含む）"
)


def _spoken(at: datetime) -> str:
    return f"{at.astimezone(clock.JAPAN):%-m月%-d日 %-H:%M}"


@disclosure("incident.see", on="incident")
def see_incident(standing: Standing) -> Case:
    """One incident with everything about it, for those who see to it."""
    assert standing.what.incident is not None
    incident = Incident.objects.select_related("organization", "device", "region").get(
        pk=standing.what.incident.id
    )
    who, report = standing.who, incident.unseal("report_sealed")
    own = incident.organization_id is not None and incident.organization_id == who.organization
    views = own and may(Standing(who, what=What(target_organization=who.organization)), "views.see")
    groups = seen.exposed(incident.account_id, *_window(incident))
    people = [incident.assigned_id, incident.reported_by_id, incident.account_id]
    candidates = assignable(incident)
    names = names_of([*people, *(one for one, _ in candidates)])
    role = PractitionerRole.objects.filter(
        account=incident.account_id, organization=who.organization, ended_at=None
    ).first()
    return Case(
        line=line_of(who, incident, names),
        way=incident.way,
        report=report,
        reported_by=names.get(incident.reported_by_id, "") if incident.reported_by_id else "",
        account=incident.account_id,
        person=names.get(incident.account_id, "") if incident.account_id else "",
        role=role.id if role and incident.account_id and own else None,
        device=incident.device_id,
        device_number=incident.device.number if incident.device else "",
        carrier=carrier(incident.device) if incident.device else "",
        devices=_devices(incident),
        staff=_staff(incident) if own else [],
        assignable=[(one, names[one]) for one, _ in candidates],
        organizations=_organizations(incident),
        patients=_patients(standing, groups) if views else [],
        exposed=len(groups),
        assigned=incident.assigned_id,
        duty=incident.duty,
        wrongful=incident.wrongful,
        known_on=incident.known_on,
        clocked=incident.kind in CLOCKED and incident.duty != Incident.Duty.NOT_REQUIRED,
        deadlines=deadlines(incident.known_on, wrongful=incident.wrongful),
        first_reported_on=incident.first_reported_on,
        final_reported_on=incident.final_reported_on,
        entries=_entries(incident),
        told=_told(incident, names=views),
        statement=_statement(incident, report, len(groups)),
        closing=incident.unseal("closing_sealed") or {},
        own=own,
        handles=may(standing, "incident.handle"),
        sees_views=views,
    )
