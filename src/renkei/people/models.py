"""Who signs in, for whom they work, and the sessions they work in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q

from renkei.files.models import File
from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity, SealedField
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
    head = SealedField()  # name of the organization's head (form 1)
    applied_on = models.DateField(null=True)
    pledged_on = models.DateField(null=True)  # form 2 (A3)
    approved_on = models.DateField(null=True)  # by the operator; before it nobody opens anything
    trained_on = models.DateField(null=True)  # the organization's training before use (F1)
    left_on = models.DateField(null=True)  # takes part no more
    listed = models.BooleanField(default=True)  # on the public page (A19.1)
    documents_policy = models.CharField(max_length=3, default="ask")  # yes · ask · no (A17.2)
    suspended_at = MomentField(null=True)
    rules = models.UUIDField(null=True)  # its own stricter rules in force (A22): an ``OwnRules``
    each_trains = models.BooleanField(default=False)  # by these rules: each person, before use

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
    corrected: str = ""  # when an administrator wrote the name anew, until the person has seen it


class Accounts(BaseUserManager["Account"]):
    """Accounts by the name they sign in with."""

    def get_by_natural_key(self, username: str | None) -> "Account":
        """The account with this e-mail, however it was capitalised."""
        return self.get(email=(username or "").strip().lower())


class Account(AbstractBaseUser, SealedEntity):
    """One person, one ID (A14.2). There is no superuser and no group account."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="accounts")
    email = models.EmailField(unique=True)  # lower case; the name to sign in with
    profile_sealed = SealedField()
    photo = models.OneToOneField(File, models.PROTECT, null=True, related_name="+")  # JPEG, 256²
    photo_changed_at = MomentField(null=True)
    password_changed_at = MomentField(null=True)
    password_warned_at = MomentField(null=True)  # when it was last said that it ends soon
    suspended_at = MomentField(null=True)
    demo = models.BooleanField(default=False)  # invented person; never reachable from outside
    family = models.BooleanField(
        default=False, db_default=False
    )  # a patient's or relative's: works for nobody, takes part in family groups alone (A11.5)
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
    def password_stopped(self) -> bool:
        """Whether it stands, but somebody else may know it: the person disowned a sign-in."""
        return self.password_changed_at is None and self.has_usable_password()

    @property
    def profile(self) -> Profile:
        """Name, kana and the like, unsealed."""
        return Profile(**self.unseal("profile_sealed"))


class PractitionerRole(Entity):
    """A person's work for one organization, from joining to leaving (PractitionerRole)."""

    class Restriction(models.TextChoices):
        """What the organization keeps a person of its own from (N2.2)."""

        READ_ONLY = "read_only"
        SUSPENDED = "suspended"  # for a time
        BANNED = "banned"  # for good

    # Under which a role is not in office.
    STOPPED: ClassVar = (Restriction.SUSPENDED.value, Restriction.BANNED.value)
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
    restriction = models.CharField(max_length=9, choices=Restriction, blank=True, default="")
    pledged_on = models.DateField(null=True)  # form 3 (A9)
    trained_on = models.DateField(null=True)
    started_at = MomentField()
    until = MomentField(null=True)  # the end set ahead: from then on nothing opens, settled or not
    ended_at = MomentField(null=True)

    @staticmethod
    def working(now: datetime) -> Q:
        """Those that have neither ended nor reached the end set ahead."""
        return Q(ended_at=None) & (Q(until=None) | Q(until__gt=now))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "organization"],
                condition=Q(ended_at=None),
                name="role_once_at_a_time",
            ),
        ]


class Registration(SealedEntity):
    """An organization registered somebody whose address has an account already.

    Nothing of that account is shown to the organization: ``said_sealed`` is what it wrote itself.
    The person says at the next sign-in whether it is right; only then is there a role.
    """

    class Answer(models.TextChoices):
        RIGHT = "right"
        WRONG = "wrong"
        TAKEN_BACK = "taken_back"  # by the organization

    account = models.ForeignKey(Account, models.PROTECT, related_name="registrations")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="registrations")
    said_sealed = SealedField()  # {"name", "kana", "sex"}
    profession = models.CharField(max_length=20)
    administrator = models.BooleanField(default=False)
    pledged_on = models.DateField(null=True)
    trained_on = models.DateField(null=True)
    made_by = models.UUIDField(null=True)
    made_at = MomentField()
    answer = models.CharField(max_length=10, choices=Answer, blank=True, default="")
    answered_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "organization"],
                condition=Q(answer=""),
                name="registration_open_once",
            ),
        ]


class AdministratorChange(Entity):
    """Somebody became, or is no longer, an administrator; the operator is told at once (A7)."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    became = models.BooleanField()
    by_id = models.UUIDField(null=True)
    at = MomentField()
    noted_by = models.UUIDField(null=True)  # of the operator's staff
    noted_at = MomentField(null=True)


class OneTimeLink(SealedEntity):
    """A link with which a person sets their own first password, or a new one (A14.1).

    What stands in the link is kept only as its hash. A link handed over on paper has a second
    secret, which the person chose and nobody else knows. How it was seen that it is this person,
    and that the address is nobody else's, stays with the link.
    """

    class Purpose(models.TextChoices):
        FIRST = "first"  # the first sign-in
        RESET = "reset"  # everything anew: password, second factor, disaster card
        CONFIRM = "ask"  # sets nothing: says that one signs in as always and confirms there

    class Way(models.TextChoices):
        """How the link comes to the person."""

        MAIL = "mail"
        PAPER = "paper"  # printed and handed over; needs the person's own word as well
        TERMINAL = "terminal"  # shown on the machine itself; needs the word as well

    class Check(models.TextChoices):
        """How it was seen that it is this person."""

        IN_PERSON = "in_person"
        CALLED_BACK = "called_back"  # on the number that was known before
        DOCUMENT = "document"  # an identity card or the organization's own
        COLLEAGUE = "colleague"  # somebody of the organization knows them and was there

    account = models.ForeignKey(Account, models.CASCADE, related_name="links")
    purpose = models.CharField(max_length=5, choices=Purpose)
    token = models.CharField(max_length=64, unique=True)  # SHA-256, hexadecimal
    secret = models.CharField(max_length=128, blank=True, default="")  # Argon2id; empty by mail
    attempts = models.PositiveSmallIntegerField(default=0)
    way = models.CharField(max_length=8, choices=Way)
    checked = models.CharField(max_length=11, choices=Check, blank=True, default="")
    note = SealedField(null=True)  # on the check, in the words of who did it
    one_person = models.BooleanField(null=True)  # asked about an address such as info@ (A14.2)
    made_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    made_at = MomentField()
    until = MomentField()
    used_at = MomentField(null=True)
    ended_at = MomentField(null=True)  # replaced by a newer one, or too many attempts
    seen_by = models.ManyToManyField(Account, related_name="+")  # administrators told of a reset


class CardCode(Entity):
    """One code of a person's disaster card (A20): good once, and only while a disaster is on."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="card")
    code = models.CharField(max_length=64)  # HMAC-SHA-256, hexadecimal
    made_at = MomentField()
    used_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "code"], name="card_code_once"),
        ]


class SignIn(Entity):
    """One sign-in or attempt, as the person sees it in their own history (N3.11)."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="sign_ins")
    at = MomentField()
    succeeded = models.BooleanField()
    how = models.CharField(max_length=12)  # password · passkey · link · card
    device_id = models.UUIDField(null=True)
    browser = models.CharField(max_length=60)
    address = models.GenericIPAddressField(null=True)
    session = models.CharField(max_length=40, blank=True, default="")  # its key, when it succeeded
    disowned_at = MomentField(null=True)  # the person said: this was not me

    class Meta:
        indexes = [models.Index(fields=["account", "-at"], name="sign_in_history")]


class SimultaneousUse(Entity):
    """One ID in use at two places at once on one day, other than on the person's own devices.

    ``sides`` are the two: {"session", "device", "browser", "address"} each.
    """

    class Answer(models.TextChoices):
        MINE = "mine"  # the person said: both are me
        NOT_MINE = "not_mine"

    account = models.ForeignKey(Account, models.CASCADE, related_name="simultaneous_uses")
    pair = models.CharField(max_length=64)  # the same for the same two devices, whoever is first
    day = models.DateField()
    sides = models.JSONField()
    first_at = MomentField()
    last_at = MomentField()
    times = models.PositiveSmallIntegerField(default=1)  # spells on that day, ten minutes apart
    answer = models.CharField(max_length=8, choices=Answer, blank=True, default="")
    answered_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "pair", "day"], name="simultaneous_use_once_a_day"
            ),
        ]


class FormerPassword(Entity):
    """The hash of a password that the person had before, so that it is not taken again (A14.3)."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="former_passwords")
    password = models.CharField(max_length=128)
    changed_at = MomentField()


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
    last_seen_at = MomentField()  # of something a person did; streams and autosave do not count
    until = MomentField()  # ends then, whatever happens
    idle_until = MomentField()  # ends then, unless the person does something before
    device_id = models.UUIDField(null=True)  # of the ledger; None for one that nobody listed
    device_key_id = models.UUIDField(null=True)  # what the browser has to show to be that device
    second_factor = models.CharField(max_length=8, blank=True, default="")  # by what it was shown
    emergency_id = models.UUIDField(null=True)  # the disaster use under which it works
    idle_seconds = models.PositiveIntegerField(default=0)  # how long it lasts without a deed
    asked_id = models.UUIDField(null=True)  # the simultaneous use about which it waits for a word
    browser = models.CharField(max_length=60, blank=True, default="")  # "Safari, iPhone"
    address = models.GenericIPAddressField(null=True)  # where it was last used

    @classmethod
    def get_session_store_class(cls) -> Any:
        """The store that reads and writes these rows."""
        from renkei.people.sessions import SessionStore

        return SessionStore
