"""The disaster use that is in force, and what everybody is told of it (A20)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import DatabaseError, InterfaceError

from renkei.kernel import clock, vault
from renkei.kernel.clock import from_us, to_us
from renkei.kernel.damage import DAMAGE
from renkei.kernel.database import id_of, row, rows
from renkei.kernel.sealed import about
from renkei.policy.standing import Standing
from renkei.region.edition import served_region

WORDS: Final = ("earthquake", "storm", "snow", "power", "line", "other")  # what the reason may be
CONFIRM_WITHIN: Final = timedelta(hours=24)  # then everybody is told that nobody confirmed it
READABLE: Final = timedelta(days=30)  # the safety board, after the end
DRILL_MOST: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Disaster:
    """One disaster use, or a drill of it."""

    id: UUID
    drill: bool
    word: str  # of ``WORDS``
    note: str
    area: frozenset[UUID] | None  # organizations; None for the whole region
    declared_at: datetime
    set_by: UUID  # who declared it, or changed it last
    set_at: datetime
    confirmed: bool  # by another person of the operator, since it was set
    until: datetime
    ended_at: datetime | None
    published_at: datetime | None

    @property
    def over_at(self) -> datetime:
        """When it is over, or was."""
        return min(self.until, self.ended_at or self.until)

    @property
    def on(self) -> bool:
        """Whether it is in force."""
        return self.over_at > clock.now()

    @property
    def unconfirmed(self) -> bool:
        """Whether the second person is late; it stays in force, for lives come first."""
        return self.on and not self.confirmed and clock.now() >= self.set_at + CONFIRM_WITHIN

    @property
    def mark(self) -> dict[str, object]:
        """What lines of the trail about something done under it say."""
        drill: dict[str, object] = {"drill": True} if self.drill else {}
        return {"disaster": self.id.hex} | drill

    def covers(self, organization: UUID | None) -> bool:
        """Whether an organization lies in its area."""
        return organization is not None and (self.area is None or organization in self.area)


@dataclass(frozen=True, slots=True)
class Band:
    """What stands on every page of one person while it is in force."""

    disaster: Disaster
    here: bool  # it is for the whole region, or the organization acted for lies in its area
    emergency: bool  # this session works under it

    @property
    def mark(self) -> str:
        """The same word as long as the band says the same; the live stream knows it as well."""
        one = self.disaster
        return _mark(one.id, to_us(one.set_at), confirmed=one.confirmed, emergency=self.emergency)


_COLUMNS = """
    SELECT d.id, d.key_id, d.drill, d.reason, d.area, d.declared_at,
      COALESCE(d.changed_by, d.declared_by), COALESCE(d.changed_at, d.declared_at),
      d.confirmed_by, d.until, d.ended_at, d.published_at
    FROM region_disasteruse d WHERE d.region_id = %s AND d.removed_at IS NULL"""
_IN_FORCE = _COLUMNS + " AND d.until > %s AND d.ended_at IS NULL ORDER BY d.drill, d.declared_at"
_LATEST = _COLUMNS + " AND d.until > %s ORDER BY d.declared_at DESC"


def _reason(disaster: UUID, key: UUID, sealed: bytes) -> tuple[str, str]:
    place = about("region.DisasterUse", disaster, "reason")
    try:
        said = vault.unseal_json(key, sealed, about=place)
        return said["word"], said["note"]
    except DAMAGE:
        return "other", ""


def _disaster(found: tuple[Any, ...]) -> Disaster:
    this, key = id_of(found[0]), id_of(found[1])
    word, note = _reason(this, key, found[3])
    area = orjson.loads(found[4]) if isinstance(found[4], str) else found[4]
    return Disaster(
        id=this,
        drill=bool(found[2]),
        word=word,
        note=note,
        area=None if area is None else frozenset(UUID(one) for one in area),
        declared_at=from_us(found[5]),
        set_by=id_of(found[6]),
        set_at=from_us(found[7]),
        confirmed=found[8] is not None,
        until=from_us(found[9]),
        ended_at=from_us(found[10]),
        published_at=from_us(found[11]),
    )


def in_force(region: UUID) -> Disaster | None:
    """The disaster use of a region now; a real one before a drill."""
    found = row(_IN_FORCE + " LIMIT 1", [region.hex, clock.to_us(clock.now())])
    return None if found is None else _disaster(found)


def all_of(region: UUID) -> list[Disaster]:
    """Every disaster use and drill of a region, the latest first."""
    return [_disaster(one) for one in rows(_LATEST, [region.hex, 0])]


def one_of(region: UUID, disaster: UUID) -> Disaster | None:
    """One of a region's."""
    found = row(_COLUMNS + " AND d.id = %s", [region.hex, disaster.hex])
    return None if found is None else _disaster(found)


def readable(region: UUID) -> Disaster | None:
    """The one whose safety board may be read: in force, or over for less than 30 days."""
    now = clock.now()
    recent = rows(_LATEST, [region.hex, clock.to_us(now - READABLE)])
    found = [one for one in map(_disaster, recent) if one.over_at > now - READABLE]
    return min(found, key=lambda one: (not one.on, one.drill), default=None)


def band(standing: Standing) -> Band | None:
    """What stands on every page of the person now; for pages whose own rule has been asked."""
    who = standing.who
    disaster = in_force(who.region) if who.region else None
    if disaster is None:
        return None
    here = disaster.area is None or disaster.covers(who.organization)
    return Band(disaster, here, who.emergency == disaster.id)


def _mark(disaster: UUID, set_at: int, *, confirmed: bool, emergency: bool) -> str:
    return f"{disaster.hex}.{set_at}.{confirmed:d}.{emergency:d}"


def mark(standing: Standing) -> tuple[str, int]:
    """The mark of the band that stands on the person's pages, and until when (microseconds).

    Nothing is unsealed for it. Empty and 0 while there is none.
    """
    who = standing.who
    asked = [who.region.hex if who.region else "", clock.to_us(clock.now())]
    found = row(_IN_FORCE + " LIMIT 1", asked)
    if found is None:
        return "", 0
    this = id_of(found[0])
    emergency = who.emergency == this
    said = _mark(this, found[7], confirmed=found[8] is not None, emergency=emergency)
    return said, int(found[9])


def public_disaster() -> Disaster | None:
    """The one in force in the region this server serves, for who is not signed in yet.

    None also while the database does not answer: the page that says so stands on this too.
    """
    try:
        region = served_region()
        return in_force(region) if region else None
    except (DatabaseError, InterfaceError):
        return None


@dataclass(frozen=True, slots=True)
class Result:
    """What was published after one of them: numbers without names."""

    drill: bool
    declared_at: datetime
    over_at: datetime
    organizations: int | None  # in its area; None for the whole region
    numbers: dict[str, int]


def public_results() -> list[Result]:
    """What the operator published, the latest first."""
    found = rows(
        "SELECT drill, declared_at, until, ended_at, area, result FROM region_disasteruse"
        " WHERE published_at IS NOT NULL AND removed_at IS NULL ORDER BY declared_at DESC",
        [],
    )
    results = []
    for drill, declared, until, ended, area, result in found:
        area, result = (orjson.loads(x) if isinstance(x, str) else x for x in (area, result))
        over = min(until, ended or until)
        count = None if area is None else len(area)
        results.append(Result(bool(drill), from_us(declared), from_us(over), count, result or {}))
    return results
