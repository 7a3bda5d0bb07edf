"""Forms 1 to 3 on paper: the application with its roster, and both pledges, filled (P1-P3).

Each is noted with its code before it is set, so that the scan of what comes back signed finds the
application, the pledge or the person.
"""

from datetime import date
from typing import Final
from uuid import UUID

from renkei.enrollment.applying import APPLICANT, about, form_of, proved
from renkei.enrollment.form_1 import Form1
from renkei.enrollment.models import Application, Pledge
from renkei.enrollment.papers import issue
from renkei.enrollment.printing import Printed, Ready, day, organization_values
from renkei.enrollment.receiving import visible
from renkei.kernel import clock
from renkei.kernel.errors import Unknown
from renkei.paperwork.form import Filled
from renkei.people.models import Organization, PractitionerRole
from renkei.policy.standing import Actor
from renkei.policy.use_case import Change, use_case
from renkei.region.form_texts import wording_of

OF_APPLICATION: Final = ("form-1-application", "form-2-organization-pledge")
PLEDGE_OF_STAFF: Final = "form-3-staff-pledge"
ON_SCREEN: Final = "（画面で署名）"
DOCUMENTS: Final = {"yes": "認める", "ask": "そのつど相談", "no": "認めない"}
TRAININGS: Final = {"lecture": "集合講習", "video": "講習動画"}
LISTED: Final = {True: "掲載する", False: "掲載しない（地域の定めにより選べます）"}


# ── Forms 1 and 2 ────────────────────────────────────────────────────────────────────────────────


def print_own(token: str, form: str, *, origin: str) -> Printed:
    """Form 1 or 2 of one's own application, as far as it is filled in.

    Raises:
        Unknown: the link is none, or there is no such form.
        Problem: there is no Japanese font on this machine.
    """
    return _own(APPLICANT, None, token=token, form=form).printed(origin)


def print_application(actor: Actor, application: UUID, form: str, *, origin: str) -> Printed:
    """The same for the operator.

    Raises:
        Unknown: there is no such application in the region, or no such form.
        Problem: there is no Japanese font on this machine.
    """
    return _of_operator(actor, None, application=application, form=form).printed(origin)


@use_case("application.write", on="region")
def _own(change: Change, *, token: str, form: str) -> Ready:
    return _noted(change, proved(token), form)


@use_case("application.print", on="region")
def _of_operator(change: Change, *, application: UUID, form: str) -> Ready:
    return _noted(change, visible(change.standing, application), form)


def _noted(change: Change, application: Application, form: str) -> Ready:
    if form not in OF_APPLICATION:
        raise Unknown("form")
    about(change, application)
    filled_in = form_of(application)
    pledge = filled_in.pledge
    signed = pledge is not None and pledge.way == Pledge.Way.SCREEN
    second = form == "form-2-organization-pledge"
    paper = issue(
        change,
        form=form,
        about=("Application", application.id),
        region=application.region_id,
        organization=application.organization_id,
        edition=pledge.number if pledge and second else None,
        returns=not signed,
    )
    words = wording_of(application.region_id, form, paper.text_number)
    return Ready(paper, words, _of_application(filled_in, application))


def _day_of(application: Application) -> str:
    """The day it was sent in; empty before."""
    at = application.sent_at
    return day(at.astimezone(clock.JAPAN).date()) if at else ""


def _of_application(form: Form1, application: Application) -> Filled:
    administrators = [one.name for one in form.administrators]
    signed = form.pledge
    values = {
        "date": _day_of(application),
        "organization_kind": form.kind,
        "organization_name": form.name,
        "organization.name": form.name,
        "organization_kana": form.kana,
        "organization_code": form.number,
        "postal_code": form.postal_code,
        "address": form.address,
        "phone": form.phone,
        "fax": form.fax,
        "email": form.email,
        "head_name": form.head,
        "administrator_name": administrators[0] if administrators else "",
        "administrator_deputy": "、".join(administrators[1:]),
        "listed": LISTED[form.listed],
        "document_posting": DOCUMENTS.get(form.documents_policy, ""),
        "training_plan": TRAININGS.get(form.training, ""),
    }
    on_screen = signed is not None and signed.way == Pledge.Way.SCREEN
    if signed is not None:
        values["date"] = day(date.fromisoformat(signed.on))
    rows = [
        {
            "no": str(number),
            "profession": one.profession,
            "name": one.name,
            "kana": one.kana,
            "sex": one.sex,
            "email": one.email,
        }
        for number, one in enumerate(form.people, start=1)
    ]
    return Filled(values, rows=rows or None, signed=ON_SCREEN if on_screen else "")


# ── Form 3 ───────────────────────────────────────────────────────────────────────────────────────


def print_pledge(actor: Actor, role: UUID, *, origin: str) -> Printed:
    """Form 3 of one of one's own staff: as signed on the screen, or to be signed by hand.

    Raises:
        Problem: there is no Japanese font on this machine.
    """
    return _pledge(actor, role).printed(origin)


@use_case("pledge.print", on="staff")
def _pledge(change: Change) -> Ready:
    assert change.standing.what.colleague is not None
    roles = PractitionerRole.objects.select_related("account", "organization")
    role = roles.get(pk=change.standing.what.colleague.role)
    signed = (
        Pledge.objects.filter(
            account_id=role.account_id,
            organization_id=role.organization_id,
            way=Pledge.Way.SCREEN,
        )
        .order_by("-recorded_at")
        .first()
    )
    named = ("Pledge", signed.id) if signed else ("PractitionerRole", role.id)
    paper = issue(
        change,
        form=PLEDGE_OF_STAFF,
        about=named,
        region=role.organization.region_id,
        organization=role.organization_id,
        edition=signed.text_number if signed else None,
        returns=signed is None,
    )
    change.about("Paper", paper.id, form=PLEDGE_OF_STAFF, role=role.id.hex)
    words = wording_of(role.organization.region_id, PLEDGE_OF_STAFF, paper.text_number)
    return Ready(paper, words, _of_staff(role, role.organization, signed))


def _of_staff(role: PractitionerRole, organization: Organization, signed: Pledge | None) -> Filled:
    known = organization_values(organization)
    values = {
        **known,
        "head_name": known["organization.head_name"],
        "profession": role.profession,
        "name": role.account.profile.name,
    }
    if signed is None:
        return Filled(values)
    signature = signed.unseal("signature")
    values |= {"date": day(signed.signed_on), "address": signature.get("address", "")}
    return Filled({**values, "name": signature["name"]}, signed=ON_SCREEN)
