"""Text made comparable, letter by letter, so that what is found can be cut out of the original.

Nothing here changes what people see: a name is compared as 高橋 and shown as 髙橋.

Source: Unicode Standard Annex #15 (NFKC), Unicode Ideographic Variation Database.
"""

import re
import unicodedata
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final

_UNSEEN: Final = re.compile(
    "[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_HYPHENS: Final = dict.fromkeys(map(ord, "‐‑‒–—―−─－ｰ"), "-")
_VARIANTS: Final = {
    "高": "髙", "崎": "﨑碕嵜", "斉": "斎齋齊", "吉": "𠮷", "辺": "邉邊", "浜": "濵濱",
    "沢": "澤", "広": "廣", "国": "國", "真": "眞", "恵": "惠", "徳": "德", "瀬": "瀨",
    "槙": "槇", "済": "濟", "与": "與", "桜": "櫻", "栄": "榮", "竜": "龍", "曽": "曾",
    "島": "嶋嶌", "桑": "桒", "冨": "富", "柳": "栁", "渕": "淵", "兎": "兔", "実": "實",
    "滝": "瀧", "関": "關", "蔵": "藏", "静": "靜", "弥": "彌", "藪": "薮",
}  # fmt: skip
_SMALL: Final = ("ぁぃぅぇぉっゃゅょゎ", "ァィゥェォッャュョヮ")
_SAME: Final = {
    **{ord(other): one for one, others in _VARIANTS.items() for other in others},
    **{at: chr(at - 0x60) for at in range(ord("ァ"), ord("ヶ"))},  # katakana to hiragana
    **{ord(a): b for a, b in zip("ヴゔヂぢヅづ", "ぶぶじじずず", strict=True)},
    **{ord(a): b for kana in _SMALL for a, b in zip(kana, "あいうえおつやゆよわ", strict=True)},
    **{ord(one): one.lower() for one in ascii_uppercase},
}
_DIGITS: Final = {one: at for at, one in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
_JOINING: Final = re.compile("[\u3099\u309a\u0300-\u036f]")  # what belongs to the letter before it


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in half-width letters, and each letter's place in the original."""

    narrow: str  # half-width; kana and kanji as they are written
    plain: str  # besides, kana as hiragana and variants of kanji as one; as long as ``narrow``
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of it stands in the original."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """The text made comparable."""
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and _belongs(text[end]):
            end += 1
        for one in _narrow(text[at:end]):
            letters.append(one)
            starts.append(at)
            ends.append(end)
        at = end
    narrow = "".join(letters)
    return Folded(narrow, same(narrow), tuple(starts), tuple(ends))


def _belongs(letter: str) -> bool:
    """Whether it is written with the letter before it: half-width ﾞ, a selector, an accent."""
    return bool(_UNSEEN.match(letter) or _JOINING.match(letter)) or letter in "ﾞﾟ"


def _narrow(letter: str) -> str:
    seen = _UNSEEN.sub("", letter)
    return unicodedata.normalize("NFKC", seen).translate(_HYPHENS)


def same(narrow: str) -> str:
    """Half-width text with what is read alike written alike; as long as it was."""
    return narrow.translate(_SAME)


def comparable(text: str) -> str:
    """The text as ``Folded.plain`` has it."""
    return fold(text).plain


def number(written: str) -> int | None:
    """A number in digits or in kanji: 12, 十二, 二〇, 元. None if it is none."""
    if written == "元":
        return 1
    if written.isdigit() and written.isascii():
        return int(written)
    if not written or any(one not in _DIGITS and one not in "十百" for one in written):
        return None
    if all(one in _DIGITS for one in written):
        return int("".join(str(_DIGITS[one]) for one in written))
    total, held = 0, 0
    for one in written:
        if one in "十百":
            total += (held or 1) * (10 if one == "十" else 100)
            held = 0
        else:
            held = held * 10 + _DIGITS[one]
    return total + held
