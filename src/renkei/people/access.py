"""One-time links: how a person comes to a password that nobody else ever saw (A14.1).

A link is good once and for 72 hours, a newer one ends it, and only its hash is stored. It carries
100 bits, written so that it can be typed from paper as well.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext_noop

from renkei.kernel.errors import Problem
from renkei.kernel.japanese import is_role_address
from renkei.people.models import Account, CardCode, OneTimeLink
from renkei.people.passwords import retire_password
from renkei.people.sessions import end_sessions
from renkei.policy.use_case import Change, use_case

HOURS = 72
TRIES = 5  # wrong words before a link on paper ends
WORD_LEAST = 6  # characters of the word that the person chooses
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none looks like another
_LENGTH = 20
_READ_AS = str.maketrans("OIL", "011")


def make_token() -> str:
    """A new one, such as ``ABCDE-FGHJK-MNPQR-STVWX``."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return "-".join(letters[at : at + 5] for at in range(0, _LENGTH, 5))


def stored_token(typed: str) -> str:
    """What of a link is stored, however it was typed."""
    plain = "".join(typed.upper().split()).replace("-", "").translate(_READ_AS)
    return sha256(b"renkei link " + plain.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Identified:
    """How it was seen that it is this person, and that the address is theirs alone."""

    checked: str = ""  # a word of OneTimeLink.Check; empty for a first link
    note: str = ""
    one_person: bool | None = None


def issue_link(
    change: Change,
    account: Account,
    purpose: str,
    *,
    way: str,
    word: str = "",
    identified: Identified | None = None,
) -> str:
    """Make a link inside anybody's use case; the ones before end. The token is never seen again.

    Args:
        word: the person's own second secret; needed unless the link goes to their own mail.

    Raises:
        Problem: the word is missing or too short.
    """
    identified = identified or Identified()
    by_mail = way == OneTimeLink.Way.MAIL
    if not by_mail and len(word) < WORD_LEAST:
        raise Problem(
            gettext_noop("The person types a word of their own, at least %(n)s characters."),
            field="word",
            n=WORD_LEAST,
        )
    waiting = OneTimeLink.objects.filter(account=account, used_at=None, ended_at=None)
    if purpose != OneTimeLink.Purpose.CONFIRM:  # which opens nothing, and ends nothing
        waiting.update(ended_at=change.now)
    token = make_token()
    link = OneTimeLink(
        key_id=account.key_id,
        account=account,
        purpose=purpose,
        token=stored_token(token),
        secret="" if by_mail else make_password(word),
        way=way,
        checked=identified.checked,
        one_person=identified.one_person,
        made_by_id=change.standing.who.account,
        made_at=change.now,
        until=change.now + timedelta(hours=HOURS),
    )
    if identified.note:
        link.seal("note", identified.note)
    link.save(force_insert=True)
    change.detail |= {
        "link": link.id.hex,
        "purpose": purpose,
        "way": way,
        "checked": identified.checked,
        "one_person": identified.one_person,
    }
    return token


# ── Giving access ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Given:
    """A link as it leaves: to whom, and what stands in it. Nothing of it is kept."""

    account: UUID
    email: str
    language: str
    name: str
    token: str
    until: datetime


@use_case("access.give", on="staff")
def give_access(
    change: Change, *, purpose: str, way: str, word: str, identified: Identified
) -> Given:
    """Let one of one's own staff come to a password of their own (A14.1, A8.3).

    With the purpose ``reset`` everything they signed in with before ends at once: sessions,
    password, second factor, disaster card.

    Raises:
        Problem: the word is missing, how the person was identified is not said, or the address is
            not one person's own.
    """
    assert change.standing.what.colleague is not None
    account = Account.objects.select_for_update().get(pk=change.standing.what.colleague.account)
    change.stream = f"account:{account.id.hex}"
    change.about("Account", account.id)
    _judge(account, purpose, identified)
    if purpose == OneTimeLink.Purpose.RESET:
        take_everything(change, account)
    token = issue_link(change, account, purpose, way=way, word=word, identified=identified)
    return given(change, account, token)


def given(change: Change, account: Account, token: str) -> Given:
    """The link as it leaves."""
    until = change.now + timedelta(hours=HOURS)
    name = account.profile.name
    return Given(account.id, account.email, account.language, name, token, until)


def _judge(account: Account, purpose: str, identified: Identified) -> None:
    """What has to be known before a link is made."""
    if purpose != OneTimeLink.Purpose.RESET and account.has_usable_password():
        raise Problem(gettext_noop("This person has a password already. Please make a reset."))
    if purpose == OneTimeLink.Purpose.RESET and not identified.checked:
        raise Problem(
            gettext_noop("Please say how you made sure that it is this person."), field="checked"
        )
    if is_role_address(account.email) and not identified.one_person:
        raise Problem(
            gettext_noop(
                "One ID is one person (article 14). Please have an address of the person's own"
                " registered first."
            ),
            field="one_person",
        )


def take_everything(change: Change, account: Account) -> None:
    """End all that the person signed in with: nobody goes on with any of it."""
    retire_password(account, change.now)
    account.set_unusable_password()
    account.password_changed_at = None
    account.save(update_fields=["password", "password_changed_at"])
    Authenticator.objects.filter(user=account).delete()
    CardCode.objects.filter(account=account).delete()
    change.detail["sessions_ended"] = end_sessions(change, account=account.id)


@use_case("access.open", on="region")
def open_access(change: Change, *, email: str, way: str, word: str) -> Given:
    """Let one of the operator's own staff in for the first time, or anew, from the machine itself.

    Raises:
        Problem: nobody of the operator has this address, or the word is missing.
    """
    staff = Account.objects.select_for_update().filter(
        email=email.strip().lower(), operator_roles__isnull=False, operator_roles__ended_at=None
    )
    account = staff.first()
    if account is None:
        raise Problem(gettext_noop("Nobody of the operator's staff has this address."))
    change.stream = f"account:{account.id.hex}"
    change.about("Account", account.id)
    purpose = OneTimeLink.Purpose.FIRST.value
    if account.has_usable_password():
        purpose = OneTimeLink.Purpose.RESET.value
        take_everything(change, account)
    return given(change, account, issue_link(change, account, purpose, way=way, word=word))


@use_case("access.notice", on="region")
def note_reset(change: Change, *, link: UUID) -> None:
    """Take note of a reset in one's own organization, as one of its administrators."""
    told = OneTimeLink.objects.filter(
        pk=link,
        account__roles__organization=change.standing.who.organization,
        account__roles__ended_at=None,
    ).first()
    if told is None:
        raise Problem(gettext_noop("There is nothing to see here."))
    told.seen_by.add(Account(pk=change.account))
    change.about("OneTimeLink", told.id)
