"""Sessions in the database, found by the hash of their key.

A copy of the database does not let anybody in: the cookie's value is not in it.
"""

from datetime import timedelta
from hashlib import sha256
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from renkei.kernel import clock
from renkei.people.models import Account, PractitionerRole, Session
from renkei.region import parameters


def stored_key(cookie_value: str) -> str:
    """The primary key of the session whose cookie has this value (40 hexadecimal digits)."""
    return sha256(b"renkei session " + cookie_value.encode()).hexdigest()[:40]


class SessionStore(DatabaseStore):
    """Django's database sessions with hashed keys and the account as a column."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """The table of sessions."""
        return Session

    def _get_session_from_db(self) -> Session | None:
        found = Session.objects.filter(
            pk=stored_key(self.session_key or ""), until__gt=clock.now()
        ).first()
        if found is None:
            self._session_key = None
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
            Session.objects.filter(pk=stored_key(self.session_key or "")).update(
                role=before.role_id,
                started_at=before.started_at,
                until=before.until,
            )

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row to write: what Django keeps, and whose session it is."""
        session = cast(Session, super().create_model_instance(data))
        session.session_key = stored_key(session.session_key)
        before = Session.objects.filter(pk=session.pk).first()
        session.started_at = before.started_at if before else clock.now()
        session.last_seen_at = clock.now()
        session.account_id = data.get(SESSION_KEY)
        session.until = session.started_at + self._longest(session)
        session.role = self._role(session, before)
        return session

    def _longest(self, session: Session) -> timedelta:
        """From signing in, however busy one is: the policy's ``session_hours``."""
        policy = None
        if session.account_id is not None:
            policy = (
                Account.objects.select_related("region").get(pk=session.account_id).region.policy_id
            )
        return timedelta(hours=parameters.of(policy)["session_hours"])

    def _role(self, session: Session, before: Session | None) -> PractitionerRole | None:
        """The organization to act for: as chosen before, else the first joined."""
        if before is not None and before.role is not None:
            return before.role
        current = PractitionerRole.objects.filter(account=session.account_id, ended_at=None)
        return current.order_by("started_at", "pk").first() if session.account_id else None
