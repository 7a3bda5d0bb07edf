"""What of a group's log a member is shown, and the record of it.

Reading is recorded too: the first time a range of the log is disclosed to a member, one line in
the member's own audit stream says so, before the bytes leave. Seeing it again leaves no line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from renkei.communication.entries import Entry, entries, threaded
from renkei.communication.selectors import Marks, marks_of
from renkei.group.charters import Pinned, pinned
from renkei.group.head import Head, head
from renkei.group.selectors import cursors
from renkei.kernel import vault
from renkei.kernel.clock import begins, from_us, to_us
from renkei.kernel.damage import DAMAGE, sentence
from renkei.kernel.database import as_uuid, execute, for_update, row, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.sealed import about
from renkei.policy.standing import Actor, Membership, Standing
from renkei.policy.use_case import disclosure, own_record

PAGE = 50  # entries
DISCLOSED = """
    INSERT INTO communication_reading (id, member_id, first_seq, last_seq, at)
    VALUES (%s, %s, %s, %s, %s)"""
OVERVIEW = 6  # new entries from which on a look by profession is offered
CONTEXT = 10  # entries already read that are shown above the first unread one


@dataclass(frozen=True, slots=True)
class DraftView:
    """What the person had been writing."""

    text: str
    kind: str
    importance: str
    reply_to: int | None
    saved_at: datetime | None
    damaged: str = ""  # why it cannot be shown
    waiting: int = 0  # attachments that are to go with it
    vitals: Mapping[str, str] = field(default_factory=dict)  # as they were typed
    mentions: Sequence[str] = ()  # tokens of who is meant
    template: str = ""  # the form that was open, and what stood in its fields
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of a group's log, oldest first."""

    head: Head
    entries: list[Entry]  # answers stand under what they answer when both are on the page
    first_seq: int  # 0 when empty
    last_seq: int
    first_unread: int  # 0 when everything is read
    draft: DraftView | None
    marks: Marks
    new_range: tuple[Membership, list[tuple[int, int]]] | None
    charter: Pinned | None = None  # how the group is used, above everything (A11.8)
    under: Standing | None = None  # of a session that a disaster let in: all it sees is recorded

    @property
    def since(self) -> int:
        """How much is new, if it is worth an overview of its own; 0 if not."""
        new = self.head.last_seq - self.first_unread + 1 if self.first_unread else 0
        return new if new >= OVERVIEW and self.head.kind != "direct" else 0

    @property
    def cursors(self) -> dict[UUID, int]:
        """How far each of today's members has read, by account."""
        return {line.face.account: line.read_seq for line in self.head.members}

    @property
    def has_older(self) -> bool:
        """Whether there is more above."""
        return self.first_seq > 1

    @property
    def has_newer(self) -> bool:
        """Whether there is more below."""
        return self.last_seq < self.head.last_seq


def unheard(member: UUID, first: int, last: int) -> list[tuple[int, int]]:
    """The parts of the range that were never disclosed to the member before."""
    known = rows(
        "SELECT first_seq, last_seq FROM communication_reading"
        " WHERE member_id = %s AND last_seq >= %s AND first_seq <= %s ORDER BY first_seq",
        [member.hex, first, last],
    )
    gaps, at = [], first
    for known_first, known_last in known:
        if known_first > at:
            gaps.append((at, known_first - 1))
        at = max(at, known_last + 1)
    if at <= last:
        gaps.append((at, last))
    return gaps


_DRAFT = """
    SELECT d.id, d.key_id, d.content, d.saved_at,
      (SELECT COUNT(*) FROM communication_attachment f
        WHERE f.group_id = %s AND f.author_id = %s AND f.communication_id IS NULL)
    FROM (SELECT 1 AS one) x
    LEFT JOIN communication_draft d ON d.group_id = %s AND d.account_id = %s"""


def _draft(group: UUID, account: UUID) -> DraftView | None:
    found = row(_DRAFT, [group.hex, account.hex, group.hex, account.hex])
    assert found is not None
    draft, key, waiting = as_uuid(found[0]), as_uuid(found[1]), found[4]
    if draft is None or key is None:
        nothing = DraftView("", "report", "normal", None, None, waiting=waiting)
        return nothing if waiting else None
    place, saved_at = about("communication.Draft", draft, "content"), from_us(found[3])
    try:
        content = vault.unseal_json(key, found[2], about=place)
    except DAMAGE as damage:
        broken = sentence(damage)
        return DraftView("", "report", "normal", None, saved_at, broken, waiting)
    return DraftView(**content, saved_at=saved_at, waiting=waiting)


def _bounds(
    group: UUID,
    last_seq: int,
    read_seq: int,
    before: int | None,
    after: int | None,
    on: date | None,
) -> tuple[int, int]:
    """Which entries a page shows: older ones, newer ones, from a day on, or from the unread on."""
    if before is not None:
        before = min(before, last_seq + 1)
        return max(1, before - PAGE), min(before - 1, last_seq)
    if after is not None:
        after = min(after, last_seq)
        return max(1, after + 1), min(after + PAGE, last_seq)
    if on is not None:
        start = to_us(begins(on))
        found = row(
            "SELECT MIN(seq) FROM communication_communication"
            " WHERE group_id = %s AND sent_at >= %s",
            [group.hex, start],
        )
        first = (found[0] if found else None) or max(1, last_seq - PAGE + 1)
        return first, min(first + PAGE - 1, last_seq)
    if last_seq - read_seq >= PAGE - CONTEXT:
        first = max(1, read_seq + 1 - CONTEXT)
        return first, min(first + PAGE - 1, last_seq)
    return max(1, last_seq - PAGE + 1), last_seq


@disclosure("group.see", on="group")
def _read(
    standing: Standing, *, before: int | None, after: int | None, on: date | None
) -> Timeline:
    where = standing.where
    assert where is not None and where.group is not None and where.member is not None
    first, last = _bounds(where.group, where.last_seq, where.member.read_seq, before, after, on)
    top = head(standing)
    gaps = unheard(where.member.id, first, last) if last >= first else []
    read_seq = where.member.read_seq
    return Timeline(
        head=top,
        entries=threaded(entries(where.group, first, last, top.members)),
        first_seq=first if last >= first else 0,
        last_seq=max(last, first - 1),
        first_unread=read_seq + 1 if first <= read_seq + 1 <= last else 0,
        draft=_draft(where.group, top.me),
        marks=marks_of(where.group, top.me),
        new_range=((where.member, gaps) if gaps or first <= read_seq + 1 <= last else None),
        charter=pinned(where.group, top.me) if where.kind != "network" else None,
        under=standing if standing.who.emergency else None,
    )


def read_timeline(
    actor: Actor,
    group: UUID,
    *,
    before: int | None = None,
    after: int | None = None,
    on: date | None = None,
) -> Timeline:
    """A page of the log; without more it opens at the first unread entry.

    What is disclosed for the first time is recorded before this returns, and the member's read
    cursor moves on.

    Args:
        before: show the page above this number; ``after``: below it; ``on``: from that day.
    """
    page = _read(actor, group, before=before, after=after, on=on)
    if page.under is not None:
        _record_view(page.under, group, page)
    if page.new_range is not None:
        read_seq = record_reading(actor, group, page.first_seq, page.last_seq)
        return replace(page, head=_after_reading(page.head, read_seq))
    return page


def _record_view(standing: Standing, group: UUID, page: Timeline) -> None:
    """A line for every page opened on a device that a disaster let in, seen before or not (A20)."""
    with own_record(standing, "emergency.view", f"Group/{group.hex}") as change:
        change.detail |= {"first": page.first_seq, "last": page.last_seq}


def _after_reading(top: Head, read_seq: int) -> Head:
    """The head with the reader's own cursor and count as they are once the page was recorded."""
    groups = [
        line._replace(unread=line.last_seq - read_seq) if line.id == top.group else line
        for line in top.shell.groups
    ]
    lines = [
        line._replace(read_seq=read_seq) if line.face.account == top.me else line
        for line in top.members
    ]
    return replace(top, shell=replace(top.shell, groups=groups), members=lines, read_seq=read_seq)


@dataclass(frozen=True, slots=True)
class Part:
    """Some entries more for a page that is open."""

    entries: list[Entry]
    first_seq: int  # 0 when there is nothing there
    last_seq: int
    end: int  # the number of the newest entry of the log
    cursors: dict[UUID, int]  # how far each of today's members has read
    new: bool  # something of it was not disclosed to the member before


@disclosure("group.see", on="group")
def _read_part(standing: Standing, *, before: int | None, after: int | None) -> Part:
    where = standing.where
    assert where is not None and where.group is not None and where.member is not None
    read_seq = where.member.read_seq
    first, last = _bounds(where.group, where.last_seq, read_seq, before, after, None)
    return Part(
        entries=threaded(entries(where.group, first, last, [])),
        cursors=cursors(where.group),
        first_seq=first if last >= first else 0,
        last_seq=max(last, first - 1),
        end=where.last_seq,
        new=last >= first
        and (first <= read_seq + 1 <= last or bool(unheard(where.member.id, first, last))),
    )


def read_entries(
    actor: Actor,
    group: UUID,
    *,
    before: int | None = None,
    after: int | None = None,
    delivered: bool = False,
) -> Part:
    """Older or newer entries, recorded like a page of the timeline.

    Args:
        delivered: they only make up for what a live stream missed; what of it was read the open
            page reports by itself, as for what the stream delivers.
    """
    part = _read_part(actor, group, before=before, after=after)
    if part.new and not delivered:
        record_reading(actor, group, part.first_seq, part.last_seq)
    return part


@disclosure("group.see", on="group")
def _standing(standing: Standing) -> Standing:
    return standing


def record_reading(actor: Actor, group: UUID, first: int, last: int) -> int:
    """Record that entries ``first`` to ``last`` were read; returns how far the member has read.

    The cursor only moves over a range that follows on what was read before, so that nothing in
    between counts as read by mistake.
    """
    standing = _standing(actor, group)
    where = standing.where
    assert where is not None and where.member is not None
    member, first, last = where.member, max(first, 1), min(last, where.last_seq)
    with own_record(standing, "group.see", f"Group/{group.hex}") as change:
        # two pages of one person wait for each other, so that each range is recorded once
        row(
            "SELECT 1 FROM group_member WHERE id = %s" + for_update("group_member"), [member.id.hex]
        )
        gaps = unheard(member.id, first, last)
        change.silent = not gaps
        change.detail["read"] = [list(one) for one in gaps]
        for gap_first, gap_last in gaps:
            values = [uuid7().hex, member.id.hex, gap_first, gap_last, change.now_us]
            execute(DISCLOSED, values)
        moved = execute(
            "UPDATE group_member SET read_seq = %s"
            " WHERE id = %s AND read_seq >= %s AND read_seq < %s AND ended_at IS NULL",
            [last, member.id.hex, first - 1, last],
        )
        if moved:
            change.tell("read", group, last, standing.who.account)
    return last if moved else member.read_seq
