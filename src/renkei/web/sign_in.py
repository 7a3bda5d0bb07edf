"""Signing in and out, and changing the password: what allauth asks of us, and its traces.

This is the only place with signal receivers: allauth and Django tell of signing in by signals.
"""

from hashlib import sha256
from typing import Any, ClassVar
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.views import LogoutView, PasswordChangeView
from allauth.core import context, ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_used
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
from renkei.enrollment import demonstration
from renkei.kernel import metrics
from renkei.kernel.bus import Hint, bus
from renkei.kernel.database import execute
from renkei.people import factors, history, idle, services
from renkei.people.attempts import Place
from renkei.people.disclosures import see_password
from renkei.people.models import Account
from renkei.people.sessions import stored_key
from renkei.region.disclosures import public_region
from renkei.web.browser import address_of, browser_of
from renkei.web.device_key import at_sign_in
from renkei.web.errors import answer
from renkei.web.known import known, make_known
from renkei.web.leaving import forget_pages
from renkei.web.look import Look, remember
from renkei.web.own_mail import tell_of_sign_in
from renkei.web.page import SaysFaulty
from renkei.web.second_step import shown_recently

_TOO_MANY = gettext_noop(
    "Too many attempts. Try again in %(n)s minutes, or call the operator, %(phone)s."
)
SECOND_STEP_MINUTES = 15  # as long as allauth's limit "login_failed" in the settings looks back
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
        if code not in ("too_many_login_attempts", "rate_limited"):
            error: ValidationError = super().validation_error(code, *args)
            return error
        minutes = self._place.wait_minutes() if self._place else SECOND_STEP_MINUTES
        values = {"n": minutes, "phone": public_region().phone}
        sentence = _(_TOO_MANY) % values
        return ValidationError(sentence, code=code)

    _place: Place | None = None

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count an attempt before it is made, by its address and where it comes from."""
        address = str(credentials.get("email", ""))
        self._place = Place(address, known(request, address))
        if not ratelimit.consume(request, action="password") or not self._place.take_turn():
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Account | None:
        """Who gives the right password; attempts before it count no more."""
        found: Account | None = super().authenticate(request, **credentials)
        if found is not None and self._place is not None:
            self._place.succeeded()
        return found

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether who one is has to be shown again before something important."""
        return not shown_recently(context.request)

    def get_reauthentication_methods(self, user: Account) -> list[dict[str, Any]]:
        """How one shows it: who has a second factor shows that, and not the password alone."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        strong = [one for one in methods if one["id"] != "reauthenticate"]
        return strong or methods

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Go on with what one came for."""
        return reverse("home")

    def is_safe_url(self, url: str | None) -> bool:
        """Only paths of our own, whatever other names this server has."""
        own = bool(url) and str(url).startswith("/")
        return own and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def pre_login(self, request: HttpRequest, user: Account, **kwargs: Any) -> HttpResponse | None:
        """Stop who was suspended, and who has but a password that somebody else may know."""
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if response is None and not factors.may_come_in(user):
            return self._respond_stopped(request, user)
        return response

    def login(self, request: HttpRequest, user: Account) -> None:
        """Begin the session; one that began while its password was being stopped ends again."""
        super().login(request, user)
        if not factors.may_come_in(Account.objects.get(pk=user.pk)):
            self.logout(request)
            raise ImmediateHttpResponse(self._respond_stopped(request, user))

    def _respond_stopped(self, request: HttpRequest, user: Account) -> HttpResponse:
        """The right password, which is no longer good."""
        if cache.add(f"password_stopped:{user.pk.hex}", 1, TRACED_SECONDS):
            _trace(user, "sign_in", Outcome.REFUSED, request=request, how="password")
        return answer(
            request,
            403,
            _("This password is no longer good."),
            _(
                "With this ID it was reported that somebody else had signed in. Please ask your"
                " administrator for a new sign-in link, or call %(phone)s."
            )
            % {"phone": public_region().phone},
        )

    def post_login(self, request: HttpRequest, user: Account, **kwargs: Any) -> HttpResponse:
        """Go on, and let this browser remember how the person wants pages to look."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        remember(response, Look(user.language, user.text_size, user.contrast))
        if not known(request, user.email) and not history.is_first(user):
            tell_of_sign_in(user)
        make_known(request, response, user.email)
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
        """The right password of somebody who was suspended, or who said that others know it."""
        phone = public_region().phone
        return answer(
            request,
            403,
            _("You cannot sign in at the moment."),
            _("Your use was stopped. Please ask your administrator, or call %(phone)s.")
            % {"phone": phone},
        )


class ChangePassword(SaysFaulty, PasswordChangeView):  # type: ignore[misc]
    """allauth's page, which also says why one is here."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form, and how old the password is."""
        state = see_password(self.request.actor, None)
        found: dict[str, Any] = super().get_context_data(**kwargs) | {"state": state}
        return found


class SignOut(LogoutView):  # type: ignore[misc]
    """allauth's page, which also empties the browser's cache."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Leave, and leave nothing behind."""
        response: HttpResponse = super().post(*args, **kwargs)
        forget_pages(response)
        return response


change_password = ChangePassword.as_view()
sign_out = SignOut.as_view()


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Too many attempts from one place."""
    title = _("Please wait a moment.")
    values = {"n": 1, "phone": public_region().phone}
    text = _(_TOO_MANY) % values
    return answer(request, 429, title, text)


def _trace(
    account: Account | None,
    action: str,
    outcome: Outcome = Outcome.DONE,
    *,
    request: HttpRequest | None = None,
    how: str = "",
) -> None:
    """One line in the trail, never an e-mail address; a sign-in stands in the person's history too.

    Args:
        how: with what somebody signed in or tried to; empty for everything else.
    """
    who = account.id if account else None
    with transaction.atomic():
        if account and request and how:
            _remember(account, request, how, outcome)
        trail.record(
            stream=f"account:{who.hex}" if who else "system:sign_in",
            action=action,
            entity=f"Account/{who.hex}" if who else "",
            actor=who if outcome is Outcome.DONE else None,
            outcome=outcome.value,
        )


def _remember(account: Account, request: HttpRequest, how: str, outcome: Outcome) -> None:
    done = outcome is Outcome.DONE
    history.record(
        account,
        how=how,
        succeeded=done,
        browser=browser_of(request),
        address=address_of(request),
        session=stored_key(request.session.session_key or "") if done else "",
    )


def _how(request: HttpRequest, user: Account) -> str:
    """With what somebody who is in now began to sign in."""
    methods = [one["method"] for one in get_authentication_records(request, user)]
    return {"mfa": "passkey", "link": "link"}.get(methods[0] if methods else "", "password")


@receiver(user_logged_in, dispatch_uid="renkei.sign_in")
def signed_in(sender: object, user: Account, request: HttpRequest, **kwargs: Any) -> None:
    """Somebody signed in."""
    metrics.SIGN_INS.labels(Outcome.DONE.value).inc()
    session = stored_key(request.session.session_key or "")
    shown = [one for one in get_authentication_records(request, user) if one["method"] == "mfa"]
    if shown:
        factors.show_factor(session, shown[-1]["type"])
    at_sign_in(request, session)  # type: ignore[arg-type]
    if cookie := demonstration.enroll_browser(user, session):
        request.device_cookie = cookie  # type: ignore[attr-defined]
    idle.begin(session, user.pk, browser=browser_of(request), address=address_of(request))
    _trace(user, "sign_in", request=request, how=_how(request, user))


@receiver(authenticator_used, dispatch_uid="renkei.factor_shown")
def factor_shown(
    sender: object, request: HttpRequest, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Somebody who is signed in already showed a second factor."""
    if kwargs.get("reauthenticated"):
        factors.show_factor(stored_key(request.session.session_key or ""), authenticator.type)
        _trace(authenticator.user, "factor.show")


@receiver(authentication_failed, dispatch_uid="renkei.factor_failed")
def factor_not_shown(
    sender: object, user: Account, request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """Somebody who knows the password gave a wrong code."""
    if cache.add(f"factor_failed:{user.pk.hex}", 1, TRACED_SECONDS):
        _trace(user, "factor.show", Outcome.FAILED, request=request, how="second_step")


@receiver(user_logged_out, dispatch_uid="renkei.sign_out")
def signed_out(sender: object, user: Account | None, **kwargs: Any) -> None:
    """Somebody signed out."""
    if user is not None:
        _trace(user, "sign_out")


@receiver(user_login_failed, dispatch_uid="renkei.sign_in_failed")
def not_signed_in(
    sender: object,
    credentials: dict[str, Any],
    request: HttpRequest | None = None,
    **kwargs: Any,
) -> None:
    """Somebody gave a wrong password, or an address that nobody has."""
    metrics.SIGN_INS.labels(Outcome.FAILED.value).inc()
    email = str(credentials.get("email", "")).strip().lower()
    account = Account.objects.filter(email=email).first()
    # by the address, whether or not anybody has it: else the time a line takes would tell
    if cache.add(f"sign_in_failed:{sha256(email.encode()).hexdigest()[:32]}", 1, TRACED_SECONDS):
        _trace(account, "sign_in", Outcome.FAILED, request=request, how="password")
