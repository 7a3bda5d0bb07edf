"""Mail that says only that there is something new: by SMTP, or as files in ``DATA/outbox``.

A letter has an id that says nothing. It stands in the Message-ID, and in the address to which mail
servers send back what they cannot deliver, if the host has set one up; by it a mail that comes back
is known (``bounces``). A letter sent twice, because the process died in between, has one id.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from smtplib import SMTPRecipientsRefused
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import translation
from django.utils.translation import gettext as _

from renkei.kernel import durable
from renkei.people.models import Account
from renkei.region.disclosures import public_region

FOLDER: Final = "outbox"
_PERMANENT: Final = range(500, 600)  # SMTP: never, as opposed to not now


class Refused(Exception):
    """The mail server says that there is no such address; its status is the argument."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person."""

    letter: UUID
    account: Account
    subject: str
    paragraphs: tuple[str, ...]


def outbox() -> Path:
    """Where mail lies that nobody sends: one file each."""
    return Path(settings.DATA) / FOLDER


def address_mark(address: str) -> str:
    """What is kept of an address, to tell whether it is the same one later."""
    return sha256(address.strip().lower().encode()).hexdigest()


def domain() -> str:
    """What stands behind the @ of a Message-ID: the operator's, never this machine's name."""
    return public_region().email.rpartition("@")[2] or "renkei.invalid"


def send(mail: Mail) -> None:
    """Send one mail, or put it into the outbox: of an invented person always, and without SMTP.

    Raises:
        Refused: there is no such address.
        OSError: the mail server is not there, or does not take it now.
    """
    message = _message(mail)
    if not settings.EMAIL_HOST or mail.account.demo:
        return _put(mail.letter, message.message().as_bytes())
    try:
        with get_connection() as connection:
            connection.send_messages([message])
    except SMTPRecipientsRefused as error:
        for code, _text in error.recipients.values():
            if code in _PERMANENT:
                raise Refused(f"{code // 100}.0.0") from None
        raise


def _message(mail: Mail) -> EmailMessage:
    here = public_region()
    with translation.override(mail.account.language):
        subject = _("[%(region)s Renkei] %(subject)s")
        subject %= {"region": here.name, "subject": mail.subject}
        foot = f"{here.operator_name}  {here.phone}"
        text = "\n\n".join([*mail.paragraphs, *_way_home(), foot]) + "\n"
    headers = {
        "From": here.email,
        "Message-ID": f"<{mail.letter.hex}@{domain()}>",
        "Auto-Submitted": "auto-generated",
    }
    to = [mail.account.email]
    return EmailMessage(subject, text, envelope_sender(mail.letter), to, headers=headers)


def _way_home() -> list[str]:
    """That nothing stands in the mail, and where one signs in."""
    said = [_("This mail holds nothing of what was written. Please sign in to read it.")]
    return [*said, f"{settings.ORIGIN}/home"] if settings.ORIGIN else said


def envelope_sender(letter: UUID) -> str:
    """Where mail servers send back what they cannot deliver."""
    local, _at, rest = settings.BOUNCES.partition("@")
    return f"{local}+{letter.hex}@{rest}" if rest else public_region().email


def _put(letter: UUID, content: bytes) -> None:
    folder = outbox()
    folder.mkdir(mode=0o700, exist_ok=True)
    durable.put(folder / f"{letter.hex}.eml", content)
