"""What the operator does: declare disaster use, confirm it, change it, end it (A20, 20-1)."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.kernel.database import for_update, row, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.notification.kinds import Kind
from renkei.notification.recipients import in_area
from renkei.notification.telling import tell
from renkei.policy.use_case import Change, use_case
from renkei.region import parameters
from renkei.region.disaster import DRILL_MOST, WORDS, in_force
from renkei.region.models import DisasterUse, Region

NOTE_MOST = 100  # characters


@use_case("disaster.declare", on="region")
def declare_disaster(
    change: Change,
    *,
    drill: bool,
    word: str,
    note: str,
    area: Collection[UUID] | None,
    until: datetime,
) -> UUID:
    """Let devices outside the ledger be used, for an area and a time. In force at once.

    A drill that is on ends when the real thing begins.

    Args:
        word: what happened, of ``WORDS``.
        area: organizations; None for the whole region.

    Raises:
        Problem: the time, area or reason cannot be, or one is in force already.
    """
    region = _locked(change)
    disaster = DisasterUse(
        id=uuid7(),
        key_id=region.key_id,
        region=region,
        drill=drill,
        area=_area(change, area),
        declared_by=change.account,
        declared_at=change.now,
        until=_until(change, region, until, drill),
    )
    note = clean_text(note).strip()
    if word not in WORDS or len(note) > NOTE_MOST:
        raise Problem(gettext_noop("Please say in a few words what happened."), field="note")
    _make_room(change, disaster)
    disaster.seal("reason", {"word": word, "note": note})
    disaster.save(force_insert=True)
    change.end_standings()  # pages that are open show it
    if not drill:
        everybody = in_area(region.id, disaster.area, change.now)
        tell(everybody, Kind.DISASTER, urgent=True)
    _about(change, disaster, word=word)
    return disaster.id


@use_case("disaster.confirm", on="disaster")
def confirm_disaster(change: Change) -> None:
    """Be the second person: what another declared or changed is right.

    Raises:
        Problem: it is over, or confirmed already.
    """
    disaster = _open(change)
    if disaster.confirmed_by is not None:
        raise Problem(gettext_noop("Another person has confirmed this already."))
    disaster.confirmed_by, disaster.confirmed_at = change.account, change.now
    disaster.save(update_fields=["confirmed_by", "confirmed_at"])
    change.end_standings()
    _about(change, disaster)


@use_case("disaster.change", on="disaster")
def change_disaster(change: Change, *, area: Collection[UUID] | None, until: datetime) -> None:
    """Extend it, or move its bounds. Another person has to confirm that anew.

    Raises:
        Problem: the time or the area cannot be, or it is over.
    """
    disaster = _open(change)
    disaster.until = _until(change, disaster.region, until, disaster.drill)
    disaster.area = _area(change, area)
    disaster.changed_by, disaster.changed_at = change.account, change.now
    disaster.confirmed_by = disaster.confirmed_at = None
    disaster.save()
    change.end_standings()
    _about(change, disaster)


@use_case("disaster.end", on="disaster")
def end_disaster(change: Change) -> None:
    """End it before its time: what was opened by it closes at once.

    Raises:
        Problem: it is over.
    """
    disaster = _open(change)
    disaster.ended_at = change.now
    disaster.save(update_fields=["ended_at"])
    change.end_standings()
    _about(change, disaster)


def _locked(change: Change) -> Region:
    """The region, so that of two who declare at once one is first."""
    row(
        "SELECT 1 FROM region_region WHERE id = %s" + for_update("region_region"),
        [change.region.hex],
    )
    return Region.objects.get(pk=change.region)


def _open(change: Change) -> DisasterUse:
    asked = change.standing.what.disaster
    assert asked is not None
    disaster = DisasterUse.objects.select_related("region").get(pk=asked.id)
    change.stream = f"region:{change.region.hex}"
    change.about("DisasterUse", disaster.id)
    if disaster.ended_at is not None or disaster.until <= change.now:
        raise Problem(gettext_noop("This is over already."))
    return disaster


def _until(change: Change, region: Region, until: datetime, drill: bool) -> datetime:
    """The end, if it lies within what the policy allows from now on."""
    days = parameters.of(region.edition)["disaster_max_days"]
    most = DRILL_MOST if drill else timedelta(days=days)
    if not change.now < until <= change.now + most:
        raise Problem(
            gettext_noop("Please choose an end within %(days)s days from now."),
            field="until",
            days=most.days,
        )
    return until


def _area(change: Change, area: Collection[UUID] | None) -> list[str] | None:
    if area is None:
        return None
    places = ", ".join(["%s"] * len(area)) or "NULL"
    known = rows(
        f"SELECT id FROM people_organization WHERE region_id = %s AND id IN ({places})",
        [change.region.hex, *(one.hex for one in area)],
    )
    if not area or len(known) != len(set(area)):
        raise Problem(gettext_noop("Please choose at least one organization."), field="area")
    return sorted(one.hex for one in set(area))


def _make_room(change: Change, disaster: DisasterUse) -> None:
    """One is in force at a time; the real thing ends a drill."""
    current = in_force(change.region)
    if current is None:
        return
    if disaster.drill or not current.drill:
        raise Problem(gettext_noop("One is in force already. Change it, or end it first."))
    DisasterUse.objects.filter(pk=current.id).update(ended_at=change.now)
    change.detail["ended"] = current.id.hex


def _about(change: Change, disaster: DisasterUse, **more: str) -> None:
    change.stream = f"region:{change.region.hex}"
    change.about(
        "DisasterUse",
        disaster.id,
        drill=disaster.drill,
        until=disaster.until.isoformat(timespec="seconds"),
        organizations=-1 if disaster.area is None else len(disaster.area),
        **more,
    )
