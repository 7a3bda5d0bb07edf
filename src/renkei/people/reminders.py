"""Who is to be told by mail of what will be in the way: each once, and the trail says so.

The pages say the same at the next sign-in; whoever is away for weeks would not see it there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from renkei.audit import trail
from renkei.kernel import clock
from renkei.kernel.database import as_uuid, id_of, rows
from renkei.people.models import Account
from renkei.people.passwords import profile_of
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region import parameters
from renkei.region.edition import IN_FORCE, RULES, rules_in

WARNINGS: Final = (1, 7, 14)  # days before the password ends
_DAY: Final = timedelta(days=1)
LATE: Final = timedelta(days=14)  # a device that was due longer ago is no news

_PASSWORDS: Final = f"""
    SELECT a.id, a.password_changed_at, {IN_FORCE}, {RULES}
    FROM people_account a JOIN region_region rg ON rg.id = a.region_id
    WHERE a.suspended_at IS NULL AND a.password_changed_at IS NOT NULL"""
_DEVICES: Final = """
    SELECT u.account_id, d.number, l.usable_until, d.id FROM device_listing l
    JOIN device_device d ON d.id = l.device_id AND d.organization_id = l.organization_id
    JOIN device_device_users u ON u.device_id = d.id
    JOIN people_account a ON a.id = u.account_id AND a.suspended_at IS NULL
    WHERE d.state IN ('in_use', 'lent') AND l.usable_until > %s AND l.usable_until <= %s"""


@dataclass(frozen=True, slots=True)
class Reminder:
    """What one person is told."""

    account: Account
    word: str  # password · device
    mark: str  # what tells it from the one before; ids, numbers and days only
    days: int = 0  # until the password ends
    number: str = ""  # of the device


def warning(until: datetime, now: datetime) -> int | None:
    """The warning that is due of a password that ends then: 14, 7 or 1; None if none is."""
    if until <= now:
        return None
    return next((days for days in WARNINGS if until - now <= timedelta(days=days)), None)


def _of_passwords(now: datetime) -> Iterator[Reminder]:
    due = []
    for account, changed, policy, rules in rows(_PASSWORDS, [clock.to_us(now)]):
        figures = parameters.of(as_uuid(policy), *rules_in(rules))
        if not profile_of(figures).ages:
            continue
        until = clock.from_us(changed) + timedelta(days=figures["password_max_age_days"])
        days = warning(until, now)
        if days is not None:
            due.append((id_of(account), f"{days}.{changed}", max(1, -(-(until - now) // _DAY))))
    accounts = Account.objects.in_bulk([one[0] for one in due])
    for this, mark, left in due:
        yield Reminder(accounts[this], "password", mark, days=left)


def _of_devices(now: datetime) -> Iterator[Reminder]:
    found = rows(_DEVICES, [clock.to_us(now - LATE), clock.to_us(now)])
    accounts = Account.objects.in_bulk([id_of(one[0]) for one in found])
    for account, number, until, device in found:
        mark = f"{id_of(device).hex}.{until}"
        yield Reminder(accounts[id_of(account)], "device", mark, number=number)


@disclosure("reminder.send", on="region")
def see_due(standing: Standing) -> list[Reminder]:
    """What is to be told now and was not told before."""
    now = clock.now()
    return [one for one in (*_of_passwords(now), *_of_devices(now)) if not _told(one)]


@use_case("reminder.send", on="region")
def take(change: Change, *, reminder: Reminder) -> bool:
    """Count it as told from here on; False if somebody else has told it meanwhile."""
    account = Account.objects.select_for_update().get(pk=reminder.account.id)
    change.stream = f"account:{account.id.hex}"
    change.about("Account", account.id, reminder=reminder.word, mark=reminder.mark)
    change.silent = _told(reminder)
    return not change.silent


def _told(reminder: Reminder) -> bool:
    """Whether the trail says that it was."""
    stream = f"account:{reminder.account.id.hex}"
    return trail.has(stream, "reminder.send", f'"{reminder.mark}"')
