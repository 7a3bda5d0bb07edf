"""The log of a group: one place that gives the next number and writes the entry.

Everything else - reading, live streams, search, notices - follows this log with a cursor of its
own. Nothing is written per recipient.
"""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from renkei.kernel import vault
from renkei.kernel.database import execute
from renkei.kernel.entity import uuid7


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry just written."""

    id: UUID
    seq: int
    sealed_sha256: str  # of the ciphertext, for the audit line


def place(communication: UUID, version: int) -> str:
    """The associated data of one wording of one message."""
    return f"communication.Communication/{communication.hex}/text.{version}"


def seal(key: UUID, communication: UUID, version: int, text: str) -> bytes:
    """Seal one wording of a message."""
    return vault.seal(key, text.encode(), about=place(communication, version))


def unseal(key: UUID, communication: UUID, version: int, sealed: bytes | memoryview) -> str:
    """The wording, readable; the errors of ``vault.unseal``."""
    return vault.unseal(key, sealed, about=place(communication, version)).decode()


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
    idempotency_key: UUID | None = None,
) -> Entry | None:
    """Write the entry after ``last_seq``; the group's row must be locked.

    Returns:
        None if this sender has posted with this idempotency key to this group before.
    """
    entry_id, seq = uuid7(), last_seq + 1
    sealed = seal(key, entry_id, 1, text)
    written = execute(
        "INSERT INTO communication_communication"
        " (id, key_id, group_id, seq, event, sender_id, role_id, subject_id, kind, importance,"
        " text, sent_at, posted_at, idempotency_key, reply_to, version)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1)"
        " ON CONFLICT (group_id, sender_id, idempotency_key) DO NOTHING",
        [
            entry_id.hex,
            key.hex,
            group.hex,
            seq,
            event,
            sender.hex,
            role.hex if role else None,
            subject.hex if subject else None,
            kind,
            importance,
            sealed,
            sent_us,
            posted_us,
            idempotency_key.hex if idempotency_key else None,
            reply_to,
        ],
    )
    if not written:
        return None
    execute("UPDATE group_group SET last_seq = %s WHERE id = %s", [seq, group.hex])
    return Entry(entry_id, seq, sha256(sealed).hexdigest())
