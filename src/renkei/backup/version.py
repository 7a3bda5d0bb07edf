"""Whether a copy was made by a newer program than this one."""

from collections.abc import Iterable

from django.db.migrations.loader import MigrationLoader


def newer_than_this(applied: Iterable[str]) -> list[str]:
    """The migrations among these that this program does not know: a newer one has been at work."""
    return sorted(set(applied) - _known(MigrationLoader(None)))


def unknown(loader: MigrationLoader) -> list[str]:
    """The migrations a database has had that this program does not know."""
    applied = {f"{app}.{name}" for app, name in loader.applied_migrations}
    return sorted(applied - _known(loader))


def _known(loader: MigrationLoader) -> set[str]:
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known |= set(migration.replaces)
    return {f"{app}.{name}" for app, name in known}
