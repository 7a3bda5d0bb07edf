"""What of training waits for a person, as ホーム says it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from renkei.kernel.database import id_of, rows
from renkei.policy.standing import Who
from renkei.training.courses import heads
from renkei.training.validity import states


@dataclass(frozen=True, slots=True)
class Due:
    """One line: of oneself (which course, until when), or of one's staff (how many)."""

    kind: str  # training · training_staff
    title: str = ""
    code: str = ""
    until: date | None = None
    count: int = 0


_COLLEAGUES = """
    SELECT r.account_id FROM people_practitionerrole r
    JOIN people_account a ON a.id = r.account_id AND a.suspended_at IS NULL
    WHERE r.organization_id = %s AND r.ended_at IS NULL"""


def waiting_for(who: Who) -> Iterator[Due]:
    """Required courses that are missing, lapsed or end within 30 days; and how many of one's staff.

    For pages whose own rule has been asked already.
    """
    if who.organization is None or who.account is None or who.region is None:
        return
    required = [one for one in heads(who.region) if one.required]
    own = [who.organization.hex]
    colleagues = {id_of(one) for (one,) in rows(_COLLEAGUES, own)} if who.administrator else set()
    known = states(colleagues | {who.account}, required)
    for one in known[who.account]:
        if one.due:
            yield Due("training", one.title, one.course, one.until)
    missing = sum(any(one.due for one in known[account]) for account in colleagues - {who.account})
    if missing:
        yield Due("training_staff", count=missing)
