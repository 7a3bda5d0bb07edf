"""What every stored thing has in common: an id that sorts by the time it was made."""

import os
import time
from uuid import UUID

from django.db import models


def uuid7() -> UUID:
    """A new id whose first 48 bits are the time in milliseconds.

    Source: RFC 9562, section 5.7.
    """
    random = int.from_bytes(os.urandom(10), "big")
    value = (time.time_ns() // 1_000_000) << 80
    value |= 0x7 << 76 | (random >> 68) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return UUID(int=value)


class Entity(models.Model):
    """A thing with an id of its own, which is also its FHIR logical id."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True
