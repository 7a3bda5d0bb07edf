"""What a person still has to do, or wait for, before patients' data opens to them (A3, A9)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from renkei.kernel.database import id_of, rows
from renkei.policy.standing import Standing, Who
from renkei.policy.use_case import disclosure
from renkei.policy.who import joined


@dataclass(frozen=True, slots=True)
class Place:
    """An organization for which the person works, and what is missing there."""

    role: UUID
    organization: UUID
    name: str
    phone: str
    missing: tuple[str, ...]  # "approved", "organization_pledged", "pledged", "trained"
    each_trains: bool  # the training is the person's own, and not the organization's


_PLACES = """
    SELECT r.id, o.id, o.name, o.phone,
      o.approved_on, o.pledged_on, r.pledged_on, o.trained_on, r.trained_on, o.each_trains
    FROM people_practitionerrole r JOIN people_organization o ON o.id = r.organization_id
    WHERE r.account_id = %s AND r.ended_at IS NULL AND o.left_on IS NULL
    ORDER BY r.started_at"""


def unfinished(who: Who) -> list[Place]:
    """Where something is missing of joining; empty for who may begin everywhere."""
    if who.account is None:
        return []
    found = rows(_PLACES, [who.account.hex])
    places = [_place(one, who.each_trains or bool(one[9])) for one in found]
    return [one for one in places if one.missing]


def _place(found: tuple[Any, ...], each: bool) -> Place:
    missing = joined(found[4:9], each).missing
    return Place(id_of(found[0]), id_of(found[1]), found[2], found[3], missing, each)


@disclosure("home.see", on="region")
def see_own_joining(standing: Standing) -> list[Place]:
    """Where something is missing of one's own joining, and what."""
    return unfinished(standing.who)
