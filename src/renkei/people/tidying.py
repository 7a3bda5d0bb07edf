"""Sessions that are over go, whether or not their people come back."""

from django.db.models import Q

from renkei.people.models import Session
from renkei.policy.use_case import Change, use_case


@use_case("session.tidy", on="region")
def tidy_sessions(change: Change) -> int:
    """Remove the rows of all sessions that are over, nobody's among them; returns how many.

    What has ended opens nothing any more; only where somebody was goes with it. No line: each
    ended when it ended.
    """
    change.silent = True
    over = Q(until__lte=change.now) | Q(idle_until__lte=change.now)
    count, _ = Session.objects.filter(over).delete()
    return int(count)
