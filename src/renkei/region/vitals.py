"""What is measured of a patient: what is possible, what is usual, and what is dangerous.

The one place for these numbers: for the fields, for the guard of drafts (N4.9), for the graphs and
for what a region folder brings. Pure: knows neither database nor language.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Final, NamedTuple


class Range(NamedTuple):
    """From a number to a number, both included; None: without an end there."""

    low: float | None
    high: float | None

    def side(self, value: float) -> str:
        """Where a value lies: "low", "high", or "" within."""
        if self.low is not None and value < self.low:
            return "low"
        return "high" if self.high is not None and value > self.high else ""


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that is measured."""

    possible: Range  # outside: nobody can have measured it
    usual: Range  # outside: asked about, where the physician set no range for the patient
    danger: tuple[float, float] | None  # dangerous below the one, and from the other on
    decimals: int = 0  # at most
    always: int = 0  # decimals that are written even if they are zero


SIGNS: Final[Mapping[str, Sign]] = MappingProxyType(
    {
        "temperature": Sign(Range(30, 43.9), Range(35, 38.4), (34, 40), decimals=1, always=1),  # ℃
        "systolic": Sign(Range(30, 300), Range(90, 179), (80, 220)),  # mmHg
        "diastolic": Sign(Range(10, 200), Range(None, 109), (0, 130)),  # mmHg
        "pulse": Sign(Range(10, 300), Range(50, 119), (40, 140)),  # a minute
        "spo2": Sign(Range(40, 100), Range(93, None), (90, 1000)),  # %
        "respiration": Sign(Range(1, 80), Range(11, 24), (9, 30)),  # a minute
        "weight": Sign(Range(0.5, 300), Range(20, 150), None, decimals=2, always=1),  # kg
        "glucose": Sign(Range(10, 900), Range(70, 349), (55, 500)),  # mg/dL
    }
)
OXYGEN: Final = Range(0, 60)  # litres a minute; 0 is room air
MEALS: Final = ("before", "after")
BY: Final = ("author", "patient", "family", "staff")  # who measured


def dangerous(kind: str, value: float) -> bool:
    """Whether a value wants the telephone."""
    danger = SIGNS[kind].danger
    return danger is not None and (value < danger[0] or value >= danger[1])


def number(written: str) -> Decimal | None:
    """A number as people write it: 36.5, ３６．５, 36,5; None for anything else."""
    plain = unicodedata.normalize("NFKC", written).strip().replace(",", ".").replace("。", ".")
    if not plain or not plain.isascii() or not plain.replace(".", "", 1).isdigit():
        return None
    try:
        return Decimal(plain)
    except InvalidOperation:  # a point alone
        return None


def fits(kind: str, value: Decimal | float) -> bool:
    """Whether a value can have been measured, with as many decimals as it has."""
    sign, exact = SIGNS[kind], Decimal(str(value))
    if not exact.is_finite() or sign.possible.side(float(exact)):
        return False
    return exact == round(exact, sign.decimals)


def shown(kind: str, value: float) -> str:
    """A value as it is written, wherever it stands: 37.0, 46.0, 3.25, 132."""
    sign = SIGNS[kind]
    least, whole = sign.always, f"{value:.{sign.decimals}f}"
    spare = len(whole) - len(whole.rstrip("0")) if "." in whole else 0
    return f"{value:.{max(least, sign.decimals - spare)}f}"
