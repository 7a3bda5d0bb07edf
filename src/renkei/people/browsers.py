"""Ending what a browser is told, together with the session or the device it was turned on in.

Logging out, or doing nothing for long, leaves it: the device is still the person's. What is ended
from elsewhere - a session of one's list, a lost device, a stopped or left ID - hears no more; the
browser turns it on again by itself when the person signs in there anew.

The rows are those of ``notification.models.Subscription``, which stands above: hence statements.
"""

from collections.abc import Collection
from typing import Any, Protocol
from uuid import UUID

from renkei.kernel.database import execute

_END = "DELETE FROM notification_subscription WHERE "
_OF_SESSIONS = """session IN ({marks}) OR EXISTS (
    SELECT 1 FROM people_session s WHERE s.session_key IN ({marks})
      AND s.account_id = notification_subscription.account_id
      AND s.device_key_id = notification_subscription.device_key_id)"""


class Noted(Protocol):
    """What has a place for what was done, as a running use case has."""

    detail: dict[str, Any]


def end_of_account(change: Noted, account: UUID, *, but: str = "") -> None:
    """End all browsers of a person, but for the one of this session."""
    if not but:
        _end(change, "account_id = %s", [account.hex])
        return
    stays = "NOT (" + _OF_SESSIONS.format(marks="%s") + ")"
    _end(change, f"account_id = %s AND {stays}", [account.hex, but, but])


def end_of_device(change: Noted, device: UUID) -> None:
    """End all browsers on a device of the ledger, whosever they are."""
    _end(change, "device_id = %s", [device.hex])


def end_of_sessions(change: Noted, sessions: Collection[str]) -> None:
    """End the browsers in which these sessions are; before the sessions are gone.

    Those too that the same person turned on in an earlier session of a browser with the same key.
    """
    if sessions:
        marks = ", ".join(["%s"] * len(sessions))
        _end(change, _OF_SESSIONS.format(marks=marks), [*sessions, *sessions])


def _end(change: Noted, which: str, values: list[Any]) -> None:
    ended = execute(_END + which, values)
    if ended:
        change.detail["browsers_ended"] = change.detail.get("browsers_ended", 0) + ended


def follow_session(before: str, after: str) -> None:
    """A session goes on under another key."""
    execute("UPDATE notification_subscription SET session = %s WHERE session = %s", [after, before])
