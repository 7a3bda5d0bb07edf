"""Vital signs in a text that are dangerous now: SpO2 82%, サチ86, BP 70/40, 脈が38, 体温40度2分.

A number counts for the sign named just before it. One that is a target, a limit for later, a range
of setting, or that has recovered since, is none.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from renkei.communication.guard.consciousness import consciousness
from renkei.communication.guard.numerals import value
from renkei.communication.guard.unnamed import unnamed
from renkei.communication.guard.values import BY, LIMIT, RANGE, REACHED, Vital, better, possible
from renkei.communication.guard.vital_names import named_signs
from renkei.region.vitals import dangerous

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_FILL = re.compile(r"(?:1分間?に|\d回(?=[^\d])|[^\d。\n]){0,8}")
_FAR: Final = 32  # characters, the most that ``_FILL`` spans
_TIGHT = re.compile(r"[\s:=は.、・\-]{0,2}")
_TIGHT_KINDS: Final = frozenset(
    ("diastolic", "pulse_letter", "respiration_letter", "temperature_letter")
)
_WRONG_FILL = re.compile(
    r"""
    体重|尿|食|残|リハ|トレ|器|療法|訓練|薬
    |酸素(?!飽和|2|ボ)
    |濃縮|流量|ml|kg|身長|部屋|室温|気温|湿度|量|計|手帳|ノート|目標|目安|基準|設定|指示|アラーム
    |上限|下限|普段|ふだん|いつも|ベース|平熱|範囲|平常|差|圧は|腹式|深呼吸|法|練習|体操|困難|回目
    |度目|曜|月|さまし|冷まし|中症|日本|ため|下げ|止め|心地
    """,
    re.X,
)
_WRONG_BEFORE = re.compile(
    r"""
    (?:
        目標|目安|基準|指示|設定
        |普段の?
        |いつもの?
        |ふだんの?
        |平常時?の?
        |アラーム
    )(?:は|の|値|を|が|:|、)*$
    """,
    re.X,
)
_OTHER_UNIT = re.compile(
    r"""
    \s?(?:
        分(?!\d)
        |時|日|月|年|歳|才|個|錠|名|人|ml|cc|kg|cm
        |mm(?!hg)
        |l(?![a-z])
        |リットル|週|か月|ヶ月|階|号|丁目|番|円|枚|本|包|kcal
        |w\b
        |単位
        |g\b
        |秒|割|件|回目|人目|頁|ページ|歩|mmol|μg
    )
    """,
    re.X,
)
_PAIR = re.compile(r"\s?(?:/|の|-|~|〜|対|・|ー|、)\s?(?P<low>\d{2,3})(?!\d|\.\d|月|日|%)")
_MORE = re.compile(
    r"""
    \s?(?:%|度|℃|台|パー|回|mmhg|/分)*\s?[→⇒➡\-かよを以未まに切下割超き上もあな]
    """,
    re.X,
)
_SLASH = re.compile(r"/(\d{2,3})(?!\d|/|\.\d|月|日)")
_TENTH = re.compile(r"度(\d)分?")
_ARROW = re.compile(
    r"""
    \s?(?:%|度|℃|台)?(?:
        →|⇒|->|➡|から|より
    )(?:、)?[^\d。\n]{0,6}(?P<then>\d{2,3}(?:\.\d)?)(?!\d|分|時|日|月|l)
    """,
    re.X,
)
_FALLING = re.compile(
    r"%?、\d{2,3}%?、(?P<then>\d{2,3})(?=%|です|と(?:下が|落ち|どんどん)|に(?:下が|落ち)|。|$)"
)
_PAIR_ARROW = re.compile(r"\s?(?:→|⇒|から)[^\d。\n]{0,6}(?P<high>\d{2,3})(?:/\d{2,3})?")
_PERCENT = re.compile(r"\s?(?:%|パーセント)")
_UPPER = re.compile(r"上[^上]{0,4}$")
_OF_PRESSURE = re.compile(r"血圧|bp|下|しか(?:な|あ)")
_OF_A_PATIENT = re.compile(r"点滴|顔色|返事|意識|脈|冷や汗|サチ|spo2")
_BELOW = re.compile(r"切|きっ|きり|下回|割|未満|以下|あり|ない")
_KANJI_NUMBER = re.compile(
    r"""
    (?<![一二三四五六七八九十百第])[一二三四五六七八九十百]{2,6}(?=
        \s?(?:パーセント|%|度|回|台|を切|です|しか|、|。|$)
    )
    |(?<=度)[一二三四五六七八九](?=分)
    """,
    re.X,
)
_BESIDE = re.compile(r"[\s、。]*(?:ふらつ|めまい|冷や?汗|不整|徐脈|頻脈|顔色|意識|失神)")
_LETTERED: Final = ("pulse_letter", "respiration_letter", "temperature_letter")
_VITALISH = re.compile(
    r"""
    血圧|体温|spo2|サチ|脈
    |(?<![a-z])(?:bp|kt|bt|hr|p|r|t)[\s:=]?\d
    |バイタル
    |(?<![a-z])vs(?![a-z])
    |熱
    """,
    re.X,
)
_IN_KANJI = re.compile(r"[一二三四五六七八九十百]{2}|度[一二三四五六七八九]")


class _Spoken:
    """Where a text speaks of vital signs, looked for when somebody asks: few do."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Where each place begins and ends."""
        return [one.span() for one in _VITALISH.finditer(self._text)]


def _in_digits(found: re.Match[str]) -> str:
    """The number in digits, as long as it was: 八十五 is ・85."""
    return str(value(found.group())).rjust(len(found.group()), "・")


def vitals(text: str) -> Iterator[Vital]:
    """The vital signs in a text without spaces between words."""
    if _IN_KANJI.search(text):
        text = _KANJI_NUMBER.sub(_in_digits, text)
    numbers = [one for one in _NUMBER.finditer(text) if text[one.start() - 1 : one.end()] != "o2"]
    names = named_signs(text) if numbers else []
    beside = _Spoken(text)
    taken = passed = 0
    for number in numbers:
        while passed < len(names) and names[passed][1] <= number.start():
            passed += 1
        if number.start() >= taken and (
            found := _named(text, number, names[max(0, passed - 3) : passed], beside)
        ):
            yield found
            taken = found.end
    yield from consciousness(text)
    yield from unnamed(text)


def _named(
    text: str, number: re.Match[str], names: list[tuple[int, int, str]], beside: _Spoken
) -> Vital | None:
    for start, end, kind in reversed(names):
        if number.start() - end > _FAR or text.find("。", end, number.start()) >= 0:
            break
        fill = _TIGHT if kind in _TIGHT_KINDS else _FILL
        if not fill.fullmatch(text, end, number.start()):
            continue
        if _WRONG_FILL.search(text, end, number.start()):
            return None
        if kind != "oxygen" and _WRONG_BEFORE.search(text, max(0, start - 8), start):
            return None
        return _judged(text, number, kind, start, beside)
    return _pair_alone(text, number, beside)


def _judged(
    text: str, number: re.Match[str], named: str, start: int, beside: _Spoken
) -> Vital | None:
    """The sign that is named there with this number; None if the number is none of it."""
    kind = _meant(text, number, named, start, beside)
    if kind is None:
        return None
    pair = _PAIR.match(text, number.end()) if kind == "systolic" else None
    if kind == "systolic" and not pair and _no_pressure(text, number, start):
        return None
    measured = _measured(text, number, kind, pair)
    if measured is None:
        return None
    value, end = measured
    if not dangerous(kind, value) and not pair and not _MORE.match(text, end):
        return Vital(kind, start, end, value, danger=False)
    last = _last_of(text, kind, value, end)
    if last is None:
        return None
    if last == measured and pair:
        both = _both(text, value, pair)
        return _stated(text, kind, start, value, *both) if both else None
    value, end = last
    return _stated(text, kind, start, value, dangerous(kind, value), end)


def _meant(text: str, number: re.Match[str], named: str, start: int, beside: _Spoken) -> str | None:
    """Which vital sign the name stands for before this number; None if for none."""
    if named in _LETTERED:
        counts = _letter_counts(text, number, named, start, beside)
        return named.removesuffix("_letter") if counts else None
    if named == "oxygen":
        return "spo2" if _PERCENT.match(text, number.end()) else None
    return named


def _no_pressure(text: str, number: re.Match[str], start: int) -> bool:
    """Whether 上 alone names the number, and nothing near it speaks of a blood pressure."""
    if not _UPPER.search(text[start : number.start()]):
        return False
    if _OF_PRESSURE.search(text, max(0, start - 12), number.end() + 12):
        return False
    return not _OF_A_PATIENT.search(text, max(0, start - 60), number.end() + 60)


def _measured(
    text: str, number: re.Match[str], kind: str, pair: re.Match[str] | None
) -> tuple[float, int] | None:
    """The value and where it ends; None if its unit is another, or nobody can have measured it."""
    value, end = float(number.group()), number.end()
    if kind == "temperature" and (tenth := _TENTH.match(text, end)):
        value, end = value + int(tenth[1]) / 10, tenth.end()
    elif not pair and _OTHER_UNIT.match(text, end):
        if not (kind == "glucose" and text.startswith("mg", end)):
            return None
    if kind in ("pulse", "respiration"):
        if "." in number.group() or text.startswith("回目", end):
            return None
    elif text.startswith("回", end):  # 発熱40回目
        return None
    return (value, end) if possible(kind, value) else None


def _last_of(text: str, kind: str, value: float, end: int) -> tuple[float, int] | None:
    """The value that arrows lead to, and where it ends; None if they tell by how much."""
    while arrow := _ARROW.match(text, end):
        then = float(arrow["then"])
        if not possible(kind, then):
            break
        if BY.match(text, arrow.end()):
            return None
        value, end = then, arrow.end()
    if series := _FALLING.match(text, end):  # 98、84、76です: as they came
        value, end = float(series["then"]), series.end()
    return value, end


def _both(text: str, high: float, pair: re.Match[str]) -> tuple[bool, int] | None:
    """Whether a blood pressure is dangerous, after what it changed to, and where it ends."""
    low = float(pair["low"])
    if low >= high:
        return None
    danger, end = dangerous("systolic", high) or dangerous("diastolic", low), pair.end()
    while arrow := _PAIR_ARROW.match(text, end):
        danger, end = dangerous("systolic", float(arrow["high"])), arrow.end()
    return danger, end


def _stated(text: str, kind: str, start: int, value: float, danger: bool, end: int) -> Vital | None:
    """The value as what follows makes it; None if it is a limit."""
    between, reached = RANGE.match(text, end), REACHED.match(text, end)
    if between and possible(kind, float(between[1])):
        danger = danger and dangerous(kind, float(between[1]))
        end = between.end(1)
    elif reached:
        if _BELOW.search(reached.group()):
            danger = dangerous(kind, value - 0.1)
    elif LIMIT.match(text, end):
        return None
    return Vital(kind, start, end, value, danger and not better(text, end, kind))


def _letter_counts(
    text: str, number: re.Match[str], kind: str, start: int, beside: _Spoken
) -> bool:
    """Whether a single letter before a number names a vital sign: not R8.11.22, not p.38.

    Args:
        beside: where vital signs are spoken of.
    """
    if text[number.start() - 1] == "・":  # in kanji: no page, no section
        return True
    after = text[number.end() : number.end() + 4]
    if re.match(r"[./年\-‐−](?=\d)|年|元|ページ|頁|を参照|参照|期|-", after):
        return False
    if kind == "temperature_letter":
        return True
    if (
        kind == "respiration_letter"
        and len(number.group()) < 2
        and not after.startswith(("回", "/"))
    ):
        return False
    if _BESIDE.match(text, number.end()):
        return True
    spans = beside.spans
    return bool(spans) and (spans[0][1] <= start or spans[-1][0] >= number.end())


def _pair_alone(text: str, number: re.Match[str], beside: _Spoken) -> Vital | None:
    """A blood pressure without its name among other vital signs: KT 36.8、76/40、P 110."""
    pair = _SLASH.match(text, number.end())
    if pair is None or not re.fullmatch(r"\d{2,3}", number.group()):
        return None
    if re.search(r"[/\d.\-]$", text[max(0, number.start() - 1) : number.start()]):
        return None
    high, low = int(number.group()), int(pair[1])
    if not (40 <= high <= 280 and 20 <= low < high) or not beside.spans:
        return None
    danger = dangerous("systolic", high) or dangerous("diastolic", low)
    return Vital("systolic", number.start(), pair.end(), high, danger)
