"""Coming with a one-time link: the person sets a password that nobody else ever saw (A14.1)."""

from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from renkei.kernel import clock
from renkei.kernel.errors import Problem
from renkei.people.access import TRIES, stored_token
from renkei.people.models import Account, OneTimeLink
from renkei.people.passwords import judge_password, set_own_password
from renkei.people.sessions import end_sessions
from renkei.policy.standing import Actor
from renkei.policy.use_case import Change, use_case

_BEARER = Actor(system="link")
_NOT_GOOD = gettext_noop(
    "This link was used or has expired, or the word does not fit. Please ask your administrator"
    " for a new one."
)
_AS_ALWAYS = gettext_noop(
    "You have an ID already. Please log in with it as always: there you are asked whether the new"
    " organization is right."
)


def begin(typed: str, *, word: str, password: str) -> Account:
    """Set one's own password with a one-time link. Everything else of the account ends.

    Raises:
        Problem: the link is not good, in one sentence for every reason; or the policy does not
            allow such a password, which leaves the link as it is.
    """
    link = _good().filter(token=stored_token(typed)).select_related("account__region").first()
    if link is None:
        make_password(word)  # takes the time that comparing takes
        raise Problem(_NOT_GOOD)
    if not _shows_word(_BEARER, None, link=link.id, word=word):
        raise Problem(_NOT_GOOD)
    if link.purpose == OneTimeLink.Purpose.CONFIRM:  # no password is set with it, ever
        raise Problem(_AS_ALWAYS)
    judge_password(link.account, password)
    return _use(_BEARER, None, link=link.id, hashed=make_password(password))


def _good() -> QuerySet[OneTimeLink]:
    """Links that still open something."""
    return OneTimeLink.objects.filter(
        used_at=None, ended_at=None, until__gt=clock.now(), account__suspended_at=None
    )


@use_case("access.use", on="region")
def _shows_word(change: Change, *, link: UUID, word: str) -> bool:
    """Whether the second secret is right; the fifth wrong one ends the link."""
    found = _good().select_for_update(of=("self",)).filter(pk=link).first()
    change.silent = True
    if found is None:
        return False
    if not found.secret or check_password(word, found.secret):
        return True
    found.attempts += 1
    found.ended_at = change.now if found.attempts >= TRIES else None
    found.save(update_fields=["attempts", "ended_at"])
    change.silent = False
    change.stream = f"account:{found.account_id.hex}"
    change.about("Account", found.account_id, link=found.id.hex, wrong_words=found.attempts)
    return False


@use_case("access.use", on="region")
def _use(change: Change, *, link: UUID, hashed: str) -> Account:
    able = _good().exclude(purpose=OneTimeLink.Purpose.CONFIRM)
    found = able.select_for_update(of=("self",)).filter(pk=link).first()
    if found is None:  # somebody was quicker
        raise Problem(_NOT_GOOD)
    found.used_at = change.now
    found.save(update_fields=["used_at"])
    account = Account.objects.select_for_update().get(pk=found.account_id)
    set_own_password(account, hashed, change.now)
    end_sessions(change, account=account.id)
    change.stream = f"account:{account.id.hex}"
    change.about("Account", account.id, link=found.id.hex, purpose=found.purpose)
    return account
