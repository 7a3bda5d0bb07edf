"""Django's own migrate, followed by the triggers that it may have dropped."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate

from renkei.audit import guards


class Command(Migrate):
    """Migrate, then guard the audit trail again."""

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Run the migrations."""
        super().handle(*arguments, **options)
        if options["database"] == "default":
            guards.install()
