"""The staff page of an administrator, and the administrators of all organizations (A8.3)."""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.enrollment import pledging, staffing
from renkei.group.shell import see_shell
from renkei.kernel import clock
from renkei.kernel.clock import JAPAN
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.kernel.japanese import fold_kana
from renkei.people import access, patterns, staff
from renkei.people.access import Given, Identified
from renkei.people.models import OneTimeLink
from renkei.people.staff import StaffLine
from renkei.web import mail
from renkei.web.begin import REFERRER, link_address
from renkei.web.link_forms import AccessForm
from renkei.web.page import page, tried
from renkei.web.patient import own_organization
from renkei.web.qr import qr
from renkei.web.staff_forms import PledgeForm
from renkei.web.staffing import asked_here

if TYPE_CHECKING:
    from renkei.web.frame import Request

STATES: dict[str, Callable[[StaffLine], bool]] = {  # what the list can be narrowed to
    "waiting": lambda one: not one.begun,
    "expired": lambda one: not one.begun and one.link_over,
    "pledge": lambda one: one.pledged_on is None,
    "training": lambda one: one.trained_on is None,
    "photo": lambda one: not one.face.photo,
    "factor": lambda one: not one.factor,
    "card": lambda one: not one.card,
    "device": lambda one: not one.devices,
    "leaving": lambda one: one.until is not None,
}
WORDS: dict[str, Any] = {
    "waiting": _("Never logged in"),
    "expired": _("Link run out"),
    "pledge": _("No pledge"),
    "training": _("No training"),
    "photo": _("No face photo"),
    "factor": _("No second step"),
    "card": _("No disaster card"),
    "device": _("No device"),
    "leaving": _("Leaving"),
}


def _narrowed(request: "Request", lines: list[StaffLine]) -> list[StaffLine]:
    """The lines that fit the words and the state asked for."""
    wanted = fold_kana(request.GET.get("q", "")).lower().replace(" ", "")[:50]
    fits = STATES.get(request.GET.get("state", ""), bool)
    return [one for one in lines if fits(one) and wanted in _words(one)]


def missing_of(one: StaffLine) -> list[str]:
    """What a person has not got yet, in words."""
    asked = ("pledge", "training", "photo", "card", "device")
    return [str(WORDS[name]) for name in asked if STATES[name](one)]


def last_day_of(until: datetime) -> date:
    """The last day of work, of the midnight at which it ends."""
    return (until.astimezone(JAPAN) - timedelta(microseconds=1)).date()


def _words(one: StaffLine) -> str:
    """What a line is found by."""
    who = one.face
    words = f"{who.name}{who.kana}{who.profession}{who.organization}{one.email}"
    return fold_kana(words).lower().replace(" ", "")


def _list(request: "Request", lines: list[StaffLine], template: str, **more: Any) -> HttpResponse:
    found = _narrowed(request, lines)
    if "csv" in request.GET:
        return _csv(found)
    counts = {name: sum(map(fits, lines)) for name, fits in STATES.items()}
    more |= {"words": WORDS, "missing": missing_of, "last_day": last_day_of}
    more |= {"q": request.GET.get("q", ""), "state": request.GET.get("state", "")}
    return page(request, template, lines=found, all=len(lines), counts=counts, **more)


@require_safe
def list_staff(request: "Request") -> HttpResponse:
    """Who works for one's organization, and how they sign in."""
    place = own_organization(see_shell(request.actor, None))
    return _staff(request, place)


def _staff(
    request: "Request", place: UUID, bulk: PledgeForm | None = None, **more: Any
) -> HttpResponse:
    shown = {"bulk": bulk or PledgeForm(), "mail": mail.is_set_up(), "done": None, "left": []}
    lines = staff.see_staff(request.actor, place)
    return _list(request, lines, "staff/list.html", **(shown | more))


@require_POST
def bulk(request: "Request") -> HttpResponse:
    """The same for several people: pledges that lie on paper, or first links by mail."""
    place = own_organization(see_shell(request.actor, None))
    chosen = set(request.POST.getlist("person"))
    lines = [one for one in staff.see_staff(request.actor, place) if str(one.role) in chosen]
    by_mail = request.POST.get("do") == "links"
    form = PledgeForm(None if by_mail else request.POST)
    if not by_mail and not form.is_valid():
        return _staff(request, place, form, status=422)
    left = [one.face.name for one in lines if not _done_for(request, place, one, form, by_mail)]
    return _staff(request, place, done=len(lines) - len(left), left=left)


def _done_for(
    request: "Request", place: UUID, one: StaffLine, form: PledgeForm, by_mail: bool
) -> bool:
    """Whether it was possible for this person; what is not leaves everybody else's done."""
    try:
        if by_mail:
            return _link_by_mail(request, place, one)
        pledging.record_pledge(request.actor, one.role, **form.cleaned_data)
    except (Problem, Refused, Unknown):
        return False
    return True


def _link_by_mail(request: "Request", place: UUID, one: StaffLine) -> bool:
    if one.begun or not one.may_give or not mail.is_set_up():
        return False
    way, first = OneTimeLink.Way.MAIL.value, OneTimeLink.Purpose.FIRST.value
    if staff.see_asked(request.actor, place, registration=one.role) is not None:
        given = _note(request, place, one, way, "", one_person=None)
    else:
        given = access.give_access(
            request.actor, one.role, purpose=first, way=way, word="", identified=Identified()
        )
    return mail.send_link(given, link_address(request, given.token, on_paper=False))


@require_safe
def simultaneous(request: "Request") -> HttpResponse:
    """Whose ID was in use at two places at once."""
    shell = see_shell(request.actor, None)
    lines = patterns.see_patterns(request.actor, own_organization(shell))
    return page(request, "staff/simultaneous.html", shell=shell, lines=lines)


@require_safe
def administrators(request: "Request") -> HttpResponse:
    """The administrators of all organizations, and the region's way of signing in."""
    lines, policy = staff.see_administrators(request.actor, None)
    told, absent = staff.see_told(request.actor, None)
    return _list(
        request, lines, "staff/administrators.html", policy=policy, told=told, absent=absent
    )


COLUMNS = (
    _("Name"), _("Name in kana"), _("Profession"), _("Organization"), _("E-mail"),
    _("Administrator"), _("Last sign-in"), _("Second step"), _("Disaster card"), _("Restriction"),
    _("Day of the pledge"), _("Day of the training"), _("Devices"), _("Last day of work"),
)  # fmt: skip


def _csv(lines: list[StaffLine]) -> HttpResponse:
    """The list as a file that opens in Excel, Japanese and all."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow([_plain(str(one)) for one in COLUMNS])
    for one in lines:
        table.writerow([_plain(cell) for cell in _row(one)])
    response = HttpResponse("\ufeff" + written.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="staff.csv"'
    return response


def _row(one: StaffLine) -> list[str]:
    yes, no = gettext("yes"), gettext("no")
    return [
        one.face.name,
        one.face.kana,
        one.face.profession,
        one.face.organization,
        one.email,
        yes if one.administrator else no,
        f"{one.last_sign_in.astimezone(JAPAN):%Y-%m-%d %H:%M}" if one.last_sign_in else "",
        yes if one.factor else no,
        yes if one.card else no,
        one.restriction,
        one.pledged_on.isoformat() if one.pledged_on else "",
        one.trained_on.isoformat() if one.trained_on else "",
        str(one.devices),
        last_day_of(one.until).isoformat() if one.until else "",
    ]


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


# ── Giving access ────────────────────────────────────────────────────────────────────────────────


@sensitive_post_parameters("word")
@require_http_methods(["GET", "POST"])
def give(request: "Request", role: UUID) -> HttpResponse:
    """A first link for who has none; for who has signed in before, everything anew."""
    _shell, own, asked = asked_here(request, role)
    if asked is not None and own is not None and asked.may_give:
        return _give_note(request, own, asked)
    one = staff.see_one(request.actor, role)
    reset = one.begun
    form = AccessForm(request.POST or None, reset=reset, desk=one.desk)
    given: list[Given] = []
    if form.is_valid() and tried(form, lambda: given.append(_give(request, role, form, reset))):
        return _handed_over(request, one, given[0], form.cleaned_data["way"], reset)
    status = 422 if form.errors else 200
    return page(request, "staff/give.html", status=status, one=one, form=form, reset=reset)


def _give_note(request: "Request", own: UUID, one: StaffLine) -> HttpResponse:
    """The same page for who has an account already: nobody can tell, and it sets no password."""
    form = AccessForm(request.POST or None, reset=False, desk=one.desk)
    made: list[Given] = []

    def give() -> None:
        sent = form.cleaned_data
        made.append(_note(request, own, one, sent["way"], sent["word"], sent.get("one_person")))

    if form.is_valid() and tried(form, give):
        return _handed_over(request, one, made[0], form.cleaned_data["way"], reset=False)
    status = 422 if form.errors else 200
    return page(request, "staff/give.html", status=status, one=one, form=form, reset=False)


def _note(
    request: "Request", own: UUID, one: StaffLine, way: str, word: str, one_person: bool | None
) -> Given:
    note = staffing.give_note(
        request.actor, own, registration=one.role, way=way, word=word, one_person=one_person
    )
    until = clock.now() + timedelta(hours=access.HOURS)
    return Given(one.role, note.email, note.language, note.name, note.token, until)


def _give(request: "Request", role: UUID, form: AccessForm, reset: bool) -> Given:
    purpose = OneTimeLink.Purpose.RESET if reset else OneTimeLink.Purpose.FIRST
    return access.give_access(
        request.actor,
        role,
        purpose=purpose.value,
        way=form.cleaned_data["way"],
        word=form.cleaned_data["word"],
        identified=form.identified(),
    )


def _handed_over(
    request: "Request", one: StaffLine, given: Given, way: str, reset: bool
) -> HttpResponse:
    """The mail is sent, or the paper shown once to be printed."""
    by_mail = way == OneTimeLink.Way.MAIL
    address = link_address(request, given.token, on_paper=not by_mail)
    if reset and mail.is_set_up():
        mail.tell_of_reset(given)
    if by_mail:
        sent = mail.send_link(given, address)
        return page(request, "staff/sent.html", one=one, given=given, sent=sent)
    context = {"one": one, "given": given, "address": address, "picture": qr(address)}
    response = render(request, "staff/paper.html", context)
    response.headers["Referrer-Policy"] = REFERRER
    return response


@require_POST
def note_reset(request: "Request", link: UUID) -> HttpResponse:
    """Take note that somebody's access was made anew."""
    access.note_reset(request.actor, None, link=link)
    return redirect("home")
