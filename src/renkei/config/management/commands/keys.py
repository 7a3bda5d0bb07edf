"""``renkei keys rotate``: put every data key under a new master key."""

from typing import Any

from django.core.management.base import CommandParser

from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand
from renkei.kernel import vault


class Command(TerminalCommand):
    help = "鍵を取り替える"

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        commands.add_parser("rotate", help="マスター鍵を新しくし、すべてのデータ鍵を包み直す")

    def handle(self, **options: Any) -> None:
        prepare()
        self.stdout.write(f"{vault.rotate()}個のデータ鍵を新しいマスター鍵で包み直しました。")
