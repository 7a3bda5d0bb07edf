"""Getting in on a device outside the ledger, while a disaster use is in force (A20, 20-2)."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from allauth.account.internal.decorators import login_stage_required
from allauth.mfa.stages import AuthenticateStage
from django import forms
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from renkei.kernel.errors import Problem
from renkei.people.attempts import Place
from renkei.people.models import Account
from renkei.people.sessions import stored_key
from renkei.policy.standing import Actor
from renkei.safety.emergency import (
    REASON_MOST,
    Browser,
    Spent,
    enter_disaster,
    may_enter,
    see_entrance,
    spend_card,
)
from renkei.web.browser import browser_of
from renkei.web.disaster_words import what
from renkei.web.errors import sentence
from renkei.web.fields import Line
from renkei.web.known import known

if TYPE_CHECKING:
    from renkei.web.frame import Request


class EntryForm(forms.Form):
    """Why, and a number of the disaster card where nothing else was shown."""

    code = Line(
        label=_("Number of the disaster card"),
        max_length=30,
        inputmode="numeric",
        autocomplete="one-time-code",
        help_text=_("Ten digits. Each number is good once."),
        error_messages={"required": _("Please type the number.")},
    )
    reason = Line(
        label=_("Why do you use this device?"),
        max_length=REASON_MOST,
        help_text=_("For example: my tablet is under water. Nothing about patients."),
        error_messages={"required": _("Please write why.")},
    )

    def __init__(self, *args: Any, by_card: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not by_card:
            del self.fields["code"]


def _browser(request: "Request", email: str) -> Browser:
    return Browser(browser_of(request), known(request, email))


def _spend(request: "Request", form: EntryForm, account: UUID, email: str) -> Spent | None:
    """The number, spent; else the form says what is wrong."""
    place = Place(f"card {account.hex}", known(request, email))
    try:
        spent = spend_card(account, form.cleaned_data["code"], place)
    except Problem as problem:
        form.add_error("code", sentence(problem))
        return None
    if spent is None:
        form.add_error("code", _("This number is not right, or was used already."))
    return spent


def _enter(request: "Request", form: EntryForm, spent: Spent | None, actor: Actor) -> bool:
    email = request.user.email  # type: ignore[union-attr]
    try:
        enter_disaster(
            actor,
            None,
            reason=form.cleaned_data["reason"],
            spent=spent,
            browser=_browser(request, email),
        )
    except Problem as problem:
        form.add_error(problem.field if problem.field in form.fields else None, sentence(problem))
        return False
    return True


@require_http_methods(["GET", "POST"])
def emergency(request: "Request") -> HttpResponse:
    """Signed in on an unlisted device: say why, and show what is asked."""
    found = see_entrance(request.actor, None)
    form = EntryForm(request.POST or None, by_card=not found.factor)
    if found.open and form.is_valid():
        user = request.user
        assert isinstance(user, Account)
        spent = None if found.factor else _spend(request, form, user.pk, user.email)
        if (found.factor or spent) and _enter(request, form, spent, request.actor):
            return redirect("home")
    context = {"found": found, "form": form, "what": what}
    return render(request, "disaster/emergency.html", context, status=422 if form.errors else 200)


@login_stage_required(stage=AuthenticateStage.key, redirect_urlname="account_login")  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "POST"])
def second_step_by_card(request: "Request") -> HttpResponse:
    """The password was right, the phone with the second step is gone: the card lets in.

    Whoever is let in so has not shown a second factor: the session counts as entered by the card,
    under the disaster use alone.
    """
    stage = request._login_stage  # type: ignore[attr-defined]
    user: Account = stage.login.user
    disaster = may_enter(user.pk)
    form = EntryForm(request.POST or None, by_card=True)
    if disaster is not None and form.is_valid():
        spent = _spend(request, form, user.pk, user.email)
        if spent is not None:
            response: HttpResponse = stage.exit()
            request.session.save()
            actor = Actor(session=stored_key(request.session.session_key or ""))
            if _enter(request, form, spent, actor):
                return response
            logout(request)  # past the second step by nothing that holds
    context = {"disaster": disaster, "form": form, "what": what}
    return render(request, "disaster/by_card.html", context, status=422 if form.errors else 200)
