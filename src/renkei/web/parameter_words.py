"""The policy's parameters in words: what each is called, what it does, and how a value is said."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from renkei.region.parameters import PARAMETERS, Parameter, Value
from renkei.web.fields import Choice

DAYS, MONTHS = _("%(n)s days"), _("%(n)s months")
TIMES = _("%(n)s times")
MINUTES, HOURS = _("%(n)s minutes"), _("%(n)s hours")
CHARACTERS, PASSWORDS = _("%(n)s characters"), _("the last %(n)s")
MEGABYTES = _("%(n)s MB")


@dataclass(frozen=True, slots=True)
class Words:
    """What a parameter is called, what it does, and in what it is counted."""

    name: Promise
    effect: Promise
    unit: Promise | None = None


WORDS: dict[str, Words] = {
    "password_min_length": Words(
        _("Length of a password"),
        _("A new password has at least so many characters."),
        CHARACTERS,
    ),
    "password_profile": Words(
        _("Way of signing in"),
        _("What a password has to be for everybody, and whether it is changed at intervals."),
    ),
    "password_max_age_days": Words(
        _("Age of a password"),
        _("After so many days the password is changed before anything else."),
        DAYS,
    ),
    "password_history": Words(
        _("Passwords not taken again"),
        _("A new password is none of so many used before."),
        PASSWORDS,
    ),
    "second_factor": Words(
        _("Second step at sign-in"), _("Who shows a second step, such as a passkey or a code.")
    ),
    "devices_in_ledger": Words(
        _("Only devices in the ledger"),
        _("Patient data opens only on devices that the organization lists."),
    ),
    "invitation_days": Words(
        _("How long an invitation holds"),
        _("An invitation to a group that nobody answers ends after so many days."),
        DAYS,
    ),
    "idle_minutes_pc": Words(
        _("Leaving a PC"),
        _("Nothing done for so long on a PC: logged out by itself, drafts are kept."),
        MINUTES,
    ),
    "idle_minutes_phone": Words(
        _("Leaving a phone or tablet"),
        _("Nothing done for so long on a phone or tablet: logged out by itself, drafts are kept."),
        MINUTES,
    ),
    "session_hours": Words(
        _("Longest stay"),
        _("After so long everybody signs in again, whatever they are doing."),
        HOURS,
    ),
    "training_before_use": Words(
        _("Training before use"),
        _("Whether one training of the organization is enough, or each person takes it."),
    ),
    "training_interval_months": Words(
        _("Training again"), _("Each person is trained again after so many months."), MONTHS
    ),
    "administrator_absence_days": Words(
        _("Absence of administrators"),
        _("The operator asks an organization whose administrators were not here for so long."),
        DAYS,
    ),
    "review_interval_days": Words(
        _("Looking through the members"),
        _("The members of each patient group are looked through after so many days."),
        DAYS,
    ),
    "quiet_days": Words(
        _("When a group counts as quiet"),
        _("Where nothing was written for so many days, its managers are asked about the archive."),
        DAYS,
    ),
    "ask_again_hours": Words(
        _("Important messages not read"),
        _("Who has not read one after so many hours is told of it again and sees it first."),
        HOURS,
    ),
    "ask_again_hours_urgent": Words(
        _("Urgent messages not read"),
        _("Who has not read one after so many hours is told of it again and sees it first."),
        HOURS,
    ),
    "ask_again_times": Words(
        _("Telling again"),
        _("The server tells who has not read such a message at most so often, never at night."),
        TIMES,
    ),
    "account_review_days": Words(
        _("Looking through the staff"),
        _("Administrators go through the people of their organization after so many days."),
        DAYS,
    ),
    "review_grace_days": Words(
        _("Late reviews"),
        _("So many days late the administrator is told, after twice as many the operator."),
        DAYS,
    ),
    "device_confirmation_months": Words(
        _("Checking devices again"),
        _("A device that was not checked for so many months opens no patient data."),
        MONTHS,
    ),
    "private_device_months": Words(
        _("Permission for private devices"),
        _("A private device is permitted for so many months at most."),
        MONTHS,
    ),
    "file_megabytes": Words(
        _("Largest file"),
        _("A photo, video or document of up to so many megabytes goes with a message."),
        MEGABYTES,
    ),
    "erasure_cooling_off_days": Words(
        _("Waiting time before erasing"),
        _("A complete erasure waits so many days, in which it can be taken back."),
        DAYS,
    ),
    "reuse_days": Words(
        _("Permission to reuse"), _("A permission to reuse an entry holds for so long."), DAYS
    ),
    "rights_answer_days": Words(
        _("Answer to a patient's request"),
        _("A request for disclosure, correction or stop is answered within so many days."),
        DAYS,
    ),
    "disaster_max_days": Words(
        _("Longest disaster use"),
        _("A declared disaster use ends by itself after so many days at most."),
        DAYS,
    ),
    "disaster_reconciliation_days": Words(
        _("Settling after a disaster"),
        _("Organizations decide about the devices that were used within so many days."),
        DAYS,
    ),
    "backup_max_age_hours": Words(
        _("Age of the last copy"),
        _("A copy of the installation older than this is reported to the operator."),
        HOURS,
    ),
    "restore_test_max_days": Words(
        _("Trying a copy"),
        _("At least every so many days a copy is brought back on trial."),
        DAYS,
    ),
    "free_group_approval": Words(
        _("Approval for free groups"),
        _("Whether an administrator approves that their staff join a free group."),
    ),
    "public_list_opt_out": Words(
        _("Staying off the public list"),
        _("Whether an organization may choose not to stand on the public list."),
    ),
}
CHOICES: dict[str, dict[Value, Promise]] = {
    "password_profile": {
        "standard": _("Standard: letters and digits, changed at intervals"),
        "long": _("Long passwords: 13 characters, not changed at intervals"),
        "second_factor": _("Second step for everybody, not changed at intervals"),
    },
    "second_factor": {
        "nobody": _("Nobody"),
        "administrators": _("Administrators and the operator"),
        "everybody": _("Everybody"),
    },
    "training_before_use": {
        "organization": _("Once for the organization"),
        "person": _("Each person"),
    },
}
_YES_NO: dict[Value, Promise] = {True: _("Yes"), False: _("No")}


def choices(name: str) -> dict[Value, Promise] | None:
    """The words for the values of a parameter that is no number."""
    if type(PARAMETERS[name].default) is bool:
        return _YES_NO
    return CHOICES.get(name)


def in_words(name: str, value: Any) -> str:
    """A value in words, with what it is counted in."""
    words = choices(name)
    if words is not None:
        return str(words[value])
    unit = WORDS[name].unit
    return str(unit) % {"n": value} if unit else str(value)


def bounds(name: str) -> str:
    """The values that are allowed, in words; empty where they stand in a list."""
    one = PARAMETERS[name]
    if choices(name) is not None:
        return ""
    return gettext("from %(least)s to %(most)s") % {"least": one.least, "most": one.most}


class _Number(forms.IntegerField):
    """A number within its bounds, in half-width or full-width digits."""

    def __init__(self, one: Parameter, **options: Any) -> None:
        outside = _("Please write a number from %(least)s to %(most)s.") % {
            "least": one.least,
            "most": one.most,
        }
        words = ("required", "invalid", "min_value", "max_value")
        super().__init__(
            min_value=one.least,
            max_value=one.most,
            error_messages=dict.fromkeys(words, outside),
            widget=forms.NumberInput(
                attrs={"class": "input input--number", "inputmode": "numeric"}
            ),
            **options,
        )


def field(name: str, *, values: tuple[Value, ...] | None = None) -> forms.Field:
    """A form field for a parameter.

    Args:
        values: those of a word that may be chosen; None for all.
    """
    words = choices(name)
    if words is None:
        return _Number(PARAMETERS[name], label=WORDS[name].name)
    chosen = [(str(one), word) for one, word in words.items() if values is None or one in values]
    return Choice(label=WORDS[name].name, choices=chosen)


def value_of(name: str, sent: Any) -> Value:
    """The value that was chosen in ``field``."""
    if type(PARAMETERS[name].default) is bool:
        return str(sent) == "True"
    return sent  # type: ignore[no-any-return]
