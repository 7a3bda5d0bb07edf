"""The operator's notices: written, looked at a second time, published; read by those addressed."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.enrollment.noticeboard import open_notice, see_readers
from renkei.enrollment.services import confirm_notice
from renkei.group import network
from renkei.kernel.errors import Problem
from renkei.people.models import PractitionerRole
from renkei.people.organizations import see_organizations
from renkei.region.audience import Audience
from renkei.region.notices import (
    NoticeLine,
    before_writing,
    see_all,
    see_draft,
    withdraw_notice,
    write_notice,
)
from renkei.region.services import publish_notice
from renkei.web.errors import sentence
from renkei.web.page import page, tried

if TYPE_CHECKING:
    from renkei.web.frame import Request


class NoticeForm(forms.Form):
    """What is said, and to whom."""

    title = forms.CharField(
        label=_("Title"),
        max_length=100,
        error_messages=dict.fromkeys(
            ("required", "max_length"), _("Please give a title of up to 100 characters.")
        ),
        widget=forms.TextInput(attrs={"class": "input"}),
    )
    body = forms.CharField(
        label=_("Text"),
        max_length=5_000,
        error_messages=dict.fromkeys(
            ("required", "max_length"), _("Please write up to 5,000 characters.")
        ),
        help_text=_("Everyone who is addressed reads this. Write nothing about patients."),
        widget=forms.Textarea(attrs={"class": "input", "rows": 8}),
    )
    acknowledge = forms.BooleanField(
        label=_("Ask everyone to confirm that they have read it"), required=False
    )
    families = forms.BooleanField(label=_("To patients and their families too"), required=False)
    administrators = forms.BooleanField(label=_("Only to administrators"), required=False)
    organizations = forms.MultipleChoiceField(
        label=_("Only to these organizations"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("Please choose from the list.")},
    )
    professions = forms.MultipleChoiceField(
        label=_("Only to these professions"),
        required=False,
        choices=[(one, one) for one in PractitionerRole.PROFESSIONS],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("Please choose from the list.")},
    )

    def __init__(self, *args: Any, names: dict[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["organizations"].choices = list(names.items())  # type: ignore[attr-defined]

    def said(self) -> dict[str, Any]:
        """What the use cases take."""
        sent = self.cleaned_data
        to = Audience(
            frozenset(UUID(one) for one in sent["organizations"]),
            frozenset(sent["professions"]),
            sent["administrators"],
            sent["families"],
        )
        return {
            "title": sent["title"],
            "body": sent["body"],
            "acknowledge": sent["acknowledge"],
            "to": to,
        }


def _names(request: "Request") -> dict[str, str]:
    found, _all = see_organizations(request.actor, None, words="")
    return {one.id.hex: one.name for one in found}


def _initial(draft: NoticeLine) -> dict[str, Any]:
    to = draft.audience
    return {
        "title": draft.title,
        "body": draft.body,
        "acknowledge": draft.acknowledge,
        "administrators": to.administrators,
        "families": to.families,
        "organizations": [one.hex for one in to.organizations],
        "professions": list(to.professions),
    }


@require_safe
def notices(request: "Request") -> HttpResponse:
    """Drafts, what was published, and what was withdrawn."""
    return page(request, "notice/list.html", notices=see_all(request.actor, None), problem="")


@require_http_methods(["GET", "POST"])
def new(request: "Request") -> HttpResponse:
    """Begin a notice; it is kept as a draft and looked at before it is published."""
    before_writing(request.actor, None)
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
def edit(request: "Request", notice: UUID) -> HttpResponse:
    """Go on with a draft."""
    return _edit(request, see_draft(request.actor, None, notice))


def _edit(request: "Request", draft: NoticeLine | None) -> HttpResponse:
    names = _names(request)
    initial = _initial(draft) if draft else {}
    form = NoticeForm(request.POST or None, names=names, initial=initial)
    kept: list[UUID] = []

    def act() -> None:
        before = draft.id if draft else None
        kept.append(write_notice(request.actor, None, draft=before, **form.said()))

    if form.is_valid() and tried(form, act):
        return redirect("notice_preview", notice=kept[0])
    status = 422 if form.is_bound else 200
    return page(request, "notice/new.html", status=status, form=form, draft=draft)


@require_http_methods(["GET", "POST"])
def preview(request: "Request", notice: UUID) -> HttpResponse:
    """The second look: as it will be read, and by whom; then publish."""
    draft = see_draft(request.actor, None, notice)
    names = _names(request)
    form = NoticeForm(request.POST or None, names=names, initial=_initial(draft))
    if form.is_valid() and tried(
        form, lambda: publish_notice(request.actor, None, draft=notice, **form.said())
    ):
        return redirect("notices")
    status = 422 if form.is_bound else 200
    to = [names[one.hex] for one in draft.audience.organizations if one.hex in names]
    return page(request, "notice/preview.html", status=status, draft=draft, form=form, names=to)


@require_safe
def see(request: "Request", notice: UUID) -> HttpResponse:
    """One notice."""
    return page(request, "notice/notice.html", notice=open_notice(request.actor, None, notice))


@require_POST
def open_network(request: "Request") -> HttpResponse:
    """Make the region's network group, where there is none yet."""
    group = network.open_network(request.actor, None)
    return redirect("timeline", group=group.id)


@require_POST
def confirm(request: "Request", notice: UUID) -> HttpResponse:
    """Confirm having read it."""
    confirm_notice(request.actor, None, notice=notice)
    return redirect("home")


@require_safe
def readers(request: "Request", notice: UUID) -> HttpResponse:
    """Who has read it: for the operator, and for an administrator their own staff."""
    return page(request, "notice/readers.html", found=see_readers(request.actor, None, notice))


@require_POST
def withdraw(request: "Request", notice: UUID) -> HttpResponse:
    """Show it to nobody any more."""
    try:
        withdraw_notice(request.actor, None, notice=notice)
    except Problem as problem:
        shown = see_all(request.actor, None)
        return page(
            request, "notice/list.html", status=422, notices=shown, problem=sentence(problem)
        )
    return redirect("notices")
