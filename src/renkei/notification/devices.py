"""On which devices a person is told: subscribing, and how it ends."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop

from renkei.device.models import DeviceKey
from renkei.incident.models import Clearing
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.notification.endpoints import NotAllowed, checked
from renkei.notification.models import Subscription
from renkei.notification.push import encrypt
from renkei.notification.push_keys import current
from renkei.people.models import Account, Session, SignIn
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, use_case

MOST: Final = 10  # browsers of one person
NOT_NOW: Final = gettext_noop("This device cannot be reached by notifications.")


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser that shows the person's notifications."""

    id: UUID
    browser: str
    confirmed_at: datetime
    told_at: datetime | None
    here: bool  # it was last confirmed in this very session


def _forgotten() -> Q:
    """Those on a device that is known no more, or in a session that has to forget everything.

    Such as one that was lost, or one of which the person said that it was not theirs.
    """
    lost_key = DeviceKey.objects.filter(pk=OuterRef("device_key_id"), ended_at__isnull=False)
    wiped = Clearing.objects.filter(session=OuterRef("session"))
    disowned = SignIn.objects.filter(session=OuterRef("session"), disowned_at__isnull=False)
    return Q(Exists(lost_key)) | Q(Exists(wiped)) | Q(Exists(disowned))


def usable(account: UUID) -> QuerySet[Subscription]:
    """The subscriptions of a person to which something may be sent now."""
    mine = Subscription.objects.filter(account=account).select_related("push_key")
    return mine.exclude(_forgotten()).order_by("pk")


def mark_of(endpoint: str) -> str:
    """What tells one browser's address from another."""
    return sha256(endpoint.encode()).hexdigest()


@use_case("notification.subscribe", on="region")
def subscribe(change: Change, *, endpoint: str, p256dh: str, auth: str, key: str) -> str:
    """Let this browser show one's notifications from now on; saying it again confirms it.

    A browser shows those of one person: whoever asked last.

    Args:
        key: the public key with which the browser subscribed.

    Returns:
        The key that is current; if it is another, the browser subscribes anew with it.

    Raises:
        Problem: it names no push service, its keys are none, or there are too many already.
    """
    try:
        checked(endpoint)
        encrypt(b"", p256dh, auth)
    except (NotAllowed, ValueError):
        raise Problem(NOT_NOW) from None
    now = current()
    if now is None:
        raise Problem(NOT_NOW)
    if key != now.public:
        change.silent = True
        return now.public
    found = _row(change, mark_of(endpoint))
    change.silent = (found.session, found.push_key_id) == (change.standing.who.session, now.id)
    found.push_key = now
    found.seal("endpoint_sealed", {"endpoint": endpoint, "p256dh": p256dh, "auth": auth})
    session = Session.objects.get(pk=change.standing.who.session)
    found.session, found.browser = session.pk, session.browser
    found.device_id, found.device_key_id = session.device_id, session.device_key_id
    found.confirmed_at = change.now
    found.save()
    change.about("Subscription", found.id)
    return now.public


def _row(change: Change, mark: str) -> Subscription:
    """The row of this browser: the person's own, else a new one in the place of anybody else's.

    Raises:
        Problem: the person has too many.
    """
    there = Subscription.objects.select_for_update().filter(mark=mark).first()
    if there is not None and there.account_id == change.account:
        return there
    if there is not None:
        there.delete()
    if Subscription.objects.filter(account=change.account).count() >= MOST:
        raise Problem(gettext_noop("Notifications are on in too many browsers already."))
    account = Account.objects.get(pk=change.account)
    return Subscription(
        id=uuid7(), key_id=account.key_id, account=account, mark=mark, made_at=change.now
    )


@use_case("notification.unsubscribe", on="region")
def unsubscribe(change: Change, *, subscription: UUID | None = None, endpoint: str = "") -> None:
    """Show no more notifications in one of one's own browsers, named by its id or its address.

    Raises:
        Unknown: it is not there any more, or somebody else's.
    """
    which = Q(pk=subscription) if subscription else Q(mark=mark_of(endpoint))
    found = Subscription.objects.filter(which, account=change.account).first()
    if found is None:
        raise Unknown("subscription")
    change.about("Subscription", found.id)
    found.delete()


@use_case("subscription.end", on="region")
def end_subscriptions(change: Change, *, subscriptions: Collection[UUID]) -> None:
    """Forget browsers that the push service says are gone."""
    found = Subscription.objects.filter(pk__in=subscriptions)
    ids = sorted(one.hex for one in found.values_list("pk", flat=True))
    change.silent = not ids
    change.entity = "system/host"
    change.detail |= {"subscriptions": ids, "why": "gone"}
    found.delete()


@use_case("subscription.end", on="region")
def forget_wiped(change: Change) -> None:
    """Forget browsers that had to forget everything; nothing was sent to them since."""
    found = Subscription.objects.filter(_forgotten())
    ids = sorted(one.hex for one in found.values_list("pk", flat=True))
    change.silent = not ids
    change.entity = "system/host"
    change.detail |= {"subscriptions": ids, "why": "wiped"}
    Subscription.objects.filter(pk__in=[UUID(one) for one in ids]).delete()


def browsers_of(standing: Standing) -> list[Browser]:
    """In which browsers the person is told; for a page whose own rule has been asked."""
    who = standing.who
    assert who.account is not None
    return [
        Browser(one.id, one.browser, one.confirmed_at, one.told_at, one.session == who.session)
        for one in usable(who.account).order_by("-confirmed_at")
    ]
