"""Editions of the policy: the operator writes and confirms them, everybody can compare them."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.kernel import clock
from renkei.kernel.errors import Problem, Unknown
from renkei.policy.clauses import CLAUSES
from renkei.region.difference import Line, difference, folded
from renkei.region.disclosures import PublicPolicy
from renkei.region.editions import (
    Draft,
    discard_draft,
    enact,
    keep_draft,
    public_edition,
    public_editions,
    see_draft,
    take_back,
)
from renkei.region.parameters import PARAMETERS
from renkei.region.wording import anchors
from renkei.web import parameter_words as words
from renkei.web.errors import sentence
from renkei.web.fields import Day
from renkei.web.page import page, tried
from renkei.web.texts import policy_text

if TYPE_CHECKING:
    from renkei.web.frame import Request


class DraftForm(forms.Form):
    """The text, every parameter, and the day."""

    source = forms.CharField(
        label=_("Text of the policy"),
        help_text=_(
            "Markdown. What stands between {{ }} is filled by itself, the figures below too."
            " Lines such as <!-- clause: A3 --> say which clause a paragraph is; please keep them."
        ),
        error_messages={"required": _("Please write the text of the policy.")},
        widget=forms.Textarea(attrs={"class": "input input--source", "rows": 24}),
        strip=False,
    )
    effective_on = Day(
        label=_("In force from"),
        future=True,
        required=False,
        help_text=_("From the beginning of that day. It can be today."),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
    given_up = forms.MultipleChoiceField(
        label=_("Clauses that are to go"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["given_up"].choices = [(one, one) for one in CLAUSES]  # type: ignore[attr-defined]
        for name in PARAMETERS:
            self.fields[name] = words.field(name)

    def figures(self) -> dict[str, Any]:
        """Every parameter as it was chosen."""
        return {name: words.value_of(name, self.cleaned_data[name]) for name in PARAMETERS}


@dataclass(frozen=True, slots=True)
class Figure:
    """A parameter on a page: what it is, what it was and what it is to be."""

    name: str
    words: words.Words
    clause: str
    bounds: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Whether it is another one now."""
        return self.before != self.after


def figures(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Figure]:
    """Every parameter with its value before and after."""
    for name, one in PARAMETERS.items():
        was = words.in_words(name, before[name]) if before else ""
        now = words.in_words(name, after[name])
        yield Figure(name, words.WORDS[name], one.clause, words.bounds(name), was, now)


@require_http_methods(["GET", "POST"])
def draft(request: "Request") -> HttpResponse:
    """Write the next edition: text and figures together."""
    found = see_draft(request.actor, None)
    initial = {
        "source": found.source,
        "effective_on": found.effective_on,
        "revision": found.revision,
        **{name: str(value) for name, value in found.figures.items()},
    }
    form = DraftForm(request.POST or None, initial=initial)

    def act() -> None:
        keep_draft(
            request.actor,
            None,
            source=form.cleaned_data["source"],
            figures=form.figures(),
            effective_on=form.cleaned_data["effective_on"],
            revision=form.cleaned_data["revision"],
            given_up=form.cleaned_data["given_up"],
        )

    if form.is_valid() and tried(form, act):
        return redirect("policy_preview")
    lost = _lost(found, form) if form.is_bound else found.lost
    return page(
        request,
        "policy/draft.html",
        status=422 if form.is_bound else 200,
        draft=found,
        form=form,
        lost=lost,
        figures=list(figures(found.now_figures, found.figures)),
    )


_MARK = re.compile(r"<!--.*?-->")


def compared(before: str, after: str) -> list[Line | int]:
    """What changed between two texts of the policy, without the marks that nobody reads."""
    return folded(difference(_readable(before), _readable(after)))


def _readable(text: str) -> str:
    lines = (line for line in text.splitlines() if "`<!--" not in line)
    return "\n".join(_MARK.sub("", line) for line in lines if not _MARK.fullmatch(line.strip()))


def _lost(found: Draft, form: DraftForm) -> list[str]:
    """The clauses of the edition in force that what was sent does not name."""
    kept = anchors(form.data.get("source", ""))
    return [one for one in anchors(found.now_text) if one not in kept]


@require_safe
def preview(request: "Request") -> HttpResponse:
    """The draft beside the edition in force: what is gone, what is new, which figures change."""
    return _preview(request)


def _preview(request: "Request", problem: str = "") -> HttpResponse:
    found = see_draft(request.actor, None)
    if found.id is None:
        return redirect("policy_draft")
    changed = [one for one in figures(found.now_figures, found.figures) if one.changed]
    text = policy_text(
        PublicPolicy(found.id, found.number, found.effective_on or clock.today(), found.text)
    )
    return page(
        request,
        "policy/preview.html",
        status=422 if problem else 200,
        draft=found,
        compared=compared(found.now_text, found.text),
        changed=changed,
        text=text,
        problem=problem,
    )


@require_POST
def confirm(request: "Request", draft: UUID) -> HttpResponse:
    """Be the second person: it is to come into force."""
    revision = request.POST.get("revision", "")
    try:
        enact(request.actor, draft, revision=int(revision) if revision.isdecimal() else 0)
    except Problem as found:
        return _preview(request, sentence(found))
    return redirect("policy_editions")


@require_POST
def discard(request: "Request") -> HttpResponse:
    """Throw the draft away."""
    with suppress(Problem):  # it is gone already, which is what was asked for
        discard_draft(request.actor, None)
    return redirect("console")


@require_http_methods(["GET", "POST"])
def back(request: "Request") -> HttpResponse:
    """Take back the edition that is on its way."""
    problem = ""
    if request.method == "POST":
        try:
            take_back(request.actor, None)
            return redirect("policy_preview")
        except Problem as found:
            problem = sentence(found)
    draft_now = see_draft(request.actor, None)
    status = 422 if problem else 200
    return page(request, "policy/back.html", status=status, draft=draft_now, problem=problem)


# ── For everybody ────────────────────────────────────────────────────────────────────────────────


@require_safe
def editions(request: "Request") -> HttpResponse:
    """Every edition there was, is, and is to come (article 22)."""
    return render(request, "public/editions.html", {"editions": public_editions()})


@require_safe
def edition(request: "Request", number: str) -> HttpResponse:
    """One edition in full, and what changed against the one before."""
    if not number.isdecimal() or len(number) > 6:
        raise Unknown("policy")
    found = public_edition(int(number))
    line = found.line
    text = policy_text(PublicPolicy(line.id, line.number, line.effective_on, found.text))
    changed = [one for one in figures(found.before_figures, found.figures) if one.changed]
    context = {
        "edition": found,
        "policy": line,
        "text": text,
        "compared": compared(found.before_text, found.text) if found.before else [],
        "changed": changed if found.before else [],
        "figures": list(figures({}, found.figures)),
    }
    return render(request, "public/edition.html", context)
