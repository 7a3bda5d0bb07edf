"""Signed heads: where every chain ended at one moment, kept away from this machine.

Whoever holds the database can rebuild whole chains, hashes and heads included, and the chains alone
would hold. A head that was taken before and lies elsewhere does not fit any more: every line it
names has to be there, with the same hash.
"""

from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.utils.translation import gettext_noop

from renkei.audit.models import AuditHead
from renkei.audit.trail import Break, canonical, hash_at
from renkei.kernel import clock, program, signing
from renkei.kernel.database import row, snapshot

FORMAT: Final = "renkei-audit-head/1"
REWRITTEN = gettext_noop("the line is not the one the signed head names: it was written anew")
CUT = gettext_noop("the end of the stream was cut off: the line the signed head names is missing")
VANISHED = gettext_noop("the whole stream the signed head names is missing")
UNSIGNED = gettext_noop("the signature of the head does not hold")
STRANGER = gettext_noop("the head was signed with another key than this installation's")


class NoHead(Exception):
    """The file is no signed head, or one of a format that this version does not know."""


@dataclass(frozen=True, slots=True)
class Head:
    """A signed head as it was read."""

    facts: dict[str, Any]  # all but the signature
    signature: str

    @property
    def made_at(self) -> str:
        """When it was taken: ISO 8601, in UTC."""
        return str(self.facts["made_at"])

    @property
    def ends(self) -> list[tuple[str, int, str]]:
        """Stream, number and hash (hexadecimal) of the last line of every chain."""
        return [(stream, seq, digest) for stream, seq, digest in self.facts["ends"]]


def take() -> bytes:
    """The signed head of this moment, as JSON.

    ``ends`` is sorted by stream: ``[stream, number, SHA-256 in hexadecimal digits]``. The signature
    is over the canonical JSON (RFC 8785) of everything else.
    """
    with snapshot():
        heads = AuditHead.objects.filter(seq__gt=0).order_by("stream")
        ends = [[one.stream, one.seq, bytes(one.hash).hex()] for one in heads]
    facts = {
        "format": FORMAT,
        "made_at": clock.now().isoformat(),
        "program": program.version(),
        "public_key": signing.public_key(),
        "ends": sorted(ends),
    }
    signed = facts | {"signature": signing.sign(canonical(facts))}
    return orjson.dumps(signed, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read(data: bytes) -> Head:
    """A head from the bytes of its file.

    Raises:
        NoHead: it is none.
    """
    try:
        facts = orjson.loads(data)
        signature = facts.pop("signature")
        head = Head(facts, signature)
        shapes = [
            isinstance(stream, str) and isinstance(seq, int) and len(bytes.fromhex(digest)) == 32
            for stream, seq, digest in head.ends
        ]
        sound = all(shapes) and isinstance(signature, str) and isinstance(facts["public_key"], str)
        if facts["format"] != FORMAT or not sound or not head.made_at:
            raise NoHead
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoHead from error
    return head


def compare(head: Head, *, signed_by: str = "") -> tuple[int, list[Break]]:
    """Hold today's trail against a head: how many chains it names, and what does not fit.

    Args:
        signed_by: the public key noted when the head was taken, in base64; without it the head has
            to be signed by this installation's own key.
    """
    breaks = []
    by = head.facts["public_key"]
    if not signing.is_signed(canonical(head.facts), head.signature, by=by):
        breaks.append(Break("", 0, UNSIGNED))
    elif by != (signed_by or signing.public_key()):
        breaks.append(Break("", 0, STRANGER))
    with snapshot():
        for stream, seq, digest in head.ends:
            if why := _why(stream, seq, digest):
                breaks.append(Break(stream, seq, why))
    return len(head.ends), breaks


def _why(stream: str, seq: int, digest: str) -> str:
    """Why today's trail does not fit the end of a chain as it was; empty if it does."""
    found = hash_at(stream, seq)
    if found is not None:
        return "" if found.hex() == digest else REWRITTEN
    rest = row("SELECT 1 FROM audit_auditevent WHERE stream = %s LIMIT 1", [stream])
    return CUT if rest else VANISHED
