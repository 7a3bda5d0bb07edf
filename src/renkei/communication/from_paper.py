"""What was said before the region came here, put into the log as its records on paper tell it."""

from datetime import datetime
from uuid import UUID

from renkei.communication import log
from renkei.communication.measuring import to_be_told
from renkei.communication.models import Importance, Kind
from renkei.communication.observations import Observed, together
from renkei.communication.services import Posted, checked_text, group_and_key
from renkei.kernel import clock
from renkei.policy.use_case import Change, use_case


@use_case("region.load", on="group")
def take_over_communication(
    change: Change,
    *,
    author: UUID,
    role: UUID,
    text: str,
    said_at: datetime,
    observed: Observed | None = None,
) -> Posted:
    """Put into the log what was said before, as the records of the region tell it."""
    where, group, key = group_and_key(change)
    observed = to_be_told(where, observed, said_at) if observed else None
    entry = log.append(
        group=group,
        key=key,
        last_seq=where.last_seq,
        sender=author,
        role=role,
        text=together(checked_text(text, may_be_empty=observed is not None), observed),
        observed=observed,
        sent_us=clock.to_us(said_at),
        posted_us=change.now_us,
        kind=Kind.REPORT.value,
        importance=Importance.NORMAL.value,
    )
    assert entry is not None
    change.about("Communication", entry.id, **entry.line)
    change.detail["author"] = author.hex
    return Posted(entry.id, entry.seq, again=False)
