"""Organizations: the operator's list, one of them, and what an organization says of itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from renkei.enrollment import missing as people
from renkei.enrollment.console import see_console
from renkei.kernel.clock import JAPAN
from renkei.kernel.japanese import (
    EmailFault,
    PostalCodeFault,
    normalise_email,
    normalise_postal_code,
)
from renkei.people.organizations import Line as Place
from renkei.people.organizations import (
    before_changing,
    change_facts,
    see_organizations,
    see_place,
)
from renkei.web.fields import Kana, Line, Phone, Pills
from renkei.web.page import page, tried
from renkei.web.sheet import sheet

if TYPE_CHECKING:
    from renkei.web.frame import Request

STATES = {
    "applied": _("Not approved yet"),
    "approved": _("Takes part"),
    "suspended": _("Stopped"),
    "left": _("Has left"),
}
DOCUMENTS = (
    ("yes", _("May be posted")),
    ("ask", _("Ask each time")),
    ("no", _("Must not be posted")),
)
# What the list can be narrowed to.
NARROWED = {
    "absent": _("No administrator here for long"),
    "form2": _("Form 2 missing"),
    "training": _("Training missing"),
    "alone": _("One administrator alone"),
}


def _fits(one: Place, state: str) -> bool:
    narrow = {
        "absent": one.absent,
        "form2": one.pledged_on is None,
        "training": one.trained_on is None,
        "alone": one.administrators < 2,
    }
    return narrow.get(state, True)


@require_safe
def organizations(request: "Request") -> HttpResponse:
    """All organizations with where each of them stands."""
    q, state = request.GET.get("q", "").strip()[:50], request.GET.get("state", "")
    found, everyone = see_organizations(request.actor, None, words=q)
    lines = [one for one in found if _fits(one, state)]
    if "csv" in request.GET:
        return sheet("organizations", _rows(lines))
    counts = {name: sum(_fits(one, name) for one in found) for name in NARROWED}
    context: dict[str, Any] = {"lines": lines, "all": everyone, "q": q, "state": state}
    words: dict[str, Any] = {"states": STATES, "narrowed": NARROWED, "counts": counts}
    return page(request, "organization/list.html", **context, **words)


COLUMNS = (
    _("Number"), _("Name"), _("Name in kana"), _("Kind"), _("Address"), _("Phone"), _("State"),
    _("Approved"), _("Form 2"), _("Training"), _("Staff"), _("Administrators"),
    _("Last sign-in of an administrator"), _("On the public list"),
)  # fmt: skip


def _rows(lines: list[Place]) -> Iterator[list[object]]:
    yes, no = gettext("yes"), gettext("no")
    yield list(COLUMNS)
    for one in lines:
        seen = one.last_sign_in
        yield [
            one.code, one.name, one.kana, one.kind, one.address, one.phone, STATES[one.state],
            one.approved_on or "", one.pledged_on or "", one.trained_on or "", one.people,
            one.administrators, f"{seen.astimezone(JAPAN):%Y-%m-%d %H:%M}" if seen else "",
            yes if one.listed else no,
        ]  # fmt: skip


@require_safe
def organization(request: "Request", organization: UUID) -> HttpResponse:
    """One of them."""
    found = see_place(request.actor, organization)
    words: dict[str, Any] = {"states": STATES, "documents": dict(DOCUMENTS)}
    return page(request, "organization/one.html", found=found, **words)


class FactsForm(forms.Form):
    """What an organization says of itself."""

    name = Line(label=_("Official name"), max_length=100)
    kana = Kana(label=_("Name in kana"))
    head = Line(label=_("Head of the organization"), max_length=100)
    postal_code = Line(label=_("Postal code"), required=False, max_length=10, inputmode="numeric")
    address = Line(label=_("Address"))
    phone = Phone(label=_("Phone"))
    fax = Phone(label=_("Fax"), required=False)
    email = Line(label=_("E-mail"), required=False, inputmode="email")
    documents = Pills(
        label=_("May other organizations post your documents?"),
        choices=DOCUMENTS,
        help_text=_("Letters, reports and the like that came from you (article 17)."),
    )
    listed = forms.BooleanField(label=_("Stands on the public list"), required=False)

    def clean_postal_code(self) -> str:
        """The code as it is written, with its hyphen."""
        written = self.cleaned_data["postal_code"]
        try:
            return normalise_postal_code(written) if written else ""
        except PostalCodeFault:
            raise forms.ValidationError(_("Please write 7 digits.")) from None

    def clean_email(self) -> str:
        """The address, if it is one."""
        written = self.cleaned_data["email"]
        try:
            return normalise_email(written) if written else ""
        except EmailFault:
            raise forms.ValidationError(_("Please write an e-mail address.")) from None


@require_http_methods(["GET", "POST"])
def edit(request: "Request", organization: UUID) -> HttpResponse:
    """Change what the organization says of itself."""
    before_changing(request.actor, organization)
    found = see_place(request.actor, organization)
    line = found.line
    initial = {
        "name": line.name, "kana": line.kana, "head": found.head, "address": line.address,
        "postal_code": found.postal_code, "phone": line.phone, "fax": found.fax,
        "email": found.email, "documents": line.documents, "listed": line.listed,
    }  # fmt: skip
    form = FactsForm(request.POST or None, initial=initial)
    if form.is_valid() and tried(
        form, lambda: change_facts(request.actor, organization, **form.cleaned_data)
    ):
        return redirect("organization", organization=organization)
    status = 422 if form.is_bound else 200
    return page(request, "organization/edit.html", status=status, form=form, found=found)


# ── The operator's own pages ─────────────────────────────────────────────────────────────────────

LACKS = {
    "begun": _("Has not signed in yet"),
    "policy": _("Policy not confirmed"),
    "pledge": _("Pledge missing (form 3)"),
    "training": _("Training missing"),
    "photo": _("Face photo missing"),
}


@require_safe
def missing(request: "Request") -> HttpResponse:
    """Who lacks what, by organization: names and professions alone."""
    what = request.GET.get("what", "")
    what = what if what in LACKS else ""
    places = people.see_missing(request.actor, None)
    shown = [
        (place, [one for one in place.missing if not what or what in one.lacks]) for place in places
    ]
    shown = [(place, lines) for place, lines in shown if lines]
    if "csv" in request.GET:
        return sheet("missing", _missing_rows(shown))
    counts = {name: sum(place.counts[name] for place in places) for name in LACKS}
    context: dict[str, Any] = {"shown": shown, "what": what, "lacks": LACKS, "counts": counts}
    return page(request, "organization/missing.html", **context)


def _missing_rows(
    shown: list[tuple[people.Place, list[people.Person]]],
) -> Iterator[list[object]]:
    yield [_("Organization"), _("Name"), _("Name in kana"), _("Profession"), *LACKS.values()]
    for place, lines in shown:
        for one in lines:
            who = one.face
            marks = ["×" if name in one.lacks else "" for name in LACKS]
            yield [place.name, who.name, who.kana, who.profession, *marks]


# Every line of the console: its section, its icon, what it is called, its page, the number that
# stands beside it, and whether that number asks for something to be done.
CONSOLE: tuple[tuple[str, tuple[tuple[str, Any, str, str, bool], ...]], ...] = (
    (
        "people",
        (
            ("adduser", _("Applications"), "applications", "applications", True),
            ("pin", _("Organizations"), "organizations_list", "organizations", False),
            ("clock", _("No administrator here for long"), "organizations_absent", "absent", True),
            ("doc", _("Training in the region"), "training_all", "", False),
            ("adduser", _("People who lack something"), "missing", "missing", True),
            ("policy", _("Policy not confirmed yet"), "missing_policy", "unconfirmed", True),
            ("key", _("Administrators"), "administrators", "", False),
            ("device", _("First devices"), "devices_first", "devices_first", True),
            ("hand", _("Stopping use"), "stops", "", False),
            ("search", _("People who may be registered twice"), "same_persons", "same", True),
        ),
    ),
    (
        "rules",
        (
            ("pen", _("Draft of the policy"), "policy_draft", "policy_draft", True),
            ("policy", _("Editions of the policy"), "policy_editions", "policy_coming", False),
            ("pen", _("Words of the forms"), "form_texts", "", False),
            ("doc", _("Our own provisions"), "provisions", "provisions", False),
            ("search", _("Laws and guidelines to look at again"), "laws", "laws_old", True),
            ("doc", _("Issuers of documents"), "issuers", "issuers", False),
        ),
    ),
    (
        "daily",
        (
            ("megaphone", _("Notices"), "notices", "notices", False),
            ("pen", _("Notices not published yet"), "notices", "notice_drafts", True),
            ("doc", _("Papers and scans"), "papers", "", False),
            ("alert", _("Incident desk"), "incidents", "incidents", True),
            ("clock", _("Late reviews"), "reviews_counts", "reviews_late", True),
            ("alert", _("Disaster use"), "disasters", "", False),
            ("close", _("Complete erasures"), "erasures", "erasures", True),
            ("shield", _("Backups"), "backups", "", False),
            ("megaphone", _("News for residents"), "news_desk", "", False),
            ("home", _("Public page"), "start", "", False),
        ),
    ),
)
SECTIONS = {
    "people": _("Organizations and people"),
    "rules": _("Policy and rules"),
    "daily": _("Day by day"),
}
SPECIAL = {
    "organizations_absent": ("organizations_list", "?state=absent"),
    "missing_policy": ("missing", "?what=policy"),
}


@require_safe
def console(request: "Request") -> HttpResponse:
    """Where the operator's day begins: what waits, and every page of theirs."""
    counts = see_console(request.actor, None)
    context: dict[str, Any] = {
        "console": CONSOLE, "sections": SECTIONS, "special": SPECIAL, "counts": counts,
    }  # fmt: skip
    return page(request, "organization/console.html", **context)
