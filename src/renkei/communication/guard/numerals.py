"""Numbers as they are written in Japanese: 12, 十二, 一二, 元, 〇九〇."""

import re
from typing import Final

_DIGITS: Final = tuple(zip("〇零一二三四五六七八九", "00123456789", strict=True))
KANJI: Final = "〇零一二三四五六七八九十百千壱弐参拾廿卅"
NUMBER: Final = rf"(?:\d{{1,4}}|[{KANJI}]{{1,7}})"

_ONES = {one: value for value, one in enumerate("〇一二三四五六七八九")} | {
    "零": 0, "壱": 1, "弐": 2, "参": 3,
}  # fmt: skip
_TENS = {"十": 10, "拾": 10, "百": 100, "千": 1000}
_SHORT = {"廿": "二十", "卅": "三十"}
_COMPOSED = re.compile("[十拾百千]")


def digits_of(text: str) -> str:
    """The text with single kanji digits as digits, each in its place."""
    for kanji, digit in _DIGITS:
        text = text.replace(kanji, digit)
    return text


def value(text: str) -> int:
    """The number that is written; 元 is 1."""
    if text.isascii():
        return int(text)
    if text == "元":
        return 1
    for short, long in _SHORT.items():
        text = text.replace(short, long)
    if not _COMPOSED.search(text):
        return int("".join(str(_ONES[one]) for one in text))
    total, one = 0, 0
    for character in text:
        if character in _TENS:
            total += (one or 1) * _TENS[character]
            one = 0
        else:
            one = _ONES[character]
    return total + one
