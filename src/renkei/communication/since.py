"""What is new since one was here last: by profession, what matters first.

The reader's cursor moves on with the page that opens, so the page says from where on. What of it is
shown is put on record as everything that is read.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from renkei.communication.found import note_found
from renkei.communication.hits import COLUMNS, SAID, Hit, Opening
from renkei.group.head import Head, head
from renkei.group.shell import archived_lines
from renkei.kernel.database import rows
from renkei.people.faces import OF_FAMILY
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import disclosure, own_record

MOST: Final = 200  # messages of which the first words are shown, the newest
OF_NOBODY: Final = ""  # without a profession: the operator's people


@dataclass(slots=True)
class Part:
    """What one profession has written."""

    profession: str
    hits: list[Hit] = field(default_factory=list)

    @property
    def matters(self) -> int:
        """How much of it is important or urgent."""
        return sum(one.importance in ("important", "urgent") for one in self.hits)


@dataclass(frozen=True, slots=True)
class Overview:
    """What is new in a group after an entry."""

    head: Head
    after: int
    count: int  # messages
    events: int  # who came and went, and the like
    parts: list[Part]  # with what matters first, then those who wrote most
    left_out: int  # messages older than those shown


_NEW = f"""
    SELECT {COLUMNS} FROM communication_communication t
    WHERE t.group_id = %s AND t.seq > %s AND {SAID} AND t.sender_id <> %s
    ORDER BY t.seq DESC LIMIT {MOST}"""
_COUNTS = f"""
    SELECT SUM(CASE WHEN {SAID} AND t.sender_id <> %s THEN 1 ELSE 0 END),
      SUM(CASE WHEN t.event <> '' THEN 1 ELSE 0 END)
    FROM communication_communication t WHERE t.group_id = %s AND t.seq > %s"""
_WEIGHT: Final = {"urgent": 0, "important": 1}


@disclosure("group.see", on="group")
def _since(standing: Standing, *, after: int) -> tuple[Standing, Overview]:
    where, me = standing.where, standing.who.account
    assert where is not None and where.group is not None and me is not None
    top = head(standing)
    ((count, events),) = rows(_COUNTS, [me.hex, where.group.hex, after])
    lines = [line for line in top.shell.groups if line.id == where.group]
    if where.archived:
        lines = [line for line in archived_lines(standing) if line.id == where.group]
    opening = Opening(lines)
    found = rows(_NEW, [where.group.hex, after, me.hex]) if lines else []
    hits = [hit for one in reversed(found) if (hit := opening.hit(one)) is not None]
    parts = _parts(hits)
    return standing, Overview(
        top, after, count or 0, events or 0, parts, max(0, (count or 0) - len(found))
    )


def _parts(hits: list[Hit]) -> list[Part]:
    parts: dict[str, Part] = {}
    for hit in hits:
        work = hit.author.profession or OF_NOBODY
        parts.setdefault(work, Part(work)).hits.append(hit)
    for part in parts.values():
        part.hits.sort(key=lambda hit: (_WEIGHT.get(hit.importance, 2), hit.seq))
    return sorted(
        parts.values(),
        key=lambda part: (
            min(_WEIGHT.get(one.importance, 2) for one in part.hits),
            part.profession == OF_FAMILY,
            -len(part.hits),
        ),
    )


def see_since(actor: Actor, group: UUID, *, after: int) -> Overview:
    """What was written in a group after an entry, by profession."""
    standing, overview = _since(actor, group, after=after)
    assert standing.who.account is not None
    shown = [(group, hit.seq, hit.whole) for part in overview.parts for hit in part.hits]
    if shown:
        with own_record(standing, "since.see", f"Group/{group.hex}") as change:
            change.detail["found"] = note_found(change, shown)
            change.silent = not change.detail["found"]
    return overview
