"""Second factors: the code of an app, a passkey, printed recovery codes (A14.3).

What they are and how they are checked is allauth's; here stands what it does not do: each code of
an app is good once wherever it comes from, a passkey that was copied is noticed, and every change
is one use case with its line.
"""

import time
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db import transaction

from renkei.audit import trail
from renkei.audit.trail import Outcome
from renkei.kernel import vault
from renkei.people.models import Account, Session
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.models import Region

R = TypeVar("R")

SHOWN_BY = {"totp": "totp", "webauthn": "passkey", "recovery_codes": "recovery"}
PRIMARY = ("totp", "webauthn")  # recovery codes stand in for these and are none themselves
STEP_SECONDS = 30
STEPS_OFF = 1  # a clock may be wrong by one step either way
_ABOUT = "mfa.Authenticator/data"  # what allauth seals names neither its person nor its row


# ── What is kept ─────────────────────────────────────────────────────────────────────────────────


def seal(text: str) -> str:
    """A secret of allauth's as it is stored: under the region's key, which it names."""
    key = Region.objects.values_list("key_id", flat=True).get()
    return f"{key.hex}.{b64encode(vault.seal(key, text.encode(), about=_ABOUT)).decode()}"


def unseal(stored: str) -> str:
    """The secret again.

    Raises:
        Erased, Tampered: as ``vault.unseal``.
    """
    key, _, sealed = stored.partition(".")
    return vault.unseal(UUID(key), b64decode(sealed), about=_ABOUT).decode()


# ── What the person sees and changes ─────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey of the person."""

    number: int
    name: str
    added_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Factors:
    """What one has set up, and whether something is still asked of one."""

    wanted: bool  # the policy asks for it, and it was not shown in this session
    shown: str
    app: bool
    passkeys: list[Passkey]
    recovery_left: int
    family: bool = False  # a patient or relative, of whom it is always asked (A11.5)

    @property
    def any(self) -> bool:
        """Whether there is something to show at all."""
        return self.app or bool(self.passkeys)


@disclosure("factor.change", on="region")
def see_factors(standing: Standing) -> Factors:
    """One's own second factors."""
    who = standing.who
    mine = list(Authenticator.objects.filter(user_id=who.account).order_by("created_at"))
    codes = next((one for one in mine if one.type == "recovery_codes"), None)
    return Factors(
        family=who.family,
        wanted=not who.factor_in_order,
        shown=who.second_factor,
        app=any(one.type == "totp" for one in mine),
        passkeys=[
            Passkey(one.pk, one.wrap().name, one.created_at, one.last_used_at)
            for one in mine
            if one.type == "webauthn"
        ],
        recovery_left=len(codes.wrap().get_unused_codes()) if codes else 0,
    )


def had_factor(account: UUID, before: datetime) -> bool:
    """Whether the person had a second factor of their own at a time, and it is not from since."""
    mine = Authenticator.objects.filter(user_id=account, type__in=PRIMARY)
    return bool(mine.filter(created_at__lt=before).exists())


def may_come_in(account: Account) -> bool:
    """Whether who knows the password may go on to sign in with it (A14.2, N3.11).

    After the person disowned a sign-in, somebody else may know it as well: it opens nothing, not
    even the page of a new one, to whom cannot show a second factor besides.
    """
    mine = Authenticator.objects.filter(user_id=account.id, type__in=PRIMARY)
    return not account.password_stopped or bool(mine.exists())


def remove_since(change: Change, account: UUID, since: datetime) -> int:
    """Remove the factors set up since a time, inside anybody's use case; returns how many."""
    count, _ = Authenticator.objects.filter(user_id=account, created_at__gte=since).delete()
    left = Authenticator.objects.filter(user_id=account, type__in=PRIMARY)
    if count and not left.exists():
        Session.objects.filter(account_id=account).update(second_factor="")
    return int(count)


def _count(account: UUID) -> Counter[str]:
    return Counter(Authenticator.objects.filter(user_id=account).values_list("type", flat=True))


@use_case("factor.change", on="region")
def change_factors(change: Change, *, act: Callable[[], R]) -> tuple[R, list[str], list[str]]:
    """Let one of allauth's pages do its work; what it changed is what the line says.

    A factor just set up counts as shown in this session, for it was. When the last is removed, it
    counts as shown nowhere any more.

    Returns:
        What the page answers, and the kinds of factors that were added and removed.
    """
    before = _count(change.account)
    result = act()
    after = _count(change.account)
    added, removed = after - before, before - after
    change.silent = not added and not removed
    change.about("Account", change.account, added=sorted(added), removed=sorted(removed))
    sessions = Session.objects.filter(account_id=change.account)
    new = next((one for one in PRIMARY if one in added), None)
    if new is not None:
        sessions.filter(pk=change.standing.who.session).update(second_factor=SHOWN_BY[new])
    elif removed and not any(after[one] for one in PRIMARY):
        sessions.update(second_factor="")
        change.end_standings(account=change.account)
    return result, sorted(added), sorted(removed)


def show_factor(session: str, kind: str) -> None:
    """Let a session (its stored key) count as one in which this kind of factor was shown."""
    Session.objects.filter(pk=session).update(second_factor=SHOWN_BY[kind])


# ── Good once ────────────────────────────────────────────────────────────────────────────────────


def _step_of(secret: str, code: str) -> int | None:
    """The step of the clock whose code this is; None if it is none of those now."""
    now = int(time.time()) // STEP_SECONDS
    for step in range(now - STEPS_OFF, now + STEPS_OFF + 1):
        if format_hotp_value(hotp_value(secret, step)) == code:
            return step
    return None


def spend_code(authenticator: Authenticator, typed: str) -> bool:
    """Take a code of the app that was found right; False if it, or a later one, was taken before.

    allauth remembers a code in one process and for one step alone, which is too little where a
    step either way is let through. Source: RFC 6238, section 5.2.
    """
    step = _step_of(unseal(authenticator.data["secret"]), "".join(typed.split()))
    return step is not None and _rises(authenticator, "step", step)


def spend_counter(authenticator: Authenticator, counter: int) -> bool:
    """Take the counter that a passkey signed; False if it does not rise: then there are two of it.

    Passkeys that count nothing always say 0. Source: WebAuthn Level 3, section 6.1.1.
    """
    return counter == 0 == authenticator.data.get("counter", 0) or _rises(
        authenticator, "counter", counter
    )


def _rises(authenticator: Authenticator, name: str, value: int) -> bool:
    """Keep the value if it is higher than the one kept; of two at once one is first."""
    with transaction.atomic():
        kept: Any = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        if value <= kept.data.get(name, -1 if name == "step" else 0):
            return False
        kept.data[name] = authenticator.data[name] = value
        kept.save(update_fields=["data"])
    return True


def record_copied(account: UUID) -> None:
    """A line about a passkey whose counter did not rise."""
    with transaction.atomic():
        trail.record(
            stream=f"account:{account.hex}",
            action="sign_in",
            entity=f"Account/{account.hex}",
            actor=None,
            outcome=Outcome.REFUSED.value,
            detail={"why": "passkey_copied"},
        )
