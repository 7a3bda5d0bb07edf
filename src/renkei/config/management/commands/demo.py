"""``renkei demo``: a region of invented people, loaded once and served on this machine."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from renkei.config import launch
from renkei.config.installation import prepare
from renkei.config.management.commands.load import (
    line_of,
    read_folder_of,
    summary,
    take_over,
)
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.terminal import columns
from renkei.config.unlocking import unlock
from renkei.enrollment import demonstration
from renkei.enrollment.cast import people_to_try
from renkei.region.models import Region

HOST = "127.0.0.1"
EXAMPLE = settings.PACKAGE.parent.parent / "examples" / "midorino"


class Command(TerminalCommand):
    help = "架空の地域で試す（この機械の上だけ）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", type=Path, default=EXAMPLE, help="地域フォルダー")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--sessions", type=Path, help="セッションを書き出すファイル")
        parser.add_argument("--no-serve", action="store_true", help="用意だけして終わる")

    def handle(
        self, *, region: Path, port: int, sessions: Path | None, no_serve: bool, **options: Any
    ) -> None:
        if not no_serve:
            launch.refuse_taken(HOST, port)
        unlock()
        if no_serve:
            self._prepare(region, port, sessions)
            return
        with launch.alone():
            self._prepare(region, port, sessions)
            launch.serve(self, HOST, port)

    def _prepare(self, region: Path, port: int, sessions: Path | None) -> None:
        prepare()
        loaded = Region.objects.first() or self._load(region)
        if not demonstration.is_here():
            raise CommandError(
                "このデータフォルダーには実際の地域があります。"
                "デモには別の --data を使ってください。"
            )
        demonstration.admit(loaded)
        demonstration.enliven(loaded)
        origin = f"http://localhost:{port}"
        if sessions is not None:
            count = demonstration.write_sessions(loaded, origin, sessions)
            self.stdout.write(f"{count}人のセッションを {sessions} に書きました。")
        self._welcome(loaded, origin)

    def _load(self, folder: Path) -> Region:
        read = read_folder_of(folder)
        if read.faults:
            for fault in read.faults:
                self.stdout.write(line_of(fault))
            raise CommandError(f"誤りが{len(read.faults)}件あります。何も書き込んでいません。")
        taken = take_over(read, demo=True)
        self.stdout.write(summary(taken))
        return taken.region

    def _welcome(self, region: Region, origin: str) -> None:
        """The address, and who can sign in."""
        people = [
            (person.account.email, person.name, person.profession, person.organization, shows)
            for person, shows in people_to_try(region)
        ]
        self.stdout.write(f"\n{region.name}  {origin}")
        self.stdout.write(f"パスワード（全員）: {demonstration.PASSWORD}\n")
        for line in columns(people):
            self.stdout.write(f"  {line}")
        self.stdout.flush()
