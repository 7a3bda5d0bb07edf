"""What it means that training was completed; steps for use cases, each within their change.

What rules ask are the dates ``PractitionerRole.trained_on`` and ``Organization.trained_on``; the
completions are the evidence for them. A person's completion of the course before use counts for all
their open roles. It counts as their organization's training (F1) where they are its administrator:
the people an organization names for the system; else the operator records it.
"""

import secrets
from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from renkei.kernel import clock
from renkei.kernel.errors import Problem
from renkei.people.models import Organization, PractitionerRole
from renkei.policy.use_case import Change
from renkei.region.models import Region
from renkei.training.courses import Course, in_force
from renkei.training.models import FIRST, Attempt, Completion, Lecture

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks like something else
NUMBER: Final = 12  # characters: 60 bits, so that nobody guesses one


def new_number() -> str:
    """The number of a new certificate."""
    return "".join(secrets.choice(ALPHABET) for _ in range(NUMBER))


def region_of(change: Change) -> Region:
    """The region of the person who acts."""
    return Region.objects.get(pk=change.region)


def complete(
    change: Change,
    *,
    account: UUID,
    course: Course,
    on: date,
    way: Completion.Way,
    attempt: Attempt | None = None,
    lecture: Lecture | None = None,
) -> Completion:
    """A person has completed a course on a day."""
    completion = _completion(
        change, course, on, way=way, account_id=account, attempt=attempt, lecture=lecture
    )
    if course.before_use:
        _note_person(change, account, on)
    return completion


def _completion(change: Change, course: Course, on: date, **facts: Any) -> Completion:
    completion = Completion(
        region_id=change.region,
        course=course.code,
        edition_number=course.number,
        on=on,
        until=course.valid_until(on),
        number=new_number(),
        recorded_by=change.standing.who.account,
        recorded_at=change.now,
        **facts,
    )
    completion.save(force_insert=True)
    return completion


def _note_person(change: Change, account: UUID, on: date) -> None:
    roles = PractitionerRole.objects.filter(account_id=account, ended_at=None)
    roles.filter(Q(trained_on=None) | Q(trained_on__lt=on)).update(trained_on=on)
    administered = Organization.objects.filter(
        pk__in=roles.filter(administrator=True).values("organization"), trained_on=None
    )
    whose = list(administered.values_list("pk", flat=True))
    Organization.objects.filter(pk__in=whose).update(trained_on=on)
    change.end_standings(account=None if whose else account)


def record_organization_training(
    change: Change,
    *,
    organization: UUID,
    on: date,
    way: Completion.Way = Completion.Way.PAPER,
    lecture: Lecture | None = None,
) -> Completion:
    """An organization has done its training before use (F1); for the operator's use cases.

    Raises:
        Problem: the day lies in the future.
    """
    if on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="on")
    course = in_force(region_of(change), FIRST)
    assert course is not None
    completion = _completion(
        change, course, on, way=way, organization_id=organization, lecture=lecture
    )
    before = Organization.objects.filter(pk=organization)
    before.filter(Q(trained_on=None) | Q(trained_on__gt=on)).update(trained_on=on)
    change.end_standings()
    return completion


def annul(change: Change, completion: Completion) -> None:
    """What was recorded by mistake counts no more; the dates are what the rest says.

    A date that came from elsewhere, such as the folder a region was loaded from, stays.
    """
    completion.annulled_at, completion.annulled_by = change.now, change.standing.who.account
    completion.save(update_fields=["annulled_at", "annulled_by"])
    if completion.course != FIRST:
        return
    organizations = [completion.organization_id] if completion.organization_id else []
    if completion.account_id:
        roles = PractitionerRole.objects.filter(account=completion.account_id, ended_at=None)
        organizations += list(
            roles.filter(administrator=True).values_list("organization", flat=True)
        )
        left = _counting(Q(account=completion.account_id)).order_by("on").last()
        roles.filter(trained_on=completion.on).update(trained_on=left.on if left else None)
    for one in organizations:
        administrators = PractitionerRole.objects.filter(
            organization=one, administrator=True, ended_at=None
        ).values("account")
        first = (
            _counting(Q(organization=one) | Q(account__in=administrators)).order_by("on").first()
        )
        Organization.objects.filter(pk=one, trained_on=completion.on).update(
            trained_on=first.on if first else None
        )
    change.end_standings()


def trained_since(accounts: Iterable[UUID]) -> dict[UUID, date]:
    """The day on which each of these people last completed the course before use.

    That is what a completion says, or the date that was taken over from paper with another role.
    """
    people, latest = list(accounts), dict[UUID, date]()
    roles = PractitionerRole.objects.filter(account__in=people).exclude(trained_on=None)
    for account, on in (
        *_counting(Q(account__in=people)).values_list("account", "on"),
        *roles.values_list("account", "trained_on"),
    ):
        if account is not None and on is not None:
            latest[account] = max(on, latest.get(account, on))
    return latest


def _counting(whose: Q) -> QuerySet[Completion]:
    return Completion.objects.filter(whose, course=FIRST, annulled_at=None)
