"""Dates in a text, in the ways in which care workers write them, and the same dates moved (A16.d).

Every date of an extract is moved by the same number of days, so that what came three days later
still does. A birth date is not moved but taken out.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, Final

from renkei.disclosure.notation import number

_ERAS: Final = {"明": 1867, "大": 1911, "昭": 1925, "平": 1988, "令": 2018,
                "M": 1867, "T": 1911, "S": 1925, "H": 1988, "R": 2018}  # fmt: skip
_NAMES: Final = {"明": "明治", "大": "大正", "昭": "昭和", "平": "平成", "令": "令和"}
_N: Final = r"(?:[0-9]{1,2}|[一二三四五六七八九十〇]{1,3})"
_ERA: Final = (
    r"(?P<era>明治|大正|昭和|平成|令和|[明大昭平令](?=[0-9])|(?<![A-Za-z])[MTSHR](?=\s?[0-9]))"
)
_BORN_AFTER: Final = r"(?P<born>\s?(?:生まれ|生れ|生(?![活後前])))?"
_FULL: Final = (
    re.compile(
        rf"{_ERA}\s?(?P<y>元|{_N})\s?(?P<s>年|[./-])\s?(?P<m>{_N})\s?(?:月|[./-])\s?(?P<d>{_N})"
        rf"(?:日|(?![0-9mM])){_BORN_AFTER}", re.IGNORECASE
    ),
    re.compile(
        r"(?<![0-9])(?P<y>(?:1[89]|20)[0-9]{2}|[一二][〇一二三四五六七八九]{3})(?P<s>年|[./-])\s?"
        rf"(?P<m>{_N})(?:月|[./-])\s?(?P<d>{_N})(?:日|(?![0-9])){_BORN_AFTER}"
    ),
    re.compile(
        r"(?<![0-9A-Za-z])(?P<y>(?:19|20)[0-9]{2})(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12][0-9]|3[01])"
        rf"(?![0-9]){_BORN_AFTER}"
    ),
    re.compile(
        r"(?<![A-Za-z])(?P<era>[MTSHR])(?P<y>[0-9]{2})(?P<m>0[1-9]|1[0-2])(?P<d>[0-3][0-9])(?![0-9])"
        + _BORN_AFTER
    ),
    re.compile(
        r"(?<![0-9])(?P<era>[1-5])-(?P<y>[0-9]{2})(?P<m>0[1-9]|1[0-2])(?P<d>[0-3][0-9])(?![0-9])"
        + _BORN_AFTER
    ),
    re.compile(r"'(?P<y>[0-9]{2})/(?P<m>[0-9]{1,2})/(?P<d>[0-9]{1,2})(?![0-9])" + _BORN_AFTER),
    re.compile(r"(?<![0-9./])(?P<m>1?[0-9])/(?P<d>[0-3]?[0-9])/(?P<y>(?:19|20)[0-9]{2})(?![0-9])"
               + _BORN_AFTER),
    re.compile(
        r"(?P<mon>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?\s(?P<d>[0-9]{1,2}),?\s"
        r"(?P<y>[0-9]{4})" + _BORN_AFTER
    ),
)  # fmt: skip
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_NUMBERED: Final = dict(zip("12345", "明大昭平令", strict=True))
_YEAR_MONTH: Final = re.compile(
    rf"(?:{_ERA}\s?(?P<y>元|{_N})|(?<![0-9])(?P<w>(?:19|20)[0-9]{{2}}))年(?:\s?(?P<m>{_N})月)?"
    rf"(?![0-9一二三四五六七八九十]*[間前後]){_BORN_AFTER}"
)
_MONTH_DAY: Final = re.compile(
    rf"(?<![0-9./年])(?P<m>{_N})月\s?(?P<d>{_N})日(?!間)"
    r"|(?<![0-9./A-Za-z-])(?P<m2>1[0-2]|[1-9])/(?P<d2>3[01]|[12][0-9]|0?[1-9])"
    r"(?![0-9./%]|\s?(?:錠|量|包|カップ|程度|回|mmHg|以上|以下))"
)
_DAY: Final = re.compile(
    r"(?<![0-9./月一二三四五六七八九十])(?P<d>[0-9]{1,2})日(?![間前後分目おごに毎数程]|以)"
)
_MONTH: Final = re.compile(
    r"(?<![0-9./年か箇ヶ])(?P<m>1[0-2]|[1-9])月(?![0-9一二三四五六七八九十間])"
)
_BORN_BEFORE: Final = re.compile(r"(?:生年月日|誕生日|DOB)[\s::はが、]{0,4}$", re.IGNORECASE)
LONG_AGO: Final = 15  # years: a date so far back is somebody's birth or history, not a visit
BIRTH: Final = "（生年月日）"

Hit = Callable[..., Any]


def dates(text: str, born: date | None, written: date, shift: int, hit: Hit) -> Iterator[Any]:
    """The dates of half-width text, each with what to put in its place.

    Args:
        born: the patient's birth date: it may not stay, however it is written.
        written: the day on which the text was written; what names no year is of about then.
        shift: by how many days to move.
        hit: what makes a finding: start, end, kind, proposal, strict, rank.
    """
    for pattern in _FULL:
        for found in pattern.finditer(text):
            day = _day(found)
            if day is not None:
                yield _of_day(found, day, text, born, shift, hit)
    for found in _MONTH_DAY.finditer(text):
        month, date_of = number(found["m"] or found["m2"]), number(found["d"] or found["d2"])
        day = _made(written.year, month, date_of)
        if day is not None:
            moved = day + timedelta(days=shift)
            put = f"{moved.month}月{moved.day}日" if found["m"] else f"{moved.month}/{moved.day}"
            yield hit(*found.span(), "date", put, False, 4)
    yield from _vague(text, born, written, shift, hit)


def _of_day(
    found: re.Match[str], day: date, text: str, born: date | None, shift: int, hit: Hit
) -> Any:
    said = bool(found["born"]) or _BORN_BEFORE.search(
        text[max(0, found.start() - 12) : found.start()]
    )
    if said or day == born:
        return hit(*found.span(), "birth", BIRTH, True, 0)
    return hit(*found.span(), "date", _like(found, day + timedelta(days=shift)), False, 2)


def _vague(text: str, born: date | None, written: date, shift: int, hit: Hit) -> Iterator[Any]:
    """Years with or without a month, months alone, days alone."""
    for found in _YEAR_MONTH.finditer(text):
        year = _year(found["era"], found["y"]) if found["era"] else int(found["w"])
        month = number(found["m"] or "") or 0
        if year is None:
            continue
        if found["born"] or (born and year == born.year and month in (0, born.month)):
            yield hit(*found.span(), "birth", BIRTH, True, 1)
        elif year < written.year - LONG_AGO:
            yield hit(*found.span(), "date", f"{year // 10 * 10}年代", False, 3)
        else:
            day = _made(year, month or 7, 15)
            if day is not None:
                moved = day + timedelta(days=shift)
                put = f"{moved.year}年" + (f"{moved.month}月" if month else "")
                yield hit(*found.span(), "date", put, False, 3)
    for found in _DAY.finditer(text):
        day = _made(written.year, written.month, int(found["d"]))
        if day is not None:
            yield hit(*found.span(), "date", f"{(day + timedelta(days=shift)).day}日", False, 6)
    for found in _MONTH.finditer(text):
        day = _made(written.year, int(found["m"]), 15)
        if day is not None:
            yield hit(*found.span(), "date", f"{(day + timedelta(days=shift)).month}月", False, 6)


def _year(era: str | None, written: str) -> int | None:
    count = number(written)
    if count is None or not era:
        return count
    return _ERAS[era[0].upper()] + count


def _day(found: re.Match[str]) -> date | None:
    parts = found.groupdict()
    era = parts.get("era")
    year = _year(_NUMBERED.get(era, era) if era else None, parts["y"])
    if year is not None and year < 100:
        year += 1900 if year > 30 else 2000
    month = _MONTHS.index(parts["mon"]) + 1 if parts.get("mon") else number(parts["m"])
    return _made(year, month, number(parts["d"]))


def _made(year: int | None, month: int | None, day: int | None) -> date | None:
    if year is None or month is None or day is None:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _like(found: re.Match[str], day: date) -> str:
    """The day as the one it stands for was written: in its era, or in Western years."""
    era = found.groupdict().get("era")
    if not era:
        mark = found.groupdict().get("s") or "-"
        if mark == "年":
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.year}{mark}{day.month}{mark}{day.day}"
    first = next(one for one in ("令", "平", "昭", "大", "明") if day.year > _ERAS[one])
    return f"{_NAMES[first]}{day.year - _ERAS[first]}年{day.month}月{day.day}日"
