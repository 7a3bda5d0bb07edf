"""Reporting: from any screen, and without signing in with a code of one's disaster card (N3.10).

A lost device is blocked first; the questions come after. Who shows no code is rung first: until
then nothing is shown to them and nothing is blocked.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.core import signing
from django.utils.translation import gettext_noop

from renkei.incident.models import Incident
from renkei.incident.opening import WHAT_LENGTH, Report, add_entry, open_incident
from renkei.incident.stopping import OwnDevice, devices_of, stop_device, stop_sessions
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.kernel.sealed import digest
from renkei.people.cards import use_code
from renkei.people.models import Account, Organization
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import Change, disclosure, use_case

REPORT_PAGE = Actor(system="report")  # who reports without a session
PROVED_FOR = timedelta(minutes=30)  # what a code opens stays open for the questions
_SALT = "renkei lost device"
_OVER = gettext_noop("The time for this is over. Please report once more.")
NOT_YOURS = gettext_noop("This is not a device of yours.")
PROPOSED = {  # how heavy it is taken until somebody has judged it
    "lost_device": "serious",
    "unauthorized_access": "serious",
    "wrong_post": "serious",
    "leak": "grave",
    "system_fault": "minor",
    "misuse": "serious",
    "infected_file": "minor",
}


def _checked(kind: str, what: str) -> str:
    if kind not in Incident.Kind.values:
        raise Problem(gettext_noop("Please choose what it is."), field="kind")
    what = clean_text(what).strip()
    if not what or len(what) > WHAT_LENGTH:
        raise Problem(
            gettext_noop("Please write what happened, in up to 4,000 characters."), field="what"
        )
    return what


# ── Signed in ────────────────────────────────────────────────────────────────────────────────────


@disclosure("incident.report", on="region")
def see_own_devices(standing: Standing) -> tuple[list[OwnDevice], UUID | None]:
    """The person's own devices, and the one they are using at the moment."""
    assert standing.who.account is not None
    return devices_of(standing.who.account), standing.who.device


@use_case("incident.report", on="region")
def report(
    change: Change,
    *,
    kind: str,
    what: str,
    phone: str = "",
    when: str = "",
    device: UUID | None = None,
    sessions: bool = False,
) -> str:
    """Report what one noticed; a lost device of one's own is blocked in the same moment.

    Who blocks something need not say anything before; the token lets them answer the questions.

    Args:
        device: the lost one; it has to be one that the person uses.
        sessions: end all of one's sessions but this one.

    Raises:
        Problem: it is not said what happened, or the device is not the person's.
    """
    mine = {one.id for one in devices_of(change.account)}
    if device is not None and device not in mine:
        raise Problem(NOT_YOURS, field="device")
    incident = open_incident(
        change,
        kind=kind,
        severity=PROPOSED.get(kind, "serious"),
        account=change.account if kind in ("lost_device", "unauthorized_access") else None,
        device=device,
        what=what if device or sessions else _checked(kind, what),
        by=change.account,
        organization=change.standing.who.organization,
        report=Report(phone=phone, when=when),
    )
    if device is not None:
        stopped = stop_device(change, device)
        add_entry(change, incident, "blocked", text=stopped.number)
    if sessions:
        stop_sessions(change, change.account, but=change.standing.who.session)
        add_entry(change, incident, "signed_out")
    change.about("Incident", incident.id, kind=kind)
    return _token(incident)


def organizations_to_name() -> list[tuple[UUID, str]]:
    """The organizations that anybody may name: those on the public list (A19.1)."""
    found = Organization.objects.filter(
        suspended_at=None, left_on=None, approved_on__isnull=False, listed=True
    ).order_by("kana", "name")
    return list(found.values_list("id", "name"))


# ── Without a session ────────────────────────────────────────────────────────────────────────────


@use_case("incident.receive", on="region")
def receive(
    change: Change, *, kind: str, what: str, report: Report, organization: UUID | None
) -> int:
    """Take a report from somebody nobody knows: "call back first" stands over it; its number.

    Whoever it names is told nothing and is not stopped.

    Raises:
        Problem: it is not said what happened, or there is no number to call back.
    """
    what = _checked(kind, what)
    if sum(one.isdigit() for one in report.phone) < 10:
        raise Problem(gettext_noop("Please give a number on which we can call."), field="phone")
    taking_part = Organization.objects.filter(
        suspended_at=None, left_on=None, approved_on__isnull=False, listed=True
    )
    known = taking_part.filter(pk=organization).first() if organization else None
    incident = open_incident(
        change,
        kind=kind,
        severity=PROPOSED[kind],
        what=what,
        organization=known.id if known else None,
        way=Incident.Way.UNPROVED,
        report=report,
    )
    change.stream = "system:report"
    change.about("Incident", incident.id, kind=kind)
    return incident.number


@use_case("incident.receive", on="region")
def show_code(change: Change, *, email: str, code: str) -> str:
    """Spend a code of the disaster card and open the incident; a token for what follows.

    What does not fit is answered alike, whether the address, the code or both are wrong.

    Raises:
        Problem: they do not fit; nothing is shown or stopped.
    """
    account = Account.objects.filter(email=email.strip().lower()).first()
    if not use_code(account.id if account else UUID(int=0), code) or account is None:
        change.about("Report", UUID(int=0))
        raise Problem(
            gettext_noop("E-mail and card number do not fit. Write below: we will call you.")
        )
    incident = open_incident(
        change,
        kind="lost_device",
        severity=PROPOSED["lost_device"],
        account=account.id,
        by=account.id,
        way=Incident.Way.CODE,
    )
    change.stream = f"account:{account.id.hex}"
    change.about("Incident", incident.id, kind="lost_device", code=True)
    return _token(incident)


def _token(incident: Incident) -> str:
    return signing.dumps(incident.id.hex, salt=_SALT)


def _proved(token: str) -> UUID:
    """The incident that a code opened a moment ago.

    Raises:
        Problem: the token is forged or too old.
    """
    try:
        return UUID(signing.loads(token, salt=_SALT, max_age=PROVED_FOR))
    except (signing.BadSignature, ValueError):
        raise Problem(_OVER) from None


def _proved_incident(token: str) -> Incident:
    found = Incident.objects.filter(
        pk=_proved(token), closed_at=None, reported_by__isnull=False
    ).exclude(way=Incident.Way.UNPROVED)
    incident = found.select_related("organization").first()
    if incident is None:
        raise Problem(_OVER)
    return incident


@dataclass(frozen=True, slots=True)
class Reported:
    """What who reported is shown: the number to quote, their devices, whom to ring."""

    number: int
    kind: str
    devices: list[OwnDevice]
    organization: str
    phone: str
    asked: bool  # nothing was said of what happened yet


@disclosure("incident.receive", on="region")
def see_reported(standing: Standing, token: str) -> Reported:
    """What became of a report by somebody who is known.

    Raises:
        Problem: the token is none, or it is over.
    """
    incident = _proved_incident(token)
    assert incident.reported_by_id is not None
    own, lost = incident.organization, incident.kind == Incident.Kind.LOST_DEVICE
    said = incident.unseal("report_sealed")["what"]
    return Reported(
        number=incident.number,
        kind=incident.kind,
        devices=devices_of(incident.reported_by_id) if lost else [],
        organization=own.name if own else "",
        phone=own.phone if own else "",
        asked=not said,
    )


@use_case("incident.receive", on="region")
def block_reported(change: Change, *, token: str, device: UUID | None) -> None:
    """Block the chosen device of who showed a code; without one, end all their sessions.

    Raises:
        Problem: the token is none, or the device is not one of theirs.
    """
    incident = _proved_incident(token)
    person = _reporter(change, incident)
    if device is None:
        stop_sessions(change, person)
        add_entry(change, incident, "signed_out", by=person)
    else:
        if device not in {one.id for one in devices_of(person)}:
            raise Problem(NOT_YOURS, field="device")
        stopped = stop_device(change, device)
        add_entry(change, incident, "blocked", text=stopped.number, by=person)
        Incident.objects.filter(pk=incident.pk, device=None).update(device=device)


def _reporter(change: Change, incident: Incident) -> UUID:
    """Who reported it, in whose chain the line stands."""
    assert incident.reported_by_id is not None
    change.stream = f"account:{incident.reported_by_id.hex}"
    change.about("Incident", incident.id, way=str(incident.way))
    return incident.reported_by_id


@use_case("incident.receive", on="region")
def answer_questions(change: Change, *, token: str, what: str, phone: str, when: str) -> None:
    """Say what happened, after the device was blocked.

    Raises:
        Problem: the token is none, or it is not said what happened.
    """
    incident = _proved_incident(token)
    person = _reporter(change, incident)
    said = {"what": _checked(incident.kind, what), "when": when, "phone": phone}
    said = {name: clean_text(text).strip()[:WHAT_LENGTH] for name, text in said.items()}
    known = incident.unseal("report_sealed")
    if not known["what"]:
        incident.seal("report_sealed", {**known, **said})
        incident.save(update_fields=["report_sealed"])
        change.detail["sealed"] = digest(incident.report_sealed)
        return
    text = "\n".join(line for line in said.values() if line)
    add_entry(change, incident, "note", text=text, by=person)
