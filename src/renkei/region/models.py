"""The region, its operator, its policy in versions, and the operator's notices."""

from django.db import models

from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity


class Region(SealedEntity):
    """One region run by one operator (運営事務局). Its key seals the names of the people in it."""

    name = models.CharField(max_length=100)
    operator_name = models.CharField(max_length=100)
    phone = models.CharField(max_length=20)
    email = models.EmailField()
    address = models.CharField(max_length=200)
    policy = models.ForeignKey(
        "PolicyVersion", models.PROTECT, null=True, related_name="+"
    )  # in force
    standing_epoch = models.BigIntegerField(default=0)  # grows when anybody's standing may end
    opened_at = MomentField()

    def __str__(self) -> str:
        return self.name


class PolicyVersion(Entity):
    """One edition of the operating policy with its parameters (A1, A2, A22)."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="policies")
    number = models.PositiveIntegerField()  # 1, 2, 3 …
    effective_on = models.DateField()
    text = models.TextField()  # Markdown, Japanese, with the operator's name filled in
    parameters = models.JSONField(default=dict)  # only what differs from the defaults
    made_at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "number"], name="policy_number_once"),
        ]


class Notice(SealedEntity):
    """A notice of the operator to everyone in the region (お知らせ)."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="notices")
    content = models.BinaryField()  # sealed {"title", "body"}
    acknowledge = models.BooleanField(default=False)  # everyone has to confirm having read it
    published_at = MomentField()

    @property
    def title(self) -> str:
        """The headline."""
        return str(self.unseal("content")["title"])

    @property
    def body(self) -> str:
        """The text under the headline."""
        return str(self.unseal("content")["body"])
