"""Sessions in the database, found by the hash of their key.

A copy of the database does not let anybody in: the cookie's value is not in it. Nor does it tell
what a session keeps, such as the secret of an app that is just being set up: that is sealed under
a key made of the cookie's value.
"""

import secrets
from base64 import b64decode, b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final, Protocol, cast
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from renkei.kernel import clock
from renkei.kernel.database import execute, row
from renkei.people import browsers
from renkei.people.figures import of_account
from renkei.people.models import Account, PractitionerRole, Session
from renkei.region import parameters

KEPT = (  # what a new cookie value, or a change of what Django keeps, leaves as it was
    "role_id",
    "started_at",
    "until",
    "idle_until",
    "idle_seconds",
    "asked_id",
    "device_id",
    "device_key_id",
    "second_factor",
    "emergency_id",
    "browser",
    "address",
)
NONCE: Final = 12  # bytes
CARRIED: Final = ("phone", "tablet")  # kinds of device for which the longer idle limit holds
CARRIED_BROWSERS: Final = ("iPhone", "iPad", "Android")


def stored_key(cookie_value: str) -> str:
    """The primary key of the session whose cookie has this value (40 hexadecimal digits)."""
    return sha256(b"renkei session " + cookie_value.encode()).hexdigest()[:40]


def _cipher(cookie_value: str) -> AESGCM:
    """What seals the session whose cookie has this value; the value is random enough for a key."""
    return AESGCM(sha256(b"renkei session data " + cookie_value.encode()).digest())


def lasts_idle(figures: dict[str, Any], *, browser: str, kind: str | None = None) -> timedelta:
    """How long a session lasts in which nothing is done (A14.5).

    Args:
        figures: the parameters of the policy.
        browser: as the session keeps it, such as "Safari, iPhone".
        kind: of the device, if the ledger knows it: that counts more than what a browser says.
    """
    carried = kind in CARRIED if kind else any(one in browser for one in CARRIED_BROWSERS)
    return timedelta(minutes=figures["idle_minutes_phone" if carried else "idle_minutes_pc"])


class Ends(Protocol):
    """A change that can say that standings have ended: a running use case."""

    detail: dict[str, Any]

    def end_standings(self, group: UUID | None = None, account: UUID | None = None) -> None:
        """Let streams ask again."""


def _kind(device: UUID | None) -> str | None:
    """The kind of a device in the ledger."""
    found = row("SELECT type FROM device_device WHERE id = %s", [device.hex]) if device else None
    return found[0] if found else None


def shorten_sessions(figures: dict[str, Any], organization: UUID | None) -> None:
    """Let no session of who works for an organization last longer than the figures say (A14.5).

    Args:
        organization: None for everybody's.
    """
    lasts = timedelta(hours=figures["session_hours"]) // timedelta(microseconds=1)
    whose = "account_id IS NOT NULL"
    if organization is not None:
        whose = (
            "account_id IN (SELECT account_id FROM people_practitionerrole"
            " WHERE organization_id = %s AND ended_at IS NULL)"
        )
    ids = [organization.hex] if organization else []
    execute(
        f"UPDATE people_session SET until = started_at + %s"
        f" WHERE until > started_at + %s AND {whose}",
        [lasts, lasts, *ids],
    )


def end_sessions(
    change: Ends, *, account: UUID | None = None, device: UUID | None = None, but: str = ""
) -> int:
    """End all sessions of a person, or on a device, inside anybody's use case; streams end too.

    Args:
        but: the stored key of one that stays.

    Returns:
        How many there were.
    """
    assert account is not None or device is not None
    sessions = Session.objects.exclude(pk=but)
    if account is not None:
        sessions = sessions.filter(account_id=account)
    if device is not None:
        sessions = sessions.filter(device_id=device)
    accounts = set(sessions.values_list("account", flat=True))
    if account is not None:
        browsers.end_of_account(change, account, but=but)
    else:
        browsers.end_of_sessions(change, list(sessions.values_list("pk", flat=True)))
    ended, _ = sessions.delete()
    for one in accounts:
        change.end_standings(account=one)
    return ended


class SessionStore(DatabaseStore):
    """Django's database sessions with hashed keys and the account as a column."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """The table of sessions."""
        return Session

    def _get_session_from_db(self) -> Session | None:
        found = Session.objects.filter(
            pk=stored_key(self.session_key or ""),
            until__gt=clock.now(),
            idle_until__gt=clock.now(),
        ).first()
        if found is None:
            self._session_key = None
        return found

    def encode(self, session_dict: dict[str, Any]) -> str:
        """What is stored of what the session keeps."""
        nonce = secrets.token_bytes(NONCE)
        cipher = _cipher(self._get_or_create_session_key())  # type: ignore[attr-defined]
        return b64encode(nonce + cipher.encrypt(nonce, orjson.dumps(session_dict), None)).decode()

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """What the session keeps; nothing if it is not this cookie's, or was changed."""
        try:
            stored = b64decode(session_data, validate=True)
            opened = _cipher(self.session_key or "").decrypt(stored[:NONCE], stored[NONCE:], None)
        except (ValueError, InvalidTag):
            return {}
        found: dict[str, Any] = orjson.loads(opened)
        return found

    def exists(self, session_key: str) -> bool:
        """Whether a session with this cookie value is there."""
        return super().exists(stored_key(session_key))

    def delete(self, session_key: str | None = None) -> None:
        """End the session with this cookie value, or this one."""
        key = session_key or self.session_key
        if key is not None:
            Session.objects.filter(session_key=stored_key(key)).delete()

    def cycle_key(self) -> None:
        """Take a new cookie value; the session stays what it was, and ends when it would have."""
        before = Session.objects.filter(pk=stored_key(self.session_key or "")).first()
        super().cycle_key()
        if before is not None and before.account_id is not None:
            kept = {name: getattr(before, name) for name in KEPT}
            Session.objects.filter(pk=stored_key(self.session_key or "")).update(**kept)
            browsers.follow_session(before.pk, stored_key(self.session_key or ""))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row to write: what Django keeps, and whose session it is."""
        session = cast(Session, super().create_model_instance(data))
        session.session_key = stored_key(session.session_key)
        before = Session.objects.filter(pk=session.pk).first()
        session.started_at = before.started_at if before else clock.now()
        session.last_seen_at = before.last_seen_at if before else clock.now()
        session.account_id = data.get(SESSION_KEY)
        if before is not None:
            for name in KEPT:
                setattr(session, name, getattr(before, name))
        figures = self._figures(session)
        session.until = session.started_at + timedelta(hours=figures["session_hours"])
        if before is None or before.account_id is None:  # here the person comes in
            lasts = lasts_idle(figures, browser=session.browser, kind=_kind(session.device_id))
            session.idle_until = min(clock.now() + lasts, session.until)
            session.idle_seconds = int(lasts.total_seconds())
        session.role = self._role(session, before)
        return session

    def _figures(self, session: Session) -> dict[str, Any]:
        """The parameters under which the person works: the policy's, or stricter ones."""
        if session.account_id is None:
            return parameters.of(None)
        account = Account.objects.select_related("region").get(pk=session.account_id)
        return of_account(account)

    def _role(self, session: Session, before: Session | None) -> PractitionerRole | None:
        """The organization to act for: as chosen before, else the first joined."""
        if before is not None and before.role is not None:
            return before.role
        current = PractitionerRole.objects.filter(
            PractitionerRole.working(clock.now()), account=session.account_id
        )
        return current.order_by("started_at", "pk").first() if session.account_id else None
