"""The key with which pushes are signed (VAPID): made at the first start, and made anew on demand.

It lies in the database, sealed under the region's key as everything private is, so that several
servers share it and copies hold it like the rest.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from renkei.kernel.entity import uuid7
from renkei.notification.models import PushKey, Subscription
from renkei.policy.use_case import Change, use_case
from renkei.region.models import Region


def current() -> PushKey | None:
    """The key that new subscriptions are made with; None before the first start."""
    return PushKey.objects.filter(ended_at=None).first()


def is_missing() -> bool:
    """Whether there is a region, and no key yet."""
    return current() is None and Region.objects.exists()


@use_case("push_key.make", on="region")
def make_push_key(change: Change) -> PushKey | None:
    """Make the installation's first key; browsers subscribe with it from their next visit.

    Returns:
        None if there is one already, or no region yet.
    """
    region = Region.objects.select_for_update().first()
    if region is None or current() is not None:
        change.silent = True
        return None
    return _make(change, region, anew=False)


@use_case("push_key.make", on="region")
def replace_push_key(change: Change) -> PushKey | None:
    """Make another key take the place of the one there is.

    Subscriptions made with that go on being signed with it until the browser has made a new one.

    Returns:
        None if there is no region yet.
    """
    return _replace(change)


@use_case("push_key.make", on="region")
def replace_leaked_push_key(change: Change) -> PushKey | None:
    """The same where somebody else knows the key: subscriptions made with it end at once.

    Returns:
        None if there is no region yet.
    """
    made = _replace(change)
    if made is not None:
        ended, _ = Subscription.objects.exclude(push_key=made).delete()
        change.detail["subscriptions_ended"] = ended
    return made


def _replace(change: Change) -> PushKey | None:
    region = Region.objects.select_for_update().first()
    if region is None:
        change.silent = True
        return None
    if (before := current()) is not None:
        before.ended_at = change.now
        before.save(update_fields=["ended_at"])
    return _make(change, region, anew=True)


def _make(change: Change, region: Region, *, anew: bool) -> PushKey:
    made = ec.generate_private_key(ec.SECP256R1())
    key = PushKey(id=uuid7(), key_id=region.key_id, region=region, made_at=change.now)
    raw = made.private_numbers().private_value.to_bytes(32, "big")
    key.seal("private_sealed", {"private": encoded(raw)})
    point = made.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    key.public = encoded(point)
    key.save(force_insert=True)
    change.stream = f"region:{region.id.hex}"
    change.about("PushKey", key.id, anew=anew, subscriptions_ended=0)
    return key


def encoded(data: bytes) -> str:
    """Base64url without padding, as the Push API writes it."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of it.

    Raises:
        ValueError: it is none.
    """
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
