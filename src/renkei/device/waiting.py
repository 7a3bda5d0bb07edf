"""What of devices and take-outs waits for a person, as ホーム says it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.database import row
from renkei.people.selectors import ADMINISTERS
from renkei.policy.standing import Who

SOON: Final = timedelta(days=14) // timedelta(microseconds=1)

_OWN = """
    SELECT COUNT(*) FROM device_takeout
    WHERE account_id = %s AND state = 'approved' AND to_at < %s"""
_DESK = """
    SELECT
      (SELECT COUNT(*) FROM device_device d WHERE d.organization_id = %s AND d.state = 'pending')
      + (SELECT COUNT(*) FROM device_listing l JOIN device_device d ON d.id = l.device_id
          WHERE l.organization_id = %s AND d.organization_id <> l.organization_id
            AND l.accepted_at IS NULL AND d.state IN ('in_use', 'lent')),
      (SELECT COUNT(*) FROM device_takeout t WHERE t.organization_id = %s
        AND (t.state = 'waiting' OR (t.state = 'approved' AND t.to_at < %s)))"""
_ADMINISTRATORS = f"""
    FROM people_practitionerrole x JOIN people_account xa ON xa.id = x.account_id
    WHERE x.organization_id = o.id AND {ADMINISTERS.format(role="x", account="xa")}"""
_SOLE = f"""
    SELECT COUNT(*) FROM device_takeout t
    JOIN people_organization o ON o.id = t.organization_id AND o.region_id = %s
    WHERE t.account_id <> %s AND (t.state = 'waiting' OR (t.state = 'approved' AND t.to_at < %s))
      AND NOT EXISTS (SELECT 1 {_ADMINISTRATORS} AND x.account_id <> t.account_id)"""
_FIRST = f"""
    SELECT COUNT(*) FROM device_device d
    JOIN people_organization o ON o.id = d.organization_id AND o.region_id = %s
    WHERE d.state = 'pending' AND (NOT EXISTS (SELECT 1 FROM device_device x
        WHERE x.organization_id = o.id AND x.id <> d.id AND x.state IN ('in_use', 'lent'))
      OR (EXISTS (SELECT 1 {_ADMINISTRATORS} AND x.account_id = d.added_by_id)
        AND (SELECT COUNT(*) {_ADMINISTRATORS}) = 1))"""


def waiting_for(who: Who) -> Iterator[tuple[str, int]]:
    """What waits: a word such as check, own_out or devices, and how many."""
    assert who.account is not None
    now = clock.to_us(clock.now())
    if who.device is not None and who.device_fits and who.device_until - now <= SOON:
        yield "check", 1
    yield from _counted("own_out", _OWN, who.account.hex, now)
    if who.administrator and who.organization is not None:
        own = who.organization.hex
        found = row(_DESK, [own, own, own, now])
        assert found is not None
        yield from ((word, n) for word, n in zip(("devices", "take_outs"), found, strict=True) if n)
    if who.operator and who.region is not None:
        if first := first_devices(who.region):
            yield "first", first
        yield from _counted("sole_out", _SOLE, who.region.hex, who.account.hex, now, now)


def first_devices(region: UUID) -> int:
    """How many devices wait for the operator, whom nobody at their organization could approve."""
    now = clock.to_us(clock.now())
    found = row(_FIRST, [region.hex, now, now])
    return int(found[0]) if found else 0


def _counted(word: str, sql: str, *asked: object) -> Iterator[tuple[str, int]]:
    found = row(sql, list(asked))
    if found is not None and found[0]:
        yield word, int(found[0])
