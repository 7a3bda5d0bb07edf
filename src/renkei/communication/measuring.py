"""Vital signs as people type them: read from fields, given back as fields, and what cannot be.

Whoever has the fields of ``communication/vitals.html`` in a form reads them with ``typed`` and
``measured``; the use case that posts checks once more.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication.observations import Observed, judged, label, told, unseal
from renkei.group.ranges import ranges_of
from renkei.kernel.clock import JAPAN, to_us
from renkei.kernel.damage import DAMAGE
from renkei.kernel.database import id_of, rows
from renkei.kernel.errors import Problem
from renkei.policy.standing import Where
from renkei.region import vitals
from renkei.region.vitals import BY, MEALS, OXYGEN, SIGNS, Range

PREFIX: Final = "v_"  # of the names of the fields
NEW: Final = UUID(int=0)
NOTHING_TYPED: Final[Mapping[str, str]] = MappingProxyType({})
_BESIDE: Final = ("oxygen", "flow", "meal", "by", "at")
_LONGEST: Final = 20  # characters of one field
_AHEAD: Final = timedelta(minutes=5)  # how far a clock may be wrong
OLDEST: Final = timedelta(days=31)


def typed(form: Mapping[str, str]) -> dict[str, str]:
    """The fields that were filled in, without their prefix; nothing is changed in them."""
    if f"{PREFIX}by" not in form:  # most messages bring none
        return {}
    names = (*SIGNS, *_BESIDE)
    found = {name: form.get(PREFIX + name, "").strip()[:_LONGEST] for name in names}
    found = {name: text for name, text in found.items() if text}
    return found if found.keys() - {"by", "at"} else {}


def measured(fields: Mapping[str, str], now: datetime) -> Observed | None:
    """What was measured, from fields as they were typed; None if nothing was.

    Raises:
        Problem: something in them cannot be; ``field`` names it with its prefix.
    """
    values = {kind: _value(kind, fields[kind]) for kind in SIGNS if kind in fields}
    if not values:
        if "flow" in fields or "oxygen" in fields or "meal" in fields:
            raise Problem(gettext_noop("Please enter what was measured."), field="v_temperature")
        return None
    observed = Observed(
        _at(fields["at"]) if "at" in fields else now.replace(second=0, microsecond=0),
        values,
        fields.get("by", BY[0]),
        _oxygen(fields),
        fields.get("meal", ""),
    )
    check(observed, now)
    return observed


def _value(kind: str, text: str) -> float:
    found = vitals.number(text)
    if found is None:
        raise Problem(
            gettext_noop("%(sign)s: “%(typed)s” is not a number."),
            field=PREFIX + kind,
            sign=label(kind),
            typed=text,
        )
    return float(found)


def _oxygen(fields: Mapping[str, str]) -> float | None:
    if fields.get("oxygen") == "air":
        return 0.0
    if "flow" not in fields:
        if "oxygen" in fields:
            raise Problem(gettext_noop("Please enter the flow of oxygen."), field="v_flow")
        return None
    flow = vitals.number(fields["flow"])
    if flow is None or OXYGEN.side(float(flow)) or not flow:
        raise Problem(
            gettext_noop("The flow of oxygen cannot be %(typed)s. Please enter litres a minute."),
            field="v_flow",
            typed=fields["flow"],
        )
    return float(flow)


def _at(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Problem(
            gettext_noop("Please enter the time of measuring once more."), field="v_at"
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=JAPAN)


def fields_of(observed: Observed | None) -> dict[str, str]:
    """The fields as somebody would type them."""
    if observed is None:
        return {}
    found = {kind: vitals.shown(kind, value) for kind, value in observed.values.items()}
    if observed.oxygen is not None:
        found["oxygen"] = "flow" if observed.oxygen else "air"
        if observed.oxygen:
            found["flow"] = f"{observed.oxygen:g}"
    if observed.meal:
        found["meal"] = observed.meal
    at = observed.at.astimezone(JAPAN)
    return {**found, "by": observed.by, "at": f"{at:%Y-%m-%dT%H:%M}"}


# ── Whether it can be ────────────────────────────────────────────────────────────────────────────


def check(observed: Observed, now: datetime) -> None:
    """See that all of it can have been measured.

    Raises:
        Problem: something of it cannot be.
    """
    for kind, value in observed.values.items():
        _possible(kind, value)
    high, low = observed.values.get("systolic"), observed.values.get("diastolic")
    if low is not None and high is None:
        raise Problem(
            gettext_noop("Please enter the upper blood pressure too."), field="v_systolic"
        )
    if low is not None and high is not None and low >= high:
        raise Problem(
            gettext_noop("The lower blood pressure is not below the upper one."),
            field="v_diastolic",
        )
    if observed.meal and "glucose" not in observed.values:
        raise Problem(gettext_noop("Please enter the blood sugar too."), field="v_glucose")
    fits = observed.oxygen is None or not OXYGEN.side(observed.oxygen)
    if observed.by not in BY or observed.meal not in ("", *MEALS) or not fits:
        raise Problem(gettext_noop("Please choose one."), field="v_by")
    if observed.at > now + _AHEAD:
        raise Problem(gettext_noop("The time of measuring is in the future."), field="v_at")
    if observed.at < now - OLDEST:
        raise Problem(
            gettext_noop(
                "The time of measuring is more than a month ago. Please write it as text."
            ),
            field="v_at",
        )


def _possible(kind: str, value: float) -> None:
    if vitals.fits(kind, value):
        return
    sign, facts = SIGNS[kind], {"sign": label(kind), "typed": f"{value:g}"}
    if not sign.possible.side(value):
        raise Problem(
            gettext_noop("%(sign)s %(typed)s has too many decimal places."),
            field=PREFIX + kind,
            **facts,
        )
    raise Problem(
        gettext_noop("%(sign)s cannot be %(typed)s. It lies between %(low)s and %(high)s."),
        field=PREFIX + kind,
        **facts,
        low=f"{sign.possible.low:g}",
        high=f"{sign.possible.high:g}",
    )


# ── As it is posted ──────────────────────────────────────────────────────────────────────────────


_WEIGHTS: Final = """
    SELECT id, key_id, version, measured FROM communication_communication
    WHERE group_id = %s AND measured IS NOT NULL AND withdrawn_at IS NULL AND sent_at <= %s
      AND id <> %s
    ORDER BY sent_at DESC LIMIT 30"""
_NEAR: Final = 0.1  # of the weight before: nobody gains or loses more between two visits


def to_be_told(
    where: Where, observed: Observed, posted: datetime, *, message: UUID = NEW
) -> Observed:
    """Vital signs with what is outside for this patient, and with the line of the text.

    A weight far from the one before is outside as well, where no range is set for it: mostly two
    digits have changed places.

    Args:
        message: that is corrected.

    Raises:
        Problem: they cannot be, or the group is not a patient's own: with the family, numbers are
            told in words (A11.5).
    """
    if where.kind != "patient" or where.patient is None or where.group is None:
        raise Problem(gettext_noop("Vital signs are entered in the patient's own group."))
    check(observed, posted)
    ranges = ranges_of(where.patient)
    weight = observed.values.get("weight")
    if weight is not None and "weight" not in ranges:
        if before := _weight_before(where.group, posted, message):
            near = Range(before * (1 - _NEAR), before * (1 + _NEAR))
            if near.side(weight):
                ranges = {**ranges, "weight": near}
    return told(judged(observed, ranges), posted)


def _weight_before(group: UUID, posted: datetime, message: UUID) -> float | None:
    """The weight that was last told; what does not open is passed over."""
    for other, key, version, sealed in rows(_WEIGHTS, [group.hex, to_us(posted), message.hex]):
        try:
            found = unseal(id_of(key), id_of(other), version, sealed)
        except DAMAGE:
            continue
        if found is not None and "weight" in found.values:
            return found.values["weight"]
    return None
