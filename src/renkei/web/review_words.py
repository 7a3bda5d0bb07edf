"""Reviews in words: what stands out about somebody, and what was decided."""

from datetime import date, timedelta
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from renkei.kernel.clock import JAPAN
from renkei.review.marks import Mark

MARKS: Final[dict[str, Promise]] = {
    "left": _("Has left the organization"),
    "leaves": _("Leaves the organization"),
    "stopped": _("Stopped"),
    "reads_only": _("Reads only"),
    "organization": _("The organization does not take part"),
    "pledge": _("Pledge missing"),
    "training": _("Training missing or run out"),
    "unopened": _("Not opened for long"),
    "never": _("Never logged in"),
    "absent": _("Not logged in for long"),
    "device": _("No device"),
    "factor": _("No second step"),
}
SINCE: Final[dict[str, Promise]] = {
    "left": _("Left the organization on %(day)s"),
    "leaves": _("Leaves the organization on %(day)s"),
    "unopened": _("Not opened since %(day)s"),
    "absent": _("Not logged in since %(day)s"),
}
RESULTS: Final[dict[str, Promise]] = {
    "kept": _("kept"),
    "changed": _("role changed"),
    "released": _("released"),
    "leaves": _("leaves"),
    "restricted": _("to be restricted"),
}


def day_of(mark: Mark) -> date | None:
    """The day that is said; an end set ahead is the midnight after the last day."""
    if mark.at is None or mark.word not in SINCE:
        return None
    back = timedelta(microseconds=1 if mark.word in ("left", "leaves") else 0)
    return (mark.at - back).astimezone(JAPAN).date()


def in_words(mark: Mark, day: str) -> str:
    """One mark in words; ``day`` is ``day_of`` as it is written, or empty."""
    if day:
        return str(SINCE[mark.word]) % {"day": day}
    return str(MARKS[mark.word])
