"""What is usual for one patient, where it is not what is usual: set by a physician of the team.

Each setting is kept, and stands as an event in the timeline with its numbers, so that everybody
knows since when a value counts as high or low. The newest is in force.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from renkei.communication.observations import UNITS, label
from renkei.group.head import Head, head
from renkei.group.membership import group_of, say
from renkei.kernel.clock import from_us
from renkei.kernel.damage import DAMAGE
from renkei.kernel.database import id_of, row
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.sealed import about
from renkei.kernel.vault import unseal_json
from renkei.patient.models import Patient, ReferenceRange
from renkei.people.faces import name_by
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.vitals import SIGNS, Range, fits, number, shown

Ranges = Mapping[str, Range]


@dataclass(frozen=True, slots=True)
class InForce:
    """The ranges of a patient, who set them and when."""

    ranges: Ranges
    set_by: str
    set_at: datetime
    damaged: bool = False  # they do not open: what is usual for anybody counts


_NEWEST: Final = """
    SELECT id, key_id, ranges, set_by_id, set_at FROM patient_referencerange
    WHERE patient_id = %s ORDER BY set_at DESC, id DESC LIMIT 1"""


def in_force(patient: UUID) -> InForce | None:
    """The ranges that a physician set for a patient; None if nobody did."""
    found = row(_NEWEST, [patient.hex])
    if found is None:
        return None
    record, key = id_of(found[0]), id_of(found[1])
    who, when = name_by(id_of(found[3])), from_us(found[4])
    try:
        kept = unseal_json(key, found[2], about=about("patient.ReferenceRange", record, "ranges"))
    except DAMAGE:
        return InForce({}, who, when, damaged=True)
    return InForce({kind: Range(*ends) for kind, ends in kept.items()}, who, when)


def ranges_of(patient: UUID) -> Ranges:
    """The ranges alone."""
    found = in_force(patient)
    return found.ranges if found else {}


@dataclass(frozen=True, slots=True)
class Desk:
    """The form of the ranges."""

    head: Head
    now: InForce | None


@disclosure("observation.set_ranges", on="group")
def see_ranges(standing: Standing) -> Desk:
    """What is in force, for the physician who changes it."""
    where = standing.where
    assert where is not None and where.patient is not None
    return Desk(head(standing), in_force(where.patient))


@use_case("observation.set_ranges", on="group")
def set_ranges(change: Change, *, ranges: Ranges) -> None:
    """Set what is usual for this patient; what is not named is as for anybody.

    Raises:
        Problem: an end cannot be, the ends are the wrong way round, or nothing has changed.
    """
    member = change.where.member
    assert member is not None and member.role is not None
    _set(change, ranges, change.account, member.role)


@use_case("region.load", on="group")
def take_over_ranges(change: Change, *, ranges: Ranges, author: UUID, role: UUID) -> None:
    """What a physician has set before, as the records of the region tell it.

    Raises:
        Problem: as ``set_ranges``.
    """
    _set(change, ranges, author, role)


def _set(change: Change, ranges: Ranges, author: UUID, role: UUID) -> None:
    wanted = {kind: _checked(kind, ranges[kind]) for kind in SIGNS if kind in ranges}
    wanted = {kind: one for kind, one in wanted.items() if one != Range(None, None)}
    group = group_of(change)
    if wanted == ranges_of(change.patient):
        raise Problem(gettext_noop("Nothing has been changed."))
    patient = Patient.objects.get(pk=change.patient)
    made = ReferenceRange(
        id=uuid7(),
        key_id=patient.key_id,
        patient=patient,
        set_by_id=author,
        role_id=role,
        set_at=change.now,
    )
    made.seal("ranges", {kind: list(one) for kind, one in wanted.items()})
    made.save(force_insert=True)
    change.about("ReferenceRange", made.id, signs=len(wanted))
    say(change, group, "ranges", subject=None, text=_told(wanted), sender=author)


def _checked(kind: str, ends: Range) -> Range:
    sign = label(kind)
    if any(end is not None and not fits(kind, end) for end in ends):
        least, most = SIGNS[kind].possible
        raise Problem(
            gettext_noop("%(sign)s lies between %(low)s and %(high)s."),
            field=f"low_{kind}",
            sign=sign,
            low=f"{least:g}",
            high=f"{most:g}",
        )
    if ends.low is not None and ends.high is not None and ends.low >= ends.high:
        raise Problem(
            gettext_noop("%(sign)s: the lower end is not below the upper one."),
            field=f"low_{kind}",
            sign=sign,
        )
    return ends


def typed_ranges(form: Mapping[str, str]) -> dict[str, Range]:
    """The ranges of a form, as ``low_spo2`` and ``high_spo2``.

    Raises:
        Problem: something in it is not a number.
    """
    found = {}
    for kind in SIGNS:
        ends: list[float | None] = []
        for side in ("low", "high"):
            text = form.get(f"{side}_{kind}", "").strip()
            end = number(text)
            if text and end is None:
                raise Problem(
                    gettext_noop("%(sign)s: “%(typed)s” is not a number."),
                    field=f"{side}_{kind}",
                    sign=label(kind),
                    typed=text[:20],
                )
            ends.append(None if end is None else float(end))
        found[kind] = Range(*ends)
    return found


def _told(ranges: Ranges) -> str:
    """The ranges in the words of the region, as they stand in the timeline."""
    with translation.override("ja"):
        return "、".join(f"{label(kind)} {range_words(kind, one)}" for kind, one in ranges.items())


def range_words(kind: str, one: Range) -> str:
    """From and to, with the unit: 「93%以上」."""
    low, high = ("" if end is None else shown(kind, end) for end in one)
    if low and high:
        return f"{low}〜{high}{_(UNITS[kind])}"
    words = _("%(value)s or more") if low else _("%(value)s or less")
    return words % {"value": f"{low or high}{_(UNITS[kind])}"}
