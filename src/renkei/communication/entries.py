"""Entries of a group's log, opened: what was said, by whom, and who has understood it.

For disclosures and the live stream, whose own rules have been asked already.
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from renkei.communication import log
from renkei.group.disclosures import MemberLine
from renkei.kernel import vault
from renkei.kernel.clock import from_us
from renkei.kernel.database import as_uuid, row, rows
from renkei.kernel.errors import Unknown
from renkei.kernel.sealed import about
from renkei.people.faces import COLUMNS, WIDTH, Face, face


class Entry(NamedTuple):
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
    reason: str = vault.unseal_json(key, sealed, about=place)
    return reason


def _entry(found: tuple[Any, ...], faces: Faces, understood: dict[int, list[Face]]) -> Entry:
    """An entry from the columns of ``_ENTRY``."""
    message, key = as_uuid(found[0]), as_uuid(found[1])
    assert message is not None and key is not None
    subject, reason = found[6] and as_uuid(found[6]), found[15]
    withdrawn = found[14] is not None
    return Entry(
        message,
        found[2],
        found[3],
        faces.author(found[4], found[5]),
        faces.of_role(subject) if subject else None,
        found[7],
        found[8],
        "" if withdrawn else log.unseal(key, message, found[12], found[9]),
        from_us(found[10]),
        found[11],
        found[12],
        from_us(found[13]) if found[13] else None,
        from_us(found[14]) if withdrawn else None,
        _reason(message, key, reason) if reason else "",
        understood.get(found[2], []),
        [],
    )


def entries(group: UUID, first: int, last: int, lines: list[MemberLine]) -> list[Entry]:
    """The entries from ``first`` to ``last``, both included, oldest first."""
    if last < first:
        return []
    faces = Faces(lines)
    understood: dict[int, list[Face]] = {}
    for seq, account in rows(_UNDERSTOOD, [group.hex, first, last]):
        understood.setdefault(seq, []).append(faces.author(account, None))
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
