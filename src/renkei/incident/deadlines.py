"""The statutory clock: when a leak has to be reported to the authority.

Source: Act on the Protection of Personal Information, article 26; its enforcement rules 7 and 8;
the Commission's general guideline 3-5-3. The first report is due at once, in about three to five
days; the final one within 30 days, 60 where a wrongful purpose is feared. The day on which it
became known is day 1, and Saturdays, Sundays and holidays count. Where the last day falls on one of
them the guideline grants the next working day; this clock does not, so that nobody relies on it.
"""

from dataclasses import dataclass
from datetime import date, timedelta

FIRST_DAYS = (3, 5)
FINAL_DAYS, FINAL_DAYS_WRONGFUL = 30, 60
CLOCKED = ("lost_device", "unauthorized_access", "wrong_post", "leak", "misuse")


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The last day of each report, that day included."""

    first_soon: date
    first: date
    final: date


def deadlines(known_on: date, *, wrongful: bool) -> Deadlines:
    """Count from the day on which it became known."""
    soon, last = (known_on + timedelta(days=days - 1) for days in FIRST_DAYS)
    days = FINAL_DAYS_WRONGFUL if wrongful else FINAL_DAYS
    return Deadlines(soon, last, known_on + timedelta(days=days - 1))


def next_due(
    known_on: date, *, kind: str, duty: str, wrongful: bool, first_done: bool, final_done: bool
) -> date | None:
    """The day that comes next; None where nothing has to be reported, or all was."""
    if kind not in CLOCKED or duty == "not_required" or final_done:
        return None
    due = deadlines(known_on, wrongful=wrongful)
    return due.final if first_done else due.first
