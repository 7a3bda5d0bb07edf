"""What of erasing waits for a person, for their home page (A11.7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from renkei.kernel.database import as_uuid, rows
from renkei.policy.standing import Who


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many erasures wait, the oldest first."""

    kind: str  # "erasures" for the operator to confirm, "erasure" for the organization to file
    count: int
    first: UUID | None
    organization: str


_TO_CONFIRM: Final = """
    SELECT e.id, o.name FROM disclosure_erasure e
    JOIN people_organization o ON o.id = e.organization_id
    WHERE e.region_id = %s AND e.state = 'asked' AND e.asked_by_id <> %s ORDER BY e.number"""
_ASKED: Final = """
    SELECT e.id FROM disclosure_erasure e
    WHERE e.organization_id = %s AND e.state = 'asked' ORDER BY e.number"""
_PAPERS: Final = """
    SELECT about FROM enrollment_paper
    WHERE form = 'erasure-request' AND organization_id = %s AND scan_id IS NOT NULL"""


def waiting_for(who: Who) -> Iterator[Waiting]:
    """What waits; asked only of who administers an organization or works for the operator."""
    if who.operator and who.region is not None and who.account is not None:
        found = rows(_TO_CONFIRM, [who.region.hex, who.account.hex])
        if found:
            yield Waiting("erasures", len(found), as_uuid(found[0][0]), found[0][1])
    if who.administrator and who.organization is not None:
        asked = [as_uuid(one) for (one,) in rows(_ASKED, [who.organization.hex])]
        if asked:
            papers = {about for (about,) in rows(_PAPERS, [who.organization.hex])}
            missing = [one for one in asked if one and f"Erasure/{one.hex}" not in papers]
            if missing:
                yield Waiting("erasure", len(missing), missing[0], "")
