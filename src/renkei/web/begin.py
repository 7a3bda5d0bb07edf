"""Coming with a one-time link: a password of one's own, and the disaster card on paper.

What stands in a link is behind its ``#``: browsers send it to no server, so it is in nobody's log,
and opening the page, as mail scanners do, uses nothing up.
"""

from typing import TYPE_CHECKING, Any, Final

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.core import ratelimit
from django import forms
from django.conf import settings
from django.contrib.auth import logout as end_session
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from renkei.people import cards
from renkei.people.begin import begin as begin_with
from renkei.people.disclosures import public_password_rule
from renkei.people.models import Account
from renkei.web import sign_in
from renkei.web.fields import Line
from renkei.web.own_mail import tell_of_new_password
from renkei.web.page import tried
from renkei.web.second_step import show_again

if TYPE_CHECKING:
    from renkei.web.frame import Request

# No address with what stands in it. Not "no-referrer": with that, browsers hide the origin of forms
# as well, and they are taken for sent from elsewhere.
REFERRER: Final = "strict-origin"


def link_address(
    request: HttpRequest | None, token: str, *, on_paper: bool, family: bool = False
) -> str:
    """The address to send or print; the page speaks plainer to patient and relatives (A11.5)."""
    said = "&".join(["family"] * family + ["paper"] * on_paper)
    return f"{origin_of(request)}{reverse('begin')}{'?' if said else ''}{said}#{token}"


def origin_of(request: HttpRequest | None) -> str:
    """How addresses of this installation begin."""
    if settings.ORIGIN:
        return str(settings.ORIGIN)
    return f"{request.scheme}://{request.get_host()}" if request else "http://localhost:8000"


def _secret(label: Any, autocomplete: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": autocomplete}),
        error_messages={"required": _("Please write this.")},
    )


class BeginForm(forms.Form):
    """The link, the word that goes with one on paper, and the new password twice."""

    number = Line(label=_("Number of the link"), max_length=60, autocomplete="off")
    word = forms.CharField(
        label=_("Your word"),
        required=False,
        max_length=128,
        help_text=_("The word that you typed when you were given the paper"),
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    password1 = _secret(_("New password"), "new-password")
    password2 = _secret(_("New password once more"), "new-password")

    def clean(self) -> dict[str, Any]:
        """The same password both times."""
        cleaned = super().clean() or {}
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", ValidationError(_("These two are not the same.")))
        return cleaned


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def begin(request: "Request") -> HttpResponse:
    """The page of a one-time link: looking uses nothing up, sending sets the password."""
    form = BeginForm(request.POST or None)
    if request.method == "POST":
        if not ratelimit.consume(request, action="link"):
            return sign_in.too_many(request)
        begun: list[Account] = []
        if form.is_valid() and tried(form, lambda: begun.append(_begin(form))):
            tell_of_new_password(begun[0])
            return _go_in(request, begun[0])
    context = {
        "form": form,
        "paper": "paper" in request.GET or bool(form["word"].value()),
        "family": "family" in request.GET,
        "rule": public_password_rule(),
    }
    response = render(request, "account/begin.html", context, status=422 if form.errors else 200)
    response.headers["Referrer-Policy"] = REFERRER
    return response


def _begin(form: BeginForm) -> Account:
    sent = form.cleaned_data
    return begin_with(sent["number"], word=sent["word"], password=sent["password1"])


def _go_in(request: HttpRequest, account: Account) -> HttpResponse:
    """Sign the person in, in a new session, and on to the disaster card; of the family, home."""
    if request.user.is_authenticated:  # whoever used this browser before
        end_session(request)
    record_authentication(request, account, method="link")
    response: HttpResponse = perform_login(
        request, Login(user=account, redirect_url=reverse("home" if account.family else "card"))
    )
    return response


@require_http_methods(["GET", "POST"])
def card(request: "Request") -> HttpResponse:
    """The disaster card: made anew by sending, shown once, to who has just shown who they are."""
    left = cards.see_card(request.actor, None)
    if request.method == "POST":
        if again := show_again(request, request.path):
            return again
        numbers = cards.make_card(request.actor, None)
        return render(request, "account/card.html", {"numbers": numbers, "left": 0})
    return render(request, "account/card.html", {"numbers": [], "left": left})
