"""自分あて: the messages that mean oneself, by name, by a role in care, or with everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from renkei.communication.found import note_found
from renkei.communication.hits import COLUMNS, SAID, WIDTH, Hit, Opening
from renkei.group.shell import Shell, every_line, shell
from renkei.kernel.database import rows
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import disclosure, own_record

MOST: Final = 100  # shown, the newest


@dataclass(frozen=True, slots=True)
class Addressed:
    """A message that means one."""

    hit: Hit
    unread: bool
    everybody: bool  # and everybody else


# What was said to everybody before one came was said to others.
_ADDRESSED: Final = f"""
    SELECT {COLUMNS}, CASE WHEN t.seq > m.read_seq THEN 1 ELSE 0 END, x.account_id
    FROM communication_mention x
    JOIN communication_communication t ON t.id = x.communication_id
    JOIN group_member m ON m.group_id = x.group_id AND m.account_id = %s AND m.ended_at IS NULL
    WHERE {SAID} AND t.sender_id <> %s
      AND (x.account_id = %s OR (x.account_id IS NULL AND t.posted_at >= m.joined_at))
    ORDER BY t.posted_at DESC, t.id DESC LIMIT {2 * MOST}"""


@disclosure("home.see", on="region")
def _addressed(standing: Standing) -> tuple[Standing, Shell, list[Addressed]]:
    assert standing.who.account is not None
    frame, me = shell(standing), standing.who.account.hex
    opening = Opening(every_line(standing, frame))
    found: dict[object, Addressed] = {}
    for one in rows(_ADDRESSED, [me, me, me]):
        hit = opening.hit(one[:WIDTH])
        if hit is None or len(found) >= MOST:
            continue
        everybody = one[WIDTH + 1] is None
        if hit.id in found and everybody:
            continue  # oneself by name as well
        found[hit.id] = Addressed(hit, bool(one[WIDTH]), everybody)
    return standing, frame, list(found.values())


def see_addressed(actor: Actor) -> tuple[Shell, Sequence[Addressed]]:
    """What means oneself, in the groups that one may see now, the newest first."""
    standing, frame, found = _addressed(actor, None)
    assert standing.who.account is not None
    with own_record(standing, "addressed.see", f"Account/{standing.who.account.hex}") as change:
        shown = [(one.hit.group.id, one.hit.seq, one.hit.whole) for one in found]
        change.detail["found"] = note_found(change, shown)
        change.silent = not change.detail["found"]
    return frame, found
