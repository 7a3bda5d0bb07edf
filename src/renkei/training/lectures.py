"""Courses held live, and training recorded from paper; for the operator (F1)."""

from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.enrollment.models import Application
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import clean_text
from renkei.people.faces import open_profile
from renkei.people.models import Account
from renkei.policy.use_case import Change, use_case
from renkei.training.completing import annul, complete, record_organization_training, region_of
from renkei.training.courses import Course, in_force
from renkei.training.held import WAITING, held_in
from renkei.training.models import Attendance, Completion, Lecture

LENGTH: Final = 200  # characters
LINES: Final = 300  # keyed in at a time


@use_case("training.record", on="region")
def hold_lecture(change: Change, *, course: str, on: date, place: str, teacher: str) -> UUID:
    """A course is, or was, held live.

    Raises:
        Problem: no such course is offered, or who taught is missing.
    """
    region = region_of(change)
    found = in_force(region, course)
    if found is None:
        raise Problem(gettext_noop("Please choose one."), field="course")
    details = {name: clean_text(said).strip()[:LENGTH]
               for name, said in (("place", place), ("teacher", teacher))}  # fmt: skip
    if not details["teacher"]:
        raise Problem(gettext_noop("Please write this."), field="teacher")
    lecture = Lecture(
        id=uuid7(),
        key_id=region.key_id,
        region=region,
        course=found.code,
        edition_number=found.number,
        on=on,
        made_by=change.account,
        made_at=change.now,
    )
    lecture.seal("details", details)
    lecture.save(force_insert=True)
    change.stream = f"region:{region.id.hex}"
    change.about("Lecture", lecture.id, course=found.code, on=on.isoformat())
    return lecture.id


@use_case("training.record", on="region")
def record_attendance(
    change: Change,
    *,
    lecture: UUID,
    accounts: Iterable[UUID],
    lines: str = "",
    guests: str = "",
    application: UUID | None = None,
) -> list[str]:
    """These people were there: it counts as completed for each who has an ID.

    Args:
        accounts: ticked; who is none of this region's people is not known here.
        lines: names or e-mail addresses, one a line, as pasted from a list.
        guests: who has no ID yet, "organization, name" a line; nothing counts as completed for
            them, but the list is complete.
        application: of the organization that has applied, for the guests; its training before use
            is done by that (F1).

    Returns:
        The lines that fit nobody, or more than one person.

    Raises:
        Unknown: the lecture, the application or a person is none of this region.
        Problem: the lecture is still to come, or the list is too long.
    """
    held = held_in(change.region, lecture)
    change.stream = f"region:{change.region.hex}"
    change.about("Lecture", held.id)
    if held.on > clock.today():
        raise Problem(gettext_noop("This lecture is still to come."))
    asked = [one.strip() for one in clean_text(lines).splitlines() if one.strip()]
    if len(asked) > LINES:
        raise Problem(gettext_noop("This is too long."), field="lines")
    ticked = set(accounts)
    known = set(
        Account.objects.filter(region=change.region, pk__in=ticked, roles__ended_at=None)
        .exclude(roles=None)
        .values_list("pk", flat=True)
    )
    if ticked - known:
        raise Unknown("person")
    found, unknown = _find(change.region, asked)
    course = in_force(region_of(change), held.course)
    made = [_attend(change, held, course, one) for one in sorted(known | found)]
    coming = [line for line in clean_text(guests).splitlines() if line.strip()]
    for line in coming:
        _guest(change, held, line, application)
    if application is not None and coming:
        _train_applicant(change, held, application)
    change.detail |= {"completions": [one.hex for one in made if one], "unknown": len(unknown)}
    return unknown


def _find(region: UUID, lines: list[str]) -> tuple[set[UUID], list[str]]:
    """The people of these lines, and the lines that fit nobody or several."""
    if not lines:
        return set(), []
    by_word: dict[str, set[UUID]] = {}
    working = Account.objects.filter(region=region, roles__ended_at=None).exclude(roles=None)
    for one in working.distinct():
        name = open_profile(one.id, one.key_id, one.profile_sealed)["name"]
        for word in (one.email.lower(), _plain(name)):
            by_word.setdefault(word, set()).add(one.id)
    found, unknown = set(), []
    for line in lines:
        fitting = by_word.get(line.lower()) or by_word.get(_plain(line)) or set()
        if len(fitting) == 1:
            found |= fitting
        else:
            unknown.append(line)
    return found, unknown


def _plain(name: str) -> str:
    return "".join(name.replace("\u3000", " ").split())


def _attend(change: Change, lecture: Lecture, course: Course | None, account: UUID) -> UUID | None:
    """One person was there: the completion; None if that was recorded already."""
    if Completion.objects.filter(lecture=lecture, account=account, annulled_at=None).exists():
        return None
    if not Attendance.objects.filter(lecture=lecture, account=account).exists():
        Attendance.objects.create(
            key_id=lecture.key_id,
            lecture=lecture,
            account_id=account,
            recorded_by=change.account,
            recorded_at=change.now,
        )
    if course is None:
        raise Problem(gettext_noop("This course is not offered any more."))
    done = complete(
        change,
        account=account,
        course=course,
        on=lecture.on,
        way=Completion.Way.LECTURE,
        lecture=lecture,
    )
    return done.id


def _train_applicant(change: Change, lecture: Lecture, application: UUID) -> None:
    """People of an organization that has applied were there: it is trained since the first time."""
    waiting = Application.objects.select_for_update().filter(
        pk=application, region=change.region, state__in=WAITING
    )
    found = waiting.first()
    if found is None:
        raise Unknown("application")
    if found.trained_on is None or lecture.on < found.trained_on:
        found.trained_on, found.trained_way = lecture.on, Application.Trained.LECTURE
        found.save(update_fields=["trained_on", "trained_way"])
    change.detail["application"] = found.id.hex


def _guest(change: Change, lecture: Lecture, line: str, application: UUID | None) -> None:
    organization, found, name = line.replace("、", ",").replace("，", ",").partition(",")
    if not found:
        organization, name = "", line
    guest = Attendance(
        id=uuid7(),
        key_id=lecture.key_id,
        lecture=lecture,
        application_id=application,
        recorded_by=change.account,
        recorded_at=change.now,
    )
    said = {"name": name.strip()[:LENGTH], "organization": organization.strip()[:LENGTH]}
    guest.seal("guest", said)
    guest.save(force_insert=True)


@use_case("training.record", on="region")
def annul_completion(change: Change, *, completion: UUID) -> None:
    """What was recorded by mistake counts no more; the certificate says so.

    Raises:
        Unknown: it is none of this region, or it is somebody's own check, which stands.
    """
    found = (
        Completion.objects.select_for_update()
        .filter(pk=completion, region=change.region, annulled_at=None)
        .exclude(way=Completion.Way.CHECK)
        .first()
    )
    if found is None:
        raise Unknown("completion")
    change.stream = f"region:{change.region.hex}"
    change.about("Completion", found.id, did="annulled")
    annul(change, found)


@use_case("training.record", on="organization")
def record_training(change: Change, *, on: date, way: str) -> None:
    """An organization has done its training before use (F1), as the operator has seen.

    Raises:
        Problem: the day lies in the future, or it is no way of training.
    """
    organization = change.standing.what.target_organization
    assert organization is not None
    change.stream = f"region:{change.region.hex}"
    change.about("Organization", organization, on=on.isoformat(), way=way)
    if way not in (Completion.Way.LECTURE, Completion.Way.PAPER):
        raise Problem(gettext_noop("Please choose one."), field="way")
    done = record_organization_training(
        change, organization=organization, on=on, way=Completion.Way(way)
    )
    change.detail["completion"] = done.id.hex
