"""The purposes of form 4 in words: the official sentence, and what to say to the patient (P4)."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).resolve().parent.parent / "texts" / "purposes.toml"


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


@lru_cache(maxsize=2)
def purposes(language: str) -> tuple[Purpose, ...]:
    """The eight purposes in Japanese ("ja") or English."""
    read = tomllib.loads(_FILE.read_text(encoding="utf-8"))["purpose"]
    words = "en" if language.startswith("en") else "ja"
    return tuple(Purpose(one["number"], one["choice"], **one[words]) for one in read)
