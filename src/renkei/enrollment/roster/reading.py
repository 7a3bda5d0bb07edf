"""Reading a list of people: which column is which, and every cell judged where it stands."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from typing import TypeVar

from django.utils.translation import gettext_noop

from renkei.enrollment.roster import words
from renkei.enrollment.roster.model import COLUMNS, Fault, Roster, RosterLine
from renkei.enrollment.roster.sheet import Cells, rows_of
from renkei.enrollment.roster.workbook import NotReadable
from renkei.kernel.japanese import (
    fold_kana,
    is_kana,
    is_role_address,
    narrow,
    normalise_email,
    parse_date,
    stray_control,
)
from renkei.region.folder.encoding import SPOILT
from renkei.region.folder.model import PROFESSIONS

T = TypeVar("T")

LINES_MAX = 1000
_REQUIRED = ("name", "kana", "profession", "email")
_LONGEST = {"name": 100, "kana": 200, "email": 254}
_OTHER_MAX = 100  # characters of any other cell
_SHOWN_MAX = 40  # how much of a wrong cell is repeated
_TITLES_MAX = 5  # lines that may stand above the headings
_PAIRS = {"name": ("family", "given"), "kana": ("family_kana", "given_kana")}
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")  # a day as Excel counts
_DAY_0 = date(1899, 12, 30)

MISSING = gettext_noop("This is missing.")
NO_COLUMN = gettext_noop("The list has no such column.")
TWICE_COLUMN = gettext_noop("The list has this column twice.")
UNREADABLE = gettext_noop(
    "A character cannot be read. Please write it another way, or save the file as UTF-8."
)
STRAY = gettext_noop("An invisible character (%(stray)s) is in it.")
TOO_LONG = gettext_noop("This is too long: %(most)s characters at most.")
TOO_MANY = gettext_noop("There are more cells than columns: %(found)s instead of %(width)s.")
UNQUOTED = gettext_noop('The quotation marks (") do not close.')
TOO_MANY_LINES = gettext_noop("There are more than %(most)s lines. Please bring them in parts.")
NO_KANA = gettext_noop("Please write it in kana.")
NO_PROFESSION = gettext_noop("There is no such profession in the list.")
PERHAPS = gettext_noop("There is no such profession in the list. Is it %(alike)s?")
NO_SEX = gettext_noop("Please write 男, 女 or その他.")
NO_EMAIL = gettext_noop("This is not an e-mail address.")
EMAIL_TWICE = gettext_noop("The address stands in line %(other)s already.")
NO_ANSWER = gettext_noop("Please write 1 for yes or 0 for no.")
NO_DATE = gettext_noop("This is not a date. Write it as 2026-11-22 or 令和8年11月22日.")
FUTURE = gettext_noop("This day is yet to come.")


def read(
    data: bytes | str, known_professions: Iterable[str] = PROFESSIONS, *, today: date | None = None
) -> Roster:
    """The people of a list with all faults; only lines without a fault become people.

    Args:
        data: a file's bytes or pasted text.
        known_professions: the words that a profession can be.
        today: no pledge or training is later; None if that is not to be asked.
    """
    try:
        rows = rows_of(data)
    except NotReadable as fault:
        return Roster((), (Fault(0, "", str(fault)),))
    headed = _Headings.find(rows)
    people = rows[headed.rows :]
    if len(people) > LINES_MAX:
        about = {"most": LINES_MAX}
        return Roster((), (Fault(0, "", TOO_MANY_LINES, values=about),), headed.columns)
    reader = _Reader(headed, frozenset(known_professions), tuple(known_professions), today)
    lines = [reader.person(row) for row in people]
    faults = [*headed.faults(), *reader.faults]
    if not people:
        faults.append(Fault(0, "", gettext_noop("Nobody is in the list.")))
    good = () if headed.faults() else tuple(line for line in lines if line is not None)
    return Roster(good, tuple(sorted(faults, key=_place)), headed.columns, headed.ignored)


@dataclass(frozen=True, slots=True)
class _Headings:
    """Which column holds what; ``rows`` are those above the first person."""

    holds: tuple[str | None, ...]
    rows: int
    line: int  # where the headings stand; 0 without any
    ignored: tuple[str, ...] = ()

    @classmethod
    def find(cls, rows: list[Cells]) -> "_Headings":
        """The headings within the first lines, or the usual order if there are none."""
        for at, row in enumerate(rows[:_TITLES_MAX]):
            holds = tuple(words.find_heading(cell) for cell in row.cells)
            if len(set(holds) - {None}) >= 2:
                pairs = zip(row.cells, holds, strict=True)
                unknown = tuple(cell.strip() for cell, one in pairs if one is None and cell.strip())
                return cls(holds, at + 1, row.line, unknown)
        order = list(COLUMNS)
        if _without_sex(rows):
            order.remove("sex")
        return cls(tuple(order), 0, 0)

    @property
    def columns(self) -> frozenset[str]:
        """The columns there are, two halves of a name as one."""
        found = set(self.holds) - {None}
        whole = {one for one, halves in _PAIRS.items() if set(halves) <= found}
        return frozenset(one for one in found | whole if one in COLUMNS)

    def faults(self) -> list[Fault]:
        """Columns that are missing or stand there twice."""
        missing = [one for one in _REQUIRED if one not in self.columns]
        named = [one for one in self.holds if one is not None]
        twice = sorted({one for one in named if named.count(one) > 1})
        return [
            *(Fault(self.line, one, NO_COLUMN) for one in missing),
            *(Fault(self.line, _whole(one), TWICE_COLUMN) for one in twice),
        ]


def _whole(column: str) -> str:
    """The column that a half of a name belongs to."""
    return next((one for one, halves in _PAIRS.items() if column in halves), column)


def _without_sex(rows: list[Cells]) -> bool:
    """Whether the address stands where the sex would: many lists have no sex."""
    place = list(COLUMNS).index("sex")
    there = [row.cells[place] for row in rows if len(row.cells) > place]
    return sum("@" in cell or "＠" in cell for cell in there) * 2 > len(there)


@dataclass(slots=True)
class _Reader:
    """Goes through the people with what was found so far."""

    headed: _Headings
    known: frozenset[str]
    ordered: tuple[str, ...]
    today: date | None
    faults: list[Fault] = field(default_factory=list)
    emails: dict[str, int] = field(default_factory=dict)

    def person(self, row: Cells) -> RosterLine | None:
        """The person of a row; None if something is wrong with it."""
        before = len(self.faults)
        width = len(self.headed.holds)
        if row.unquoted:
            self._fault(row.line, "", UNQUOTED)
            return None
        if any(cell.strip() for cell in row.cells[width:]):
            self._fault(row.line, "", TOO_MANY, found=len(row.cells), width=width)
            return None
        line = self._read(row.line, self._cells(row))
        return line if len(self.faults) == before else None

    def _cells(self, row: Cells) -> dict[str, str]:
        """The cells by what they hold, two halves of a name put together."""
        found: dict[str, str] = {}
        for column, cell in zip(self.headed.holds, row.cells, strict=False):
            if column is not None and cell.strip():
                found.setdefault(column, " ".join(cell.split()))
        for whole, halves in _PAIRS.items():
            parts = [found[half] for half in halves if half in found]
            if parts:
                found.setdefault(whole, " ".join(parts))
        return found

    def _read(self, line: int, cells: dict[str, str]) -> RosterLine:
        def cell(column: str) -> str:
            return self._word(line, column, cells.get(column, ""))

        email = self._email(line, cell("email"))
        return RosterLine(
            line=line,
            name=cell("name"),
            kana=self._kana(line, cell("kana")),
            profession=self._profession(line, cell("profession")),
            sex=self._sought(line, "sex", cell("sex"), words.find_sex, NO_SEX) or "",
            email=email,
            administrator=self._sought(
                line, "administrator", cell("administrator"), words.find_answer, NO_ANSWER
            ),
            pledged_on=self._date(line, "pledged_on", cell("pledged_on")),
            trained_on=self._date(line, "trained_on", cell("trained_on")),
            desk=is_role_address(email) if email else False,
        )

    def _fault(self, line: int, column: str, message: str, was: str = "", **values: object) -> None:
        shown = was[:_SHOWN_MAX] + ("…" if len(was) > _SHOWN_MAX else "")
        self.faults.append(Fault(line, column, message, shown, values))

    def _word(self, line: int, column: str, value: str) -> str:
        """The cell if it can be used as text at all; else "" and a fault."""
        most = _LONGEST.get(column, _OTHER_MAX)
        if not value and column in _REQUIRED and column in self.headed.columns:
            self._fault(line, column, MISSING)
        elif SPOILT in value or any(unicodedata.category(one) == "Co" for one in value):
            self._fault(line, column, UNREADABLE, value)
        elif stray := stray_control(value):
            self._fault(line, column, STRAY, stray=stray)
        elif len(value) > most:
            self._fault(line, column, TOO_LONG, value, most=most)
        else:
            return value
        return ""

    def _kana(self, line: int, value: str) -> str:
        kana = fold_kana(value)
        if value and not is_kana(kana):
            self._fault(line, "kana", NO_KANA, value)
            return ""
        return kana

    def _profession(self, line: int, value: str) -> str:
        found = words.find_profession(value, self.known) if value else ""
        if found is not None:
            return found
        if alike := get_close_matches(narrow(value), self.ordered, n=1, cutoff=0.5):
            self._fault(line, "profession", PERHAPS, value, alike=alike[0])
        else:
            self._fault(line, "profession", NO_PROFESSION, value)
        return ""

    def _email(self, line: int, value: str) -> str:
        if not value:
            return ""
        try:
            email = normalise_email(value)
        except ValueError:
            self._fault(line, "email", NO_EMAIL, value)
            return ""
        first = self.emails.setdefault(email, line)
        if first != line:
            self._fault(line, "email", EMAIL_TWICE, value, other=first)
        return email

    def _sought(
        self, line: int, column: str, value: str, find: Callable[[str], T | None], message: str
    ) -> T | None:
        found = find(value) if value else None
        if value and found is None:
            self._fault(line, column, message, value)
        return found

    def _date(self, line: int, column: str, value: str) -> date | None:
        if not value or words.find_answer(value) is False:
            return None
        try:
            counted = _SERIAL.fullmatch(value)
            day = _DAY_0 + timedelta(int(value[:5])) if counted else parse_date(_day(value))
        except ValueError:
            self._fault(line, column, NO_DATE, value)
            return None
        if self.today is not None and day > self.today:
            self._fault(line, column, FUTURE, value)
        return day


def _place(fault: Fault) -> tuple[int, int]:
    """Where a fault is told: by line, then as the columns usually stand."""
    return fault.line, [*COLUMNS, ""].index(fault.column)


def _day(written: str) -> str:
    """The day without a time of midnight behind it, as Excel likes to put it."""
    return re.sub(r"[ T]0{1,2}:00(:00)?$", "", narrow(written))
