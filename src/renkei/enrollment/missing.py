"""People who are not ready yet, for the operator: who lacks what, by organization (A2, A9, N3.5).

Names and professions alone: nothing here says whom anybody cares for.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from renkei.kernel import clock, vault
from renkei.kernel.database import as_uuid, rows
from renkei.kernel.japanese import sort_key
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region.edition import IN_FORCE

WHAT: Final = ("begun", "policy", "pledge", "training", "photo")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works for an organization, and what of theirs is missing."""

    face: Face
    lacks: frozenset[str]  # of ``WHAT``


@dataclass(frozen=True, slots=True)
class Place:
    """An organization with everybody of it who lacks something."""

    id: UUID
    name: str
    people: int  # all of them
    missing: list[Person]

    @property
    def counts(self) -> dict[str, int]:
        """How many lack what."""
        return {what: sum(what in one.lacks for one in self.missing) for what in WHAT}


_EVERYBODY: Final = f"""
    SELECT {COLUMNS}, a.password_changed_at, a.acknowledged_id, {IN_FORCE}, r.pledged_on,
      r.trained_on
    FROM people_practitionerrole r
    JOIN people_account a ON a.id = r.account_id
    JOIN people_organization o ON o.id = r.organization_id
    JOIN region_region rg ON rg.id = o.region_id
    WHERE o.region_id = %s AND r.ended_at IS NULL AND (r.until IS NULL OR r.until > %s)
      AND a.suspended_at IS NULL
      AND o.suspended_at IS NULL AND o.left_on IS NULL ORDER BY o.kana, o.id"""


def places(region: UUID) -> list[Place]:
    """Every organization of a region with who of it lacks what."""
    found = rows(_EVERYBODY, [clock.to_us(clock.now()), region.hex, clock.to_us(clock.now())])
    vault.warm(as_uuid(one[1]) for one in found)
    people: dict[UUID, list[Person]] = defaultdict(list)
    for one in found:
        who = face(one[:WIDTH])
        assert who.organization_id is not None
        began, acknowledged, policy, pledged, trained = one[WIDTH:]
        there = {
            "begun": began is not None,
            "policy": as_uuid(acknowledged) == as_uuid(policy),
            "pledge": pledged is not None,
            "training": trained is not None,
            "photo": bool(who.photo),
        }
        lacks = frozenset(what for what, has in there.items() if not has)
        people[who.organization_id].append(Person(who, lacks))
    return [_place(place, everybody) for place, everybody in people.items()]


def _place(place: UUID, everybody: list[Person]) -> Place:
    missing = [one for one in everybody if one.lacks]
    missing.sort(key=lambda one: (sort_key(one.face.kana), one.face.account))
    return Place(place, everybody[0].face.organization, len(everybody), missing)


@disclosure("missing.see", on="region")
def see_missing(standing: Standing) -> list[Place]:
    """The same, for the operator's own region."""
    assert standing.who.region is not None
    return places(standing.who.region)
