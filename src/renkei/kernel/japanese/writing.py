"""Writing: messages without hidden controls, names in their parts, plain digits and letters."""

import re
import unicodedata
from typing import Final

from renkei.kernel.japanese.kana import fold_kana

MESSAGE_MAX: Final = 10_000  # code points of one message, wherever it is written
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks, embeddings, overrides, isolates
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 without tab and newline
_SURROGATES = "\ud800-\udfff"  # halves of characters; no encoding can store them
_UNWANTED = re.compile(f"[{_CONTROLS}{_BIDI}{_SURROGATES}]")
_STRAY = re.compile(f"[{_CONTROLS}{_BIDI}{_SURROGATES}\u200b\u2060\ufeff]")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # variation selectors
_HYPHENS = re.compile("[\u2010-\u2015\u2212\u2500\u00ad\ufe63]")


def narrow(text: str) -> str:
    """The text with full-width digits, letters and hyphens made half-width, and stripped.

    For codes, addresses and numbers only: NFKC would change the characters of a name.

    Source: Unicode Standard Annex #15, normalization form KC.
    """
    return _HYPHENS.sub("-", unicodedata.normalize("NFKC", text)).strip()


def narrow_number(text: str) -> str:
    """A number or date made half-width; there, ー can only be meant as a hyphen."""
    return narrow(text).replace("ー", "-")


def clean_text(text: str) -> str:
    """The text of a message without what cannot be seen but misleads.

    Control characters other than newline and tab go, and so do the marks that turn the direction
    of writing; line ends become newlines. Joiners and variation selectors stay, so that emoji
    families, flags and variants of kanji survive.

    Source: Unicode Standard Annex #9 (bidirectional controls), Technical Report #36.
    """
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def stray_control(text: str) -> str | None:
    """The first character that has no place in a table cell, as 'U+202E'; None if there is none."""
    found = _STRAY.search(text)
    return f"U+{ord(found.group()):04X}" if found else None


def length(text: str) -> int:
    """How long a text is, in Unicode code points."""
    return len(text)


def split_name(name: str) -> tuple[str, str]:
    """Surname and given names, parted at the first space of either width; no space, no given name.

    >>> split_name("グエン ティ ホア")
    ('グエン', 'ティ ホア')
    """
    surname, _, given = name.strip().replace("\u3000", " ").partition(" ")
    return surname, given.strip()


def initials(name: str, kana: str) -> str:
    """What stands for a patient before the name may be seen: the first kana of each part, た・せ.

    Kana rather than Latin letters, because everybody in a care team reads them the same way.
    Without kana the first characters of the name stand there, with their variation selectors.

    >>> initials("髙橋 節子", "たかはし せつこ")
    'た・せ'
    """
    parts = split_name(fold_kana(kana)) if kana.strip() else split_name(name)
    return "・".join(_first(part) for part in parts if part)


def _first(part: str) -> str:
    """The first character as it is seen, a variation selector included."""
    selector = _SELECTORS.match(part, 1)
    return part[0] + (selector.group() if selector else "")
