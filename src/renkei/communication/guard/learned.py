"""How much each sentence speaks of an emergency now, as learned from labelled drafts (N4.9).

Every one, two or three letters in a row weigh for or against; ``learned.txt`` says how much, in
1/32 of the logarithm of the odds. ``tools/learn.py`` wrote it by logistic regression on sentences
of the labelled drafts, those it is measured by left out. The letters hear what no list holds, how
a sentence goes on, and who speaks to whom; what they cannot read are numbers, so a vital sign
stands in them only as dangerous or not.

A long sentence is heard in its parts as well: each of its letters weighs, and what is harmless in
it must not outweigh what is not.
"""

import re
from collections.abc import Iterable, Iterator
from operator import add, itemgetter
from pathlib import Path
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick

from renkei.communication.guard.values import Vital
from renkei.kernel.japanese.kana import TO_HIRAGANA

ODDS: Final = 32  # of one in logarithm: what a weight of 1 stands for
LONG: Final = 40  # letters; nine of ten sentences of the drafts are shorter
FILE: Final = Path(__file__).parent / "learned.txt"
_END: Final = re.compile(r"(?:[。!?\n]|(?<=[ぁ-んァ-ヶー一-龥])(?:\(\+\)|\+))+")
_PAUSE: Final = re.compile(r"[^\w%.(「]+")  # where a long sentence may be taken apart
_NUMERALS: Final = "0123456789〇一二三四五六七八九十百"
_DANGEROUS: Final = {ord(one): "危" for one in _NUMERALS}
_USUAL: Final = {ord(one): "常" for one in _NUMERALS}
_SOFT: Final = re.compile(r"[ぁ-ん一-龥]")
_AMBULANCE: Final = re.compile(r"(?<!\d)119(?!\d)")
_ALIKE: Final = {ord(one): "0" for one in "123456789"}


class Heard(NamedTuple):
    """A sentence or a part of one: where, and the logarithm of the odds that it tells of one."""

    start: int
    end: int
    odds: float


def heard(text: str, measured: Iterable[Vital]) -> list[Heard]:
    """The sentences of a text in which ``measured`` was read, and parts, each heard by itself."""
    letters = as_learned(text, measured)
    return [
        Heard(start, end, _odds(letters[start:end]))
        for whole in sentences(text)
        for start, end in (whole, *_parts(text, *whole))
    ]


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of a text stand; those without a letter are left out."""
    start = 0
    for end in (*(one.end() for one in _END.finditer(text)), len(text)):
        if text[start:end].strip("。!?、 \n"):
            yield start, end
        start = end


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where a long sentence is taken apart; not after every word, since a few letters say little."""
    if end - start <= LONG:
        return
    at = start
    for pause in _PAUSE.finditer(text, start, end):
        if pause.end() - at >= LONG // 2:
            yield at, pause.end()
            at = pause.end()
    if start < at < end:
        yield at, end


def as_learned(text: str, measured: Iterable[Vital]) -> str:
    """The text, as long as before: all digits alike, those of vital signs as dangerous or not."""
    if not _SOFT.search(text):  # somebody who writes in katakana alone
        text = text.translate(TO_HIRAGANA)
    parts: list[str] = []
    at = 0
    for vital in sorted(measured, key=lambda one: one.start):
        if vital.start >= at:
            value = text[vital.start : vital.end]
            parts += text[at : vital.start], value.translate(_DANGEROUS if vital.danger else _USUAL)
            at = vital.end
    said = "".join((*parts, text[at:]))
    return (_AMBULANCE.sub("救急車", said) if "119" in said else said).translate(_ALIKE)


def runs(sentence: str) -> set[str]:
    """Its letters, one, two and three in a row."""
    said = sentence.strip()
    pairs = list(map(add, said, said[1:]))
    return {*said, *pairs, *map(add, pairs, said[2:])}


def _odds(sentence: str) -> float:
    """By the runs in it that were learned, each once."""
    found = _RUNS.find_matches_as_indexes(sentence.strip(), overlapping=True)
    return (_AT_FIRST + sum(map(_WEIGHTS.__getitem__, set(map(itemgetter(0), found))))) / ODDS


def _read() -> tuple[AhoCorasick, list[int], int]:
    """What finds the learned runs, how much each weighs, and what every sentence begins with."""
    weights: dict[str, int] = {}
    for line in FILE.read_text(encoding="utf-8").split("\n"):
        weight, tab, run = line.partition("\t")
        if tab:
            weights[run] = int(weight)
    at_first = weights.pop("")  # of no letters at all
    return AhoCorasick(list(weights)), list(weights.values()), at_first


_RUNS, _WEIGHTS, _AT_FIRST = _read()
