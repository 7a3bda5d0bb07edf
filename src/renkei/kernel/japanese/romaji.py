"""Kana in Latin letters, in all the ways in which people write their own names."""

import re
from itertools import pairwise

from renkei.kernel.japanese.kana import fold_kana

# Hepburn; what Kunrei writes otherwise follows below.
_ROWS = {
    "": "あいうえお",
    "k": "かきくけこ",
    "s": "さしすせそ",
    "t": "たちつてと",
    "n": "なにぬねの",
    "h": "はひふへほ",
    "m": "まみむめも",
    "r": "らりるれろ",
    "g": "がぎぐげご",
    "z": "ざじずぜぞ",
    "d": "だぢづでど",
    "b": "ばびぶべぼ",
    "p": "ぱぴぷぺぽ",
}
_KUNREI = {
    kana: consonant + vowel
    for consonant, row in _ROWS.items()
    for kana, vowel in zip(row, "aiueo", strict=True)
} | {"や": "ya", "ゆ": "yu", "よ": "yo", "わ": "wa", "ゐ": "i", "ゑ": "e", "を": "o", "ゔ": "vu",
     "ん": "n", "ぢ": "zi", "づ": "zu"}  # fmt: skip
_HEPBURN = _KUNREI | {
    "し": "shi", "ち": "chi", "つ": "tsu", "ふ": "fu", "じ": "ji", "ぢ": "ji"
}  # fmt: skip
_SMALL = {"ゃ": "ya", "ゅ": "yu", "ょ": "yo", "ぁ": "a", "ぃ": "i", "ぅ": "u", "ぇ": "e", "ぉ": "o"}
_MERGED = re.compile(r"(sh|ch|j)y")  # しゃ: shi + ya is sha
_LONG = re.compile(r"(o)[ou]|(u)u|(a)a|(e)e")
_LIP = re.compile(r"n(?=[bmp])")


def _written(kana: str, syllables: dict[str, str]) -> str:
    letters = ""
    for before, one in pairwise(" " + kana):
        if one in _SMALL and letters:
            vowel = _SMALL[one]
            cut = letters[:-1] if before in syllables else letters
            letters = cut + vowel
        elif one == "ー":
            letters += letters[-1:]
        elif one == "っ":
            letters += "'"
        else:
            letters += syllables.get(one, "")
    letters = _MERGED.sub(r"\1", letters)
    letters = re.sub(r"'(?=ch)", "t", letters)  # っち is tchi
    return re.sub(r"'(\w?)", r"\1\1", letters)


def romanise(kana: str) -> set[str]:
    """The reading in lower-case letters by Hepburn and by Kunrei, and as names shorten both.

    さとう is satou, sato, satoh; なんば is nanba, namba; おおの is oono, ono, ohno.

    Source: ISO 3602 (Kunrei); the Hepburn of Japanese passports with its OH for a long O.
    """
    folded = "".join(fold_kana(kana).split())
    found = set()
    for syllables in (_HEPBURN, _KUNREI):
        letters = _written(folded, syllables)
        short = _LONG.sub(lambda found: next(filter(None, found.groups())), letters)
        passport = re.sub("o[ou]", "oh", letters)
        for one in (letters, short, passport):
            found |= {one, _LIP.sub("m", one)}
    return found - {""}
