"""What administrators and operator do about an incident, each step a line that stays (N3.10-11)."""

from dataclasses import asdict, dataclass, fields
from datetime import date
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.device.models import Device
from renkei.incident import notices
from renkei.incident.models import Entry, Incident, Told
from renkei.incident.opening import add_entry
from renkei.incident.stopping import devices_of, stop_device, stop_sessions
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.kernel.sealed import digest
from renkei.patient.models import Patient
from renkei.people.models import Account, OperatorRole, Organization, PractitionerRole
from renkei.people.selectors import administrators
from renkei.policy.use_case import Change, use_case

TEXT_LENGTH = 4_000  # characters


def _incident(change: Change) -> Incident:
    happened = change.standing.what.incident
    assert happened is not None
    incident = Incident.objects.select_related("region", "organization").get(pk=happened.id)
    change.stream = (
        f"organization:{incident.organization_id.hex}"
        if incident.organization_id
        else f"region:{incident.region_id.hex}"
    )
    change.about("Incident", incident.id)
    return incident


def _text(text: str, field: str, *, must: bool = True) -> str:
    text = clean_text(text).strip()
    if (must and not text) or len(text) > TEXT_LENGTH:
        raise Problem(gettext_noop("Please write up to 4,000 characters."), field=field)
    return text


def _day(day: date | None, field: str) -> date | None:
    if day is not None and day > clock.today():
        raise Problem(gettext_noop("This day is still to come."), field=field)
    return day


def is_proved(incident: Incident) -> bool:
    """Whether something may be shown or blocked on it: a code was shown, or they were rung."""
    return incident.way != Incident.Way.UNPROVED or incident.called_back_at is not None


def _prove(incident: Incident) -> None:
    if not is_proved(incident):
        raise Problem(gettext_noop("Call back first: nobody knows yet who reported this."))


@use_case("incident.handle", on="incident")
def note(change: Change, *, word: str, text: str) -> None:
    """Write down what was done: one of the usual steps, or in words.

    Raises:
        Problem: there is nothing to write down.
    """
    incident = _incident(change)
    if word not in Entry.DONE:
        word = "note"
    text = _text(text, "text", must=word == "note")
    add_entry(change, incident, word, text=text)


@use_case("incident.handle", on="incident")
def call_back(change: Change, *, person: UUID | None) -> None:
    """Whoever reported without proof was rung on a number known before, and is this person.

    Raises:
        Problem: the person works for another organization.
    """
    incident = _incident(change)
    if person is not None:
        staff = PractitionerRole.objects.filter(account=person, ended_at=None)
        if not staff.filter(organization=incident.organization_id).exists():
            raise Problem(gettext_noop("This person does not work here."), field="person")
        incident.account_id = person
        incident.reported_by_id = incident.reported_by_id or person
    incident.called_back_at = change.now
    incident.save(update_fields=["account", "reported_by", "called_back_at"])
    add_entry(change, incident, "called_back")


@use_case("incident.handle", on="incident")
def hand_over(change: Change, *, organization: UUID) -> None:
    """Give an incident that nobody's organization sees to the one that it concerns.

    Raises:
        Problem: there is no such organization here, or one sees to it already.
    """
    incident = _incident(change)
    region = Organization.objects.filter(region=incident.region_id, suspended_at=None, left_on=None)
    found = region.filter(pk=organization).first()
    if found is None or incident.organization_id is not None:
        raise Problem(gettext_noop("Please choose an organization."), field="organization")
    incident.organization = found
    incident.save(update_fields=["organization"])
    change.detail["organization"] = found.id.hex
    add_entry(change, incident, "told", text=found.name)
    notices.tell_of(incident)


@use_case("incident.handle", on="incident")
def block(change: Change, *, device: UUID | None) -> None:
    """Block a device of the organization or of the person; without one, sign the person out.

    Raises:
        Problem: nobody was rung yet, or the device is none of theirs.
    """
    incident = _incident(change)
    _prove(incident)
    if device is None:
        if incident.account_id is None:
            raise Problem(gettext_noop("First say whom it is about."), field="device")
        stop_sessions(change, incident.account_id)
        add_entry(change, incident, "signed_out")
        return
    ledger = Device.objects.filter(pk=device, organization=incident.organization_id)
    theirs = {one.id for one in devices_of(incident.account_id)} if incident.account_id else set()
    if device not in theirs and not (incident.organization_id and ledger.exists()):
        raise Problem(gettext_noop("This is not a device of theirs."), field="device")
    stopped = stop_device(change, device)
    if incident.device_id is None:
        incident.device = stopped
        incident.save(update_fields=["device"])
    add_entry(change, incident, "blocked", text=stopped.number)


@use_case("incident.handle", on="incident")
def assess(
    change: Change,
    *,
    severity: str,
    duty: str,
    wrongful: bool,
    known_on: date,
    assigned: UUID | None,
) -> None:
    """Judge how heavy it is, whether the law asks for a report, and who sees to it.

    Raises:
        Problem: a word is none of ours, the day is still to come, or the person may not see it.
    """
    incident = _incident(change)
    if severity not in Incident.Severity.values or duty not in Incident.Duty.values:
        raise Problem(gettext_noop("Please check once more."), field="severity")
    if assigned is not None and assigned not in {one for one, _ in assignable(incident)}:
        raise Problem(gettext_noop("This person cannot see to it."), field="assigned")
    judged_anew = severity != incident.severity
    _day(known_on, "known_on")
    if known_on > incident.known_on:
        change.detail["known_on_moved_back"] = incident.known_on.isoformat()
    incident.severity, incident.duty, incident.wrongful = severity, duty, wrongful
    incident.known_on, incident.assigned_id = known_on, assigned
    incident.save(update_fields=["severity", "duty", "wrongful", "known_on", "assigned"])
    change.detail |= {"severity": severity, "duty": duty, "wrongful": wrongful}
    change.detail["known_on"] = known_on.isoformat()
    change.detail["assigned"] = assigned.hex if assigned else None
    add_entry(change, incident, "assessed")
    if judged_anew:
        notices.tell_of(incident)


def assignable(incident: Incident) -> list[tuple[UUID, Account]]:
    """Who may see to it: the organization's administrators and the operator's staff."""
    roles = administrators(clock.now()).filter(
        organization=incident.organization_id, restriction=""
    )
    operators = OperatorRole.objects.filter(account__region=incident.region_id, ended_at=None)
    ids = {*operators.values_list("account", flat=True), *roles.values_list("account", flat=True)}
    if incident.kind == Incident.Kind.MISUSE:
        ids -= {incident.account_id}
    accounts = Account.objects.filter(pk__in=[one for one in ids if one], suspended_at=None)
    return [(one.id, one) for one in accounts]


@use_case("incident.handle", on="incident")
def tell(
    change: Change, *, patient: UUID | None, organization: UUID | None, day: date, how: str
) -> None:
    """Write down that a patient, or another organization, was told.

    Raises:
        Problem: it is not said who and how, or the patient is of another organization.
    """
    incident = _incident(change)
    own = Patient.objects.filter(organization=change.standing.who.organization)
    others = Organization.objects.filter(region=incident.region_id)
    if patient is not None and not own.filter(pk=patient).exists():
        raise Problem(
            gettext_noop("Please choose a patient of your organization."), field="patient"
        )
    known = organization is not None and others.filter(pk=organization).exists()
    if patient is None and not known:
        raise Problem(gettext_noop("Please choose who was told."), field="organization")
    told = Told(
        id=uuid7(),
        key_id=incident.key_id,
        incident=incident,
        patient_id=patient,
        organization_id=organization if patient is None else None,
        on=_day(day, "day") or clock.today(),
        by_id=change.account,
        at=change.now,
    )
    told.seal("how_sealed", _text(how, "how"))
    told.save(force_insert=True)
    change.detail["told"] = (patient or organization or told.id).hex
    change.detail["sealed"] = digest(told.how_sealed)
    add_entry(change, incident, "told")


@dataclass(frozen=True, slots=True)
class Statement:
    """The report to the authority: the nine items of the enforcement rules, and what goes with it.

    Every text may be empty while it is being checked; what was reported stays as it was sent.
    """

    occurred: str = ""
    measures: str = ""
    encryption: str = "checking"  # yes · no · checking
    outline: str = ""
    exposed: str = ""
    number: str = ""
    cause: str = ""
    secondary: str = ""
    persons: str = ""
    publication: str = ""
    prevention: str = ""
    other: str = ""
    first_reference: str = ""
    final_reference: str = ""


STATEMENT_FIELDS = tuple(one.name for one in fields(Statement))


@use_case("incident.handle", on="incident")
def state(
    change: Change,
    *,
    statement: Statement,
    first_reported_on: date | None,
    final_reported_on: date | None,
) -> None:
    """Keep the draft of the report, and when the first and the final one were made.

    Raises:
        Problem: a text is too long, or a day is still to come or before the first report.
    """
    incident = _incident(change)
    cleaned = {name: _text(text, name, must=False) for name, text in asdict(statement).items()}
    _day(first_reported_on, "first_reported_on")
    _day(final_reported_on, "final_reported_on")
    if final_reported_on and (not first_reported_on or final_reported_on < first_reported_on):
        raise Problem(
            gettext_noop("The final report comes after the first."), field="final_reported_on"
        )
    news = [
        ("first_report", first_reported_on, incident.first_reported_on),
        ("final_report", final_reported_on, incident.final_reported_on),
    ]
    incident.seal("statement_sealed", cleaned)
    incident.first_reported_on, incident.final_reported_on = first_reported_on, final_reported_on
    incident.save(update_fields=["statement_sealed", "first_reported_on", "final_reported_on"])
    change.detail["sealed"] = digest(incident.statement_sealed)
    add_entry(change, incident, "statement")
    for word, now, before in news:
        if now != before:
            change.detail[word] = now.isoformat() if now else None
            add_entry(change, incident, word, text=now.isoformat() if now else "")


@use_case("incident.handle", on="incident")
def close(change: Change, *, cause: str, measure: str) -> None:
    """Close it: the cause is known, and what will keep it from happening again is decided.

    Raises:
        Problem: one of both is missing, or a report that the law asks for was not made.
    """
    incident = _incident(change)
    found = {"cause": _text(cause, "cause"), "measure": _text(measure, "measure")}
    if incident.duty == Incident.Duty.CHECKING and incident.kind != Incident.Kind.SYSTEM_FAULT:
        raise Problem(gettext_noop("First decide whether the law asks for a report."))
    if incident.duty == Incident.Duty.REQUIRED and incident.final_reported_on is None:
        raise Problem(gettext_noop("The final report to the authority has not been made yet."))
    incident.seal("closing_sealed", found)
    incident.closed_at, incident.closed_by_id = change.now, change.account
    incident.save(update_fields=["closing_sealed", "closed_at", "closed_by"])
    change.detail["sealed"] = digest(incident.closing_sealed)
    add_entry(change, incident, "closed")
