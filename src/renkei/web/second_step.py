"""The second step of signing in, and setting it up: allauth's pages behind our own rule."""

import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account.adapter import get_adapter as account_adapter
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.internal.stagekit import clear_login, get_pending_stage
from allauth.account.views import ReauthenticateView
from allauth.core.exceptions import ReauthenticationRequired
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByCodeView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    LoginWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from renkei.incident.copied import report_copied
from renkei.kernel.errors import Unknown
from renkei.people import cards, factors
from renkei.people.models import Account
from renkei.region.disclosures import public_region
from renkei.web.errors import answer
from renkei.web.own_mail import tell_of_factors
from renkei.web.page import SaysFaulty

if TYPE_CHECKING:
    from renkei.web.frame import Request

View = Callable[..., HttpResponse]
RECENT: int = 300  # seconds for which what was shown last need not be shown again


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]
    """How allauth's second factors behave here: secrets sealed, sentences in our words."""

    error_messages: ClassVar = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right, or was used already."),
    }

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return factors.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open a stored secret."""
        return factors.unseal(encrypted_text)

    def get_totp_issuer(self) -> str:
        """What stands in the person's app."""
        return f"{public_region().name} Renkei"

    def generate_authenticator_name(self, user: Account, type: Authenticator.Type) -> str:
        """What a passkey is called when nobody gave it a name: when it was added says enough."""
        return ""

    def _get_site_name(self) -> str:
        return self.get_totp_issuer()

    def get_public_key_credential_user_entity(self, user: Account) -> dict[str, Any]:
        """What the browser shows of a passkey: the address, and no id of ours."""
        found: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return found | {"display_name": user.email}


# ── What is right is right once ──────────────────────────────────────────────────────────────────


class CodeField(forms.CharField):
    """A code from an app or from paper: full-width digits and spaces are all right."""

    def __init__(self) -> None:
        attributes = {
            "class": "input",
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "maxlength": "12",
        }
        super().__init__(
            label=_("Code"),
            max_length=30,
            widget=forms.TextInput(attrs=attributes),
            error_messages={"required": _("Please type the code.")},
        )

    def to_python(self, value: Any) -> str:
        """The code without what stands between its digits."""
        typed = unicodedata.normalize("NFKC", super().to_python(value) or "")
        return "".join(typed.replace("-", "").split())


def refused() -> Exception:
    """The one sentence for every code or key that is not taken."""
    found: Exception = Adapter().validation_error("incorrect_code")
    return found


class _Code(AuthenticateForm):  # type: ignore[misc]
    """A code of the app is good once, even where a clock is wrong."""

    code = CodeField()

    def clean_code(self) -> str:
        code: str = super().clean_code()
        if self.authenticator.type == Authenticator.Type.TOTP:
            if not factors.spend_code(self.authenticator, code):
                raise refused()
        return code


class CodeForm(_Code):
    """The second step of signing in."""


class CodeAgainForm(_Code, ReauthenticateForm):  # type: ignore[misc]
    """Showing again who one is, before something important."""

    save = ReauthenticateForm.save


class ActivateForm(ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a new app."""

    code = CodeField()


@contextmanager
def _only_refused() -> Iterator[None]:
    """What is no passkey at all is refused like a wrong one: the library says so in many ways."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise refused() from error


class NewPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A passkey to be added."""

    def clean(self) -> dict[str, Any]:
        """What the browser made of it, checked."""
        with _only_refused():
            found: dict[str, Any] = super().clean()
            return found


class _Passkey:
    """A passkey whose counter does not rise is one of two, and neither gets in."""

    cleaned_data: dict[str, Any]

    def clean_credential(self) -> Authenticator:
        with _only_refused():
            authenticator = super().clean_credential()  # type: ignore[misc]
        response = webauthn.parse_authentication_response(self.cleaned_data["credential"])
        counter = response.response.authenticator_data.counter
        if not factors.spend_counter(authenticator, counter):
            factors.record_copied(authenticator.user_id)
            # in a use case of its own, after the one in which a factor is shown again
            transaction.on_commit(partial(report_copied, authenticator.user_id))
            raise refused()
        return authenticator


class PasskeyForm(_Passkey, AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey as the second step."""


class PasskeyAloneForm(_Passkey, LoginWebAuthnForm):  # type: ignore[misc]
    """A passkey as the only step."""


class PasskeyAgainForm(_Passkey, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey before something important."""


# ── Signing in ───────────────────────────────────────────────────────────────────────────────────


class SecondStep(SaysFaulty, AuthenticateView):  # type: ignore[misc]
    """After the password: a code or a passkey."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Begin anew where there is nothing to show any more: the access was reset meanwhile."""
        stage = get_pending_stage(request)
        if stage is not None and not _has_factor(stage.login.user):
            clear_login(request)
            return answer(
                request,
                403,
                gettext("Please begin again."),
                gettext(
                    "Your access was made anew while you were signing in. Sign in with the one-time"
                    " link that you were given."
                ),
            )
        found: HttpResponse = super().dispatch(request, *args, **kwargs)
        return found


class PasskeyAlone(LoginWebAuthnView):  # type: ignore[misc]
    """Signing in with a passkey and nothing else."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What the browser signs; asked for as rarely as it is answered."""
        limited = ratelimit.consume_or_429(
            request, app="allauth.mfa", action="webauthn_login", limit_get=True
        )
        found: HttpResponse = limited or super().get(request, *args, **kwargs)
        return found

    def form_invalid(self, form: Any) -> HttpResponse:
        """Back to where one can try again or type the password."""
        return HttpResponseRedirect(reverse("account_login") + "?passkey=failed")


second_step = SecondStep.as_view()
passkey_alone = PasskeyAlone.as_view()


# ── Setting up ───────────────────────────────────────────────────────────────────────────────────


def shown_recently(request: HttpRequest) -> bool:
    """Whether the person has just shown who they are, by the strongest means they have."""
    means = ["mfa"] if _has_factor(request.user) else ["mfa", "password", "link"]
    since = time.time() - RECENT
    records = get_authentication_records(request, request.user)
    return any(one["method"] in means and one["at"] > since for one in records)


def _has_factor(user: Any) -> bool:
    found: bool = Adapter().is_mfa_enabled(user, types=factors.PRIMARY)
    return found


def show_again(request: HttpRequest, after: str) -> HttpResponse | None:
    """Where one shows again who one is, and then goes on; None if one has just shown it."""
    return None if shown_recently(request) else ask_again(request, after)


def ask_again(request: HttpRequest, after: str) -> HttpResponse:
    """To where one shows again who one is, by the strongest means one has.

    Raises:
        Unknown: there is none.
    """
    means = account_adapter().get_reauthentication_methods(request.user)
    if not means:
        raise Unknown("factor")
    again = means[0]["url"]
    return redirect(f"{again}?{urlencode({'next': after})}")


def guarded(view: View) -> View:
    """Allauth's page behind our rule; what it changes is one use case with its line."""

    def run(request: "Request", **parts: Any) -> HttpResponse:
        def act() -> HttpResponse:
            return view(request, **parts)

        try:
            response, added, removed = factors.change_factors(request.actor, None, act=act)
        except ReauthenticationRequired:
            return ask_again(request, request.path)
        except (Http404, PermissionDenied) as error:  # the latter: no means to show who one is
            raise Unknown("factor") from error
        if added or removed:
            assert isinstance(request.user, Account)
            tell_of_factors(request.user, added=bool(added))
        return response

    return run


def _just_shown(request: HttpRequest, kind: str) -> None:
    """What was just set up was shown as well, and need not be shown again on the next page."""
    record_authentication(request, request.user, method="mfa", type=kind)


class AddPasskey(SaysFaulty, AddWebAuthnView):  # type: ignore[misc]
    """Set up a passkey."""

    def form_valid(self, form: Any) -> HttpResponse:
        """It was shown as well."""
        response: HttpResponse = super().form_valid(form)
        _just_shown(self.request, "webauthn")
        return response


class AddApp(SaysFaulty, ActivateTOTPView):  # type: ignore[misc]
    """Set up a code app: a QR code, or the key to type."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The QR code, and the key in groups of four."""
        found: dict[str, Any] = super().get_context_data(**kwargs)
        secret = found["form"].secret.rstrip("=")
        found["key"] = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        return found

    def form_valid(self, form: Any) -> HttpResponse:
        """The code that proved it works is spent."""
        response: HttpResponse = super().form_valid(form)
        _just_shown(self.request, "totp")
        app = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
        factors.spend_code(app, form.cleaned_data["code"])
        return response


class RecoveryCodes(ViewRecoveryCodesView):  # type: ignore[misc]
    """The recovery codes, shown once, to be printed."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The codes, and where to go on."""
        found: dict[str, Any] = super().get_context_data(**kwargs)
        return found | {"has_card": cards.codes_left(self.request.user.pk) > 0}


add_app = guarded(AddApp.as_view())
remove_app = guarded(DeactivateTOTPView.as_view())
add_passkey = guarded(AddPasskey.as_view())
remove_passkey = guarded(RemoveWebAuthnView.as_view())
recovery_codes = guarded(RecoveryCodes.as_view())
new_recovery_codes = guarded(GenerateRecoveryCodesView.as_view())
again_by_password = guarded(ReauthenticateView.as_view())
again_by_code = guarded(ReauthenticateByCodeView.as_view())
again_by_passkey = guarded(ReauthenticateWebAuthnView.as_view())


@require_safe
def overview(request: "Request") -> HttpResponse:
    """One's second factors; and where the policy asks for one first, how to set it up."""
    found = factors.see_factors(request.actor, None)
    if found.wanted and found.any:
        return ask_again(request, reverse("home"))
    return render(request, "mfa/index.html", {"factors": found})
