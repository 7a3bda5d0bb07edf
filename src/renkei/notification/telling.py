"""Putting down that somebody is to be told: rows that are sent by somebody else, later.

``tell`` is for use cases: within their transaction it costs a row or two for each person, and
neither is there without the other. What is said in groups is put down by the follower alone.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.database import execute
from renkei.kernel.entity import uuid7
from renkei.notification.kinds import KINDS, Kind
from renkei.notification.models import Channel, Preference, Subscription
from renkei.notification.timing import due

_AT_ONCE = 100  # rows of one statement
_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, 0)"
_PUT = """
    INSERT INTO notification_waiting
      (id, account_id, channel, kind, group_id, seq, urgent, since, due_at, attempts)
    VALUES {values}
    ON CONFLICT (account_id, channel, {thing}) WHERE group_id IS {null} DO UPDATE SET
      seq = {seq},
      urgent = notification_waiting.urgent OR excluded.urgent,
      due_at = CASE WHEN notification_waiting.due_at < excluded.due_at
        THEN notification_waiting.due_at ELSE excluded.due_at END"""
_OF_GROUP = {"thing": "group_id", "null": "NOT NULL", "seq": "excluded.seq"}
_OF_KIND = {"thing": "kind", "null": "NULL", "seq": "notification_waiting.seq + 1"}


@dataclass(frozen=True, slots=True)
class News:
    """What one person is to be told of."""

    account: UUID
    kind: str
    urgent: bool
    group: UUID | None = None
    seq: int = 1


def tell(accounts: Iterable[UUID], kind: Kind, *, urgent: bool = False) -> None:
    """Let these people be told that there is something of this kind; inside a use case.

    Who is to be reached by nothing, or has left by the time it is sent, is told nothing. Told
    twice before it was sent is told once.
    """
    put_down([News(one, kind.value, urgent) for one in sorted(set(accounts))], clock.now())


def put_down(news: Collection[News], now: datetime) -> None:
    """Put it down for every way by which each of them wants to be told."""
    choices = choices_of({one.account for one in news})
    pushed = _pushed(list(choices))
    times: dict[tuple[object, ...], int] = {}  # most people have chosen the same
    found = [
        _row(one, channel, now, times, choices[one.account])
        for one in news
        for channel in _ways(one, choices[one.account], pushed)
    ]
    for with_group in (True, False):
        rows = [one for one in found if (one[4] is not None) == with_group]
        for some in _pieces(rows):
            values = ", ".join([_ROW] * len(some))
            sql = _PUT.format(values=values, **(_OF_GROUP if with_group else _OF_KIND))
            execute(sql, [value for one in some for value in one])


def choices_of(accounts: Collection[UUID]) -> dict[UUID, Preference]:
    """How each of them wants to be told, the defaults where nothing was chosen."""
    chosen: dict[UUID, Preference] = {}
    everybody = list(accounts)
    for at in range(0, len(everybody), 500):
        kept = Preference.objects.filter(account__in=everybody[at : at + 500])
        chosen |= {one.account_id: one for one in kept}
    usual = Preference()  # of nobody, and never saved
    return {one: chosen.get(one, usual) for one in everybody}


def _ways(one: News, choice: Preference, pushed: Collection[UUID]) -> Iterator[str]:
    if one.account in pushed:
        yield Channel.PUSH.value
    if choice.mail != Preference.Mail.NONE and KINDS[one.kind].mail and not choice.returned_at:
        yield Channel.MAIL.value


def _pushed(accounts: list[UUID]) -> set[UUID]:
    """Who of them is told in any browser."""
    found: set[UUID] = set()
    for at in range(0, len(accounts), 500):
        there = Subscription.objects.filter(account__in=accounts[at : at + 500])
        found.update(there.values_list("account", flat=True))
    return found


def _row(
    one: News,
    channel: str,
    now: datetime,
    times: dict[tuple[object, ...], int],
    choice: Preference,
) -> list[object]:
    case = (choice.mail, choice.quiet_from, choice.quiet_until, choice.urgent_through,
            channel, one.kind, one.urgent)  # fmt: skip
    if case not in times:
        times[case] = clock.to_us(due(choice, channel, one.kind, urgent=one.urgent, now=now))
    group = one.group.hex if one.group else None
    thing = [uuid7().hex, one.account.hex, channel, one.kind, group, one.seq, one.urgent]
    return [*thing, clock.to_us(now), times[case]]


def _pieces(rows: list[list[object]]) -> Iterator[list[list[object]]]:
    for at in range(0, len(rows), _AT_ONCE):
        yield rows[at : at + _AT_ONCE]
