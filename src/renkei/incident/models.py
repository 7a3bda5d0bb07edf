"""What went wrong, what was done about it, who was told, and who was stopped (N2.2, N3.10-11)."""

from django.db import models

from renkei.device.models import Device
from renkei.kernel.clock import MomentField
from renkei.kernel.sealed import SealedEntity, SealedField
from renkei.patient.models import Patient
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.region.models import Region


class Incident(SealedEntity):
    """One thing that went wrong, from the first word of it until its cause is known (事故)."""

    class Kind(models.TextChoices):
        LOST_DEVICE = "lost_device"
        UNAUTHORIZED_ACCESS = "unauthorized_access"
        WRONG_POST = "wrong_post"
        LEAK = "leak"
        SYSTEM_FAULT = "system_fault"
        MISUSE = "misuse"
        INFECTED_FILE = "infected_file"  # somebody was about to send one; it was removed

    class Severity(models.TextChoices):
        MINOR = "minor"
        SERIOUS = "serious"
        GRAVE = "grave"

    class Way(models.TextChoices):
        """How it came to us; what was reported without proof waits for a call back."""

        SYSTEM = "system"  # the program noticed it
        SIGNED_IN = "signed_in"
        CODE = "code"  # of the reporting person's disaster card
        UNPROVED = "unproved"

    class Duty(models.TextChoices):
        """Whether the law asks for a report (APPI, article 26)."""

        CHECKING = "checking"
        REQUIRED = "required"
        NOT_REQUIRED = "not_required"

    region = models.ForeignKey(Region, models.PROTECT, related_name="incidents")
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")
    number = models.PositiveIntegerField()  # 1, 2, 3 … in the region
    kind = models.CharField(max_length=20, choices=Kind)
    severity = models.CharField(max_length=7, choices=Severity)
    way = models.CharField(max_length=9, choices=Way)
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")  # affected
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="incidents")
    reported_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    report_sealed = SealedField()  # {"name", "organization", "phone", "what", "when"}
    opened_at = MomentField()
    known_on = models.DateField()  # the day it became known: day 1 of the statutory clock
    called_back_at = MomentField(null=True)  # who reported without proof was rung and is genuine
    assigned = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    duty = models.CharField(max_length=12, choices=Duty, default=Duty.CHECKING)
    wrongful = models.BooleanField(default=False)  # a wrongful purpose is feared: 60 days, not 30
    statement_sealed = SealedField(null=True)  # the nine items of the report, and the rest of it
    first_reported_on = models.DateField(null=True)
    final_reported_on = models.DateField(null=True)
    closed_at = MomentField(null=True)
    closed_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    closing_sealed = SealedField(null=True)  # {"cause", "measure"}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "number"], name="incident_number_once"),
        ]
        indexes = [
            models.Index(fields=["organization", "closed_at"], name="incident_desk"),
        ]


class Entry(SealedEntity):
    """One line of what was done about an incident: only ever added; an audit line commits to it."""

    class Word(models.TextChoices):
        OPENED = "opened"
        CALLED_BACK = "called_back"
        BLOCKED = "blocked"  # a device
        SIGNED_OUT = "signed_out"  # every session of the person
        STOPPED = "stopped"  # a person or an organization
        ASSESSED = "assessed"
        NOTE = "note"
        LINE_SUSPENDED = "line_suspended"
        POLICE = "police"
        WITHDRAWN = "withdrawn"  # an entry in a group
        PHONED = "phoned"
        TOLD = "told"
        STATEMENT = "statement"
        FIRST_REPORT = "first_report"
        FINAL_REPORT = "final_report"
        CLOSED = "closed"

    DONE: tuple[str, ...] = ("note", "line_suspended", "police", "withdrawn", "phoned")

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="entries")
    at = MomentField()
    by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    word = models.CharField(max_length=16, choices=Word)
    text_sealed = SealedField(null=True)

    class Meta:
        indexes = [models.Index(fields=["incident", "at"], name="incident_entries")]


class Told(SealedEntity):
    """A person (a patient) or an organization that was told of the incident."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="told")
    patient = models.ForeignKey(Patient, models.PROTECT, null=True, related_name="+")
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")
    on = models.DateField()
    how_sealed = SealedField()  # who spoke with whom, and how
    by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = MomentField()


class Stop(SealedEntity):
    """A restriction, suspension or ban of a person or an organization: why, and until when (N2.2).

    What decides stands on the role, the account or the organization itself; this is the memory.
    """

    role = models.ForeignKey(PractitionerRole, models.PROTECT, null=True, related_name="stops")
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="stops")
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="stops")
    word = models.CharField(max_length=9)  # read_only · suspended · banned
    reason_sealed = SealedField()
    by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = MomentField()
    lifted_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    lifted_at = MomentField(null=True)
    lifting_sealed = SealedField(null=True)  # why it was lifted


class Clearing(models.Model):
    """A browser that has to forget everything when it comes back: its ended session's stored key.

    Of a device that was blocked. The session itself is gone; this only says what to answer.
    """

    session = models.CharField(max_length=40, primary_key=True)
    device = models.ForeignKey(Device, models.CASCADE, null=True, related_name="+")
    at = MomentField()
