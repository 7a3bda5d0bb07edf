"""Days as people write them in a message, and whether one is said to be a day of birth.

Every notation of offices is read: eras by name, sign, letter and number, Western years, kanji
digits, without separators, English. A day outside its era is read as the slip it is. What looks
like a day but is a dose, a serial number or a version is none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from renkei.communication.guard.numerals import KANJI, NUMBER, value

Day = tuple[int, int, int]  # year, month, day; day 0: only the month is said

_YEAR_0 = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_LATIN = ("meiji", "taisho", "showa", "heisei", "reiwa")
_ERAS = {
    **_YEAR_0,
    **{name[0]: year for name, year in _YEAR_0.items()},
    **dict(zip("mtshr", _YEAR_0.values(), strict=True)),
    **dict(zip(_LATIN, _YEAR_0.values(), strict=True)),
    **dict(zip("12345", _YEAR_0.values(), strict=True)),
}
_ERA = r"(?P<era>明治|大正|昭和|平成|令和|(?<![一-龥々])[明大昭平令]|(?<![a-z0-9.])(?:meiji|taisho|showa|heisei|reiwa|[mtshr]))\.?\s*"
_GAP = r"\s*"
_ASIDE = r"(?:[(（\[][^)）\]\n]{1,12}[)）\]]\s*)?"
_SEP = r"\s*[./・,\-‐‑‒–—―−ー]\s*"
_NOT_MORE = r"(?![\d]|\.\d|\s*(?:mg|ml|g\b|kg|cm|mm|mcg|µg|μg|%|単位|錠|包|mmhg|l/|l\b|倍))"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?P<month>" + "|".join(_MONTHS) + r")[a-z]*\.?,?"

# Two separators between numbers: without them no notation but 年, a run of digits and English.
_PARTED = re.compile(rf"[\d元{KANJI}](?:{_SEP}|\s)[\d{KANJI}]{{1,3}}(?:{_SEP}|\s)[\d{KANJI}]")
_ERA_SIGN = r"[明大昭平令治正和成mtshrioa]\.?\s*[\d元一二三四五六七八九十廿卅壱弐参]"
_FORMS = tuple(  # what a text has to hold for the form to be looked for, and the form
    (re.compile(needs), re.compile(form))
    for needs, form in (
        (  # 昭和12年3月5日, 昭和12(1937)年3月, S12年3.5, 1937年（昭和12年）3月5日
            "年",
            rf"(?=[明大昭平令mtshr元\d{KANJI}])(?:{_ERA})?(?P<year>{NUMBER}|元){_GAP}{_ASIDE}年{_GAP}{_ASIDE}"
            rf"(?P<month>{NUMBER}){_GAP}"
            rf"(?:月(?:{_GAP}(?P<day>{NUMBER}))?|{_SEP}(?P<day2>\d{{1,2}}))",
        ),
        (  # S12.3.5, 昭和12/3/5, 昭 12 3 5
            _ERA_SIGN,
            rf"(?=[明大昭平令mtshr]){_ERA}(?P<year>\d{{1,2}}|元)(?:{_SEP}|\s)(?P<month>\d{{1,2}})(?:{_SEP}|\s)"
            rf"(?P<day>\d{{1,2}}){_NOT_MORE}",
        ),
        (  # 昭和十二・三・五
            rf"[明大昭平令治正和成]\s*[{KANJI}元]",
            rf"{_ERA}(?P<year>{NUMBER}|元){_SEP}(?P<month>{NUMBER}){_SEP}(?P<day>{NUMBER}){_NOT_MORE}",
        ),
        (  # 1937-03-05, 1937 03 05
            r"(?:1[89]|20)\d\d\D",
            r"(?<![\d.])(?P<year>(?:1[89]|20)\d\d)"
            rf"(?:{_SEP}|\s)(?P<month>\d{{1,2}})(?:{_SEP}|\s)(?P<day>\d{{1,2}}){_NOT_MORE}",
        ),
        (  # 19370305
            r"(?:1[89]|20)\d{6}",
            r"(?<!\d)(?P<year>(?:1[89]|20)\d\d)(?P<month>[01]\d)(?P<day>[0-3]\d)(?!\d)",
        ),
        (  # S120305, 昭和120305, 3-120305
            r"\d{6}",
            rf"(?:{_ERA}|(?<![\d\-.第])(?P<number>[1-5])\s*[-‐−ー]\s*)"
            r"(?P<year>\d\d)(?P<month>[01]\d)(?P<day>[0-3]\d)(?!\d)",
        ),
        (  # Mar 5, 1937
            "|".join(_MONTHS),
            rf"(?<![a-z]){_MONTH}\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s*(?P<year>\d{{4}})(?!\d)",
        ),
        (  # 5 March 1937
            "|".join(_MONTHS),
            rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s*(?:of\s)?\s*{_MONTH}\s*(?P<year>\d{{4}})(?!\d)",
        ),
    )
)
_PARTED_FORMS = frozenset(form for _, form in _FORMS[1:4])
# 3/5/1937: in either order
_ENGLISH = re.compile(
    rf"(?=\d)(?<![\d./])(\d{{1,2}})({_SEP})(\d{{1,2}})({_SEP})((?:18|19|20)\d\d)(?!\d)"
)
# '37/3/5; 37.3.5 counts only where birth is spoken of
_SHORT = re.compile(
    rf"""
    (?=['’‘`´\d])(?P<mark>
        ['’‘`´]
    )?(?<![\d.])(\d{{1,2}})(?:{_SEP})(\d{{1,2}})(?:{_SEP})(\d{{1,2}}){_NOT_MORE}
    """,
    re.X,
)

_ASIDES = r"(?:[日\s、,]|[(（][^)）\n]{0,12}[)）])*"
_BORN_AFTER = re.compile(
    rf"""
    {_ASIDES}[(（]?(?:
        生(?=$|まれ|れ|[\s、。,.()（）」』・/:;!?_]|の|で|男|女|は|です|だ)
        |(?:
            に|の|頃|ごろ|お|にお
            |\s
            |、
            |[^\s。、\n]{{1,8}}(?:市|町|村|県|都|府|区|国|島)(?:で|に)?
        )*(?:うまれ|生まれ(?!変わ|かわ|育)|生れ|誕生(?!日?(?:会|の?お?祝|月|パ|ケ|カ|プ|祭|席)))
    )
    |{_ASIDES}[^。\n]{{0,10}}(?:
        生年月日|dob
        |d\.o\.b
        |誕生日(?!会|の?お?祝|月|パ|ケ|カ|プ|祭)
        |\bborn
        |birth
    )
    """,
    re.X,
)
_BORN_BEFORE = re.compile(
    r"""
    (?:
        生年月日|誕生日
        |出生日?
        |バースデ[ーイ]
        |生まれた日
        |date\s?of\s?birth
        |birth\s?da(?:y|te)
        |birth
        |d\.?o\.?b\.?
        |born(?:\son)?
        |(?<![月春夏秋冬和成正治前後代年])生まれ
        |(?<![一-龥々])生
    )
    (?:
        は|が|も|を|の|:|=|→
        |[()（）\[\]「」【】]
        |\s
        |、|,|・|-|ー|に|西暦|和暦|でして|ですが|だけ
    ){0,6}$
    """,
    re.X,
)


# Eight digits in one after such a word are a number of things, whatever day they look like.
_OF_THINGS = re.compile(
    r"(?:ロット|lot|製造|品番|型番|伝票|注文|追跡|受付|会員|シリアル|整理|請求|領収)(?:番号|no\.?|№|#|:|\s|は|の)*$"
)


@dataclass(frozen=True, slots=True)
class Dated:
    """A day in a text, in plain characters; several readings where the notation leaves a choice."""

    start: int
    end: int
    days: tuple[Day, ...]
    born: bool  # it is said to be a day of birth
    sure: bool  # written with its year in full, so it means a day without further words


def _readings(found: re.Match[str]) -> tuple[Day, ...]:
    part = found.groupdict()
    sign = part.get("era") or part.get("number")
    year = value(part["year"])
    written = part["month"]
    month = _MONTHS.index(written) + 1 if written in _MONTHS else value(written)
    day = value(part.get("day") or part.get("day2") or "0")
    if sign:
        return ((_ERAS[sign] + year, month, day),)
    if year < 100:  # 37年3月5日: of any era
        return tuple((one, month, day) for one in _short_years(year))
    return ((year, month, day),)


def _possible(day: Day) -> bool:
    year, month, of_month = day
    return 1867 < year < 2100 and 1 <= month <= 12 and 0 <= of_month <= 31


def _short_years(year: int) -> tuple[int, ...]:
    return tuple(base + year for base in (1900, 2000, *_YEAR_0.values()))


def _born(plain: str, start: int, end: int) -> bool:
    return bool(
        _BORN_AFTER.match(plain, end, end + 24)
        or _BORN_BEFORE.search(plain[max(0, start - 21) : start])
    )


def _found(plain: str) -> Iterator[tuple[int, int, tuple[Day, ...], bool]]:
    parted = _PARTED.search(plain) is not None
    for needs, form in _FORMS:
        if (not parted and form in _PARTED_FORMS) or needs.search(plain) is None:
            continue
        for found in form.finditer(plain):
            end = found.end()
            if found.group().isdigit() and _OF_THINGS.search(
                plain[max(0, found.start() - 12) : found.start()]
            ):
                continue
            if plain[end : end + 1] == "日":
                end += 1
            readings = _readings(found)
            yield found.start(), end, readings, len(readings) == 1
    if not parted:
        return
    for found in _ENGLISH.finditer(plain):
        one, other, year = int(found[1]), int(found[3]), int(found[5])
        yield found.start(), found.end(), ((year, one, other), (year, other, one)), True
    for found in _SHORT.finditer(plain):
        years = _short_years(int(found[2]))
        if found["mark"]:
            years = years[:2]
        days = tuple((year, int(found[3]), int(found[4])) for year in years)
        yield found.start(), found.end(), days, bool(found["mark"])


def dates(plain: str, today: date) -> list[Dated]:
    """The days in a plain text; none after ``today`` is said to be one of birth."""
    seen: list[Dated] = []
    now = (today.year, today.month, today.day)
    for start, end, readings, sure in _found(plain):
        days = tuple(day for day in readings if _possible(day))
        if not days or any(one.start <= start and end <= one.end and one.sure for one in seen):
            continue
        past = any(day <= now for day in days)
        born = past and days[0][2] > 0 and _born(plain, start, end)
        seen.append(Dated(start, end, days, born, sure))
    return seen


def month_born(plain: str, dated: Dated) -> bool:
    """Whether a month without a day is said to be one of birth: 昭和12年3月生まれ."""
    return _born(plain, dated.start, dated.end)


def days_of(text: str) -> tuple[Day, ...]:
    """The days that a birth date in a roster may mean; none if it is not one."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        found = dates(text.lower(), date.max)
        return found[0].days[:1] if found else ()
    return ((day.year, day.month, day.day),)
