"""Dates as offices write them, in Western years and in Japanese eras.

Japan has counted days by the Gregorian calendar since 1 January 1873 (明治6年1月1日); a day
before that has no certain place in it and is refused.

Source: 明治5年太政官布告第337号 (the calendar); 昭和64年政令第1号 and 平成31年政令第143号 (the last
two eras begin the day after); the rescripts of 1912 and 1926 (the era begins that same day, so
the day belongs to both eras).
"""

import re
from dataclasses import dataclass
from datetime import date

from renkei.kernel.japanese.writing import narrow_number

FIRST_DAY = date(1873, 1, 1)


@dataclass(frozen=True, slots=True)
class _Era:
    """One era: ``first`` and ``last`` are days, both included; ``year_0`` + n is its year n."""

    name: str
    letter: str
    first: date
    last: date

    @property
    def year_0(self) -> int:
        return self.first.year - 1


_ERAS = (
    _Era("令和", "R", date(2019, 5, 1), date.max),
    _Era("平成", "H", date(1989, 1, 8), date(2019, 4, 30)),
    _Era("昭和", "S", date(1926, 12, 25), date(1989, 1, 7)),
    _Era("大正", "T", date(1912, 7, 30), date(1926, 12, 25)),
    _Era("明治", "M", date(1868, 1, 25), date(1912, 7, 30)),
)
_ERA_OF = {key: era for era in _ERAS for key in (era.name, era.letter)}
_WEEKDAYS = "月火水木金土日"

_ERA_NAME = "|".join(_ERA_OF)
_FORMS = (
    re.compile(
        r"(?P<year>[0-9]{4})(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})"
    ),
    re.compile(r"(?P<year>[0-9]{4})年(?P<month>[0-9]{1,2})月(?P<day>[0-9]{1,2})日"),
    re.compile(
        rf"(?P<era>{_ERA_NAME})(?P<year>[0-9]{{1,2}}|元)"
        r"(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})"
    ),
    re.compile(
        rf"(?P<era>{_ERA_NAME})(?P<year>[0-9]{{1,2}}|元)年(?P<month>[0-9]{{1,2}})月(?P<day>[0-9]{{1,2}})日"
    ),
)


class DateFault(ValueError):
    """What was written is not a date one can use; carries a Japanese sentence for people."""


class NotADate(DateFault):
    """It has not the form of a date, or the calendar has no such day."""


class OutsideEra(DateFault):
    """The era was not, or no longer, in use on that day."""


class DateTooEarly(DateFault):
    """The day lies before the Gregorian calendar was taken up in Japan."""


def parse_date(text: str) -> date:
    """The day that is meant by 2026-11-22, 2026/11/22, R8.11.22 or 令和8年11月22日.

    Full-width digits, spaces and 元年 are understood; M, T, S, H, R stand for the eras.

    Raises:
        NotADate: no such form, or no such day.
        OutsideEra: 昭和64年1月8日 and the like.
        DateTooEarly: before 1873.
    """
    written = re.sub(r"\s", "", narrow_number(text)).upper()
    found = next((match for form in _FORMS if (match := form.fullmatch(written))), None)
    if found is None:
        raise NotADate(
            "日付として読めません。2026-11-22、R8.11.22、令和8年11月22日のように書いてください。"
        )
    parts = found.groupdict()
    era = _ERA_OF[parts["era"]] if "era" in parts else None
    year = 1 if parts["year"] == "元" else int(parts["year"])
    try:
        day = date((era.year_0 if era else 0) + year, int(parts["month"]), int(parts["day"]))
    except ValueError:
        raise NotADate("暦にない日付です。") from None
    if era is not None and (year == 0 or not era.first <= day <= era.last):
        raise OutsideEra(_outside(era))
    if day < FIRST_DAY:
        raise DateTooEarly("明治6年（1873年）1月1日より前の日付は扱えません。")
    return day


def wareki(day: date) -> str:
    """The day in its era, 昭和17年3月3日; a day of two eras in the newer one, year 1 as 元年.

    Raises:
        DateTooEarly: before 1873.
    """
    if day < FIRST_DAY:
        raise DateTooEarly("明治6年（1873年）1月1日より前の日付は和暦で書けません。")
    era = next(era for era in _ERAS if era.first <= day)
    year = day.year - era.year_0
    return f"{era.name}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def format_date(day: date) -> str:
    """The day in the Western year with its weekday: 2026年11月22日(日)."""
    return f"{day.year}年{day.month}月{day.day}日({_WEEKDAYS[day.weekday()]})"


def age_on(birth: date, day: date) -> int:
    """Completed years of life on ``day``; who was born on 29 February ages on 1 March.

    Raises:
        ValueError: ``day`` lies before ``birth``.
    """
    if day < birth:
        raise ValueError("生年月日より前の日です。")
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _outside(era: _Era) -> str:
    """The sentence for a day that its era does not have."""
    first = f"{era.first.year}年{era.first.month}月{era.first.day}日"
    if era.last == date.max:
        return f"{era.name}は{era.name}元年（{first}）からです。元号と年を確かめてください。"
    last = f"{era.name}{era.last.year - era.year_0}年{era.last.month}月{era.last.day}日"
    return f"{era.name}は{first}から{last}までです。元号と年を確かめてください。"
