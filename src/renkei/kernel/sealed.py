"""Records that carry sealed values, each bound to its own row and column."""

from typing import Any
from uuid import UUID

from django.db import models

from renkei.kernel import vault
from renkei.kernel.entity import Entity


def about(label: str, record_id: UUID, column: str) -> str:
    """The associated data that ties a sealed value to its one place."""
    return f"{label}/{record_id.hex}/{column}"


class SealedEntity(Entity):
    """An entity whose private columns are sealed under the data key it names."""

    key_id = models.UUIDField(editable=False)

    class Meta:
        abstract = True

    def seal(self, column: str, value: Any) -> None:
        """Seal a JSON-like value into ``column``."""
        place = about(self._meta.label, self.id, column)
        setattr(self, column, vault.seal_json(self.key_id, value, about=place))

    def unseal(self, column: str) -> Any:
        """The value sealed in ``column``; None if the column is empty."""
        sealed = getattr(self, column)
        if sealed is None:
            return None
        place = about(self._meta.label, self.id, column)
        return vault.unseal_json(self.key_id, sealed, about=place)
