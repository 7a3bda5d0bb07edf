"""Mail to people, in their language: nothing of a patient, and no name but their own."""

import logging

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from renkei.kernel.clock import JAPAN
from renkei.people.access import Given
from renkei.region.disclosures import public_region

log = logging.getLogger("renkei.mail")


def is_set_up() -> bool:
    """Whether this server can send mail at all."""
    return not settings.EMAIL_BACKEND.endswith("dummy.EmailBackend")


def _send(given: Given, subject: str, *paragraphs: str) -> bool:
    return _send_to(given.email, subject, *paragraphs)


def _send_to(email: str, subject: str, *paragraphs: str) -> bool:
    """Send one mail; False if it could not be sent. Its text and address are in no log."""
    here = public_region()
    foot = f"{here.operator_name}  {here.phone}"
    text = "\n\n".join([*paragraphs, foot]) + "\n"
    try:
        return EmailMessage(subject, text, here.email, [email]).send() == 1
    except OSError as error:  # those of the mail server are among them
        log.warning("mail", extra={"facts": {"failed": type(error).__name__}})
        return False


def send_link(given: Given, address: str) -> bool:
    """The one-time link, to the person it is for."""
    with translation.override(given.language):
        here = public_region()
        until = f"{given.until.astimezone(JAPAN):%Y-%m-%d %H:%M}"
        return _send(
            given,
            _("Your sign-in link (%(region)s Renkei)") % {"region": here.name},
            _("%(name)s, this is your sign-in link. It is good once, until %(until)s.")
            % {"name": given.name, "until": until},
            address,
            _("If nothing opens, go to %(page)s and type this number: %(number)s")
            % {"page": address.partition("#")[0], "number": given.token},
            _(
                "You choose a password that only you know. Nobody else can see it, and nobody will"
                " ever ask you for it."
            ),
            _("If you do not expect this mail, do not open the link, and call %(phone)s.")
            % {"phone": here.phone},
        )


def tell_of_reset(given: Given) -> bool:
    """That the access was made anew, and whom to ring if the person knows nothing of it."""
    with translation.override(given.language):
        here = public_region()
        return _send(
            given,
            _("Your access was made anew (%(region)s Renkei)") % {"region": here.name},
            _(
                "%(name)s, your access was made anew. You are signed out everywhere; your password,"
                " your second step and your disaster card are no longer good."
            )
            % {"name": given.name},
            _("You sign in again with the one-time link that you are given."),
            _("If it was not you who asked for this, call %(phone)s at once.")
            % {"phone": here.phone},
        )


# ── To applicants, in the region's language ──────────────────────────────────────────────────────


def send_return_link(email: str, address: str) -> bool:
    """The link with which an applicant shows the address good, and goes on.

    Nothing of it was written by who asks for it: else anybody could send words of their own from
    here to anybody.
    """
    here = public_region()
    return _send_to(
        email,
        _("Your application to %(region)s Renkei") % {"region": here.name},
        _("Thank you. With this link you go on with your application."),
        address,
        _("If nothing opens, go to %(page)s and type this number: %(number)s")
        % {"page": address.partition("#")[0], "number": address.partition("#")[2]},
        _("What is not sent in within 30 days is erased. If you know nothing of this, do nothing."),
    )


def tell_of_return(email: str, note: str, address: str) -> bool:
    """What is to be mended in an application, and the new link to do it."""
    here = public_region()
    return _send_to(
        email,
        _("Please look at your application once more (%(region)s Renkei)") % {"region": here.name},
        note,
        _("With this link you mend it and send it in again. The one before is no longer good."),
        address,
    )


def tell_of_refusal(email: str, note: str) -> bool:
    """That an application is refused, and why."""
    here = public_region()
    subject = _("About your application (%(region)s Renkei)") % {"region": here.name}
    return _send_to(email, subject, _("The operator could not approve it."), note)


def tell_of_approval(email: str, name: str) -> bool:
    """That an organization takes part from today."""
    here = public_region()
    return _send_to(
        email,
        _("Your application is approved (%(region)s Renkei)") % {"region": here.name},
        _("%(name)s takes part from today. Everybody on the roster gets a link of their own.")
        % {"name": name},
    )
