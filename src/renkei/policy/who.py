"""Loading who asks: the part of every standing that hangs on the session."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from renkei.kernel import clock
from renkei.kernel.database import as_uuid
from renkei.people.models import PractitionerRole
from renkei.policy.standing import Actor, Joined, Who
from renkei.region import parameters
from renkei.region.edition import RULES, in_force, rules_in

Row = tuple[Any, ...]


def joining(organization: str, role: str) -> str:
    """The columns of ``joined``, of an organization and a role by these letters."""
    o, r = organization, role
    return f"""
    {o}.approved_on IS NOT NULL, {o}.pledged_on IS NOT NULL, {r}.pledged_on IS NOT NULL,
    CASE WHEN {o}.each_trains THEN {r}.trained_on ELSE {o}.trained_on END IS NOT NULL,
    {r}.trained_on IS NOT NULL"""


# Session ``s`` with its account, region, role and organization; ``dw`` is what the organization for
# which the person acts says of the device, ``e`` the disaster use under which the session works. A
# session that began on a device of the ledger works there as long as the browser shows what that
# device is known by (``dk``); its cookie alone, elsewhere, opens no patient data. Last come the
# stricter rules of all the organizations the person works for, whichever they act for (A22).
COLUMNS = f"""
    s.account_id, a.region_id, a.suspended_at, a.password_changed_at, a.acknowledged_id,
    rg.policy_id, s.role_id, r.organization_id, r.administrator, r.profession,
    (o.suspended_at IS NOT NULL OR o.left_on IS NOT NULL),
    op.id, s.until, a.language, s.second_factor, r.restriction, s.device_id, dw.usable_until,
    e.id, e.until, CAST(e.area AS TEXT), e.drill, s.device_key_id, dk.secret, dk.offered,
    s.idle_until, s.idle_seconds, s.asked_id,
    {joining("o", "r")}, r.until,
    (SELECT MIN(w.until) FROM people_practitionerrole w
      WHERE w.account_id = a.id AND w.ended_at IS NULL),
    rg.coming, rg.coming_at,
    {RULES}, a.family, rg.standing_epoch"""
TABLES = """
    FROM people_session s
    JOIN people_account a ON a.id = s.account_id
    JOIN region_region rg ON rg.id = a.region_id
    LEFT JOIN people_practitionerrole r ON r.id = s.role_id AND r.ended_at IS NULL
    LEFT JOIN people_organization o ON o.id = r.organization_id
    LEFT JOIN people_operatorrole op ON op.account_id = a.id AND op.ended_at IS NULL
    LEFT JOIN device_devicekey dk ON dk.id = s.device_key_id AND dk.ended_at IS NULL
    LEFT JOIN device_listing dw
      ON dw.device_id = s.device_id AND dw.organization_id = r.organization_id
    LEFT JOIN region_disasteruse e ON e.id = s.emergency_id AND e.ended_at IS NULL"""
CONDITION = " WHERE s.session_key = %s AND s.until > %s AND s.idle_until > %s"
WIDTH = 40
CARD = "card"  # a second factor for as long as the disaster lasts under which it was shown
STOPPED = PractitionerRole.STOPPED
_DAY = timedelta(days=1) // timedelta(microseconds=1)


def arguments(session: str, now: datetime) -> list[object]:
    """What ``CONDITION`` asks for."""
    now_us = clock.to_us(now)
    return [session, now_us, now_us]


_known: dict[tuple[Row, Actor], tuple[int, Who]] = {}  # with the moment from which it holds
_MOST: Final = 4096


def who(found: Row, actor: Actor) -> Who:
    """Who asks, from the columns named in ``COLUMNS``.

    What followed from the very same columns is kept until the moment at which time alone changes
    it: nothing but these columns, what the browser shows and the clock decides it.
    """
    now = clock.to_us(clock.now())
    asked = found[:WIDTH], actor
    since, one = _known.get(asked, (0, None))
    if one is None or not since <= now < one.until:
        one = _follows(found, actor, now)
        if len(_known) >= _MOST:
            _known.clear()
        _known[asked] = now, one
    return one


def forget() -> None:
    """Keep nothing of what followed."""
    _known.clear()


def _follows(found: Row, actor: Actor, now: int) -> Who:
    policy = in_force(as_uuid(found[5]), as_uuid(found[35]), found[36], now)
    figures = parameters.of(policy, *rules_in(found[37]))
    in_time = found[7] is not None and working(found[33], now)
    works = in_time and not found[10] and found[15] not in STOPPED
    administrator, operator = works and bool(found[8]), found[11] is not None
    family = bool(found[38])
    emergency = as_uuid(found[18]) if found[18] is not None and found[19] > now else None
    factor = found[14] if emergency or found[14] != CARD else ""
    fresh_until = _password_fresh_until(found, figures, factor)
    times = [found[12], fresh_until, found[17] or 0, found[19] or 0, found[25], found[36] or 0]
    times += [one for one in found[33:35] if one is not None]  # a leaving that was set ahead
    lifted = _area(found[20]) if emergency else frozenset()
    proved = found[22] is None or (bool(actor.shown) and actor.shown in found[23:25])
    spared = works and as_uuid(found[7]) in (lifted or ())  # by the disaster, for this organization
    return Who(
        account=as_uuid(found[0]),
        region=as_uuid(found[1]),
        session=actor.session,
        role=as_uuid(found[6]) if in_time else None,
        organization=as_uuid(found[7]) if works else None,
        profession=found[9] or "",
        joined=joined(found[28:33], each_trains(parameters.of(policy))) if works else Joined(),
        administrator=administrator,
        operator=operator,
        active=found[2] is None,
        acknowledged=policy is None or as_uuid(found[4]) == policy,
        password_fresh=fresh_until > now,
        language=found[13],
        second_factor=factor,
        factor_in_order=_shown_enough(figures, factor, family, administrator or operator),
        family=family,
        read_only=found[15] == "read_only",
        each_trains=each_trains(parameters.of(policy)),
        proved=proved,
        device=as_uuid(found[16]) if proved else None,
        shown=actor.shown,
        device_until=found[17] or 0,
        device_fits=(proved and usable(found[17], now)) or spared,
        anywhere=lifted is None or not figures["devices_in_ledger"],
        lifted=lifted or frozenset(),
        emergency=emergency,
        drill=emergency is not None and bool(found[21]),
        idle_seconds=found[26],
        asked=as_uuid(found[27]),
        until=min(one for one in times if one > now),
        epoch=found[39],
    )


def each_trains(figures: dict[str, Any]) -> bool:
    """Whether each person has to be trained before use, and not the organization (A9)."""
    return bool(figures["training_before_use"] == "person")


def joined(found: Row, each: bool) -> Joined:
    """How far they have come in joining.

    Args:
        found: whether the organization was approved and pledged, the person pledged, the
            organization (by its own rule each of its people) and the person were trained; a day
            says yes, None no.
        each: each person has to be trained.
    """
    approved, organization_pledged, pledged, organization_trained, trained = found
    return Joined(
        approved=bool(approved),
        organization_pledged=bool(organization_pledged),
        pledged=bool(pledged),
        trained=bool(trained if each else organization_trained),
    )


def working(until: int | None, now: int) -> bool:
    """Whether a role whose end may have been set ahead still lasts (A8.5)."""
    return until is None or until > now


def usable(until: int | None, now: int) -> bool:
    """Whether an organization lets its people open patient data on the device."""
    return until is not None and until > now


def _area(area: str | None) -> frozenset[UUID] | None:
    """The organizations for which a disaster lifts the ledger; None if for everybody."""
    ids = None if area is None else orjson.loads(area)
    return None if ids is None else frozenset(UUID(one) for one in ids)


def _password_fresh_until(found: Row, figures: dict[str, Any], factor: str) -> int:
    """When the password has to be changed, in microseconds; 0 if the person never set one (A14.3).

    Long passwords, and those beside which a second factor was shown, are not changed at intervals
    where the region's policy says so.
    """
    changed, profile = found[3], figures["password_profile"]
    if changed is None:
        return 0
    if profile == "long" or (profile == "second_factor" and factor):
        return int(found[12])
    return int(changed) + int(figures["password_max_age_days"]) * _DAY


def _shown_enough(figures: dict[str, Any], factor: str, family: bool, responsible: bool) -> bool:
    """Whether the session needs no second factor, or showed one; of patient and relatives always.

    They work from no device of a ledger. The number of a disaster card is for who works (A11.5).
    """
    if family:
        return factor not in ("", CARD)
    return bool(factor) or not _needs_factor(figures, responsible)


def _needs_factor(figures: dict[str, Any], responsible: bool) -> bool:
    """Whether the policy asks this person for a second factor."""
    wanted = (
        "everybody" if figures["password_profile"] == "second_factor" else figures["second_factor"]
    )
    return wanted == "everybody" or (wanted == "administrators" and responsible)
