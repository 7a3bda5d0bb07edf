"""Files: what stands in the database of each, so that its bytes can be found and proved."""

from django.db import models

from renkei.kernel.clock import MomentField
from renkei.kernel.entity import Entity


class File(Entity):
    """One sealed file, never changed once written.

    What it is called and of what kind it is, its owner keeps, sealed, in its own record; a file has
    one owner.
    """

    key_id = models.UUIDField(editable=False)  # the data key in the vault it is sealed under
    size = models.BigIntegerField()  # bytes of the content
    sealed_size = models.BigIntegerField()  # bytes on disk
    sha256 = models.CharField(max_length=64)  # of the bytes on disk
    made_at = MomentField()
