"""What of a group's log a member is shown, and the record of it.

Reading is recorded too: the first time a range of the log is disclosed to a member, one line in
the member's own audit stream says so, before the bytes leave. Seeing it again leaves no line.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from renkei.communication import log
from renkei.communication.services import checked_text
from renkei.group.disclosures import Head, MemberLine, head, members
from renkei.group.selectors import cursors
from renkei.kernel import vault
from renkei.kernel.clock import JAPAN, from_us, to_us
from renkei.kernel.database import as_uuid, execute, for_update, row, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Unknown
from renkei.kernel.sealed import about
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.policy.rules import RULES, may
from renkei.policy.standing import LOADS, Actor, Membership, Standing
from renkei.policy.use_case import disclosure, own_record

PAGE = 50  # entries
CONTEXT = 10  # entries already read that are shown above the first unread one
_MESSAGE_RULES = [
    name for name, rule in RULES.items()
    if name.startswith("communication.") and rule.needs <= LOADS["communication"]
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log as it is shown. The same for everyone who may see it."""

    id: UUID
    seq: int
    event: str
    sender: Face
    subject: Face | None
    kind: str
    importance: str
    text: str  # empty when withdrawn
    sent_at: datetime
    reply_to: int | None
    version: int
    corrected_at: datetime | None
    withdrawn_at: datetime | None
    withdrawal_reason: str
    understood: list[Face]
    replies: list["Entry"]


@dataclass(frozen=True, slots=True)
class DraftView:
    """What the person had been writing."""

    text: str
    kind: str
    importance: str
    reply_to: int | None
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of a group's log, oldest first."""

    head: Head
    entries: list[Entry]  # answers stand under what they answer when both are on the page
    first_seq: int  # 0 when empty
    last_seq: int
    first_unread: int  # 0 when everything is read
    draft: DraftView | None
    new_range: tuple[Membership, list[tuple[int, int]]] | None

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


_ENTRY = """t.id, t.key_id, t.seq, t.event, t.sender_id, t.role_id, t.subject_id, t.kind,
    t.importance, t.text, t.sent_at, t.reply_to, t.version, t.corrected_at, t.withdrawn_at,
    t.withdrawal_reason"""
_RANGE = f"""
    SELECT {_ENTRY} FROM communication_communication t
    WHERE t.group_id = %s AND t.seq BETWEEN %s AND %s ORDER BY t.seq"""
_UNDERSTOOD = """
    SELECT t.seq, k.account_id FROM communication_acknowledgement k
    JOIN communication_communication t ON t.id = k.communication_id
    WHERE t.group_id = %s AND t.seq BETWEEN %s AND %s ORDER BY k.at"""
_FACES = f"""
    SELECT {COLUMNS} FROM people_account a
    LEFT JOIN people_practitionerrole r ON r.id = %s
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE a.id = COALESCE(%s, r.account_id)"""


class Faces:
    """The faces a page needs: those of the members at hand, the rare others fetched once."""

    def __init__(self, lines: list[MemberLine]) -> None:
        self._by_role = {line.face.role: line.face for line in lines}
        self._by_account = {line.face.account: line.face for line in lines}

    def of_role(self, role: UUID) -> Face:
        """The face that goes with a role."""
        if role not in self._by_role:
            self._by_role[role] = self._fetch(role, None)
        return self._by_role[role]

    def of(self, account: UUID, role: UUID | None) -> Face:
        """The face of an author, in the role in which they wrote."""
        if role is not None:
            return self.of_role(role)
        if account not in self._by_account:
            self._by_account[account] = self._fetch(None, account)
        return self._by_account[account]

    def _fetch(self, role: UUID | None, account: UUID | None) -> Face:
        found = row(_FACES, [role.hex if role else None, account.hex if account else None])
        if found is None:
            raise Unknown("person")
        return face(found[:WIDTH])


def _entry(found: tuple[Any, ...], faces: Faces, understood: dict[int, list[Face]]) -> Entry:
    message, key, sender = (as_uuid(found[at]) for at in (0, 1, 4))
    assert message is not None and key is not None and sender is not None
    subject, reason = as_uuid(found[6]), found[15]
    withdrawn = found[14] is not None
    place = f"communication.Communication/{message.hex}/withdrawal_reason"
    return Entry(
        id=message,
        seq=found[2],
        event=found[3],
        sender=faces.of(sender, as_uuid(found[5])),
        subject=faces.of_role(subject) if subject else None,
        kind=found[7],
        importance=found[8],
        text="" if withdrawn else log.unseal(key, message, found[12], found[9]),
        sent_at=from_us(found[10]),
        reply_to=found[11],
        version=found[12],
        corrected_at=from_us(found[13]) if found[13] else None,
        withdrawn_at=from_us(found[14]) if withdrawn else None,
        withdrawal_reason=vault.unseal_json(key, reason, about=place) if reason else "",
        understood=understood.get(found[2], []),
        replies=[],
    )


def entries(group: UUID, first: int, last: int, lines: list[MemberLine]) -> list[Entry]:
    """The entries from ``first`` to ``last``, both included, oldest first."""
    if last < first:
        return []
    faces = Faces(lines)
    understood: dict[int, list[Face]] = {}
    for seq, account in rows(_UNDERSTOOD, [group.hex, first, last]):
        who = as_uuid(account)
        assert who is not None
        understood.setdefault(seq, []).append(faces.of(who, None))
    return [_entry(one, faces, understood) for one in rows(_RANGE, [group.hex, first, last])]


def threaded(found: list[Entry]) -> list[Entry]:
    """Hang answers under what they answer, where both are here (one level deep)."""
    by_seq = {entry.seq: entry for entry in found}
    top = []
    for entry in found:
        above = by_seq.get(entry.reply_to) if entry.reply_to else None
        if above is not None:
            above.replies.append(entry)
        else:
            top.append(entry)
    return top


def _unheard(member: UUID, first: int, last: int) -> list[tuple[int, int]]:
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


def _draft(group: UUID, account: UUID) -> DraftView | None:
    found = row(
        "SELECT id, key_id, content, saved_at FROM communication_draft"
        " WHERE group_id = %s AND account_id = %s",
        [group.hex, account.hex],
    )
    if found is None:
        return None
    draft, key = as_uuid(found[0]), as_uuid(found[1])
    assert draft is not None and key is not None
    content = vault.unseal_json(key, found[2], about=about("communication.Draft", draft, "content"))
    return DraftView(**content, saved_at=from_us(found[3]))


def _bounds(
    group: UUID, last_seq: int, read_seq: int, before: int | None, after: int | None, on: date | None
) -> tuple[int, int]:
    """Which entries a page shows: older ones, newer ones, from a day on, or from the unread on."""
    if before is not None:
        return max(1, before - PAGE), min(before - 1, last_seq)
    if after is not None:
        return max(1, after + 1), min(after + PAGE, last_seq)
    if on is not None:
        start = to_us(datetime.combine(on, time.min, JAPAN))
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
    unheard = _unheard(where.member.id, first, last) if last >= first else []
    read_seq = where.member.read_seq
    return Timeline(
        head=top,
        entries=threaded(entries(where.group, first, last, top.members)),
        first_seq=first if last >= first else 0,
        last_seq=max(last, first - 1),
        first_unread=read_seq + 1 if first <= read_seq + 1 <= last else 0,
        draft=_draft(where.group, top.me),
        new_range=(
            (where.member, unheard) if unheard or first <= read_seq + 1 <= last else None
        ),
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
    if page.new_range is not None:
        read_seq = record_reading(actor, group, page.first_seq, page.last_seq)
        return replace(page, head=_after_reading(page.head, read_seq))
    return page


def _after_reading(top: Head, read_seq: int) -> Head:
    """The head with the reader's own cursor and count as they are once the page was recorded."""
    groups = [
        replace(line, unread=line.last_seq - read_seq) if line.id == top.group else line
        for line in top.shell.groups
    ]
    lines = [
        replace(line, read_seq=read_seq) if line.face.account == top.me else line
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
        and (first <= read_seq + 1 <= last or bool(_unheard(where.member.id, first, last))),
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
        row("SELECT 1 FROM group_member WHERE id = %s" + for_update("group_member"), [member.id.hex])
        unheard = _unheard(member.id, first, last)
        change.silent = not unheard
        change.detail["read"] = [list(one) for one in unheard]
        for gap_first, gap_last in unheard:
            execute(
                "INSERT INTO communication_reading (id, member_id, first_seq, last_seq, at)"
                " VALUES (%s, %s, %s, %s, %s)",
                [uuid7().hex, member.id.hex, gap_first, gap_last, change.now_us],
            )
        moved = execute(
            "UPDATE group_member SET read_seq = %s"
            " WHERE id = %s AND read_seq >= %s AND read_seq < %s AND ended_at IS NULL",
            [last, member.id.hex, first - 1, last],
        )
        if moved:
            change.tell("read", group, last, standing.who.account)
    return last if moved else member.read_seq


@dataclass(frozen=True, slots=True)
class Receipt:
    """Whether and when somebody read a message."""

    face: Face
    role_in_care: str
    read_at: datetime | None
    read: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """One wording of a message."""

    number: int
    text: str
    until: datetime | None  # None for the one that stands now


@disclosure("group.see", on="communication")
def see_receipts(standing: Standing) -> tuple[list[Receipt], list[Receipt]]:
    """Who has read the message and when, and who has not, among today's members."""
    where, message = standing.where, standing.what.message
    assert where is not None and where.group is not None and message is not None
    times = dict(
        rows(
            "SELECT r.member_id, MIN(r.at) FROM communication_reading r"
            " JOIN group_member m ON m.id = r.member_id"
            " WHERE m.group_id = %s AND r.first_seq <= %s AND r.last_seq >= %s"
            " GROUP BY r.member_id",
            [where.group.hex, message.seq, message.seq],
        )
    )
    by_member = {as_uuid(member): at for member, at in times.items()}
    receipts = []
    for line in members(where.group):
        at = by_member.get(line.id)
        own = line.face.account == message.sender
        read = own or at is not None or line.read_seq >= message.seq
        receipts.append(Receipt(line.face, line.role_in_care, from_us(at) if at else None, read))
    return [one for one in receipts if one.read], [one for one in receipts if not one.read]


@disclosure("group.see", on="communication")
def see_versions(standing: Standing) -> list[Wording]:
    """All wordings of a message, oldest first.

    Raises:
        Unknown: the message was withdrawn.
    """
    where, message = standing.where, standing.what.message
    assert where is not None and where.key is not None and message is not None
    if message.withdrawn:
        raise Unknown("versions")
    found = rows(
        "SELECT number, text, replaced_at FROM communication_version"
        " WHERE communication_id = %s ORDER BY number",
        [message.id.hex],
    )
    now = row("SELECT version, text FROM communication_communication WHERE id = %s", [message.id.hex])
    assert now is not None
    wordings = [
        Wording(number, log.unseal(where.key, message.id, number, text), from_us(at))
        for number, text, at in found
    ]
    return [*wordings, Wording(now[0], log.unseal(where.key, message.id, now[0], now[1]), None)]


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message by itself, with what the person who asks may do with it."""

    head: Head
    entry: Entry
    cursors: dict[UUID, int]  # how far each of today's members has read
    mine: bool
    understood: bool  # the person has said 「了解」
    can: frozenset[str]


@disclosure("group.see", on="communication")
def see_message(standing: Standing) -> MessageView:
    """One message again, for its own page or after something about it changed.

    Raises:
        Unknown: it is no message but an event.
    """
    where, message = standing.where, standing.what.message
    assert where is not None and where.group is not None and message is not None
    if message.event:
        raise Unknown("message")
    top = head(standing)
    entry = entries(where.group, message.seq, message.seq, top.members)[0]
    return MessageView(
        head=top,
        entry=entry,
        cursors={line.face.account: line.read_seq for line in top.members},
        mine=message.sender == top.me,
        understood=any(face.account == top.me for face in entry.understood),
        can=frozenset(name for name in _MESSAGE_RULES if may(standing, name)),
    )


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A message as it will appear and who will read it, before it is sent (N3.8)."""

    head: Head
    text: str
    others: list[str]  # names of the author's other patients that stand in the text (N3.3)


@disclosure("communication.send", on="group")
def see_confirmation(standing: Standing, *, text: str) -> Confirmation:
    """What the author confirms: the text as it will be kept, and everyone who will read it.

    Raises:
        Problem: empty or too long.
    """
    cleaned = checked_text(text)
    top = head(standing)
    return Confirmation(top, cleaned, _other_patients(top, cleaned))


def _other_patients(top: Head, text: str) -> list[str]:
    """Full names, with or without the space, of patients of the author's other groups."""
    closed_up = _closed_up(text)
    here = _closed_up(top.identity.name)
    found = {
        line.identity.name
        for line in top.shell.groups
        if line.identity is not None and line.patient != top.patient
        and len(name := _closed_up(line.identity.name)) > 2
        and name != here
        and name in closed_up
    }
    return sorted(found)


def _closed_up(text: str) -> str:
    return text.replace(" ", "").replace("\u3000", "")
