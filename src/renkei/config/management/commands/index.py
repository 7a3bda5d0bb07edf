"""``renkei index``: what searching stands on."""

from typing import Any

from django.core.management.base import CommandParser

from renkei.communication.index.keeping import rebuild
from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.terminal import ProgressLine, refuse_nothing_there


class Command(TerminalCommand):
    help = "書き込みを探すための索引"

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        commands.add_parser("rebuild", help="索引を捨て、書き込みから作り直す")

    def handle(self, *, command: str, **options: Any) -> None:
        refuse_nothing_there()
        prepare()
        progress = ProgressLine({"index": "索引に入れた書き込みと出来事"})
        count = rebuild(lambda done, total: progress("index", done, total))
        self.stdout.write(f"索引を作り直しました（{count}件）。いまの書き込みはすべて探せます。")
