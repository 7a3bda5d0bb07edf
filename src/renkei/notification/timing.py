"""When somebody is told: quiet hours, and the two times of the day at which mail is gathered.

Pure, so that every case can be tried. Times of the day are minutes after midnight in Japan.
"""

from datetime import datetime, timedelta
from typing import Final

from renkei.kernel.clock import JAPAN
from renkei.notification.kinds import KINDS
from renkei.notification.models import Channel, Preference

PAUSE: Final = timedelta(seconds=10)  # who reads along on the page is not told of it as well
MAIL_PAUSE: Final = timedelta(minutes=1)
DIGESTS: Final = (7 * 60, 18 * 60)
_DAY: Final = 24 * 60


def _at(day: datetime, minutes: int) -> datetime:
    midnight = day.astimezone(JAPAN).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(minutes=minutes)


def quiet_until(choice: Preference, now: datetime) -> datetime | None:
    """When the quiet hours end that hold at this moment; None if none do."""
    begin, end = choice.quiet_from, choice.quiet_until
    local = now.astimezone(JAPAN)
    minute = local.hour * 60 + local.minute
    if begin == end or (minute - begin) % _DAY >= (end - begin) % _DAY:
        return None
    over = _at(now, end)
    return over if over > now else over + timedelta(days=1)


def next_digest(now: datetime) -> datetime:
    """The next morning or evening at which gathered mail goes out."""
    times = [_at(now, one) for one in DIGESTS]
    return next((one for one in times if one > now), times[0] + timedelta(days=1))


def passes(choice: Preference, kind: str, *, urgent: bool) -> bool:
    """Whether quiet hours do not hold it."""
    return KINDS[kind].through or (urgent and choice.urgent_through)


def due(choice: Preference, channel: str, kind: str, *, urgent: bool, now: datetime) -> datetime:
    """When the person is to be told of what happens now."""
    hurried = urgent or KINDS[kind].at_once
    if channel == Channel.MAIL and choice.mail == Preference.Mail.DIGEST and not hurried:
        first = next_digest(now)
    elif hurried:
        first = now
    else:
        first = now + (PAUSE if channel == Channel.PUSH else MAIL_PAUSE)
    if passes(choice, kind, urgent=urgent):
        return first
    return quiet_until(choice, first) or first
