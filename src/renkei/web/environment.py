"""Jinja2 as the pages use it: escaping on, unknown names refused, our few words of their own."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.utils import translation
from django.utils.html import json_script
from django.utils.translation import gettext, gettext_noop, ngettext
from jinja2 import StrictUndefined, pass_environment
from markupsafe import Markup

from renkei.communication.guard.check import Finding
from renkei.communication.guard.words import CAN_WAIT, WHY
from renkei.communication.observations import BY_WORDS
from renkei.kernel import clock, japanese
from renkei.kernel.clock import JAPAN
from renkei.kernel.html import html, place
from renkei.kernel.japanese import age_on, wareki
from renkei.patient.models import UNKNOWN, Identity
from renkei.region.disaster import public_disaster
from renkei.region.disclosures import public_region
from renkei.web.address import url
from renkei.web.assets import asset
from renkei.web.disaster_words import what
from renkei.web.engine import PageEnvironment, language, space
from renkei.web.look import look_of
from renkei.web.rail import rail
from renkei.web.team import team

NOTHING = "－"  # where a date stands that nobody can read
_WEEKDAYS = {"ja": "月火水木金土日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}


@cache
def icon(name: str, small: bool = False) -> Markup:
    """One icon of the sprite; it never stands without a word beside it."""
    size = " icon--s" if small else ""
    return Markup('<svg class="icon{}" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
        size, asset("img/icons.svg"), name
    )


def rail_link(name: str, sign: str, words: str) -> Markup:
    """A line of the menu: the page of that name."""
    link = Markup('<a class="rail-link" href="{}">{}{}</a>')
    return link.format(url(name), icon(sign), words)


def day(value: date) -> str:
    """「11月22日(日)」, with the year when it is not this year."""
    value = value.astimezone(JAPAN).date() if isinstance(value, datetime) else value
    spoken = language()
    weekday = _WEEKDAYS[spoken][value.weekday()]
    if spoken == "en":
        written = f"{weekday} {value.day} {value:%b}"
        return written if value.year == clock.today().year else f"{written} {value.year}"
    written = f"{value.month}月{value.day}日({weekday})"
    return written if value.year == clock.today().year else f"{value.year}年{written}"


def hour(value: datetime) -> str:
    """「14:05」."""
    return f"{value.astimezone(JAPAN):%-H:%M}"


def moment(value: datetime) -> str:
    """「11月22日(日) 14:05」."""
    return f"{day(value)} {hour(value)}"


@cache
def _word(language: str, message: str) -> str:
    with translation.override(language):
        return gettext(message)


@pass_environment
def ago(page: PageEnvironment, value: datetime) -> str:
    """For lists: 「5分前」, the hour of today, 「昨日」, then the day."""
    passed = clock.now() - value
    if passed < timedelta(minutes=1):
        return _word(page.language, gettext_noop("Just now"))
    if passed < timedelta(hours=1):
        minutes = {"n": int(passed.total_seconds() // 60)}
        return _word(page.language, gettext_noop("%(n)s minutes ago")) % minutes
    days = (clock.today() - value.astimezone(JAPAN).date()).days
    if days == 0:
        return hour(value)
    return _word(page.language, gettext_noop("Yesterday")) if days == 1 else day(value)


def groupby_day(found: Iterable[Any]) -> list[tuple[date, list[Any]]]:
    """What was sent, day by day as it is counted in Japan; in the order in which it comes."""
    days: dict[date, list[Any]] = {}
    for one in found:
        days.setdefault(one.sent_at.astimezone(JAPAN).date(), []).append(one)
    return list(days.items())


def machine(value: datetime | date) -> str:
    """The moment for the ``datetime`` attribute."""
    if isinstance(value, datetime):
        return value.astimezone(JAPAN).isoformat(timespec="minutes")
    return value.isoformat()


def long_date(value: date) -> str:
    """「昭和17年3月3日（1942年）」."""
    if value == UNKNOWN:
        return NOTHING
    return f"{wareki(value)}（{value.year}年）" if language() == "ja" else value.isoformat()


def era_date(value: date) -> str:
    """「昭和17年3月3日」."""
    return NOTHING if value == UNKNOWN else wareki(value)


def age(born: date) -> int | str:
    """Years today."""
    return NOTHING if born == UNKNOWN else age_on(born, clock.today())


def paragraphs(text: str) -> Markup:
    """What a person wrote: blank lines part paragraphs, line ends stay."""
    safe = html(text.strip("\n"))
    if "\n" in safe:
        parts = (part.strip("\n") for part in safe.split("\n\n"))
        safe = "</p><p>".join(part.replace("\n", "<br>") for part in parts if part)
    return Markup(f"<p>{safe}</p>")


_MARK, _UNMARK = "\ue000", "\ue001"  # of private use: nobody writes them


def marked(text: str, findings: Sequence[Finding]) -> Markup:
    """The same with what was found in it marked."""
    plain = list(text.replace(_MARK, " ").replace(_UNMARK, " "))
    for found in findings:
        plain[found.start] = _MARK + plain[found.start]
        plain[found.end - 1] += _UNMARK
    depth, pieces = 0, []
    for one in re.split(f"([{_MARK}{_UNMARK}\n])", "".join(plain)):
        if one in (_MARK, _UNMARK):
            before, depth = depth, depth + (1 if one == _MARK else -1)
            pieces.append(one if {before, depth} == {0, 1} else "")
        elif one == "\n" and depth:  # a mark does not reach from one paragraph into the next
            pieces.append(f"{_UNMARK}\n{_MARK}")
        else:
            pieces.append(one)
    shown = str(paragraphs("".join(pieces).replace(_MARK + _UNMARK, "")))
    return Markup(shown.replace(_MARK, "<mark>").replace(_UNMARK, "</mark>"))


def telephone(number: str) -> str:
    """The address that rings a number."""
    return "tel:" + "".join(character for character in number if character in "+0123456789")


def family_name(name: str) -> str:
    """The part of a name before the space."""
    return japanese.split_name(name)[0]


def initials(identity: Identity) -> str:
    """What stands for a patient where the name is not to be seen."""
    return japanese.initials(identity.name, identity.kana)


def _text(message: str, /, **values: Any) -> Markup:
    """A sentence of a template in the person's language; what is put into it is escaped."""
    return Markup(gettext(message)) % values


def environment(**options: Any) -> PageEnvironment:
    """The environment of every page and mail."""
    options.update(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    options.setdefault("extensions", []).append("jinja2.ext.i18n")
    made = PageEnvironment(**options)
    made.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals |= {"_": _text, "gettext": _text}  # what the extension offers, without its cost
    made.globals |= {
        "BY_WORDS": BY_WORDS,
        "CAN_WAIT": CAN_WAIT,
        "WHY": WHY,
        "asset": asset,
        "disaster_on": public_disaster,
        "happened": what,
        "icon": icon,
        "json_script": json_script,
        "language": language,
        "look_of": look_of,
        "rail": rail,
        "rail_link": rail_link,
        "region": public_region,
        "space": space,
        "team": team,
        "today": clock.today,
        "url": url,
    }
    made.filters |= {
        "age": age,
        "ago": ago,
        "day": day,
        "family": family_name,
        "hour": hour,
        "initials": initials,
        "long_date": long_date,
        "groupby_day": groupby_day,
        "machine": machine,
        "moment": moment,
        "marked": marked,
        "paragraphs": paragraphs,
        "place": place,
        "tel": telephone,
        "wareki": era_date,
    }
    return made
