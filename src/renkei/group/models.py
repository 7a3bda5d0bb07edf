"""Groups, who is in them, and how one comes in (CareTeam)."""

from dataclasses import dataclass
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from renkei.enrollment.models import Paper
from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity, SealedField
from renkei.patient.models import Patient, RelatedPerson
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.region.models import Region


class Group(SealedEntity):
    """A place where people write to one another, with one log.

    ``last_seq`` is the number of the newest entry of the log; taking this row is what puts posts
    in order. ``last_alteration`` counts what of it was corrected, withdrawn and the like. A patient
    group is about exactly one patient (A11.1).
    """

    class Kind(models.TextChoices):
        PATIENT = "patient"
        FAMILY = "family"
        FREE = "free"
        DIRECT = "direct"
        NETWORK = "network"

    class Entry(models.TextChoices):
        """How one comes into a free group (A12.4)."""

        OPEN = "open"  # whoever has read its purpose joins
        REQUEST = "request"  # a manager says yes
        INVITATION = "invitation"  # a manager asks; it is not found

    class Listing(models.TextChoices):
        """Whether a free group stands on the public page (A19.2)."""

        NONE = ""
        ASKED = "asked"  # by a manager
        LISTED = "listed"  # the operator agreed

    region = models.ForeignKey(Region, models.PROTECT, related_name="groups")
    kind = models.CharField(max_length=8, choices=Kind)
    patient = models.ForeignKey(Patient, models.PROTECT, null=True, related_name="groups")
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, related_name="groups"
    )  # managing, or founding (A4, A5.1); None for network and direct groups (A13, A18)
    last_seq = models.BigIntegerField(default=0)
    last_alteration = models.BigIntegerField(default=0, db_default=0)
    opened_at = MomentField()
    opened_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    closed_at = MomentField(null=True)  # ended: for good; another one may be opened
    archived_at = MomentField(null=True)  # read-only and out of the daily lists (A11.6, N2.1)
    asked_again_at = MomentField(null=True)  # before then, archiving is not proposed again
    about_sealed = SealedField(null=True)  # of a free group: see ``About``
    entry = models.CharField(max_length=10, choices=Entry, blank=True, default="", db_default="")
    listing = models.CharField(
        max_length=6, choices=Listing, blank=True, default=Listing.NONE, db_default=""
    )
    erase_at = MomentField(null=True)  # will be erased then; nobody writes any more (A11.7)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(kind="free") & ~Q(entry="") & Q(about_sealed__isnull=False))
                | (~Q(kind="free") & Q(entry="", listing="", about_sealed=None)),
                name="group_free_says_what_it_is_for",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["patient", "family"], patient__isnull=False)
                | (~Q(kind__in=["patient", "family"]) & Q(patient__isnull=True)),
                name="group_about_a_patient_or_none",
            ),
            models.UniqueConstraint(
                fields=["patient", "kind"],
                condition=Q(closed_at=None),
                name="group_one_open_per_patient_and_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["network", "direct"], organization__isnull=True)
                | (~Q(kind__in=["network", "direct"]) & Q(organization__isnull=False)),
                name="group_of_an_organization_or_nobodys",
            ),
            models.UniqueConstraint(
                fields=["region"],
                condition=Q(kind="network"),
                name="group_one_network_per_region",
            ),
        ]

    @property
    def about(self) -> "About":
        """What a free group is for, unsealed."""
        return About(**self.unseal("about_sealed"))


@dataclass(frozen=True, slots=True)
class About:
    """What a free group is for, which everybody reads before joining (A12.4)."""

    name: str
    purpose: str
    use: str  # how it is used


class Member(SealedEntity):
    """One person's place in a group, from joining to leaving (CareTeam.participant).

    ``read_seq`` is how far the person has read; unread = ``group.last_seq - read_seq``.
    ``previewed_seq`` is the newest entry whose first words home has shown them; it is on record.
    """

    class Origin(models.TextChoices):
        OPENED = "opened"  # opened the group
        JOINED = "joined"  # by their own wish, into a free group
        CONNECTED = "connected"  # one of two who are connected (A13.1)
        TAKEN_OVER = "taken_over"  # a free group whose managers were gone (A5.1)
        INVITED = "invited"  # invited, approved and accepted
        PAPER = "paper"  # taken over from paper by the loader
        NETWORK = "network"  # by working in the region; nobody was asked (A18)
        BESIDE = "beside"  # from the patient's group into the one with the family (A11.5)
        FAMILY = "family"  # as the patient or a relative, with the patient's agreement

    class Relation(models.TextChoices):
        """What somebody who takes part without a role is to the patient of a family group."""

        NONE = ""  # takes part by their work
        PATIENT = "patient"
        RELATIVE = "relative"

    group = models.ForeignKey(Group, models.CASCADE, related_name="members")
    account = models.ForeignKey(Account, models.PROTECT, related_name="memberships")
    role = models.ForeignKey(
        PractitionerRole, models.PROTECT, null=True, related_name="memberships"
    )  # None in the network group: there one takes part as who one acts for at the moment. None for
    # patient and relatives in a family group, too: they work for nobody (A11.5)
    relation = models.CharField(
        max_length=8, choices=Relation, blank=True, default=Relation.NONE, db_default=""
    )
    related_person = models.ForeignKey(
        RelatedPerson, models.SET_NULL, null=True, related_name="memberships"
    )  # which of those around the patient; an id alone, who it is lies sealed there
    role_in_care = models.CharField(max_length=50, blank=True)  # 支援での役割 (A11.4)
    manager = models.BooleanField(default=False)
    appointed_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    appointed_at = MomentField(null=True)  # A11.2
    origin = models.CharField(max_length=10, choices=Origin)
    joined_at = MomentField()
    ended_at = MomentField(null=True)
    end_reason = SealedField(null=True)  # N3.6
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
            models.CheckConstraint(
                condition=Q(relation="", related_person=None)
                | Q(relation="patient", role=None, related_person=None)
                | Q(relation="relative", role=None),
                name="member_by_work_or_relation",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["account", "ended_at"])]


class FamilyAgreement(SealedEntity):
    """The patient's agreement that somebody of theirs, or they themselves, take part (A11.5)."""

    class How(models.TextChoices):
        WORDS = "words"
        PAPER = "paper"  # the sheet ``family-consent``, signed

    member = models.OneToOneField(Member, models.CASCADE, related_name="agreement")
    said_sealed = SealedField()  # {"by", "relationship"}: who agreed, for the patient
    how = models.CharField(max_length=5, choices=How)
    paper = models.OneToOneField(
        Paper, models.PROTECT, null=True, related_name="+"
    )  # the signed sheet, whose scan is filed
    agreed_on = models.DateField()
    recorded_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    recorded_at = MomentField()


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
    reason = SealedField(null=True)  # why declined, refused or taken back

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "account"],
                condition=Q(state="open"),
                name="invitation_one_open",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["role", "state"])]


class JoinRequest(SealedEntity):
    """The wish to join a free group, which a manager answers (A12.4)."""

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        TAKEN_BACK = "taken_back"

    group = models.ForeignKey(Group, models.CASCADE, related_name="join_requests")
    account = models.ForeignKey(Account, models.PROTECT, related_name="join_requests")
    role = models.ForeignKey(PractitionerRole, models.PROTECT, related_name="join_requests")
    words = SealedField(null=True)  # what the person says to it
    asked_at = MomentField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    answered_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    answered_at = MomentField(null=True)
    reason = SealedField(null=True)  # why not

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "account"],
                condition=Q(state="open"),
                name="join_request_one_open",
            ),
        ]


class Connection(Entity):
    """Two people who write to each other, or one who asks the other for it (A13.1).

    ``pair`` is the same for the same two, whoever asks.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        CONNECTED = "connected"
        DECLINED = "declined"
        TAKEN_BACK = "taken_back"
        ENDED = "ended"  # one of the two works here no more

    pair = models.CharField(max_length=65)
    asker = models.ForeignKey(Account, models.PROTECT, related_name="connections_asked")
    asker_role = models.ForeignKey(PractitionerRole, models.PROTECT, related_name="+")
    asked = models.ForeignKey(Account, models.PROTECT, related_name="connections")
    asked_role = models.ForeignKey(PractitionerRole, models.PROTECT, related_name="+")
    asked_at = MomentField()
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    answered_at = MomentField(null=True)
    group = models.OneToOneField(
        Group, models.CASCADE, null=True, related_name="connection"
    )  # once they are connected

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pair"],
                condition=Q(state__in=["asked", "connected"]),
                name="connection_once_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(asker=F("asked")), name="connection_of_two"),
        ]


class Block(Entity):
    """One does not want to be reached by another, who learns nothing of it (A13.1)."""

    by = models.ForeignKey(Account, models.CASCADE, related_name="blocks")
    of = models.ForeignKey(Account, models.CASCADE, related_name="+")
    at = MomentField()
    lifted_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["by", "of"], condition=Q(lifted_at=None), name="block_once_at_a_time"
            ),
        ]


class Charter(SealedEntity):
    """How a group is used, as its members agreed it, in editions (A11.8, A16.e).

    Editions never change: a new one takes the place of the one before, and is read anew.
    """

    class Reuse(models.TextChoices):
        """What those who read it permit of what they write, within the patient's own care."""

        RECORD = "record"  # an entry in the own record of who reads
        COLLEAGUES = "colleagues"  # of the own organization
        EXPLAINING = "explaining"  # to the patient or the family

    group = models.ForeignKey(Group, models.CASCADE, related_name="charters")
    number = models.PositiveIntegerField()  # 1, 2, 3 …
    text = SealedField(holds="text")
    reuse = models.CharField(max_length=40, blank=True)  # "record,explaining"; empty: nothing
    written_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    written_at = MomentField()
    ended_at = MomentField(null=True)  # another edition took its place

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "number"], name="charter_number_once"),
            models.UniqueConstraint(
                fields=["group"], condition=Q(ended_at=None), name="charter_one_in_force"
            ),
        ]


class CharterReading(Entity):
    """Somebody has read one edition of a charter and agreed to it."""

    charter = models.ForeignKey(Charter, models.CASCADE, related_name="readings")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["charter", "account"], name="charter_read_once"),
        ]
