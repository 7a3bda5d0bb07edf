"""The toast: what was sent and answered with another page is said there to be done.

It travels in a cookie of this browser for the one redirect, as a key of a fixed table: nothing that
somebody wrote, nothing of a patient, and nothing that another site could put words into.
"""

from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from renkei.web.frame import Request

COOKIE: Final = "toast"
_SECONDS: Final = 60
WORDS: Final[dict[str, Any]] = {
    "done": _("Done."),
    "saved": _("Saved."),
    "recorded": _("Recorded."),
    "asked": _("Your request was sent."),
}
# Routes by their toast; all others are "done".
TOASTS: Final = {
    "saved": {
        "me", "me_appearance", "me_photo", "staff_name", "staff_profession", "device_edit",
        "organization_edit", "patient_identity", "patient_basics", "basics_edit",
        "vitals_ranges", "notification_level", "free_describe", "law", "law_new", "issuer",
        "issuer_new", "provision_new", "training_edition", "training_questions",
        "training_edit_part", "organization_template", "organization_template_new",
        "notice_new", "notice_edit", "charter_edit", "incident_statement", "form_text",
        "policy_draft", "rules_confirm", "task",
    },
    "recorded": {
        "training_organization", "training_lecture", "patient_death", "consent",
        "consent_change", "consent_withdraw", "staff_pledge", "device_stock", "incident",
        "rights", "rights_one", "emergency_settle", "safety_history",
    },
    "asked": {
        "free_ask", "free_listing", "connection_ask", "take_out_new", "device_ask",
        "erasure_ask", "erasure_ask_group", "hand_over_propose", "reuse_ask",
    },
}  # fmt: skip
# What shows by itself that it was done, or is but a step of something.
SILENT: Final = {
    "account_login", "account_logout", "account_signup", "account_reset_password",
    "account_reauthenticate", "account_change_password", "begin", "card", "card_step",
    "join_back", "join_step", "application_new", "application_step", "mfa_authenticate",
    "mfa_login_webauthn", "mfa_reauthenticate", "mfa_reauthenticate_webauthn",
    "mfa_activate_totp", "mfa_deactivate_totp", "mfa_add_webauthn", "mfa_remove_webauthn",
    "mfa_generate_recovery_codes", "policy_confirm", "me_role", "notifications",
    "notification_test", "notification_address", "points_noted", "training_part",
    "training_check", "messages", "confirm", "draft", "move_draft", "read", "bookmark", "pin",
    "understand", "search", "whom", "templates", "staff_bulk", "staff_import", "papers",
    "patient_new", "safety", "safety_text", "safety_staff", "report", "report_code",
    "report_block", "report_answer", "session_stay", "emergency", "reuse_open", "upload",
    "attachments", "attachment_answer", "attachment_pages", "attachment_prepare",
    "attachment_poster", "attachment_remove", "attachment_film", "device_enter", "device_add",
    "device_new", "group_review", "account_review", "views", "stops", "disaster_declare",
    "pledge", "access", "family_link", "reuse_permit", "reuse_permit_outside", "free_new",
}  # fmt: skip


def word_of(name: str) -> str:
    """The key of the toast of a route that was sent to; "" where there is none."""
    if name in SILENT:
        return ""
    return next((word for word, names in TOASTS.items() if name in names), "done")


def bring(request: "Request", response: HttpResponse) -> None:
    """Let the page that comes next show it: only after a person's own form, never a script's."""
    match = request.resolver_match
    location = response.headers.get("Location", "")
    if request.method != "POST" or response.status_code not in (302, 303) or match is None:
        return
    if request.headers.get("Renkei-By") == "script" or request.htmx or "?" in location:
        return
    word = word_of(match.url_name or "")
    if word and location.startswith("/"):
        response.set_cookie(
            COOKIE, word, max_age=_SECONDS, httponly=True, samesite="Lax",
            secure=settings.BEHIND_TLS,
        )  # fmt: skip


def toast_of(request: HttpRequest) -> Any:
    """The sentence of this page; empty where there is none."""
    return WORDS.get(request.COOKIES.get(COOKIE, ""), "")


def forget(request: HttpRequest, response: HttpResponse) -> None:
    """It is shown once."""
    if COOKIE in request.COOKIES:
        response.delete_cookie(COOKIE, samesite="Lax")
