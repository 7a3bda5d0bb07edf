"""``renkei routes``: every address of the program and the permission it needs."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from renkei.config import routes


class Command(BaseCommand):
    """Print the addresses as a table or as JSON."""

    help = "Lists every address with its permission: public, signed-in or a rule."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How to print them."""
        parser.add_argument("--json", action="store_true", help="as a list of JSON objects")

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Print."""
        listed = routes.routes()
        if options["json"]:
            self.stdout.write(json.dumps(listed, ensure_ascii=False, indent=1))
            return
        width = max(len(one["route"]) for one in listed) + 2
        for one in listed:
            self.stdout.write(f"/{one['route']:{width}}{one['permission']}")
