"""The idle limit: a session ends when nobody has done anything in it for a while (A14.5).

What a person does moves it on: opening a page, sending something. Streams, drafts that are kept by
themselves and reports of reading do not. ``Session.idle_until`` is the truth, asked by every
standing; it is written at most once a minute, and in between this process remembers that there is
nothing to write.
"""

from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from renkei.kernel import clock
from renkei.kernel.database import as_uuid, id_of, one_writer, row
from renkei.people import simultaneous
from renkei.people.figures import rules_of
from renkei.people.models import Session
from renkei.people.sessions import lasts_idle
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region import parameters
from renkei.region.edition import in_force

ONCE: Final = timedelta(minutes=1)  # the least time between two writes
PATIENCE: Final = 1.0  # seconds a person's page waits for it; the next page writes it as well
_MOST: Final = 20_000  # sessions remembered

_due: dict[str, datetime] = {}  # session: when there is something to write again
_lock = Lock()

_SESSION = """
    SELECT s.account_id, s.last_seen_at, s.until, s.browser, rg.policy_id, d.type,
      rg.coming, rg.coming_at
    FROM people_session s
    JOIN people_account a ON a.id = s.account_id
    JOIN region_region rg ON rg.id = a.region_id
    LEFT JOIN device_device d ON d.id = s.device_id
    WHERE a.suspended_at IS NULL AND s.session_key = %s AND s.until > %s AND s.idle_until > %s"""


def pause(lasts: timedelta) -> timedelta:
    """The time between two writes: a minute, or less where the limit itself is few minutes."""
    return min(ONCE, lasts / 4)


def forget_everything() -> None:
    """Remember nothing of what was written."""
    with _lock:
        _due.clear()


def is_due(session: str) -> bool:
    """Whether there may be something to write for this session; asks nothing but this process."""
    now = clock.now()
    with _lock:
        due = _due.get(session)
        return due is None or not due - ONCE <= now < due


def _remember(session: str, due: datetime) -> None:
    with _lock:
        if len(_due) >= _MOST:
            _due.clear()
        _due[session] = due


def _lasts(found: tuple[Any, ...], browser: str, now_us: int) -> timedelta:
    """How long a session of ``_SESSION`` lasts: as the edition in force says, or stricter rules."""
    policy = in_force(as_uuid(found[4]), as_uuid(found[6]), found[7], now_us)
    own = rules_of(id_of(found[0])) if found[0] else ()
    return lasts_idle(parameters.of(policy, *own), browser=browser, kind=found[5])


def move_on(session: str, *, address: str | None) -> None:
    """Let a session (its stored key) last on from now, because its person has just done something.

    Nothing brings back a session that has ended, and who has none costs one look-up.
    """
    now = clock.now()
    if not session or not is_due(session):
        return
    now_us = clock.to_us(now)
    found = row(_SESSION, [session, now_us, now_us])
    if found is None:
        return
    lasts = _lasts(found, found[3], now_us)
    seen = clock.from_us(found[1])
    if seen <= now < seen + pause(lasts):  # another process has written
        _remember(session, seen + pause(lasts))
        return
    with one_writer(PATIENCE), transaction.atomic():
        moved = _alive(session, now).update(**_moved(now, found[2], lasts), address=address)
    _remember(session, now + pause(lasts))
    account = as_uuid(found[0])
    if moved and account is not None:
        simultaneous.look(account, session=session, now=now)


def _alive(session: str, now: datetime) -> Any:
    return Session.objects.filter(pk=session, until__gt=now, idle_until__gt=now)


def _moved(now: datetime, until: int, lasts: timedelta) -> dict[str, Any]:
    return {
        "last_seen_at": now,
        "idle_until": min(now + lasts, clock.from_us(until)),
        "idle_seconds": int(lasts.total_seconds()),
    }


def begin(session: str, account: UUID, *, browser: str, address: str | None) -> None:
    """Say of a session that is about to begin in which browser it is, and where.

    From now on it lasts as long as the ledger's word about its device says, else the browser's: a
    tablet that asks for pages as a computer does lasts as a tablet. The rows of the person's
    sessions that are over go, and those in which nobody came in.
    """
    now = clock.now()
    Session.objects.filter(pk=session).update(browser=browser, address=address)
    now_us = clock.to_us(now)
    found = row(_SESSION, [session, now_us, now_us])
    if found is not None:
        lasts = _lasts(found, browser, now_us)
        Session.objects.filter(pk=session).update(**_moved(now, found[2], lasts))
    over = Q(until__lte=now) | Q(idle_until__lte=now)
    Session.objects.filter(over, Q(account=account) | Q(account=None)).delete()


@disclosure("session.stay", on="region")
def see_left(standing: Standing) -> int:
    """Whole seconds until this session ends if nothing is done; asking moves nothing on."""
    ends = Session.objects.values_list("idle_until", flat=True).get(pk=standing.who.session)
    return max(0, int((ends - clock.now()).total_seconds()))
