"""Records that carry sealed values, each bound to its own row and column."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final, Literal
from uuid import UUID

import orjson
from django.apps import apps
from django.db import models

from renkei.kernel import vault
from renkei.kernel.entity import Entity

Holds = Literal["json", "text", "bytes"]
_READ: Final[dict[Holds, Callable[[bytes], Any]]] = {
    "json": orjson.loads,
    "text": bytes.decode,
    "bytes": bytes,
}


def digest(sealed: bytes | memoryview | None) -> str:
    """What a line of the trail says of a sealed value, so that nobody changes it unseen."""
    return sha256(bytes(sealed or b"")).hexdigest()


def about(label: str, record_id: UUID, column: str) -> str:
    """The associated data that ties a sealed value to its one place."""
    return f"{label}/{record_id.hex}/{column}"


class SealedField(models.BinaryField):  # type: ignore[type-arg]
    """A column sealed under the key its record names; the only declaration of what is sealed.

    Whoever proves, copies or moves sealed values finds all of them with ``sealed_fields`` and needs
    nothing else to open one. To the database it is a plain column of bytes.

    Args:
        holds: what the sealed bytes are: a JSON value, text, or bytes.
        numbered: the column whose number belongs to the place, where a value has several wordings.
        within: the foreign key to the record whose key and place it has; without, its own record's.
    """

    def __init__(
        self,
        *args: Any,
        holds: Holds = "json",
        numbered: str = "",
        within: str = "",
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.holds, self.numbered, self.within = holds, numbered, within

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """A column of bytes: what is sealed in it is no matter of migrations."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.BinaryField", args, options

    @property
    def columns(self) -> tuple[str, ...]:
        """What has to be fetched to open it: its key, the record of its place, its number."""
        within = f"{self.within}__" if self.within else ""
        return (f"{within}key_id", f"{within}id", *([self.numbered] if self.numbered else []))

    def place(self, record: UUID, number: int | None = None) -> str:
        """The associated data of a value, from its ``columns`` without the key."""
        model = self.model._meta.get_field(self.within).related_model if self.within else self.model
        assert isinstance(model, type) and issubclass(model, models.Model)
        name = self.name if number is None else f"{self.name}.{number}"
        return about(model._meta.label, record, name)

    def opened(self, sealed: bytes | memoryview, key: UUID, *place: Any) -> Any:
        """The value: a JSON-like one, text or bytes. ``key`` and ``place`` are its ``columns``.

        Raises:
            Erased, Tampered: as ``vault.unseal``.
        """
        return _READ[self.holds](vault.unseal(key, sealed, about=self.place(*place)))


def sealed_fields() -> list[SealedField]:
    """Every sealed column of every model, in the order of the models."""
    return [
        field
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, SealedField)
    ]


class SealedEntity(Entity):
    """An entity whose private columns are sealed under the data key it names."""

    key_id = models.UUIDField(editable=False)

    class Meta:
        abstract = True

    def seal(self, column: str, value: Any) -> None:
        """Seal a JSON-like value into ``column``."""
        place = about(self._meta.label, self.id, column)
        setattr(self, column, vault.seal_json(self.key_id, value, about=place))

    def sealed(self, column: str, text: str) -> bytes:
        """Text as it is sealed in ``column``, one that holds text."""
        return vault.seal(
            self.key_id, text.encode(), about=about(self._meta.label, self.id, column)
        )

    def unseal(self, column: str) -> Any:
        """The value sealed in ``column``; None if the column is empty."""
        sealed = getattr(self, column)
        if sealed is None:
            return None
        place = about(self._meta.label, self.id, column)
        return vault.unseal_json(self.key_id, sealed, about=place)
