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

_NOBODY: frozenset[int] = frozenset()


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
    masked: dict[int, tuple[str, ...]]  # full names as keys


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
        masked={who: one.fulls for who, one in enumerate(written)},
    )


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
