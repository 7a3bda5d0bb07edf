"""Which tables move: every one of ours, unless it is named here with the reason why not."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.apps import apps
from django.db import models
from django.db.migrations.loader import MigrationLoader

from renkei.kernel.sealed import SealedField
from renkei.moving.columns import Column, column

LEFT_BEHIND: Final = {
    "people.Session": "everybody signs in anew; a session belongs to one address",
    "backup.BackupRun": "the new server has no copies yet, and its operator has to see that",
    "kernel.DataKey": "wrapped with a key that stays; the keys themselves move as keys/",
}

OTHERS: Final = {"mfa.Authenticator"}  # of other packages, but people's own: their second factors


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the model's label, and its columns in the order of the model."""

    label: str
    model: type[models.Model]
    columns: tuple[Column, ...]

    @property
    def has_own_key(self) -> bool:
        """Whether each row names the data key under which it is sealed."""
        return any(one.name == "key_id" and not one.refers for one in self.columns)

    @property
    def plain(self) -> list[Column]:
        """The columns that are not sealed."""
        return [one for one in self.columns if one.kind != "sealed"]

    @property
    def sealed(self) -> list[SealedField]:
        """The columns that are."""
        return [one.field for one in self.columns if isinstance(one.field, SealedField)]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Every row by its primary key: ``columns``, then what each sealed one is opened with."""
        names = [one.name for one in self.columns]
        names += [name for field in self.sealed for name in field.columns]
        query = self.model._default_manager.order_by("pk").values_list(*names)
        yield from query.iterator(chunk_size=1000)

    def count(self) -> int:
        """How many rows there are."""
        return self.model._default_manager.count()


@cache
def tables() -> dict[str, Table]:
    """Every table that moves, by its label, in the order of the models."""
    ours = [
        model
        for model in apps.get_models(include_auto_created=True)
        if (model.__module__.startswith("renkei.") and model._meta.label not in LEFT_BEHIND)
        or model._meta.label in OTHERS
    ]
    return {model._meta.label: _table(model) for model in ours}


def _table(model: type[models.Model]) -> Table:
    columns = tuple(column(field) for field in model._meta.concrete_fields)
    return Table(model._meta.label, model, columns)


def schema() -> dict[str, str]:
    """The last migration of each of our parts; rows fit where these are the same."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    ours = {one.label for one in apps.get_app_configs() if one.name.startswith("renkei.")}
    leaves = loader.graph.leaf_nodes()
    return {label: name for label, name in sorted(leaves) if label in ours}
