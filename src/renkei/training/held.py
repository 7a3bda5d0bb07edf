"""Lectures as the operator sees them: which were held, who was there, who can be ticked (F1)."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from renkei.enrollment.form_1 import opened
from renkei.enrollment.models import Application
from renkei.kernel.errors import Unknown
from renkei.kernel.japanese import sort_key
from renkei.people.faces import name_of, open_profile
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region.models import Region
from renkei.training.courses import Head, heads, region_of_reader
from renkei.training.models import Completion, Lecture

WAITING: Final = (Application.State.SENT, Application.State.RETURNED)


@dataclass(frozen=True, slots=True)
class LectureLine:
    """A lecture in the list."""

    id: UUID
    course: str
    on: date
    place: str
    teacher: str
    present: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be ticked, or was there."""

    account: UUID | None
    name: str
    profession: str
    organization: str
    there: bool
    completion: UUID | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """One lecture with who was there, and who of one organization can be ticked."""

    line: LectureLine
    there: list[Person]
    candidates: list[Person]
    organizations: list[tuple[UUID, str]]
    organization: UUID | None  # whose people are the candidates
    applications: list[tuple[UUID, str]]  # organizations that have applied, for guests


def _line(lecture: Lecture, titles: dict[str, str]) -> LectureLine:
    details = lecture.unseal("details")
    return LectureLine(
        lecture.id,
        titles.get(lecture.course, lecture.course),
        lecture.on,
        details["place"],
        details["teacher"],
        lecture.attendances.count(),
    )


@disclosure("training.record", on="region")
def see_lectures(standing: Standing) -> tuple[list[LectureLine], list[Head]]:
    """All lectures, newest first; and the courses that can be held."""
    region = region_of_reader(standing)
    courses = heads(region.id)
    titles = {one.code: one.title for one in courses}
    lectures = Lecture.objects.filter(region=region).order_by("-on", "-made_at")
    return [_line(one, titles) for one in lectures], courses


def held_in(region: UUID | None, lecture: UUID) -> Lecture:
    """A lecture of this region.

    Raises:
        Unknown: there is none of that id here.
    """
    found = Lecture.objects.filter(pk=lecture, region=region).first()
    if found is None:
        raise Unknown("lecture")
    return found


@disclosure("training.record", on="region")
def see_lecture(standing: Standing, lecture: UUID, organization: UUID | None) -> Held:
    """One lecture: who was there, and the people of one organization to tick.

    Raises:
        Unknown: it is none of this region.
    """
    region = region_of_reader(standing)
    found = held_in(region.id, lecture)
    titles = {one.code: one.title for one in heads(region.id)}
    organizations = Organization.objects.filter(region=region, left_on=None).order_by("kana")
    chosen = organizations.filter(pk=organization).first() if organization else None
    return Held(
        line=_line(found, titles),
        there=_there(found),
        candidates=_candidates(found, chosen) if chosen else [],
        organizations=list(organizations.values_list("id", "name")),
        organization=chosen.id if chosen else None,
        applications=_applications(region),
    )


def _applications(region: Region) -> list[tuple[UUID, str]]:
    """Who has applied and waits, by name."""
    waiting = Application.objects.filter(region=region, state__in=WAITING)
    return sorted(
        ((one.id, opened(one.unseal("content")).name) for one in waiting), key=lambda one: one[1]
    )


def _there(lecture: Lecture) -> list[Person]:
    done = dict(
        Completion.objects.filter(lecture=lecture, annulled_at=None).values_list("account", "id")
    )
    people = []
    for one in lecture.attendances.select_related("account").order_by("recorded_at"):
        if one.account is None:
            guest = one.unseal("guest")
            people.append(Person(None, guest["name"], "", guest["organization"], True))
            continue
        if one.account_id in done:
            people.append(_person(one.account, done[one.account_id]))
    return sorted(people, key=lambda one: (one.organization, one.name))


def _person(account: Account, completion: UUID | None = None) -> Person:
    roles = account.roles.filter(ended_at=None).select_related("organization")
    first = roles.order_by("started_at").first()
    return Person(
        account.id,
        name_of(account),
        first.profession if first else "",
        first.organization.name if first else "",
        True,
        completion,
    )


def _candidates(lecture: Lecture, organization: Organization) -> list[Person]:
    """Who works there today, by kana."""
    done = set(
        Completion.objects.filter(lecture=lecture, annulled_at=None).values_list(
            "account", flat=True
        )
    )
    roles = PractitionerRole.objects.filter(organization=organization, ended_at=None)
    found = []
    for role in roles.select_related("account"):
        one = role.account
        profile = open_profile(one.id, one.key_id, one.profile_sealed)
        there = one.id in done
        person = Person(one.id, profile["name"], role.profession, organization.name, there)
        found.append((sort_key(profile["kana"]), person))
    return [person for _, person in sorted(found, key=lambda one: one[0])]
