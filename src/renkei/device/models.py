"""The device ledger (台帳): what is used to open patient data, and what each device is known by."""

from typing import ClassVar

from django.db import models

from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity, SealedField
from renkei.people.models import Account, Organization


class Device(SealedEntity):
    """One device in the ledger of the organization that answers for it (A8.2, A15)."""

    class Ownership(models.TextChoices):
        ORGANIZATION = "organization"
        PRIVATE = "private"  # A15.10

    class Type(models.TextChoices):
        PHONE = "phone"
        TABLET = "tablet"
        COMPUTER = "computer"

    class State(models.TextChoices):
        PENDING = "pending"  # a person added it; its organization has not said yes yet
        IN_USE = "in_use"
        LENT = "lent"
        LOST = "lost"
        BLOCKED = "blocked"  # its key came back after it had been replaced: there is a copy
        RETIRED = "retired"

    OPENS: ClassVar = {State.IN_USE, State.LENT}  # the states in which patient data may open on it

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="devices")
    number = models.CharField(max_length=20)  # in the ledger of that organization
    ownership = models.CharField(max_length=12, choices=Ownership, default=Ownership.ORGANIZATION)
    type = models.CharField(max_length=8, choices=Type)
    maker = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=60, blank=True)
    os = models.CharField(max_length=30, blank=True)
    os_version = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=8, choices=State)
    users = models.ManyToManyField(Account, related_name="devices")  # whose own it is (A14.2)
    note_sealed = SealedField(null=True)  # {"serial", "carrier", "line", "reason", "remark" …}
    items = models.JSONField(default=dict)  # "A15.1" … "A15.8": {"state": word, "on": date}
    confirmed_at = MomentField(null=True)  # by the person, on the device itself (A14.6)
    permitted_until = models.DateField(null=True)  # of a private device, the last day
    added_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    added_at = MomentField()
    approved_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    approved_at = MomentField(null=True)
    state_changed_at = MomentField()
    erased_on = models.DateField(null=True)  # what it held was erased, of a device no longer needed

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="device_number_once"),
        ]


class Listing(Entity):
    """One organization's word that its people may open patient data on a device.

    The organization in whose ledger a device stands has one; another may accept the device of a
    person who works for both. ``usable_until`` says all there is to say about opening: it is in
    the past while the device waits, is lost, retired or blocked, while its confirmation is overdue
    or the permission of a private device has run out. Whoever changes one of these writes it.
    Another organization's listing begins as a question: asked, and not accepted yet.
    """

    device = models.ForeignKey(Device, models.CASCADE, related_name="listings")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    usable_until = MomentField()
    accepted_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    accepted_at = MomentField(null=True)
    asked_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    asked_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["device", "organization"], name="listing_once"),
        ]


class DeviceKey(Entity):
    """What one browser on a device is known by: the hash of a secret that changes with use.

    A browser and an installed web app on the same device keep cookies apart: each has a key of its
    own. ``offered`` is a fresh secret that the browser was sent and has not shown yet; until it
    does, the one before it still holds, because an answer may get lost on the way.
    """

    device = models.ForeignKey(Device, models.CASCADE, related_name="keys")
    label = models.CharField(max_length=60, blank=True)  # "Safari", "installed app" …
    secret = models.CharField(max_length=64, unique=True)  # SHA-256, hexadecimal
    offered = models.CharField(max_length=64, null=True, unique=True)
    offered_at = MomentField(null=True)
    made_at = MomentField()
    seen_at = MomentField(null=True)
    ended_at = MomentField(null=True)


class SpentSecret(models.Model):
    """A secret that was replaced. Whoever shows it later than in passing has a copy."""

    secret = models.CharField(max_length=64, primary_key=True)
    key = models.ForeignKey(DeviceKey, models.CASCADE, related_name="spent")
    spent_at = MomentField()


class Certificate(Entity):
    """A TLS client certificate that stands for a device where a proxy asks for one."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="certificates")
    fingerprint = models.CharField(max_length=64, unique=True)  # SHA-256 of the DER, hexadecimal
    not_after = MomentField()
    issued_at = MomentField()
    revoked_at = MomentField(null=True)


class EnrollmentLink(Entity):
    """A link or code, good once, with which a browser gets a key of a device in the ledger."""

    class Purpose(models.TextChoices):
        FIRST = "first"  # by an administrator, for the device itself: 24 hours
        SECOND = "second"  # shown on the device, for another browser on it: 10 minutes

    device = models.ForeignKey(Device, models.CASCADE, related_name="links")
    purpose = models.CharField(max_length=6, choices=Purpose)
    token = models.CharField(max_length=64, unique=True)  # SHA-256, hexadecimal
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="+")  # who alone
    attempts = models.PositiveSmallIntegerField(default=0)
    made_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    made_at = MomentField()
    until = MomentField()
    used_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    used_at = MomentField(null=True)
    ended_at = MomentField(null=True)  # replaced by a newer one, or too many attempts


class TakeOut(SealedEntity):
    """Taking information or a device out of the organization, from asking to return (A15.9)."""

    class State(models.TextChoices):
        WAITING = "waiting"
        APPROVED = "approved"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"
        RETURNED = "returned"

    class Returned(models.TextChoices):
        """In what state it came back."""

        IN_ORDER = "in_order"
        ERASED = "erased"  # the information was erased from the medium
        NOT_IN_ORDER = "not_in_order"  # which is an incident

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="take_outs")
    account = models.ForeignKey(Account, models.PROTECT, related_name="take_outs")
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="take_outs")
    asked_sealed = SealedField()  # {"content", "medium", "purpose", "destination"}
    patients = models.PositiveIntegerField()  # how many it concerns
    encrypted = models.BooleanField()
    from_at = MomentField()
    to_at = MomentField()
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    asked_at = MomentField()
    decided_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    decided_at = MomentField(null=True)
    reason_sealed = SealedField(null=True)  # why it was refused
    returned_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    returned_at = MomentField(null=True)
    returned = models.CharField(max_length=12, choices=Returned, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["organization", "state", "to_at"], name="take_out_desk"),
            models.Index(fields=["account", "state", "to_at"], name="take_out_own"),
        ]
