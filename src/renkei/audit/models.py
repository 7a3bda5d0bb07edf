"""The audit trail: append-only lines in hash chains, one chain per stream (AuditEvent).

No foreign keys: the trail outlives what it describes. It holds identities and facts, never what a
person wrote; a line about something written commits to the hash of its ciphertext, so that an
erasure does not break the chain.
"""

from django.db import models

from renkei.kernel.clock import MomentField

START = bytes(32)  # the hash that stands before the first line of every chain


class Outcome(models.TextChoices):
    """How what a line tells of went."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class AuditEvent(models.Model):
    """One line of one chain. The database itself refuses to change or delete it."""

    stream = models.CharField(max_length=60)  # "group:<id>", "account:<id>", "region:<id>" …
    seq = models.BigIntegerField()  # 1, 2, 3 … within the stream, without gaps
    at = MomentField()
    actor = models.UUIDField(null=True)  # account; None for the system itself
    organization = models.UUIDField(null=True)  # for which the actor acted
    action = models.CharField(max_length=60)  # the permission used, or what happened
    outcome = models.CharField(max_length=8, choices=Outcome)
    entity = models.CharField(max_length=60)  # "Group/<id>"
    detail = models.TextField()  # canonical JSON object (RFC 8785)
    hash = models.BinaryField()  # SHA-256 of the previous hash and this line

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "seq"], name="audit_line_once"),
        ]


class AuditHead(models.Model):
    """Where a chain ends. Locking this row is what puts lines in order."""

    stream = models.CharField(max_length=60, primary_key=True)
    seq = models.BigIntegerField()
    hash = models.BinaryField()
