"""What leaves a group, and what is erased for good: by request, answer and register."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from renkei.communication.models import Attachment, Communication
from renkei.files.models import File
from renkei.group.models import Group
from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity, SealedField
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.region.models import Region


class ReuseRequest(SealedEntity):
    """Somebody asks to use what others wrote outside the network: 二次利用のお願い (A16).

    Sealed under the group's key, so that with the group everything that was permitted of it ends.
    """

    class Purpose(models.TextChoices):
        RECORD = "record"  # an entry in the own organization's record
        COLLEAGUES = "colleagues"  # telling colleagues of the own organization
        FAMILY = "family"  # explaining to patient or family: purpose 4 of form 4
        OUTSIDE = "outside"  # study, conference and other: purpose 8 of form 4 (A16.d)

    class State(models.TextChoices):
        WAITING = "waiting"  # nobody has permitted anything yet, and somebody still may
        PERMITTED = "permitted"  # what its authors permitted can be opened
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"  # by who asked

    class Refusal(models.TextChoices):
        """Why nothing of it is permitted."""

        NONE = ""
        ITEMS = "items"  # for the reasons of its items
        MANAGER = "manager"  # the group's manager said no
        DECLINED = "declined"  # the patient did not agree to this purpose

    group = models.ForeignKey(Group, models.CASCADE, related_name="reuse_requests")
    number = models.CharField(max_length=10, unique=True)  # 許可番号
    asked_by = models.ForeignKey(Account, models.PROTECT, related_name="reuse_requests")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="reuse_requests")
    purpose = models.CharField(max_length=10, choices=Purpose)
    wish_sealed = SealedField()  # see ``Wish``
    asked_at = MomentField()
    until = MomentField()  # nothing of it opens from then on
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    refusal = models.CharField(max_length=8, choices=Refusal, default=Refusal.NONE, blank=True)
    manager_answer = models.CharField(max_length=3, blank=True, default="")  # "yes", "no"; outside
    manager = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    manager_at = MomentField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["asked_by", "asked_at"], name="reuse_asked_by"),
            models.Index(fields=["organization", "asked_at"], name="reuse_of_organization"),
        ]


class ReuseItem(SealedEntity):
    """One message that somebody asks to use, and what its author says to that (A16.b)."""

    class Answer(models.TextChoices):
        NONE = ""
        YES = "yes"
        NO = "no"
        TALK = "talk"  # 先に話したい

    class Refusal(models.TextChoices):
        """Why it may not be used."""

        NONE = ""
        AUTHOR = "author"  # said no
        TAKEN_BACK = "back"  # had said yes
        GONE = "gone"  # left the group or the organization: nobody can answer
        ELSEWHERE = "elsewhere"  # a document that came from another organization (A16.c)

    request = models.ForeignKey(ReuseRequest, models.CASCADE, related_name="items")
    communication = models.ForeignKey(
        Communication, models.CASCADE, related_name="reuse_items", db_index=False
    )
    author = models.ForeignKey(Account, models.PROTECT, related_name="reuse_items", db_index=False)
    role = models.ForeignKey(PractitionerRole, models.PROTECT, null=True, related_name="+")
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")
    from_elsewhere = models.BooleanField(default=False)
    answer = models.CharField(max_length=4, choices=Answer, default=Answer.NONE, blank=True)
    refusal = models.CharField(max_length=9, choices=Refusal, default=Refusal.NONE, blank=True)
    beforehand = models.BooleanField(default=False)  # by what the members agreed (A16.e)
    condition = SealedField(null=True)  # what the author asks in return
    answered_at = MomentField(null=True)
    extract_sealed = SealedField(null=True)  # outside care: the words without the person in them
    extracted_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "communication"], name="reuse_item_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["author", "answer"], name="reuse_of_author")]


class ReuseFile(SealedEntity):
    """A picture, film or document of a message that somebody asks to use with it (A16).

    It goes with the words of its message when their author permits them, unless it is refused. A
    film itself never goes: who asked chooses some seconds of it, a clip, and these become frames.
    """

    class Refusal(models.TextChoices):
        """Why it stays."""

        NONE = ""
        ELSEWHERE = "elsewhere"  # it came from another organization (A16.c)
        KIND = "kind"  # an office document
        STUDY = "study"  # a PDF, which does not go outside care
        CONSENT = "consent"  # who is in the picture did not agree to this use (A17.1)
        WORDS = "words"  # its author permits the words alone

    item = models.ForeignKey(ReuseItem, models.CASCADE, related_name="files", db_index=False)
    attachment = models.ForeignKey(Attachment, models.CASCADE, related_name="+")
    refusal = models.CharField(max_length=9, choices=Refusal, default=Refusal.NONE, blank=True)
    frames = models.ForeignKey(
        File, models.PROTECT, null=True, related_name="+", db_index=False
    )  # of a film: the pictures chosen of it, one after the other
    frame_views = models.JSONField(default=list)  # [[width, height, place, length], …]
    pace = models.PositiveSmallIntegerField(default=0)  # frames of a second
    cut_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    boxes_sealed = SealedField(null=True)  # outside care: what a person covered, in thousandths
    covered_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "attachment"], name="reuse_file_once"),
        ]


class ReuseOpening(Entity):
    """A permitted copy was opened: what of it, how, by whom (A16.b)."""

    class Way(models.TextChoices):
        PDF = "pdf"
        TEXT = "text"
        RECORD = "record"  # as text for one's own record, 支援経過
        FAX = "fax"
        BACKUP = "backup"  # within the own backup (N4.8)
        CLIP = "clip"  # some seconds of a film, as frames without sound

    request = models.ForeignKey(ReuseRequest, models.CASCADE, related_name="openings")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = MomentField()
    way = models.CharField(max_length=6, choices=Way)
    items = models.PositiveSmallIntegerField()


class Fax(SealedEntity):
    """A permitted copy on its way to a partner outside the network, by fax (A15.5).

    Sealed under the sender's organization's key: to whom it went is known also when the group is
    no more.
    """

    request = models.ForeignKey(
        ReuseRequest, models.SET_NULL, null=True, related_name="faxes"
    )  # None when the group was erased
    number = models.CharField(max_length=10)  # the permission's
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="faxes")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    to_sealed = SealedField()  # see ``faxing.To``
    pages = models.PositiveSmallIntegerField()
    items = models.PositiveSmallIntegerField()
    at = MomentField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organization", "at"], name="fax_sent")]


class OwnBackup(Entity):
    """A member took a backup of what they wrote and were permitted to use (N4.8)."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="own_backups")
    at = MomentField()
    groups = models.PositiveIntegerField()
    messages = models.PositiveIntegerField()
    copies = models.PositiveIntegerField()


class Erasure(SealedEntity):
    """A request to erase a group or a whole record, from the wish to the certificate (A11.7).

    It names what it erases by id alone, for the rows go and this one stays. What people wrote is
    sealed under the key that is destroyed, and emptied; what stays says who decided what and when,
    and nothing of who the patient was.
    """

    class Kind(models.TextChoices):
        """What is erased."""

        RECORD = "record"  # the patient's record, with all groups about the patient
        PATIENT = "patient"  # the contents of the patient's group
        FAMILY = "family"
        FREE = "free"

    class State(models.TextChoices):
        ASKED = "asked"  # by the managing organization; waits for the operator
        RETURNED = "returned"  # by the operator, with a reason
        CONFIRMED = "confirmed"  # by a second person; the cooling-off runs
        WITHDRAWN = "withdrawn"
        BEGUN = "begun"  # the host has begun: from here on there is no way back
        DONE = "done"  # and certified
        REPLAYED = "replayed"  # a copy brought it back as asked for; it had been erased since

    class Relation(models.TextChoices):
        """Whose wish it is."""

        PATIENT = "patient"
        LEGAL = "legal"  # 法定代理人・成年後見人
        FAMILY = "family"
        BEREAVED = "bereaved"
        MEMBERS = "members"  # of a free group, about no patient

    class Way(models.TextChoices):
        """How the wish was received."""

        PAPER = "paper"
        MEETING = "meeting"
        PHONE = "phone"  # and then on paper

    STANDS: tuple[str, ...] = (State.ASKED, State.CONFIRMED)  # and can be taken back
    OPEN: tuple[str, ...] = (*STANDS, State.BEGUN)

    region = models.ForeignKey(Region, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()  # 1, 2, 3 … in the region
    kind = models.CharField(max_length=8, choices=Kind)
    group_id = models.UUIDField(null=True)
    patient_id = models.UUIDField(null=True)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=State, default=State.ASKED)
    # the wish, and what was looked at before it was asked for
    wish_sealed = SealedField(null=True)  # {"who", "words"}
    relation = models.CharField(max_length=8, choices=Relation)
    way = models.CharField(max_length=7, choices=Way)
    wished_on = models.DateField()
    retention = models.JSONField(default=dict)  # what law makes keep: {"medical": "chart" …}
    asked_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    asked_at = MomentField()
    # the second person
    decided_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    decided_at = MomentField(null=True)
    due_at = MomentField(null=True)  # when the cooling-off is over
    reason_sealed = SealedField(null=True)  # why it was returned or withdrawn
    withdrawn_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    withdrawn_at = MomentField(null=True)
    # the host
    begun_at = MomentField(null=True)
    keys = models.JSONField(default=list)  # of the groups and the record, in hexadecimal digits
    groups = models.JSONField(default=list)
    counts = models.JSONField(default=dict)  # what there was: {"messages": 50 …}
    destroyed_at = MomentField(null=True)  # the keys
    removed_at = MomentField(null=True)  # the last row and the last file
    copies = models.JSONField(default=dict)  # places of key copies: {"rewritten", "waiting", …}
    certificate = models.TextField(blank=True, default="")  # signed facts, as JSON
    done_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "number"], name="erasure_number_once"),
            models.UniqueConstraint(
                fields=["group_id"],
                condition=Q(state__in=("asked", "confirmed", "begun")),
                name="erasure_one_open_per_group",
            ),
            models.UniqueConstraint(
                fields=["patient_id"],
                condition=Q(state__in=("asked", "confirmed", "begun")),
                name="erasure_one_open_per_patient",
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind="record", patient_id__isnull=False, group_id__isnull=True)
                    | (~Q(kind="record") & Q(group_id__isnull=False, patient_id__isnull=True))
                ),
                name="erasure_of_one_thing",
            ),
            models.CheckConstraint(
                condition=~Q(decided_by=models.F("asked_by"))
                | Q(state__in=("asked", "returned", "withdrawn", "replayed")),
                name="erasure_by_two_persons",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("asked", "returned", "withdrawn", "replayed"))
                | Q(decided_by__isnull=False, due_at__isnull=False),
                name="erasure_confirmed_before",
            ),
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="erasure_due")]

    @property
    def stream(self) -> str:
        """The chain of audit lines it belongs to: of its group, or of its patient."""
        if self.group_id is not None:
            return f"group:{self.group_id.hex}"
        assert self.patient_id is not None
        return f"patient:{self.patient_id.hex}"

    @property
    def subject(self) -> str:
        """The number of what is erased, as it stands on papers; it tells nothing."""
        found = self.group_id or self.patient_id
        assert found is not None
        digits = found.hex[-8:].upper()
        return f"{digits[:4]}-{digits[4:]}"

    @property
    def shown_number(self) -> str:
        """The number of the request and its certificate."""
        return f"{self.number:04}"
