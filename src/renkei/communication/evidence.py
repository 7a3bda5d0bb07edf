"""What the proof of the logs compares: every entry with all that belongs to it, and its lines.

Six queries, each in the order of the entries' ids, are read side by side, so that memory does not
grow with the number of messages.
"""

from collections.abc import Iterator
from hashlib import sha256
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

import orjson

from renkei.communication.attachments import told
from renkei.communication.mentions import told as told_of
from renkei.kernel.database import by_bytes, read_on

Detail = dict[str, Any]


class Message(NamedTuple):
    """An entry of a log as it stands in the database; ids are hexadecimal digits."""

    id: str
    group: str
    seq: int
    event: str
    sender: str
    role: str | None
    subject: str | None
    kind: str
    importance: str
    reply_to: int | None
    sent_at: int
    posted_at: int
    version: int
    corrected_at: int | None
    withdrawn_at: int | None
    withdrawn_by: str | None
    sealed: str  # hash of the ciphertext
    reason: str | None  # hash of the sealed reason of its withdrawal
    carries: int = 0  # how many attachments it says it has
    measured: str | None = None  # hash of the sealed vital signs
    meant: int = 0  # how many it says are meant by it


class Earlier(NamedTuple):
    """A wording that was corrected."""

    message: str
    number: int
    replaced_at: int
    sealed: str
    measured: str | None = None


class Carried(NamedTuple):
    """An attachment of a message, as a line tells of it."""

    message: str
    number: int
    told: list[str | None]


class Named(NamedTuple):
    """Somebody who is meant by a message, as a line tells of it."""

    message: str
    number: int
    group: str
    told: list[str | None]


class Understood(NamedTuple):
    """Somebody said 了解."""

    message: str
    account: str
    at: int


class Line(NamedTuple):
    """A line of the trail about one message."""

    message: str
    stream: str
    at: int
    actor: str | None
    action: str
    detail: Detail


class Case(NamedTuple):
    """All there is about one entry. ``message`` is None if only lines speak of it."""

    message: Message | None
    earlier: list[Earlier]
    understood: list[Understood]
    lines: list[Line]
    carried: list[Carried]
    named: list[Named]


_MESSAGES = """
    SELECT id, group_id, seq, event, sender_id, role_id, subject_id, kind, importance, reply_to,
      sent_at, posted_at, version, corrected_at, withdrawn_at, withdrawn_by_id, text,
      withdrawal_reason, carries, measured, meant
    FROM communication_communication ORDER BY id"""
_EARLIER = """
    SELECT communication_id, number, replaced_at, text, measured
    FROM communication_version ORDER BY communication_id, number"""
_UNDERSTOOD = """
    SELECT communication_id, account_id, at
    FROM communication_acknowledgement ORDER BY communication_id, account_id"""
_CARRIED = """
    SELECT f.communication_id, f.number, f.id, c.sha256, s.sha256, t.sha256, f.name, f.consent,
      f.source_said, f.kind, f.media, f.codec, f.source, f.size, f.seconds, f.shows, f.picked,
      f.source_organization_id, f.source_issuer_id, f.views
    FROM communication_attachment f
    LEFT JOIN files_file c ON c.id = f.content_id
    LEFT JOIN files_file s ON s.id = f.screens_id
    LEFT JOIN files_file t ON t.id = f.thumbs_id
    WHERE f.communication_id IS NOT NULL ORDER BY f.communication_id, f.number, f.id"""
_NAMED = """
    SELECT communication_id, number, group_id, what, account_id, word
    FROM communication_mention ORDER BY communication_id, number, id"""
_ENTITY = "Communication/"
_LINES = f"""
    SELECT entity, stream, at, actor, action, detail FROM audit_auditevent
    WHERE outcome = 'done' AND entity LIKE '{_ENTITY}%' ORDER BY entity{{collation}}, id"""
_EVENTS = """
    SELECT stream, at, actor, action, detail FROM audit_auditevent
    WHERE outcome = 'done' AND detail LIKE '%"entries":[%' ORDER BY id"""
BEGUN: Final = ("erasure.begin", "erasure.replay")
ALL_GONE: Final = ("erasure.remove", "erasure.replay")
_ERASED = """
    SELECT detail FROM audit_auditevent WHERE outcome = 'done' AND action IN ({actions})"""
_IDS = (0, 1, 4, 5, 6, 15)  # columns of ``_MESSAGES`` that hold ids
_SEALED = (16, 17, 19)


def hexed(value: Any) -> Any:
    """An id as hexadecimal digits, as it comes from either database."""
    return value if value is None or isinstance(value, str) else value.hex


def hash_of(sealed: Any) -> str | None:
    """The hash of what is sealed; also of letters that somebody put in its place."""
    if sealed is None:
        return None
    return sha256(
        str(sealed).encode() if isinstance(sealed, str | int | float) else sealed
    ).hexdigest()


def _messages() -> Iterator[Message]:
    for found in read_on(_MESSAGES):
        columns: list[Any] = list(found)
        for at in _IDS:
            columns[at] = hexed(columns[at])
        for at in _SEALED:
            columns[at] = hash_of(columns[at])
        yield Message._make(columns)


def _earlier() -> Iterator[Earlier]:
    for message, number, replaced_at, text, measured in read_on(_EARLIER):
        yield Earlier(hexed(message), number, replaced_at, hash_of(text) or "", hash_of(measured))


def _carried() -> Iterator[Carried]:
    for one in read_on(_CARRIED):
        try:
            views = orjson.loads(one[19])
        except ValueError:
            views = None
        files, sealed, facts = list(one[3:6]), list(one[6:9]), list(one[9:15])
        about = told(hexed(one[2]), files, sealed, facts, list(one[15:17]), list(one[17:19]), views)
        yield Carried(hexed(one[0]), one[1], about)


def _named() -> Iterator[Named]:
    for message, number, group, what, account, word in read_on(_NAMED):
        about = [what, hexed(account), told_of(word)]
        yield Named(hexed(message), number, hexed(group), about)


def _understood() -> Iterator[Understood]:
    for message, account, at in read_on(_UNDERSTOOD):
        yield Understood(hexed(message), hexed(account), at)


def detail_of(written: Any, kind: type = dict) -> Any:
    """What a line, or such a column, says; nothing if it was changed into something else."""
    try:
        found = written if isinstance(written, kind) else orjson.loads(written)
    except (TypeError, ValueError):
        return kind()
    return found if isinstance(found, kind) else kind()


def _lines() -> Iterator[Line]:
    for entity, stream, at, actor, action, detail in read_on(_LINES.format(collation=by_bytes())):
        message = entity.removeprefix(_ENTITY)
        yield Line(message, stream, at, hexed(actor), action, detail_of(detail))


def event_lines() -> Iterator[Line]:
    """The lines in which events stand, one for each event."""
    for stream, at, actor, action, detail in read_on(_EVENTS):
        for entry in detail_of(detail).get("entries", ()):
            # a line that was changed into something else is for the proof of the chains
            if isinstance(entry, dict) and isinstance(entry.get("id"), str):
                yield Line(entry["id"], stream, at, hexed(actor), action, entry)


def erased_groups(actions: tuple[str, ...]) -> frozenset[str]:
    """The groups of which lines say that they were erased."""
    named = ", ".join(f"'{one}'" for one in actions)
    found: set[str] = set()
    for (detail,) in read_on(_ERASED.format(actions=named)):
        groups = detail_of(detail).get("groups", ())
        found |= {one for one in groups if isinstance(one, str)}
    return frozenset(found)


def cases() -> Iterator[Case]:
    """Everything about one entry after the other, in the order of their ids."""
    by_id = itemgetter(0)
    merged: Iterator[Any] = merge(
        _messages(), _earlier(), _understood(), _lines(), _carried(), _named(), key=by_id
    )
    for _, about in groupby(merged, key=by_id):
        kinds: tuple[type, ...] = (Message, Earlier, Understood, Line, Carried, Named)
        found: dict[type, list[Any]] = {one: [] for one in kinds}
        for one in about:
            found[type(one)].append(one)
        message = found[Message][0] if found[Message] else None
        yield Case(message, *(found[one] for one in kinds[1:]))
