"""The stricter rules of one organization for its own staff (A22): set, shown and confirmed.

What the organization says counts where it is stricter than the policy, and nowhere else
(``parameters.of``): whatever is sent, stored or changed later in the region, nothing is loosened.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.enrollment.entering import follow
from renkei.enrollment.models import RulesAcknowledgement
from renkei.kernel.database import for_update, row
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.people.figures import in_organization
from renkei.people.models import Account, Organization
from renkei.policy.rules import may
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region import parameters
from renkei.region.models import OwnRules
from renkei.region.parameters import PARAMETERS, Value

LONGEST = 20_000  # characters
OWN = tuple(name for name, one in PARAMETERS.items() if one.own)


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of an organization's own rules."""

    id: UUID
    number: int
    made_at: datetime
    made_by: str
    parameters: dict[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds in an organization: the region's figures, its own, and its provisions."""

    organization: str
    region: dict[str, Any]  # the figures of the policy that may be tightened
    effective: dict[str, Any]
    editions: list[Edition]  # the latest first
    confirmed_at: datetime | None
    may_set: bool

    @property
    def now(self) -> Edition | None:
        """The edition in force."""
        return self.editions[0] if self.editions else None

    @property
    def waiting(self) -> bool:
        """Whether there are words that the person has not confirmed yet."""
        return self.now is not None and bool(self.now.text) and self.confirmed_at is None


def _organization(organization: UUID | None) -> Organization:
    assert organization is not None
    return Organization.objects.select_related("region").get(pk=organization)


@disclosure("rules.see", on="organization")
def see_rules(standing: Standing) -> Rules:
    """The rules of one's own organization, and every edition before."""
    organization = _organization(standing.what.target_organization)
    editions = list(OwnRules.objects.filter(organization=organization.id).order_by("-number"))
    makers = Account.objects.in_bulk([one.made_by for one in editions])
    policy = parameters.of(organization.region.edition)
    effective = in_organization(organization)
    confirmed = RulesAcknowledgement.objects.filter(
        account=standing.who.account, rules=organization.rules
    ).first()
    return Rules(
        organization=organization.name,
        region={name: policy[name] for name in OWN},
        effective={name: effective[name] for name in OWN},
        editions=[
            Edition(
                one.id,
                one.number,
                one.made_at,
                makers[one.made_by].profile.name if one.made_by in makers else "",
                one.parameters,
                one.text,
            )
            for one in editions
        ],
        confirmed_at=confirmed.at if confirmed else None,
        may_set=may(standing, "rules.set"),
    )


@disclosure("rules.set", on="organization")
def before_setting(standing: Standing) -> None:
    """Nothing is shown; but the rule has been asked before the form is."""


@use_case("rules.set", on="organization")
def set_rules(change: Change, *, figures: Mapping[str, Value], text: str, number: int) -> UUID:
    """Set the organization's own rules for its own staff, as a new edition, in force at once.

    Args:
        figures: those it tightens; what is not named follows the policy.
        number: of the edition that was shown; 0 if there was none.

    Raises:
        Problem: a figure is laxer than the policy, or none an organization may set; or somebody
            else has set the rules meanwhile.
    """
    place = change.standing.what.target_organization
    assert place is not None
    change.stream = f"organization:{place.hex}"
    change.entity = f"Organization/{place.hex}"
    row(
        "SELECT 1 FROM people_organization WHERE id = %s" + for_update("people_organization"),
        [place.hex],
    )
    organization = _organization(place)
    latest = OwnRules.objects.filter(organization=place).order_by("-number").first()
    if number != (latest.number if latest else 0):
        raise Problem(
            gettext_noop("Somebody else has changed the rules meanwhile. Please look again.")
        )
    text = clean_text(text).strip()
    if len(text) > LONGEST:
        raise Problem(gettext_noop("This is too long."), field="text")
    rules = OwnRules(
        id=uuid7(),
        region_id=change.region,
        organization=place,
        number=number + 1,
        parameters=_tightened(parameters.of(organization.region.edition), figures),
        text=text,
        made_by=change.account,
        made_at=change.now,
    )
    rules.save(force_insert=True)
    organization.rules = rules.id
    organization.each_trains = rules.parameters.get("training_before_use") == "person"
    organization.save(update_fields=["rules", "each_trains"])
    follow(change, organization)
    change.end_standings()
    change.about("OwnRules", rules.id, number=rules.number, parameters=len(rules.parameters))
    return rules.id


def _tightened(policy: Mapping[str, Any], figures: Mapping[str, Value]) -> dict[str, Value]:
    """Those that are stricter than the policy; what is the same follows it.

    Raises:
        Problem: one is laxer, out of its bounds, or the region's alone.
    """
    kept: dict[str, Value] = {}
    for name, value in figures.items():
        if name not in OWN or PARAMETERS[name].fault(value):
            raise Problem(
                gettext_noop("This figure lies outside of what the policy allows."), field=name
            )
        if PARAMETERS[name].tighter(policy[name], value) != value:
            raise Problem(
                gettext_noop("An organization can only be stricter than the policy."), field=name
            )
        if value != policy[name]:
            kept[name] = value
    return kept


@use_case("rules.confirm", on="organization")
def confirm_rules(change: Change, *, rules: UUID) -> None:
    """Confirm having read the own rules of the organization acted for, in the edition in force.

    Raises:
        Problem: another edition is in force by now.
    """
    place = change.standing.what.target_organization
    assert place is not None
    if not Organization.objects.filter(pk=place, rules=rules).exists():
        raise Problem(gettext_noop("The rules have changed meanwhile. Please read the new ones."))
    _, new = RulesAcknowledgement.objects.get_or_create(
        account_id=change.account, rules_id=rules, defaults={"at": change.now}
    )
    change.silent = not new
    change.about("OwnRules", rules)


_WAITING = """
    SELECT 1 FROM people_organization o JOIN region_ownrules ow ON ow.id = o.rules
    WHERE o.id = %s AND ow.text <> '' AND NOT EXISTS (
      SELECT 1 FROM enrollment_rulesacknowledgement k
      WHERE k.rules_id = ow.id AND k.account_id = %s)"""


def waits_for_confirmation(standing: Standing) -> bool:
    """Whether the organization's own provisions wait to be read; its page's rule was asked."""
    who = standing.who
    if who.organization is None or who.account is None:
        return False
    return row(_WAITING, [who.organization.hex, who.account.hex]) is not None
