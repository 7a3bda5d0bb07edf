"""``renkei audit verify``: prove that neither the trail nor the messages were changed."""

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from renkei.audit import trail
from renkei.communication import proof
from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand


class Command(TerminalCommand):
    help = "監査証跡を確かめる"

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        commands.add_parser("verify", help="すべての行の鎖と、メッセージの封を確かめる")

    def handle(self, **options: Any) -> None:
        prepare()
        start = time.perf_counter()
        lines, breaks = trail.verify()
        wordings, changed = proof.verify()
        seconds = time.perf_counter() - start
        self.stdout.write(
            f"証跡 {lines}行、メッセージ {wordings}件を{seconds:.1f}秒で確かめました"
            f"（毎秒{lines / max(seconds, 0.001):.0f}行）。"
        )
        for found in [*breaks, *changed]:
            self.stdout.write(f"{found.stream} {found.seq}: {_(found.why)}")
        if breaks or changed:
            raise CommandError(f"合わないところが{len(breaks) + len(changed)}件あります。")
        self.stdout.write("すべて合っています。")
