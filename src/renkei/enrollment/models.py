"""What people have confirmed, signed and learned before they may go on."""

from django.db import models

from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.people.models import Account
from renkei.region.models import Notice, PolicyVersion


class Acknowledgement(Entity):
    """A person confirmed having read one edition of the policy (A2, N4.1-N4.7)."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="acknowledgements")
    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="acknowledgements")
    at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "policy"], name="acknowledged_once"),
        ]


class NoticeAcknowledgement(Entity):
    """A person confirmed having read a notice of the operator."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    notice = models.ForeignKey(Notice, models.PROTECT, related_name="acknowledgements")
    at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "notice"], name="notice_acknowledged_once"),
        ]
