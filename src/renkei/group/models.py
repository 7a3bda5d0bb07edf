"""Groups, who is in them, and how one comes in (CareTeam)."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from renkei.kernel.clock import MomentField
from renkei.kernel.sealed import SealedEntity
from renkei.patient.models import Patient
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.region.models import Region


class Group(SealedEntity):
    """A place where people write to one another, with one log.

    ``last_seq`` is the number of the newest entry of the log; taking this row is what puts posts
    in order. A patient group is about exactly one patient (A11.1).
    """

    class Kind(models.TextChoices):
        PATIENT = "patient"
        FAMILY = "family"
        FREE = "free"
        DIRECT = "direct"
        NETWORK = "network"

    region = models.ForeignKey(Region, models.PROTECT, related_name="groups")
    kind = models.CharField(max_length=8, choices=Kind)
    patient = models.ForeignKey(Patient, models.PROTECT, null=True, related_name="groups")
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="groups"
    )  # managing, or founding (A4, A5.1)
    last_seq = models.BigIntegerField(default=0)
    opened_at = MomentField()
    opened_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    closed_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["patient", "family"]) | Q(patient__isnull=False),
                name="group_about_a_patient",
            ),
            models.UniqueConstraint(
                fields=["patient", "kind"],
                condition=Q(closed_at=None),
                name="group_one_open_per_patient_and_kind",
            ),
        ]


class Member(SealedEntity):
    """One person's place in a group, from joining to leaving (CareTeam.participant).

    ``read_seq`` is how far the person has read; unread = ``group.last_seq - read_seq``.
    ``previewed_seq`` is the newest entry whose first words home has shown them; it is on record.
    """

    class Origin(models.TextChoices):
        OPENED = "opened"  # opened the group
        INVITED = "invited"  # invited, approved and accepted
        PAPER = "paper"  # taken over from paper by the loader

    group = models.ForeignKey(Group, models.CASCADE, related_name="members")
    account = models.ForeignKey(Account, models.PROTECT, related_name="memberships")
    role = models.ForeignKey(PractitionerRole, models.PROTECT, related_name="memberships")
    role_in_care = models.CharField(max_length=50)  # 支援での役割 (A11.4)
    manager = models.BooleanField(default=False)
    appointed_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    appointed_at = MomentField(null=True)  # A11.2
    origin = models.CharField(max_length=8, choices=Origin)
    joined_at = MomentField()
    ended_at = MomentField(null=True)
    end_reason = models.BinaryField(null=True)  # sealed (N3.6)
    released_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    read_seq = models.BigIntegerField(default=0)
    previewed_seq = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "account"],
                condition=Q(ended_at=None),
                name="member_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("joined_at")),
                name="member_leaves_after_joining",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["account", "ended_at"])]


class Invitation(SealedEntity):
    """Being asked into a group.

    Approved by the invited person's own administrator and accepted by the person, in either order,
    neither standing in for the other (A8.4, N3.2).
    """

    class State(models.TextChoices):
        OPEN = "open"
        JOINED = "joined"
        DECLINED = "declined"  # by the invited person
        REFUSED = "refused"  # by the administrator
        TAKEN_BACK = "taken_back"

    group = models.ForeignKey(Group, models.CASCADE, related_name="invitations")
    account = models.ForeignKey(Account, models.PROTECT, related_name="invitations")
    role = models.ForeignKey(PractitionerRole, models.PROTECT, related_name="invitations")
    role_in_care = models.CharField(max_length=50)
    manager = models.BooleanField(default=False)
    invited_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    invited_at = MomentField()
    expires_at = MomentField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    approved_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    approved_at = MomentField(null=True)
    accepted_at = MomentField(null=True)
    closed_at = MomentField(null=True)
    reason = models.BinaryField(null=True)  # sealed: why declined, refused or taken back

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "account"],
                condition=Q(state="open"),
                name="invitation_one_open",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["role", "state"])]
