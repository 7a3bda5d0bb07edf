"""Mail to a person about their own ID and devices: one sentence, sent in the background.

Nothing of a patient, no name, no link: where one looks stands in words. Where no mail is set up,
nothing is sent and nothing is missing, for the pages say the same.
"""

import logging
from threading import Thread

from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from renkei.people.models import Account
from renkei.people.reminders import Reminder
from renkei.region.disclosures import public_region
from renkei.web.mail import is_set_up

log = logging.getLogger("renkei.mail")


def tell_of_sign_in(account: Account) -> None:
    """Say that the ID was used in a browser in which it never was before (A14.2)."""
    with translation.override(account.language):
        _tell(
            account,
            _("A sign-in with a new browser (%(region)s Renkei)"),
            _("Somebody signed in with your ID in a browser that was not used before."),
            _(
                "If it was you, there is nothing to do. If not, sign in, open “Devices"
                " signed in” in the menu, and press “This was not me” in the history,"
                " or call %(phone)s at once."
            ),
        )


def tell_of_factors(account: Account, *, added: bool) -> None:
    """Say that a second step was set up, or one removed (A14.3)."""
    with translation.override(account.language):
        said = (
            _("A second step was set up for your ID.")
            if added
            else _("A second step was removed from your ID.")
        )
        _tell(account, _("Your second step (%(region)s Renkei)"), said, _call())


def tell_of_new_password(account: Account) -> None:
    """Say that somebody came with the one-time link and chose a password (A14.1)."""
    with translation.override(account.language):
        said = _("A one-time link was used, and a new password was set for your ID.")
        _tell(account, _("Your new password (%(region)s Renkei)"), said, _call())


def remind(reminder: Reminder) -> None:
    """Say what will be in the way soon, or is: a password that ends, a device to be checked."""
    with translation.override(reminder.account.language):
        if reminder.word == "password":
            subject = _("Your password ends soon (%(region)s Renkei)")
            said = _("Your password has to be changed within %(n)s days.") % {"n": reminder.days}
        else:
            subject = _("Please check your device (%(region)s Renkei)")
            said = _("The device %(number)s opens no patient data until you have checked it.")
            said %= {"number": reminder.number}
        _tell(reminder.account, subject, said, _("Sign in; the page says what to do."))


def _call() -> str:
    return _("If it was not you, call %(phone)s at once.")


def _tell(account: Account, subject: str, *paragraphs: str) -> None:
    """Send it; a slow mail server keeps nobody from working."""
    if not is_set_up():
        return
    here = public_region()
    filled = [one.replace("%(phone)s", here.phone) for one in paragraphs]
    text = "\n\n".join([*filled, f"{here.operator_name}  {here.phone}"]) + "\n"
    message = EmailMessage(subject % {"region": here.name}, text, here.email, [account.email])
    Thread(target=_send, args=(message,), daemon=True).start()


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except OSError as error:  # those of the mail server are among them
        log.warning("mail", extra={"facts": {"failed": type(error).__name__}})
