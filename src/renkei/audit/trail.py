"""The only way into the audit trail, and the proof that nothing in it was changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Count
from django.utils.translation import gettext_noop

from renkei.audit.models import START, AuditEvent, AuditHead
from renkei.audit.models import Outcome as Outcome  # callers say how it went
from renkei.kernel import clock
from renkei.kernel.database import damaged_text, execute, for_update, read_on, row, snapshot

Detail = dict[str, Any]
Event = AuditEvent  # a line as it is read
Progress = Callable[[int], None]  # is told how many were looked at so far

CHANGED = gettext_noop("the line was changed")
MISSING = gettext_noop("a line before it is missing")
ALL_MISSING = gettext_noop("all lines of the stream are missing")
CUT = gettext_noop("the end of the stream does not match its head")

_COLUMNS = "stream, seq, at, actor, organization, action, outcome, entity, detail, hash"


def canonical(value: Any) -> bytes:
    """JSON with one spelling only: sorted keys, no spaces, shortest escapes.

    Equal to RFC 8785 for what the trail holds: ASCII keys, strings, integers, true, false, null.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def link(
    before: bytes,
    *,
    stream: str,
    seq: int,
    at_us: int,
    actor: str | None,
    organization: str | None,
    action: str,
    outcome: str,
    entity: str,
    detail: str,
) -> bytes:
    """The hash of a line: SHA-256 over the hash before it and its canonical JSON."""
    line = {
        "action": action,
        "actor": actor,
        "at": at_us,
        "detail": detail,
        "entity": entity,
        "organization": organization,
        "outcome": outcome,
        "seq": seq,
        "stream": stream,
    }
    return sha256(before + canonical(line)).digest()


def record(
    *,
    stream: str,
    action: str,
    entity: str,
    actor: UUID | None,
    organization: UUID | None = None,
    outcome: str = Outcome.DONE.value,
    detail: Detail | None = None,
    at_us: int | None = None,
) -> None:
    """Append one line to a stream, in the transaction of what it tells of."""
    at_us = clock.to_us(clock.now()) if at_us is None else at_us
    written = canonical(detail or {}).decode()
    who = actor.hex if actor else None
    acting = organization.hex if organization else None
    seq, before = _take_head(stream)
    seq += 1
    this = link(
        before,
        stream=stream,
        seq=seq,
        at_us=at_us,
        actor=who,
        organization=acting,
        action=action,
        outcome=outcome,
        entity=entity,
        detail=written,
    )
    execute(
        "INSERT INTO audit_auditevent"
        " (stream, seq, at, actor, organization, action, outcome, entity, detail, hash)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [stream, seq, at_us, who, acting, action, outcome, entity, written, this],
    )
    execute("UPDATE audit_audithead SET seq = %s, hash = %s WHERE stream = %s", [seq, this, stream])


def _take_head(stream: str) -> tuple[int, bytes]:
    """Lock the end of a chain, beginning the chain if it is new."""
    sql = "SELECT seq, hash FROM audit_audithead WHERE stream = %s" + for_update("audit_audithead")
    head = row(sql, [stream])
    if head is None:
        execute(
            "INSERT INTO audit_audithead (stream, seq, hash) VALUES (%s, 0, %s)"
            " ON CONFLICT (stream) DO NOTHING",
            [stream, START],
        )
        head = row(sql, [stream])
        assert head is not None
    return head[0], bytes(head[1])


@dataclass(frozen=True, slots=True)
class Break:
    """A line that does not fit, and why: the first of its stream."""

    stream: str
    seq: int
    why: str  # an English sentence, marked for translation


def verify(progress: Progress | None = None) -> tuple[int, list[Break]]:
    """Check every chain; the number of lines read and the first break of each broken stream.

    All of it is of one moment, so that what is written meanwhile is no false alarm.
    """
    with damaged_text(), snapshot():
        return _verify(progress)


def _verify(progress: Progress | None) -> tuple[int, list[Break]]:
    heads = {head.stream: (head.seq, bytes(head.hash)) for head in AuditHead.objects.all()}
    breaks: dict[str, Break] = {}
    stream, seq, before, count = "", 0, START, 0
    for line in read_on(f"SELECT {_COLUMNS} FROM audit_auditevent ORDER BY stream, seq"):
        count += 1
        if progress is not None and count % 1000 == 0:
            progress(count)
        if line[0] != stream:
            _check_end(stream, seq, before, heads, breaks)
            stream, seq, before = line[0], 0, START
        if stream in breaks:
            continue
        seq += 1
        found = _fault(line, seq, before)
        if found:
            breaks[stream] = Break(stream, _number(line[1]), found)
        else:
            before = bytes(line[9])
    _check_end(stream, seq, before, heads, breaks)
    for unseen, (last, _) in heads.items():
        breaks.setdefault(unseen, Break(unseen, last, ALL_MISSING))
    return count, sorted(breaks.values(), key=lambda one: (one.stream, one.seq))


def _number(value: Any) -> int:
    """A number that was changed into something else is none."""
    return value if isinstance(value, int) else 0


def _hex(value: str | UUID | None) -> str | None:
    return value.hex if isinstance(value, UUID) else value


def _fault(line: tuple[Any, ...], seq: int, before: bytes) -> str:
    """Say why a line does not follow the one before it; empty if it does."""
    if line[1] != seq:
        return MISSING
    try:
        expected = link(
            before,
            stream=line[0],
            seq=line[1],
            at_us=line[2],
            actor=_hex(line[3]),
            organization=_hex(line[4]),
            action=line[5],
            outcome=line[6],
            entity=line[7],
            detail=line[8],
        )
        return "" if expected == bytes(line[9]) else CHANGED
    except TypeError:  # SQLite keeps bytes in a column of numbers
        return CHANGED


def _check_end(
    stream: str,
    seq: int,
    before: bytes,
    heads: dict[str, tuple[int, bytes]],
    breaks: dict[str, Break],
) -> None:
    """Compare the end of a chain with its head; takes the head off the list."""
    if not stream:
        return
    head = heads.pop(stream, None)
    if stream not in breaks and head != (seq, before):
        breaks[stream] = Break(stream, seq, CUT)


def length() -> int:
    """How many lines the trail has, as its heads say."""
    found = row("SELECT SUM(seq) FROM audit_audithead", [])
    return int(found[0] or 0) if found else 0


def newest_at() -> int | None:
    """When the newest line of all was written, in microseconds; None before there is one."""
    found = row("SELECT at FROM audit_auditevent ORDER BY id DESC LIMIT 1", [])
    return None if found is None else int(found[0])


def hash_at(stream: str, seq: int) -> bytes | None:
    """The hash of one line as it is stored; None if there is no such line."""
    found = row("SELECT hash FROM audit_auditevent WHERE stream = %s AND seq = %s", [stream, seq])
    return None if found is None else bytes(found[0])


def newest(stream: str, action: str) -> AuditEvent | None:
    """The newest line of a stream about something that was done; None if there is none."""
    found = AuditEvent.objects.filter(stream=stream, action=action, outcome=Outcome.DONE)
    return found.order_by("seq").last()


def history(stream: str) -> list[AuditEvent]:
    """The lines of one stream, oldest first."""
    return list(AuditEvent.objects.filter(stream=stream).order_by("seq"))


def between(since_us: int, until_us: int, *, streams: list[str], about: str = "") -> list[Event]:
    """What was done within a time, oldest first.

    Args:
        streams: the chains to look through; none means those of all people.
        about: what the detail has to contain, such as the id of a device.
    """
    found = AuditEvent.objects.filter(at__gte=since_us, at__lt=until_us, outcome=Outcome.DONE)
    if streams:
        found = found.filter(stream__in=streams)
    else:
        found = found.filter(stream__startswith="account:")
    return list(found.filter(detail__contains=about).order_by("at", "stream", "seq"))


def has(stream: str, action: str, about: str) -> bool:
    """Whether a stream has a line of an action whose detail contains something."""
    found = AuditEvent.objects.filter(stream=stream, action=action, detail__contains=about)
    return found.exists()


def acts_under(mark: str, since: datetime) -> list[tuple[UUID | None, str, int]]:
    """How often who did what since then, of the lines whose detail bears a mark: (who, act, n)."""
    found = AuditEvent.objects.filter(at__gte=since, detail__contains=mark)
    counted = found.values_list("actor", "action").annotate(n=Count("pk"))
    return [(actor, action, n) for actor, action, n in counted.order_by("actor", "action")]
