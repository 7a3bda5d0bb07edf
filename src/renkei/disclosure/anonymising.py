"""What in a text says who somebody is, and what to put there instead (A16.d).

Pure: text in, proposals out. Everything is proposed and nothing is done: a person decides each of
them, and what may never stay is refused while it stays. It does not find everything, so a person
reads the whole as well.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from renkei.disclosure import dating
from renkei.disclosure.notation import Folded, comparable, fold, number
from renkei.disclosure.words import GENERIC, NO_NAME, SURNAMES
from renkei.kernel.japanese import romanise, split_name, town

TAKE, LEAVE, CHANGE = "take", "leave", "change"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose name is known here."""

    name: str
    kana: str = ""
    stands_for: str = "A氏"  # what is put in the place of the name
    strict: bool = False  # never stays: the patient and those around them


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the people of a group, and of the day a text was written."""

    people: tuple[Person, ...] = ()
    organizations: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()  # telephones, insurer numbers: never stay
    born: date | None = None
    written: date = date(2000, 1, 1)
    shift: int = 0  # days by which every date of this extract is moved


@dataclass(frozen=True, slots=True)
class Found:
    """One place in a text."""

    start: int
    end: int
    kind: str  # name age date birth place organization number
    text: str
    proposal: str
    strict: bool  # may be taken out or changed, but not left

    @property
    def key(self) -> str:
        """What names it in a form."""
        return f"{self.start}-{self.end}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about one place."""

    choice: str
    text: str = ""  # of a change: what stands there instead


@dataclass(frozen=True, slots=True)
class _Hit:
    """A place in the folded text."""

    start: int
    end: int
    kind: str
    proposal: str
    strict: bool = False
    rank: int = field(default=5)  # the lower one wins where two overlap


_SEP: Final = r"[\s・,.、=]*"
_HONORIFIC: Final = r"(?:さん|さま|様|氏|ちゃん|くん|君|殿|先生|じいちゃん|ばあちゃん|宅)"
_TITLE: Final = (
    r"(?:(?:訪問)?看護師|医師|歯科医師|薬剤師|管理栄養士|理学療法士|作業療法士|言語聴覚士|相談員|"
    r"介護士|ヘルパー|ケアマネ(?:ジャー)?|主任|所長|院長|師長|Dr|Ns|PT|OT|ST)"
)
_CALLED: Final = re.compile(rf"([一-龯々〆ヶ﨑髙𠮷-𫠝]{{1,5}}|[ァ-ヴー]{{2,8}})(?={_HONORIFIC})")
_TITLED: Final = re.compile(rf"([一-龯々ヶ﨑髙𠮷-𫠝]{{2,4}})(?={_TITLE})")
_INITIALS: Final = re.compile(
    rf"(?<![A-Za-z])[A-Z][.・]?\s?(?:[A-Z][.]?)?(?={_HONORIFIC})|(?<![A-Za-z])[A-Z]\.\s?[A-Z]\."
)
_AGE: Final = re.compile(
    r"(?:満|年齢\s?[::]?\s?)?(?<![0-9.])(1?[0-9]{1,2}|[一二三四五六七八九十百]{1,4})\s?(?:歳|才)"
    r"|(?<![0-9A-Za-z.])(1?[0-9]{2})\s?(?:y/?o|yo)(?![A-Za-z])",
    re.IGNORECASE,
)
_BIRTHDAY_AGE: Final = "90歳以上"
_PLACE: Final = re.compile(
    r"〒\s?[0-9]{3}-?[0-9]{4}"
    r"|(?:東京都|北海道|大阪府|京都府|[一-龯]{2,3}県)"
    r"|(?:[一-龯々ヶァ-ヴー]|(?<=[一-龯ァ-ヴ])[のが](?=[一-龯])|みどり(?=野)){1,6}(?:市|区|町|村|郡)"
    r"(?![民立役場内外長費])(?:[一二三四五六七八九十0-9]{1,3}丁目)?(?:[0-9]{1,4}(?:-[0-9]{1,4}){1,3}"
    r"|[一二三四五六七八九十0-9]{1,4}番地?(?:の?[一二三四五六七八九十0-9]{1,3}号?)?)?"
    r"|[一二三四五六七八九十0-9]{1,3}丁目(?:[0-9]{1,4}(?:-[0-9]{1,4}){0,2}"
    r"|[一二三四五六七八九十0-9]{1,4}番地?(?:の?[一二三四五六七八九十0-9]{1,3}号?)?)?"
    r"|(?:[一-龯ァ-ヴー]{1,8})?(?:団地|ハイツ|コーポ|メゾン|マンション|アパート)[一-龯ァ-ヴーA-Z]{0,8}"
    r"(?:[0-9]{1,3}棟)?(?:[0-9]{1,4}(?:号室|号)?)?"
    r"|[0-9]{1,4}号室|[一-龯々ヶ]{2,5}駅"
)
_COUNTED: Final = re.compile(r"[0-9一二三四五六七八九十](?:丁目|番|号|-)")
_ORGANIZATION: Final = re.compile(
    r"[一-龯々ヶァ-ヴーA-Za-z]{1,14}(?:病院|医院|クリニック|診療所|薬局|訪問看護ステーション|ステーション|"
    r"ケアセンター|包括支援センター|デイサービス|デイケア|老人ホーム|事業所|保健所|小学校|中学校|高校|大学|"
    r"株式会社|製作所|銀行)"
)
_NUMBER: Final = re.compile(
    r"\+81[-\s]?[0-9]{1,4}[-\s]?[0-9]{1,4}[-\s]?[0-9]{3,4}"
    r"|(?<![0-9A-Za-z.])\(?0[0-9]{1,4}\)?[-ー\s]?[0-9]{1,4}[-ー\s)]?[0-9]{3,4}(?![0-9.])"
    r"|〇[一二三四五六七八九〇]{1,3}[-－][一二三四五六七八九〇]{1,4}[-－][一二三四五六七八九〇]{4}"
    r"|(?<![0-9A-Za-z])[0-9]{4}[-\s]?[0-9]{4}[-\s]?[0-9]{4}(?![0-9])"
    r"|(?<![0-9A-Za-z])[A-Z]{0,2}[0-9]{6,12}(?![0-9])"
    r"|(?<=番号)[\s::はが]*[A-Za-z]{0,3}[0-9-]{3,14}|(?<=ID)[\s::は]*[A-Za-z]{0,3}[0-9-]{3,14}"
    r"|(?<=記号)[\s::は]*[ぁ-んァ-ヶA-Za-z0-9-]{1,10}|(?<=枝番)[\s::は]*[0-9]{1,3}"
    r"|[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,}|https?://[!-~]+"
)


def find(text: str, known: Known) -> list[Found]:
    """Every place of the text that may say who somebody is, in the order of the text."""
    folded = fold(text)
    hits = [
        *_known_names(folded, known),
        *_known_words(folded, known),
        *dating.dates(folded.narrow, known.born, known.written, known.shift, _Hit),
        *_ages(folded),
        *_numbers(folded),
        *_organizations(folded),
        *_places(folded, known),
        *_called(folded),
    ]
    return [_found(text, folded, one) for one in _apart(hits, len(folded.narrow))]


def _apart(hits: list[_Hit], length: int) -> list[_Hit]:
    """Of those that overlap the one of lower rank, then the longer; in the order of the text."""
    kept, taken = [], bytearray(length)
    for one in sorted(hits, key=lambda hit: (hit.rank, hit.start - hit.end, hit.start)):
        if one.end > one.start and not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
            kept.append(one)
    return sorted(kept, key=lambda hit: hit.start)


def _found(text: str, folded: Folded, hit: _Hit) -> Found:
    start, end = folded.span(hit.start, hit.end)
    return Found(start, end, hit.kind, text[start:end], hit.proposal, hit.strict)


# ── Names ────────────────────────────────────────────────────────────────────────────────────────


def _known_names(folded: Folded, known: Known) -> Iterator[_Hit]:
    for person in known.people:
        for pattern, rank in _patterns(person):
            for found in re.finditer(pattern, folded.plain):
                put = _put(person, folded.plain[found.end() :])
                yield _Hit(*found.span(), "name", put, person.strict, rank)


def _put(person: Person, after: str) -> str:
    """What stands for a name: 「A氏」, and 「A」 where 「さん」 or the like follows already."""
    called = re.match(_HONORIFIC, after)
    return person.stands_for.removesuffix("氏") if called else person.stands_for


def _patterns(person: Person) -> Iterator[tuple[str, int]]:
    """The ways in which a known name is written: in kanji, kana and letters, whole or in part."""
    for written in (person.name, person.kana):
        surname, given = (re.escape(comparable(one)) for one in split_name(written))
        if surname and given:
            yield rf"{surname}{_SEP}{given}", 0
            yield rf"{given}{_SEP}{surname}", 0
        for part in (surname, given):
            if len(part) > 1 and written == person.name and not re.fullmatch(r"[ぁ-んー]+", part):
                yield part, 1
            elif part:
                yield rf"{part}(?={_HONORIFIC})", 1
    surname, given = split_name(person.kana)
    for one in romanise(surname) if given else ():
        for other in romanise(given):
            yield rf"(?<![a-z])(?:{one}[\s,.]*{other}|{other}[\s,.]*{one})(?![a-z])", 0
            yield rf"(?<![a-z]){other[:1]}\.\s?{one}(?![a-z])", 1


def _called(folded: Folded) -> Iterator[_Hit]:
    """Whoever is called by a name: 「…さん」「…様」「…医師」, whether known here or not."""
    for pattern in (_CALLED, _TITLED):
        for found in pattern.finditer(folded.narrow):
            start = found.end() - len(_name_within(found[1]))
            if start < found.end():
                yield _Hit(start, found.end(), "name", "○○", rank=6)
    for found in _INITIALS.finditer(folded.narrow):
        yield _Hit(*found.span(), "name", "○", rank=7)


def _name_within(run: str) -> str:
    """The name at the end of a run of letters; empty if it is no name."""
    if run in NO_NAME:
        return ""
    for length in range(len(run), 0, -1):
        end = run[-length:]
        if comparable(end) in _COMPARABLE_SURNAMES:
            return end
    for length in range(len(run), 0, -1):
        if run[-length:] in NO_NAME:
            return ""
    return run


_COMPARABLE_SURNAMES: Final = frozenset(comparable(one) for one in SURNAMES)


# ── What is known, ages, places, numbers ─────────────────────────────────────────────────────────


def _known_words(folded: Folded, known: Known) -> Iterator[_Hit]:
    for kind, words, put, strict in (
        ("organization", known.organizations, "○○事業所", False),
        ("place", known.addresses, "（住所）", True),
        ("number", known.numbers, "（番号）", True),
    ):
        for word in words:
            wanted = comparable(word)
            if len(wanted) < 2:
                continue
            pattern = _spaced(wanted) if kind == "number" else re.escape(wanted)
            for found in re.finditer(pattern, folded.plain):
                yield _Hit(*found.span(), kind, put, strict, 1)


def _spaced(digits: str) -> str:
    """A number however it is parted: 0000-00-0101, 0000000101, 0000 00 0101."""
    bare = [re.escape(one) for one in digits if one.isalnum()]
    return r"(?<![0-9])\(?" + r"[-ー\s()]{0,2}".join(bare) + r"(?![0-9])"


def _ages(folded: Folded) -> Iterator[_Hit]:
    for found in _AGE.finditer(folded.narrow):
        age = number(found[1] or found[2])
        if age is not None:
            yield _Hit(*found.span(), "age", decade(age), rank=3)


def decade(age: int) -> str:
    """An age as far as it may be said: 80代; from 90 on and below 10 as one."""
    if age >= 90:
        return _BIRTHDAY_AGE
    return f"{age // 10 * 10}代" if age >= 10 else "10歳未満"


def _numbers(folded: Folded) -> Iterator[_Hit]:
    for found in _NUMBER.finditer(folded.narrow):
        yield _Hit(*found.span(), "number", "（番号）", rank=4)


def _organizations(folded: Folded) -> Iterator[_Hit]:
    for found in _ORGANIZATION.finditer(folded.narrow):
        if found[0] not in GENERIC:
            end = re.search(
                r"(病院|医院|クリニック|診療所|薬局|ステーション|学校|高校|大学)$", found[0]
            )
            yield _Hit(*found.span(), "organization", "○○" + (end[1] if end else "事業所"), rank=4)


def _places(folded: Folded, known: Known) -> Iterator[_Hit]:
    """Places by their shape; with a number in a town where the patient lives, it may not stay."""
    towns = {re.sub(r"^.*[都道府県市区郡]", "", town(one)) for one in known.addresses}
    for found in _PLACE.finditer(folded.narrow):
        ends = re.search(r"(都|道|府|県|市|区|町|村|郡|駅)$", found[0])
        home = bool(_COUNTED.search(found[0])) and any(one and one in found[0] for one in towns)
        yield _Hit(*found.span(), "place", "○○" + (ends[1] if ends else ""), home, 5)


# ── What a person decided ────────────────────────────────────────────────────────────────────────


def applied(text: str, found: Iterable[Found], decided: Mapping[str, Decision]) -> str:
    """The text with every decision carried out."""
    parts, at = [], 0
    for one in found:
        decision = decided[one.key]
        parts.append(text[at : one.start])
        parts.append({TAKE: one.proposal, LEAVE: one.text, CHANGE: decision.text}[decision.choice])
        at = one.end
    return "".join([*parts, text[at:]])


def undecided(found: Iterable[Found], decided: Mapping[str, Decision]) -> list[Found]:
    """What nobody has decided, and what was decided in a way that may not be."""
    return [
        one
        for one in found
        if (decision := decided.get(one.key)) is None
        or decision.choice not in (TAKE, LEAVE, CHANGE)
        or (decision.choice == LEAVE and one.strict)
    ]


def still_there(extract: str, known: Known) -> list[Found]:
    """What may never leave and stands in the extract all the same."""
    return [one for one in find(extract, known) if one.strict]
