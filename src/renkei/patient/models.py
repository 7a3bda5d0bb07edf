"""The patient, those around the patient, and what the patient agreed to (Patient, Consent)."""

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity, SealedField
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.region.models import Region

UNKNOWN: Final = date.min


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
        """The birth date as a date; ``UNKNOWN`` if the identity could not be opened."""
        return date.fromisoformat(self.birth_date) if self.birth_date else UNKNOWN


@dataclass(frozen=True, slots=True)
class Basics:
    """What the team needs to know at once (基本情報). Everything here is sealed."""

    insurer_number: str = ""  # 被保険者番号
    care_level: str = ""  # 要介護度
    conditions: str = ""  # 病名・状態
    allergies: str = ""  # アレルギー・禁忌
    equipment: str = ""  # 医療機器・用具
    power_dependent: bool = False  # needs electricity to live: first in line in a power cut
    power_devices: str = ""  # what needs it: 人工呼吸器、酸素濃縮器 …
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
    identity_sealed = SealedField()
    basics_sealed = SealedField(null=True)
    registered_at = MomentField()
    erase_at = MomentField(null=True)  # will be erased then, with all groups (A11.7)
    death_sealed = SealedField(null=True)  # the day of death: {"on": ISO date}
    deceased_at = MomentField(null=True)  # when it was recorded; no reminder after that

    @property
    def died_on(self) -> date | None:
        """The day of death, unsealed; None while none is recorded."""
        death = self.unseal("death_sealed")
        return date.fromisoformat(death["on"]) if death else None

    @property
    def identity(self) -> Identity:
        """Who the patient is, unsealed."""
        return Identity(**self.unseal("identity_sealed"))

    @property
    def basics(self) -> Basics:
        """What the team needs to know at once, unsealed."""
        return Basics(**(self.unseal("basics_sealed") or {}))

    def require_basics(self) -> None:
        """See that basics and related persons open, before they are changed.

        Raises:
            Tampered: they were changed from outside; nothing is written over that.
        """
        _ = self.basics, [one.person for one in self.related_persons.all()]


class RelatedPerson(SealedEntity):
    """Somebody around the patient: family, proxy, emergency contact (RelatedPerson)."""

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="related_persons")
    person_sealed = SealedField()
    calling_order = models.PositiveSmallIntegerField(default=1)  # 1 is called first
    emergency_contact = models.BooleanField(default=False)
    proxy = models.BooleanField(default=False)  # signs and decides on the patient's behalf

    class Meta:
        ordering: ClassVar = ["calling_order", "id"]

    @property
    def person(self) -> Relative:
        """Who it is, unsealed."""
        return Relative(**self.unseal("person_sealed"))


class ReferenceRange(SealedEntity):
    """What is usual for one patient, as a physician set it; a later one takes its place."""

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="ranges")
    ranges = SealedField()  # {"spo2": [low, high], …}; without an end: null
    set_by = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    role = models.ForeignKey(PractitionerRole, models.PROTECT, related_name="+", db_index=False)
    set_at = MomentField()


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
    signature_sealed = SealedField()  # signer, relationship, reasons: see ``Signature``
    declined = models.CharField(max_length=20, blank=True)  # declined purposes: "3,8"
    original_kept_by = models.ForeignKey(
        Organization, models.PROTECT, null=True, related_name="+"
    )  # who keeps the signed paper (F3)
    copy_given_on = models.DateField(null=True)  # the patient has a copy (F3)
    text_number = models.PositiveIntegerField(null=True)  # the edition of the words; None: unknown
    drawing_sealed = SealedField(null=True)  # the signature drawn on the screen: strokes of points
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
    way: str = ""  # "screen": drawn by finger; "paper"; empty in what was recorded before
    received_how: str = ""  # of a change: how the patient said it
    changed: str = ""  # of a change: "8:no,3:yes"
    receipt_on: str = ""  # of a change: when the receipt was handed over, ISO date


class RightsRequest(SealedEntity):
    """A request to see, correct or stop the use of what is kept of a patient, and its answer (P4).

    The organization that manages the patient answers it. Number and dates are plain, so that what
    is overdue can be counted without opening anything.
    """

    class Kind(models.TextChoices):
        """What is asked for; several together are possible."""

        PURPOSE = "purpose"  # 利用目的の通知
        DISCLOSURE = "disclosure"  # 開示
        PROVISION = "provision"  # 第三者提供記録の開示
        CORRECTION = "correction"  # 訂正・追加
        ERASURE = "erasure"  # 消去
        STOP_USE = "stop_use"  # 利用停止
        STOP_PROVISION = "stop_provision"  # 第三者提供の停止

    class Requester(models.TextChoices):
        """Who asks."""

        PATIENT = "patient"
        LEGAL = "legal"  # 法定代理人
        DELEGATE = "delegate"  # 委任された代理人
        BEREAVED = "bereaved"  # 遺族

    class Result(models.TextChoices):
        """What was answered."""

        GRANTED = "granted"
        PARTLY = "partly"
        REFUSED = "refused"
        NOTHING = "nothing"  # nothing of the kind is kept

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="rights_requests")
    number = models.PositiveIntegerField()  # 1, 2, 3 … within the organization that received it
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    kinds = models.CharField(max_length=80)  # "disclosure,correction"
    requester = models.CharField(max_length=9, choices=Requester)
    asked_sealed = SealedField()  # see ``Asked``
    received_on = models.DateField()
    received_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    due_on = models.DateField()
    assigned = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    result = models.CharField(max_length=8, choices=Result, blank=True, default="")
    answer_sealed = SealedField(null=True)  # see ``Answer``
    answered_on = models.DateField(null=True)
    answered_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "number"], name="rights_request_number_once"
            ),
        ]
        indexes = [models.Index(fields=["organization", "due_on"], name="rights_request_due")]

    @property
    def asked(self) -> "Asked":
        """What was asked for, unsealed."""
        return Asked(**self.unseal("asked_sealed"))

    @property
    def answer(self) -> "Answer":
        """What was answered, unsealed; empty before."""
        return Answer(**(self.unseal("answer_sealed") or {}))


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for. Everything here is sealed."""

    requester_name: str = ""  # of who asks on the patient's behalf, with their relationship
    identity: list[str] = field(default_factory=list)  # by which papers the person was identified
    scope: str = ""
    period: str = ""
    way: str = ""
    correction: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered. Everything here is sealed."""

    done: str = ""
    provided: str = ""
    withheld: str = ""
    reasons: str = ""
    told_others: str = ""
    answerer: str = ""


class Likeness(Entity):
    """By what the same person is noticed when two organizations have registered them (A4).

    ``mark`` is a keyed hash of reading, birth date and sex; the key is the region's own for this
    and seals nothing. It tells whether two are alike, and nothing of who they are.
    """

    patient = models.OneToOneField(Patient, models.CASCADE, related_name="likeness")
    region = models.ForeignKey(Region, models.PROTECT, related_name="+")
    mark = models.CharField(max_length=64)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["region", "mark"], name="likeness_mark")]


class SamePerson(Entity):
    """Two records of two organizations that may be about one person, until that is settled (A4).

    The operator knows the organizations and the days; each organization knows its own patient.
    """

    class Answer(models.TextChoices):
        SAME = "same"
        DIFFERENT = "different"

    region = models.ForeignKey(Region, models.PROTECT, related_name="+")
    one = models.ForeignKey(Patient, models.CASCADE, related_name="+")  # the smaller id
    other = models.ForeignKey(Patient, models.CASCADE, related_name="+")
    noticed_at = MomentField()
    asked_at = MomentField(null=True)
    asked_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    one_answer = models.CharField(max_length=9, choices=Answer, blank=True)
    other_answer = models.CharField(max_length=9, choices=Answer, blank=True)
    handing = models.ForeignKey(
        Patient, models.CASCADE, null=True, related_name="+"
    )  # the record that its organization is asked to hand over
    closed_at = MomentField(null=True)  # not the same, or joined

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="same_person_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["region"],
                condition=Q(asked_at__isnull=False, closed_at=None),
                name="same_person_asked",
            ),
        ]


class HandOver(SealedEntity):
    """A patient passes from one managing organization to another by agreement of both (A4)."""

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="hand_overs")
    source = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    target = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    pair = models.ForeignKey(SamePerson, models.SET_NULL, null=True, related_name="hand_overs")
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    why = SealedField()
    told_on = models.DateField()  # when the patient, or who acts for them, was told
    proposed_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    proposed_at = MomentField()
    answered_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    answered_at = MomentField(null=True)
    reason = SealedField(null=True)  # why declined or withdrawn
    contact_on = models.DateField(null=True)  # when the new contact was given to the patient

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(state="open"), name="hand_over_one_open"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["target", "state"], name="hand_over_to"),
            models.Index(fields=["source", "state"], name="hand_over_from"),
        ]
