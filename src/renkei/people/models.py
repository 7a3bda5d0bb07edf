"""Who signs in, for whom they work, and the sessions they work in."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q

from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity
from renkei.region.models import Region


class Organization(SealedEntity):
    """An organization that takes part (事業所). What stands here is public but for its head."""

    class Kind(models.TextChoices):
        HOSPITAL = "病院"
        CLINIC = "診療所"
        DENTAL_CLINIC = "歯科診療所"
        PHARMACY = "薬局"
        VISITING_NURSES = "訪問看護"
        CARE_MANAGEMENT = "居宅介護支援"
        HOME_HELP = "訪問介護"
        DAY_CARE = "通所介護"
        VISITING_REHABILITATION = "訪問リハビリ"
        EQUIPMENT = "福祉用具"
        CARE_HOME = "介護施設"
        COMMUNITY_SUPPORT = "地域包括支援センター"
        PUBLIC_BODY = "行政"
        OTHER = "その他"

    MEDICAL: ClassVar = {Kind.HOSPITAL, Kind.CLINIC, Kind.DENTAL_CLINIC}  # 医療機関: keep form 4

    region = models.ForeignKey(Region, models.PROTECT, related_name="organizations")
    code = models.CharField(max_length=40)
    kind = models.CharField(max_length=20, choices=Kind)
    name = models.CharField(max_length=100)
    kana = models.CharField(max_length=200)
    postal_code = models.CharField(max_length=8)
    address = models.CharField(max_length=200)
    phone = models.CharField(max_length=20)
    fax = models.CharField(max_length=20, blank=True)
    email = models.EmailField(blank=True)
    head = models.BinaryField()  # sealed name of the organization's head (form 1)
    applied_on = models.DateField(null=True)
    pledged_on = models.DateField(null=True)
    listed = models.BooleanField(default=True)  # on the public page (A19.1)
    documents_policy = models.CharField(max_length=3, default="ask")  # yes · ask · no (A17.2)
    suspended_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "code"], name="organization_code_once"),
        ]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Profile:
    """Who a person is: the part of an account that is sealed."""

    name: str
    kana: str
    sex: str = ""
    phone: str = ""


class Accounts(BaseUserManager["Account"]):
    """Accounts by the name they sign in with."""

    def get_by_natural_key(self, username: str | None) -> "Account":
        """The account with this e-mail, however it was capitalised."""
        return self.get(email=(username or "").strip().lower())


class Account(AbstractBaseUser, SealedEntity):
    """One person, one ID (A14.2). There is no superuser and no group account."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="accounts")
    email = models.EmailField(unique=True)  # lower case; the name to sign in with
    profile_sealed = models.BinaryField()
    photo = models.BinaryField(null=True)  # sealed JPEG, 256 × 256
    photo_changed_at = MomentField(null=True)
    password_changed_at = MomentField(null=True)
    suspended_at = MomentField(null=True)
    demo = models.BooleanField(default=False)  # invented person; never reachable from outside
    acknowledged = models.ForeignKey(
        "region.PolicyVersion", models.PROTECT, null=True, related_name="+"
    )  # the edition of the policy last confirmed (A2)
    language = models.CharField(max_length=2, default="ja")
    text_size = models.CharField(max_length=8, default="standard")  # standard · large · largest
    contrast = models.CharField(max_length=8, default="standard")  # standard · more
    initials_only = models.BooleanField(default=False)  # hide patients' names from onlookers
    made_at = MomentField()

    USERNAME_FIELD = "email"
    objects: ClassVar[Accounts] = Accounts()

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Whether the person may sign in at all."""
        return self.suspended_at is None

    @property
    def profile(self) -> Profile:
        """Name, kana and the like, unsealed."""
        return Profile(**self.unseal("profile_sealed"))


class PractitionerRole(Entity):
    """A person's work for one organization, from joining to leaving (PractitionerRole)."""

    PROFESSIONS: ClassVar = (
        "医師", "歯科医師", "薬剤師", "看護師", "准看護師", "保健師", "理学療法士", "作業療法士",
        "言語聴覚士", "歯科衛生士", "管理栄養士", "介護支援専門員", "介護福祉士", "訪問介護員",
        "社会福祉士", "医療ソーシャルワーカー", "福祉用具専門相談員", "相談支援専門員", "事務",
        "行政職員", "その他",
    )  # fmt: skip

    account = models.ForeignKey(Account, models.PROTECT, related_name="roles")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="roles")
    profession = models.CharField(max_length=20)
    administrator = models.BooleanField(default=False)  # 連携管理者
    pledged_on = models.DateField(null=True)  # form 3 (A9)
    trained_on = models.DateField(null=True)
    started_at = MomentField()
    ended_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "organization"],
                condition=Q(ended_at=None),
                name="role_once_at_a_time",
            ),
        ]


class OperatorRole(Entity):
    """A person's work for the region's operator (運営事務局)."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="operator_roles")
    started_at = MomentField()
    ended_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(ended_at=None), name="operator_role_once_at_a_time"
            ),
        ]


class Session(AbstractBaseSession):
    """A signed-in browser. The key in the cookie is stored only as its hash."""

    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="sessions")
    role = models.ForeignKey(PractitionerRole, models.SET_NULL, null=True, related_name="+")
    started_at = MomentField()
    last_seen_at = MomentField()
    until = MomentField()  # ends then, whatever happens

    @classmethod
    def get_session_store_class(cls) -> Any:
        """The store that reads and writes these rows."""
        from renkei.people.sessions import SessionStore

        return SessionStore
