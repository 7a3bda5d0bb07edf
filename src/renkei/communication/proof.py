"""The proof that messages are what the audit trail says: each against the hash in its line."""

from collections.abc import Iterator
from hashlib import sha256

import orjson
from django.db import connection
from django.utils.translation import gettext_noop

from renkei.audit.trail import Break
from renkei.kernel.database import row, rows

CHANGED = gettext_noop("the message is not what was sealed")
GONE = gettext_noop("the message it speaks of is not there")
UNSPOKEN = gettext_noop("no line speaks of this message")

# stream, seq, entity, detail of a line; version and text of its message, None if it is gone
Found = tuple[str, int, str, str, int | None, bytes | None]
_ENTITY = "Communication/"
_SPEAKING = f"outcome = 'done' AND entity LIKE '{_ENTITY}%%' AND detail LIKE '%%\"sealed\":%%'"


def verify() -> tuple[int, list[Break]]:
    """Compare every wording of every message with its line; how many, and what does not fit.

    Says nothing about the lines themselves; ``audit.trail.verify`` does.
    """
    breaks: list[Break] = []
    count = there = 0
    for found in _lines_with_messages():
        count += 1
        why = _fault(found)
        there += why != GONE
        if why:
            breaks.append(Break(found[0], found[1], why))
    if there != _wordings():
        breaks += _unspoken()
    return count, sorted(breaks, key=lambda one: (one.stream, one.seq))


def _lines_with_messages() -> Iterator[Found]:
    """Every line that speaks of a wording, with what its message says now."""
    message = f"substr(a.entity, {len(_ENTITY) + 1})"
    if connection.vendor == "postgresql":
        message += "::uuid"
    sql = f"""
        SELECT a.stream, a.seq, a.entity, a.detail, c.version, c.text
          FROM (SELECT stream, seq, entity, detail FROM audit_auditevent WHERE {_SPEAKING}) a
          LEFT JOIN communication_communication c ON c.id = {message}"""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, [])
        while chunk := cursor.fetchmany(2000):
            yield from chunk


def _fault(found: Found) -> str:
    """Say why a message is not what its line says; empty if it is."""
    _, _, entity, written, version, text = found
    detail = orjson.loads(written)
    if version != detail["version"]:
        text = _earlier(entity.removeprefix(_ENTITY), detail["version"])
    if text is None:
        return GONE
    return "" if sha256(text).hexdigest() == detail["sealed"] else CHANGED


def _earlier(message: str, number: int) -> bytes | None:
    """A wording that was corrected later."""
    found = row(
        "SELECT text FROM communication_version WHERE communication_id = %s AND number = %s",
        [message, number],
    )
    return found[0] if found else None


def _wordings() -> int:
    """How many wordings are there, earlier ones included."""
    found = row(
        "SELECT (SELECT COUNT(*) FROM communication_communication WHERE event = '')"
        " + (SELECT COUNT(*) FROM communication_version)",
        [],
    )
    return int(found[0]) if found else 0


def _unspoken() -> list[Break]:
    """The messages of which no line speaks; asked only when the numbers do not agree."""
    lines = rows(f"SELECT entity FROM audit_auditevent WHERE {_SPEAKING}", [])
    spoken = {entity for (entity,) in lines}
    messages = rows(
        "SELECT id, seq FROM communication_communication WHERE event = '' ORDER BY id", []
    )
    entities = [(f"{_ENTITY}{str(one).replace('-', '')}", seq) for one, seq in messages]
    return [Break(entity, seq, UNSPOKEN) for entity, seq in entities if entity not in spoken]
