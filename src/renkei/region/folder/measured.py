"""The vital signs of a message in messages.jsonl: {"spo2": 96, "oxygen": 2, "by": "family"}."""

from decimal import Decimal
from typing import Any, Final

from renkei.region.folder.model import Measured
from renkei.region.vitals import BY, MEALS, OXYGEN, SIGNS, fits

VITALS: Final = "vitals"  # the key of a message
_WORDS: Final = {"meal": MEALS, "by": BY}
_SHOWN_MAX = 40  # how much of an unknown word is repeated


def read_measured(pairs: list[tuple[str, Any]]) -> tuple[Measured | None, str]:
    """What was measured; or None and a sentence on what is wrong with it."""
    values, told = dict(pairs), [key for key, _ in pairs]
    known = (*SIGNS, "oxygen", *_WORDS)
    for key in told:
        if key not in known:
            return None, f"「{key[:_SHOWN_MAX]}」は知りません。"
        if told.count(key) > 1:
            return None, f"「{key}」が2回あります。"
    for key, words in _WORDS.items():
        if key in values and values[key] not in words:
            return None, f"「{key}」は {'、'.join(words)} のどれかです。"
    for key in (*SIGNS, "oxygen"):
        if key in values and (wrong := _wrong(key, values[key])):
            return None, wrong
    signs = {key: float(values[key]) for key in SIGNS if key in values}
    if wrong := _together(signs, values):
        return None, wrong
    oxygen = values.get("oxygen")
    return Measured(
        signs,
        None if oxygen is None else float(oxygen),
        values.get("meal", ""),
        values.get("by", BY[0]),
    ), ""


def _wrong(key: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"「{key}」は数で書いてください。"
    bounds = OXYGEN if key == "oxygen" else SIGNS[key].possible
    good = not bounds.side(value) if key == "oxygen" else fits(key, Decimal(str(value)))
    if good:
        return ""
    return f"「{key}」の {value} は、ありえない値です（{bounds.low:g}〜{bounds.high:g}）。"


def _together(signs: dict[str, float], values: dict[str, Any]) -> str:
    if not signs:
        return "測った値がありません。"
    low, high = signs.get("diastolic"), signs.get("systolic")
    if low is not None and (high is None or low >= high):
        return "「diastolic」は、それより高い「systolic」とともに書いてください。"
    if "meal" in values and "glucose" not in signs:
        return "「meal」は「glucose」とともに書いてください。"
    return ""
