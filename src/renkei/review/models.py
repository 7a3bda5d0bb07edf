"""Going through who takes part, at an interval: groups and accounts (N1.2).

A review and its lines are written once and never change: they are the certificate.
"""

from django.db import models
from django.db.models import Q

from renkei.group.models import Group, Member
from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity, SealedField
from renkei.people.models import Account, Organization, PractitionerRole


class Review(Entity):
    """One going through: the members of a group, or without one an organization's own people."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+"
    )  # managing the group then, or whose people they are
    group = models.ForeignKey(Group, models.CASCADE, null=True, related_name="reviews")
    number = models.PositiveIntegerField()  # 1, 2, 3 … of this group, or of this organization
    due_at = MomentField()  # when it was to be made at the latest
    made_at = MomentField()
    made_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    made_as = models.ForeignKey(PractitionerRole, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "number"], name="review_of_group_number_once"),
            models.UniqueConstraint(
                fields=["organization", "number"],
                condition=Q(group=None),
                name="review_of_accounts_number_once",
            ),
        ]


class Reviewed(SealedEntity):
    """What was decided about one person. Sealed under the key of the group, or the organization."""

    class Result(models.TextChoices):
        KEPT = "kept"
        CHANGED = "changed"  # another role in the care
        RELEASED = "released"
        LEAVES = "leaves"  # of accounts: to be let go; the leaving is an action of its own
        RESTRICTED = "restricted"  # of accounts: to be restricted; likewise

    review = models.ForeignKey(Review, models.CASCADE, related_name="lines")
    role = models.ForeignKey(
        PractitionerRole, models.PROTECT, null=True, related_name="+"
    )  # None for patient and relatives, who work for nobody
    member = models.ForeignKey(Member, models.CASCADE, null=True, related_name="+")
    result = models.CharField(max_length=10, choices=Result)
    marks = models.JSONField(default=list)  # fixed words of ``marks.MARKS``: what stood out
    said_sealed = SealedField(null=True)  # {"part", "before", "reason"}: the role in care, why

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "role"], name="reviewed_once"),
            models.UniqueConstraint(fields=["review", "member"], name="reviewed_member_once"),
            models.CheckConstraint(
                condition=Q(role__isnull=False) | Q(member__isnull=False),
                name="reviewed_is_about_somebody",
            ),
        ]
