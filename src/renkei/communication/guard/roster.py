"""The people a draft is held against, made ready once: the automaton and the tables beside it.

A roster is the author's: the patients they may see, and the staff of their teams. Making it ready
takes milliseconds; asking it takes a fraction of one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate, product
from typing import TypeVar

from ahocorasick_rs import AhoCorasick

from renkei.communication.guard import addresses, numbers, romaji
from renkei.communication.guard.dates import Day, days_of
from renkei.communication.guard.folding import key_of

_Key = TypeVar("_Key")

FULL, FAMILY, GIVEN, TOWN, BUILDING, STAFF = range(6)

_FORMER = re.compile(r"[(（\[]\s*(?:旧姓|旧|通称|通名|本名|別名)\s*[:：]?\s*([^)）\]]+)[)）\]]")
_ASIDE = re.compile(r"[(（\[][^)）\]]*[)）\]]")
_PARTS = re.compile(r"[\s\u3000]+")
_LATIN = re.compile(r"[A-Za-zÀ-ÿ]")
_LONG = re.compile(
    "(?<=[おこそとのほもよろごぞどぼぽ])[うお]|(?<=[うくすつぬふむゆるぐずぶぷ])う"
    "|(?<=[えけせてねへめれげぜでべぺ])[いえ]"
)
_ROWS = (
    ("あ", "あかさたなはまやらわがざだばぱ"),
    ("い", "いきしちにひみりぎじびぴ"),
    ("う", "うくすつぬふむゆるぐずぶぷ"),
    ("い", "えけせてねへめれげぜでべぺ"),
    ("う", "おこそとのほもよろごぞどぼぽ"),
)
_VOWEL_OF = {kana: vowel for vowel, row in _ROWS for kana in row}  # as a long sound is written


@dataclass(frozen=True, slots=True)
class Person:
    """A patient or a colleague as a roster says it; empty: not known."""

    id: str
    name: str
    kana: str = ""
    birth_date: str = ""
    phones: tuple[str, ...] = ()
    address: str = ""
    insurer_number: str = ""
    profession: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What one string of the automaton stands for."""

    kind: int
    who: frozenset[int]  # places in the list of patients; of staff for STAFF
    cuts: frozenset[int]  # where in the string the parts of a name meet
    single: bool = False  # FULL: both parts are one kanji; FAMILY, GIVEN: it is one kanji
    kana: bool = False  # FULL: all of it is a reading
    last: int = 0  # FULL: the length of the part that stands last


_NOBODY: frozenset[int] = frozenset()


@dataclass(slots=True)
class Roster:
    """Made ready: what ``check`` asks."""

    ids: tuple[str, ...]
    automaton: AhoCorasick | None
    patterns: list[tuple[Pattern, ...]]
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


def _lengthened(kana: str) -> str:
    """The reading with its long vowels as ー, as スズキ・ユーコ is written."""
    return _LONG.sub("ー", kana)


def _shortened(kana: str) -> str:
    """The reading with ー as the vowel that is heard."""
    written = ""
    for one in kana:
        written += _VOWEL_OF.get(written[-1:], one) if one == "ー" else one
    return written


def _readings(part: str) -> list[str]:
    key = key_of(part)
    return list(dict.fromkeys([key, _lengthened(key), _shortened(key)])) if key else []


def _split(name: str, kana: str) -> list[list[str]]:
    """The parts of a name; of one written without a space, where its parts are likely to meet."""
    parts = _PARTS.split(name.strip())
    if len(parts) == 1 and "・" in name:
        parts = [part for part in name.strip().split("・") if part]
    if len(parts) > 1:
        return [parts]
    if len(_PARTS.split(kana.strip())) == 2 and 2 <= len(name) <= 6 and not _LATIN.search(name):
        cuts = {2: (1,), 3: (2, 1), 4: (2,), 5: (2, 3), 6: (3,)}[len(name)]
        return [[name[:cut], name[cut:]] for cut in cuts]
    return [parts]


def _names(person: Person) -> list[tuple[list[str], list[str]]]:
    """(family, given) in all writings, for the name of today and former ones."""
    former = [found.strip() for found in _FORMER.findall(person.name)]
    name = _ASIDE.sub(" ", person.name).strip()
    kana = _ASIDE.sub(" ", person.kana or "").strip()
    readings = _PARTS.split(kana) if kana else []
    found = []
    for parts in _split(name, kana):
        latin = bool(_LATIN.search(parts[0]))
        if len(parts) > 1:
            family, given = (parts[-1], parts[0]) if latin else (parts[0], "".join(parts[1:]))
            families, givens = [key_of(family)], [key_of(given)]
            if len(readings) > 1:
                last = len(readings) - 1
                families += _readings(readings[last if latin else 0])
                givens += _readings(readings[0] if latin else "".join(readings[1:]))
            found.append((families, givens))
            for old in former:
                olds = _PARTS.split(old)
                found.append(([key_of(olds[0])], [key_of(olds[1])] if len(olds) > 1 else givens))
    return [
        (list(dict.fromkeys(filter(None, one))), list(dict.fromkeys(filter(None, other))))
        for one, other in found
    ]


def is_kana(key: str) -> bool:
    """Whether a key is a reading."""
    return all("ぁ" <= one <= "ゖ" or one == "ー" for one in key)


def _fulls(person: Person) -> Iterable[tuple[str, Pattern]]:
    for families, givens in _names(person):
        for family, given in product(families, givens):
            single = len(family) == 1 and len(given) == 1 and not is_kana(family + given)
            for one, other in ((family, given), (given, family)):
                if (one, other) == (given, family) and single:
                    continue
                cuts = frozenset((len(one),))
                yield (
                    one + other,
                    Pattern(FULL, _NOBODY, cuts, single, is_kana(one + other), len(other)),
                )
    for written in (_ASIDE.sub(" ", person.name), person.kana):
        parts = [key_of(part) for part in _PARTS.split(written.strip())]
        whole = "".join(parts)
        if len(whole) > (3 if is_kana(whole) else 1):
            cuts = frozenset(accumulate(map(len, parts[:-1])))
            last = len(parts[-1]) if len(parts) > 1 else 2
            yield whole, Pattern(FULL, _NOBODY, cuts, len(whole) == 2, is_kana(whole), last)


def _latin(person: Person) -> tuple[set[str], set[str]]:
    """The one spelling of the full name in both orders, and that of the family."""
    fulls, families = set(), set()
    name = _ASIDE.sub(" ", person.name).strip()
    readings = _PARTS.split(_ASIDE.sub(" ", person.kana or "").strip())
    parts = [romaji.of_kana(one) for one in readings if one]
    for one in [parts, _PARTS.split(name) if _LATIN.search(name) else []]:
        words = [romaji.canonical(word) for word in one if word]
        if len(words) < 2 or not all(words):
            continue
        foreign = one is not parts
        ends = (
            [words[0], words[-1]] if foreign or len(words) > 3 else [words[0], "".join(words[1:])]
        )
        fulls |= {"".join(words), ends[0] + ends[1], ends[1] + ends[0]}
        if ends[0].endswith(("mu", "ku")):  # Kim, Pak
            fulls |= {ends[0][:-1] + ends[1], ends[1] + ends[0][:-1]}
        fulls |= {romaji.canonical(full) for full in fulls}
        families.add(ends[1] if foreign else ends[0])
    return {full for full in fulls if len(full) >= 5}, {one for one in families if len(one) > 2}


_Table = dict[str, dict[Pattern, set[int]]]


def _of_names(table: _Table, who: int, person: Person, staff: bool) -> list[str]:
    fulls = []
    for key, pattern in _fulls(person):
        table[key][replace(pattern, kind=STAFF) if staff else pattern].add(who)
        fulls.append(key)
    if not staff:
        for families, givens in _names(person):
            for kind, keys in ((FAMILY, families), (GIVEN, givens)):
                for key in keys:
                    if len(key) > 1 or not is_kana(key):
                        table[key][Pattern(kind, _NOBODY, frozenset(), len(key) == 1)].add(who)
    return fulls


def make_ready(patients: Sequence[Person], staff: Sequence[Person] = ()) -> Roster:
    """A roster made ready for checking drafts."""
    table: _Table = defaultdict(lambda: defaultdict(set))
    latin: dict[str, set[int]] = defaultdict(set)
    latin_family: dict[str, set[int]] = defaultdict(set)
    born: dict[Day, set[int]] = defaultdict(set)
    phones: dict[str, set[int]] = defaultdict(set)
    insured: dict[str, set[int]] = defaultdict(set)
    towns: dict[tuple[str, tuple[int, ...]], set[int]] = defaultdict(set)
    ages: dict[int, int] = {}
    homes: dict[int, addresses.Address] = {}
    masked: dict[int, tuple[str, ...]] = {}
    for who, person in enumerate(patients):
        masked[who] = tuple(dict.fromkeys(_of_names(table, who, person, staff=False)))
        fulls, families = _latin(person)
        for spelt in fulls:
            latin[spelt].add(who)
        for spelt in families:
            latin_family[spelt].add(who)
        for day in days_of(person.birth_date) if person.birth_date else ():
            born[day].add(who)
            born[(day[0], day[1], 0)].add(who)
            ages[who] = day[0]
        for phone in person.phones:
            for dialled in numbers.phones_of(phone):
                phones[dialled].add(who)
        if len(number := numbers.digits(key_of(person.insurer_number or ""))) >= 6:
            insured[number].add(who)
        home = addresses.address_of(person.address) if person.address else None
        if home is not None:
            homes[who] = home
            table[home.town][Pattern(TOWN, _NOBODY, frozenset())].add(who)
            towns[(home.ending, home.blocks)].add(who)
            if home.building and home.rooms and len(home.building) > 1:
                table[home.building][Pattern(BUILDING, _NOBODY, frozenset())].add(who)
    latin_staff = set()
    for who, person in enumerate(staff):
        _of_names(table, who, person, staff=True)
        latin_staff |= _latin(person)[0]
    keys = list(table)
    return Roster(
        ids=tuple(person.id for person in patients),
        automaton=AhoCorasick(keys) if keys else None,
        patterns=[
            tuple(replace(one, who=frozenset(who)) for one, who in table[key].items())
            for key in keys
        ],
        latin=_frozen(latin),
        latin_family=_frozen(latin_family),
        latin_staff=frozenset(latin_staff),
        born=_frozen(born),
        ages=ages,
        phones=_frozen(phones),
        insured=_frozen(insured),
        addresses=homes,
        kana_towns=_frozen(towns),
        masked=masked,
    )


def _frozen(table: dict[_Key, set[int]]) -> dict[_Key, frozenset[int]]:
    return {key: frozenset(whose) for key, whose in table.items()}


def age_today(born: int, today: date) -> tuple[int, int]:
    """The two ages that somebody born in that year may have."""
    return today.year - born - 1, today.year - born
