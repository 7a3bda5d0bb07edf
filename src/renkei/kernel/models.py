"""The key store, in a database of its own so that no content backup holds a key."""

from django.db import models

from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity


class DataKey(Entity):
    """One data key, wrapped by a master key; the plain key is never stored."""

    purpose = models.CharField(max_length=20)
    wrapped = models.BinaryField(null=True)  # nonce (12 bytes) and sealed key; None once destroyed
    master = models.CharField(max_length=16)  # which master key wrapped it: its fingerprint
    made_at = MomentField()
    destroyed_at = MomentField(null=True)

    class Meta:
        indexes = [  # the erase list; each process asks for its length again and again
            models.Index(
                fields=["destroyed_at"],
                name="key_destroyed",
                condition=models.Q(destroyed_at__isnull=False),
            )
        ]
