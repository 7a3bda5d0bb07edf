"""What is said in a group: the log, its corrections, receipts and drafts (Communication).

Foreign keys that a unique constraint covers, or that nothing is ever looked up by, have no index of
their own: every index is one more page to write for each post.
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.group.models import Group, Member
from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity
from renkei.people.models import Account, PractitionerRole

MAX_LENGTH = 10_000  # characters of one message


class Kind(models.TextChoices):
    """What a message is for."""

    REPORT = "report", _("Report")
    NOTICE = "notice", _("Notice")
    CONSULT = "consult", _("Consult")
    REQUEST = "request", _("Request")


class Importance(models.TextChoices):
    """How much it matters that it is read soon."""

    NORMAL = "normal", _("Normal")
    IMPORTANT = "important", _("Important")
    URGENT = "urgent", _("Urgent")


class Communication(SealedEntity):
    """One entry of a group's log. ``seq`` counts 1, 2, 3 … within the group, without gaps.

    Most entries are messages. Joining, leaving and the like stand in the same log (``event``), so
    that everybody sees who could read what, and when.
    """

    class Event(models.TextChoices):
        MESSAGE = ""
        OPENED = "opened"
        JOINED = "joined"
        LEFT = "left"
        RELEASED = "released"
        CLOSED = "closed"
        APPOINTED = "appointed"
        CONSENT_WITHDRAWN = "withdrawn"

    group = models.ForeignKey(Group, models.CASCADE, related_name="communications", db_index=False)
    seq = models.BigIntegerField()
    event = models.CharField(max_length=10, choices=Event, default=Event.MESSAGE, blank=True)
    sender = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    role = models.ForeignKey(
        PractitionerRole, models.PROTECT, null=True, related_name="+", db_index=False
    )
    subject = models.ForeignKey(
        PractitionerRole, models.PROTECT, null=True, related_name="+", db_index=False
    )  # whom an event is about
    kind = models.CharField(max_length=8, choices=Kind, blank=True)
    importance = models.CharField(max_length=9, choices=Importance, blank=True)
    text = models.BinaryField()  # sealed; of events: the role in care
    sent_at = MomentField()  # as shown; for messages taken over from paper, when it was said
    posted_at = MomentField()
    idempotency_key = models.UUIDField(null=True)
    reply_to = models.BigIntegerField(null=True)  # seq of the message answered; one level deep
    version = models.PositiveSmallIntegerField(default=1)
    corrected_at = MomentField(null=True)
    withdrawn_at = MomentField(null=True)
    withdrawn_by = models.ForeignKey(
        Account, models.PROTECT, null=True, related_name="+", db_index=False
    )
    withdrawal_reason = models.BinaryField(null=True)  # sealed

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "seq"], name="communication_seq_once"),
            models.UniqueConstraint(
                fields=["group", "sender", "idempotency_key"], name="communication_posted_once"
            ),
        ]


class Version(Entity):
    """An earlier wording of a message, kept when it was corrected."""

    communication = models.ForeignKey(
        Communication, models.CASCADE, related_name="versions", db_index=False
    )
    number = models.PositiveSmallIntegerField()  # 1 is the first wording
    text = models.BinaryField()  # as it was sealed in the message
    replaced_at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["communication", "number"], name="version_once"),
        ]


class Acknowledgement(Entity):
    """了解: a member says they have understood a message."""

    communication = models.ForeignKey(
        Communication, models.CASCADE, related_name="acknowledgements", db_index=False
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["communication", "account"], name="understood_once"),
        ]


class Reading(Entity):
    """A range of a group's log that was disclosed to a member for the first time."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="readings", db_index=False)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()  # included
    at = MomentField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["member", "first_seq"])]


class Draft(SealedEntity):
    """What somebody is writing to a group and has not sent. Nobody else can see it."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="drafts", db_index=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="drafts")
    content = models.BinaryField()  # sealed {"text", "kind", "importance", "reply_to"}
    saved_at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "account"], name="draft_one"),
        ]
