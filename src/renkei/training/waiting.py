"""What of training waits for a person, as ホーム says it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from renkei.policy.standing import Who
from renkei.training.courses import heads
from renkei.training.validity import lacking, states


@dataclass(frozen=True, slots=True)
class Due:
    """One line: of oneself (which course, until when), or of one's staff (how many)."""

    kind: str  # training · training_staff
    title: str = ""
    code: str = ""
    until: date | None = None
    count: int = 0


def waiting_for(who: Who) -> Iterator[Due]:
    """Required courses that are missing, lapsed or end within 30 days; and how many of one's staff.

    For pages whose own rule has been asked already.
    """
    if who.organization is None or who.account is None or who.region is None:
        return
    required = [one for one in heads(who.region) if one.required]
    for one in states([who.account], required)[who.account]:
        if one.due:
            yield Due("training", one.title, one.course, one.until)
    if who.administrator and (missing := lacking(who.organization, required, but=who.account)):
        yield Due("training_staff", count=missing)
