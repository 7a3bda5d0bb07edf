"""What a copy is called, and which copies are kept; needs neither disk nor database.

Source: guideline on safety management of medical information systems, chapter 18: several
generations, so that a fault that shows late can still be undone.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from renkei.kernel.clock import JAPAN

DAYS: Final = 7
WEEKS: Final = 5
MONTHS: Final = 12
KEYS: Final = 3  # copies of the key store

_NAME = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_FORM: Final = "%Y%m%dT%H%M%SZ"


def name_of(moment: datetime) -> str:
    """What a copy made at this moment is called: its second, in UTC."""
    return moment.astimezone(UTC).strftime(_FORM)


def moment_of(name: str) -> datetime | None:
    """The moment in a copy's name; None if it is no such name."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return datetime.strptime(name, _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


def kept(moments: Iterable[datetime]) -> set[datetime]:
    """Which copies of the content stay.

    The newest of each of the last 7 days that have one, of the last 5 weeks (ISO 8601, from
    Monday) and of the last 12 months, by the calendar of Japan. The newest copy always stays; as
    only days, weeks and months that have copies count, nothing goes while none are made.
    """
    newest_first = sorted(moments, reverse=True)
    return {
        *_newest_of_each(newest_first, _day, DAYS),
        *_newest_of_each(newest_first, _week, WEEKS),
        *_newest_of_each(newest_first, _month, MONTHS),
    }


def keys_kept(moments: Iterable[datetime]) -> set[datetime]:
    """Which copies of the keys stay: the last three."""
    return set(sorted(moments, reverse=True)[:KEYS])


def _newest_of_each(
    newest_first: list[datetime], period: Callable[[datetime], object], count: int
) -> list[datetime]:
    found: dict[object, datetime] = {}
    for moment in newest_first:
        found.setdefault(period(moment.astimezone(JAPAN)), moment)
    return list(found.values())[:count]


def _day(moment: datetime) -> object:
    return moment.date()


def _week(moment: datetime) -> object:
    return moment.isocalendar()[:2]


def _month(moment: datetime) -> object:
    return moment.year, moment.month
