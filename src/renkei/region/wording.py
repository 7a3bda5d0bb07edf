"""The region's own words: texts with places like ``{{ operator.name }}``, filled in."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from renkei.kernel.japanese import wareki
from renkei.region.parameters import PARAMETERS

TEXTS = Path(__file__).resolve().parent.parent / "texts"
SYSTEM = {"name": "連携"}
GUIDELINES = {  # the editions followed, with their months of issue (A2)
    "security_edition": "第6.0版 令和5年5月",
    "privacy_edition": "令和6年12月改正",
}
PASSWORD_PROFILE = "標準方式"  # A14.3: letters and digits, changed every two months

_PLACE = re.compile(r"\{\{\s*(\w+)\.(\w+)\s*\}\}")

Words = Mapping[str, Mapping[str, object]]


def fill(text: str, words: Words) -> str:
    """The text with every ``{{ group.name }}`` replaced; all else, comments too, stays as it is.

    Raises:
        KeyError: the text asks for a word that is not given.
    """
    return _PLACE.sub(lambda place: str(words[place[1]][place[2]]), text)


def policy_text(
    *,
    region_name: str,
    operator_name: str,
    operator_phone: str,
    number: int,
    effective_on: date,
    parameters: Mapping[str, object],
) -> str:
    """The default policy as one edition of this region, in Japanese Markdown.

    Args:
        number: of the edition: 1, 2, 3 …
        parameters: those that differ from the defaults.
    """
    defaults = {name: one.default for name, one in PARAMETERS.items()}
    words: Words = {
        "system": SYSTEM,
        "guideline": GUIDELINES,
        "region": {"name": region_name},
        "operator": {"name": operator_name, "phone": operator_phone},
        "policy": {"version": f"第{number}版", "effective_date": wareki(effective_on)},
        "parameters": {**defaults, **parameters, "password_profile_label": PASSWORD_PROFILE},
    }
    return fill((TEXTS / "policy.ja.md").read_text(encoding="utf-8"), words)
