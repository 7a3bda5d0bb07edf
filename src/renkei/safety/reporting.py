"""Saying what became of patients, of oneself, and of one's organization (A20)."""

from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.kernel.database import id_of, row
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.policy.use_case import Change, use_case
from renkei.region.disaster import Disaster, in_force
from renkei.safety.models import PlaceReport, SafetyReport, StaffReport, State

PLACE_MOST: Final = 60  # characters
NOTE_MOST: Final = 200


def _now(change: Change) -> Disaster:
    disaster = in_force(change.region)
    if disaster is None:
        raise Problem(gettext_noop("This is used only while a disaster or a drill is on."))
    return disaster


def _checked(state: str, states: list[str], place: str, note: str) -> dict[str, str]:
    place, note = clean_text(place).strip(), clean_text(note).strip()
    if state not in states:
        raise Problem(gettext_noop("Please choose one."), field="state")
    if len(place) > PLACE_MOST or len(note) > NOTE_MOST:
        raise Problem(gettext_noop("This is too long."), field="note")
    return {"place": place, "note": note}


@use_case("safety.report", on="group")
def report_patient(change: Change, *, state: str, place: str, note: str) -> None:
    """Say what became of the patient of a group one takes part in.

    Raises:
        Problem: neither disaster nor drill is on; no such state; too long.
    """
    disaster = _now(change)
    content = _checked(state, State.values, place, note)
    where = change.where
    found = row("SELECT key_id FROM patient_patient WHERE id = %s", [change.patient.hex])
    assert found is not None and where.member is not None
    assert where.member.organization is not None  # a patient's group
    report = SafetyReport(
        id=uuid7(),
        key_id=id_of(found[0]),
        disaster_id=disaster.id,
        patient_id=change.patient,
        state=state,
        by_id=change.account,
        organization_id=where.member.organization,
        at=change.now,
    )
    _keep(change, report, content, disaster)


@use_case("safety.report_oneself", on="region")
def report_oneself(change: Change, *, state: str, note: str) -> None:
    """Say how one is, to one's own organization.

    Raises:
        Problem: as ``report_patient``.
    """
    disaster = _now(change)
    content = _checked(state, State.values, "", note)
    role = change.standing.who.role
    assert role is not None
    report = StaffReport(
        id=uuid7(),
        key_id=_region_key(change),
        disaster_id=disaster.id,
        role_id=role,
        state=state,
        at=change.now,
    )
    _keep(change, report, {"note": content["note"]}, disaster)


@use_case("safety.report_place", on="organization")
def report_place(change: Change, *, state: str, note: str) -> None:
    """Say whether one's organization is open.

    Raises:
        Problem: as ``report_patient``.
    """
    disaster, place = _now(change), change.standing.what.target_organization
    assert place is not None
    content = _checked(state, PlaceReport.Doors.values, "", note)
    report = PlaceReport(
        id=uuid7(),
        key_id=_region_key(change),
        disaster_id=disaster.id,
        organization_id=place,
        state=state,
        by_id=change.account,
        at=change.now,
    )
    _keep(change, report, {"note": content["note"]}, disaster)
    change.stream = f"organization:{place.hex}"


def _keep(
    change: Change,
    report: SafetyReport | StaffReport | PlaceReport,
    content: dict[str, str],
    disaster: Disaster,
) -> None:
    """Seal what was said and keep it; the line holds the state alone."""
    report.seal("content", content)
    report.save(force_insert=True)
    change.about(type(report).__name__, report.id, state=report.state, **disaster.mark)


def _region_key(change: Change) -> UUID:
    found = row("SELECT key_id FROM region_region WHERE id = %s", [change.region.hex])
    assert found is not None
    return id_of(found[0])
