"""``renkei policy``: every clause of the operating policy, and what keeps it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from renkei.policy import clauses

DOCUMENT = clauses.PROJECT / "docs" / "policy.md"


class Command(BaseCommand):
    """Print the clauses as a table or as JSON, or write them down for people."""

    help = "Lists every clause of the operating policy, with its status and what keeps it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How to print them."""
        parser.add_argument("--json", action="store_true", help="as a list of JSON objects")
        parser.add_argument("--docs", action="store_true", help="write docs/policy.md")
        parser.add_argument("--check", action="store_true", help="with --docs: only compare")

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Print or write."""
        if options["docs"]:
            self._document(check=options["check"])
        elif options["json"]:
            self.stdout.write(json.dumps(clauses.listed(), ensure_ascii=False, indent=1))
        else:
            self._table()

    def _document(self, *, check: bool) -> None:
        written = clauses.document()
        if not check:
            DOCUMENT.parent.mkdir(exist_ok=True)
            DOCUMENT.write_text(written, encoding="utf-8")
        elif not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != written:
            raise CommandError("docs/policy.md is stale: run `renkei policy --docs`.")

    def _table(self) -> None:
        proved = clauses.tests()
        self.stdout.write(f"{'id':7}{'mode':6}{'status':9}{'tests':>5}  clause")
        for clause in clauses.CLAUSES.values():
            count = len(proved.get(clause.id, ())) or ""
            self.stdout.write(
                f"{clause.id:7}{clause.mode or '-':6}{clause.status:9}{count:>5}  {clause.title_en}"
            )
            if clause.kept_by:
                self.stdout.write(f"{'':29}{', '.join(clause.kept_by)}")
            if clause.missing:
                self.stdout.write(f"{'':29}missing: {clause.missing}")
