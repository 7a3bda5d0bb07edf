"""What is sealed is declared once: every sealed value opens from its declaration alone."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import models
from django.db.migrations.writer import MigrationWriter

from renkei.kernel.errors import Tampered
from renkei.kernel.sealed import SealedField, sealed_fields
from tests.cast import Cast
from tests.kernel.test_nothing_in_clear import live

NOT_SEALED = {  # columns of bytes that hold nothing anybody wrote
    "audit.AuditEvent.hash",
    "audit.AuditHead.hash",
    "kernel.DataKey.wrapped",
}


def values(field: SealedField) -> Iterator[tuple[Any, ...]]:
    """What stands in the column: the sealed value, its key, its place."""
    yield from field.model._default_manager.exclude(**{field.name: None}).values_list(
        field.name, *field.columns
    )


def test_every_column_of_bytes_is_declared_sealed_or_known_not_to_be() -> None:
    plain = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.BinaryField) and not isinstance(field, SealedField)
    }
    assert plain == NOT_SEALED


def test_every_sealed_value_opens_from_its_declaration_alone(cast: Cast) -> None:
    live(cast)
    opened: dict[str, int] = {}
    for field in sealed_fields():
        for sealed, *place in values(field):
            value = field.opened(sealed, *place)
            assert isinstance(value, {"text": str, "bytes": bytes}.get(field.holds, object))
            opened[str(field)] = opened.get(str(field), 0) + 1
    assert set(opened) == {str(field) for field in sealed_fields()}


def test_a_value_does_not_open_in_another_records_place(cast: Cast) -> None:
    field = next(one for one in sealed_fields() if str(one) == "patient.Patient.identity_sealed")
    sealed, key, _ = next(values(field))
    with pytest.raises(Tampered):
        field.opened(sealed, key, uuid4())


def test_to_a_migration_a_sealed_column_is_a_column_of_bytes() -> None:
    written = MigrationWriter.serialize(SealedField(holds="text", numbered="number", null=True))[0]
    assert written == "models.BinaryField(null=True)"
