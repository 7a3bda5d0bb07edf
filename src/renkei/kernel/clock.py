"""The one clock: aware moments in Python, whole microseconds in the database.

A moment is stored as microseconds since 1970-01-01 UTC in a big integer, on SQLite and PostgreSQL
alike: the same bytes go into the audit trail, and reading one back costs nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, overload
from zoneinfo import ZoneInfo

from django.db import models

JAPAN = ZoneInfo("Asia/Tokyo")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_shift = timedelta(0)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC) + _shift


def today() -> date:
    """The present day in Japan, the calendar of every patient here."""
    return now().astimezone(JAPAN).date()


def begins(day: date) -> datetime:
    """The moment at which a day begins in Japan."""
    return datetime.combine(day, time(), JAPAN)


def to_us(moment: datetime) -> int:
    """Whole microseconds since the epoch.

    Raises:
        ValueError: the moment carries no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment must be aware")
    return (moment - _EPOCH) // _MICROSECOND


@overload
def from_us(us: int) -> datetime: ...
@overload
def from_us(us: int | None) -> datetime | None: ...
def from_us(us: int | None) -> datetime | None:
    """The aware moment, in UTC, that ``to_us`` turned into ``us``; None of None."""
    if us is None:
        return None
    return datetime.fromtimestamp(us / 1_000_000, UTC)  # to the microsecond until 2242


@contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """Move the clock for the length of the block; for tests of what time alone changes."""
    global _shift
    before, _shift = _shift, _shift + by
    try:
        yield
    finally:
        _shift = before


class MomentField(models.BigIntegerField):  # type: ignore[type-arg]
    """An aware ``datetime`` kept as microseconds since the epoch."""

    # what django-stubs takes and gives for this field
    _pyi_private_set_type: datetime | models.expressions.Combinable  # type: ignore[assignment]
    _pyi_private_get_type: datetime  # type: ignore[assignment]

    def from_db_value(self, value: int | None, *_: object) -> datetime | None:
        """Give back the aware moment."""
        return None if value is None else from_us(value)

    def to_python(self, value: Any) -> Any:
        """Take moments and whole microseconds alike."""
        return from_us(value) if isinstance(value, int) else value

    def get_prep_value(self, value: Any) -> int | None:
        """Turn a moment into microseconds for the database."""
        return to_us(value) if isinstance(value, datetime) else value
