"""What a password has to be (A14.3), and how it is kept."""

import re
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from renkei.people.models import Account
from renkei.region import parameters


class Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes.

    Source: OWASP password storage cheat sheet (minimum configuration for Argon2id).
    """

    time_cost = 2
    memory_cost = 19_456  # KiB
    parallelism = 1


def _minimum(user: Account | None) -> int:
    policy = user.region.policy_id if user is not None else None
    return int(parameters.of(policy)["password_min_length"])


class LongEnough:
    """At least as many characters as the policy's parameter says (8 or more)."""

    def validate(self, password: str, user: Account | None = None) -> None:
        """Refuse a password that is too short."""
        least = _minimum(user)
        if len(password) < least:
            raise ValidationError(_("Please use at least %(n)s characters.") % {"n": least})

    def get_help_text(self) -> str:
        """What to tell the person beforehand."""
        return ""


class LettersAndDigits:
    """Letters and digits mixed (A14.3)."""

    def validate(self, password: str, user: Account | None = None) -> None:
        """Refuse a password without a letter or without a digit."""
        if not (re.search(r"[A-Za-z]", password) and re.search(r"[0-9]", password)):
            raise ValidationError(_("Please mix letters and digits."))

    def get_help_text(self) -> str:
        """What to tell the person beforehand."""
        return ""


class NotAboutOneself:
    """Not the person's own e-mail or name, and not the password in use now."""

    def validate(self, password: str, user: Account | None = None) -> None:
        """Refuse what anybody who knows the person would try first."""
        if user is None:
            return
        lowered = password.lower()
        parts = [part for part in re.split(r"[@.\-_]", user.email) if len(part) > 3]
        if any(part in lowered for part in parts) or user.check_password(password):
            raise ValidationError(_("This password is too easy to guess."))

    def get_help_text(self) -> str:
        """What to tell the person beforehand."""
        return ""


def set_own_password(account: Account, password: str, changed_at: Any) -> None:
    """Keep a new password that the person chose; only its hash is stored."""
    account.set_password(password)
    account.password_changed_at = changed_at
    account.save(update_fields=["password", "password_changed_at"])
