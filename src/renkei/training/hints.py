"""The points to note, shown to each in their own words, and once by themselves (A10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.database import row, rows
from renkei.kernel.errors import Unknown
from renkei.people.faces import name_of
from renkei.people.models import Organization
from renkei.people.selectors import administrators
from renkei.policy.standing import Standing, Who
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region import parameters
from renkei.region.models import Region
from renkei.region.wording import SYSTEM, fill
from renkei.training.cards import Card, Page, cards, foot, pages
from renkei.training.models import CardNoted


@dataclass(frozen=True, slots=True)
class Points:
    """The pages for one person: those of their own roles, and the card of their profession."""

    own: list[Page]
    others: list[Page]
    profession: str
    card: Card | None
    foot: str  # Markdown
    noted: frozenset[str]


_MANAGES = """
    SELECT 1 FROM group_member
    WHERE account_id = %s AND manager AND ended_at IS NULL LIMIT 1"""


def _roles(who: Who, manages: bool) -> list[str]:
    """The roles that a person has, as ``cards.ROLES`` names them."""
    has = {
        "staff": who.role is not None,
        "group_manager": manages,
        "administrator": who.administrator,
        "operator": who.operator,
        "family": who.role is None and not who.operator,
    }
    return [role for role, is_so in has.items() if is_so]


def _words(who: Who) -> Mapping[str, Mapping[str, object]]:
    """What stands in the places of the texts; without an organization the operator's number."""
    assert who.region is not None
    region = Region.objects.get(pk=who.region)
    own = Organization.objects.filter(pk=who.organization).first() if who.organization else None
    name = ""
    if own is not None:
        roles = administrators(clock.now()).filter(organization=own).select_related("account")
        first = roles.order_by("started_at").first()
        if first is not None:
            name = name_of(first.account)
    return {
        "system": SYSTEM,
        "operator": {"name": region.operator_name, "phone": region.phone},
        "organization": {"phone": own.phone if own else region.phone},
        "administrator": {"name": name},
        "parameters": parameters.of(region.edition),
    }


def _noted(account: UUID) -> frozenset[str]:
    found = rows("SELECT role FROM training_cardnoted WHERE account_id = %s", [account.hex])
    return frozenset(role for (role,) in found)


@disclosure("home.see", on="region")
def see_points(standing: Standing) -> Points:
    """The points to note for the person who asks, filled in with whom to ring."""
    who = standing.who
    assert who.account is not None
    words = _words(who)
    manages = row(_MANAGES, [who.account.hex]) is not None
    mine = _roles(who, manages)
    filled = {
        role: Page(role, one.title, one.motto, fill(one.text, words), one.clauses)
        for role, one in pages().items()
    }
    return Points(
        own=[filled[role] for role in mine],
        others=[one for role, one in filled.items() if role not in mine],
        profession=who.profession,
        card=cards().get(who.profession),
        foot=fill(foot(), words),
        noted=_noted(who.account),
    )


def hint_for(who: Who, *, manages: bool) -> Page | None:
    """The page of a role that the person has and has not seen yet; for the home page."""
    assert who.account is not None
    known = _noted(who.account)
    waiting = [role for role in _roles(who, manages) if role not in known]
    return pages()[waiting[0]] if waiting else None


@use_case("points.note", on="region")
def note_points(change: Change, *, role: str) -> None:
    """Take note of the points of a role; home does not show them by itself again.

    Raises:
        Unknown: there is no such role.
    """
    if role not in pages():
        raise Unknown("role")
    _, made = CardNoted.objects.get_or_create(
        account_id=change.account, role=role, defaults={"at": change.now}
    )
    change.silent = not made
    change.about("Account", change.account, role=role)
