"""The region's own words: texts with places like ``{{ operator.name }}``, filled in."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from renkei.kernel.japanese import wareki
from renkei.region.parameters import whole

_MARKS = re.compile(r"[!-/:-@\[-`{-~]")  # what Markdown may take for more than itself
TEXTS = Path(__file__).resolve().parent.parent / "texts"
SYSTEM = {"name": "連携"}
PASSWORD_PROFILES = {  # article 14-2
    "standard": "標準方式",
    "long": "長いパスワードの方式",
    "second_factor": "二要素の方式",
}


class Edition(NamedTuple):
    """A law or guideline, and which edition of it is followed (A2)."""

    key: str
    title: str
    edition: str
    address: str
    checked_on: date


_CHECKED = date(2026, 11, 27)
_EGOV = "https://laws.e-gov.go.jp/law/"
LAWS = (  # where a region has set nothing else; the two guidelines first
    Edition(
        "security",
        "医療情報システムの安全管理に関するガイドライン",
        "第6.0版 令和5年5月",
        "https://www.mhlw.go.jp/stf/shingi/0000516275_00006.html",
        _CHECKED,
    ),
    Edition(
        "privacy",
        "医療・介護関係事業者における個人情報の適切な取扱いのためのガイダンス",
        "令和6年12月改正",
        "https://www.ppc.go.jp/personalinfo/legal/iryoukaigo_guidance/",
        _CHECKED,
    ),
    Edition(
        "privacy-act", "個人情報の保護に関する法律", "平成15年法律第57号",
        f"{_EGOV}415AC0000000057", _CHECKED,
    ),
    Edition("physicians-act", "医師法", "昭和23年法律第201号", f"{_EGOV}323AC0000000201", _CHECKED),
    Edition(
        "nurses-act", "保健師助産師看護師法", "昭和23年法律第203号",
        f"{_EGOV}323AC0000000203", _CHECKED,
    ),
    Edition(
        "drugs-act", "医薬品、医療機器等の品質、有効性及び安全性の確保等に関する法律",
        "昭和35年法律第145号", f"{_EGOV}335AC0000000145", _CHECKED,
    ),
    Edition("care-act", "介護保険法", "平成9年法律第123号", f"{_EGOV}409AC0000000123", _CHECKED),
)  # fmt: skip

_PLACE = re.compile(r"\{\{\s*(\w+)\.(\w+)\s*\}\}")

Words = Mapping[str, Mapping[str, object]]


def unmarked(value: str) -> str:
    """What somebody wrote, for a place within Markdown: there it is text, and marks nothing.

    A name such as ``[here](https://…)`` would else be a link in words that others sign.
    """
    return _MARKS.sub(r"\\\g<0>", " ".join(value.split()))


def fill(text: str, words: Words) -> str:
    """The text with every ``{{ group.name }}`` replaced; all else, comments too, stays as it is.

    Raises:
        KeyError: the text asks for a word that is not given.
    """
    return _PLACE.sub(lambda place: str(words[place[1]][place[2]]), text)


def default_source() -> str:
    """The default policy with its places, in Japanese Markdown."""
    return (TEXTS / "policy.ja.md").read_text(encoding="utf-8")


def words_of(
    *,
    region_name: str,
    operator_name: str,
    operator_phone: str,
    number: int,
    effective_on: date,
    parameters: Mapping[str, object],
    laws: Iterable[Edition] = LAWS,
) -> Words:
    """What the places of a policy are filled with, in one edition of one region.

    Args:
        number: of the edition: 1, 2, 3 …
        parameters: those that differ from the defaults.
        laws: as they stand in the region; the two guidelines are among them.
    """
    figures = whole(parameters)
    editions = {one.key: one.edition for one in laws}
    return {
        "system": SYSTEM,
        "guideline": {f"{one}_edition": editions[one] for one in ("security", "privacy")},
        "region": {"name": region_name},
        "operator": {"name": operator_name, "phone": operator_phone},
        "policy": {"version": f"第{number}版", "effective_date": wareki(effective_on)},
        "parameters": {
            **figures,
            "password_profile_label": PASSWORD_PROFILES[str(figures["password_profile"])],
        },
    }


def policy_text(
    *,
    region_name: str,
    operator_name: str,
    operator_phone: str,
    number: int,
    effective_on: date,
    parameters: Mapping[str, object],
) -> str:
    """The default policy as one edition of this region, in Japanese Markdown."""
    words = words_of(
        region_name=region_name,
        operator_name=operator_name,
        operator_phone=operator_phone,
        number=number,
        effective_on=effective_on,
        parameters=parameters,
    )
    return fill(default_source(), words)


_CLAUSE = re.compile(r"<!--\s*clause:\s*([^>]*?)\s*-->")


def anchors(text: str) -> list[str]:
    """The clauses that a policy's text names, such as ``A14.3``, each once, as they come."""
    found = (word for one in _CLAUSE.findall(text) for word in one.split() if word[0] != "+")
    return list(dict.fromkeys(found))
