"""When a review is due, and whom its being late concerns (N1.2).

Due belongs to the group, not to a person: whoever manages it now is asked. Late by the days of
grace, the administrator of the managing organization sees it; by twice as many, the operator does,
as a number.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.clock import from_us
from renkei.kernel.database import as_uuid, id_of, row, rows
from renkei.policy.standing import Who
from renkei.region import parameters
from renkei.region.edition import IN_FORCE

SOON: Final = timedelta(days=7)  # before it is due, whoever makes it is asked
# Which groups ``g`` are asked for a review, ``p`` being the patient: the list-shaped twin of the
# fact ``is_reviewed``.
REVIEWED: Final = (
    "g.kind IN ('patient', 'family') AND g.closed_at IS NULL AND g.archived_at IS NULL"
    " AND p.deceased_at IS NULL"
)
_GROUPS: Final = f"""
    SELECT g.id, g.organization_id, {IN_FORCE}, o.rules,
      COALESCE((SELECT MAX(v.made_at) FROM review_review v WHERE v.group_id = g.id), g.opened_at),
      p.id, p.key_id, p.identity_sealed, o.name, {{mine}}, g.kind
    FROM group_group g
    JOIN people_organization o ON o.id = g.organization_id
    JOIN region_region rg ON rg.id = g.region_id
    JOIN patient_patient p ON p.id = g.patient_id
    WHERE {REVIEWED} AND ({{which}})"""
_MINE: Final = """SELECT m.group_id FROM group_member m
      JOIN people_practitionerrole mr ON mr.id = m.role_id AND mr.ended_at IS NULL
      WHERE m.account_id = %s AND m.manager AND m.ended_at IS NULL"""
# The people of an organization are reviewed as well, from when the first of them came.
_ACCOUNTS: Final = f"""
    SELECT NULL, o.id, {IN_FORCE}, o.rules,
      COALESCE(
        (SELECT MAX(v.made_at) FROM review_review v
          WHERE v.organization_id = o.id AND v.group_id IS NULL),
        (SELECT MIN(r.started_at) FROM people_practitionerrole r WHERE r.organization_id = o.id)),
      NULL, NULL, NULL, o.name, 0, ''
    FROM people_organization o
    JOIN region_region rg ON rg.id = o.region_id
    WHERE o.left_on IS NULL AND o.suspended_at IS NULL AND o.approved_on IS NOT NULL
      AND ({{which}})"""
_TO_DO: Final = """
    SELECT COUNT(*) FROM review_reviewed l
    JOIN review_review v ON v.id = l.review_id
    JOIN people_practitionerrole r ON r.id = l.role_id
    WHERE v.organization_id = %s AND v.group_id IS NULL AND r.ended_at IS NULL
      AND v.number = (SELECT MAX(x.number) FROM review_review x
        WHERE x.organization_id = v.organization_id AND x.group_id IS NULL)
      AND (l.result = 'leaves' AND r.until IS NULL
        OR l.result = 'restricted' AND r.restriction = '')"""


@dataclass(frozen=True, slots=True)
class Due:
    """A review to come, of a group or of an organization's people."""

    group: UUID | None
    organization: UUID
    name: str  # of the organization
    at: datetime
    grace: timedelta
    patient: UUID | None = None
    key: UUID | None = None
    sealed: bytes = b""  # who the patient is
    kind: str = ""  # of the group
    mine: bool = False  # the person asked about manages the group

    @property
    def soon(self) -> bool:
        """Whether whoever makes it is asked."""
        return clock.now() >= self.at - SOON

    @property
    def late(self) -> bool:
        """Whether the day is over."""
        return clock.now() > self.at

    @property
    def days_late(self) -> int:
        """How many whole days it is late."""
        return max((clock.now() - self.at).days, 0)

    @property
    def for_administrator(self) -> bool:
        """Whether it is so late that the administrator of the organization is told."""
        return clock.now() > self.at + self.grace

    @property
    def for_operator(self) -> bool:
        """Whether it is so late that the operator is told."""
        return clock.now() > self.at + 2 * self.grace


def _figures(found: tuple[Any, ...]) -> dict[str, Any]:
    own = as_uuid(found[3])
    return parameters.of(as_uuid(found[2]), *([own] if own else []))


def _due(found: tuple[Any, ...], figure: str) -> Due:
    figures = _figures(found)
    return Due(
        group=as_uuid(found[0]),
        organization=id_of(found[1]),
        name=found[8],
        at=from_us(found[4]) + timedelta(days=figures[figure]),
        grace=timedelta(days=figures["review_grace_days"]),
        patient=as_uuid(found[5]),
        key=as_uuid(found[6]),
        sealed=found[7] or b"",
        kind=found[10],
        mine=bool(found[9]),
    )


def _now() -> int:
    return clock.to_us(clock.now())


def _of_groups(which: str, *asked: str, account: UUID | None = None) -> list[Due]:
    is_mine = f"CASE WHEN g.id IN ({_MINE}) THEN 1 ELSE 0 END" if account else "0"
    sql = _GROUPS.format(mine=is_mine, which=which)
    mine = [account.hex] if account else []
    found = rows(sql, [_now(), *mine, *asked])
    if account:
        found = _soon(found)
    return sorted((_due(one, "review_interval_days") for one in found), key=lambda one: one.at)


def _soon(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Those of which somebody is asked, without looking at each as a review: most are not due."""
    days: dict[tuple[Any, Any], int] = {}  # by edition and own rules
    before, soon = clock.now() + SOON, []
    for one in found:
        terms = one[2], one[3]
        if terms not in days:
            interval = timedelta(days=_figures(one)["review_interval_days"])
            days[terms] = clock.to_us(before - interval)
        if one[4] <= days[terms]:
            soon.append(one)
    return soon


def of_group(group: UUID) -> Due | None:
    """When this group is to be reviewed; None if it is not asked for."""
    return next(iter(_of_groups("g.id = %s", group.hex)), None)


def of_organization(organization: UUID) -> list[Due]:
    """The groups that an organization manages, the longest due first."""
    return _of_groups("g.organization_id = %s", organization.hex)


def around(who: Who) -> list[Due]:
    """Due soon, of the groups one manages, and as an administrator of the organization's."""
    assert who.account is not None
    own = who.organization if who.administrator else None
    of_own = " UNION SELECT x.id FROM group_group x WHERE x.organization_id = %s" if own else ""
    which = f"g.id IN ({_MINE}{of_own})"
    asked = [who.account.hex, *([own.hex] if own else [])]
    return _of_groups(which, *asked, account=who.account)


def of_accounts(organization: UUID) -> Due | None:
    """When an organization's people are to be reviewed; None if it is not asked for."""
    return next(iter(_of_accounts("o.id = %s", organization.hex)), None)


def _of_accounts(which: str, asked: str) -> list[Due]:
    found = rows(_ACCOUNTS.format(which=which), [_now(), asked])
    return [_due(one, "account_review_days") for one in found if one[4] is not None]


def to_do(organization: UUID) -> int:
    """How many of those of the last review are to be let go or restricted, and are not yet."""
    found = row(_TO_DO, [organization.hex])
    return int(found[0]) if found else 0


@dataclass(frozen=True, slots=True)
class Late:
    """One organization before the operator: numbers alone."""

    organization: str
    groups: int
    accounts: bool


def late_in(region: UUID) -> list[Late]:
    """The organizations that are so late with a review that the operator is told."""
    groups = [one for one in _of_groups("g.region_id = %s", region.hex) if one.for_operator]
    accounts = [one for one in _of_accounts("o.region_id = %s", region.hex) if one.for_operator]
    names = {one.organization: one.name for one in [*groups, *accounts]}
    people = {one.organization for one in accounts}
    lines = [
        Late(name, sum(one.organization == place for one in groups), place in people)
        for place, name in names.items()
    ]
    return sorted(lines, key=lambda one: (-one.groups, one.organization))
