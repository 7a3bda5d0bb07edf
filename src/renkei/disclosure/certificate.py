"""The certificate of an erasure: facts that the host signs, and that anybody can hold against it.

It names what was erased by ids and numbers, and what was counted; never who it was about. The line
of the audit trail that says that nothing is left stands in it with its hash, so neither can be
changed without the other.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from django.utils.translation import gettext_noop

from renkei.audit import trail
from renkei.audit.trail import canonical
from renkei.disclosure import remains
from renkei.disclosure.models import Erasure
from renkei.disclosure.remains import Gone
from renkei.kernel import clock, program, signing, vault

FORMAT: Final = "renkei-erasure/1"
_ABOUT: Final = b"renkei erasure certificate\n"
_STREAM: Final = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)

UNSIGNED = gettext_noop("the signature of the certificate does not hold")
STRANGER = gettext_noop("the certificate was signed with another key than this installation's")
NO_LINE = gettext_noop("the line of the audit trail that it names is not there, or another one is")
STANDS = gettext_noop("a key that it says was destroyed is still there")
LEFT = gettext_noop("something of what it says was erased is still there")


class NoCertificate(Exception):
    """The file is no certificate, or one of a format that this version does not know."""


def made(erasure: Erasure) -> str:
    """The signed facts of an erasure whose removal is on record.

    ``signature`` is over the canonical JSON (RFC 8785) of everything else, behind one line that
    says what is signed.
    """
    line = trail.newest(erasure.stream, "erasure.remove") or trail.newest(
        erasure.stream, "erasure.replay"
    )
    assert line is not None
    facts = {
        "format": FORMAT,
        "number": erasure.shown_number,
        "erasure": erasure.id.hex,
        "region": erasure.region.name,
        "organization": erasure.organization.name,
        "kind": erasure.kind,
        "subject": erasure.subject,
        "patient": erasure.patient_id.hex if erasure.patient_id else None,
        "groups": erasure.groups,
        "keys": erasure.keys,
        "counts": erasure.counts,
        "copies": erasure.copies,
        "asked_by": erasure.asked_by_id.hex,
        "asked_at": _iso(erasure.asked_at),
        "confirmed_by": erasure.decided_by_id.hex if erasure.decided_by_id else None,
        "confirmed_at": _iso(erasure.decided_at),
        "executed_by": "system:host",
        "begun_at": _iso(erasure.begun_at),
        "keys_destroyed_at": _iso(erasure.destroyed_at),
        "removed_at": _iso(erasure.removed_at),
        "issued_at": _iso(erasure.done_at),
        "audit": {"stream": erasure.stream, "seq": line.seq, "hash": bytes(line.hash).hex()},
        "program": program.version(),
        "public_key": signing.public_key(),
    }
    signed = facts | {"signature": signing.sign(_ABOUT + canonical(facts))}
    return canonical(signed).decode()


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(clock.JAPAN).isoformat(timespec="seconds") if at else None


# ── Holding it against what is here ──────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as it was read."""

    facts: dict[str, Any]  # all but the signature
    signature: str

    @property
    def gone(self) -> Gone:
        """What it says was erased."""
        patient = self.facts["patient"]
        return Gone(
            groups=frozenset(map(UUID, self.facts["groups"])),
            patients=frozenset([UUID(patient)] if patient else []),
            keys=frozenset(map(UUID, self.facts["keys"])),
        )


def read(data: bytes) -> Certificate:
    """A certificate from the bytes of its file: the signed facts, or the PDF that carries them.

    Raises:
        NoCertificate: it is none.
    """
    for text in _carried(data) if data.startswith(b"%PDF-") else [data]:
        try:
            facts = orjson.loads(text)
            found = Certificate(facts, facts.pop("signature"))
            if facts["format"] == FORMAT and found.gone.keys and facts["audit"]["stream"]:
                return found
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    raise NoCertificate


def _carried(data: bytes) -> Iterator[bytes]:
    """The streams of a PDF, in which the signed facts lie as they are, or compressed."""
    for found in _STREAM.finditer(data):
        yield found[1]
        try:
            yield zlib.decompressobj().decompress(found[1], 1_000_000)
        except zlib.error:
            continue


def verify(one: Certificate, *, signed_by: str = "") -> list[str]:
    """Hold a certificate against this installation; what does not fit, as English sentences.

    Args:
        signed_by: the public key noted elsewhere, in base64; without it the certificate has to be
            signed by this installation's own.
    """
    return [*_signature_faults(one, signed_by), *_faults(one)]


def _signature_faults(one: Certificate, signed_by: str) -> Iterator[str]:
    by = str(one.facts.get("public_key"))
    if not signing.is_signed(_ABOUT + canonical(one.facts), str(one.signature), by=by):
        yield UNSIGNED
    elif by != (signed_by or signing.public_key()):
        yield STRANGER


def _faults(one: Certificate) -> Iterator[str]:
    audit, gone = one.facts["audit"], one.gone
    written = trail.hash_at(audit["stream"], audit["seq"])
    replayed = all(trail.has(audit["stream"], "erasure.replay", key.hex) for key in gone.keys)
    if (written is None or written.hex() != audit["hash"]) and not replayed:
        yield NO_LINE
    if gone.keys - set(vault.destroyed()):
        yield STANDS
    if remains.left(gone):
        yield LEFT
