"""Whose ID is in use at two places at once, as their administrator sees it (A14.2)."""

from dataclasses import dataclass

from renkei.kernel.database import rows
from renkei.people import simultaneous
from renkei.people.faces import COLUMNS, Face, face
from renkei.people.simultaneous import Pattern
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure

_STAFF = (
    f"SELECT {COLUMNS} FROM people_practitionerrole r"
    " JOIN people_account a ON a.id = r.account_id"
    " JOIN people_organization o ON o.id = r.organization_id"
    " WHERE o.id = %s AND r.ended_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class PatternLine:
    """One of the staff, and how often it happened."""

    who: Face
    pattern: Pattern


@disclosure("staff.see", on="organization")
def see_patterns(standing: Standing) -> list[PatternLine]:
    """One's own staff whose ID was in use at two places at once of late: who, and how often."""
    organization = standing.what.target_organization
    assert organization is not None
    found = [face(one) for one in rows(_STAFF, [organization.hex])]
    faces = {one.account: one for one in found}
    return [PatternLine(faces[one.account], one) for one in simultaneous.patterns(set(faces))]
