"""Telling those who have not read a message that matters of it once more (重要・至急).

Its author may do so; and the server does by itself when the hours of the policy are over, some
times and never at night. Nobody is told who has left, who may not see the group at the moment, or
who has read it; nobody at all of a patient who has died, or in a group that rests.

To be told again means: the message stands first on home until it is read, and a notification says
that there is something unread.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication.models import AskedAgain, Importance
from renkei.kernel import clock
from renkei.kernel.clock import JAPAN, from_us, to_us
from renkei.kernel.database import as_uuid, id_of, row, rows
from renkei.kernel.errors import Problem
from renkei.notification.kinds import Kind as Notice
from renkei.notification.telling import tell
from renkei.people.faces import open_profile
from renkei.people.selectors import IN_OFFICE
from renkei.policy.facts import consent_for_family, consent_for_sharing
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region import parameters
from renkei.region.edition import edition_of
from renkei.region.models import Region

NIGHT: Final = (21, 7)  # hours between which the server tells nobody by itself
PAUSE: Final = timedelta(minutes=30)  # between one time and the next, whoever asks
OLDEST: Final = timedelta(days=14)  # what is older is told by nobody but its author
FIRST: Final = 5  # messages that stand first on home


def night(now: datetime) -> bool:
    """Whether people sleep in Japan."""
    since, until = NIGHT
    hour = now.astimezone(JAPAN).hour
    return hour >= since or hour < until


def hours_of(figures: dict[str, Any], importance: str) -> int:
    """After how many hours a message of this importance stands first with who has not read it."""
    urgent = importance == Importance.URGENT
    return int(figures["ask_again_hours_urgent" if urgent else "ask_again_hours"])


def _figures(region: UUID) -> dict[str, Any]:
    return parameters.of(edition_of(region))


# ── Who has not read it ──────────────────────────────────────────────────────────────────────────

_UNREAD = f"""
    SELECT m.account_id, r.organization_id FROM group_member m
    JOIN people_account a ON a.id = m.account_id AND a.suspended_at IS NULL
    LEFT JOIN people_practitionerrole r ON r.id = m.role_id
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE m.group_id = %s AND m.ended_at IS NULL AND m.account_id <> %s AND m.read_seq < %s
      AND (m.role_id IS NULL OR ({IN_OFFICE.format(role="r")}
        AND o.suspended_at IS NULL AND o.left_on IS NULL))
      AND NOT EXISTS (SELECT 1 FROM communication_reading k
        WHERE k.member_id = m.id AND k.first_seq <= %s AND k.last_seq >= %s)"""
_DIED = "SELECT 1 FROM patient_patient WHERE id = %s AND deceased_at IS NOT NULL"


def unread_by(standing: Standing, seq: int, sender: UUID) -> list[UUID]:
    """Who may see an entry, and has not read it; nobody where nothing is asked for any more."""
    where = standing.where
    assert where is not None and where.group is not None
    if not where.open or where.erase_at is not None:
        return []
    if where.patient is not None and row(_DIED, [where.patient.hex]):
        return []
    values = [where.group.hex, sender.hex, seq, to_us(clock.now()), seq, seq]
    found = [(id_of(one[0]), as_uuid(one[1])) for one in rows(_UNREAD, values)]
    if where.patient is not None and not consent_for_sharing(standing):
        return [who for who, of in found if of == where.organization and where.kind == "patient"]
    if where.kind == "family" and not consent_for_family(standing):
        return []
    return [who for who, _ in found]


# ── Telling them ─────────────────────────────────────────────────────────────────────────────────


def _tell_again(
    change: Change, message: UUID, seq: int, sender: UUID, by: UUID | None, *, urgent: bool
) -> int:
    """Write down that those who have not read it are told once more; how many they are."""
    accounts = unread_by(change.standing, seq, sender)
    if accounts:
        told = sorted(one.hex for one in accounts)
        tell(accounts, Notice.UNREAD, urgent=urgent)
        AskedAgain.objects.create(communication_id=message, by_id=by, at=change.now, accounts=told)
        change.detail |= {"told": len(told), "whom": whom(told)}
    return len(accounts)


def whom(accounts: list[str]) -> str:
    """What a line says of who was told: not each of them, but that it was these."""
    return sha256(",".join(sorted(accounts)).encode()).hexdigest()


@use_case("communication.ask_again", on="communication")
def ask_again(change: Change) -> int:
    """Tell those who have not read one's own message of it once more; how many they are.

    Raises:
        Problem: everybody has read it, or they were told a moment ago.
    """
    message = change.standing.what.message
    assert message is not None
    change.about("Communication", message.id, seq=message.seq)
    last = AskedAgain.objects.filter(communication=message.id).order_by("-at").first()
    if last is not None and change.now - last.at < PAUSE:
        raise Problem(gettext_noop("They were told a moment ago. In a hurry, please call."))
    urgent = message.importance == Importance.URGENT
    count = _tell_again(
        change, message.id, message.seq, message.sender, change.account, urgent=urgent
    )
    if not count:
        raise Problem(gettext_noop("There is nobody to be told again."))
    return count


@dataclass(frozen=True, slots=True)
class Due:
    """A message of which somebody is to be told once more."""

    group: UUID
    message: UUID
    seq: int
    sender: UUID
    importance: str
    posted_at: datetime
    asked: int  # how often the server has done it
    last: datetime | None


_DUE = """
    SELECT t.group_id, t.id, t.seq, t.sender_id, t.importance, t.posted_at,
      (SELECT COUNT(*) FROM communication_askedagain x
        WHERE x.communication_id = t.id AND x.by_id IS NULL),
      (SELECT MAX(x.at) FROM communication_askedagain x WHERE x.communication_id = t.id)
    FROM communication_communication t
    JOIN group_group g ON g.id = t.group_id
    LEFT JOIN patient_patient p ON p.id = g.patient_id
    WHERE g.region_id = %s AND t.importance IN ('important', 'urgent') AND t.event = ''
      AND t.withdrawn_at IS NULL AND t.posted_at >= %s AND g.kind <> 'network'
      AND g.closed_at IS NULL AND g.archived_at IS NULL AND g.erase_at IS NULL
      AND p.deceased_at IS NULL
      AND EXISTS (SELECT 1 FROM group_member m WHERE m.group_id = t.group_id
        AND m.ended_at IS NULL AND m.account_id <> t.sender_id AND m.read_seq < t.seq)
      {} ORDER BY t.group_id, t.seq"""


def _due(region: UUID, figures: dict[str, Any], now: datetime, which: str = "") -> list[Due]:
    """What is due in a region, by the figures of its policy."""
    values = [region.hex, to_us(now - OLDEST), *([which] if which else [])]
    due = []
    for one in rows(_DUE.format("AND t.id = %s" if which else ""), values):
        found = Due(
            id_of(one[0]), id_of(one[1]), one[2], id_of(one[3]), one[4], from_us(one[5]), one[6],
            from_us(one[7]) if one[7] else None,
        )  # fmt: skip
        hours = timedelta(hours=hours_of(figures, found.importance))
        if (
            found.asked < figures["ask_again_times"]
            and now - (found.last or found.posted_at) >= hours
        ):
            due.append(found)
    return due


@disclosure("communication.remind", on="region")
def see_due(standing: Standing) -> list[Due]:
    """Of which messages somebody is to be told now; none at night."""
    now = clock.now()
    if night(now):
        return []
    return [
        one
        for region in Region.objects.all()
        for one in _due(region.pk, parameters.of(region.edition), now)
    ]


@use_case("communication.remind", on="group")
def remind(change: Change, *, due: Due) -> int:
    """Tell those who have not read it, if it is still due at this moment; how many they are."""
    change.about("Communication", due.message, seq=due.seq)
    change.silent = True
    region = row("SELECT region_id FROM group_group WHERE id = %s", [due.group.hex])
    assert region is not None
    still = _due(id_of(region[0]), _figures(id_of(region[0])), change.now, due.message.hex)
    if night(change.now) or not still:
        return 0
    urgent = due.importance == Importance.URGENT
    count = _tell_again(change, due.message, due.seq, due.sender, None, urgent=urgent)
    change.silent = not count
    return count


# ── First on home ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class First:
    """A message that matters and was not read in time: whose group, by whom; none of its words."""

    group: UUID
    message: UUID
    seq: int
    importance: str
    sent_at: datetime
    sender: str
    asked: int  # how often one was told again


_FIRST = """
    SELECT t.group_id, t.id, t.seq, t.importance, t.sent_at, a.id, a.key_id, a.profile_sealed,
      (SELECT COUNT(*) FROM communication_askedagain x WHERE x.communication_id = t.id
        AND CAST(x.accounts AS TEXT) LIKE '%%' || %s || '%%') AS asked
    FROM group_member m
    JOIN group_group g ON g.id = m.group_id AND g.erase_at IS NULL AND g.kind <> 'network'
    JOIN communication_communication t ON t.group_id = m.group_id AND t.seq > m.read_seq
    JOIN people_account a ON a.id = t.sender_id
    WHERE m.account_id = %s AND m.ended_at IS NULL
      AND t.importance IN ('important', 'urgent') AND t.event = '' AND t.withdrawn_at IS NULL
      AND t.sender_id <> m.account_id
      AND (t.posted_at <= CASE WHEN t.importance = 'urgent' THEN %s ELSE %s END
        OR EXISTS (SELECT 1 FROM communication_askedagain x WHERE x.communication_id = t.id
          AND CAST(x.accounts AS TEXT) LIKE '%%' || %s || '%%'))
      AND NOT EXISTS (SELECT 1 FROM communication_reading k
        WHERE k.member_id = m.id AND k.first_seq <= t.seq AND k.last_seq >= t.seq)
    ORDER BY CASE WHEN t.importance = 'urgent' THEN 0 ELSE 1 END, t.posted_at"""


def first_for(standing: Standing, groups: Container[UUID]) -> list[First]:
    """What stands first on a person's home, of the groups with news that they may see."""
    who = standing.who
    if who.account is None or who.region is None:
        return []
    figures, now = _figures(who.region), clock.now()
    times = [
        to_us(now - timedelta(hours=hours_of(figures, word)))
        for word in (Importance.URGENT.value, Importance.IMPORTANT.value)
    ]
    told = f'"{who.account.hex}"'
    found = rows(_FIRST, [told, who.account.hex, *times, told])
    seen = [one for one in found if id_of(one[0]) in groups][:FIRST]
    return [
        First(
            id_of(one[0]), id_of(one[1]), one[2], one[3], from_us(one[4]),
            open_profile(id_of(one[5]), id_of(one[6]), one[7])["name"], one[8],
        )
        for one in seen
    ]  # fmt: skip


def asked_of(message: UUID) -> list[tuple[datetime, int, bool]]:
    """When those who had not read a message were told again: how many, and whether by itself."""
    found = AskedAgain.objects.filter(communication=message).order_by("at", "pk")
    return [(one.at, len(one.accounts), one.by_id is None) for one in found]
