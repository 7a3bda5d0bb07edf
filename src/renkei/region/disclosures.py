"""What everybody may know of the region: who runs it, its policy, who takes part."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import DatabaseError, InterfaceError

from renkei.kernel import clock
from renkei.kernel.database import as_day, as_uuid, row, rows
from renkei.kernel.errors import Unknown
from renkei.region.edition import IN_FORCE


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


_NOBODY = PublicRegion("", "", "", "", "", None, 0, None)
_last = _NOBODY
_REGION = f"""
    SELECT rg.name, rg.operator_name, rg.phone, rg.email, rg.address, pv.id,
      pv.number, pv.effective_on
    FROM region_region rg LEFT JOIN region_policyversion pv ON pv.id = {IN_FORCE}
    ORDER BY rg.opened_at LIMIT 1"""


def public_region() -> PublicRegion:
    """The region this server serves; what was last known while the database does not answer."""
    global _last
    try:
        found = row(_REGION, [clock.to_us(clock.now())])
    except (DatabaseError, InterfaceError):
        return _last
    if found is None:
        return _NOBODY
    name, operator, phone, email, address, policy, number, effective = found
    _last = PublicRegion(
        name, operator, phone, email, address, as_uuid(policy), number or 0, as_day(effective)
    )
    return _last


def public_policy() -> PublicPolicy:
    """The policy in force, which everybody may read (A1).

    Raises:
        Unknown: there is no region yet.
    """
    found = row(
        "SELECT pv.id, pv.number, pv.effective_on, pv.text FROM region_region rg"
        f" JOIN region_policyversion pv ON pv.id = {IN_FORCE} ORDER BY rg.opened_at LIMIT 1",
        [clock.to_us(clock.now())],
    )
    effective = as_day(found[2]) if found else None
    policy = as_uuid(found[0]) if found else None
    if found is None or effective is None or policy is None:
        raise Unknown("policy")
    return PublicPolicy(policy, found[1], effective, found[3])


def public_organizations() -> list[PublicOrganization]:
    """The organizations that take part and are listed, in the order of their kana (A19.1)."""
    found = rows(
        "SELECT name, kana, kind, address, phone FROM people_organization"
        " WHERE listed AND suspended_at IS NULL AND left_on IS NULL"
        " AND approved_on IS NOT NULL ORDER BY kana, name",
        [],
    )
    return [PublicOrganization(*one) for one in found]
