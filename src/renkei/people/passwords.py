"""What a password has to be (A14.3), and how it is kept."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher, check_password
from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from renkei.kernel import clock
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import romanise
from renkei.people.figures import of_account
from renkei.people.models import Account, FormerPassword
from renkei.region import parameters


class Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes.

    Source: OWASP password storage cheat sheet (minimum configuration for Argon2id).
    """

    time_cost = 2
    memory_cost = 19_456  # KiB
    parallelism = 1


@dataclass(frozen=True, slots=True)
class Profile:
    """One of the ways that the policy allows (article 14 and 14-2)."""

    name: str
    clause: str
    least: int  # characters
    mixed: bool  # letters and digits
    ages: bool  # changed every two months
    factor: bool  # everybody shows a second factor


PROFILES = {
    one.name: one
    for one in (
        Profile("standard", "A14.3", least=8, mixed=True, ages=True, factor=False),
        Profile("long", "A14.3 +profiles", least=13, mixed=False, ages=False, factor=False),
        Profile("second_factor", "A14.3 +two-factor", least=8, mixed=True, ages=False, factor=True),
    )
}


def _figures(user: Account | None) -> dict[str, Any]:
    return of_account(user) if user is not None else parameters.of(None)


def profile_of(figures: dict[str, Any]) -> Profile:
    """The way that an edition of the policy has chosen, by its parameters."""
    return PROFILES[figures["password_profile"]]


def least_of(figures: dict[str, Any]) -> int:
    """How many characters a password has at least."""
    return max(int(figures["password_min_length"]), profile_of(figures).least)


class _Validator:
    """A question to a new password; Django asks for a help text as well."""

    def get_help_text(self) -> str:
        """What to tell the person beforehand: the page says it for all of them together."""
        return ""


class LongEnough(_Validator):
    """At least as many characters as the policy's way and parameter say."""

    def validate(self, password: str, user: Account | None = None) -> None:
        """Refuse a password that is too short."""
        least = least_of(_figures(user))
        if len(password) < least:
            raise ValidationError(_("Please use at least %(n)s characters.") % {"n": least})


class LettersAndDigits(_Validator):
    """Letters and digits mixed, unless the policy's way is a long password (A14.3)."""

    def validate(self, password: str, user: Account | None = None) -> None:
        """Refuse a password without a letter or without a digit."""
        if not profile_of(_figures(user)).mixed:
            return
        if not (re.search(r"[A-Za-z]", password) and re.search(r"[0-9]", password)):
            raise ValidationError(_("Please mix letters and digits."))


class NotCommon(CommonPasswordValidator):
    """None of the 20,000 passwords that are tried first; not one of them with a number behind."""

    def validate(self, password: str, user: Account | None = None) -> None:
        """Refuse what stands in every guesser's list."""
        plain = password.lower().strip()
        word = re.sub(r"[\d\W_]+$", "", plain)
        if plain in self.passwords or (len(word) > 3 and word in self.passwords):
            raise ValidationError(_("This password is in every guesser's list."))

    def get_help_text(self) -> str:
        """What to tell the person beforehand: nothing."""
        return ""


class NotOneself(_Validator):
    """Not the person's own name in any writing, address or telephone number."""

    def validate(self, password: str, user: Account | None = None) -> None:
        """Refuse what anybody who knows the person would try first."""
        if user is None:
            return
        lowered = password.lower()
        if any(part in lowered for part in re.split(r"[@.\-_]", user.email) if len(part) > 3):
            raise ValidationError(_("Your e-mail address must not be part of the password."))
        if _names(user, lowered):
            raise ValidationError(_("Your name must not be part of the password."))
        phone = re.sub(r"\D", "", user.profile.phone)
        if len(phone) > 8 and (phone in password or phone[-8:] in re.sub(r"\D", "", password)):
            raise ValidationError(_("Your telephone number must not be part of the password."))


def _names(user: Account, lowered: str) -> bool:
    """Whether the person's name stands in it; a short one only where it stands alone."""
    profile = user.profile
    written = set(profile.name.lower().split())
    for part in profile.kana.split():
        written |= romanise(part) | {part}
    alone = set(re.findall(r"[^\W\d_]+", lowered))
    return any(
        one in lowered if len(one) > 3 or not one.isascii() else one in alone
        for one in written
        if len(one) > 1
    )


class NoBirthday(_Validator):
    """No date of birth: 19800505, 800505, S550505. The person's own is not known here."""

    def validate(self, password: str, user: Account | None = None) -> None:
        """Refuse numbers that read as the birthday of somebody who works."""
        if any(_is_birthday(one) for one in re.findall(r"\d{6,}", password)):
            raise ValidationError(_("A date of birth must not be part of the password."))


def _is_birthday(digits: str) -> bool:
    this_year = clock.today().year
    spelled = [digits[at : at + 8] for at in range(len(digits) - 7)]
    if len(digits) == 6:
        spelled += [f"{century}{digits}" for century in (19, 20)]
        spelled += [f"{start + int(digits[:2])}{digits[2:]}" for start in (1925, 1988)]  # 昭和 平成
    return any(_is_day(one, this_year - 90, this_year - 14) for one in spelled)


def _is_day(digits: str, first: int, last: int) -> bool:
    try:
        return first <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= last
    except ValueError:
        return False


class NotUsedBefore(_Validator):
    """Not the password in use, nor the last of those before it that the policy names (A14.3)."""

    def validate(self, password: str, user: Account | None = None) -> None:
        """Refuse a password that the person had before. Each comparison takes its time."""
        if user is None:
            return
        if user.check_password(password):
            raise ValidationError(_("This is the password that you use now."))
        earlier = max(0, int(_figures(user)["password_history"]) - 1)
        former = user.former_passwords.order_by("-changed_at")[:earlier]
        if any(check_password(password, one.password) for one in former):
            raise ValidationError(_("You have used this password before."))


def judge_password(account: Account, password: str) -> None:
    """Say what the policy has against a new password.

    Raises:
        Problem: it does not allow such a password (A14.3).
    """
    try:
        validate_password(password, account)
    except ValidationError as error:
        said = " ".join(error.messages).replace("。 ", "。")
        raise Problem(said, field="password1") from error


def set_own_password(account: Account, hashed: str, changed_at: datetime) -> None:
    """Keep a new password that the person chose: its hash, and the hash of the one before."""
    retire_password(account, changed_at)
    account.password = hashed
    account.password_changed_at = changed_at
    account.password_warned_at = None
    account.save(update_fields=["password", "password_changed_at", "password_warned_at"])


def retire_password(account: Account, at: datetime) -> None:
    """Remember the password in use among the former ones; no more of them than can be asked for."""
    if account.has_usable_password():
        FormerPassword.objects.create(account=account, password=account.password, changed_at=at)
    most = parameters.PARAMETERS["password_history"].most
    kept = account.former_passwords.order_by("-changed_at").values_list("pk", flat=True)[:most]
    account.former_passwords.exclude(pk__in=list(kept)).delete()
