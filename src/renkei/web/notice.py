"""The operator's notices: written by the operator, read and confirmed by everyone."""

from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from renkei.enrollment.services import confirm_notice
from renkei.region.disclosures import before_publishing, see_notice
from renkei.region.services import publish_notice
from renkei.web.page import page, tried

if TYPE_CHECKING:
    from renkei.web.frame import Request


class NoticeForm(forms.Form):
    """A notice to everyone in the region."""

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
        help_text=_("Everyone in the region reads this. Write nothing about patients."),
        widget=forms.Textarea(attrs={"class": "input", "rows": 8}),
    )
    acknowledge = forms.BooleanField(
        label=_("Ask everyone to confirm that they have read it"), required=False
    )


@require_http_methods(["GET", "POST"])
def new(request: "Request") -> HttpResponse:
    """Write a notice and publish it."""
    form = NoticeForm(request.POST or None)
    if form.is_valid() and tried(
        form, lambda: publish_notice(request.actor, None, **form.cleaned_data)
    ):
        return redirect("home")
    before_publishing(request.actor, None)
    status = 422 if form.is_bound else 200
    return page(request, "notice/new.html", status=status, form=form)


def see(request: "Request", notice: UUID) -> HttpResponse:
    """One notice."""
    return page(request, "notice/notice.html", notice=see_notice(request.actor, None, notice))


@require_POST
def confirm(request: "Request", notice: UUID) -> HttpResponse:
    """Confirm having read it."""
    confirm_notice(request.actor, None, notice=notice)
    return redirect("home")
