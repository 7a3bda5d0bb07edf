"""Working on a device outside the ledger while a disaster use is in force (A20, 20-2)."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext_noop

from renkei.audit import trail
from renkei.audit.trail import Outcome
from renkei.kernel import clock, vault
from renkei.kernel.database import execute, row, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.kernel.sealed import about
from renkei.people.attempts import Place
from renkei.people.cards import made_before, use_code
from renkei.people.factors import had_factor
from renkei.people.selectors import IN_OFFICE
from renkei.policy.standing import Standing, Who
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.policy.who import CARD
from renkei.region.disaster import Disaster, in_force
from renkei.safety.models import EmergencyUse

REASON_MOST: Final = 200  # characters
TRACED_SECONDS: Final = 60  # wrong numbers for one account within it are one line in the trail
_LABEL = EmergencyUse._meta.label


@dataclass(frozen=True, slots=True)
class Spent:
    """A number of this person's disaster card was shown, and is worth nothing any more."""

    account: UUID


@dataclass(frozen=True, slots=True)
class Browser:
    """The browser in which somebody enters."""

    name: str  # "Safari, iPhone"
    mark: str  # the same for one person in one browser; empty if not known


@dataclass(frozen=True, slots=True)
class Entrance:
    """What the page says to who would work on this device."""

    disaster: Disaster | None
    covered: bool  # an organization of the person lies in its area
    listed: bool  # the device is in order already
    entered: bool
    factor: str  # by what the person has shown who they are in this session; never by the card

    @property
    def open(self) -> bool:
        """Whether there is something to enter by."""
        return self.covered and not self.listed and not self.entered


def places_of(account: UUID) -> list[UUID]:
    """The organizations for which somebody works today and may sign in."""
    found = rows(
        "SELECT r.organization_id FROM people_practitionerrole r"
        " JOIN people_organization o ON o.id = r.organization_id"
        f" WHERE r.account_id = %s AND {IN_OFFICE.format(role='r')}"
        " AND o.suspended_at IS NULL AND o.left_on IS NULL ORDER BY r.started_at, r.id",
        [account.hex, clock.to_us(clock.now())],
    )
    return [UUID(str(one[0])) for one in found]


def may_enter(account: UUID) -> Disaster | None:
    """The disaster use that lets this person in on any device; None if none does."""
    found = row("SELECT region_id FROM people_account WHERE id = %s", [account.hex])
    disaster = in_force(UUID(str(found[0]))) if found else None
    if disaster is None or not any(disaster.covers(one) for one in places_of(account)):
        return None
    return disaster


@disclosure("emergency.enter", on="region")
def see_entrance(standing: Standing) -> Entrance:
    """Whether one may work here under the disaster use in force, and what one has to show."""
    who = standing.who
    assert who.account is not None and who.region is not None
    disaster = in_force(who.region)
    return Entrance(
        disaster=disaster,
        covered=may_enter(who.account) is not None,
        listed=(who.device_fits or who.anywhere) and who.emergency is None,
        entered=disaster is not None and who.emergency == disaster.id,
        factor=_usable(who, disaster),
    )


def _usable(who: Who, disaster: Disaster | None) -> str:
    """By what the person showed who they are, if they had it before this was declared.

    Who knows a password alone could have set one up this minute.
    """
    assert who.account is not None
    old = disaster is not None and had_factor(who.account, disaster.declared_at)
    return who.second_factor if old and who.second_factor != CARD else ""


def spend_card(account: UUID, typed: str, place: Place) -> Spent | None:
    """Take a number of the person's card; None if it is wrong, spent, or tried too often.

    Nothing is tried, and no number lost, while no disaster use lets the person in. A card made
    since it was declared is worth nothing: who knows a password alone could make one.

    Raises:
        Problem: too many attempts; wait.
    """
    disaster = may_enter(account)
    if disaster is None:
        return None
    if not place.take_turn():
        raise Problem(
            gettext_noop("Too many attempts. Try again in %(n)s minutes."),
            field="code",
            n=max(1, place.wait_minutes()),
        )
    if not (made_before(account, disaster.declared_at) and use_code(account, typed)):
        if cache.add(f"card_failed:{account.hex}", 1, TRACED_SECONDS):
            _trace(account, Outcome.FAILED)
        return None
    place.succeeded()
    _trace(account, Outcome.DONE)
    return Spent(account)


def _trace(account: UUID, outcome: Outcome) -> None:
    with transaction.atomic():
        trail.record(
            stream=f"account:{account.hex}",
            action="card.use",
            entity=f"Account/{account.hex}",
            actor=account if outcome is Outcome.DONE else None,
            outcome=outcome.value,
        )


@use_case("emergency.enter", on="region")
def enter_disaster(
    change: Change, *, reason: str, spent: Spent | None, browser: Browser
) -> EmergencyUse:
    """Let this session open patient data for as long as the disaster use lasts.

    Raises:
        Problem: none is in force for the person; nothing was shown; no reason; nothing to lift.
    """
    who = change.standing.who
    change.about("Account", change.account)
    disaster = in_force(change.region)
    places = [one for one in places_of(change.account) if disaster and disaster.covers(one)]
    if disaster is None or not places:
        raise Problem(gettext_noop("No disaster use is in force for your organization."))
    if (who.device_fits or who.anywhere) and who.emergency is None:
        raise Problem(gettext_noop("This device is in order. There is nothing to lift."))
    shown = spent is not None and spent.account == change.account
    factor = CARD if shown else _usable(who, disaster)
    if not factor:
        raise Problem(gettext_noop("A second step, or a number of the disaster card, is needed."))
    reason = clean_text(reason).strip()
    if not reason or len(reason) > REASON_MOST:
        raise Problem(
            gettext_noop("Please say why you use this device, in up to %(n)s characters."),
            field="reason",
            n=REASON_MOST,
        )
    use = _record(change, disaster, who.organization if who.organization in places else places[0])
    _fill(use, reason, factor, browser, who.session)
    execute(
        "UPDATE people_session SET emergency_id = %s, second_factor = %s WHERE session_key = %s",
        [disaster.id.hex, who.second_factor or factor, who.session],
    )
    change.about(
        "EmergencyUse",
        use.id,
        factor=factor,
        **disaster.mark,
    )
    change.end_standings(account=change.account)
    return use


def _record(change: Change, disaster: Disaster, organization: UUID) -> EmergencyUse:
    found = row("SELECT key_id FROM region_region WHERE id = %s", [change.region.hex])
    assert found is not None
    return EmergencyUse(
        id=uuid7(),
        key_id=UUID(str(found[0])),
        disaster_id=disaster.id,
        account_id=change.account,
        organization_id=organization,
        at=change.now,
    )


def _fill(use: EmergencyUse, reason: str, factor: str, browser: Browser, session: str) -> None:
    place = about(_LABEL, use.id, "reason")
    use.reason = vault.seal(use.key_id, reason.encode(), about=place)
    use.factor, use.session = factor, session
    use.browser, use.mark = browser.name[:60], browser.mark or use.id.hex
    use.save(force_insert=True)
