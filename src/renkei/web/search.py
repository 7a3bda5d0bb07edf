"""Searching what was said. The words come by POST and stand in no address.

The answer to the POST leads to a page of its own, so that going back from a message shows what was
found once more. What was asked for goes there in a cookie that the browser cannot read.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from renkei.communication.models import Kind
from renkei.communication.observations import LABELS
from renkei.communication.query import ANY, VITALS, Query, keep, kept
from renkei.communication.search import Found, search, see_search
from renkei.group.shell import GroupLine, Shell
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import initials
from renkei.people.models import PractitionerRole
from renkei.web.communication import at_message
from renkei.web.errors import sentence
from renkei.web.fields import Line
from renkei.web.page import page
from renkei.web.values import id_or_none

if TYPE_CHECKING:
    from renkei.web.frame import Request

COOKIE: Final = "__Secure-found" if settings.BEHIND_TLS else "found"
PATH: Final = "/search"
KEPT_SECONDS: Final = 30 * 60
_INPUT = {"class": "input"}
_PROFESSIONS: Final = [(one, one) for one in PractitionerRole.PROFESSIONS]


def _date() -> forms.DateInput:
    return forms.DateInput(attrs={**_INPUT, "type": "date"}, format="%Y-%m-%d")


class SearchForm(forms.Form):
    """What to look for, and where."""

    words = Line(label=gettext_lazy("Words"), max_length=100, required=False)
    group = forms.UUIDField(label=gettext_lazy("Where"), required=False)
    author = Line(label=gettext_lazy("Written by"), max_length=50, required=False)
    profession = forms.ChoiceField(
        label=gettext_lazy("Profession"), required=False, widget=forms.Select(attrs=_INPUT)
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, widget=forms.Select(attrs=_INPUT)
    )
    with_files = forms.BooleanField(label=gettext_lazy("With files only"), required=False)
    vital = forms.ChoiceField(
        label=gettext_lazy("Vital signs"), required=False, widget=forms.Select(attrs=_INPUT)
    )
    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=_date())
    until = forms.DateField(label=gettext_lazy("Until"), required=False, widget=_date())

    def __init__(
        self,
        *args: Any,
        shell: Shell | None = None,
        lines: Sequence[GroupLine] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        profession: Any = self.fields["profession"]
        profession.choices = [("", _("Every profession")), *_PROFESSIONS]
        kind: Any = self.fields["kind"]
        kind.choices = [("", _("Every kind")), *Kind.choices]
        vital: Any = self.fields["vital"]
        measured = [(one, _(LABELS[one])) for one in VITALS]
        vital.choices = [("", _("With or without")), (ANY, _("Any of them")), *measured]
        self.groups: list[tuple[str, str]] = []
        if shell is not None:
            self.offer(shell, lines)

    def offer(self, shell: Shell, lines: Sequence[GroupLine]) -> None:
        """Let these groups be chosen from."""
        self.groups = [("", _("All my groups")), *_groups(shell, lines)]

    @property
    def narrowed(self) -> bool:
        """Whether more than words and place is asked for: then that part of the form is open."""
        names = ("author", "profession", "kind", "with_files", "vital", "since", "until")
        return any(self[name].value() or self[name].errors for name in names)

    def asked(self, before: tuple[int, UUID] | None) -> Query:
        """What was asked for."""
        given = self.cleaned_data
        return Query(
            words=given["words"],
            group=given["group"],
            author=given["author"],
            profession=given["profession"],
            kind=given["kind"],
            files=given["with_files"],
            vital=given["vital"],
            since=given["since"],
            until=given["until"],
            before=before,
        )


def _groups(shell: Shell, lines: Sequence[GroupLine]) -> list[tuple[str, str]]:
    """The person's groups as one chooses them."""
    found, daily = [], {line.id for line in shell.groups}
    for line in lines:
        who = line.identity
        if who is None:
            name = line.title or _("Network of the region")
        else:
            shown = initials(who.name, who.kana) if shell.me.initials_only else who.name
            family = line.kind == "family"
            name = (_("The family of %(name)s") if family else _("%(name)s san")) % {"name": shown}
        if line.id not in daily:
            name = _("%(name)s (in the archive)") % {"name": name}
        found.append((line.id.hex, name))
    return found


def _last(request: "Request") -> tuple[int, UUID] | None:
    """The last hit of the page above: its moment in microseconds and its id."""
    moment, _dot, message = request.POST.get("before", "").partition(".")
    one, whole = id_or_none(message), moment.isascii() and moment.isdigit() and len(moment) < 19
    return (int(moment), one) if one and whole else None


@require_http_methods(["GET", "POST"])
def ask(request: "Request") -> HttpResponse:
    """The box to write in; what was written leads to what was found."""
    if request.method != "POST":
        group = id_or_none(request.GET.get("group"))
        shell, lines = see_search(request.actor, None, group)
        form = SearchForm(initial={"group": group.hex if group else ""}, shell=shell, lines=lines)
        return page(request, "search/search.html", shell=shell, form=form, found=None)
    form = SearchForm(request.POST)  # which groups there are is asked when they are searched
    if form.is_valid():
        try:
            sealed = keep(request.actor, None, form.asked(_last(request)))
        except Problem as problem:
            form.add_error(problem.field or None, sentence(problem))
        else:
            return _to_found(sealed)
    shell, lines = see_search(request.actor, None, None)
    form.offer(shell, lines)
    return page(request, "search/search.html", shell=shell, status=422, form=form, found=None)


def _to_found(sealed: str) -> HttpResponse:
    response = HttpResponseRedirect(reverse("search_found"), status=303)
    response.set_cookie(
        COOKIE,
        sealed,
        max_age=KEPT_SECONDS,
        path=PATH,
        secure=settings.BEHIND_TLS,
        httponly=True,
        samesite="Strict",
    )
    return response


@require_safe
def found(request: "Request") -> HttpResponse:
    """What was found, newest first."""
    asked = kept(request.actor, None, request.COOKIES.get(COOKIE, ""))
    if asked is None:
        return HttpResponseRedirect(reverse("search"))
    try:
        shown = search(request.actor, asked)
    except Unknown:  # the one group is not theirs any more
        return HttpResponseRedirect(reverse("search"))
    return _found_page(request, shown)


def _found_page(request: "Request", shown: Found) -> HttpResponse:
    asked = shown.asked
    again = {
        "words": asked.words,
        "group": asked.group.hex if asked.group else "",
        "author": asked.author,
        "profession": asked.profession,
        "kind": asked.kind,
        "with_files": "on" if asked.files else "",
        "vital": asked.vital,
        "since": _iso(asked.since),
        "until": _iso(asked.until),
    }
    return page(
        request,
        "search/search.html",
        shell=shown.shell,
        form=SearchForm(initial=again, shell=shown.shell, lines=shown.lines),
        found=shown,
        again=again,
        at_message=at_message,
    )


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
