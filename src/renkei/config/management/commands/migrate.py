"""Django's own migrate, which the upgrade uses, and the triggers that it may have dropped."""

import sys
from typing import Any

from django.core.management.commands.migrate import Command as Migrate

from renkei.audit import guards
from renkei.config.installation import is_in_use

_REFUSED = (
    "データを新しい版に合わせるには、renkei upgrade を使ってください。"
    "先に写しを取り、サーバーが動いていないことを確かめてから行います。\n"
)


class Command(Migrate):
    """Migrate, then guard what is append-only again.

    Typed at a terminal it is for an empty database alone: where there is data, it would be changed
    without a copy, and perhaps while a server works on it.
    """

    def run_from_argv(self, argv: list[str]) -> None:
        """Refuse what was typed where ``renkei upgrade`` is meant; looking changes nothing."""
        looks = {"--plan", "--check", "--help", "-h"} & set(argv)
        if not looks and is_in_use():
            sys.stderr.write(_REFUSED)
            sys.exit(1)
        super().run_from_argv(argv)

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Run the migrations."""
        super().handle(*arguments, **options)
        if options["database"] == "default":
            guards.install()
