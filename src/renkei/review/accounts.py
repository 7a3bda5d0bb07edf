"""An organization's own people, gone through by an administrator: one screen, each of them (N1.2).

Who leaves or is to be restricted is only named here: those are actions of their own, with papers
and reasons, and stay on the list of what is to be done until they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.people import figures
from renkei.people.faces import Face
from renkei.people.models import Organization
from renkei.people.staff import StaffLine, staff_of
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.policy.who import STOPPED
from renkei.review import due
from renkei.review.due import Due
from renkei.review.marks import ABSENT, Mark, lasting, untrained
from renkei.review.models import Review, Reviewed
from renkei.review.records import Past, past

KEEP, LEAVES, RESTRICT = "keep", "leaves", "restrict"
RESULTS: Final = {
    KEEP: Reviewed.Result.KEPT,
    LEAVES: Reviewed.Result.LEAVES,
    RESTRICT: Reviewed.Result.RESTRICTED,
}


@dataclass(frozen=True, slots=True)
class Place:
    """One of one's own people before whoever goes through them."""

    role: UUID
    face: Face
    email: str
    administrator: bool
    mine: bool
    last_sign_in: datetime | None
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class ToDo:
    """What was decided last time and is not done yet."""

    role: UUID
    face: Face
    what: str  # "leaves" or "restrict"


@dataclass(frozen=True, slots=True)
class Desk:
    """All that one decides about, and a word for what was seen."""

    organization: str
    due: Due | None
    places: list[Place]  # those that stand out first, then by kana
    seen: str
    to_do: list[ToDo]
    past: list[Past]


def _needs_factor(chosen: str, line: StaffLine) -> bool:
    return chosen == "everybody" or (chosen == "administrators" and line.administrator)


def _marks(line: StaffLine, chosen: Mapping[str, Any], lacks: bool) -> list[Mark]:
    marks = []
    if line.ended:
        marks.append(Mark("left", line.until))
    elif line.until:
        marks.append(Mark("leaves", line.until))
    if line.suspended or line.restriction in STOPPED:
        marks.append(Mark("stopped"))
    elif line.restriction:
        marks.append(Mark("reads_only"))
    if line.pledged_on is None:
        marks.append(Mark("pledge"))
    if lacks:
        marks.append(Mark("training"))
    if line.last_sign_in is None:
        marks.append(Mark("never"))
    elif clock.now() - line.last_sign_in > ABSENT:
        marks.append(Mark("absent", line.last_sign_in))
    if chosen["devices_in_ledger"] and not line.devices:
        marks.append(Mark("device"))
    if _needs_factor(chosen["second_factor"], line) and not line.factor:
        marks.append(Mark("factor"))
    return marks


def _places(standing: Standing, organization: Organization) -> list[Place]:
    lines = staff_of(standing, organization)
    chosen = figures.in_organization(organization)
    lacking = untrained(organization.region_id, {one.face.account for one in lines})
    found = [
        Place(
            role=one.role,
            face=one.face,
            email=one.email,
            administrator=one.administrator,
            mine=one.face.account == standing.who.account,
            last_sign_in=one.last_sign_in,
            marks=_marks(one, chosen, one.face.account in lacking),
        )
        for one in lines
    ]
    return sorted(found, key=lambda one: not one.marks)  # by kana already


def _seen(places: list[Place]) -> str:
    facts = sorted((one.role.hex, one.administrator, sorted(lasting(one.marks))) for one in places)
    return sha256(repr(facts).encode()).hexdigest()


def _organization(standing: Standing, *, locked: bool = False) -> Organization:
    assert standing.what.target_organization is not None
    found = Organization.objects.select_related("region")
    if locked:
        found = found.select_for_update(of=("self",))
    return found.get(pk=standing.what.target_organization)


@disclosure("staff.review", on="organization")
def see_desk(standing: Standing) -> Desk:
    """The organization's people with what stands out about them."""
    organization = _organization(standing)
    places = _places(standing, organization)
    return Desk(
        organization=organization.name,
        due=due.of_accounts(organization.id),
        places=places,
        seen=_seen(places),
        to_do=_to_do(organization.id, {one.role: one for one in places}),
        past=past(organization=organization.id, group=None),
    )


def _to_do(organization: UUID, places: Mapping[UUID, Place]) -> list[ToDo]:
    last = Review.objects.filter(organization=organization, group=None).order_by("number").last()
    if last is None:
        return []
    done = {LEAVES: ("left", "leaves"), RESTRICT: ("left", "stopped", "reads_only")}
    words = {result: word for word, result in RESULTS.items()}
    found = []
    for line in last.lines.exclude(result=Reviewed.Result.KEPT):
        place = places.get(line.role_id) if line.role_id else None
        what = words[Reviewed.Result(line.result)]
        if place and not any(mark.word in done[what] for mark in place.marks):
            found.append(ToDo(place.role, place.face, what))
    return found


@use_case("staff.review", on="organization")
def review_accounts(change: Change, *, seen: str, decisions: Mapping[UUID, str]) -> int:
    """Keep what was decided about everybody; the number of the review.

    Args:
        seen: what ``see_desk`` gave with the people that were decided about.
        decisions: for each role "keep", "leaves" or "restrict".

    Raises:
        Problem: the people have changed since, one is not decided about, or somebody says of
            themselves that they leave.
    """
    organization = _organization(change.standing, locked=True)
    change.stream = f"organization:{organization.id.hex}"
    change.about("Organization", organization.id)
    places = _places(change.standing, organization)
    if _seen(places) != seen:
        raise Problem(gettext_noop("The people have changed meanwhile. Please look again."))
    if set(decisions) != {one.role for one in places} or not set(decisions.values()) <= set(
        RESULTS
    ):
        raise Problem(gettext_noop("Please decide about everybody."))
    if any(one.mine and decisions[one.role] != KEEP for one in places):
        raise Problem(gettext_noop("Another administrator decides about you."))
    review = _begin(change, organization)
    Reviewed.objects.bulk_create(
        Reviewed(
            id=uuid7(),
            key_id=organization.key_id,
            review=review,
            role_id=one.role,
            result=RESULTS[decisions[one.role]],
            marks=[mark.word for mark in one.marks],
        )
        for one in places
    )
    change.detail |= {"review": review.id.hex, "number": review.number}
    change.detail |= {
        word: sorted(role.hex for role, what in decisions.items() if what == word)
        for word in (LEAVES, RESTRICT)
        if word in decisions.values()
    }
    return review.number


def _begin(change: Change, organization: Organization) -> Review:
    asked, made_as = due.of_accounts(organization.id), change.standing.who.role
    assert made_as is not None
    review = Review(
        id=uuid7(),
        organization=organization,
        number=Review.objects.filter(organization=organization, group=None).count() + 1,
        due_at=asked.at if asked else change.now,
        made_at=change.now,
        made_by_id=change.account,
        made_as_id=made_as,
    )
    review.save(force_insert=True)
    return review
