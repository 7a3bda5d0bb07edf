"""Ending what a browser is told, together with the session or the device it was turned on in.

Logging out, or doing nothing for long, leaves it: the device is still the person's. What is ended
from elsewhere - a session of one's list, a lost device, a stopped or left ID - hears no more.
"""

from collections.abc import Collection, MutableMapping
from typing import Any, Protocol
from uuid import UUID

from django.db.models import Q

from renkei.notification.models import Subscription
from renkei.people.models import Session


class Noted(Protocol):
    """What has a place for what was done, as a running use case has."""

    detail: MutableMapping[str, Any]


def end_of_account(change: Noted, account: UUID, *, but: str = "") -> None:
    """End all browsers of a person, but for the one of this session."""
    _end(change, Q(account=account) & ~_of([but] if but else []))


def end_of_device(change: Noted, device: UUID) -> None:
    """End all browsers on a device of the ledger, whosever they are."""
    _end(change, Q(device_id=device))


def end_of_sessions(change: Noted, sessions: Collection[str]) -> None:
    """End the browsers in which these sessions are; before the sessions are gone."""
    _end(change, _of(sessions))


def _of(sessions: Collection[str]) -> Q:
    """Turned on in one of them, or by the same person in a browser known by the same key."""
    keys = Session.objects.filter(pk__in=sessions, device_key_id__isnull=False)
    found = Q(session__in=list(sessions))
    for account, key in keys.values_list("account", "device_key_id"):
        found |= Q(account=account, device_key_id=key)
    return found


def _end(change: Noted, which: Q) -> None:
    ended, _ = Subscription.objects.filter(which).delete()
    if ended:
        change.detail["browsers_ended"] = change.detail.get("browsers_ended", 0) + ended


def follow_session(before: str, after: str) -> None:
    """A session goes on under another key."""
    Subscription.objects.filter(session=before).update(session=after)
