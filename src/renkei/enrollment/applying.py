"""Applying to take part: an organization writes forms 1 and 2, with nobody signed in (A3, F1, P1).

What proves the applicant is the secret of a link; only its hash is stored. Whether an address or
an organization is known here is said to nobody. What was never sent in is forgotten after a month.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext_noop

from renkei.enrollment.form_1 import LENGTHS, OF_STEP, Applicant, Form1, Signed, closed, opened
from renkei.enrollment.models import Application, Pledge
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import clean_text
from renkei.people.access import make_token, stored_token
from renkei.people.models import Organization, PractitionerRole
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.form_texts import Wording, in_force
from renkei.region.models import Region

APPLICANT: Final = Actor(system="applicant")
PLEDGE: Final = "form-2-organization-pledge"
KEPT: Final = timedelta(days=30)  # what was never sent in, and after a decision the link to it
UNTOUCHED: Final = timedelta(days=1)  # how long what was only begun is kept in a flood
MOST_DRAFTS: Final = 500  # not sent in, at a time: more is a flood
MOST_PEOPLE: Final = 1000
_OPEN = (Application.State.DRAFT, Application.State.RETURNED)


@dataclass(frozen=True, slots=True)
class Draft:
    """An application as its applicant sees it."""

    id: UUID
    state: str
    form: Form1
    confirmed: bool  # somebody opened the link in the mail
    note: str  # of the operator, when it was returned or refused
    sent_at: datetime | None
    opt_out: bool  # the region lets an organization stay off the public list
    pledge: Wording

    @property
    def open(self) -> bool:
        """Whether it can still be changed."""
        return self.state in _OPEN


@dataclass(frozen=True, slots=True)
class Begun:
    """The secrets of a new application. Nothing of them is kept."""

    id: UUID
    token: str  # to go on writing
    mail_token: str  # the same, and shows that mail reaches the applicant


def region() -> Region:
    """The region of this installation.

    Raises:
        Unknown: there is none yet.
    """
    found = Region.objects.order_by("opened_at").first()
    if found is None:
        raise Unknown("region")
    return found


def about(change: Change, application: Application) -> None:
    """Let the line stand in the application's own chain."""
    change.stream = f"application:{application.id.hex}"
    change.about("Application", application.id, state=application.state)


def form_of(application: Application) -> Form1:
    """What stands in it."""
    return opened(application.unseal("content"))


def write(change: Change, application: Application, form: Form1) -> None:
    """Keep what stands in it now."""
    application.seal("content", closed(form))
    application.changed_at = change.now
    application.save()
    about(change, application)


# ── Beginning ────────────────────────────────────────────────────────────────────────────────────


@use_case("application.write", on="region")
def begin_application(change: Change, *, email: str, name: str) -> Begun:
    """Begin an application; the same happens whether or not the address is known here.

    Args:
        email: cleaned; where the link goes.
        name: of the organization.

    Raises:
        Problem: too many are being written at the moment, or the name is missing or too long.
    """
    here = region()
    _forget(change, here)
    open_ones = Application.objects.filter(region=here, state=Application.State.DRAFT)
    if open_ones.count() >= MOST_DRAFTS:
        raise Problem(gettext_noop("Too many applications are being written. Please call."))
    form = Form1(contact=email, email=email, name=_line("name", name))
    return new_application(change, here, form)


def new_application(change: Change, here: Region, form: Form1) -> Begun:
    """Make an application within anybody's use case."""
    token, mail_token = make_token(), make_token()
    application = Application(
        id=uuid7(),
        key_id=here.key_id,
        region=here,
        token=stored_token(token),
        mail_token=stored_token(mail_token),
        keyed_by=change.standing.who.account,
        made_at=change.now,
        changed_at=change.now,
    )
    application.seal("content", closed(form))
    application.save(force_insert=True)
    about(change, application)
    return Begun(application.id, token, mail_token)


def _forget(change: Change, here: Region) -> None:
    """What was begun and never sent in goes after a month; nobody keeps people's names for it."""
    over = Application.objects.filter(
        region=here, state=Application.State.DRAFT, changed_at__lt=change.now - KEPT
    )
    ended, _ = over.delete()
    drafts = Application.objects.filter(region=here, state=Application.State.DRAFT)
    if drafts.count() >= MOST_DRAFTS:  # of a flood, most were begun and never written
        untouched = drafts.filter(keyed_by=None, confirmed_at=None, changed_at=F("made_at"))
        ended += untouched.filter(made_at__lt=change.now - UNTOUCHED).delete()[0]
    if ended:
        change.detail["forgotten"] = ended


def proved(token: str, *, lock: bool = False) -> Application:
    """The application of a link.

    Raises:
        Unknown: there is none, or its time is over.
    """
    stored = stored_token(token)
    found = Application.objects.select_for_update() if lock else Application.objects.all()
    application = (
        found.filter(token=stored).first() or found.exclude(mail_token="").filter(
            mail_token=stored
        ).first()
    )  # fmt: skip
    if application is None or _is_over(application):
        raise Unknown("application")
    return application


def _is_over(application: Application) -> bool:
    """Whether its link opens nothing any more: forgotten as a draft, or decided a while ago."""
    draft = application.state == Application.State.DRAFT
    since = application.changed_at if draft else application.decided_at
    return since is not None and since < clock.now() - KEPT


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────


@disclosure("application.write", on="region")
def see_application(standing: Standing, *, token: str) -> Draft:
    """One's own application.

    Raises:
        Unknown: the link is none, or its time is over.
    """
    return draft(proved(token))


def draft(application: Application) -> Draft:
    """The application as it stands; for use cases whose own rule has been asked."""
    from renkei.region import parameters

    policy = application.region.edition
    return Draft(
        id=application.id,
        state=application.state,
        form=form_of(application),
        confirmed=application.confirmed_at is not None,
        note=application.unseal("note") or "",
        sent_at=application.sent_at,
        opt_out=bool(parameters.of(policy)["public_list_opt_out"]),
        pledge=in_force(application.region_id, PLEDGE, clock.today()),
    )


@use_case("application.write", on="region")
def confirm_address(change: Change, *, token: str) -> None:
    """Show that mail reaches the applicant: the link in it was opened, and the button pressed.

    Raises:
        Unknown: the link is none.
    """
    application = proved(token, lock=True)
    about(change, application)
    if application.mail_token != stored_token(token) or application.confirmed_at is not None:
        change.silent = True
        return
    application.confirmed_at = change.now
    application.save(update_fields=["confirmed_at"])


def _own(change: Change, token: str) -> Application:
    """The applicant's own application, which can still be changed.

    Raises:
        Unknown: the link is none.
        Problem: it was sent in, or decided.
    """
    application = proved(token, lock=True)
    about(change, application)
    require_open(application)
    return application


def require_open(application: Application) -> None:
    """Raise Problem unless it can still be changed."""
    if application.state not in _OPEN:
        raise Problem(gettext_noop("This application was sent in already."))


@use_case("application.write", on="region")
def write_facts(change: Change, *, token: str, step: str, facts: Mapping[str, Any]) -> None:
    """Keep what was filled in on one page.

    Raises:
        Unknown: the link is none.
        Problem: it was sent in already, or something is too long.
    """
    application = _own(change, token)
    write(change, application, with_facts(application, step, facts))


@use_case("application.write", on="region")
def write_people(change: Change, *, token: str, people: tuple[Applicant, ...]) -> None:
    """Keep who is to use it.

    Raises:
        Unknown: the link is none.
        Problem: it was sent in already, or these are too many.
    """
    application = _own(change, token)
    write(change, application, with_people(application, people))


@use_case("application.write", on="region")
def sign_pledge(change: Change, *, token: str, name: str, number: int) -> None:
    """Give the organization's pledge, form 2, by typing the head's name under its words.

    Raises:
        Unknown: the link is none.
        Problem: it was sent in already, the words have changed, or it is not the head's name.
    """
    application = _own(change, token)
    write(change, application, with_pledge(application, name, number))


@use_case("application.write", on="region")
def send_application(change: Change, *, token: str, by_mail: bool) -> None:
    """Send it in.

    Args:
        by_mail: this installation can send mail, so that the address has to be shown to be good.

    Raises:
        Unknown: the link is none.
        Problem: something is missing, or the address is not confirmed.
    """
    application = _own(change, token)
    if by_mail and application.confirmed_at is None:
        raise Problem(gettext_noop("Please open the link in our mail first."))
    sent_in(change, application)


# ── What the operator's staff do as well, who key it in from paper ───────────────────────────────


def sent_in(change: Change, application: Application) -> None:
    """Hand it over to be decided; Problem if something is missing."""
    if form_of(application).missing:
        raise Problem(gettext_noop("Something is still missing."))
    application.state, application.sent_at = Application.State.SENT, change.now
    application.save(update_fields=["state", "sent_at"])
    about(change, application)


def _line(name: str, value: str) -> str:
    cleaned = " ".join(clean_text(value).split())
    if len(cleaned) > LENGTHS[name]:
        raise Problem(gettext_noop("This is too long."), field=name)
    return cleaned


def with_facts(application: Application, step: str, facts: Mapping[str, Any]) -> Form1:
    """The form with the facts of one page; those of other pages are left alone."""
    kept: dict[str, Any] = {}
    for name in OF_STEP[step]:
        if name == "listed":
            opt_out = draft(application).opt_out
            kept[name] = bool(facts.get(name, True)) or not opt_out
        elif name in facts:
            kept[name] = _line(name, str(facts[name] or ""))
    if kept.get("kind") and kept["kind"] not in Organization.Kind.values:
        raise Problem(gettext_noop("Please choose one."), field="kind")
    if kept.get("documents_policy") and kept["documents_policy"] not in ("yes", "ask", "no"):
        raise Problem(gettext_noop("Please choose one."), field="documents_policy")
    if kept.get("training") and kept["training"] not in Application.Trained.values:
        raise Problem(gettext_noop("Please choose one."), field="training")
    form = form_of(application)
    changed = replace(form, **kept)
    # the pledge names the organization, its address and its head: with other ones it is another
    named = ("name", "address", "head")
    if any(getattr(changed, name) != getattr(form, name) for name in named):
        changed = replace(changed, pledge=None)
    return changed


def with_people(application: Application, people: tuple[Applicant, ...]) -> Form1:
    """The form with another roster."""
    if len(people) > MOST_PEOPLE:
        raise Problem(gettext_noop("These are too many people at once."), field="people")
    if any(one.profession not in PractitionerRole.PROFESSIONS for one in people):
        raise Problem(gettext_noop("There is no such profession in the list."), field="people")
    return replace(form_of(application), people=people)


def with_pledge(
    application: Application,
    name: str,
    number: int | None,
    *,
    way: str = Pledge.Way.SCREEN.value,
    on: date | None = None,
) -> Form1:
    """The form with the pledge of its head.

    Args:
        number: the edition of the words that were signed; None for one that was held already.
        on: the day on the paper; today on the screen.
    """
    form = form_of(application)
    words = in_force(application.region_id, PLEDGE, clock.today())
    if way == Pledge.Way.SCREEN and number != words.number:
        raise Problem(gettext_noop("The words have changed meanwhile. Please read them again."))
    typed = _line("head", name)
    if not form.head or _same(typed) != _same(form.head):
        raise Problem(
            gettext_noop("Please type the name of the head as it stands in the application."),
            field="name",
        )
    day = on or clock.today()
    return replace(form, pledge=Signed(typed, day.isoformat(), number, way))


def _same(name: str) -> str:
    """The name without its spaces."""
    return "".join(name.split())
