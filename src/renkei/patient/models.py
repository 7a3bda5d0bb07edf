"""The patient, those around the patient, and what the patient agreed to (Patient, Consent)."""

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q

from renkei.kernel.clock import MomentField
from renkei.kernel.sealed import SealedEntity
from renkei.people.models import Account, Organization


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a patient is. Everything here is sealed."""

    name: str
    kana: str
    birth_date: str  # ISO date
    sex: str  # 男 · 女 · その他 · ""
    address: str = ""
    phone: str = ""
    mobile: str = ""

    @property
    def born(self) -> date:
        """The birth date as a date."""
        return date.fromisoformat(self.birth_date)


@dataclass(frozen=True, slots=True)
class Basics:
    """What the team needs to know at once (基本情報). Everything here is sealed."""

    insurer_number: str = ""  # 被保険者番号
    care_level: str = ""  # 要介護度
    conditions: str = ""  # 病名・状態
    allergies: str = ""  # アレルギー・禁忌
    equipment: str = ""  # 医療機器・用具
    power_dependent: bool = False  # needs electricity to live: first in line in a power cut
    wishes: str = ""  # これからの希望
    physician_name: str = ""
    physician_organization: str = ""
    physician_phone: str = ""
    nurse_station: str = ""
    nurse_phone: str = ""


@dataclass(frozen=True, slots=True)
class Relative:
    """Who a related person is. Everything here is sealed."""

    name: str
    relationship: str
    kana: str = ""
    phones: list[str] = field(default_factory=list)


class Patient(SealedEntity):
    """One patient of one managing organization (A4); one without a group is normal (A11.3)."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="patients")
    identity_sealed = models.BinaryField()
    basics_sealed = models.BinaryField(null=True)
    registered_at = MomentField()

    @property
    def identity(self) -> Identity:
        """Who the patient is, unsealed."""
        return Identity(**self.unseal("identity_sealed"))

    @property
    def basics(self) -> Basics:
        """What the team needs to know at once, unsealed."""
        return Basics(**(self.unseal("basics_sealed") or {}))


class RelatedPerson(SealedEntity):
    """Somebody around the patient: family, proxy, emergency contact (RelatedPerson)."""

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="related_persons")
    person_sealed = models.BinaryField()
    calling_order = models.PositiveSmallIntegerField(default=1)  # 1 is called first
    emergency_contact = models.BooleanField(default=False)
    proxy = models.BooleanField(default=False)  # signs and decides on the patient's behalf

    class Meta:
        ordering: ClassVar = ["calling_order", "id"]

    @property
    def person(self) -> Relative:
        """Who it is, unsealed."""
        return Relative(**self.unseal("person_sealed"))


class Consent(SealedEntity):
    """Form 4 as given, or the recorded exemption from it (A6, P4). One is current at a time."""

    class State(models.TextChoices):
        GIVEN = "given"
        EXEMPT_BEFORE = "exempt_before"  # in use before the policy took effect
        EXEMPT_LIFE = "exempt_life"  # to protect life while consent cannot be had (form 4, 3-7)

    RELATIONSHIPS: ClassVar = (
        "本人", "配偶者", "子", "兄弟姉妹", "その他家族", "成年後見人", "その他"
    )  # fmt: skip
    DECLINABLE: ClassVar = (1, 2, 3, 4, 5, 8)

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="consents")
    state = models.CharField(max_length=14, choices=State)
    signed_on = models.DateField(null=True)
    signature_sealed = models.BinaryField()  # signer, relationship, reasons: see ``Signature``
    declined = models.CharField(max_length=20, blank=True)  # declined purposes: "3,8"
    original_kept_by = models.ForeignKey(
        Organization, models.PROTECT, null=True, related_name="+"
    )  # who keeps the signed paper (F3)
    copy_given_on = models.DateField(null=True)  # the patient has a copy (F3)
    seek_by = models.DateField(null=True)  # exempt for life: consent is sought by then
    recorded_at = MomentField()
    recorded_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    withdrawn_on = models.DateField(null=True)
    ended_at = MomentField(null=True)  # replaced by a newer record or withdrawn

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(ended_at=None), name="consent_one_current"
            ),
        ]

    @property
    def signature(self) -> "Signature":
        """Who signed and why so, unsealed."""
        return Signature(**self.unseal("signature_sealed"))

    @property
    def declined_purposes(self) -> list[int]:
        """The numbers of the purposes the patient declined."""
        return [int(number) for number in self.declined.split(",") if number]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed form 4 and what was said about it. Everything here is sealed."""

    signer: str = ""
    relationship: str = ""
    proxy_reason: str = ""
    wish_confirmed: bool = False  # the patient's own wish was confirmed
    declined_reason: str = ""  # what was said when purpose 1 or 5 was declined
    original_place: str = ""  # where the paper lies within the keeper's house
    exemption_reason: str = ""
    withdrawal_reason: str = ""
    explained_by: str = ""  # who explained form 4 (P4)
    family_told: str = ""  # which family may be told, purpose 4
