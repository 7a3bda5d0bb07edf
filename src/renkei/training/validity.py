"""What of a person's training is valid, and what is due (A9)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.database import as_day, id_of, rows
from renkei.training.courses import Head

SOON: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class State:
    """How one person stands to one course."""

    course: str
    title: str
    required: bool
    last_on: date | None  # when it was completed last
    until: date | None  # the last day on which that is valid
    number: str = ""  # of the certificate; empty where the date alone was taken over
    way: str = ""

    @property
    def word(self) -> str:
        """How it stands: missing · lapsed · soon · valid."""
        today = clock.today()
        if self.until is None:
            return "missing"
        if self.until < today:
            return "lapsed"
        return "soon" if self.until - today <= SOON else "valid"

    @property
    def due(self) -> bool:
        """Whether something has to be done about it."""
        return self.required and self.word != "valid"


_DONE = """
    SELECT account_id, course, "on", until, number, way FROM training_completion
    WHERE account_id IN ({}) AND annulled_at IS NULL ORDER BY until, recorded_at"""
_TAKEN_OVER = """
    SELECT account_id, MAX(trained_on) FROM people_practitionerrole
    WHERE account_id IN ({}) AND ended_at IS NULL AND trained_on IS NOT NULL
    GROUP BY account_id"""


def states(accounts: Iterable[UUID], courses: Sequence[Head]) -> dict[UUID, list[State]]:
    """How each of these people stands to each of these courses; two queries for all of them."""
    people = list(accounts)
    if not people:
        return {}
    places, ids = ", ".join(["%s"] * len(people)), [one.hex for one in people]
    done = {(id_of(one[0]), one[1]): one for one in rows(_DONE.format(places), ids)}  # the newest
    taken_over = {
        id_of(account): as_day(on) for account, on in rows(_TAKEN_OVER.format(places), ids)
    }
    return {
        account: [
            _state(one, done.get((account, one.code)), taken_over.get(account)) for one in courses
        ]
        for account in people
    }


_DONE_AT: Final = """
    SELECT account_id, course, "on", until FROM training_completion
    WHERE account_id IN (SELECT r.account_id FROM people_practitionerrole r
        WHERE r.organization_id = %s AND r.ended_at IS NULL)
      AND annulled_at IS NULL ORDER BY until, recorded_at"""
_COLLEAGUES: Final = """
    SELECT r.account_id, (SELECT MAX(x.trained_on) FROM people_practitionerrole x
        WHERE x.account_id = r.account_id AND x.ended_at IS NULL)
    FROM people_practitionerrole r
    JOIN people_account a ON a.id = r.account_id AND a.suspended_at IS NULL
    WHERE r.organization_id = %s AND r.ended_at IS NULL AND r.account_id <> %s"""


def lacking(organization: UUID, courses: Sequence[Head], *, but: UUID) -> int:
    """How many of an organization's people have to do something about one of these courses.

    Args:
        but: the account of who asks; it does not count.
    """
    last = clock.today() + SOON
    done = {(one[0], one[1]): one for one in rows(_DONE_AT, [organization.hex])}  # the newest
    return sum(
        any(
            (until := _latest(one, done.get((account, one.code)), as_day(on))[1]) is None
            or until <= last
            for one in courses
        )
        for account, on in rows(_COLLEAGUES, [organization.hex, but.hex])
    )


def _latest(
    course: Head, done: tuple[Any, ...] | None, taken_over: date | None
) -> tuple[date | None, date | None]:
    """When it was done last, and until when that is valid.

    From the newest completion, or the date that was taken over, whichever is later.
    """
    on = as_day(done[2]) if done else None
    if course.before_use and taken_over and (on is None or taken_over > on):
        return taken_over, course.valid_until(taken_over)
    return on, as_day(done[3]) if done else None


def _state(course: Head, done: tuple[Any, ...] | None, taken_over: date | None) -> State:
    on, until = _latest(course, done, taken_over)
    number, way = done[4:6] if done and on == as_day(done[2]) else ("", "")
    return State(course.code, course.title, course.required, on, until, number, way)
