"""The people a draft is held against, made ready once: the automaton and the tables beside it.

A roster is the author's: the patients they may see, and the staff of their teams. Making it ready
takes a millisecond or some, most of it for people who stand in no roster yet; asking it takes a
fraction of one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from ahocorasick_rs import AhoCorasick

from renkei.communication.guard import addresses
from renkei.communication.guard.dates import Day
from renkei.communication.guard.writings import Pattern, Person, Writings, of_patient, of_staff

_Key = TypeVar("_Key")
_Table = dict[_Key, set[int]]
_ByTwo = dict[tuple[str, str, int], list[tuple[int, str, int]]]

_NOBODY: frozenset[int] = frozenset()
# Of a name of which half is seen, and two characters at least, two that are seen stand so near.
APART = 3


@dataclass(slots=True)
class Roster:
    """Made ready: what ``check`` asks. Who is meant is a place in the list of patients."""

    ids: tuple[str, ...]
    automaton: AhoCorasick | None
    patterns: list[tuple[tuple[Pattern, frozenset[int]], ...]]  # by string; of staff: nobody
    latin: dict[str, frozenset[int]]  # full names, both orders
    latin_family: dict[str, frozenset[int]]
    latin_staff: frozenset[str]
    born: dict[Day, frozenset[int]]
    ages: dict[int, int]  # the year of birth by patient
    phones: dict[str, frozenset[int]]
    insured: dict[str, frozenset[int]]
    addresses: dict[int, addresses.Address]
    kana_towns: dict[tuple[str, tuple[int, ...]], frozenset[int]]
    fulls: tuple[tuple[str, ...], ...]  # full names as keys, by patient
    _by_two: _ByTwo | None = None

    @property
    def by_two_characters(self) -> _ByTwo:
        """Full names by two of their characters and how far apart these are.

        Of each: whose, which, and where in it. Made when a draft asks for it: few do.
        """
        if self._by_two is None:
            self._by_two = _by_two_characters(self.fulls)
        return self._by_two


def make_ready(patients: Sequence[Person], staff: Sequence[Person] = ()) -> Roster:
    """A roster made ready for checking drafts."""
    written = [of_patient(person) for person in patients]
    colleagues = [of_staff(person) for person in staff]
    keyed: dict[str, dict[Pattern, set[int] | None]] = {}
    for who, one in enumerate(written):
        for key, pattern in one.keyed:
            meant = keyed.setdefault(key, {}).setdefault(pattern, set())
            assert meant is not None
            meant.add(who)
    for colleague in colleagues:
        for key, pattern in colleague.keyed:
            keyed.setdefault(key, {})[pattern] = None
    homes = {who: one.home for who, one in enumerate(written) if one.home is not None}
    return Roster(
        ids=tuple(person.id for person in patients),
        automaton=AhoCorasick(list(keyed)) if keyed else None,
        patterns=[
            tuple((one, frozenset(who) if who else _NOBODY) for one, who in found.items())
            for found in keyed.values()
        ],
        latin=_whose((spelt, who) for who, one in enumerate(written) for spelt in one.latin),
        latin_family=_whose(
            (spelt, who) for who, one in enumerate(written) for spelt in one.latin_family
        ),
        latin_staff=frozenset[str]().union(*(one.latin for one in colleagues)),
        born=_whose(_days(written)),
        ages={who: one.born[-1][0] for who, one in enumerate(written) if one.born},
        phones=_whose((number, who) for who, one in enumerate(written) for number in one.phones),
        insured=_whose((one.insured, who) for who, one in enumerate(written) if one.insured),
        addresses=homes,
        kana_towns=_whose(((home.ending, home.blocks), who) for who, home in homes.items()),
        fulls=tuple(one.fulls for one in written),
    )


def _by_two_characters(fulls: Sequence[Sequence[str]]) -> _ByTwo:
    table: _ByTwo = defaultdict(list)
    for who, names in enumerate(fulls):
        for name in names:
            for at, first in enumerate(name):
                for gap, other in enumerate(name[at + 1 : at + 1 + APART], 1):
                    table[first, other, gap].append((who, name, at))
    return dict(table)


def _days(written: Sequence[Writings]) -> Iterable[tuple[Day, int]]:
    """Days of birth, and their months without a day."""
    for who, one in enumerate(written):
        for day in one.born:
            yield day, who
            yield (day[0], day[1], 0), who


def _whose(pairs: Iterable[tuple[_Key, int]]) -> dict[_Key, frozenset[int]]:
    table: _Table[_Key] = defaultdict(set)
    for key, who in pairs:
        table[key].add(who)
    return {key: frozenset(whose) for key, whose in table.items()}


def age_today(born: int, today: date) -> tuple[int, int]:
    """The two ages that somebody born in that year may have."""
    return today.year - born - 1, today.year - born
