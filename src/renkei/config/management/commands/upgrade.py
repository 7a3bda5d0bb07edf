"""``renkei upgrade``: bring the data up to this version, after a copy."""

from typing import Any

from django.core.management.base import CommandParser

from renkei.config import upgrade
from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand


class Command(TerminalCommand):
    help = "データをこの版に合わせる（先に写しを取る）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-copy", action="store_true", help="写しを取らない（自分で取ってあるとき）"
        )

    def handle(self, *, no_copy: bool, **options: Any) -> None:
        prepare(upgrade.no_copy if no_copy else upgrade.copy)
        self.stdout.write("データはこの版に合っています。")
