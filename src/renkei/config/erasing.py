"""Carrying out what was to be erased: the content here, the keys here, and their copies (A11.7)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from renkei.backup import keyplaces
from renkei.disclosure import executing
from renkei.disclosure.models import Erasure
from renkei.files import s3
from renkei.kernel.vault import StillThere
from renkei.policy.standing import HOST


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far one erasure has come.

    Args:
        why: what keeps it from being done: "copies", "reading", "copying", "bucket", "left" or
            nothing.
        waiting: the places of key copies that were not reached.
    """

    erasure: UUID
    done: bool
    why: str = ""
    waiting: tuple[str, ...] = ()


def carry_out(*, given_up: Collection[str] = ()) -> list[Outcome]:
    """Carry out everything that is due; what was interrupted before goes on where it stood.

    Several processes may do so at once: each step is done once.

    Args:
        given_up: places whose key copies were destroyed by hand, by the word of the host.
    """
    return [_carry_out(one, given_up) for one in executing.due()]


def _carry_out(erasure: UUID, given_up: Collection[str]) -> Outcome:
    try:
        if not executing.execute(erasure):
            return Outcome(erasure, False, "left")
    except StillThere:
        return Outcome(erasure, False, "reading")
    except BlockingIOError:
        return Outcome(erasure, False, "copying")
    except s3.Unreachable:
        return Outcome(erasure, False, "bucket")
    destroyed_at = Erasure.objects.values_list("destroyed_at", flat=True).get(pk=erasure)
    assert destroyed_at is not None
    waiting = _copies(erasure, destroyed_at, given_up)
    done = executing.certify(HOST, erasure)
    return Outcome(erasure, done, "" if done else "copies", tuple(waiting))


def _copies(erasure: UUID, destroyed_at: datetime, given_up: Collection[str]) -> list[str]:
    """Make the copies of the keys anew; the places that have to wait."""
    keyplaces.note_erased()
    behind = keyplaces.behind(destroyed_at)
    by_hand = [place for place in behind if place in given_up]
    rest = [place for place in behind if place not in given_up]
    waiting = [place for place in rest if not keyplaces.make_anew(place)]
    rewritten = len(keyplaces.places()) - len(waiting) - len(by_hand)
    executing.note_copies(
        HOST, erasure, rewritten=rewritten, waiting=len(waiting), given_up=len(by_hand)
    )
    return waiting
