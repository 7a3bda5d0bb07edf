"""One ID at two places at once (A14.2): who is asked about it, and what an administrator is shown.

At once means that something was done at both within ten minutes. Devices that the ledger names as
the person's own may be in use together. What is compared is in the sessions already; it is looked
at when one of them is moved on, at most once a minute, and never while a page is made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from renkei.audit import trail
from renkei.kernel import clock
from renkei.kernel.clock import JAPAN
from renkei.kernel.database import as_uuid, one_writer, row, rows
from renkei.people.models import Session, SimultaneousUse
from renkei.people.places import shortened

TOGETHER: Final = timedelta(minutes=10)
BELIEVED: Final = timedelta(days=7)  # as long as "both are me" is not asked again
KEPT: Final = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two places."""

    session: str
    device: str  # id of the ledger, hexadecimal; empty for one that nobody listed
    browser: str
    address: str

    @property
    def mark(self) -> str:
        """What tells one place from another: the device, else the browser and its network."""
        return self.device or f"{self.browser}|{shortened(self.address)}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person is asked about: the other place, and when."""

    id: UUID
    device: str  # its number in the ledger
    browser: str
    place: str
    at: datetime


def _side(session: Session) -> Side:
    device = session.device_id.hex if session.device_id else ""
    return Side(session.pk, device, session.browser, session.address or "")


def _own_devices(account: UUID) -> set[str]:
    found = rows("SELECT device_id FROM device_device_users WHERE account_id = %s", [account.hex])
    return {one.hex for (device,) in found if (one := as_uuid(device))}


def look(account: UUID, *, session: str, now: datetime) -> None:
    """See whether another session of the person is in use at the same time, elsewhere."""
    live = Session.objects.filter(
        account_id=account, last_seen_at__gte=now - TOGETHER, until__gt=now, idle_until__gt=now
    )
    sides = {one.pk: _side(one) for one in live}
    here = sides.pop(session, None)
    if here is None or not sides:
        return
    own = _own_devices(account)
    for there in sides.values():
        if there.mark != here.mark and not {here.device, there.device} <= own:
            with one_writer(), transaction.atomic():
                _note(account, (here, there), now)


def _note(account: UUID, sides: tuple[Side, Side], now: datetime) -> None:
    """Keep that both were in use, and ask in both, unless the person said lately it was them."""
    marks = sorted(side.mark for side in sides)
    pair = sha256("\n".join(marks).encode()).hexdigest()
    use, made = SimultaneousUse.objects.get_or_create(
        account_id=account,
        pair=pair,
        day=now.astimezone(JAPAN).date(),
        defaults={
            "sides": [_stored(side) for side in sides],
            "first_at": now,
            "last_at": now,
        },
    )
    if made:
        _record(account, use)
    else:
        use.times += now - use.last_at > TOGETHER
        use.last_at, use.sides = now, [_stored(side) for side in sides]
        use.save(update_fields=["times", "last_at", "sides"])
    if not _believed(use, now):
        _ask({side.session for side in sides}, use.id)


def _ask(sessions: set[str], use: UUID) -> None:
    """Let these sessions be asked; one that somebody is just changing is asked the next time.

    Waiting for it could mean that two of them wait for each other.
    """
    free = Session.objects.select_for_update(skip_locked=True, of=("self",))
    found = list(free.filter(pk__in=sessions, asked_id=None).values_list("pk", flat=True))
    if found:
        Session.objects.filter(pk__in=found).update(asked_id=use)


def _stored(side: Side) -> dict[str, str]:
    return {
        "session": side.session,
        "device": side.device,
        "browser": side.browser,
        "address": side.address,
    }


def _believed(use: SimultaneousUse, now: datetime) -> bool:
    """Whether the person said of these two places, not long ago, that both are theirs."""
    said = SimultaneousUse.objects.filter(account_id=use.account_id, pair=use.pair)
    mine = SimultaneousUse.Answer.MINE
    return said.filter(answer=mine, answered_at__gt=now - BELIEVED).exists()


def _record(account: UUID, use: SimultaneousUse) -> None:
    """One line a day in the person's own stream; what is too old goes."""
    SimultaneousUse.objects.filter(account_id=account, last_at__lt=use.first_at - KEPT).delete()
    trail.record(
        stream=f"account:{account.hex}",
        action="sign_in.simultaneous",
        entity=f"SimultaneousUse/{use.id.hex}",
        actor=None,
        detail={"devices": [side["device"] for side in use.sides]},
        at_us=clock.to_us(use.first_at),
    )


def number_of(device: str) -> str:
    """A device's number in the ledger; empty if there is none."""
    found = row("SELECT number FROM device_device WHERE id = %s", [device]) if device else None
    return found[0] if found else ""


def numbers_of(devices: Iterable[UUID | None]) -> dict[UUID, str]:
    """The numbers of devices in the ledger."""
    wanted = {one for one in devices if one}
    return {one: number for one in wanted if (number := number_of(one.hex))}


def asked(use: UUID, session: str) -> Asked | None:
    """What a session is asked about, seen from there; for pages whose rule has been asked."""
    found = SimultaneousUse.objects.filter(pk=use).first()
    if found is None:
        return None
    there = next((one for one in found.sides if one["session"] != session), found.sides[0])
    return Asked(
        found.id,
        number_of(there["device"]),
        there["browser"],
        shortened(there["address"]),
        found.last_at,
    )


def other_session(use: SimultaneousUse, session: str) -> str:
    """The session at the other place."""
    return next((one["session"] for one in use.sides if one["session"] != session), "")


# ── What an administrator is shown ───────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Pattern:
    """How often one person's ID was in use at two places at once; nothing of what was done."""

    account: UUID
    weeks: tuple[int, ...]  # times in this week and the three before, the newest first
    last_on: date
    unanswered: bool


WEEKS: Final = 4


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def patterns(accounts: set[UUID]) -> list[Pattern]:
    """The people among these to whom it happened in the last four weeks, the most first."""
    this = monday(clock.today())
    since = this - timedelta(weeks=WEEKS - 1)
    found: dict[UUID, list[Any]] = {}
    for use in SimultaneousUse.objects.filter(account__in=accounts, day__gte=since):
        found.setdefault(use.account_id, []).append(use)
    made = [_pattern(account, uses, this) for account, uses in found.items()]
    return sorted(made, key=lambda one: (-sum(one.weeks), one.account))


def _pattern(account: UUID, uses: list[SimultaneousUse], this: date) -> Pattern:
    weeks = [0] * WEEKS
    for use in uses:
        weeks[(this - monday(use.day)).days // 7] += use.times
    unanswered = any(not use.answer for use in uses)
    return Pattern(account, tuple(weeks), max(use.day for use in uses), unanswered)
