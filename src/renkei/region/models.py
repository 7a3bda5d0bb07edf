"""The region, its operator, its policy in versions, and the operator's notices."""

from uuid import UUID

from django.db import models

from renkei.kernel import clock
from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity, SealedField
from renkei.region.edition import in_force


class Region(SealedEntity):
    """One region run by one operator (運営事務局). Its key seals the names of the people in it."""

    name = models.CharField(max_length=100)
    operator_name = models.CharField(max_length=100)
    phone = models.CharField(max_length=20)
    email = models.EmailField()
    address = models.CharField(max_length=200)
    policy = models.ForeignKey(
        "PolicyVersion", models.PROTECT, null=True, related_name="+"
    )  # in force, until another one has begun
    coming = models.UUIDField(null=True)  # the edition confirmed to follow it
    coming_at = MomentField(null=True)  # when that one begins: midnight in Japan
    standing_epoch = models.BigIntegerField(default=0)  # grows with every standing, every patient
    opened_at = MomentField()
    likeness_key = models.UUIDField(null=True)  # of the marks by which the same person is noticed

    def __str__(self) -> str:
        return self.name

    @property
    def edition(self) -> UUID | None:
        """The edition of the policy in force now."""
        coming_at = clock.to_us(self.coming_at) if self.coming_at else None
        return in_force(self.policy_id, self.coming, coming_at, clock.to_us(clock.now()))


class PolicyVersion(Entity):
    """One edition of the operating policy with its parameters (A1, A2, A22). It never changes."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="policies")
    number = models.PositiveIntegerField()  # 1, 2, 3 …
    effective_on = models.DateField()
    text = models.TextField()  # Markdown, Japanese, with the operator's name filled in
    source = models.TextField(default="")  # with its places; empty if it was never written so
    parameters = models.JSONField(default=dict)  # only what differs from the defaults
    made_at = MomentField()  # when it was confirmed
    made_by = models.UUIDField(null=True)  # who wrote it; ids of people are plain
    confirmed_by = models.UUIDField(null=True)  # another person of the operator, if there are two

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "number"], name="policy_number_once"),
        ]


class PolicyDraft(Entity):
    """The next edition of the policy while it is being written; a region has one at most.

    Whoever confirms it confirms one ``revision`` of it, so that nothing slips in between.
    """

    region = models.OneToOneField(Region, models.CASCADE, related_name="draft")
    source = models.TextField()  # Markdown, Japanese, with its places as ``{{ group.name }}``
    parameters = models.JSONField(default=dict)  # only what differs from the defaults
    effective_on = models.DateField(null=True)
    revision = models.PositiveIntegerField(default=1)
    changed_by = models.UUIDField()
    changed_at = MomentField()


class Provision(Entity):
    """A rule that the operator adds beside the policy (細則, A22), from one day to another.

    Its words never change: who wants others ends it and adds a new one.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="provisions")
    title = models.CharField(max_length=100)
    text = models.TextField()  # Markdown, Japanese
    from_on = models.DateField()
    until_on = models.DateField(null=True)  # the last day, included
    notice = models.ForeignKey(
        "Notice", models.PROTECT, null=True, related_name="+"
    )  # by which it was made known, and confirmed by everybody
    made_by = models.UUIDField()
    made_at = MomentField()


class OwnRules(Entity):
    """The stricter rules of one organization for its own staff (A22), in editions.

    Editions never change; the organization names the one in force. Its id is plain: organizations
    stand above.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="+")
    organization = models.UUIDField()
    number = models.PositiveIntegerField()  # 1, 2, 3 …
    parameters = models.JSONField(default=dict)  # each at least as strict as the region's was
    text = models.TextField(blank=True, default="")  # its own provisions, in its words
    made_by = models.UUIDField()
    made_at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "number"], name="own_rules_number_once"
            ),
        ]


class Law(Entity):
    """A law or guideline with the edition followed (A2). Lines are added, never changed.

    The latest line of a ``key`` holds; the defaults of ``wording.LAWS`` hold where there is none.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="laws")
    key = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    edition = models.CharField(max_length=100, blank=True, default="")
    address = models.URLField(max_length=500, blank=True, default="")
    checked_on = models.DateField()
    removed = models.BooleanField(default=False)
    made_by = models.UUIDField()
    made_at = MomentField()

    class Meta:
        indexes = [models.Index(fields=["region", "key", "-made_at"], name="law_latest")]


class Issuer(Entity):
    """Who issues documents and takes no part: whether theirs may be posted (A17.2)."""

    class Answer(models.TextChoices):
        YES = "yes"
        ASK = "ask"  # each time
        NO = "no"

    region = models.ForeignKey(Region, models.PROTECT, related_name="issuers")
    name = models.CharField(max_length=100)
    kana = models.CharField(max_length=200, blank=True, default="")
    kind = models.CharField(max_length=20)
    address = models.CharField(max_length=200, blank=True, default="")
    answer = models.CharField(max_length=3, choices=Answer, default="ask")
    since = models.DateField(null=True)  # when they said so
    note = models.CharField(max_length=300, blank=True, default="")
    changed_by = models.UUIDField()
    changed_at = MomentField()
    removed_at = MomentField(null=True)


class FormText(Entity):
    """One edition of the words of a form (P1-P4 and the further ones), as the region has set it.

    Where the region has set none, the default text that comes with the product is edition 0; see
    ``form_texts.in_force``. Editions never change.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="form_texts")
    form = models.CharField(max_length=40)  # the name of a file of ``texts/forms``: "form-3-…"
    number = models.PositiveIntegerField()  # 1, 2, 3 …
    effective_on = models.DateField()
    text = models.TextField()  # Markdown, Japanese, with its places as ``{{ group.name }}``
    made_by = models.UUIDField()  # ids of people are plain: accounts stand above
    made_at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["region", "form", "number"], name="form_text_once"),
        ]


class DisasterUse(SealedEntity):
    """A time in which devices outside the ledger may be used (A20), or a drill of it.

    It is in force once it was declared, until it is over by the clock or ended before. Another
    person of the operator confirms it, and again whenever it was changed; until they do it stays
    in force, for people's lives come first, and everybody sees that it is unconfirmed. Ids of
    people are plain: accounts stand above.
    """

    region = models.ForeignKey(Region, models.PROTECT, related_name="disasters")
    drill = models.BooleanField(default=False)  # 訓練: marked everywhere, removable afterwards
    reason = SealedField()  # {"word", "note"}: a word of ``WORDS``
    area = models.JSONField(null=True)  # ids of organizations; None for the whole region
    declared_by = models.UUIDField()
    declared_at = MomentField()
    confirmed_by = models.UUIDField(null=True)
    confirmed_at = MomentField(null=True)
    until = MomentField()
    ended_at = MomentField(null=True)  # ended before its time
    changed_by = models.UUIDField(null=True)  # who extended it, or moved its bounds, last
    changed_at = MomentField(null=True)
    result = models.JSONField(null=True)  # what was published afterwards: numbers without names
    published_at = MomentField(null=True)
    removed_at = MomentField(null=True)  # of a drill: what it left is gone; the trail keeps facts

    class Meta:
        indexes = [models.Index(fields=["region", "until"], name="disaster_in_force")]


class Notice(SealedEntity):
    """A notice of the operator (お知らせ) to everyone or to some; a draft until published."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="notices")
    content = SealedField()  # {"title", "body"}
    acknowledge = models.BooleanField(default=False)  # everyone has to confirm having read it
    audience = models.JSONField(null=True)  # see ``region.audience``; None for everyone
    written_by = models.UUIDField(null=True)  # ids of people are plain: accounts stand above
    changed_at = MomentField(null=True)  # of a draft
    published_at = MomentField(null=True)
    withdrawn_at = MomentField(null=True)  # shown to nobody any more; the trail keeps the fact

    @property
    def title(self) -> str:
        """The headline."""
        return str(self.unseal("content")["title"])

    @property
    def body(self) -> str:
        """The text under the headline."""
        return str(self.unseal("content")["body"])


class News(Entity):
    """What the operator tells residents on the public page (A19.2). It is public and not sealed."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="news")
    title = models.CharField(max_length=100)
    body = models.TextField()
    published_at = MomentField()
    published_by = models.UUIDField()  # ids of people are plain: accounts stand above
    withdrawn_at = MomentField(null=True)

    class Meta:
        indexes = [models.Index(fields=["region", "-published_at"], name="news_newest")]
