"""``renkei serve``: everything in one process on one port."""

from typing import Any

from django.core.management.base import CommandParser

from renkei.config import launch
from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.unlocking import unlock


class Command(TerminalCommand):
    help = "サーバーを動かす"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--drain",
            type=float,
            default=0.0,
            metavar="秒",
            help="止まる前に、/readyz で断りながら受け続ける時間"
            "（前に置いたプロキシに、もう一つのサーバーがあるとき）",
        )

    def handle(self, *, host: str, port: int, drain: float, **options: Any) -> None:
        unlock()
        with launch.alone():
            prepare()
            launch.serve(self, host, port, drain=drain)
