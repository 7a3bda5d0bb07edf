"""What the operator does with applications before deciding: looking, keying in, returning (A3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.enrollment.applying import (
    Draft,
    about,
    draft,
    form_of,
    new_application,
    require_open,
    sent_in,
    with_facts,
    with_people,
    with_pledge,
    write,
)
from renkei.enrollment.form_1 import Applicant, Form1
from renkei.enrollment.models import Application, Pledge
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import clean_text
from renkei.people.access import make_token, stored_token
from renkei.people.faces import name_by
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region import parameters
from renkei.region.models import Region

NOTE_LENGTH = 1_000  # characters


@dataclass(frozen=True, slots=True)
class Line:
    """An application in the operator's list."""

    id: UUID
    name: str
    kind: str
    state: str
    keyed: bool
    confirmed: bool
    people: int
    made_at: datetime
    sent_at: datetime | None
    missing: tuple[str, ...]  # steps of form 1, "pledge", "training"


@dataclass(frozen=True, slots=True)
class Case:
    """One application as the operator sees it."""

    draft: Draft
    line: Line
    keyed_by: str
    trained_on: date | None
    trained_way: str
    training_needed: bool  # before approval, because the policy asks it of organizations
    organization: UUID | None
    decided_at: datetime | None
    same_name: list[str]  # organizations that take part under the same name or number
    known: list[tuple[str, str]]  # who of the roster has an ID already, and where they work


def _missing(application: Application, form: Form1) -> tuple[str, ...]:
    lacking = list(form.missing)
    if needs_training(application) and application.trained_on is None:
        lacking.append("training")
    return tuple(lacking)


def needs_training(application: Application) -> bool:
    """Whether the policy asks the organization to be trained before it is approved."""
    figures = parameters.of(application.region.edition)
    return bool(figures["training_before_use"] == "organization")


def _line(application: Application) -> Line:
    form = form_of(application)
    return Line(
        id=application.id,
        name=form.name,
        kind=form.kind,
        state=application.state,
        keyed=application.keyed_by is not None,
        confirmed=application.confirmed_at is not None,
        people=len(form.people),
        made_at=application.made_at,
        sent_at=application.sent_at,
        missing=_missing(application, form),
    )


@disclosure("application.see", on="region")
def see_applications(standing: Standing) -> list[Line]:
    """What waits for the operator, the longest waiting first; then the others, the latest first.

    What applicants are still writing for the first time is theirs alone.
    """
    found = Application.objects.filter(region=standing.who.region).select_related("region")
    own = found.exclude(state=Application.State.DRAFT, keyed_by=None)
    waiting = own.filter(state=Application.State.SENT).order_by("sent_at")
    others = own.exclude(state=Application.State.SENT).order_by("-changed_at")[:200]
    return [_line(one) for one in (*waiting, *others)]


@disclosure("application.see", on="region")
def see_case(standing: Standing, *, application: UUID) -> Case:
    """One application.

    Raises:
        Unknown: there is none, or its applicant is still writing.
    """
    found = visible(standing, application)
    form = form_of(found)
    alike = Organization.objects.filter(region=found.region_id, left_on=None)
    names = [
        one.name
        for one in alike
        if one.pk != found.organization_id
        and (one.name == form.name or (form.number and one.code == form.number))
    ]
    return Case(
        draft=draft(found),
        line=_line(found),
        keyed_by=name_by(found.keyed_by),
        trained_on=found.trained_on,
        trained_way=found.trained_way,
        training_needed=needs_training(found),
        organization=found.organization_id,
        decided_at=found.decided_at,
        same_name=names,
        known=_known(found, form),
    )


def _known(application: Application, form: Form1) -> list[tuple[str, str]]:
    """Whose answer will be taken for the person's: to be asked by telephone before approving."""
    if application.state != Application.State.SENT:
        return []
    names = {one.email: one.name for one in form.people}
    accounts = Account.objects.filter(region=application.region_id, email__in=names)
    where: dict[Account, list[str]] = {account: [] for account in accounts}
    roles = PractitionerRole.objects.filter(account__in=accounts, ended_at=None)
    for role in roles.select_related("account", "organization").order_by("organization__kana"):
        where[role.account].append(role.organization.name)
    return sorted((names[one.email], "、".join(places)) for one, places in where.items())


def visible(standing: Standing, application: UUID) -> Application:
    """One that the operator may see; for use cases whose own rule has been asked.

    Raises:
        Unknown: there is none, or its applicant is still writing.
    """
    found = (
        Application.objects.filter(pk=application, region=standing.who.region)
        .exclude(state=Application.State.DRAFT, keyed_by=None)
        .select_related("region")
        .first()
    )
    if found is None:
        raise Unknown("application")
    return found


def application_of(change: Change, application: UUID) -> Application:
    """One that the operator sees, locked.

    Raises:
        Unknown: there is none, or its applicant is still writing.
    """
    visible(change.standing, application)
    found = Application.objects.select_for_update(of=("self",)).select_related("region")
    one = found.get(pk=application)
    about(change, one)
    return one


# ── From paper ───────────────────────────────────────────────────────────────────────────────────


@use_case("application.handle", on="region")
def key_in(change: Change, *, name: str) -> UUID:
    """Begin to key in an application that came on paper; who did it stays with it (A3).

    Raises:
        Problem: the name is missing.
    """
    cleaned = " ".join(clean_text(name).split())
    if not cleaned or len(cleaned) > 100:
        raise Problem(gettext_noop("Please write this."), field="name")
    return new_application(change, Region.objects.get(pk=change.region), Form1(name=cleaned)).id


def _keyed(change: Change, application: UUID) -> Application:
    """One that is keyed in from paper and can still be changed.

    Raises:
        Problem: it is the applicant's own, or was sent in.
    """
    one = application_of(change, application)
    if one.keyed_by is None:
        raise Problem(gettext_noop("This application is written by the applicant."))
    require_open(one)
    return one


@use_case("application.handle", on="region")
def key_facts(change: Change, *, application: UUID, step: str, facts: Mapping[str, Any]) -> None:
    """Key in one page; Problem as ``applying.write_facts``."""
    one = _keyed(change, application)
    write(change, one, with_facts(one, step, facts))


@use_case("application.handle", on="region")
def key_people(change: Change, *, application: UUID, people: tuple[Applicant, ...]) -> None:
    """Key in the roster; Problem as ``applying.write_people``."""
    one = _keyed(change, application)
    write(change, one, with_people(one, people))


@use_case("application.handle", on="region")
def key_pledge(
    change: Change, *, application: UUID, name: str, number: int | None, on: date
) -> None:
    """Key in the pledge that lies before one, signed on paper; Problem as ``sign_pledge``."""
    one = _keyed(change, application)
    if on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="on")
    write(change, one, with_pledge(one, name, number, way=Pledge.Way.PAPER.value, on=on))


@use_case("application.handle", on="region")
def key_done(change: Change, *, application: UUID) -> None:
    """All of the paper is keyed in; Problem if something is missing."""
    sent_in(change, _keyed(change, application))


# ── Before the decision ──────────────────────────────────────────────────────────────────────────


def _sent(change: Change, application: UUID) -> Application:
    one = application_of(change, application)
    if one.state != Application.State.SENT:
        raise Problem(gettext_noop("This application does not wait for a decision."))
    return one


def _note(text: str) -> str:
    cleaned = clean_text(text).strip()
    if not cleaned or len(cleaned) > NOTE_LENGTH:
        raise Problem(
            gettext_noop("Please write what it is about, in up to 1,000 characters."), field="note"
        )
    return cleaned


@use_case("application.handle", on="region")
def record_training(change: Change, *, application: UUID, on: date, way: str) -> None:
    """Note that the organization took the training before use (F1).

    Raises:
        Problem: it does not wait for a decision, the day is yet to come, or the way is none.
    """
    one = _sent(change, application)
    if on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="on")
    if way not in Application.Trained.values:
        raise Problem(gettext_noop("Please choose one."), field="way")
    one.trained_on, one.trained_way = on, way
    one.save(update_fields=["trained_on", "trained_way"])
    change.detail |= {"trained_on": on.isoformat(), "way": way}


@use_case("application.handle", on="region")
def return_application(change: Change, *, application: UUID, note: str) -> tuple[str, str]:
    """Give it back to be mended, with a note; the applicant gets a new link (F1).

    Returns:
        The address to which the link goes, empty if it came on paper; and what stands in the link.

    Raises:
        Problem: it does not wait for a decision, or the note is missing.
    """
    one = _sent(change, application)
    token = make_token()
    one.seal("note", _note(note))
    one.state, one.changed_at = Application.State.RETURNED, change.now
    one.token, one.mail_token = stored_token(token), ""
    one.save()
    about(change, one)
    return form_of(one).contact, token


@use_case("application.handle", on="region")
def refuse_application(change: Change, *, application: UUID, note: str) -> str:
    """Refuse it, with a reason. Returns the address of the applicant, empty if there is none.

    Raises:
        Problem: it does not wait for a decision, or the reason is missing.
    """
    one = _sent(change, application)
    one.seal("note", _note(note))
    one.state, one.decided_by, one.decided_at = (
        Application.State.REFUSED,
        change.account,
        change.now,
    )
    one.save()
    about(change, one)
    return form_of(one).contact
