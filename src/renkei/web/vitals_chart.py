"""Graphs of vital signs as shapes: pure geometry, drawn by the template as SVG.

One graph a sign, all over the same days. Points are joined where they follow closely; a time in
which nothing was measured stays empty. Colour carries no meaning alone: what is outside is a
triangle that points up or down.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil, floor
from typing import Final

from renkei.communication.observations import Observed
from renkei.kernel.clock import begins
from renkei.region.vitals import SIGNS, Range, shown

_Height = Callable[[float], float]
WIDTH: Final = 360
HEIGHT: Final = 160
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 8, 12, 26
_WORD: Final = 38  # as wide as 「11/27」
_GAP_DAYS: Final = {"short": 3, "long": 10}  # longer apart: not joined
_LONG: Final = 31  # days from which a graph counts as long
_STEPS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
_LEAST: Final = {  # what a graph shows at least, so that small ups and downs stay small
    "temperature": 2.0, "systolic": 60.0, "pulse": 40.0, "spo2": 10.0, "respiration": 10.0,
    "weight": 4.0, "glucose": 100.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Point:
    """One value in its place."""

    x: float
    y: float
    side: str
    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Curve:
    """The values of one sign: every point, and the lines between those that are close."""

    kind: str
    points: list[Point]
    lines: list[str]  # each as the attribute ``points`` has it


@dataclass(frozen=True, slots=True)
class Band:
    """Where values are usual for the patient."""

    y: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The graph of one sign; of a blood pressure both its curves."""

    kind: str
    curves: list[Curve]
    bands: list[Band]
    levels: list[tuple[float, str]]  # the lines across, with what stands beside them
    days: list[tuple[float, date]]  # the lines upwards
    count: int
    least: str
    most: str
    newest: str
    low: str  # of the range that is drawn, empty without one
    high: str


def charts(
    taken: Sequence[Observed], first: date, last: date, ranges: Mapping[str, Range]
) -> list[Chart]:
    """A graph of each sign of which there is something."""
    ordered = sorted(taken, key=lambda one: one.at)
    kinds = [kind for kind in SIGNS if kind != "diastolic"]
    return [
        _chart(kind, ordered, first, last, ranges)
        for kind in kinds
        if any(kind in one.values for one in ordered)
    ]


def _chart(
    kind: str, taken: Sequence[Observed], first: date, last: date, ranges: Mapping[str, Range]
) -> Chart:
    kinds = ["systolic", "diastolic"] if kind == "systolic" else [kind]
    values = [one.values[each] for one in taken for each in kinds if each in one.values]
    bands = {each: ranges[each] for each in kinds if each in ranges}
    ends = [end for one in bands.values() for end in one if end is not None]
    floor_, step, count = _scale(kind, min(values + ends), max(values + ends))
    top = floor_ + step * count
    across = _Across(first, last)

    def height(value: float) -> float:
        share = (value - floor_) / (top - floor_)
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _BOTTOM - _TOP), 1)

    curves = [
        _curve(each, [one for one in taken if each in one.values], across, height)
        for each in kinds
        if any(each in one.values for one in taken)
    ]
    levels = [floor_ + step * n for n in range(count + 1)]
    own = [one.values[kind] for one in taken if kind in one.values]
    band = bands.get(kind, Range(None, None))
    return Chart(
        kind=kind,
        curves=curves,
        bands=[_band(each, one, floor_, top, height) for each, one in bands.items()],
        levels=[(height(one), _level(kind, one)) for one in levels],
        days=across.ticks(),
        count=len(own),
        least=shown(kind, min(own)),
        most=shown(kind, max(own)),
        newest=_newest(kind, taken),
        low="" if band.low is None else shown(kind, band.low),
        high="" if band.high is None else shown(kind, band.high),
    )


def _level(kind: str, value: float) -> str:
    """What stands at a line of the graph: as values of this kind are written."""
    return shown(kind, value) if SIGNS[kind].always else f"{value:g}"


def _newest(kind: str, taken: Sequence[Observed]) -> str:
    """The last value; of a blood pressure with the lower one."""
    last = next(one for one in reversed(taken) if kind in one.values)
    low = last.values.get("diastolic") if kind == "systolic" else None
    upper = shown(kind, last.values[kind])
    return upper if low is None else f"{upper}/{shown('diastolic', low)}"


def _scale(kind: str, least: float, most: float) -> tuple[float, float, int]:
    """Where the graph begins, the step between its lines, and how many steps there are."""
    room = max(0.0, _LEAST[kind] - (most - least)) / 2
    least, most = least - room, most + room
    step = next((one for one in _STEPS if (most - least) / one <= 4), 500)
    begins = floor(round(least / step, 6)) * step
    return round(begins, 6), step, max(1, ceil(round((most - begins) / step, 6)))


class _Across:
    """Where a moment stands from left to right."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.count = first, (last - first).days + 1
        self._start = begins(first)

    def x(self, at: datetime) -> float:
        share = (at - self._start) / timedelta(days=self.count)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def ticks(self) -> list[tuple[float, date]]:
        """Every other day of two weeks, the Mondays of three months."""
        days = [self.first + timedelta(days=n) for n in range(self.count)]
        if self.count > _LONG:
            days = [one for one in days if one.weekday() == 0][::2]
        else:
            days = days[::2] if self.count > 7 else days
        found = [(self.x(begins(one)), one) for one in days]
        return [(x, one) for x, one in found if x <= WIDTH - _WORD]


def _curve(kind: str, taken: Sequence[Observed], across: _Across, height: _Height) -> Curve:
    points = [
        Point(
            across.x(one.at),
            height(one.values[kind]),
            one.outside.get(kind, ""),
            shown(kind, one.values[kind]),
            one.at,
        )
        for one in taken
    ]
    far = timedelta(days=_GAP_DAYS["long" if across.count > _LONG else "short"])
    runs: list[list[Point]] = []
    for point in points:
        if runs and point.at - runs[-1][-1].at <= far:
            runs[-1].append(point)
        else:
            runs.append([point])
    lines = [" ".join(f"{one.x},{one.y}" for one in run) for run in runs if len(run) > 1]
    return Curve(kind, points, lines)


def _band(kind: str, one: Range, floor_: float, top: float, height: _Height) -> Band:
    high = height(top if one.high is None else one.high)
    low = height(floor_ if one.low is None else one.low)
    return Band(high, round(max(low - high, 1), 1), kind)
