"""The erase list beside the copies: which keys were destroyed, so that none comes back.

One line a key, each signed by itself: a list may be joined with another, and a line that was
changed spoils none of the others.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from renkei.audit.trail import canonical
from renkei.backup.shelves import read_small
from renkei.kernel import clock, durable, signing

FILE: Final = "erased.jsonl"
_ABOUT: Final = b"renkei erased\n"
_LARGEST: Final = 200_000_000  # bytes: about a million keys


@dataclass(slots=True)
class EraseList:
    """The keys of one or several lists, and the lines that are not of this installation."""

    keys: dict[UUID, datetime] = field(default_factory=dict)
    strange: list[bytes] = field(default_factory=list)


def read(path: Path, *, by: str) -> EraseList:
    """What a list says that was signed by this public key; empty if nothing stands there.

    Raises:
        Trouble: what stands there is no ordinary file, or too long.
    """
    found = EraseList()
    if not os.path.lexists(path):
        return found
    for line in read_small(path, _LARGEST).splitlines():
        said = _said(line, by)
        if said is None:
            found.strange.append(line)
        else:
            found.keys[UUID(said["key"])] = clock.from_us(said["at"])
    return found


def _said(line: bytes, by: str) -> dict[str, Any] | None:
    try:
        said: dict[str, Any] = orjson.loads(line)
        signature = said.pop("signature")
        UUID(said["key"]), clock.from_us(said["at"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None
    return said if signing.is_signed(_ABOUT + canonical(said), signature, by=by) else None


def joined(lists: Iterable[EraseList]) -> EraseList:
    """All of them as one."""
    whole = EraseList()
    for one in lists:
        whole.keys |= one.keys
        whole.strange += one.strange
    return whole


def note(root: Path, destroyed: Mapping[UUID, datetime]) -> int:
    """See that every destroyed key is on the list at this place; nothing is ever taken off.

    Returns:
        How many are new on a list that stood there; a new list is no news.
    """
    path = root / FILE
    stood = os.path.lexists(path)
    there = read(path, by=signing.public_key())
    new = {key: at for key, at in destroyed.items() if key not in there.keys}
    if new or not stood:
        kept = read_small(path, _LARGEST) if stood else b""
        if kept and not kept.endswith(b"\n"):
            kept += b"\n"  # a line that was cut off must not swallow the next
        durable.put(path, kept + b"".join(_line(*one) for one in sorted(new.items())))
    return len(new) if stood else 0


def _line(key: UUID, at: datetime) -> bytes:
    said: dict[str, Any] = {"at": clock.to_us(at), "key": key.hex}
    return canonical({**said, "signature": signing.sign(_ABOUT + canonical(said))}) + b"\n"
