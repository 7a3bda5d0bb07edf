"""Approving an application: organization, accounts and roles in one transaction (A3, F1)."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.enrollment.applying import about, form_of
from renkei.enrollment.form_1 import Applicant, Form1
from renkei.enrollment.models import Application, Pledge
from renkei.enrollment.receiving import application_of, needs_training
from renkei.kernel import clock
from renkei.kernel.clock import JAPAN
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.people.access import Given, given, issue_link
from renkei.people.joining import NewStaff, register
from renkei.people.models import OneTimeLink, Organization, PractitionerRole
from renkei.policy.use_case import Change, use_case
from renkei.training.completing import record_organization_training
from renkei.training.models import Completion


@dataclass(slots=True)
class Approved:
    """What an approval made, and what is left to do by hand. Nothing of the links is kept."""

    organization: UUID
    name: str
    contact: str
    links: list[Given] = field(default_factory=list)  # to be mailed
    by_hand: list[tuple[UUID, str]] = field(default_factory=list)  # role, name: links on paper
    asked: int = 0  # people with an account already, who are asked at their next sign-in


@use_case("application.approve", on="region")
def approve_application(change: Change, *, application: UUID, by_mail: bool) -> Approved:
    """Take the organization into the network, with all of its people.

    Whoever has an account already keeps it as it is and is asked at the next sign-in; the others
    get an account and, where mail can be sent, their one-time link.

    Raises:
        Problem: it does not wait for a decision, or form 1, form 2 or the training is missing.
    """
    one = application_of(change, application)
    form = form_of(one)
    _judge(one, form)
    organization = _organization(change, one, form)
    _pledge(change, organization, form)
    if one.trained_on is not None:
        by = Completion.Way.LECTURE if one.trained_way == "lecture" else Completion.Way.PAPER
        whose = organization.id
        record_organization_training(change, organization=whose, on=one.trained_on, way=by)
    made = Approved(organization.id, organization.name, form.contact)
    for person in form.people:
        _take_up(change, organization, person, made, by_mail)
    one.state, one.organization = Application.State.APPROVED, organization
    one.decided_by, one.decided_at = change.account, change.now
    one.save()
    about(change, one)
    change.detail |= {
        "organization": organization.id.hex,
        "people": len(form.people),
        "asked": made.asked,
    }
    return made


def _judge(application: Application, form: Form1) -> None:
    """Raise Problem unless it can be approved."""
    if application.state != Application.State.SENT:
        raise Problem(gettext_noop("This application does not wait for a decision."))
    if form.pledge is None:
        raise Problem(gettext_noop("The organization's pledge (form 2) is missing."))
    if form.missing:
        raise Problem(gettext_noop("Something is still missing."))
    if needs_training(application) and application.trained_on is None:
        raise Problem(gettext_noop("The training of the organization is not recorded yet."))


def _organization(change: Change, application: Application, form: Form1) -> Organization:
    assert form.pledge is not None
    sent = (application.sent_at or change.now).astimezone(JAPAN).date()
    organization = Organization(
        id=uuid7(),
        key_id=application.key_id,
        region_id=application.region_id,
        code=_code(application, form),
        kind=form.kind,
        name=form.name,
        kana=form.kana,
        postal_code=form.postal_code,
        address=form.address,
        phone=form.phone,
        fax=form.fax,
        email=form.email,
        applied_on=sent,
        pledged_on=date.fromisoformat(form.pledge.on),
        approved_on=clock.today(),
        trained_on=application.trained_on,
        listed=form.listed,
        documents_policy=form.documents_policy,
    )
    organization.seal("head", form.head)
    organization.save(force_insert=True)
    return organization


def _code(application: Application, form: Form1) -> str:
    """The organization's number, or one of ours where it has none or it is taken."""
    taken = Organization.objects.filter(region=application.region_id)
    if form.number and not taken.filter(code=form.number).exists():
        return form.number
    return f"A{application.id.hex[:12].upper()}"


def _pledge(change: Change, organization: Organization, form: Form1) -> None:
    """The evidence of form 2."""
    assert form.pledge is not None
    pledge = Pledge(
        id=uuid7(),
        key_id=organization.key_id,
        form="form-2-organization-pledge",
        organization=organization,
        way=form.pledge.way,
        signed_on=date.fromisoformat(form.pledge.on),
        text_number=form.pledge.number,
        recorded_by=change.standing.who.account,
        recorded_at=change.now,
    )
    pledge.seal("signature", {"name": form.pledge.name, "address": form.address})
    pledge.save(force_insert=True)


def _take_up(
    change: Change, organization: Organization, person: Applicant, made: Approved, by_mail: bool
) -> None:
    """One person of the roster."""
    found = register(
        change,
        organization,
        NewStaff(
            name=person.name,
            kana=person.kana,
            profession=person.profession,
            email=person.email,
            sex=person.sex,
            administrator=person.administrator,
            pledged_on=_day(person.pledged_on),
        ),
    )
    role = PractitionerRole.objects.select_related("account").filter(pk=found).first()
    if role is None:
        made.asked += 1
    elif by_mail:
        before = dict(change.detail)
        purpose = OneTimeLink.Purpose.FIRST.value
        token = issue_link(change, role.account, purpose, way=OneTimeLink.Way.MAIL.value)
        change.detail = before  # the line is about the application, not about one of the links
        made.links.append(given(change, role.account, token))
    else:
        made.by_hand.append((role.id, person.name))


def _day(iso: str) -> date | None:
    return date.fromisoformat(iso) if iso else None
