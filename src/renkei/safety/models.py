"""Who used the network on an unlisted device, and what became of everybody (A20)."""

from django.db import models

from renkei.device.models import Device
from renkei.kernel.clock import MomentField
from renkei.kernel.sealed import SealedEntity, SealedField
from renkei.patient.models import Patient
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.region.models import DisasterUse


class EmergencyUse(SealedEntity):
    """One entry on a device outside the ledger, and what its organization decided afterwards."""

    class Outcome(models.TextChoices):
        OPEN = ""
        ADOPTED = "adopted"  # a row in the ledger, waiting for approval
        CLOSED = "closed"

    disaster = models.ForeignKey(DisasterUse, models.PROTECT, related_name="uses")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    reason = SealedField(holds="text")
    factor = models.CharField(max_length=8)  # by what the person showed who they are
    at = MomentField()
    browser = models.CharField(max_length=60)  # "Safari, iPhone"
    mark = models.CharField(max_length=64)  # the same for one person in one browser
    session = models.CharField(max_length=40)  # its stored key
    outcome = models.CharField(max_length=7, choices=Outcome, blank=True, default="")
    device = models.ForeignKey(Device, models.SET_NULL, null=True, related_name="+")
    settled_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    settled_at = MomentField(null=True)


class State(models.TextChoices):
    """What became of a person. Nobody knows is the beginning."""

    SAFE = "safe"  # 無事
    HELP = "help"  # 要支援
    UNKNOWN = "unknown"  # 不明


class SafetyReport(SealedEntity):
    """What somebody reported of a patient, sealed under the patient's key; the latest holds."""

    disaster = models.ForeignKey(DisasterUse, models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+")
    state = models.CharField(max_length=7, choices=State)
    content = SealedField()  # {"place", "note"}
    by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    at = MomentField()

    class Meta:
        indexes = [models.Index(fields=["patient", "disaster", "at"], name="safety_of_patient")]


class StaffReport(SealedEntity):
    """What a person reported of themselves to the organization they work for."""

    disaster = models.ForeignKey(DisasterUse, models.PROTECT, related_name="+")
    role = models.ForeignKey(PractitionerRole, models.CASCADE, related_name="+")
    state = models.CharField(max_length=7, choices=State)
    content = SealedField()  # {"note"}
    at = MomentField()

    class Meta:
        indexes = [models.Index(fields=["role", "disaster", "at"], name="safety_of_staff")]


class PlaceReport(SealedEntity):
    """Whether an organization is open, as everybody in the region may know."""

    class Doors(models.TextChoices):
        OPEN = "open"
        LIMITED = "limited"
        CLOSED = "closed"

    disaster = models.ForeignKey(DisasterUse, models.PROTECT, related_name="+")
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    state = models.CharField(max_length=7, choices=Doors)
    content = SealedField()  # {"note"}
    by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = MomentField()

    class Meta:
        indexes = [models.Index(fields=["organization", "disaster", "at"], name="safety_of_place")]
