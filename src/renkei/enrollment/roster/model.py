"""What a list of people says, one person a line, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext_noop

COLUMNS = {
    "name": gettext_noop("Name"),
    "kana": gettext_noop("Kana"),
    "profession": gettext_noop("Profession"),
    "sex": gettext_noop("Sex"),
    "email": gettext_noop("E-mail address"),
    "administrator": gettext_noop("Administrator"),
    "pledged_on": gettext_noop("Day of the pledge"),
    "trained_on": gettext_noop("Day of the training"),
}
"""The columns in the order in which they stand when a list has no headings."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend, or to answer for.

    Args:
        line: where it stands, from 1; 0 if it is about the whole list.
        column: a key of ``COLUMNS``; "" if it is about more than one.
        message: an English source sentence, marked for translation, with ``%(name)s`` places.
        was: what stood there, shortened.
        values: what the places are filled with, ``was`` among them.
    """

    line: int
    column: str
    message: str
    was: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RosterLine:
    """One person of the list; an empty cell is "" or None, ``administrator`` None if not said."""

    line: int
    name: str
    kana: str
    profession: str
    sex: str
    email: str
    administrator: bool | None
    pledged_on: date | None
    trained_on: date | None
    desk: bool = False  # the address looks like a desk's: is it one person's own? (A14.2)


@dataclass(frozen=True, slots=True)
class Roster:
    """The list: the people who could be read, all faults, and what was passed over.

    ``columns`` are those that the list has; an empty cell of a column that is not there says
    nothing. ``ignored`` are headings of columns that nobody asked for.
    """

    lines: tuple[RosterLine, ...]
    faults: tuple[Fault, ...]
    columns: frozenset[str] = frozenset()
    ignored: tuple[str, ...] = ()
