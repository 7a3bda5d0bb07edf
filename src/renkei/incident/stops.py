"""Restricting, suspending and banning: people by their organization, all by the operator (N2.2).

It takes effect at once, on open streams within a second. Nobody does it to themselves, and an
organization keeps at least one administrator; the reason is sealed and stays with it.
"""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.incident.models import Incident, Stop
from renkei.incident.opening import add_entry
from renkei.incident.stopping import stop_sessions
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.policy.use_case import Change, use_case

REASON_LENGTH = 1_000  # characters


def _reason(text: str) -> str:
    text = clean_text(text).strip()
    if not text or len(text) > REASON_LENGTH:
        raise Problem(gettext_noop("Please give a reason."), field="reason")
    return text


def _begin(change: Change, key: UUID, word: str, reason: str, **subject: Any) -> None:
    stop = Stop(id=uuid7(), key_id=key, word=word, by_id=change.account, at=change.now, **subject)
    stop.seal("reason_sealed", _reason(reason))
    stop.save(force_insert=True)
    change.detail |= {"word": word, "stop": stop.id.hex}


def _end(change: Change, reason: str, **subject: Any) -> None:
    """Lift what stands; there is one at a time for each person or organization."""
    reason = _reason(reason)
    for stop in Stop.objects.filter(lifted_at=None, **subject):
        stop.lifted_at, stop.lifted_by_id = change.now, change.account
        stop.seal("lifting_sealed", reason)
        stop.save(update_fields=["lifted_at", "lifted_by", "lifting_sealed"])
        change.detail["stop"] = stop.id.hex
    change.detail["word"] = ""


def _note(change: Change, account: UUID) -> None:
    """Let it stand in what was done about an incident that concerns the person."""
    for incident in Incident.objects.filter(account=account, closed_at=None):
        if incident.organization_id in (None, change.standing.who.organization) or (
            change.standing.who.operator
        ):
            add_entry(change, incident, "stopped")


def _role(change: Change) -> PractitionerRole:
    colleague = change.standing.what.colleague
    assert colleague is not None
    roles = PractitionerRole.objects.select_related("organization")
    role = roles.filter(pk=colleague.role, ended_at=None).first()
    if role is None:
        raise Problem(gettext_noop("This person does not work here any more."))
    change.stream = f"organization:{role.organization_id.hex}"
    change.about("PractitionerRole", role.id, account=role.account_id.hex)
    return role


@use_case("staff.restrict", on="staff")
def restrict(change: Change, *, word: str, reason: str) -> None:
    """Let a person of one's organization only read, or stop their use of it.

    Args:
        word: of ``PractitionerRole.Restriction``.

    Raises:
        Problem: no reason, or the person has left.
    """
    role = _role(change)
    if word not in PractitionerRole.Restriction.values:
        raise Problem(gettext_noop("Please choose what is to be stopped."), field="word")
    _reason(reason)
    if role.restriction:
        _end(change, reason, role=role)
    _begin(change, role.organization.key_id, word, reason, role=role)
    role.restriction = word
    role.save(update_fields=["restriction"])
    _note(change, role.account_id)
    change.end_standings(account=role.account_id)


@use_case("staff.restrict", on="staff")
def lift(change: Change, *, reason: str) -> None:
    """Let the person work again as before.

    Raises:
        Problem: no reason, or the person has left.
    """
    role = _role(change)
    _end(change, reason, role=role)
    role.restriction = ""
    role.save(update_fields=["restriction"])
    change.end_standings(account=role.account_id)


def _account(change: Change) -> Account:
    assert change.standing.what.person is not None
    account = Account.objects.select_related("region").get(pk=change.standing.what.person)
    change.stream = f"account:{account.id.hex}"
    change.about("Account", account.id)
    return account


def _suspend(
    change: Change, thing: Account | Organization, key: UUID, reason: str, **whom: Any
) -> None:
    """Stop an ID or an organization, and remember why."""
    if thing.suspended_at is not None:
        raise Problem(gettext_noop("This is stopped already."))
    _begin(change, key, "suspended", reason, **whom)
    thing.suspended_at = change.now
    thing.save(update_fields=["suspended_at"])


def _lift(change: Change, thing: Account | Organization, reason: str, **whom: Any) -> None:
    """End that, and remember why."""
    _end(change, reason, **whom)
    thing.suspended_at = None
    thing.save(update_fields=["suspended_at"])


@use_case("person.suspend", on="person")
def suspend_person(change: Change, *, reason: str) -> None:
    """Stop a person's ID altogether: signed out everywhere, and not let in again.

    Raises:
        Problem: no reason, or it is stopped already.
    """
    account = _account(change)
    _suspend(change, account, account.region.key_id, reason, account=account)
    stop_sessions(change, account.id)
    _note(change, account.id)


@use_case("person.suspend", on="person")
def lift_person(change: Change, *, reason: str) -> None:
    """Let the person sign in again.

    Raises:
        Problem: no reason.
    """
    account = _account(change)
    _lift(change, account, reason, account=account)
    change.end_standings(account=account.id)


def _organization(change: Change) -> Organization:
    target = change.standing.what.target_organization
    assert target is not None
    organization = Organization.objects.select_for_update().get(pk=target)
    staff = Account.objects.filter(
        pk__in=PractitionerRole.objects.filter(organization=target, ended_at=None).values("account")
    )
    # what its people do at this moment is done before, or is refused
    list(staff.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    change.stream = f"organization:{organization.id.hex}"
    change.about("Organization", organization.id)
    return organization


@use_case("organization.suspend", on="organization")
def suspend_organization(change: Change, *, reason: str) -> None:
    """Stop an organization: nobody acts for it, and it stands in no list.

    Raises:
        Problem: no reason, or it is stopped already.
    """
    organization = _organization(change)
    _suspend(change, organization, organization.key_id, reason, organization=organization)
    change.end_standings()


@use_case("organization.suspend", on="organization")
def lift_organization(change: Change, *, reason: str) -> None:
    """Let the organization take part again.

    Raises:
        Problem: no reason.
    """
    organization = _organization(change)
    _lift(change, organization, reason, organization=organization)
    change.end_standings()
