"""The purposes of form 4 in words: the official sentence, and what to say to the patient (P4).

The Japanese words stand once: in the form itself, in the edition the region has in force. So what
is explained on the screen is what is signed on paper.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from renkei.kernel import clock
from renkei.paperwork.parse import PLACE
from renkei.region.form_texts import forms, in_force
from renkei.region.models import Region
from renkei.region.wording import SYSTEM, TEXTS

FORM: Final = "form-4-patient-consent"
NUMBERS: Final = range(1, 9)
_HEADING: Final = re.compile(r"^### 目的([1-8])[ 　]+(.+)$", re.MULTILINE)
_PARTS: Final = {"official": "正式な文", "plain": "ふつうの言葉", "easy": "やさしい日本語"}
_EMPTY: Final = re.compile(r"（[ 　]*）")


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose of use."""

    number: int
    choice: bool  # the patient may decline; else it is a legal ground that is explained
    title: str
    official: str
    plain: str
    easy: str  # やさしい日本語
    declined: str  # what follows from declining


def purposes(language: str) -> tuple[Purpose, ...]:
    """The eight purposes in Japanese ("ja"), as the form in force has them, or in English."""
    return worded("en" if language.startswith("en") else "ja", _text())


def _text() -> str:
    region = Region.objects.order_by("opened_at").values_list("pk", flat=True).first()
    return in_force(region, FORM, clock.today()).text if region else forms()[FORM].text


@lru_cache(maxsize=8)
def worded(language: str, text: str) -> tuple[Purpose, ...]:
    """The purposes in the words of one edition of form 4; English is the product's own.

    Raises:
        KeyError: the text leaves out a purpose, or one of its three explanations.
    """
    read = tomllib.loads((TEXTS / "purposes.toml").read_text(encoding="utf-8"))["purpose"]
    said = explained(text)
    made = []
    for one in read:
        words = dict(one["en"]) if language == "en" else {**said[one["number"]], **one["ja"]}
        made.append(Purpose(one["number"], one["choice"], **words))
    return tuple(made)


def explained(text: str) -> dict[int, dict[str, str]]:
    """Title and the three explanations of each purpose, as a text of form 4 gives them.

    Raises:
        KeyError: a purpose is left out, or one of its explanations; it says which.
    """
    found: dict[int, dict[str, str]] = {}
    pieces = _HEADING.split(text)
    for number, title, body in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        found[int(number)] = {"title": title.strip(), **_explanations(body)}
    for number in NUMBERS:
        for part in ("title", *_PARTS):
            if not found.get(number, {}).get(part):
                raise KeyError(f"{number} {_PARTS.get(part, '')}".strip())
    return found


def _explanations(body: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for name, label in _PARTS.items():
        line = re.search(rf"^- {label}[:：][ 　]*(.+)$", body, re.MULTILINE)
        if line:
            parts[name] = _filled(line[1])
    return parts


def _filled(text: str) -> str:
    """The sentence as it is read aloud: without room to write in."""

    def word(place: re.Match[str]) -> str:
        known: dict[str, Any] = {"system.name": SYSTEM["name"]}
        return str(known.get(place[1], ""))

    return _EMPTY.sub("", PLACE.sub(word, text)).strip()
