"""The follower that decides whom to tell of what was said; nothing is done for it at a post.

In one transaction it puts down rows of ``Waiting`` and moves its cursor, so that after ``kill -9``
nobody is forgotten and nobody put down twice. Sending is another thing (``sending``).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar, Final
from uuid import UUID

from renkei.communication.following import Follower
from renkei.communication.following import News as Unheard
from renkei.kernel import clock
from renkei.kernel.database import id_of, rows
from renkei.notification.kinds import Kind
from renkei.notification.models import Level
from renkei.notification.telling import News, put_down
from renkei.notification.waking import Listener, Said, said_in, wakes

FRESH: Final = timedelta(days=1)  # what was said longer ago, or taken over from paper, wakes nobody

_LISTENERS: Final = f"""
    SELECT m.account_id, COALESCE(l.of, '{Level.Of.ALL}') FROM group_member m
    JOIN people_account a ON a.id = m.account_id AND a.suspended_at IS NULL
    LEFT JOIN notification_level l ON l.member_id = m.id
    WHERE m.group_id = %s AND m.ended_at IS NULL"""


class Noticing(Follower):
    """Puts down who is to be told of the new messages."""

    name: ClassVar[str] = "notification"
    from_now: ClassVar[bool] = True

    def take(self, news: Sequence[Unheard]) -> None:
        """Put down, for each member whom one of the new messages wakes, that there is one."""
        now = clock.now()
        since = clock.to_us(now - FRESH)
        told: list[News] = []
        for one in news:
            if one.last > one.after and not one.erased:
                said = said_in(one.group, one.after, one.last)
                told += _woken(one.group, [each for each in said if each.sent_us >= since])
        put_down(told, now)


def _woken(group: UUID, said: Sequence[Said]) -> list[News]:
    if not said:
        return []
    told = []
    for account, level in rows(_LISTENERS, [group.hex]):
        listener = Listener(id_of(account), level)
        heard = [one for one in said if wakes(one, listener)]
        if heard:
            urgent = any(one.urgent for one in heard)
            told.append(News(listener.account, Kind.MESSAGE.value, urgent, group, heard[-1].seq))
    return told
