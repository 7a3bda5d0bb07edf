"""Afterwards: every device that came in is adopted or closed, and everybody can check (A20, 20-4).

The organization decides about its own people's devices; the operator sees the whole list, what is
overdue, and publishes numbers without names.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from renkei.audit import trail
from renkei.device.models import Device
from renkei.kernel import clock, vault
from renkei.kernel.damage import DAMAGE, sentence
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.people import browsers
from renkei.people.models import Organization, Session
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region import parameters
from renkei.region.disaster import Disaster, all_of, one_of
from renkei.region.models import DisasterUse, Region
from renkei.safety.models import EmergencyUse, PlaceReport, SafetyReport, StaffReport

NUMBER: Final = "災-{}"  # of a device adopted into the ledger, until its organization gives one


@dataclass(frozen=True, slots=True)
class Use:
    """One entry on an unlisted device."""

    id: UUID
    disaster: UUID
    drill: bool
    name: str
    organization: str
    organization_id: UUID
    at: datetime
    reason: str
    factor: str
    browser: str
    outcome: str  # "", "adopted" or "closed"
    settled_by: str
    settled_at: datetime | None
    settle_by: datetime  # until when it is to be decided
    acts: dict[str, int]  # what the person did under this disaster use on such devices

    @property
    def overdue(self) -> bool:
        """Whether the time to decide is over."""
        return not self.outcome and clock.now() > self.settle_by


@dataclass(frozen=True, slots=True)
class Report:
    """One disaster use, and every use of unlisted devices under it."""

    disaster: Disaster
    uses: list[Use]
    confirmed_by_others: bool  # the one who asks did not set it, and may confirm it

    @property
    def open(self) -> int:
        """Entries about which nothing is decided."""
        return sum(not one.outcome for one in self.uses)

    @property
    def overdue(self) -> list[Use]:
        """Those whose organization is late."""
        return [one for one in self.uses if one.overdue]


def _days(region: Region) -> timedelta:
    figures = parameters.of(region.edition)
    return timedelta(days=figures["disaster_reconciliation_days"])


def _reason(use: EmergencyUse) -> str:
    try:
        return vault.unseal(
            use.key_id, use.reason, about=f"safety.EmergencyUse/{use.id.hex}/reason"
        ).decode()
    except DAMAGE as found:
        return sentence(found)


def _use(use: EmergencyUse, days: timedelta, acts: dict[UUID, dict[str, int]]) -> Use:
    disaster = use.disaster
    over = min(disaster.until, disaster.ended_at or disaster.until)
    return Use(
        id=use.id,
        disaster=disaster.id,
        drill=disaster.drill,
        name=use.account.profile.name,
        organization=use.organization.name,
        organization_id=use.organization_id,
        at=use.at,
        reason=_reason(use),
        factor=use.factor,
        browser=use.browser,
        outcome=use.outcome,
        settled_by=use.settled_by.profile.name if use.settled_by else "",
        settled_at=use.settled_at,
        settle_by=over + days,
        acts=acts.get(use.account_id, {}),
    )


def _acts(disaster: DisasterUse) -> dict[UUID, dict[str, int]]:
    """What everybody did on unlisted devices, by the marks in the trail."""
    acts: dict[UUID, dict[str, int]] = {}
    mark = f'"disaster":"{disaster.id.hex}"'
    for actor, action, n in trail.acts_under(mark, disaster.declared_at):
        if actor is not None and not action.startswith("disaster."):
            acts.setdefault(actor, {})[action] = n
    return acts


def _uses(uses: QuerySet[EmergencyUse], region: Region) -> list[Use]:
    found = list(uses.select_related("disaster", "account", "organization", "settled_by"))
    days = _days(region)
    acts = {one.disaster_id: one.disaster for one in found}
    counted = {key: _acts(disaster) for key, disaster in acts.items()}
    return [_use(one, days, counted[one.disaster_id]) for one in found]


def _region(standing: Standing) -> Region:
    assert standing.who.region is not None
    return Region.objects.get(pk=standing.who.region)


@disclosure("disaster.see", on="disaster")
def see_report(standing: Standing) -> Report:
    """Every use of unlisted devices under one disaster use; for the operator."""
    asked, region = standing.what.disaster, _region(standing)
    assert asked is not None
    disaster = one_of(region.id, asked.id)
    assert disaster is not None
    uses = EmergencyUse.objects.filter(disaster=asked.id).order_by("organization__kana", "at")
    return Report(disaster, _uses(uses, region), asked.set_by != standing.who.account)


@disclosure("disasters.see", on="region")
def see_disasters(standing: Standing) -> tuple[list[Disaster], dict[str, str]]:
    """All disaster uses and drills, and the organizations there are to choose from."""
    assert standing.who.region is not None
    places = Organization.objects.filter(
        region=standing.who.region, suspended_at=None, left_on=None
    )
    names = {one.id.hex: one.name for one in places.order_by("kana", "name")}
    return all_of(standing.who.region), names


@disclosure("emergency.settle", on="organization")
def see_uses(standing: Standing) -> list[Use]:
    """The unlisted devices of one's own people, what is undecided first."""
    mine = EmergencyUse.objects.filter(organization=standing.what.target_organization)
    found = mine.filter(disaster__removed_at=None).order_by("-at")[:200]
    return sorted(_uses(found, _region(standing)), key=lambda one: bool(one.outcome))


@use_case("emergency.settle", on="organization")
def settle(change: Change, *, use: UUID, outcome: str) -> int:
    """Adopt a device into the ledger, or close it; for all entries made in that browser.

    Adopting puts a row into the ledger that waits for approval: it opens nothing yet. Closing ends
    the sessions on it at once.

    Raises:
        Unknown: no such entry of this organization.
        Problem: decided already.
    """
    place = change.standing.what.target_organization
    found = EmergencyUse.objects.filter(pk=use, organization=place).first()
    if found is None or outcome not in ("adopted", "closed") or place is None:
        raise Unknown("use")
    change.stream = f"organization:{place.hex}"
    change.about("EmergencyUse", use, outcome=outcome)
    if found.outcome:
        raise Problem(gettext_noop("This is decided already."))
    same = EmergencyUse.objects.filter(
        disaster=found.disaster_id,
        organization=place,
        account=found.account_id,
        mark=found.mark,
        outcome="",
    )
    sessions = list(same.values_list("session", flat=True))
    device = _adopt(change, found, place) if outcome == "adopted" else None
    count = same.update(
        outcome=outcome, device=device, settled_by=change.account, settled_at=change.now
    )
    if outcome == "closed":
        browsers.end_of_sessions(change, sessions)
        Session.objects.filter(pk__in=sessions).delete()
        change.end_standings(account=found.account_id)
    change.detail |= {"times": count} | ({"device": device.id.hex} if device else {})
    return count


def _adopt(change: Change, use: EmergencyUse, place: UUID) -> Device:
    """The row in the ledger; its organization looks at it before it opens anything."""
    organization = Organization.objects.get(pk=place)
    taken = Device.objects.filter(organization=place, number__startswith=NUMBER.format(""))
    device = Device(
        id=uuid7(),
        key_id=organization.key_id,
        organization=organization,
        number=NUMBER.format(taken.count() + 1),
        ownership=Device.Ownership.PRIVATE,
        type=_type(use.browser),
        state=Device.State.PENDING,
        added_by_id=use.account_id,
        added_at=change.now,
        state_changed_at=change.now,
    )
    device.save(force_insert=True)
    device.users.add(use.account)
    return device


def _type(browser: str) -> str:
    if "iPad" in browser:
        return Device.Type.TABLET.value
    phone = any(one in browser for one in ("iPhone", "Android"))
    return (Device.Type.PHONE if phone else Device.Type.COMPUTER).value


@use_case("disaster.publish", on="disaster")
def publish_result(change: Change) -> dict[str, int]:
    """Publish what came of it: numbers without names.

    Raises:
        Problem: it is not over, or something is undecided, or it was published already.
    """
    disaster = _over(change)
    if disaster.published_at is not None:
        raise Problem(gettext_noop("This was published already."))
    uses = list(EmergencyUse.objects.filter(disaster=disaster))
    if any(not one.outcome for one in uses):
        raise Problem(gettext_noop("Some devices are neither adopted nor closed yet."))
    devices = Counter({(one.account_id, one.mark): one.outcome for one in uses}.values())
    acts = _acts(disaster)
    result = {
        "entries": len(uses),
        "people": len({one.account_id for one in uses}),
        "organizations": len({one.organization_id for one in uses}),
        "adopted": devices["adopted"],
        "closed": devices["closed"],
        "acts": sum(n for counts in acts.values() for n in counts.values()),
    }
    disaster.result, disaster.published_at = result, change.now
    disaster.save(update_fields=["result", "published_at"])
    change.detail |= result
    return result


@use_case("disaster.remove", on="disaster")
def remove_drill(change: Change) -> None:
    """Take away what a drill left: its reports, its entries and their sessions.

    The trail keeps that it took place, and what was done.

    Raises:
        Problem: it is not over, or was no drill.
    """
    disaster = _over(change)
    if not disaster.drill:
        raise Problem(gettext_noop("Only a drill can be removed."))
    counts = {}
    for model in (SafetyReport, StaffReport, PlaceReport):
        counts[model.__name__] = model.objects.filter(disaster=disaster).delete()[0]
    waiting = Device.objects.filter(
        state=Device.State.PENDING,
        pk__in=EmergencyUse.objects.filter(disaster=disaster).values("device"),
    )
    waiting.delete()
    counts["EmergencyUse"] = EmergencyUse.objects.filter(disaster=disaster).delete()[0]
    sessions = Session.objects.filter(emergency_id=disaster.id)
    browsers.end_of_sessions(change, list(sessions.values_list("pk", flat=True)))
    sessions.delete()
    disaster.removed_at = change.now
    disaster.save(update_fields=["removed_at"])
    change.end_standings()
    change.detail |= {"removed": counts}


def _over(change: Change) -> DisasterUse:
    asked = change.standing.what.disaster
    assert asked is not None
    disaster = DisasterUse.objects.get(pk=asked.id)
    change.stream = f"region:{change.region.hex}"
    change.about("DisasterUse", disaster.id, drill=disaster.drill)
    if disaster.ended_at is None and disaster.until > change.now:
        raise Problem(gettext_noop("It is still on. End it first."))
    return disaster
