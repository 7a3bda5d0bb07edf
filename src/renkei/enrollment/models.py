"""What people have confirmed, signed and learned before they may go on."""

from django.db import models

from renkei.files.models import File
from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity, SealedField
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.region.models import Notice, OwnRules, PolicyVersion, Region


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


class NoticeReading(Entity):
    """A person opened a notice of the operator for the first time (A18)."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    notice = models.ForeignKey(Notice, models.PROTECT, related_name="readings")
    at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "notice"], name="notice_read_once"),
        ]


class RulesAcknowledgement(Entity):
    """A person confirmed having read their organization's own rules, in one edition (A22)."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    rules = models.ForeignKey(OwnRules, models.PROTECT, related_name="acknowledgements")
    at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "rules"], name="rules_acknowledged_once"),
        ]


class Paper(SealedEntity):
    """A form that was set as PDF, and the scan of what came back signed (F1-F3, P1-P4).

    ``code`` stands on the paper, in letters and as QR code; whoever may see the record finds it by
    the code. The key is the one of the record: its patient's, else the region's.
    """

    code = models.CharField(max_length=12, unique=True)
    form = models.CharField(max_length=40)  # as ``region.form_texts`` names it
    text_number = models.PositiveIntegerField()  # the edition of its words
    about = models.CharField(max_length=60)  # the record, as audit lines name it: "Consent/<hex>"
    kept_by = models.CharField(max_length=12)  # who files it: "operator", "organization", "patient"
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")
    patient_id = models.UUIDField(null=True)  # of a patient's paper; patients stand above
    returns = models.BooleanField(default=True)  # it is to come back signed, and its scan filed
    issued_by = models.UUIDField(null=True)  # nobody signed in may have printed a public form
    issued_at = MomentField()
    scan = models.OneToOneField(File, models.PROTECT, null=True, related_name="+")  # PDF or picture
    filed_by = models.UUIDField(null=True)
    filed_at = MomentField(null=True)

    class Meta:
        indexes = [models.Index(fields=["about"], name="paper_about")]


class FormerScan(Entity):
    """A scan that was replaced by another one; what was filed once stays with its paper."""

    paper = models.ForeignKey(Paper, models.PROTECT, related_name="former")
    scan = models.OneToOneField(File, models.PROTECT, related_name="+")
    filed_by = models.UUIDField(null=True)
    filed_at = MomentField()
    replaced_at = MomentField()


class Pledge(SealedEntity):
    """A promise of confidentiality: an organization's (form 2) or a person's (form 3) (A9, F1, F2).

    What rules ask is the date on the organization or the role; this is the evidence for it.
    """

    class Way(models.TextChoices):
        """How it was given."""

        SCREEN = "screen"  # name typed in the own session, under the words that it names
        PAPER = "paper"  # signed on paper, which lies where the form says
        HELD = "held"  # the organization held one already; its date is recorded

    form = models.CharField(max_length=40)  # "form-2-organization-pledge" or "form-3-staff-pledge"
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="pledges")
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="pledges")
    way = models.CharField(max_length=6, choices=Way)
    signed_on = models.DateField()
    text_number = models.PositiveIntegerField(null=True)  # of the words; None for one held already
    signature = SealedField()  # {"name", "address"}: as typed or as it stands on the paper
    recorded_by = models.UUIDField(null=True)
    recorded_at = MomentField()

    class Meta:
        indexes = [models.Index(fields=["organization", "account"], name="pledge_of")]


class Leaving(Entity):
    """A person leaves an organization: decided, and settled when it has come about (A8.5, N3.7).

    The standing ends by the role alone, at ``ends_at``; this is the record of the formalities.
    ``devices`` are those that the person had: {"device", "word", "erased_on"} each; ``groups`` are
    those that need a successor: {"group", "manager", "only"} each, as they were when decided.
    """

    class Told(models.TextChoices):
        """How the person was told of the duties that stay (form 3, article 4)."""

        IN_PERSON = "in_person"
        PHONE = "phone"
        LETTER = "letter"
        NOT_REACHED = "not_reached"

    role = models.ForeignKey(PractitionerRole, models.PROTECT, related_name="leavings")
    last_day = models.DateField()
    ends_at = MomentField()
    decided_by = models.UUIDField()
    decided_at = MomentField()
    groups = models.JSONField(default=list)
    withdrawn_at = MomentField(null=True)  # the person stays
    told = models.CharField(max_length=11, choices=Told, blank=True, default="")
    told_on = models.DateField(null=True)
    devices = models.JSONField(default=list)
    formalities = models.JSONField(default=dict)  # what was ticked: {"papers": true …}
    ended = models.JSONField(default=dict)  # how much: {"sessions", "groups", "invitations"}
    settled_by = models.UUIDField(null=True)
    settled_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["role"], condition=models.Q(withdrawn_at=None), name="leaving_once"
            ),
        ]


class Application(SealedEntity):
    """An organization asks to take part: forms 1 and 2, from the first word to the decision (A3).

    Whoever has the secret of the link goes on writing; only hashes of the secrets are stored.
    ``content`` is form 1 as far as it is filled in (``form_1``), with the pledge as it was signed.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        SENT = "sent"
        RETURNED = "returned"  # to be mended, with a note
        APPROVED = "approved"
        REFUSED = "refused"

    class Trained(models.TextChoices):
        """How the organization took the training before use (F1)."""

        LECTURE = "lecture"
        VIDEO = "video"

    region = models.ForeignKey(Region, models.PROTECT, related_name="applications")
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    token = models.CharField(max_length=64, unique=True)  # SHA-256 of the link to go on writing
    mail_token = models.CharField(max_length=64, blank=True)  # of the one in the mail
    confirmed_at = MomentField(null=True)  # somebody opened the link in the mail
    keyed_by = models.UUIDField(null=True)  # of the operator's staff, who key it in from paper
    content = SealedField()
    trained_on = models.DateField(null=True)
    trained_way = models.CharField(max_length=7, choices=Trained, blank=True, default="")
    note = SealedField(null=True)  # why it was returned or refused
    made_at = MomentField()
    changed_at = MomentField()
    sent_at = MomentField(null=True)
    decided_by = models.UUIDField(null=True)
    decided_at = MomentField(null=True)
    organization = models.OneToOneField(
        Organization, models.PROTECT, null=True, related_name="application"
    )

    class Meta:
        indexes = [models.Index(fields=["region", "state"], name="application_state")]


class Departure(SealedEntity):
    """An organization takes part no more: what it put in order, and what ended with it (A3, N3.7).

    ``ended`` says how much: {"people", "groups", "invitations", "sessions", "devices"}.
    """

    class Reason(models.TextChoices):
        CLOSED = "closed"
        MERGED = "merged"
        OTHER_SYSTEM = "other_system"
        OTHER = "other"

    class Originals(models.TextChoices):
        """Where the signed consents are."""

        HANDED = "handed"  # with those who look after the patients now
        KEPT = "kept"  # with the organization, which goes on keeping them

    organization = models.OneToOneField(Organization, models.PROTECT, related_name="departure")
    left_on = models.DateField()
    reason = models.CharField(max_length=12, choices=Reason, blank=True)
    originals = models.CharField(max_length=6, choices=Originals)
    erased_on = models.DateField(null=True)  # the last of its devices, or there was none
    contact = SealedField()  # who answers questions afterwards
    text_number = models.PositiveIntegerField()  # the edition of the words about duties that stay
    ended = models.JSONField(default=dict)
    by_id = models.UUIDField()
    at = MomentField()
