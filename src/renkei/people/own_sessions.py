"""One's own sessions: where one is signed in, and ending them (A14.4)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.errors import Unknown
from renkei.people import browsers, simultaneous
from renkei.people.models import Session, SimultaneousUse
from renkei.people.places import shortened
from renkei.people.sessions import end_sessions
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One browser in which the person is signed in."""

    key: str  # as stored; it opens nothing
    device: str  # its number in the ledger; empty for one that nobody listed
    browser: str
    place: str
    started_at: datetime
    last_seen_at: datetime
    here: bool


@disclosure("session.see", on="region")
def see_sessions(standing: Standing) -> list[SessionLine]:
    """One's own sessions that have not ended, this one first and then the last used."""
    who, now = standing.who, clock.now()
    assert who.account is not None
    mine = Session.objects.filter(account_id=who.account, until__gt=now, idle_until__gt=now)
    found = list(mine.order_by("-last_seen_at", "pk"))
    numbers = simultaneous.numbers_of(one.device_id for one in found)
    lines = [
        SessionLine(
            key=one.pk,
            device=numbers.get(one.device_id, "") if one.device_id else "",
            browser=one.browser,
            place=shortened(one.address),
            started_at=one.started_at,
            last_seen_at=one.last_seen_at,
            here=one.pk == who.session,
        )
        for one in found
    ]
    return sorted(lines, key=lambda one: not one.here)


@use_case("session.end", on="region")
def end_session(change: Change, *, key: str) -> None:
    """End one of one's own sessions.

    Raises:
        Unknown: it is not there any more, or somebody else's.
    """
    mine = Session.objects.filter(account_id=change.account, pk=key)
    if not mine.exists():
        raise Unknown("session")
    ended = end_sessions_of(change, {key})
    change.about("Account", change.account, sessions_ended=ended)


def end_sessions_of(change: Change, keys: set[str]) -> int:
    """End these of the person's own sessions, rows first and then their streams."""
    mine = Session.objects.filter(account_id=change.account, pk__in=keys)
    browsers.end_of_sessions(change, list(mine.values_list("pk", flat=True)))
    ended, _ = mine.delete()
    change.end_standings(account=change.account)
    return ended


@use_case("session.end", on="region")
def end_other_sessions(change: Change) -> int:
    """End all of one's own sessions but this one; how many there were."""
    ended = end_sessions(change, account=change.account, but=change.standing.who.session)
    change.about("Account", change.account, sessions_ended=ended)
    change.silent = not ended
    return ended


@use_case("session.answer", on="region")
def say_mine(change: Change, *, use: UUID) -> None:
    """Say that both places at which one's ID was in use at once were oneself.

    The session at the other place is asked as well, and answers for itself.

    Raises:
        Unknown: this person is not asked about it.
    """
    found = SimultaneousUse.objects.select_for_update().filter(pk=use, account=change.account)
    asked = found.first()
    if asked is None:
        raise Unknown("use")
    if asked.answer != SimultaneousUse.Answer.NOT_MINE:
        asked.answer, asked.answered_at = SimultaneousUse.Answer.MINE, change.now
        asked.save(update_fields=["answer", "answered_at"])
    Session.objects.filter(pk=change.standing.who.session, asked_id=use).update(asked_id=None)
    change.about("SimultaneousUse", use, answer="mine")
