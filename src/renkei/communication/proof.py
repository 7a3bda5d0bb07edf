"""The proof that every entry of every log is what the audit trail says of it.

A line about a message commits to the hash of its ciphertext and to what decides how it is read: its
group and number, its author and their role, kind, importance, what it answers, what goes with it,
who is meant by it, the vital signs it brings, when it was posted and when it was said. Corrections,
withdrawals and 了解 have lines of their own, as have tasks and what was told again
(``follow_up_proof``); an event stands in the line of what happened
(``entries``). Lines written before lines said as much are held to what they say.

Of a group that was erased (A11.7) the lines stay and the entries go. Once its chain says that the
erasing has begun, an entry that is missing is no fault; once it says that all is gone, one that is
there is.

Not covered, because nothing of it is shown and nothing hangs on it: ``idempotency_key``, and the
ids of earlier wordings and of 了解. ``key_id`` is covered by the text: under another key it does
not open.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext_noop

from renkei.audit.trail import Break, Progress
from renkei.communication import follow_up_proof
from renkei.communication.evidence import (
    ALL_GONE,
    BEGUN,
    Case,
    Line,
    Message,
    cases,
    erased_groups,
    event_lines,
)
from renkei.kernel.database import damaged_text, read_on, snapshot

CHANGED = gettext_noop("the message is not what was sealed")
GONE = gettext_noop("the message its line speaks of is not there")
UNSPOKEN = gettext_noop("no line speaks of this message")
MOVED = gettext_noop("it stands in another place of the log than its line says")
AUTHOR = gettext_noop("its author is not whom its line names")
WEIGHT = gettext_noop("its kind, its importance or what it answers is not what its line says")
TIME = gettext_noop("its time is not what its line says")
CORRECTION = gettext_noop("its corrections are not those on record")
MEASURED = gettext_noop("its measured values are not those on record")
WITHDRAWAL = gettext_noop("its withdrawal is not the one on record")
UNDERSTOOD = gettext_noop("those who understood it are not those on record")
CARRIED = gettext_noop("what goes with the message is not what its line says")
NAMED = gettext_noop("who is meant by the message is not what its line says")
EVENT = gettext_noop("the event is not what its line says")
LEFT = gettext_noop("its group was erased, and it is still there")
GAP = gettext_noop("an entry is missing, or the log ends elsewhere than its group says")

_TAKEN_AWAY: Final = frozenset({"communication.withdraw", "communication.hide"})
_POSTED: Final = frozenset({"communication.send", "region.load"})


@dataclass(slots=True)
class _Proof:
    """What was compared so far."""

    count: int = 0  # wordings and events
    breaks: set[Break] = field(default_factory=set)
    whole: dict[str, int] = field(default_factory=dict)  # group: its first line that says all
    loose: list[Message] = field(default_factory=list)  # events of which no line speaks
    gone: set[str] = field(default_factory=set)  # groups from which an entry is gone
    erasing: frozenset[str] = frozenset()  # groups whose erasing has begun
    erased: frozenset[str] = frozenset()  # groups of which nothing is left, as their lines say

    def take(self, case: Case, spoken: dict[str, Line]) -> None:
        """Compare one entry with its lines."""
        message = case.message
        if message is None:
            self._gone(case)
            return
        self.count += 1 + len(case.earlier)
        if message.group in self.erasing:
            if message.group in self.erased:
                self.breaks.add(_at(message, LEFT))
            return
        if message.event:
            self._event(message, spoken.pop(message.id, None), case)
            return
        for line in case.lines:
            if "kind" in line.detail:
                self._says_all(line, message.seq)
        for why in _faults(message, case):
            self.breaks.add(_at(message, why))

    def _says_all(self, line: Line, seq: int) -> None:
        group = _group(line)
        self.whole[group] = min(seq, self.whole.get(group, seq))

    def _gone(self, case: Case) -> None:
        for line in case.lines[:1]:
            self.missing(line)

    def missing(self, line: Line) -> None:
        """The entry a line speaks of is not there."""
        group, seq = _group(line), line.detail.get("seq", 0)
        if group in self.erasing:
            return
        self.gone.add(group)
        self.breaks.add(Break(f"group:{group}", seq, GONE))

    def _event(self, event: Message, line: Line | None, case: Case) -> None:
        if line is None:
            self.loose.append(event)
            return
        self._says_all(line, event.seq)
        if (event.seq, event.group) != (line.detail.get("seq"), line.detail.get("group")):
            self.breaks.add(_at(event, MOVED))
        elif _as_event(event) != _as_recorded(line) or case.earlier or case.lines or case.named:
            self.breaks.add(_at(event, EVENT))

    def settle(self) -> None:
        """Events from before lines spoke of them stand; one put in later does not."""
        for event in self.loose:
            if event.seq > self.whole.get(event.group, event.seq):
                self.breaks.add(_at(event, UNSPOKEN))
        for group, last, count, newest in read_on(_ENDS):
            name = group if isinstance(group, str) else group.hex
            if not last == count == newest and name not in self.gone | self.erasing:
                self.breaks.add(Break(f"group:{name}", last, GAP))


_ENDS = """
    SELECT g.id, g.last_seq, COUNT(c.id), COALESCE(MAX(c.seq), 0) FROM group_group g
    LEFT JOIN communication_communication c ON c.group_id = g.id GROUP BY g.id, g.last_seq"""


def verify(progress: Progress | None = None) -> tuple[int, list[Break]]:
    """Compare every entry with its lines; how many wordings and events, and what does not fit.

    A break names a group and the number of the entry in its log. All of it is of one moment. Says
    nothing about the lines themselves; ``audit.trail.verify`` does.
    """
    with damaged_text(), snapshot():
        proof = _Proof(erasing=erased_groups(BEGUN), erased=erased_groups(ALL_GONE))
        spoken = {line.message: line for line in event_lines()}
        for number, case in enumerate(cases()):
            proof.take(case, spoken)
            if progress is not None and number % 1000 == 0:
                progress(proof.count)
        for line in spoken.values():
            proof.missing(line)
        proof.settle()
        proof.breaks |= set(follow_up_proof.verify(proof.erasing))
    return proof.count, sorted(proof.breaks, key=lambda one: (one.stream, one.seq, one.why))


def _at(message: Message, why: str) -> Break:
    return Break(f"group:{message.group}", message.seq, why)


def _group(line: Line) -> str:
    return str(line.detail.get("group") or line.stream.removeprefix("group:"))


def _as_event(event: Message) -> tuple[object, ...]:
    """An event, as ``_as_recorded`` tells it; nobody alters one, and nothing goes with it."""
    facts = (event.event, event.sender, event.role, event.subject, event.sealed, event.version)
    untouched = (event.kind, event.importance, event.carries, event.reply_to, event.corrected_at)
    gone = (event.withdrawn_at, event.withdrawn_by, event.reason, event.measured, event.meant)
    return (*facts, *untouched, *gone, event.posted_at, event.sent_at)


def _as_recorded(line: Line) -> tuple[object, ...]:
    said = line.detail
    names = ("event", "sender", "role", "subject", "sealed", "version")
    facts = [said.get(name) for name in names]
    nothing = ("", "", 0, None, None, None, None, None, None, 0)
    return (*facts, *nothing, line.at, said.get("sent_at", line.at))


def _faults(message: Message, case: Case) -> Iterator[str]:
    """Why a message is not what its lines say."""
    posted = [line for line in case.lines if line.action in _POSTED]
    if len(posted) != 1:
        yield UNSPOKEN
        return
    yield from _post_faults(message, posted[0])
    yield from _wording_faults(message, case)
    if not _carries(message, case, posted[0]):
        yield CARRIED
    if not _named(message, case):
        yield NAMED
    yield from _withdrawal_faults(message, case)
    yield from _understood_faults(case)


def _carries(message: Message, case: Case, line: Line) -> bool:
    """Whether what goes with it is what its line says, in its order."""
    told, places = [one.told for one in case.carried], [one.number for one in case.carried]
    as_said = told == line.detail.get("attachments", [])
    return as_said and places == [*range(1, message.carries + 1)]


def _named(message: Message, case: Case) -> bool:
    """Whether those who are meant are whom the last line that speaks of it says."""
    lines = [line for line in case.lines if "meant" in line.detail]
    last = max(lines, key=lambda line: line.detail.get("version", 0), default=None)
    said = last.detail["meant"] if last else []
    told, places = [one.told for one in case.named], [one.number for one in case.named]
    here = all(one.group == message.group for one in case.named)
    return here and told == said and places == [*range(1, message.meant + 1)]


def _post_faults(message: Message, line: Line) -> Iterator[str]:
    said = line.detail
    if (message.group, message.seq) != (_group(line), said.get("seq")):
        yield MOVED
    author = said.get("author", line.actor)
    if message.sender != author or said.get("role", message.role) != message.role:
        yield AUTHOR
    if message.posted_at != line.at:
        yield TIME
    if "kind" not in said:  # from before lines said all
        return
    if message.sent_at != said.get("sent_at", line.at):
        yield TIME
    weight = (message.kind, message.importance, message.reply_to, message.subject)
    if weight != (said["kind"], said.get("importance"), said.get("reply_to"), None):
        yield WEIGHT


def _wording_faults(message: Message, case: Case) -> Iterator[str]:
    """Each wording against the line of its posting or correction."""
    lines = {line.detail.get("version"): line for line in case.lines if "sealed" in line.detail}
    wordings = {one.number: one.sealed for one in case.earlier} | {message.version: message.sealed}
    if set(lines) - set(wordings):
        yield GONE
    if set(wordings) - set(lines):
        yield UNSPOKEN
    both = set(wordings) & set(lines)
    if any(wordings[number] != lines[number].detail["sealed"] for number in both):
        yield CHANGED
    measured = {one.number: one.measured for one in case.earlier}
    measured[message.version] = message.measured
    if any(measured[number] != lines[number].detail.get("measured") for number in both):
        yield MEASURED
    corrected = [(one.number + 1, one.replaced_at) for one in case.earlier]
    on_record = sorted((number, line.at) for number, line in lines.items() if number != 1)
    if corrected != on_record or message.corrected_at != (on_record[-1][1] if on_record else None):
        yield CORRECTION


def _withdrawal_faults(message: Message, case: Case) -> Iterator[str]:
    lines = [line for line in case.lines if line.action in _TAKEN_AWAY]
    if not lines and message.withdrawn_at is None:
        if message.withdrawn_by is not None or message.reason is not None:
            yield WITHDRAWAL
        return
    if len(lines) != 1:
        yield WITHDRAWAL
        return
    line = lines[0]
    facts = (message.withdrawn_at, message.withdrawn_by, message.reason)
    if facts != (line.at, line.actor, line.detail.get("reason", message.reason)):
        yield WITHDRAWAL


def _understood_faults(case: Case) -> Iterator[str]:
    lines = [line for line in case.lines if line.action == "communication.understand"]
    on_record = Counter((line.actor, line.at) for line in lines)
    if on_record != Counter((one.account, one.at) for one in case.understood):
        yield UNDERSTOOD
