"""What a member is shown of one message, and of one that is not sent yet.

Itself and what may be done with it, who has read it, its wordings; how it will appear, and to whom.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from renkei.communication.asking_again import asked_of
from renkei.communication.attachments import Item, item, ready_to_go
from renkei.communication.entries import Entry, entries, open_text
from renkei.communication.guard.check import PASS, Finding, Verdict
from renkei.communication.holding import judge_all
from renkei.communication.measuring import to_be_told
from renkei.communication.mentions import Offer, offers, settle
from renkei.communication.observations import Observed, asked, questions, together
from renkei.communication.reading import record_reading
from renkei.communication.selectors import marks_of
from renkei.communication.services import checked_text
from renkei.communication.task_board import TaskLine, task_lines
from renkei.group.head import Head, head
from renkei.group.members import members
from renkei.group.shell import Shell, shell
from renkei.kernel import clock
from renkei.kernel.clock import from_us
from renkei.kernel.database import as_uuid, id_of, row, rows
from renkei.kernel.errors import Unknown
from renkei.patient.models import Identity
from renkei.people.faces import Face, name_by
from renkei.policy.rules import RULES, may
from renkei.policy.standing import LOADS, Actor, Membership, Standing
from renkei.policy.use_case import disclosure

_MESSAGE_RULES = [
    name
    for name, rule in RULES.items()
    if name.startswith(("communication.", "task.")) and rule.needs <= LOADS["communication"]
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
    damaged: bool  # a sentence stands in its place
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
    for line in members(where.group, where.kind):
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
        Wording(number, *open_text(where.key, message.id, number, text), from_us(at))
        for number, text, at in found
    ]
    return [*wordings, Wording(now[0], *open_text(where.key, message.id, *now), None)]


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
    kept: bool  # the person has put a bookmark on it
    pinned: str | None  # by whom; None if it is not
    tasks: list[TaskLine]  # what follows from it
    told_again: list[tuple[datetime, int, bool]]  # when, how many, whether by itself

    @property
    def to_do(self) -> list[TaskLine]:
        """What is still to be done."""
        return [one for one in self.tasks if one.open]


def _pinned(message: UUID) -> str | None:
    """Who pinned a message."""
    found = row(
        "SELECT account_id FROM communication_pin WHERE communication_id = %s", [message.hex]
    )
    return name_by(id_of(found[0])) if found else None


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
        kept=entry.seq in marks_of(where.group, top.me).kept,
        pinned=_pinned(message.id),
        tasks=task_lines(top, "x.communication_id = %s", [message.id.hex]),
        told_again=asked_of(message.id) if entry.importance in ("important", "urgent") else [],
    )


@dataclass(frozen=True, slots=True)
class Other:
    """A patient of the author who is told from the text and whose group this is not."""

    patient: UUID
    identity: Identity | None  # None: not of a group the author is in
    group: UUID | None  # where it belongs, if the author is in that group and may write there


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a text, for the person who wrote it."""

    text: str
    verdict: Verdict  # on the whole; what was found in the text
    others: list[Other]
    files: list[tuple[str, Verdict]]  # names of files that tell who somebody is

    @property
    def nothing(self) -> bool:
        """Whether nothing was found."""
        return not self.verdict.findings and not self.files

    @property
    def given_away(self) -> list[Finding]:
        """What tells who somebody is."""
        return [found for found in self.verdict.findings if found.kind != "emergency"]

    @property
    def alarms(self) -> list[Finding]:
        """What wants the telephone."""
        return [found for found in self.verdict.findings if found.kind == "emergency"]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A message as it will appear and who will read it, before it is sent (N3.8)."""

    head: Head
    checked: Checked
    attachments: list[Item]  # what goes with it, in its order
    text: str  # as it will be kept, without the line about vital signs
    observed: Observed | None  # which goes with it
    unusual: list[str]  # the values about which the author is asked once more
    meant: list[Offer]  # who is meant by it

    @property
    def marks(self) -> list[Finding]:
        """What was found in the text itself."""
        return [one for one in self.checked.verdict.findings if one.end <= len(self.text)]


@disclosure("communication.send", on="group")
def see_confirmation(
    standing: Standing,
    *,
    text: str,
    attachments: tuple[UUID, ...] = (),
    mentions: tuple[str, ...] = (),
    observed: Observed | None = None,
) -> Confirmation:
    """What the author confirms: the text as it will be kept, everyone who will read it.

    And what it gives away, with the names of the files that go with it (A12.2, A13.2, N3.3), or
    wants the telephone for (N4.9).

    Raises:
        Problem: empty or too long, something about what goes with it is not answered (A17), a
            vital sign cannot be, or somebody who is meant is not in the group.
    """
    where = standing.where
    assert where is not None
    cleaned = checked_text(text, may_be_empty=bool(attachments or observed))
    observed = to_be_told(where, observed, clock.now()) if observed else None
    top = head(standing)
    settle(mentions, top.group, top.kind, top.me)
    chosen = [one for one in offers(top.members, top.kind, top.me) if one.token in mentions]
    with_it = _attachments(top, attachments) if attachments else []
    names = [one.name for one in with_it]
    checked = _checked(standing, top.shell, together(cleaned, observed), names)
    return Confirmation(
        top, checked, with_it, cleaned, observed, questions(observed, asked(observed)), chosen
    )


def _attachments(top: Head, wanted: tuple[UUID, ...]) -> list[Item]:
    """One's own attachments that wait here, in the order in which they go.

    Raises:
        Problem: one is not there, or something about it is not answered.
    """
    return [
        item(one)
        for one in ready_to_go(top.group, top.me, wanted, patients=top.patient is not None)
    ]


@disclosure("communication.correct", on="communication")
def see_checked(standing: Standing, *, text: str, observed: Observed | None = None) -> Checked:
    """What a correction of one's own message gives away."""
    where = standing.where
    assert where is not None
    told = to_be_told(where, observed, clock.now()) if observed else None
    return _checked(standing, shell(standing), together(text, told))


def _checked(standing: Standing, around: Shell, text: str, names: Sequence[str] = ()) -> Checked:
    verdict, of_names = judge_all(standing, text, names)
    every = [*verdict.findings, *(one for found in of_names for one in found.findings)]
    named = {patient for found in every for patient in found.patients}
    here = standing.where.patient if standing.where else None
    places = {line.patient: line for line in around.groups if not line.closed}
    others = []
    for patient in sorted(UUID(one) for one in named):
        if patient != here:
            line = places.get(patient)
            others.append(
                Other(patient, line.identity if line else None, line.id if line else None)
            )
    files = [
        (name, found) for name, found in zip(names, of_names, strict=True) if found.verdict != PASS
    ]
    return Checked(text, verdict, others, files)
