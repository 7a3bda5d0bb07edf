"""Every sign-in and every attempt, as the person sees it (N3.11): with what, and from where."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from renkei.kernel import clock
from renkei.people import simultaneous
from renkei.people.models import Account, Session, SignIn, SimultaneousUse
from renkei.people.places import shortened
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure

KEPT: Final = timedelta(days=400)
SHOWN: Final = 200


def record(
    account: Account,
    *,
    how: str,
    succeeded: bool,
    browser: str,
    address: str | None,
    session: str = "",
) -> SignIn:
    """Keep one sign-in or attempt, in the transaction of its line; what is too old goes.

    Args:
        how: password, second_step, passkey, link or card.
        session: the stored key of the session that began.
    """
    now = clock.now()
    device = Session.objects.filter(pk=session).values_list("device_id", flat=True).first()
    SignIn.objects.filter(account=account, at__lt=now - KEPT).delete()
    return SignIn.objects.create(
        account=account,
        at=now,
        succeeded=succeeded,
        how=how,
        device_id=device if session else None,
        browser=browser,
        address=address,
        session=session,
    )


def is_first(account: Account) -> bool:
    """Whether the person signed in only once so far, as everybody does at the beginning."""
    return SignIn.objects.filter(account=account, succeeded=True).count() <= 1


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in or attempt."""

    id: UUID
    at: datetime
    succeeded: bool
    how: str
    device: str  # its number in the ledger
    browser: str
    place: str
    here: bool  # the session in which one is looking began with it
    disowned: bool


@dataclass(frozen=True, slots=True)
class Use:
    """Two places at once on one day, and what the person said about it."""

    id: UUID
    at: datetime
    times: int
    sides: tuple[tuple[str, str, str], ...]  # number in the ledger, browser, place
    answer: str


@disclosure("session.see", on="region")
def see_history(standing: Standing) -> tuple[list[Attempt], list[Use]]:
    """One's own sign-ins and attempts, and one's own uses at two places, the newest first."""
    who = standing.who
    assert who.account is not None
    found = list(SignIn.objects.filter(account_id=who.account).order_by("-at", "-id")[:SHOWN])
    numbers = simultaneous.numbers_of(one.device_id for one in found)
    attempts = [
        Attempt(
            id=one.id,
            at=one.at,
            succeeded=one.succeeded,
            how=one.how,
            device=numbers.get(one.device_id, "") if one.device_id else "",
            browser=one.browser,
            place=shortened(one.address),
            here=one.session == who.session,
            disowned=one.disowned_at is not None,
        )
        for one in found
    ]
    uses = SimultaneousUse.objects.filter(account_id=who.account).order_by("-last_at")[:SHOWN]
    return attempts, [_use(one) for one in uses]


def _use(one: SimultaneousUse) -> Use:
    sides = tuple(
        (simultaneous.number_of(side["device"]), side["browser"], shortened(side["address"]))
        for side in one.sides
    )
    return Use(one.id, one.last_at, one.times, sides, one.answer)
