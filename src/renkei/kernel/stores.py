"""Which database a table lives in: keys in the key store, everything else in the main one."""

from typing import Any


class Router:
    """Keep the key store and the content apart."""

    def db_for_read(self, model: Any, **_: object) -> str:
        """The database that holds ``model``."""
        return "keys" if model._meta.app_label == "kernel" else "default"

    db_for_write = db_for_read

    def allow_relation(self, one: Any, other: Any, **_: object) -> bool:
        """No relation crosses from content to keys."""
        return self.db_for_read(one._meta.model) == self.db_for_read(other._meta.model)

    def allow_migrate(self, db: str, app_label: str, **_: object) -> bool:
        """Each table is made in its own database only."""
        return (db == "keys") == (app_label == "kernel")
