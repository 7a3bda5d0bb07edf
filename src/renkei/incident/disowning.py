"""「これは私ではない」: what a person's own word about a sign-in sets going (A14.2, N3.11)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Min, Q
from django.utils.translation import gettext_noop

from renkei.incident.opening import open_incident
from renkei.kernel.errors import Problem, Unknown
from renkei.people import factors, simultaneous
from renkei.people.disclosures import Contact, Work, contacts
from renkei.people.models import Account, Session, SignIn, SimultaneousUse
from renkei.people.sessions import end_sessions
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case

_HERE = gettext_noop("This is the sign-in with which you are here now. If it is not you, log out.")


@dataclass(frozen=True, slots=True)
class Disowned:
    """What was done about it."""

    number: int  # of the incident; 0 if the person had said it before
    ended: int  # sessions


def _entry(account: UUID, thing: UUID, *, lock: bool = False) -> SignIn | SimultaneousUse:
    """One's own sign-in, attempt or use at two places.

    Raises:
        Unknown: there is none of that id, or it is somebody else's.
    """
    for model in (SignIn, SimultaneousUse):
        rows: Any = model._default_manager.filter(pk=thing, account_id=account)
        found: SignIn | SimultaneousUse | None = (
            rows.select_for_update() if lock else rows
        ).first()
        if found is not None:
            return found
    raise Unknown("sign_in")


def _refuse_here(entry: SignIn | SimultaneousUse, session: str) -> None:
    if isinstance(entry, SignIn) and entry.session == session:
        raise Problem(_HERE)


@disclosure("sign_in.disown", on="region")
def see_entry(standing: Standing, thing: UUID) -> SignIn | SimultaneousUse:
    """What one is about to say is not oneself.

    Raises:
        Unknown: somebody else's, or none.
        Problem: it is the sign-in of this very session.
    """
    assert standing.who.account is not None
    entry = _entry(standing.who.account, thing)
    _refuse_here(entry, standing.who.session)
    return entry


@use_case("sign_in.disown", on="region")
def disown(change: Change, *, thing: UUID) -> Disowned:
    """Say that it was not oneself: an incident is opened, and nobody else stays signed in.

    All other sessions of the person end, those of the disowned sign-in among them, and with them
    go the second factors that were set up since. A new password is asked for before anything else,
    under every way of signing in; until then the old one alone lets nobody in.

    Raises:
        Unknown: somebody else's, or none.
        Problem: it is the sign-in of this very session.
    """
    account, session = change.account, change.standing.who.session
    entry = _entry(account, thing, lock=True)
    _refuse_here(entry, session)
    change.about(type(entry).__name__, thing)
    if _said_before(entry):
        change.silent = True
        return Disowned(0, 0)
    since = _keep(change, entry)
    incident = open_incident(
        change,
        kind="unauthorized_access",
        severity="serious",
        account=account,
        device=None,
        by=account,
    )
    ended = end_sessions(change, account=account, but=session)
    Session.objects.filter(pk=session).update(asked_id=None)
    Account.objects.filter(pk=account).update(password_changed_at=None)
    change.end_standings(account=account)
    removed = factors.remove_since(change, account, since) if since else 0
    change.detail |= {
        "incident": incident.id.hex,
        "sessions_ended": ended,
        "factors_removed": removed,
    }
    return Disowned(incident.number, ended)


def _said_before(entry: SignIn | SimultaneousUse) -> bool:
    if isinstance(entry, SignIn):
        return entry.disowned_at is not None
    return entry.answer == SimultaneousUse.Answer.NOT_MINE


def _keep(change: Change, entry: SignIn | SimultaneousUse) -> datetime | None:
    """The person's word, with the sign-in at the other place if that is what it is about.

    Returns:
        Since when somebody else was in, as far as is known.
    """
    other = entry.session if isinstance(entry, SignIn) else ""
    if isinstance(entry, SimultaneousUse):
        other = simultaneous.other_session(entry, change.standing.who.session)
        entry.answer, entry.answered_at = SimultaneousUse.Answer.NOT_MINE, change.now
        entry.save(update_fields=["answer", "answered_at"])
    said = Q(session=other) if other else Q(pk__in=[])
    if isinstance(entry, SignIn):
        said |= Q(pk=entry.pk)
    found = SignIn.objects.filter(said, account_id=change.account)
    found.update(disowned_at=change.now)
    first: datetime | None = found.filter(succeeded=True).aggregate(first=Min("at"))["first"]
    return first


@disclosure("session.see", on="region")
def see_whom_to_call(standing: Standing) -> tuple[list[Work], list[Contact]]:
    """The person's own organization and its administrators, with their numbers."""
    return contacts(standing)
