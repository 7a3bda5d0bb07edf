"""Mail that came back: read as RFC 3464 says, and tied to a person by the letter's id alone.

Anybody can send a mail that looks like one that came back. What is in it is believed only if it
names a letter that went out, and the letter went to the address the person has now.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as policy
from typing import Final
from uuid import UUID

from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.notification.letters import Mail, Refused, address_mark, send
from renkei.notification.models import Channel, Letter, Preference, Waiting
from renkei.people.models import Account
from renkei.policy.use_case import Change, use_case

LARGEST: Final = 2_000_000  # bytes of a message that is read
CODE_DIGITS: Final = 6
CODE_HOLDS: Final = timedelta(hours=1)
CODE_TRIES: Final = 5
CODES_APART: Final = timedelta(minutes=1)

_ID: Final = re.compile(r"<([0-9a-f]{32})@[^>]*>")
_SENT_BACK_TO: Final = re.compile(r"\+([0-9a-f]{32})@")
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_TO: Final = ("to", "delivered-to", "x-original-to", "x-envelope-to")


@dataclass(frozen=True, slots=True)
class Returned:
    """What a delivery status message says."""

    letters: tuple[UUID, ...]  # of which letters it can be, as it says; unproved
    status: str  # RFC 3463
    failed: bool  # for good; a delay is none


def read(data: bytes) -> Returned | None:
    """Read a message; None if it is no delivery status message."""
    message = BytesParser(policy=policy).parsebytes(data[:LARGEST])
    report = next(
        (one for one in message.walk() if one.get_content_type() == "message/delivery-status"), None
    )
    if report is None:
        return None
    actions, status = [], ""
    for block in report.iter_parts() if report.is_multipart() else []:
        actions.append(str(block.get("Action", "")).strip().lower())
        status = found[0] if (found := _STATUS.findall(str(block.get("Status", "")))) else status
    letters = tuple(dict.fromkeys(UUID(one) for one in _ids(message)))
    return Returned(letters, status, failed="failed" in actions and not status.startswith("4"))


def _ids(message: EmailMessage) -> Iterator[str]:
    """The ids it names: in the address it was sent back to, and in the headers of the mail."""
    for name in _TO:
        for value in message.get_all(name, []):
            yield from _SENT_BACK_TO.findall(str(value))
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "text/rfc822-headers":
            yield from _ID.findall(_text(part))
        elif kind == "message/rfc822":
            for inner in part.iter_parts():
                yield from _ID.findall(str(inner.get("Message-ID", "")))


def _text(part: EmailMessage) -> str:
    content = part.get_payload(decode=True)
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""


def known(returned: Returned) -> UUID | None:
    """The letter of these that went out, if one did."""
    found = Letter.objects.filter(pk__in=returned.letters).values_list("pk", flat=True)
    return found.first()


@use_case("mail.return", on="region")
def mark_returned(change: Change, *, letter: UUID, status: str) -> bool:
    """Mark the address a letter went to: nothing more is sent to it until it is confirmed again.

    Returns:
        False if the person has another address by now, or it is marked already.
    """
    found = Letter.objects.select_related("account").filter(pk=letter).first()
    if found is None or found.address != address_mark(found.account.email):
        change.silent = True
        return False
    account = Account.objects.select_for_update().get(pk=found.account_id)
    choice = _choice(account.id)
    if choice.returned_at is not None:
        change.silent = True
        return False
    choice.returned_at, choice.returned_status = change.now, status[:12]
    choice.save(update_fields=["returned_at", "returned_status"])
    Waiting.objects.filter(account=account, channel=Channel.MAIL).delete()
    change.stream = f"account:{account.id.hex}"
    change.about("Account", account.id, letter=letter.hex, status=status[:12])
    return True


def _choice(account: UUID) -> Preference:
    found, _made = Preference.objects.get_or_create(account_id=account)
    return found


# ── Confirming the address ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Asked:
    """To whom a code has to be mailed."""

    account: Account
    code: str


def mail_code(asked: Asked) -> bool:
    """Mail it; False if the mail server does not take it. Outside of any transaction."""
    with translation.override(asked.account.language):
        subject = _("Does this mail reach you?")
        said = _("Type this number on the page “Notifications”: %(code)s") % {"code": asked.code}
    try:
        send(Mail(uuid7(), asked.account, subject, (said,)))
    except (Refused, OSError):
        return False
    return True


@use_case("address.ask", on="region")
def ask_address(change: Change) -> Asked:
    """A code to be mailed to one's own address, to see whether mail arrives there.

    Raises:
        Problem: one was asked for just now.
    """
    choice = _choice(change.account)
    change.about("Account", change.account)
    asked = choice.code_until - CODE_HOLDS if choice.code_until else None
    if asked is not None and change.now < asked + CODES_APART:
        raise Problem(gettext_noop("We have just sent one. Please wait a minute."))
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    choice.code, choice.code_tries = _hashed(change.account, code), 0
    choice.code_until = change.now + CODE_HOLDS
    choice.save(update_fields=["code", "code_tries", "code_until"])
    return Asked(Account.objects.get(pk=change.account), code)


@use_case("address.confirm", on="region")
def confirm_address(change: Change, *, code: str) -> bool:
    """Show by the code that mail arrives; from now on it is sent again.

    Returns:
        False if it is another code; tried five times, it is good no more.
    """
    choice = _choice(change.account)
    change.about("Account", change.account)
    good = choice.code_until is not None and change.now < choice.code_until
    good = good and choice.code_tries < CODE_TRIES
    fits = secrets.compare_digest(choice.code, _hashed(change.account, code.strip()))
    if not (good and fits):
        choice.code_tries = min(choice.code_tries + 1, CODE_TRIES)
        choice.save(update_fields=["code_tries"])
        change.detail["confirmed"] = False
        return False
    choice.code, choice.code_until = "", None
    choice.returned_at, choice.returned_status = None, ""
    choice.save()
    change.detail["confirmed"] = True
    return True


def _hashed(account: UUID, code: str) -> str:
    return salted_hmac("renkei address", f"{account.hex} {code}", algorithm="sha256").hexdigest()
