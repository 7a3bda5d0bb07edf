"""What everybody may know of the region, and the operator's notices to those who take part."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import DatabaseError

from renkei.kernel import vault
from renkei.kernel.clock import from_us
from renkei.kernel.database import as_uuid, row, rows
from renkei.kernel.errors import Unknown
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class PublicRegion:
    """The region as anybody may know it, signed in or not."""

    name: str
    operator_name: str
    phone: str
    email: str
    address: str
    policy: UUID | None
    policy_number: int
    effective_on: date | None


@dataclass(frozen=True, slots=True)
class PublicOrganization:
    """An organization on the public list (A19.1)."""

    name: str
    kana: str
    kind: str
    address: str
    phone: str


@dataclass(frozen=True, slots=True)
class PublicPolicy:
    """The edition of the policy in force (A1)."""

    id: UUID
    number: int
    effective_on: date
    text: str


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice as one person sees it."""

    id: UUID
    title: str
    body: str
    published_at: Any
    acknowledge: bool
    confirmed_at: Any  # None while it is not confirmed

    @property
    def waiting(self) -> bool:
        """Whether the person still has to confirm it."""
        return self.acknowledge and self.confirmed_at is None


_NOBODY = PublicRegion("", "", "", "", "", None, 0, None)
_last = _NOBODY
_REGION = """
    SELECT rg.name, rg.operator_name, rg.phone, rg.email, rg.address, rg.policy_id,
      pv.number, pv.effective_on
    FROM region_region rg LEFT JOIN region_policyversion pv ON pv.id = rg.policy_id
    ORDER BY rg.opened_at LIMIT 1"""


def _day(value: date | str | None) -> date | None:
    """A date column: SQLite gives text, PostgreSQL a date."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def public_region() -> PublicRegion:
    """The region this server serves; what was last known while the database does not answer."""
    global _last
    try:
        found = row(_REGION, [])
    except DatabaseError:
        return _last
    if found is None:
        return _NOBODY
    name, operator, phone, email, address, policy, number, effective = found
    _last = PublicRegion(
        name, operator, phone, email, address, as_uuid(policy), number or 0, _day(effective)
    )
    return _last


def public_policy() -> PublicPolicy:
    """The policy in force, which everybody may read (A1).

    Raises:
        Unknown: there is no region yet.
    """
    found = row(
        "SELECT pv.id, pv.number, pv.effective_on, pv.text FROM region_region rg"
        " JOIN region_policyversion pv ON pv.id = rg.policy_id ORDER BY rg.opened_at LIMIT 1",
        [],
    )
    effective = _day(found[2]) if found else None
    policy = as_uuid(found[0]) if found else None
    if found is None or effective is None or policy is None:
        raise Unknown("policy")
    return PublicPolicy(policy, found[1], effective, found[3])


def public_organizations() -> list[PublicOrganization]:
    """The organizations that take part and are listed, in the order of their kana (A19.1)."""
    found = rows(
        "SELECT name, kana, kind, address, phone FROM people_organization"
        " WHERE listed AND suspended_at IS NULL ORDER BY kana, name",
        [],
    )
    return [PublicOrganization(*one) for one in found]


_NOTICES = """
    SELECT n.id, n.key_id, n.content, n.published_at, n.acknowledge, k.at
    FROM region_notice n
    LEFT JOIN enrollment_noticeacknowledgement k ON k.notice_id = n.id AND k.account_id = %s
    WHERE n.region_id = %s"""


def _notice(found: tuple[Any, ...]) -> NoticeLine:
    notice, key = as_uuid(found[0]), as_uuid(found[1])
    assert notice is not None and key is not None
    content = vault.unseal_json(key, found[2], about=f"region.Notice/{notice.hex}/content")
    return NoticeLine(
        id=notice,
        title=content["title"],
        body=content["body"],
        published_at=from_us(found[3]),
        acknowledge=bool(found[4]),
        confirmed_at=from_us(found[5]) if found[5] else None,
    )


def _ids(standing: Standing) -> list[str]:
    who = standing.who
    assert who.account is not None and who.region is not None
    return [who.account.hex, who.region.hex]


def notices(standing: Standing, *, most: int = 8) -> list[NoticeLine]:
    """What the operator has to say: what waits for confirmation first, then the newest."""
    waiting = " ORDER BY (n.acknowledge AND k.at IS NULL) DESC, n.published_at DESC LIMIT %s"
    return [_notice(one) for one in rows(_NOTICES + waiting, [*_ids(standing), most])]


@disclosure("home.see", on="region")
def see_notice(standing: Standing, notice: UUID) -> NoticeLine:
    """One notice of the operator in the person's own region.

    Raises:
        Unknown: there is no such notice here.
    """
    found = row(_NOTICES + " AND n.id = %s", [*_ids(standing), notice.hex])
    if found is None:
        raise Unknown("notice")
    return _notice(found)


@disclosure("notice.publish", on="region")
def before_publishing(standing: Standing) -> None:
    """Nothing is shown; but the rule has been asked before the form is."""
