"""What is said in a group: the log, its corrections, receipts and drafts (Communication).

Foreign keys that a unique constraint covers, or that nothing is ever looked up by, have no index of
their own: every index is one more page to write for each post.
"""

from typing import ClassVar, Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.files.models import File
from renkei.group.models import Group, Member
from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity, SealedField
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.region.models import Issuer


class Kind(models.TextChoices):
    """What a message is for."""

    REPORT = "report", _("Report")
    NOTICE = "notice", _("Notice")
    CONSULT = "consult", _("Consult")
    REQUEST = "request", _("Request")


class Importance(models.TextChoices):
    """How much it matters that it is read soon."""

    NORMAL = "normal", _("Normal")
    IMPORTANT = "important", _("Important")
    URGENT = "urgent", _("Urgent")


KINDS: Final = frozenset[str](Kind.values)  # made once: the enumeration counts them up each time
IMPORTANCES: Final = frozenset[str](Importance.values)


class Communication(SealedEntity):
    """One entry of a group's log. ``seq`` counts 1, 2, 3 … within the group, without gaps.

    Most entries are messages. Joining, leaving and the like stand in the same log (``event``), so
    that everybody sees who could read what, and when.
    """

    class Event(models.TextChoices):
        MESSAGE = ""
        OPENED = "opened"
        JOINED = "joined"
        LEFT = "left"
        RELEASED = "released"
        CLOSED = "closed"
        APPOINTED = "appointed"
        CONSENT_WITHDRAWN = "withdrawn"
        TAKEN_OVER = "taken_over"  # a free group whose managers were gone (A5.1)
        DISMISSED = "dismissed"
        CHARTER = "charter"
        DIED = "died"
        DEATH_TAKEN_BACK = "lives"
        ARCHIVED = "archived"
        BROUGHT_BACK = "back"
        HANDED_OVER = "handed"
        FAMILY_BESIDE = "beside"  # in the patient's group: one with the family was opened (A11.5)
        FAMILY_JOINED = "family_in"  # the patient or a relative, named in the text
        FAMILY_DECLINED = "family_off"  # purpose 4: closed to everybody
        FAMILY_AGREED = "family_on"  # purpose 4 again
        RANGES = "ranges"  # what is usual for this patient, told in the text

    group = models.ForeignKey(Group, models.CASCADE, related_name="communications", db_index=False)
    seq = models.BigIntegerField()
    event = models.CharField(max_length=10, choices=Event, default=Event.MESSAGE, blank=True)
    sender = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    role = models.ForeignKey(
        PractitionerRole, models.PROTECT, null=True, related_name="+", db_index=False
    )
    subject = models.ForeignKey(
        PractitionerRole, models.PROTECT, null=True, related_name="+", db_index=False
    )  # whom an event is about
    kind = models.CharField(max_length=8, choices=Kind, blank=True)
    importance = models.CharField(max_length=9, choices=Importance, blank=True)
    text = SealedField(holds="text", numbered="version")  # of events: the role in care
    measured = SealedField(null=True, numbered="version")  # vital signs: ``observations``
    sent_at = MomentField()  # as shown; for messages taken over from paper, when it was said
    posted_at = MomentField()
    idempotency_key = models.UUIDField(null=True)
    reply_to = models.BigIntegerField(null=True)  # seq of the message answered; one level deep
    carries = models.PositiveSmallIntegerField(default=0, db_default=0)  # attachments
    meant = models.PositiveSmallIntegerField(default=0, db_default=0)  # mentions
    version = models.PositiveSmallIntegerField(default=1)
    corrected_at = MomentField(null=True)
    withdrawn_at = MomentField(null=True)
    # by its author, or hidden by a manager of the free group (A12.5): who it was stands here
    withdrawn_by = models.ForeignKey(
        Account, models.PROTECT, null=True, related_name="+", db_index=False
    )
    withdrawal_reason = SealedField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "seq"], name="communication_seq_once"),
            models.UniqueConstraint(
                fields=["group", "sender", "idempotency_key"], name="communication_posted_once"
            ),
        ]
        indexes: ClassVar = [  # the few that are asked for again: an ordinary post writes nothing
            models.Index(
                fields=["group", "sent_at"],
                name="communication_measured",
                condition=models.Q(measured__isnull=False),
            ),
            models.Index(
                fields=["group", "seq"],
                condition=models.Q(importance__in=["important", "urgent"]),
                name="communication_that_matters",
            ),
        ]


class Alteration(Entity):
    """That something said before is not what it was; ``number`` counts 1, 2, 3 … in its group.

    Whoever follows the log learns of it by this number, as of new entries by theirs.
    """

    class What(models.TextChoices):
        CORRECTED = "corrected"
        WITHDRAWN = "withdrawn"
        HIDDEN = "hidden"  # by the manager of a free group (A12.5)
        ERASED = "erased"  # the whole group; ``seq`` is 0

    group = models.ForeignKey(Group, models.CASCADE, related_name="alterations", db_index=False)
    number = models.BigIntegerField()
    seq = models.BigIntegerField()  # of the entry
    what = models.CharField(max_length=9, choices=What)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "number"], name="alteration_once"),
        ]


class Following(Entity):
    """Somebody who follows all logs, under a name (``communication.following``)."""

    name = models.CharField(max_length=30, unique=True)
    begun_at = MomentField()


class Cursor(Entity):
    """How far a follower has come in the log of a group; without one it has not begun there."""

    following = models.ForeignKey(Following, models.CASCADE, related_name="cursors", db_index=False)
    group = models.ForeignKey(Group, models.CASCADE, related_name="+", db_index=False)
    seq = models.BigIntegerField()
    alteration = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["following", "group"], name="cursor_one"),
        ]


class Version(Entity):
    """An earlier wording of a message, kept when it was corrected."""

    communication = models.ForeignKey(
        Communication, models.CASCADE, related_name="versions", db_index=False
    )
    number = models.PositiveSmallIntegerField()  # 1 is the first wording
    text = SealedField(
        holds="text", numbered="number", within="communication"
    )  # as it was sealed in the message
    measured = SealedField(null=True, numbered="number", within="communication")
    replaced_at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["communication", "number"], name="version_once"),
        ]


class Acknowledgement(Entity):
    """了解: a member says they have understood a message."""

    communication = models.ForeignKey(
        Communication, models.CASCADE, related_name="acknowledgements", db_index=False
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["communication", "account"], name="understood_once"),
        ]


class Bookmark(Entity):
    """しおり: a message that somebody wants to find again. Nobody else can see it."""

    communication = models.ForeignKey(
        Communication, models.CASCADE, related_name="bookmarks", db_index=False
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "communication"], name="bookmark_once"),
        ]


class Pin(Entity):
    """A message that the whole team is to find again, and who pinned it."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="pins")
    communication = models.OneToOneField(Communication, models.CASCADE, related_name="pin")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    at = MomentField()


class Mention(SealedEntity):
    """Who is meant by a message, as it was settled when it was posted, or corrected last.

    One row for each person; everybody is one row without a person. Who was meant by a role in care
    stands here with the role's word: whoever it is later is not meant.
    """

    class What(models.TextChoices):
        PERSON = "person"
        ROLE = "role"  # in care: 「主治医」「ケアマネ」
        ALL = "all"

    group = models.ForeignKey(Group, models.CASCADE, related_name="+", db_index=False)
    communication = models.ForeignKey(
        Communication, models.CASCADE, related_name="mentions", db_index=False
    )
    number = models.PositiveSmallIntegerField()  # 1, 2, 3 … within the message
    what = models.CharField(max_length=6, choices=What)
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, related_name="+", db_index=False
    )
    word = SealedField(null=True, holds="text")  # of the role

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["communication", "number"], name="mention_once"),
            models.CheckConstraint(
                condition=models.Q(what="all", account=None)
                | (~models.Q(what="all") & models.Q(account__isnull=False)),
                name="mention_of_a_person_or_all",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["account", "group"], name="mention_of_account")]


class Task(SealedEntity):
    """やること: what follows from a message, for somebody of the group, until a day.

    Whose task it is when that person has left the group is a question for its managers.
    """

    class State(models.TextChoices):
        OPEN = "open"
        DONE = "done"
        WITHDRAWN = "withdrawn"

    group = models.ForeignKey(Group, models.CASCADE, related_name="tasks", db_index=False)
    communication = models.ForeignKey(Communication, models.CASCADE, related_name="tasks")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    text = SealedField(holds="text")
    due = models.DateField(null=True)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    made_by = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    made_at = MomentField()
    closed_by = models.ForeignKey(
        Account, models.PROTECT, null=True, related_name="+", db_index=False
    )
    closed_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="open", closed_by=None, closed_at=None)
                | (
                    ~models.Q(state="open")
                    & models.Q(closed_by__isnull=False, closed_at__isnull=False)
                ),
                name="task_closed_by_somebody",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["group", "state"], name="task_of_group"),
            models.Index(fields=["account", "state"], name="task_of_account"),
        ]


class AskedAgain(Entity):
    """Those who had not read a message that matters were told of it once more."""

    communication = models.ForeignKey(Communication, models.CASCADE, related_name="asked_again")
    by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+", db_index=False)
    # None: by itself, when the hours of the policy were over
    at = MomentField()
    accounts = models.JSONField()  # ids of who was told, as hexadecimal digits


class Template(SealedEntity):
    """ひな形 of an organization: one of its own, or its edition of one that comes with Renkei."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="templates")
    base = models.CharField(max_length=40, blank=True)  # the one it stands in for
    hidden = models.BooleanField(default=False)
    content = SealedField(null=True)  # None: the one it stands in for, only hidden
    changed_by = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    changed_at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "base"],
                condition=~models.Q(base=""),
                name="template_one_edition",
            ),
            models.CheckConstraint(
                condition=models.Q(content__isnull=False) | ~models.Q(base=""),
                name="template_says_something",
            ),
        ]


class Reading(Entity):
    """A range of a group's log that was disclosed to a member for the first time."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="readings", db_index=False)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()  # included
    at = MomentField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["member", "first_seq"])]


class Draft(SealedEntity):
    """What somebody is writing to a group and has not sent. Nobody else can see it."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="drafts", db_index=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="drafts")
    # {"text", "kind", "importance", "reply_to", "vitals", "mentions", "template", "values"}
    content = SealedField()
    saved_at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "account"], name="draft_one"),
        ]


class Attachment(SealedEntity):
    """A picture, film or document: first one author's own, then part of a message for good.

    What came is never kept as it came: a picture and a PDF are made anew, a film loses its notes on
    place and camera. ``content`` is what is kept and is not served; ``screens`` and ``thumbs`` hold
    what is shown, one after the other, and ``views`` says where each lies in them.
    """

    class State(models.TextChoices):
        ARRIVING = "arriving"
        READY = "ready"

    class Source(models.TextChoices):
        """Where a document comes from (A17.2)."""

        UNSAID = ""
        OWN = "own"  # one's own organization, or oneself
        ORGANIZATION = "organization"  # another one of the network
        ISSUER = "issuer"  # in the operator's register of those outside
        OUTSIDE = "outside"  # outside, and in no register

    group = models.ForeignKey(Group, models.CASCADE, related_name="attachments", db_index=False)
    author = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    communication = models.ForeignKey(
        Communication, models.CASCADE, null=True, related_name="attachments", db_index=False
    )  # None until it is posted
    number = models.PositiveSmallIntegerField(default=0)  # its place in the message: 1, 2, 3 …
    state = models.CharField(max_length=8, choices=State, default=State.ARRIVING)
    kind = models.CharField(max_length=7, blank=True)  # picture · video · pdf · office
    media = models.CharField(max_length=80, blank=True)
    size = models.BigIntegerField()  # bytes: announced, then kept
    name = SealedField(holds="text")
    content = models.ForeignKey(File, models.PROTECT, null=True, related_name="+", db_index=False)
    screens = models.ForeignKey(File, models.PROTECT, null=True, related_name="+", db_index=False)
    thumbs = models.ForeignKey(File, models.PROTECT, null=True, related_name="+", db_index=False)
    views = models.JSONField(default=list)  # [[width, height, place and length in both], …]
    seconds = models.PositiveIntegerField(default=0)  # of a film
    codec = models.CharField(max_length=5, blank=True)  # of a film: avc · hevc · other
    picked = models.BooleanField(default=False)  # somebody said which pages are needed
    shows = models.BooleanField(null=True)  # the patient, the family or the home (A17.1)
    consent = SealedField(null=True)  # {"who", "how", "at"}: who agreed to it
    source = models.CharField(max_length=12, choices=Source, blank=True, default=Source.UNSAID)
    source_organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, related_name="+", db_index=False
    )
    source_issuer = models.ForeignKey(
        Issuer, models.PROTECT, null=True, related_name="+", db_index=False
    )
    source_said = SealedField(null=True)  # {"name", "answer"}: what they said when asked
    made_at = MomentField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["communication", "number"], name="attachment_of_message"),
            models.Index(fields=["group", "author"], name="attachment_of_group"),
        ]


class Viewing(Entity):
    """A member opened an attachment of somebody else's for the first time."""

    attachment = models.ForeignKey(
        Attachment, models.CASCADE, related_name="viewings", db_index=False
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attachment", "account"], name="viewed_once"),
        ]
