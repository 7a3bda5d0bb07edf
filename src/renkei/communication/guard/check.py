"""The verdict on a draft: what it gives away, for this author in this group."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from renkei.communication.guard import addresses, emergency
from renkei.communication.guard.dates import dates, month_born
from renkei.communication.guard.folding import Folded, fold
from renkei.communication.guard.meaning import Hit
from renkei.communication.guard.names import hits, named
from renkei.communication.guard.numbers import numbers
from renkei.communication.guard.roster import Roster
from renkei.communication.guard.writings import BUILDING, TOWN

FREE = "free"
DIRECT = "direct"

PASS, ASK, STOP = "pass", "ask", "stop"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a draft gives away, and where in the text as it was written."""

    kind: str  # name, birth-date, phone, address, insurer-number, my-number, emergency
    start: int
    end: int
    why: str
    patients: frozenset[str] = frozenset()  # ids; none: anybody's


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with a draft, and whether the telephone comes first."""

    verdict: str
    phone: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    kind: str
    start: int  # plain
    end: int
    why: str
    patients: frozenset[int]


def check(text: str, place: str, roster: Roster, today: date) -> Verdict:
    """Judge a draft.

    Args:
        place: ``free``, ``direct``, or the id of the patient whose group it is.
        today: no day after it is one of birth; ages are told as of it.
    """
    folded = fold(text)
    alarms = emergency.alarms(folded)
    seen = [one for one in _seen(folded, roster, today) if _counts(one, place, roster)]
    findings = [_written(folded, one, roster) for one in _without_doubles(seen)]
    findings += [
        _written(folded, _Seen("emergency", *alarm, frozenset()), roster) for alarm in alarms
    ]
    return Verdict(
        _verdict(seen, place), bool(alarms), tuple(sorted(findings, key=lambda one: one.start))
    )


def _verdict(seen: list[_Seen], place: str) -> str:
    if not seen:
        return PASS
    if place == FREE or any(one.kind == "my-number" for one in seen):
        return STOP
    return ASK


def _counts(one: _Seen, place: str, roster: Roster) -> bool:
    if place == FREE or one.kind == "my-number":
        return True
    if not one.patients:
        return False
    return place == DIRECT or all(roster.ids[who] != place for who in one.patients)


def _written(folded: Folded, one: _Seen, roster: Roster) -> Finding:
    start, end = folded.place(one.start, one.end)
    whose = frozenset(roster.ids[who] for who in one.patients)
    return Finding(one.kind, start, end, one.why, whose)


def _without_doubles(seen: Iterable[_Seen]) -> list[_Seen]:
    """One finding for one place and kind: the longest, those of a patient first."""
    kept: list[_Seen] = []
    reached: dict[str, int] = {}  # by kind: how far those before reach, of which none begins later
    for one in sorted(seen, key=lambda one: (one.start, -one.end, not one.patients)):
        if one.end > reached.get(one.kind, 0):
            reached[one.kind] = one.end
            kept.append(one)
    return kept


def _seen(folded: Folded, roster: Roster, today: date) -> Iterator[_Seen]:
    plain = folded.plain
    found = hits(folded, roster)
    for name in named(folded, roster, found, today):
        yield _Seen("name", name.start, name.end, name.why, name.patients)
    yield from _dates(plain, roster, today)
    for number in numbers(plain, roster.phones, roster.insured):
        why = number.kind if number.patients or number.kind == "my-number" else "anybodys-number"
        yield _Seen(number.kind, number.start, number.end, why, number.patients)
    yield from _addresses(plain, roster, found)


def _dates(plain: str, roster: Roster, today: date) -> Iterator[_Seen]:
    for dated in dates(plain, today):
        whose: set[int] = set()
        month_only = dated.days[0][2] == 0
        if dated.sure and (not month_only or month_born(plain, dated)):
            for day in dated.days:
                whose |= roster.born.get(day, frozenset())
        if whose:
            yield _Seen("birth-date", dated.start, dated.end, "birth-date", frozenset(whose))
        elif dated.born:
            yield _Seen("birth-date", dated.start, dated.end, "anybodys-birth", frozenset())


def _addresses(plain: str, roster: Roster, found: dict[int, list[Hit]]) -> Iterator[_Seen]:
    for hit in found.get(TOWN, ()):
        at = hit.end
        while plain[at : at + 1].isspace():
            at += 1
        blocks, end, unit = addresses.blocks_at(plain, at)
        if not blocks:
            continue
        if addresses.of_a_house(plain, end):
            continue
        whose = frozenset(
            who for who in hit.who if addresses.same_block(blocks, unit, roster.addresses[who])
        )
        if whose:
            yield _Seen("address", hit.start, end, "address", whose)
    for hit in found.get(BUILDING, ()):
        rooms, end = addresses.rooms_at(plain, hit.end)
        whose = frozenset(who for who in hit.who if rooms == roster.addresses[who].rooms)
        if rooms and whose:
            yield _Seen("address", hit.start, end, "address", whose)
    if roster.kana_towns:
        for start, ending, blocks, end in addresses.kana_towns(plain):
            if theirs := roster.kana_towns.get((ending, blocks)):
                yield _Seen("address", start, end, "address", theirs)
