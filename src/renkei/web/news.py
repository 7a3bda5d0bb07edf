"""News for residents: read by everybody, published and withdrawn by the operator (A19.2)."""

from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.region.news import public_item, public_news, publish_news, see_news, withdraw_news
from renkei.region.notices import BODY, TITLE
from renkei.web.page import page, tried

if TYPE_CHECKING:
    from renkei.web.frame import Request


class NewsForm(forms.Form):
    """An item for the public page."""

    title = forms.CharField(
        label=_("Title"),
        max_length=TITLE,
        error_messages=dict.fromkeys(
            ("required", "max_length"), _("Please give a title of up to 100 characters.")
        ),
        widget=forms.TextInput(attrs={"class": "input"}),
    )
    body = forms.CharField(
        label=_("Text"),
        max_length=BODY,
        error_messages=dict.fromkeys(
            ("required", "max_length"), _("Please write up to 5,000 characters.")
        ),
        help_text=_("Anybody on the internet can read this."),
        widget=forms.Textarea(attrs={"class": "input", "rows": 8}),
    )


@require_safe
def news(request: "Request") -> HttpResponse:
    """All news, newest first."""
    return render(request, "public/news.html", {"news": public_news()})


@require_safe
def item(request: "Request", news: UUID) -> HttpResponse:
    """One item."""
    return render(request, "public/news_item.html", {"item": public_item(news)})


@require_safe
def desk(request: "Request") -> HttpResponse:
    """What stands on the public page, and what stood there."""
    return page(request, "news/desk.html", news=see_news(request.actor, None))


@require_http_methods(["GET", "POST"])
def new(request: "Request") -> HttpResponse:
    """Write an item, look at it as residents will see it, publish it."""
    form = NewsForm(request.POST or None)
    looked = "publish" in request.POST
    if form.is_valid() and looked:
        if tried(form, lambda: publish_news(request.actor, None, **form.cleaned_data)):
            return redirect("news_desk")
    see_news(request.actor, None)  # asked before the form is shown
    if form.is_valid() and "edit" not in request.POST:
        return page(request, "news/look.html", form=form, written=form.cleaned_data)
    status = 422 if form.errors else 200
    return page(request, "news/new.html", status=status, form=form)


@require_POST
def withdraw(request: "Request", news: UUID) -> HttpResponse:
    """Take an item off the public page."""
    withdraw_news(request.actor, None, news=news)
    return redirect("news_desk")
