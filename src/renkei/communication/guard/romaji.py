"""Names in Latin letters, whichever way they are spelt: Hepburn, Kunrei, passport, with ō or oh."""

import re
import unicodedata
from functools import lru_cache

from renkei.kernel.japanese import romanise

WORD = re.compile(r"[a-zà-öø-ÿāīūēōŏ]+(?:['’][a-z]+)?")
BETWEEN = re.compile(r"[\s,._・/\-]{0,3}")

_SAME = (
    (re.compile(r"['’]"), ""),
    (re.compile(r"sh(?=[aueo])"), "sy"),
    (re.compile(r"shi"), "si"),
    (re.compile(r"tch"), "ch"),
    (re.compile(r"ch(?=[aueo])"), "ty"),
    (re.compile(r"chi"), "ti"),
    (re.compile(r"tsu|tu"), "tu"),
    (re.compile(r"dzu|du"), "zu"),
    (re.compile(r"fu"), "hu"),
    (re.compile(r"jy?(?=[aueo])"), "zy"),
    (re.compile(r"ji|di"), "zi"),
    (re.compile(r"v"), "b"),
    (re.compile(r"l"), "r"),
    (re.compile(r"m(?=[bmp])"), "n"),
    (re.compile(r"oh(?![aiueoy])"), "o"),
    (re.compile(r"uh(?![aiueoy])"), "u"),
    (re.compile(r"nh(?![aiueoy])"), "n"),
    (re.compile(r"ou|oo"), "o"),
    (re.compile(r"uu"), "u"),
    (re.compile(r"aa"), "a"),
    (re.compile(r"ii"), "i"),
    (re.compile(r"ee"), "e"),
    (re.compile(r"([a-z])\1"), r"\1"),
)


@lru_cache(4096)
def canonical(word: str) -> str:
    """One spelling for all spellings of a word: takahashi and takahasi, satou, sato and satoh."""
    letters = "".join(one for one in unicodedata.normalize("NFD", word.lower()) if one.isascii())
    for pattern, instead in _SAME:
        letters = pattern.sub(instead, letters)
    return letters


def of_kana(kana: str) -> str:
    """The one spelling of a reading; nothing if it is none."""
    return min({canonical(one) for one in romanise(kana)}, default="")
