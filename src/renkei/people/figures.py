"""The figures that hold for an organization and for a person: the policy's, or stricter (A22)."""

from typing import Any, Final
from uuid import UUID

from renkei.kernel.database import row
from renkei.people.models import Account, Organization
from renkei.region import parameters
from renkei.region.edition import RULES, rules_in

_OF_ACCOUNT: Final = f"SELECT {RULES} FROM people_account a WHERE a.id = %s"


def in_organization(organization: Organization) -> dict[str, Any]:
    """The figures that an organization sets for its people: its own where they are stricter."""
    own = () if organization.rules is None else (organization.rules,)
    return parameters.of(organization.region.edition, *own)


def rules_of(account: UUID) -> tuple[UUID, ...]:
    """The own rules of every organization a person works for at present."""
    found = row(_OF_ACCOUNT, [account.hex])
    return rules_in(found[0]) if found else ()


def of_account(account: Account) -> dict[str, Any]:
    """The figures for a person: the strictest of all they work for, whomever they act for."""
    return parameters.of(account.region.edition, *rules_of(account.id))
