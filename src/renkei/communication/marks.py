"""Marks on messages: bookmarks (しおり), which are one's own, and pins, which are the team's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from renkei.communication.found import note_found
from renkei.communication.hits import COLUMNS, SAID, WIDTH, Hit, Opening
from renkei.communication.models import Bookmark, Pin
from renkei.group.head import Head, head
from renkei.group.shell import Shell, every_line, shell
from renkei.kernel.clock import from_us
from renkei.kernel.database import id_of, rows
from renkei.people.faces import name_by
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import Change, disclosure, own_record, use_case

MOST_PINS: Final = 50  # shown; a board on which everything hangs shows nothing


# ── Setting and taking away ──────────────────────────────────────────────────────────────────────


@use_case("communication.bookmark", on="communication")
def bookmark_communication(change: Change) -> None:
    """Put a bookmark on a message. Nobody else learns of it."""
    message = _in_ones_own_stream(change, kept=True)
    _, new = Bookmark.objects.get_or_create(
        communication_id=message, account_id=change.account, defaults={"at": change.now}
    )
    change.silent = not new


@use_case("communication.bookmark", on="communication")
def unbookmark_communication(change: Change) -> None:
    """Take one's own bookmark off a message. Nobody else learns of it."""
    message = _in_ones_own_stream(change, kept=False)
    mine = Bookmark.objects.filter(communication=message, account=change.account)
    change.silent = not mine.delete()[0]


def _in_ones_own_stream(change: Change, *, kept: bool) -> UUID:
    """The message; what became of its bookmark stands in the person's own stream."""
    message = change.standing.what.message
    assert message is not None
    change.stream = f"account:{change.account.hex}"
    change.about("Communication", message.id, seq=message.seq, kept=kept)
    return message.id


@use_case("communication.pin", on="communication")
def pin_communication(change: Change) -> None:
    """Pin a message for the whole team."""
    message = change.standing.what.message
    assert message is not None
    change.about("Communication", message.id, seq=message.seq, pinned=True)
    _, new = Pin.objects.get_or_create(
        communication_id=message.id,
        defaults={"group_id": change.group, "account_id": change.account, "at": change.now},
    )
    _tell_team(change, message.seq, changed=new)


@use_case("communication.pin", on="communication")
def unpin_communication(change: Change) -> None:
    """Unpin a message for the whole team, whoever pinned it."""
    message = change.standing.what.message
    assert message is not None
    change.about("Communication", message.id, seq=message.seq, pinned=False)
    gone, _ = Pin.objects.filter(communication=message.id).delete()
    _tell_team(change, message.seq, changed=gone > 0)


def _tell_team(change: Change, seq: int, *, changed: bool) -> None:
    change.silent = not changed
    if changed:
        change.tell("changed", change.group, seq)


# ── Seeing ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Marked:
    """A marked message: since when, and by whom if it is pinned."""

    hit: Hit
    at: datetime
    by: str = ""


_PINS = f"""
    SELECT {COLUMNS}, x.at, x.account_id FROM communication_pin x
    JOIN communication_communication t ON t.id = x.communication_id
    WHERE x.group_id = %s AND {SAID} ORDER BY x.at DESC, x.id DESC LIMIT %s"""
_BOOKMARKS = f"""
    SELECT {COLUMNS}, x.at, NULL FROM communication_bookmark x
    JOIN communication_communication t ON t.id = x.communication_id
    WHERE x.account_id = %s AND {SAID} ORDER BY x.at DESC, x.id DESC"""


def _opening(standing: Standing, frame: Shell) -> Opening:
    """For the groups that the person may see at this moment, and no other."""
    return Opening(every_line(standing, frame))


def _marked(opening: Opening, found: list[tuple[Any, ...]]) -> list[Marked]:
    names: dict[UUID, str] = {}
    marked = []
    for one in found:
        if (hit := opening.hit(one[:WIDTH])) is None:
            continue
        by = id_of(one[WIDTH + 1]) if one[WIDTH + 1] else None
        if by is not None and by not in names:
            names[by] = name_by(by)
        marked.append(Marked(hit, from_us(one[WIDTH]), names[by] if by else ""))
    return marked


@disclosure("home.see", on="region")
def _bookmarks(standing: Standing) -> tuple[Standing, Shell, list[Marked]]:
    assert standing.who.account is not None
    frame = shell(standing)
    found = rows(_BOOKMARKS, [standing.who.account.hex])
    return standing, frame, _marked(_opening(standing, frame), found)


def see_bookmarks(actor: Actor) -> tuple[Shell, list[Marked]]:
    """One's own bookmarks in the groups that one may see now, the newest first."""
    standing, frame, marked = _bookmarks(actor, None)
    _record(standing, "bookmarks.see", marked)
    return frame, marked


@dataclass(frozen=True, slots=True)
class Board:
    """What a team has pinned."""

    head: Head
    pins: list[Marked]


@disclosure("group.see", on="group")
def _pins(standing: Standing) -> tuple[Standing, Board]:
    where = standing.where
    assert where is not None and where.group is not None
    top = head(standing)
    found = rows(_PINS, [where.group.hex, MOST_PINS])
    return standing, Board(top, _marked(_opening(standing, top.shell), found))


def see_pins(actor: Actor, group: UUID) -> Board:
    """What the team has pinned, the newest pin first."""
    standing, board = _pins(actor, group)
    _record(standing, "pins.see", board.pins)
    return board


def _record(standing: Standing, action: str, marked: list[Marked]) -> None:
    """Put on record what of it was never disclosed to the person before."""
    assert standing.who.account is not None
    with own_record(standing, action, f"Account/{standing.who.account.hex}") as change:
        shown = [(one.hit.group.id, one.hit.seq, one.hit.whole) for one in marked]
        change.detail["found"] = note_found(change, shown)
        change.silent = not change.detail["found"]
