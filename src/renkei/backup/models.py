"""Every copy made and every restore tried: what the operator sees, and what is red when missing.

A line is of the whole installation, so it belongs to no region. It says nothing of what lies in a
copy.
"""

from django.db import models

from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity

PLACE = 200  # characters


class Kind(models.TextChoices):
    """What was done."""

    CONTENT = "content"  # a copy of the databases and the files
    KEYS = "keys"  # a copy of the key store, which lies elsewhere
    VERIFY = "verify"  # a copy was brought back for a trial, and everything in it fitted


class Outcome(models.TextChoices):
    """How it went."""

    DONE = "done"
    FAILED = "failed"


class Why(models.TextChoices):
    """Why it failed."""

    UNREACHABLE = "unreachable"  # the place is not there, or may not be written
    FULL = "full"  # no room left
    NO_RECIPIENT = "no_recipient"  # no public key is named to which the copy could be sealed
    WRONG_KEY = "wrong_key"  # the key does not open this copy
    DAMAGED = "damaged"  # the copy is not what was written, or something of it is missing
    DATABASE = "database"  # the database did not answer
    STOPPED = "stopped"  # it was interrupted
    OTHER = "other"


class BackupRun(Entity):
    """One copy made or restore tried, at one place. Never changed afterwards."""

    kind = models.CharField(max_length=8, choices=Kind)
    generation = models.CharField(max_length=40)  # its timestamp; empty if it never got that far
    place = models.CharField(max_length=PLACE)  # what the host calls where the copy lies
    offline = models.BooleanField(default=False)  # by the host's word: off the network, write-once
    began_at = MomentField()
    ended_at = MomentField()
    bytes = models.BigIntegerField(default=0)
    files = models.BigIntegerField(default=0)
    oldest_at = MomentField(null=True)  # the oldest generation that stands there after this run
    generations = models.PositiveIntegerField(null=True)  # how many stand there after this run
    outcome = models.CharField(max_length=8, choices=Outcome)
    why = models.CharField(max_length=16, choices=Why, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "outcome", "began_at"], name="backup_newest"),
            models.Index(fields=["kind", "place", "ended_at"], name="backup_at_place"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome=Outcome.DONE, why="")
                | (models.Q(outcome=Outcome.FAILED) & ~models.Q(why="")),
                name="backup_failed_says_why",
            ),
            models.CheckConstraint(
                condition=models.Q(bytes__gte=0, files__gte=0), name="backup_counts_up"
            ),
        ]
