"""Opening an incident from inside anybody's use case: the row, its own line, the notices."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Max

from renkei.audit import trail
from renkei.device.models import Device
from renkei.incident import notices
from renkei.incident.models import Entry, Incident
from renkei.kernel.clock import JAPAN
from renkei.kernel.entity import uuid7
from renkei.kernel.japanese import clean_text
from renkei.kernel.sealed import digest
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.policy.use_case import Change
from renkei.region.models import Region

WHAT_LENGTH = 4_000  # characters
SHORT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Report:
    """What the person who reports says of themselves; nothing of it is believed unproved."""

    name: str = ""
    organization: str = ""
    phone: str = ""
    when: str = ""


def open_incident(
    change: Change,
    *,
    kind: str,
    severity: str,
    account: UUID | None = None,
    device: UUID | None = None,
    what: str = "",
    by: UUID | None = None,
    organization: UUID | None = None,
    way: str = "",
    report: Report | None = None,
) -> Incident:
    """Open an incident and tell those who see to it; to be called inside a use case.

    It belongs to the organization named, else that of the device, else the one for which the
    person works; without any, to the operator alone.

    Args:
        kind, severity: words of ``Incident.Kind`` and ``Incident.Severity``.
        account, device: whom and what it is about.
        what: what happened, in the words of who reports; sealed.
        by: the account that reports it; without, the program itself noticed it.
        way: how it came; follows from ``by`` if it is not said.
    """
    found = _organization(change, organization, device, account)
    region = _region(change, found, account)
    said = report or Report()
    incident = Incident(
        id=uuid7(),
        key_id=found.key_id if found else region.key_id,
        region=region,
        organization=found,
        number=_next_number(region),
        kind=Incident.Kind(kind),
        severity=Incident.Severity(severity),
        way=Incident.Way(way or ("signed_in" if by else "system")),
        account_id=account,
        device_id=device,
        reported_by_id=by,
        opened_at=change.now,
        known_on=change.now.astimezone(JAPAN).date(),
    )
    incident.seal(
        "report_sealed",
        {
            "name": clean_text(said.name).strip()[:SHORT_LENGTH],
            "organization": clean_text(said.organization).strip()[:SHORT_LENGTH],
            "phone": clean_text(said.phone).strip()[:SHORT_LENGTH],
            "when": clean_text(said.when).strip()[:SHORT_LENGTH],
            "what": clean_text(what).strip()[:WHAT_LENGTH],
        },
    )
    incident.save(force_insert=True)
    _record(change, incident)
    add_entry(change, incident, "opened", by=by)
    notices.tell_of(incident)
    return incident


def add_entry(
    change: Change, incident: Incident, word: str, *, text: str = "", by: UUID | None = None
) -> Entry:
    """Add a line to what was done; the running use case's audit line commits to its text."""
    entry = Entry(
        id=uuid7(),
        key_id=incident.key_id,
        incident=incident,
        at=change.now,
        by_id=by or change.standing.who.account,
        word=Entry.Word(word),
    )
    if text:
        entry.seal("text_sealed", text)
        sealed = digest(entry.text_sealed)
        change.detail.setdefault("entries", []).append([entry.id.hex, word, sealed])
    entry.save(force_insert=True)
    return entry


def _organization(
    change: Change, organization: UUID | None, device: UUID | None, account: UUID | None
) -> Organization | None:
    """In whose desk it stands."""
    found = Organization.objects.all()
    if organization is not None:
        return found.get(pk=organization)
    if device is not None:
        return found.get(pk=Device.objects.values_list("organization", flat=True).get(pk=device))
    who = change.standing.who
    if account is not None and account == who.account and who.organization is not None:
        return found.get(pk=who.organization)
    roles = PractitionerRole.objects.filter(account=account, ended_at=None).order_by("started_at")
    role = roles.first() if account is not None else None
    return found.get(pk=role.organization_id) if role else None


def _region(change: Change, organization: Organization | None, account: UUID | None) -> Region:
    """The region, locked, so that numbers follow one another."""
    region = change.standing.who.region
    if organization is not None:
        region = organization.region_id
    elif account is not None:
        region = Account.objects.values_list("region", flat=True).get(pk=account)
    regions = Region.objects.select_for_update().order_by("opened_at")
    return regions.get(pk=region) if region else regions[0]


def _next_number(region: Region) -> int:
    last = Incident.objects.filter(region=region).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def _record(change: Change, incident: Incident) -> None:
    """A line of its own; what is unproved cannot make the organization's chain grow."""
    who = change.standing.who
    stream = f"region:{incident.region_id.hex}"
    if incident.way == Incident.Way.UNPROVED:
        stream = "system:report"
    elif incident.organization_id is not None:
        stream = f"organization:{incident.organization_id.hex}"
    trail.record(
        stream=stream,
        action="incident.open",
        entity=f"Incident/{incident.id.hex}",
        actor=who.account,
        organization=who.organization,
        detail={
            "kind": str(incident.kind),
            "severity": str(incident.severity),
            "way": str(incident.way),
            "number": incident.number,
            "account": incident.account_id.hex if incident.account_id else None,
            "device": incident.device_id.hex if incident.device_id else None,
            "sealed": digest(incident.report_sealed),
        },
        at_us=change.now_us,
    )
