"""Patients whose consent is missing or incomplete (A6, F3)."""

from typing import Any, Final
from uuid import UUID

from renkei.group.shell import GroupLine
from renkei.group.to_do.task import Task
from renkei.kernel import clock
from renkei.kernel.database import as_day, as_uuid, id_of, rows
from renkei.patient.identity import open_identity
from renkei.policy.rules import may
from renkei.policy.standing import Standing, What, Where, Who

CONSENTS: Final = 5  # patients without consent named one by one
_CONSENTS = """
    SELECT p.id, p.key_id, p.identity_sealed, c.state, c.seek_by, p.organization_id
    FROM patient_patient p
    LEFT JOIN patient_consent c ON c.patient_id = p.id AND c.ended_at IS NULL
    WHERE {}
      AND (c.id IS NULL OR (c.state = 'given'
            AND (c.copy_given_on IS NULL OR c.original_kept_by_id IS NULL))
        OR (c.state = 'exempt_life' AND c.seek_by <= %s))
      AND p.deceased_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM patient_consent w
        WHERE w.patient_id = p.id AND w.withdrawn_on IS NOT NULL)
    ORDER BY p.registered_at DESC"""


def consents(standing: Standing, groups: list[GroupLine]) -> list[Task]:
    """Patients whose consent is missing or incomplete, for those who see to it (A6, F3)."""
    who = standing.who
    managed = {line.patient: line.id for line in groups if line.manager and line.patient}
    own = _organization_to_see_to(who)
    if own is None and not managed:
        return []
    places = ", ".join(["%s"] * len(managed))
    among = [f"p.id IN ({places})"] * bool(managed) + ["p.organization_id = %s"] * bool(own)
    ids = [patient.hex for patient in managed] + ([own] if own else [])
    found = rows(_CONSENTS.format(f"({' OR '.join(among)})"), [*ids, clock.today().isoformat()])
    tasks = [_consent(standing, one, managed) for one in found[:CONSENTS]]
    if own and len(found) > CONSENTS:
        tasks.append(Task("consents", who.organization, count=len(found) - CONSENTS))
    return tasks


def _organization_to_see_to(who: Who) -> str | None:
    """The organization whose patients' consents the person may look through, on this device."""
    asked = Standing(who, what=What(target_organization=who.organization))
    return who.organization.hex if who.organization and may(asked, "organization.see") else None


def _consent(standing: Standing, found: tuple[Any, ...], managed: dict[UUID, UUID]) -> Task:
    """What is missing of one patient's consent; whoever may not record it can only ask."""
    who = standing.who
    patient, key = as_uuid(found[0]), as_uuid(found[1])
    assert patient is not None and key is not None
    where = Where(organization=id_of(found[5]), patient=patient)
    mine = may(Standing(who, where), "consent.record")
    seek_by = found[4]
    return Task(
        _consent_kind(found[3]),
        patient if mine else managed.get(patient),
        identity=open_identity(patient, key, found[2]),
        until=as_day(seek_by),
        mine=mine,
    )


def _consent_kind(state: str | None) -> str:
    if state is None:
        return "consent"
    return "copy" if state == "given" else "seek"
