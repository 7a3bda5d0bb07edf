"""What a member is shown of one message, and of one that is not sent yet.

Itself and what may be done with it, who has read it, its wordings; how it will appear, and to whom.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from renkei.communication import log
from renkei.communication.entries import Entry, entries
from renkei.communication.reading import record_reading
from renkei.communication.services import checked_text
from renkei.group.disclosures import Head, head, members
from renkei.kernel.clock import from_us
from renkei.kernel.database import as_uuid, row, rows
from renkei.kernel.errors import Unknown
from renkei.people.faces import Face
from renkei.policy.rules import RULES, may
from renkei.policy.standing import LOADS, Actor, Membership, Standing
from renkei.policy.use_case import disclosure

_MESSAGE_RULES = [
    name
    for name, rule in RULES.items()
    if name.startswith("communication.") and rule.needs <= LOADS["communication"]
]


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
    now = row(
        "SELECT version, text FROM communication_communication WHERE id = %s", [message.id.hex]
    )
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
    new: bool  # its text was not disclosed to the person before


def _is_new(member: Membership, entry: Entry, me: UUID) -> bool:
    """Whether somebody else's text is disclosed to the member for the first time."""
    if entry.withdrawn_at is not None or entry.sender.account == me:
        return False
    known = row(
        "SELECT 1 FROM communication_reading"
        " WHERE member_id = %s AND first_seq <= %s AND last_seq >= %s",
        [member.id.hex, entry.seq, entry.seq],
    )
    return known is None


def see_message(actor: Actor, message: UUID) -> MessageView:
    """One message again, for its own page or after something about it changed.

    What is disclosed for the first time is recorded before this returns, as on the timeline.

    Raises:
        Unknown: it is no message but an event.
    """
    view = _message(actor, message)
    if view.new:
        read_seq = record_reading(actor, view.head.group, view.entry.seq, view.entry.seq)
        return replace(view, cursors=view.cursors | {view.head.me: read_seq})
    return view


@disclosure("group.see", on="communication")
def _message(standing: Standing) -> MessageView:
    where, message = standing.where, standing.what.message
    assert where is not None and where.group is not None and where.member is not None
    assert message is not None
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
        new=_is_new(where.member, entry, top.me),
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
        if line.identity is not None
        and line.patient != top.patient
        and len(name := _closed_up(line.identity.name)) > 2
        and name != here
        and name in closed_up
    }
    return sorted(found)


def _closed_up(text: str) -> str:
    return text.replace(" ", "").replace("\u3000", "")
