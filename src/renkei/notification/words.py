"""What a notification says, in the person's language: that there is something, and how much."""

from collections.abc import Set as AbstractSet
from typing import Final

from django.utils.translation import gettext as _

from renkei.notification.kinds import Kind

_TO_DO: Final = frozenset(
    {
        Kind.INVITATION,
        Kind.APPROVAL,
        Kind.NOTICE,
        Kind.INCIDENT,
        Kind.TASK,
        Kind.REQUEST,
        Kind.CHARTER,
    }
)


def title() -> str:
    """The same for everybody and everything."""
    return _("There is something new in Renkei.")


def lines(kinds: AbstractSet[str], unread: int) -> list[str]:
    """What there is: of what kind at most, and how many entries are unread."""
    said = []
    if Kind.DISASTER in kinds:
        said.append(
            _("Disaster use was declared. Keep calm, see to your safety first, then sign in.")
        )
    if Kind.TEST in kinds:
        said.append(_("This is a test. It has reached you."))
    if kinds & {Kind.MESSAGE, Kind.UNREAD} and unread:
        said.append(_("%(n)s entries are unread.") % {"n": unread})
    if Kind.MENTION in kinds:
        said.append(_("Something is addressed to you. Please sign in and look at “To me”."))
    if kinds & _TO_DO:
        said.append(_("Something waits for your answer. Please sign in and look at “To do”."))
    return said
