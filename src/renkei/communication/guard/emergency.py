"""Whether a text speaks of an emergency now, and where (N4.9).

An expression counts unless its clause denies it or speaks of what could be, or its sentence asks,
likens, or tells of another time, of planning, of what was on the news. When in doubt the telephone
is shown.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from renkei.communication.guard.denied import is_denied
from renkei.communication.guard.elsewhere import in_an_idiom, is_something_else
from renkei.communication.guard.expressions import found_in
from renkei.communication.guard.folding import Folded
from renkei.communication.guard.framed import is_framed
from renkei.communication.guard.manner import OF_DYING, is_no_value_of_now, is_told_otherwise
from renkei.communication.guard.over import is_over
from renkei.communication.guard.said import PAUSE, Said, said_at, sentence_at, sentence_ends
from renkei.communication.guard.signs import Sign, heaviest
from renkei.communication.guard.supposed import could_be, could_be_called, nearly
from renkei.communication.guard.times import is_measured_then, is_of_another_time
from renkei.communication.guard.values import Vital, better
from renkei.communication.guard.vitals import vitals
from renkei.region.vitals import SIGNS, dangerous

Alarm = tuple[int, int, str]  # in plain characters, and which kind of emergency

_KANJI = re.compile(r"[一-龥]")
_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_DIALECT = re.compile(  # 動かせへん, できひん
    r"(?:(?<=[えけせてねめれげべかさたなまらわがば])へん|(?<=[きしちにびりいみ])ひん)(?=[。、」!?\s]|ねん|わ|で|し|から|って|と|の|かっ|$)"
)
_SPACE = re.compile(r"(?<![a-z0-9])[^\S\n]+|[^\S\n]+(?![a-z0-9])")
_MOST: Final = (
    200  # values that are looked at in one text, so that no draft holds up everybody else
)


def alarms(folded: Folded) -> list[Alarm]:
    """What in the text is an emergency now; empty if nothing is."""
    plain = PAUSE.sub("。", folded.plain)
    if is_framed(plain):
        return []
    if "へん" in plain or "ひん" in plain:
        plain = _DIALECT.sub("ない", plain)
    text = _SPACE.sub("", plain)  # helpers put spaces between words
    found = _all(text)
    if not _KANJI.search(text) and (spoken := text.translate(_HIRAGANA)) != text:
        found += _all(spoken)  # in half-width katakana as a whole
    found = _apart(found)
    if not found or len(text) == len(plain):
        return found
    at = _kept(plain)
    return [(at[start], at[end - 1] + 1, kind) for start, end, kind in found]


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
    measured, ends = list(vitals(text)), sentence_ends(text)
    found = list(_dangerous(text, measured, ends))
    signs = _unusual(text, measured, ends)
    known: dict[tuple[int, re.Pattern[str]], list[re.Match[str]]] = {}

    def is_now(kind: str, start: int, end: int) -> bool:
        if in_an_idiom(text, start, end):
            return False
        return _is_now(said_at(text, start, end, ends, known), kind, measured)

    for start, end, expression in found_in(text):
        if not expression.kind:
            signs.append(Sign(start, end, expression.about, expression.weight))
        elif is_now(expression.kind, start, end):
            found.append((start, end, expression.kind))
    if not found:
        found = [(*sign[:2], "signs") for sign in _stated(signs, is_now)]
    return found


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


def _dangerous(text: str, measured: list[Vital], ends: list[int]) -> Iterator[Alarm]:
    for vital in [one for one in measured if one.danger][:_MOST]:
        first, last = sentence_at(text, vital.start, ends)
        after = text[vital.end : last]
        if is_no_value_of_now(after):
            continue
        if not is_measured_then(text[first:last], vital.start - first):
            yield vital.start, vital.end, vital.kind


def _unusual(text: str, measured: list[Vital], ends: list[int]) -> list[Sign]:
    """What was measured now and is out of the ordinary, though not dangerous by itself."""
    found = []
    for vital in measured[:_MOST]:
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
