"""Which edition of the policy is in force at a moment: a question of the clock alone.

A region names the edition in force and, once it is confirmed, the one that is to follow with the
moment of its beginning. Whoever asks after that moment has the new one, in every process, whether
or not anybody has written it down yet (``enrollment.entering``).
"""

from typing import Final
from uuid import UUID

from renkei.kernel.clock import now, to_us
from renkei.kernel.database import id_of, listed, row

# The stricter rules of all the organizations an account ``a`` works for, as text.
RULES: Final = f"""
    (SELECT {listed("zo.rules")} FROM people_practitionerrole z
      JOIN people_organization zo ON zo.id = z.organization_id
      WHERE z.account_id = a.id AND z.ended_at IS NULL)"""
# Of region ``rg``, with the present moment in microseconds as its one argument.
IN_FORCE: Final = "CASE WHEN rg.coming_at <= %s THEN rg.coming ELSE rg.policy_id END"


def in_force(
    policy: UUID | None, coming: UUID | None, coming_at: int | None, now: int
) -> UUID | None:
    """The edition in force at ``now``; moments are whole microseconds."""
    due = coming is not None and coming_at is not None and coming_at <= now
    return coming if due else policy


def edition_of(region: UUID) -> UUID:
    """The edition in force in a region now, without the region itself."""
    found = row(
        f"SELECT {IN_FORCE} FROM region_region rg WHERE rg.id = %s", [to_us(now()), region.hex]
    )
    assert found is not None
    return id_of(found[0])


def served_region() -> UUID | None:
    """The region this server serves; None before there is one."""
    found = row("SELECT id FROM region_region ORDER BY opened_at LIMIT 1", [])
    return id_of(found[0]) if found else None


def rules_in(listed_rules: str | None) -> tuple[UUID, ...]:
    """The editions of own rules that ``RULES`` lists (A22).

    They bind whomever the person acts for: else who works for two organizations would get round
    the stricter one by acting for the other.
    """
    return tuple(sorted({id_of(one) for one in listed_rules.split(",")})) if listed_rules else ()
