"""How a person wants to be told, on which devices, and what waits to be told."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from renkei.group.models import Group, Member
from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity, SealedField
from renkei.notification.kinds import Kind
from renkei.people.models import Account
from renkei.region.models import Region


class Channel(models.TextChoices):
    """By which way a person is told."""

    PUSH = "push"
    MAIL = "mail"


class Preference(Entity):
    """How one person wants to be told; without a row, as the defaults say."""

    class Mail(models.TextChoices):
        AT_ONCE = "at_once"
        DIGEST = "digest"  # in the morning and in the evening
        NONE = "none"

    account = models.OneToOneField(Account, models.CASCADE, related_name="preference")
    mail = models.CharField(max_length=7, choices=Mail, default=Mail.DIGEST)
    quiet_from = models.PositiveSmallIntegerField(default=21 * 60)  # minutes after midnight, Japan
    quiet_until = models.PositiveSmallIntegerField(default=7 * 60)  # equal: there are none
    urgent_through = models.BooleanField(default=True)  # 至急 comes in quiet hours too
    # mail to this address came back: nothing is sent to it until the person confirms it again
    returned_at = MomentField(null=True)
    returned_status = models.CharField(max_length=12, blank=True, default="")  # RFC 3463: "5.1.1"
    code = models.CharField(max_length=64, blank=True, default="")  # HMAC of what was mailed
    code_until = MomentField(null=True)
    code_tries = models.PositiveSmallIntegerField(default=0)


class Level(Entity):
    """Of what in one group a member wants to be told; without a row, of everything."""

    class Of(models.TextChoices):
        ALL = "all"
        MENTIONS = "mentions"  # what names one, and what is important or urgent
        NONE = "none"

    member = models.OneToOneField(Member, models.CASCADE, related_name="level")
    of = models.CharField(max_length=8, choices=Of)


class PushKey(SealedEntity):
    """The key with which this installation signs what it pushes (VAPID, RFC 8292).

    One is current. Subscriptions made with an earlier one are signed with that until the browser
    has made a new one.
    """

    region = models.ForeignKey(Region, models.CASCADE, related_name="push_keys")
    private_sealed = SealedField()  # {"private": raw, base64url}
    public = models.CharField(max_length=100)  # uncompressed point, base64url
    made_at = MomentField()
    ended_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["region"], condition=Q(ended_at=None), name="push_key_one_current"
            ),
        ]


class Subscription(SealedEntity):
    """One browser that shows one person's notifications (PushSubscription of the Push API).

    It belongs to the device: logging out leaves it. It ends when the device or the session in which
    it was last confirmed has to forget everything, and when the push service says it is gone.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="subscriptions")
    push_key = models.ForeignKey(PushKey, models.PROTECT, related_name="subscriptions")
    mark = models.CharField(max_length=64, unique=True)  # SHA-256 of the endpoint
    endpoint_sealed = SealedField()  # {"endpoint", "p256dh", "auth"}
    browser = models.CharField(max_length=60, blank=True)  # "Safari, iPhone"
    session = models.CharField(max_length=40)  # in which it was last confirmed, as stored
    device_id = models.UUIDField(null=True)  # of the ledger
    device_key_id = models.UUIDField(null=True)  # what the browser was known by then
    made_at = MomentField()
    confirmed_at = MomentField()
    told_at = MomentField(null=True)  # when the push service last took something
    told_letter = models.UUIDField(null=True)  # which ``Waiting.letter`` that was


class Waiting(Entity):
    """That somebody is to be told by one way: of a group, or of a kind of thing.

    There is one row however much there is to tell; ``seq`` is the newest entry, and of other kinds
    a number that grows. What is being sent is claimed for a while under the id of the letter; who
    dies meanwhile leaves the claim to run out, and the same letter is sent again.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    channel = models.CharField(max_length=4, choices=Channel)
    kind = models.CharField(max_length=10, choices=Kind)
    group = models.ForeignKey(Group, models.CASCADE, null=True, related_name="+")
    seq = models.BigIntegerField()
    urgent = models.BooleanField(default=False)
    since = MomentField()  # the first of it
    due_at = MomentField()
    letter = models.UUIDField(null=True)
    claimed_until = MomentField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "channel", "group"],
                condition=Q(group__isnull=False),
                name="waiting_once_per_group",
            ),
            models.UniqueConstraint(
                fields=["account", "channel", "kind"],
                condition=Q(group__isnull=True),
                name="waiting_once_per_kind",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["due_at"], name="waiting_due")]


class Letter(Entity):
    """A mail that went out: its id is in the Message-ID, so that one that comes back is known.

    Nothing else in the mail says who it is for. Kept for a month.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    address = models.CharField(max_length=64)  # SHA-256 of the address it went to
    sent_at = MomentField()
