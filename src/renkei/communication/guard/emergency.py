"""Whether a text speaks of an emergency now, and where (N4.9).

Two readers have a say. One knows lists of expressions and signs: an expression counts unless its
clause denies it or speaks of what could be, or its sentence asks, likens, or tells of another time,
of planning, of what was on the news. The other was taught by labelled drafts how sentences of an
emergency are worded (``learned``). What the first finds counts unless the second is far from
believing it; where a sentence says nothing else, it is not asked. What only the second hears counts
if it is sure, and where the first found a denial, if it is very sure. A dangerous value that was
measured now counts however it is told.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Final

from renkei.communication.guard.denied import is_denied
from renkei.communication.guard.elsewhere import in_an_idiom, is_something_else
from renkei.communication.guard.expressions import found_in
from renkei.communication.guard.folding import Folded
from renkei.communication.guard.framed import is_framed
from renkei.communication.guard.learned import Heard, heard
from renkei.communication.guard.manner import OF_DYING, is_no_value_of_now, is_told_otherwise
from renkei.communication.guard.over import is_over
from renkei.communication.guard.said import PAUSE, Said, said_at, sentence_at, sentence_ends
from renkei.communication.guard.signs import Sign, heaviest
from renkei.communication.guard.supposed import could_be, could_be_called, nearly
from renkei.communication.guard.times import is_measured_then, is_of_another_time
from renkei.communication.guard.values import Vital, better
from renkei.communication.guard.vitals import vitals
from renkei.kernel.japanese.kana import TO_HIRAGANA
from renkei.region.vitals import SIGNS, dangerous

Alarm = tuple[int, int, str]  # in plain characters, and which kind of emergency

_KANJI = re.compile(r"[一-龥]")
_DIALECT = re.compile(  # 動かせへん, できひん
    r"(?:(?<=[えけせてねめれげべかさたなまらわがば])へん|(?<=[きしちにびりいみ])ひん)(?=[。、」!?\s]|ねん|わ|で|し|から|って|と|の|かっ|$)"
)
_SPACE = re.compile(r"(?<![a-z0-9])[^\S\n]+|[^\S\n]+(?![a-z0-9])")
# Logarithms of the odds of a sentence: what is listed in it counts above DOUBTED; without it the
# sentence is an emergency above LIKELY, and where what is listed is denied, above CLEARLY.
DOUBTED: Final = -1.75
LIKELY: Final = 2.0
CLEARLY: Final = 5.0
_FEW: Final = 2  # letters beside what is listed that leave nothing to doubt
_SHORT: Final = 20  # letters of the longest sentence that may say nothing else
_MARKS: Final = "。!?、 \n・-"
_MOST: Final = (
    200  # values that are looked at in one text, so that no draft holds up everybody else
)


def alarms(folded: Folded) -> list[Alarm]:
    """What in the text is an emergency now; empty if nothing is."""
    plain = _stated_plainly(folded)
    if is_framed(plain):
        return []
    text = _SPACE.sub("", plain)  # helpers put spaces between words
    found = _all(text)
    if not _KANJI.search(text) and (spoken := text.translate(TO_HIRAGANA)) != text:
        found += _all(spoken)  # in half-width katakana as a whole
    found = _apart(found)
    if not found or len(text) == len(plain):
        return found
    at = _kept(plain)
    return [(at[start], at[end - 1] + 1, kind) for start, end, kind in found]


def letters_of(folded: Folded) -> str:
    """The letters of a text in which emergencies are looked for."""
    return _SPACE.sub("", _stated_plainly(folded))


def _stated_plainly(folded: Folded) -> str:
    plain = PAUSE.sub("。", folded.plain)
    return _DIALECT.sub("ない", plain) if "へん" in plain or "ひん" in plain else plain


def _kept(plain: str) -> list[int]:
    """Where each character stood before the spaces were taken out."""
    kept: list[int] = []
    last = 0
    for gap in _SPACE.finditer(plain):
        kept.extend(range(last, gap.start()))
        last = gap.end()
    kept.extend(range(last, len(plain)))
    return kept


def _apart(found: list[Alarm]) -> list[Alarm]:
    kept: list[Alarm] = []
    for alarm in sorted(found, key=lambda one: (one[0], -one[1])):
        if not kept or alarm[0] >= kept[-1][1]:
            kept.append(alarm)
    return kept


def _all(text: str) -> list[Alarm]:
    ends = sentence_ends(text)
    measured = measured_in(text, ends)
    found = [(one.start, one.end, one.kind) for one in measured if one.danger]
    said = [
        one
        for one in heard(text, measured)
        if one.odds > DOUBTED or _says_nothing_else(text[one.start : one.end])
    ]
    if not said:
        return found
    listed, denied = _listed(text, measured, ends)
    found += [alarm for alarm in listed if any(_stands_in(one, alarm) for one in said)]
    return found or [
        (one.start, one.end, "wording")
        for one in said
        if one.odds > (CLEARLY if any(_stands_in(one, alarm) for alarm in denied) else LIKELY)
    ]


def _says_nothing_else(sentence: str) -> bool:
    """Whether a sentence is what is listed and hardly more: 意識なし。 leaves nothing to doubt."""
    bare = sentence.strip(_MARKS)
    return (
        len(bare) <= _SHORT
        and "?" not in sentence
        and any(
            one.expression.kind and one.end - one.start >= len(bare) - _FEW
            for one in found_in(bare)
        )
    )


def _stands_in(sentence: Heard, alarm: Alarm) -> bool:
    return alarm[0] < sentence.end and sentence.start < alarm[1]


def _listed(text: str, measured: list[Vital], ends: list[int]) -> tuple[list[Alarm], list[Alarm]]:
    """What stands in the lists and is an emergency now, and what is none now."""
    signs = _unusual(text, measured, ends)
    known: dict[tuple[int, re.Pattern[str]], list[re.Match[str]]] = {}

    def is_now(kind: str, start: int, end: int) -> bool:
        if in_an_idiom(text, start, end):
            return False
        return _is_now(said_at(text, start, end, ends, known), kind, measured)

    found: list[Alarm] = []
    denied: list[Alarm] = []
    for start, end, expression in found_in(text):
        if not expression.kind:
            signs.append(Sign(start, end, expression.about, expression.weight))
        elif is_now(expression.kind, start, end):
            found.append((start, end, expression.kind))
        else:
            denied.append((start, end, expression.kind))
    if not found:
        found = [(*sign[:2], "signs") for sign in _stated(signs, is_now)]
    return found, denied


def _stated(signs: list[Sign], is_now: Callable[[str, int, int], bool]) -> list[Sign]:
    """The signs that weigh enough together and are stated of now, each."""
    while near := heaviest(signs):
        otherwise = [
            sign
            for sign in near
            if sign.about not in SIGNS and not is_now(sign.about, sign.start, sign.end)
        ]
        if not otherwise:
            return near
        signs = [sign for sign in signs if sign not in otherwise]
    return []


def measured_in(text: str, ends: list[int]) -> list[Vital]:
    """The vital signs in a text; a value of another time is not dangerous now."""
    return [
        replace(vital, danger=False)
        if vital.danger and not _is_of_now(text, vital, ends)
        else vital
        for vital in islice(vitals(text), _MOST)
    ]


def _is_of_now(text: str, vital: Vital, ends: list[int]) -> bool:
    first, last = sentence_at(text, vital.start, ends)
    if is_no_value_of_now(text[vital.end : last]):
        return False
    return not is_measured_then(text[first:last], vital.start - first)


def _unusual(text: str, measured: list[Vital], ends: list[int]) -> list[Sign]:
    """What was measured now and is out of the ordinary, though not dangerous by itself."""
    found = []
    for vital in measured:
        if vital.kind not in SIGNS or dangerous(vital.kind, vital.value):
            continue
        if SIGNS[vital.kind].usual.side(vital.value) and not better(text, vital.end, vital.kind):
            first, last = sentence_at(text, vital.start, ends)
            if not is_measured_then(text[first:last], vital.start - first):
                found.append(Sign(vital.start, vital.end, vital.kind, 2))
    return found


def _is_now(said: Said, kind: str, measured: list[Vital]) -> bool:
    if is_something_else(said, kind) or is_denied(said) or could_be(said) or nearly(said, kind):
        return False
    if kind == "calling" and could_be_called(said):
        return False
    if kind == "breathing" and "下" in said.words and _measured_well(measured, said):
        return False
    if is_told_otherwise(said, kind) or is_of_another_time(said):
        return False
    over = kind not in OF_DYING and is_over(said.text[said.end : said.last + 40])
    return not over


def _measured_well(measured: list[Vital], said: Said) -> bool:
    """Whether what is said to sink was measured, and well."""
    return any(
        said.start - 12 <= vital.start <= said.last and vital.kind == "spo2" and not vital.danger
        for vital in measured
    )
