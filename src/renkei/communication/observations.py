"""The vital signs that a message brings (Observation): judged, told in its text, sealed beside it.

They belong to one wording of one message and are sealed beside it. Its text ends with a line that
says the same in words, so that search, copies and whoever reads without the graph have it too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from renkei.kernel import clock, vault
from renkei.kernel.clock import JAPAN
from renkei.region import vitals
from renkei.region.vitals import SIGNS, Range

LABELS: Final = {
    "temperature": gettext_noop("Temperature"),
    "systolic": gettext_noop("Blood pressure"),
    "diastolic": gettext_noop("Blood pressure, lower"),
    "pulse": gettext_noop("Pulse"),
    "spo2": gettext_noop("SpO2"),
    "respiration": gettext_noop("Breathing"),
    "weight": gettext_noop("Weight"),
    "glucose": gettext_noop("Blood sugar"),
}
UNITS: Final = {
    "temperature": gettext_noop("°C"),
    "systolic": "mmHg",
    "diastolic": "mmHg",
    "pulse": gettext_noop("/min"),
    "spo2": "%",
    "respiration": gettext_noop("/min"),
    "weight": "kg",
    "glucose": "mg/dL",
}
MEAL_WORDS: Final = {
    "before": gettext_noop("before a meal"),
    "after": gettext_noop("after a meal"),
}
BY_WORDS: Final = {
    "patient": gettext_noop("measured by the patient"),
    "family": gettext_noop("measured by the family"),
    "staff": gettext_noop("measured by another professional"),
}


@dataclass(frozen=True, slots=True)
class Observed:
    """What was measured at one time."""

    at: datetime
    values: Mapping[str, float]  # by the names in ``SIGNS``
    by: str = "author"
    oxygen: float | None = None  # litres a minute, 0 in room air; None: not said
    meal: str = ""
    outside: Mapping[str, str] = field(default_factory=dict)  # "low" or "high", as it was posted
    line: str = ""  # what stands in the text


class Reading(NamedTuple):
    """One value as it is shown; a blood pressure is one."""

    kind: str
    label: str
    value: str
    unit: str
    note: str  # beside it: room air, before a meal
    side: str  # "low" or "high" of what is usual for the patient, else ""


# ── Whether it is usual ──────────────────────────────────────────────────────────────────────────


def judged(observed: Observed, ranges: Mapping[str, Range]) -> Observed:
    """The same with what is outside: of the patient's own range, or of what is usual."""
    return replace(observed, outside=outside(observed.values, ranges))


def outside(values: Mapping[str, float], ranges: Mapping[str, Range]) -> dict[str, str]:
    """Which values are outside, and on which side."""
    sides = {
        kind: ranges.get(kind, SIGNS[kind].usual).side(value) for kind, value in values.items()
    }
    return {kind: side for kind, side in sides.items() if side}


def same(one: Observed, other: Observed) -> bool:
    """Whether both say the same, however it was judged and told."""
    return all(
        getattr(one, name) == getattr(other, name)
        for name in ("at", "values", "by", "oxygen", "meal")
    )


def asked(observed: Observed | None, before: Observed | None = None) -> list[str]:
    """The signs about which the author is asked once more: “really 34.1 °C?”.

    Not what stood there before, and not what is dangerous: there the telephone comes first.
    """
    if observed is None:
        return []
    known = before.values if before else {}
    return [
        kind
        for kind in observed.outside
        if known.get(kind) != observed.values[kind]
        and not vitals.dangerous(kind, observed.values[kind])
    ]


def label(kind: str) -> str:
    """What a number by itself is called, where a blood pressure is two."""
    return _("Blood pressure, upper") if kind == "systolic" else _(LABELS[kind])


def questions(observed: Observed | None, kinds: Iterable[str]) -> list[str]:
    """The values that are asked about: 「体温 34.1℃」."""
    if observed is None:
        return []
    return [
        f"{label(kind)} {vitals.shown(kind, observed.values[kind])}{_(UNITS[kind])}"
        for kind in kinds
    ]


# ── As it is told ────────────────────────────────────────────────────────────────────────────────


def readings(observed: Observed) -> list[Reading]:
    """The values one after the other, in the language of the page."""
    return [
        _reading(observed, kind)
        for kind in SIGNS
        if kind in observed.values and kind != "diastolic"
    ]


def _reading(observed: Observed, kind: str) -> Reading:
    value, side = vitals.shown(kind, observed.values[kind]), observed.outside.get(kind, "")
    if kind == "systolic" and "diastolic" in observed.values:
        value += "/" + vitals.shown("diastolic", observed.values["diastolic"])
        side = side or observed.outside.get("diastolic", "")
    note = ""
    if kind == "spo2" and observed.oxygen is not None:
        note = oxygen_words(observed.oxygen)
    if kind == "glucose" and observed.meal:
        note = _(MEAL_WORDS[observed.meal])
    return Reading(kind, _(LABELS[kind]), value, _(UNITS[kind]), note, side)


def oxygen_words(flow: float) -> str:
    """Room air, or how much oxygen."""
    return _("oxygen %(flow)s L/min") % {"flow": f"{flow:g}"} if flow else _("room air")


def told(observed: Observed, posted: datetime) -> Observed:
    """The same with the line that stands in the text, in the words of the region."""
    at, day = observed.at.astimezone(JAPAN), posted.astimezone(JAPAN).date()
    with translation.override("ja"):
        parts = [
            f"{one.label} {one.value}{one.unit}"
            + (_("(%(note)s)") % {"note": one.note} if one.note else "")
            for one in readings(observed)
        ]
        if observed.oxygen is not None and "spo2" not in observed.values:
            parts.append(oxygen_words(observed.oxygen))
        if observed.by in BY_WORDS:
            parts.append(_(BY_WORDS[observed.by]))
        when = f"{at:%-H:%M}"
        if at.date() != day:
            when = f"{at.month}月{at.day}日 {when}"
        line = _("Vital signs (%(when)s) %(values)s") % {"when": when, "values": "、".join(parts)}
    return replace(observed, line=line)


def together(text: str, observed: Observed | None) -> str:
    """The text with its line below."""
    if observed is None:
        return text
    return f"{text}\n\n{observed.line}" if text else observed.line


def words_alone(text: str, observed: Observed | None) -> str:
    """The text without its line: what the author wrote."""
    if observed is None or not observed.line or not text.endswith(observed.line):
        return text
    return text.removesuffix(observed.line).rstrip("\n")


# ── Sealed ───────────────────────────────────────────────────────────────────────────────────────


def _place(message: UUID, version: int) -> str:
    return f"communication.Communication/{message.hex}/measured.{version}"


def seal(key: UUID, message: UUID, version: int, observed: Observed | None) -> bytes | None:
    """Seal what one wording of a message brings."""
    if observed is None:
        return None
    content = {
        "at": clock.to_us(observed.at),
        "values": dict(observed.values),
        "by": observed.by,
        "oxygen": observed.oxygen,
        "meal": observed.meal,
        "outside": dict(observed.outside),
        "line": observed.line,
    }
    return vault.seal_json(key, content, about=_place(message, version))


def unseal(
    key: UUID, message: UUID, version: int, sealed: bytes | memoryview | None
) -> Observed | None:
    """What a wording brings; the errors of ``vault.unseal``."""
    if sealed is None:
        return None
    content: dict[str, Any] = vault.unseal_json(key, sealed, about=_place(message, version))
    return Observed(**{**content, "at": clock.from_us(content["at"])})
