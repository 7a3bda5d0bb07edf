"""``renkei serve``: everything in one process on one port."""

from typing import Any

from django.core.management.base import CommandParser

from renkei.config import launch
from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand


class Command(TerminalCommand):
    help = "サーバーを動かす"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        prepare()
        launch.serve(self, host, port)
