"""Patients named in a text: in full in any writing, or family and given name near each other.

The automaton says where the letters stand, ``meaning`` whether a name is meant.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from renkei.communication.guard import romaji
from renkei.communication.guard.folding import Folded, key_of
from renkei.communication.guard.meaning import (
    Hit,
    colleague,
    family_meant,
    given_meant,
    honoured_at,
    whole,
)
from renkei.communication.guard.roster import APART, Roster, age_today
from renkei.communication.guard.writings import FAMILY, FULL, GIVEN, STAFF, TOWN, Pattern

_NOBODY: frozenset[int] = frozenset()
NEAR = 25  # characters between a family name and a given name that belong together

_AGE = re.compile(r"(?<!\d)(\d{2,3})\s*(?:歳|才|さい)|[(（]\s*(\d{2,3})\s*[)）]")
_OF_AGES = ("歳", "才", "さい", "(", "（")
_MASK = "○〇◯●×✕✖*＊■□△▲?x※_・"
_INITIAL = re.compile(r"(?<![a-z])[a-z][.\s]{1,2}$")
AROUND = 7  # characters to either side of what is hidden that a name may reach
_HINTS = frozenset(_MASK + "abcdefghijklmnopqrstuvwxyz")
_MASKED = re.compile(
    rf"[{re.escape(_MASK)}]|(?<![a-z])[a-z](?=[一-龥ぁ-んァ-ヶ])|(?<=[一-龥ぁ-んァ-ヶ])[a-z](?![a-z])"
)


@dataclass(frozen=True, slots=True)
class Named:
    """A patient named, in plain characters."""

    start: int
    end: int
    why: str  # full-name, near-names, masked-name
    patients: frozenset[int]


def hits(folded: Folded, roster: Roster) -> dict[int, list[Hit]]:
    """All strings of the roster in the text."""
    found: dict[int, list[Hit]] = defaultdict(list)
    if roster.automaton is None:
        return found
    of_key, plain = folded.of_key, folded.plain
    for which, first, last in roster.automaton.find_matches_as_indexes(
        folded.key, overlapping=True
    ):
        start, end = of_key[first], of_key[last - 1] + 1
        for pattern, who in roster.patterns[which]:
            if end - start == last - first or _joined(plain, of_key, first, last, pattern):
                found[pattern.kind].append(Hit(start, end, pattern, who))
    return found


def _joined(plain: str, of_key: Sequence[int], first: int, last: int, pattern: Pattern) -> bool:
    """Whether what stands between the characters may stand there in a name."""
    for at in range(first + 1, last):
        if of_key[at] - of_key[at - 1] == 1:
            continue
        between = plain[of_key[at - 1] + 1 : of_key[at]]
        if len(between) > 4 or between.count("\n") > 1:
            return False
        if (at - first) in pattern.cuts:
            if pattern.single and not between.isspace():
                return False
        elif pattern.kana and between in "・=":
            continue
        elif not between.isspace() or "\n" in between:
            return False
    return True


def named(folded: Folded, roster: Roster, found: dict[int, list[Hit]], today: date) -> list[Named]:
    """The patients named in a text."""
    plain = folded.plain
    staff = [hit for hit in found.get(STAFF, ()) if whole(plain, hit)]
    names: dict[tuple[int, int], set[int]] = defaultdict(set)
    for hit in found.get(FULL, ()):
        if whole(plain, hit) and not colleague(plain, hit, staff):
            names[hit.start, hit.end] |= hit.who
    spans = _longest([Named(*span, "full-name", frozenset(who)) for span, who in names.items()])
    spans += _latin(plain, roster)
    spans += _near(plain, found, staff, spans)
    hinted = found.get(GIVEN) or not _HINTS.isdisjoint(plain)
    if hinted and (clues := _clues(plain, roster, found, today)):
        spans += _with_clue(plain, roster, found, clues)
    return spans


def _longest(spans: list[Named]) -> list[Named]:
    """Without those that lie within a longer one: 佐藤一 within 佐藤一郎."""
    return [
        one
        for one in spans
        if not any(
            other.start <= one.start
            and one.end <= other.end
            and (one.end - one.start) < (other.end - other.start)
            for other in spans
        )
    ]


def _near(
    plain: str, found: dict[int, list[Hit]], staff: list[Hit], spans: list[Named]
) -> Iterator[Named]:
    families, givens = _by_patient(found.get(FAMILY, ())), _by_patient(found.get(GIVEN, ()))
    pairs: dict[tuple[int, int], set[int]] = defaultdict(set)
    for who in families.keys() & givens.keys():
        if any(who in span.patients for span in spans):
            continue
        meant = [hit for hit in givens[who] if given_meant(plain, hit) and not _inside(hit, staff)]
        if not meant:
            continue
        for one in families[who]:
            if _inside(one, staff) or not family_meant(plain, one):
                continue
            for other in meant:
                if other.start >= one.end and other.start - one.end <= NEAR:
                    pairs[one.start, other.end].add(who)
                elif one.start >= other.end and one.start - other.end <= NEAR:
                    pairs[other.start, one.end].add(who)
    for (start, end), who_all in pairs.items():
        if not any(span.start <= start and end <= span.end for span in spans):
            yield Named(start, end, "near-names", frozenset(who_all))


def _by_patient(found: Sequence[Hit]) -> dict[int, list[Hit]]:
    by_patient: dict[int, list[Hit]] = defaultdict(list)
    for hit in found:
        for who in hit.who:
            by_patient[who].append(hit)
    return by_patient


def _inside(hit: Hit, others: list[Hit]) -> bool:
    return any(other.start <= hit.start and hit.end <= other.end for other in others)


def _latin(plain: str, roster: Roster) -> Iterator[Named]:
    if not roster.latin:
        return
    words = list(romaji.WORD.finditer(plain))
    spelt = [romaji.canonical(word.group()) for word in words]
    for first, word in enumerate(words):
        joined = ""
        for last in range(first, min(first + 7, len(words))):
            if last > first and not romaji.BETWEEN.fullmatch(
                plain, words[last - 1].end(), words[last].start()
            ):
                break
            joined += spelt[last]
            whose = roster.latin.get(joined)
            if whose and joined not in roster.latin_staff:
                yield Named(word.start(), words[last].end(), "full-name", whose)


def _clues(plain: str, roster: Roster, found: dict[int, list[Hit]], today: date) -> set[int]:
    """The patients of whom the text tells the town or the age, which identifies nobody alone."""
    clues: set[int] = set()
    for hit in found.get(TOWN, ()):
        clues |= hit.who
    ages = _AGE.finditer(plain) if any(one in plain for one in _OF_AGES) else ()
    told = {int(age[1] or age[2]) for age in ages}
    if told:
        clues |= {who for who, year in roster.ages.items() if told & set(age_today(year, today))}
    return clues


def _with_clue(
    plain: str, roster: Roster, found: dict[int, list[Hit]], clues: set[int]
) -> Iterator[Named]:
    """A name half hidden or shortened, of somebody whom the text also tells of otherwise."""
    for hit in found.get(GIVEN, ()):
        whose = hit.who & clues
        if whose and hit.end - hit.start > 1:
            if given_meant(plain, hit) and honoured_at(plain, hit.end):
                yield Named(hit.start, hit.end, "masked-name", whose)
    for word in romaji.WORD.finditer(plain):
        whose = roster.latin_family.get(romaji.canonical(word.group()), _NOBODY) & clues
        if whose and (initial := _initial(plain, word)):
            yield Named(*initial, "masked-name", whose)
    yield from _masked(plain, roster, clues)


def _masked(plain: str, roster: Roster, clues: set[int]) -> Iterator[Named]:
    """Names of which some characters are hidden.

    Two characters that are seen lead to the few names in which they stand so near each other: what
    is looked at grows with the text, and not with the text times everybody in the roster.
    """
    hints = [hint.start() for hint in _MASKED.finditer(plain)]
    if not hints:
        return
    keys = {one: key_of(one) for one in set(plain)}
    written = [keys[one] for one in plain]
    nearest: dict[tuple[int, str, int], int] = {}  # by patient, name and hint: where it begins
    for start, (who, name) in _begun(written, _near_a_hint(hints, len(plain)), roster, clues):
        if _behind_mask(plain, written, name, start):
            length = len(name)
            first = bisect_left(hints, start + max(0, length - 1 - AROUND))
            last = bisect_right(hints, start + min(length - 1, AROUND))
            for hint in hints[first:last]:
                nearest[who, name, hint] = max(start, nearest.get((who, name, hint), 0))
    for start, length, who in sorted({(at, len(n), w) for (w, n, _), at in nearest.items()}):
        yield Named(start, start + length, "masked-name", frozenset((who,)))


def _near_a_hint(hints: Sequence[int], length: int) -> Iterator[int]:
    """The places in a text from which a name that is half hidden may reach to a hint."""
    done = 0
    for hint in hints:
        yield from range(max(done, hint - AROUND), min(hint + AROUND + 1, length))
        done = hint + AROUND + 1


def _begun(
    written: Sequence[str], places: Iterable[int], roster: Roster, clues: set[int]
) -> set[tuple[int, tuple[int, str]]]:
    """Where which names would begin of which two characters stand there."""
    begun: set[tuple[int, tuple[int, str]]] = set()
    table = roster.by_two_characters
    for at in places:
        for gap in range(1, min(APART, len(written) - 1 - at) + 1):
            for who, name, place in table.get((written[at], written[at + gap], gap), ()):
                if at >= place and who in clues:
                    begun.add((at - place, (who, name)))
    return begun


def _initial(plain: str, word: re.Match[str]) -> tuple[int, int] | None:
    before = _INITIAL.search(plain, max(0, word.start() - 3), word.start())
    if before:
        return before.start(), word.end()
    after = re.match(r"[,\s]{1,2}[a-z](?:\.|(?![a-z]))", plain[word.end() :])
    return (word.start(), word.end() + after.end()) if after else None


def _behind_mask(plain: str, written: Sequence[str], name: str, start: int) -> bool:
    """Whether a name stands there of which some characters are hidden, and at least half is seen."""
    if start + len(name) > len(plain):
        return False
    seen = hidden = 0
    for place, other in enumerate(name, start):
        one = plain[place]
        if written[place] == other:
            seen += 1
        elif one in _MASK or (one.isascii() and one.isalpha()):
            hidden += 1
        else:
            return False
    return bool(hidden) and seen >= 2 and seen >= hidden
