"""Courses, who took part in what, and what was completed until when (A9, F1)."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

from renkei.files.models import File
from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity
from renkei.kernel.sealed import SealedEntity, SealedField
from renkei.people.models import Account, Organization
from renkei.region.models import Region

FIRST: Final = "first"  # the course before use; its edition 0 comes with the product


class Edition(Entity):
    """One edition of a course as the operator has set it; once published it never changes.

    A course is the code that its editions share. The course before use is there from the first day:
    where the operator has published no edition of it, the default of ``texts/training`` is edition
    0; see ``courses.in_force``.
    """

    class Again(models.TextChoices):
        """What is asked once more after a wrong answer."""

        MISSED = "missed"  # the questions answered wrongly
        ALL = "all"  # all of them

    region = models.ForeignKey(Region, models.PROTECT, related_name="training_editions")
    course = models.CharField(max_length=12)
    number = models.PositiveIntegerField()  # 1, 2, 3 …
    title = models.CharField(max_length=100)
    purpose = models.TextField(blank=True)
    minutes = models.PositiveSmallIntegerField(default=10)
    months = models.PositiveSmallIntegerField(null=True)  # valid so long; None: as the policy says
    required = models.BooleanField(default=True)  # of everybody; the first course always is
    pass_mark = models.PositiveSmallIntegerField(default=5)  # right answers
    again = models.CharField(max_length=6, choices=Again, default=Again.MISSED)
    questions = models.JSONField(default=list)  # of ``courses.Question``, as mappings
    made_by = models.UUIDField()
    made_at = MomentField()
    published_by = models.UUIDField(null=True)
    published_at = MomentField(null=True)
    withdrawn_at = MomentField(null=True)  # the course is offered no more

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["region", "course", "number"], name="training_edition_once"
            ),
            models.UniqueConstraint(
                fields=["region", "course"],
                condition=Q(published_at=None),
                name="training_one_draft",
            ),
        ]


class Part(Entity):
    """One part of an edition, a screen on a phone: a video, or words to read, or both.

    The words beside a video are what it says; without them it has captions.
    """

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()  # 1, 2, 3 …
    title = models.CharField(max_length=100)
    text = models.TextField(blank=True)  # Markdown
    video = models.ForeignKey(File, models.PROTECT, null=True, related_name="+")  # a course's own
    video_type = models.CharField(max_length=10, blank=True, default="")  # video/mp4 · video/webm
    captions = models.TextField(blank=True)  # WebVTT

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edition", "number"], name="training_part_once"),
        ]


class Lecture(SealedEntity):
    """A course held live (講習会): when, where and by whom, and who was there."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="lectures")
    course = models.CharField(max_length=12)
    edition_number = models.PositiveIntegerField()
    on = models.DateField()
    details = SealedField()  # {"place", "teacher"}
    made_by = models.UUIDField()
    made_at = MomentField()


class Attendance(SealedEntity):
    """Somebody was at a lecture: a person with an ID, or a guest of an applying organization."""

    lecture = models.ForeignKey(Lecture, models.PROTECT, related_name="attendances")
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    application_id = models.UUIDField(null=True)  # of an organization that has applied
    guest = SealedField(null=True)  # {"name", "organization"}: of who has no ID yet
    recorded_by = models.UUIDField()
    recorded_at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lecture", "account"], name="training_there_once"),
        ]


class Attempt(SealedEntity):
    """A person on the way through an edition: how far they have read, what they have answered.

    Per person and edition one is open; the next begins when that one has been passed.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="training_attempts")
    course = models.CharField(max_length=12)
    edition_number = models.PositiveIntegerField()
    read = models.PositiveSmallIntegerField(default=0)  # parts, from the first
    answers = SealedField()  # [[{"question": 1, "choice": 2}, …], …]: what was answered, by turns
    right = models.JSONField(default=list)  # numbers of the questions answered rightly by now
    score = models.PositiveSmallIntegerField(null=True)  # right answers of the first turn
    began_at = MomentField()
    passed_at = MomentField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "course", "edition_number"],
                condition=Q(passed_at=None),
                name="training_one_attempt_open",
            ),
        ]


class Completion(Entity):
    """A course completed, by a person or by an organization as such: what a certificate says."""

    class Way(models.TextChoices):
        CHECK = "check"  # all parts and the questions, in this system
        LECTURE = "lecture"  # stands on the list of those who were there
        PAPER = "paper"  # recorded from paper

    region = models.ForeignKey(Region, models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="completions")
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, related_name="completions"
    )  # where the operator recorded its training as such (F1)
    course = models.CharField(max_length=12)
    edition_number = models.PositiveIntegerField()
    on = models.DateField()
    until = models.DateField()  # the last day on which it is valid
    way = models.CharField(max_length=7, choices=Way)
    number = models.CharField(max_length=12, unique=True)  # of the certificate
    attempt = models.OneToOneField(Attempt, models.PROTECT, null=True, related_name="+")
    lecture = models.ForeignKey(Lecture, models.PROTECT, null=True, related_name="+")
    recorded_by = models.UUIDField(null=True)
    recorded_at = MomentField()
    annulled_at = MomentField(null=True)  # recorded by mistake
    annulled_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(account__isnull=False) | Q(organization__isnull=False),
                name="training_completed_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["lecture", "account"],
                condition=Q(annulled_at=None),
                name="training_lecture_counts_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "course"], name="training_of_person"),
        ]


class CardNoted(Entity):
    """A person has seen the points to note of one of their roles, and does not need them again."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    role = models.CharField(max_length=16)  # as ``cards.ROLES`` names it
    at = MomentField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "role"], name="card_noted_once"),
        ]
