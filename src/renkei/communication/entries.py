"""Entries of a group's log, opened: what was said, by whom, and who has understood it.

For disclosures and the live stream, whose own rules have been asked already.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from renkei.communication import log, observations, recent
from renkei.communication.attachments import Item, items
from renkei.communication.mentions import mentions_of
from renkei.communication.observations import Observed
from renkei.group.members import MemberLine
from renkei.kernel import vault
from renkei.kernel.clock import from_us
from renkei.kernel.damage import sentence, tell
from renkei.kernel.database import as_uuid, id_of, row, rows
from renkei.kernel.errors import Tampered, Unknown
from renkei.kernel.sealed import about
from renkei.people.faces import OR_OPERATOR, WIDTH, Face, face


class Entry(NamedTuple):
    """One entry of the log as it is shown. The same for everyone who may see it."""

    id: UUID
    seq: int
    event: str
    sender: Face
    subject: Face | None
    kind: str
    importance: str
    text: str  # empty when withdrawn; a sentence in its place when damaged
    damaged: bool  # what is stored is not what was sealed
    sent_at: datetime
    reply_to: int | None
    version: int
    corrected_at: datetime | None
    withdrawn_at: datetime | None
    withdrawal_reason: str
    hidden_by: Face | None  # the manager who hid it, if it was not its author who withdrew it
    clock_back: bool  # the clock was set back since the entry before it
    attachments: Sequence[Item]
    meant: Sequence["Named"]
    observed: Observed | None  # the vital signs it brings, which its text tells as well
    forms: recent.Forms | None  # its HTML as it was rendered last, if it is kept
    understood: Sequence[Face] = ()
    replies: Sequence["Entry"] = ()

    @property
    def words(self) -> str:
        """The text without the line about vital signs."""
        return observations.words_alone(self.text, self.observed)


class Named(NamedTuple):
    """Who is meant by a message, as it is shown; by a role several people may be."""

    what: str
    word: str  # of the role
    faces: list[Face]  # none for everybody


_ENTRY = """t.id, t.key_id, t.seq, t.event, t.sender_id, t.role_id, t.subject_id, t.kind,
    t.importance, t.text, t.sent_at, t.reply_to, t.version, t.corrected_at, t.withdrawn_at,
    t.withdrawal_reason, t.posted_at, t.withdrawn_by_id, t.carries, t.measured, t.meant"""
_RANGE = f"""
    SELECT {_ENTRY} FROM communication_communication t
    WHERE t.group_id = %s AND t.seq BETWEEN %s AND %s ORDER BY t.seq"""
_UNDERSTOOD = """
    SELECT t.seq, k.account_id FROM communication_acknowledgement k
    JOIN communication_communication t ON t.id = k.communication_id
    WHERE t.group_id = %s AND t.seq BETWEEN %s AND %s ORDER BY k.at"""
_FACES = f"""
    SELECT {OR_OPERATOR} FROM people_account a
    LEFT JOIN people_practitionerrole r ON r.id = %s
    LEFT JOIN people_organization o ON o.id = r.organization_id
    LEFT JOIN people_operatorrole op ON op.account_id = a.id AND op.ended_at IS NULL
    LEFT JOIN region_region rg ON rg.id = a.region_id AND op.id IS NOT NULL
    WHERE a.id = COALESCE(%s, r.account_id)"""


class Faces:
    """The faces a page needs: those of the members at hand, the rare others fetched once."""

    def __init__(self, lines: list[MemberLine]) -> None:
        # by their numbers: an id takes long to hash
        self._by_role = {line.face.role.int: line.face for line in lines if line.face.role}
        self._by_account = {line.face.account.int: line.face for line in lines}
        self._authors: dict[tuple[Any, Any], Face] = {}

    def of_role(self, role: UUID) -> Face:
        """The face that goes with a role."""
        found = self._by_role.get(role.int)
        if found is None:
            found = self._by_role[role.int] = self._fetch(role, None)
        return found

    def of(self, account: UUID, role: UUID | None) -> Face:
        """The face of an author, in the role in which they wrote."""
        if role is not None:
            return self.of_role(role)
        found = self._by_account.get(account.int)
        if found is None:
            found = self._by_account[account.int] = self._fetch(None, account)
        return found

    def author(self, account: Any, role: Any) -> Face:
        """The face of an author from the columns of a query: the same few in row after row."""
        found = self._authors.get((account, role))
        if found is None:
            who = as_uuid(account)
            assert who is not None
            found = self._authors[account, role] = self.of(who, as_uuid(role))
        return found

    def _fetch(self, role: UUID | None, account: UUID | None) -> Face:
        found = row(_FACES, [role.hex if role else None, account.hex if account else None])
        if found is None:
            raise Unknown("person")
        return face(found[:WIDTH])


def _reason(message: UUID, key: UUID, sealed: bytes) -> str:
    place = about("communication.Communication", message, "withdrawal_reason")
    try:
        reason: str = vault.unseal_json(key, sealed, about=place)
    except Tampered as found:
        return sentence(found)
    return reason


def open_text(key: UUID, message: UUID, version: int, sealed: bytes) -> tuple[str, bool]:
    """A wording, and whether a sentence stands in its place because it does not open.

    Raises:
        Erased: the key of the group was destroyed, and with it everything said there.
    """
    try:
        return log.unseal(key, message, version, sealed), False
    except Tampered as found:
        return sentence(found), True


def _entry(
    found: tuple[Any, ...],
    sender: Face,
    clock_back: bool,
    faces: Faces,
    carried: dict[UUID, list[Item]],
    meant: dict[UUID, list[Named]],
) -> Entry:
    """An entry from the columns of ``_ENTRY``; who has understood it is added to it."""
    message, key = as_uuid(found[0]), as_uuid(found[1])
    assert message is not None and key is not None
    subject, reason = found[6] and as_uuid(found[6]), found[15]
    withdrawn = found[14] is not None
    text, damaged = ("", False) if withdrawn else open_text(key, message, found[12], found[9])
    observed = _observed(key, message, found) if found[19] and not withdrawn else None
    # it is made of its row and the author's face alone, and all of it is in order
    alone = not (withdrawn or damaged or found[3] or found[18] or found[20])
    return Entry(
        message,
        found[2],
        found[3],
        sender,
        faces.of_role(subject) if subject else None,
        found[7],
        found[8],
        text,
        damaged,
        from_us(found[10]),
        found[11],
        found[12],
        from_us(found[13]) if found[13] else None,
        from_us(found[14]) if withdrawn else None,
        _reason(message, key, reason) if reason else "",
        faces.author(found[17], None) if found[17] and found[17] != found[4] else None,
        clock_back,
        carried.get(message, ()) if carried else (),
        meant.get(message, ()) if meant else (),
        observed,
        {} if alone and (observed is not None or not found[19]) else None,
    )


def _observed(key: UUID, message: UUID, found: tuple[Any, ...]) -> Observed | None:
    """The vital signs of an entry; None where they do not open: the text tells them too."""
    try:
        return observations.unseal(key, message, found[12], found[19])
    except Tampered as damage:
        tell(damage)
        return None


def entries(group: UUID, first: int, last: int, lines: list[MemberLine]) -> list[Entry]:
    """The entries from ``first`` to ``last``, both included, oldest first."""
    if last < first:
        return []
    faces, cleared = Faces(lines), recent.let_go()
    understood: dict[int, list[Face]] = {}
    for seq, account in rows(_UNDERSTOOD, [group.hex, first, last]):
        understood.setdefault(seq, []).append(faces.author(account, None))
    found, before = [], None
    read = rows(_RANGE, [group.hex, first - 1, last])  # with the one before, for its moment
    carried = _carried([id_of(one[0]) for one in read if one[18] and one[14] is None])
    meant = _meant([id_of(one[0]) for one in read if one[20] and one[14] is None], faces)
    for one in read:
        if one[2] >= first:
            sender, clock_back = faces.author(one[4], one[5]), log.went_back(before, one[16])
            entry = recent.find(one, sender, clock_back, cleared)
            if entry is None:
                entry = _entry(one, sender, clock_back, faces, carried, meant)
                if entry.forms is not None:
                    recent.keep(one, entry, cleared)
            if one[2] in understood:
                entry = entry._replace(understood=understood[one[2]])
            found.append(entry)
        before = one[16]
    return found


def _carried(messages: list[UUID]) -> dict[UUID, list[Item]]:
    """What goes with these messages; nothing is asked where there is nothing."""
    carried: dict[UUID, list[Item]] = {}
    for one in items(communication__in=messages) if messages else ():
        if one.message is not None:
            carried.setdefault(one.message, []).append(one)
    return carried


def _meant(messages: list[UUID], faces: Faces) -> dict[UUID, list[Named]]:
    """Who is meant by these messages, those of one role together."""
    meant: dict[UUID, list[Named]] = {}
    for message, found in mentions_of(messages).items():
        named = meant.setdefault(message, [])
        for one in found:
            shown = [faces.of(one.account, None)] if one.account else []
            if one.word and named and (named[-1].what, named[-1].word) == (one.what, one.word):
                named[-1].faces.extend(shown)
            else:
                named.append(Named(one.what, one.word, shown))
    return meant


def threaded(found: list[Entry]) -> list[Entry]:
    """Hang answers under what they answer, where both are here (one level deep)."""
    here = {entry.seq for entry in found}
    answers: dict[int, list[Entry]] = {}
    top = []
    for entry in reversed(found):  # an answer comes after what it answers
        if entry.seq in answers:
            entry = entry._replace(replies=answers[entry.seq][::-1])
        if entry.reply_to in here and entry.reply_to < entry.seq:
            answers.setdefault(entry.reply_to, []).append(entry)
        else:
            top.append(entry)
    return top[::-1]
