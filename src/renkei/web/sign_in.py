"""Signing in and out, and changing the password: what allauth asks of us, and its traces.

This is the only place with signal receivers: allauth and Django tell of signing in by signals.
"""

import logging
from hashlib import sha256
from typing import Any, ClassVar
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.views import LogoutView, PasswordChangeView
from allauth.core import context
from django.contrib.auth import SESSION_KEY
from django.contrib.auth import logout as end_session
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from renkei.audit import trail
from renkei.audit.trail import Outcome
from renkei.kernel.bus import Hint, bus
from renkei.kernel.database import execute
from renkei.people import services
from renkei.people.disclosures import see_password
from renkei.people.models import Account
from renkei.region.disclosures import public_region
from renkei.web.errors import answer
from renkei.web.look import Look, remember

log = logging.getLogger("renkei.sign_in")
LOCKED_MINUTES = 15  # as long as allauth's limit "login_failed" in the settings looks back
_TOO_MANY = gettext_noop(
    "Too many attempts. Try again in %(n)s minutes, or call the operator, %(phone)s."
)
TRACED_SECONDS = 60  # failures for one account within this time are one line in the trail


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """How allauth behaves here: nobody signs up alone, no answer tells too much."""

    error_messages: ClassVar = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": gettext_lazy("E-mail or password is wrong."),
        "enter_current_password": gettext_lazy("This is not your current password."),
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        """Where attempts are counted; what a proxy cannot name counts as one place."""
        try:
            return str(super().get_client_ip(request))
        except PermissionDenied:
            return "unknown"

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account for themselves; organizations apply (A3)."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: the page that follows says it."""

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """The sentence for what went wrong; when there were too many attempts, whom to ring."""
        if code != "too_many_login_attempts":
            error: ValidationError = super().validation_error(code, *args)
            return error
        values = {"n": LOCKED_MINUTES, "phone": public_region().phone}
        sentence = _(_TOO_MANY) % values
        return ValidationError(sentence, code=code)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Go on with what one came for."""
        return reverse("home")

    def is_safe_url(self, url: str | None) -> bool:
        """Only paths of our own, whatever other names this server has."""
        own = bool(url) and str(url).startswith("/")
        return own and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def post_login(self, request: HttpRequest, user: Account, **kwargs: Any) -> HttpResponse:
        """Go on, and let this browser remember how the person wants pages to look."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        remember(response, Look(user.language, user.text_size, user.contrast))
        return response

    def logout(self, request: HttpRequest) -> None:
        """End the session, and only then the live streams that came with it.

        Who has none ends nothing: no write, and nobody's stream is asked about.
        """
        account = request.session.get(SESSION_KEY)
        end_session(request)
        if account is None:
            return
        with transaction.atomic():
            execute("UPDATE region_region SET standing_epoch = standing_epoch + 1", [])
        bus().publish(Hint("standing", None, 0, UUID(account)))

    def set_password(self, user: Account, password: str) -> None:
        """Keep the person's new password and end their other sessions."""
        services.change_password(context.request.actor, None, password=password)
        user.refresh_from_db(fields=["password", "password_changed_at"])

    def respond_user_inactive(self, request: HttpRequest, user: Account) -> HttpResponse:
        """The right password of somebody who was suspended."""
        phone = public_region().phone
        return answer(
            request,
            403,
            _("You cannot sign in at the moment."),
            _("Your use was stopped. Please ask your administrator, or call %(phone)s.")
            % {"phone": phone},
        )


class ChangePassword(PasswordChangeView):  # type: ignore[misc]
    """allauth's page, which also says why one is here."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form, and how old the password is."""
        state = see_password(self.request.actor, None)
        found: dict[str, Any] = super().get_context_data(**kwargs) | {"state": state}
        return found

    def form_invalid(self, form: Any) -> HttpResponse:
        """Say what to mend, with the status that says so."""
        response: HttpResponse = super().form_invalid(form)
        response.status_code = 422
        return response


class SignOut(LogoutView):  # type: ignore[misc]
    """allauth's page, which also empties the browser's cache."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Leave, and leave nothing behind."""
        response: HttpResponse = super().post(*args, **kwargs)
        response.headers["Clear-Site-Data"] = '"cache"'
        return response


change_password = ChangePassword.as_view()
sign_out = SignOut.as_view()


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Too many attempts from one place."""
    title = _("Please wait a moment.")
    values = {"n": 1, "phone": public_region().phone}
    text = _(_TOO_MANY) % values
    return answer(request, 429, title, text)


def _trace(account: Account | None, action: str, outcome: Outcome = Outcome.DONE) -> None:
    """One line in the trail; never an e-mail address."""
    who = account.id if account else None
    with transaction.atomic():
        trail.record(
            stream=f"account:{who.hex}" if who else "system:sign_in",
            action=action,
            entity=f"Account/{who.hex}" if who else "",
            actor=who if outcome is Outcome.DONE else None,
            outcome=outcome.value,
        )


@receiver(user_logged_in, dispatch_uid="renkei.sign_in")
def signed_in(sender: object, user: Account, **kwargs: Any) -> None:
    """Somebody signed in."""
    _trace(user, "sign_in")


@receiver(user_logged_out, dispatch_uid="renkei.sign_out")
def signed_out(sender: object, user: Account | None, **kwargs: Any) -> None:
    """Somebody signed out."""
    if user is not None:
        _trace(user, "sign_out")


@receiver(user_login_failed, dispatch_uid="renkei.sign_in_failed")
def not_signed_in(sender: object, credentials: dict[str, Any], **kwargs: Any) -> None:
    """Somebody gave a wrong password, or an address that nobody has."""
    email = str(credentials.get("email", "")).strip().lower()
    account = Account.objects.filter(email=email).first()
    # by the address, whether or not anybody has it: else the time a line takes would tell
    if cache.add(f"sign_in_failed:{sha256(email.encode()).hexdigest()[:32]}", 1, TRACED_SECONDS):
        _trace(account, "sign_in", Outcome.FAILED)
