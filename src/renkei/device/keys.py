"""What a browser is known by: a secret in a cookie that changes with use (A8.2, A15).

The cookie says ``secret.k12345``: the secret, whether it was just offered (``n``) or has been kept
(``k``), and since which minute. The second half proves nothing; it only tells, without asking the
database, when there is something to do, so that ordinary requests neither read nor write here.

Once a day, and at sign-in, the browser is offered a fresh secret. The old one holds until the fresh
one comes back, because an answer may get lost, and for ten minutes, because requests may be on
their way. After that whoever shows the old one has a copy, and the device is blocked.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from renkei.device.models import DeviceKey, SpentSecret
from renkei.kernel import client_certificate, clock
from renkei.kernel.database import one_writer
from renkei.people.models import Session

DAYS_KEPT: Final = 400  # the longest a browser keeps a cookie
TURN: Final = timedelta(days=1)
ON_THE_WAY: Final = timedelta(minutes=10)  # both secrets hold so long, and an old one alarms nobody


def stored(secret: str) -> str:
    """What of a secret is stored."""
    return sha256(b"renkei device " + secret.encode()).hexdigest()


def stored_certificate(fingerprint: str) -> str:
    """What is stored as the key of a device that shows this certificate."""
    return sha256(b"renkei certificate " + fingerprint.lower().encode()).hexdigest()


def shown(cookies: Mapping[str, str]) -> str:
    """The hash of what a browser shows of its device; empty if it shows nothing.

    Where client certificates are asked for, they alone count.
    """
    if settings.DEVICE_CERTIFICATE_HEADER:
        fingerprint = cookies.get(client_certificate.COOKIE, "")
        return stored_certificate(fingerprint) if fingerprint else ""
    secret = cookies.get(settings.DEVICE_COOKIE_NAME, "").partition(".")[0]
    return stored(secret) if secret else ""


def _minute(moment: datetime) -> int:
    return clock.to_us(moment) // 60_000_000


def _cookie(secret: str, mark: str, moment: datetime) -> str:
    return f"{secret}.{mark}{_minute(moment)}"


def is_due(cookie: str) -> bool:
    """Whether the browser's cookie is to be looked at: it is a day old, or was offered lately."""
    mark, minute = cookie.partition(".")[2][:1], cookie.partition(".")[2][1:]
    if mark not in ("n", "k") or not minute.isascii() or not minute.isdigit():
        return bool(cookie)
    age = _minute(clock.now()) - int(minute[:12])
    after = ON_THE_WAY if mark == "n" else TURN
    return age < 0 or age >= after // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Turned:
    """What came of looking at a cookie: what to set instead, or that there is a copy of it."""

    cookie: str | None = None  # None: leave it as it is; "": forget it
    copied: UUID | None = None  # the key of which somebody has a copy


def make_key(device: UUID, label: str, now: datetime) -> tuple[DeviceKey, str]:
    """A new key of a device, within a use case, and the cookie for its browser."""
    secret = secrets.token_urlsafe(32)
    key = DeviceKey.objects.create(
        device_id=device, label=label[:60], secret=stored(secret), made_at=now, seen_at=now
    )
    return key, _cookie(secret, "k", now)


def bind(session: str, shown_hash: str) -> UUID | None:
    """Let a session that begins count as on the device whose key its browser shows."""
    key = _holding(shown_hash)
    Session.objects.filter(pk=session).update(
        device_id=key.device_id if key else None, device_key_id=key.id if key else None
    )
    return key.device_id if key else None


def _holding(shown_hash: str) -> DeviceKey | None:
    """The key that has not ended and whose secret, or the one just offered, it is."""
    if not shown_hash:
        return None
    keys = DeviceKey.objects.filter(ended_at=None)
    return keys.filter(Q(secret=shown_hash) | Q(offered=shown_hash)).first()


def turn(cookie: str, *, least: timedelta = TURN) -> Turned:
    """Look at a device cookie: keep what was offered, offer afresh, or find a copy.

    Args:
        least: how old the secret has to be for a fresh one to be offered.
    """
    secret = cookie.partition(".")[0]
    hashed, now = stored(secret), clock.now()
    with one_writer(), transaction.atomic():
        found = _holding(hashed)
        if found is None:
            return _unknown(hashed, now)
        key = DeviceKey.objects.select_for_update().get(pk=found.pk)
        if key.offered == hashed:
            return _keep(key, secret, now)
        if key.secret != hashed:
            return Turned()  # it changed this very moment
        return _offer(key, secret, now, least)


def _unknown(hashed: str, now: datetime) -> Turned:
    """Nobody's secret: one that ended, or an old one, which only a copy shows so late."""
    spent = SpentSecret.objects.select_related("key").filter(pk=hashed).first()
    if spent is None or spent.key.ended_at is not None:
        return Turned(cookie="")
    late = abs(now - spent.spent_at) > ON_THE_WAY
    return Turned(copied=spent.key_id) if late else Turned()


def _keep(key: DeviceKey, secret: str, now: datetime) -> Turned:
    """The offered secret came back: it holds, and the one before is spent."""
    assert key.offered_at is not None
    if abs(now - key.offered_at) < ON_THE_WAY:
        return Turned()
    SpentSecret.objects.create(secret=key.secret, key=key, spent_at=now)
    key.secret, key.offered, key.seen_at = str(key.offered), None, now
    key.save(update_fields=["secret", "offered", "seen_at"])
    return Turned(_cookie(secret, "k", now))


def _offer(key: DeviceKey, secret: str, now: datetime, least: timedelta) -> Turned:
    """Send a fresh secret. One offered before and never shown got lost, or somebody has it."""
    last = key.offered_at or key.made_at
    if abs(now - last) < least:
        return Turned(_cookie(secret, "k", last))
    if key.offered is not None:
        SpentSecret.objects.create(secret=key.offered, key=key, spent_at=now)
    fresh = secrets.token_urlsafe(32)
    key.offered, key.offered_at, key.seen_at = stored(fresh), now, now
    key.save(update_fields=["offered", "offered_at", "seen_at"])
    return Turned(_cookie(fresh, "n", now))
