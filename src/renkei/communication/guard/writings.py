"""How a person may be written: every notation of a name, and what else tells who is meant.

Found once per person: the same colleague stands in the rosters of many.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, product
from typing import Final, NamedTuple

from renkei.communication.guard import addresses, numbers, romaji
from renkei.communication.guard.dates import Day, days_of
from renkei.communication.guard.folding import key_of

FULL, FAMILY, GIVEN, TOWN, BUILDING, STAFF = range(6)
_MOST: Final = 8192  # people whose writings are kept: some 30 MB

_FORMER = re.compile(r"[(（\[]\s*(?:旧姓|旧|通称|通名|本名|別名)\s*[:：]?\s*([^)）\]]+)[)）\]]")
_ASIDE = re.compile(r"[(（\[][^)）\]]*[)）\]]")
_GA = re.compile(r"(?<=[一-龥])[けが](?=[一-龥])")  # 緑ヶ丘, 緑が丘: one place
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


class Pattern(NamedTuple):
    """What one string of the automaton stands for."""

    kind: int
    cuts: frozenset[int] = frozenset()  # where in the string the parts of a name meet
    single: bool = False  # FULL: both parts are one kanji; FAMILY, GIVEN: it is one kanji
    kana: bool = False  # FULL: all of it is a reading
    last: int = 0  # FULL: the length of the part that stands last


@dataclass(frozen=True, slots=True)
class Writings:
    """A patient in every notation, as keys."""

    fulls: tuple[str, ...]
    keyed: tuple[tuple[str, Pattern], ...]  # names, town, building
    latin: frozenset[str]  # full names, both orders
    latin_family: frozenset[str]
    born: tuple[Day, ...]
    phones: frozenset[str]
    insured: str  # empty: not known
    home: addresses.Address | None


@dataclass(frozen=True, slots=True)
class StaffWritings:
    """A colleague's full name in every notation."""

    keyed: tuple[tuple[str, Pattern], ...]
    latin: frozenset[str]


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


def _fulls(person: Person) -> Iterator[tuple[str, Pattern]]:
    for families, givens in _names(person):
        for family, given in product(families, givens):
            single = len(family) == 1 and len(given) == 1 and not is_kana(family + given)
            for one, other in ((family, given), (given, family)):
                if (one, other) == (given, family) and single:
                    continue
                cuts, kana = frozenset((len(one),)), is_kana(one + other)
                yield one + other, Pattern(FULL, cuts, single, kana, len(other))
    for written in (_ASIDE.sub(" ", person.name), person.kana):
        parts = [key_of(part) for part in _PARTS.split(written.strip())]
        whole = "".join(parts)
        if len(whole) > (3 if is_kana(whole) else 1):
            cuts = frozenset(accumulate(map(len, parts[:-1])))
            last = len(parts[-1]) if len(parts) > 1 else 2
            yield whole, Pattern(FULL, cuts, len(whole) == 2, is_kana(whole), last)


def _parts(person: Person) -> Iterator[tuple[str, Pattern]]:
    for families, givens in _names(person):
        for kind, keys in ((FAMILY, families), (GIVEN, givens)):
            for key in keys:
                if len(key) > 1 or not is_kana(key):
                    yield key, Pattern(kind, single=len(key) == 1)


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


@lru_cache(_MOST)
def of_staff(person: Person) -> StaffWritings:
    """How the name of a colleague may be written."""
    names = dict.fromkeys((key, full._replace(kind=STAFF)) for key, full in _fulls(person))
    return StaffWritings(tuple(names), frozenset(_latin(person)[0]))


@lru_cache(_MOST)
def of_patient(person: Person) -> Writings:
    """How a patient may be written."""
    names = list(_fulls(person))
    latin, families = _latin(person)
    home = addresses.address_of(person.address) if person.address else None
    insured = numbers.digits(key_of(person.insurer_number or ""))
    return Writings(
        fulls=tuple(dict.fromkeys(key for key, _ in names)),
        keyed=tuple(dict.fromkeys([*names, *_parts(person), *_places(home)])),
        latin=frozenset(latin),
        latin_family=frozenset(families),
        born=tuple(days_of(person.birth_date)) if person.birth_date else (),
        phones=frozenset(found for one in person.phones for found in numbers.phones_of(one)),
        insured=insured if len(insured) >= 6 else "",
        home=home,
    )


def _places(home: addresses.Address | None) -> Iterator[tuple[str, Pattern]]:
    if home is None:
        return
    for town in (home.town, _GA.sub("が", home.town), _GA.sub("け", home.town)):
        yield town, Pattern(TOWN)
    if home.building and home.rooms and len(home.building) > 1:
        yield home.building, Pattern(BUILDING)


def forget() -> None:
    """Let go of every name."""
    of_staff.cache_clear()
    of_patient.cache_clear()
