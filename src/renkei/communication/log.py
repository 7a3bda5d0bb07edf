"""The log of a group: one place that gives the next number and writes the entry.

Everything else - reading, live streams, search, notices - follows this log with a cursor of its
own. Nothing is written per recipient.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from renkei.communication import observations
from renkei.communication.observations import Observed
from renkei.kernel import vault
from renkei.kernel.database import execute, row
from renkei.kernel.entity import uuid7

SKEW_US: Final = 1_000_000  # microseconds by which the clocks of several machines may differ


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry just written."""

    id: UUID
    seq: int
    line: dict[str, Any]  # what its audit line commits to, see ``append``


def place(communication: UUID, version: int) -> str:
    """The associated data of one wording of one message."""
    return f"communication.Communication/{communication.hex}/text.{version}"


def seal(key: UUID, communication: UUID, version: int, text: str) -> bytes:
    """Seal one wording of a message."""
    return vault.seal(key, text.encode(), about=place(communication, version))


def unseal(key: UUID, communication: UUID, version: int, sealed: bytes | memoryview) -> str:
    """The wording, readable; the errors of ``vault.unseal``."""
    return vault.unseal(key, sealed, about=place(communication, version)).decode()


# Gives back the moment of the entry before it, and nothing if it is there already.
_INSERT = """
    INSERT INTO communication_communication
      (id, key_id, group_id, seq, event, sender_id, role_id, subject_id, kind, importance,
       text, sent_at, posted_at, idempotency_key, reply_to, carries, measured, version)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1)
    ON CONFLICT (group_id, sender_id, idempotency_key) DO NOTHING
    RETURNING (SELECT b.posted_at FROM communication_communication b
      WHERE b.group_id = %s AND b.seq = %s)"""


def append(
    *,
    group: UUID,
    key: UUID,
    last_seq: int,
    sender: UUID,
    role: UUID | None,
    text: str,
    sent_us: int,
    posted_us: int,
    event: str = "",
    subject: UUID | None = None,
    kind: str = "",
    importance: str = "",
    reply_to: int | None = None,
    carries: int = 0,
    observed: Observed | None = None,
    idempotency_key: UUID | None = None,
) -> Entry | None:
    """Write the entry after ``last_seq``; the group's row must be locked.

    What the audit line has to commit to so that nobody changes the entry unseen: its place, author,
    kind and so on; of events also what the line itself does not say (``communication.proof``). If
    the clock was set back since the entry before, it says by how many microseconds.

    Returns:
        None if this sender has posted with this idempotency key to this group before.
    """
    entry_id, seq = uuid7(), last_seq + 1
    sealed = seal(key, entry_id, 1, text)
    measured = observations.seal(key, entry_id, 1, observed)
    written = row(
        _INSERT,
        [
            entry_id.hex, key.hex, group.hex, seq, event, sender.hex, role.hex if role else None,
            subject.hex if subject else None, kind, importance,
            sealed, sent_us, posted_us, idempotency_key.hex if idempotency_key else None,
            reply_to, carries, measured,
            group.hex, last_seq,
        ],
    )  # fmt: skip
    if written is None:
        return None
    execute("UPDATE group_group SET last_seq = %s WHERE id = %s", [seq, group.hex])
    line: dict[str, Any] = {
        "seq": seq,
        "version": 1,
        "sealed": sha256(sealed).hexdigest(),
        "role": role.hex if role else None,
    }
    if event:
        line |= {"id": entry_id.hex, "group": group.hex, "event": event, "sender": sender.hex}
        line["subject"] = subject.hex if subject else None
    else:
        line["kind"], line["importance"], line["reply_to"] = kind, importance, reply_to
    if measured is not None:
        line["measured"] = sha256(measured).hexdigest()
    if sent_us != posted_us:
        line["sent_at"] = sent_us
    if went_back(written[0], posted_us):
        line["clock_back"] = written[0] - posted_us
    return Entry(entry_id, seq, line)


def alter(group: UUID, seq: int, what: str) -> None:
    """Let whoever follows the log know that an entry is not what it was (``Alteration.What``).

    Within the change itself, with the group's row locked.
    """
    number = row(
        "UPDATE group_group SET last_alteration = last_alteration + 1 WHERE id = %s"
        " RETURNING last_alteration",
        [group.hex],
    )
    assert number is not None
    execute(
        "INSERT INTO communication_alteration (id, group_id, number, seq, what)"
        " VALUES (%s, %s, %s, %s, %s)",
        [uuid7().hex, group.hex, number[0], seq, what],
    )


def went_back(before_us: int | None, posted_us: int) -> bool:
    """Whether the clock was set back between an entry and the one after it."""
    return before_us is not None and before_us - posted_us >= SKEW_US
