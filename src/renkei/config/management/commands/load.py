"""``renkei load FOLDER``: check a region folder, or take it over into an empty data folder."""

from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.terminal import ProgressLine
from renkei.config.unlocking import unlock
from renkei.enrollment.loader import Loaded, NotEmpty, NotTaken, load_region
from renkei.region.folder import FILES, Fault, RegionFolder, read_folder

_NAMES = ("地域", "事業所", "スタッフ", "患者", "チーム", "メッセージ")
PARTS = dict(zip(FILES, _NAMES, strict=True))


class Command(TerminalCommand):
    help = "地域フォルダーを確かめ、空のデータフォルダーに取り込む"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="地域フォルダー")
        parser.add_argument("--check", action="store_true", help="読むだけで、何も書き込まない")
        parser.add_argument("--json", action="store_true", help="誤りの一覧だけをJSONで出す")

    def handle(self, *, folder: Path, check: bool, json: bool, **options: Any) -> None:
        read = read_folder_of(folder)
        self._print_faults(read.faults, json)
        if read.faults:
            raise CommandError(f"誤りが{len(read.faults)}件あります。何も書き込んでいません。")
        if check:
            if not json:
                self.stdout.write("誤りはありません。")
            return
        unlock()
        prepare()
        loaded = take_over(read, demo=False)
        if not json:
            self.stdout.write(summary(loaded))
            self.stdout.write(
                "パスワードはまだ誰にも設定されていません（本人だけが決められます）。"
                "まず運営事務局の方が、この機械の上で一回限りのリンクを作って入ります:"
            )
            for line in read.operator_staff:
                self.stdout.write(f"  renkei access {line.email}")
            self.stdout.write(
                "次に、運営事務局の方が「連携管理者」の画面で連携管理者のリンクを、"
                "連携管理者が「スタッフ」の画面で自分の事業所のスタッフのリンクを作ります。"
            )

    def _print_faults(self, faults: list[Fault], json: bool) -> None:
        if json:
            self.stdout.write(orjson.dumps(faults).decode())
            return
        for fault in faults:
            self.stdout.write(line_of(fault))


def read_folder_of(folder: Path) -> RegionFolder:
    """The region folder, read whole.

    Raises:
        CommandError: a file is there and cannot be read.
    """
    try:
        return read_folder(folder)
    except OSError as error:
        raise CommandError(f"読めないファイルがあります: {error.filename}") from error


def line_of(fault: Fault) -> str:
    """``file:line column: message``."""
    place = f"{fault.file}:{fault.line} {fault.column}".rstrip()
    return f"{place}: {fault.message}"


def take_over(folder: RegionFolder, *, demo: bool) -> Loaded:
    """Load the folder with a progress line.

    Raises:
        CommandError: there is a region already, or a record was not accepted.
    """
    try:
        return load_region(folder, demo=demo, progress=ProgressLine(PARTS))
    except NotEmpty as error:
        raise CommandError(
            "このデータフォルダーにはもう地域があります。"
            "取り込みは空のデータフォルダーにだけできます。"
        ) from error
    except NotTaken as error:
        why = _(error.problem.message) % error.problem.values
        raise CommandError(f"{error.file}:{error.line}: {why}何も書き込んでいません。") from error


def summary(loaded: Loaded) -> str:
    """What was taken over, in one line."""
    return (
        f"「{loaded.region.name}」を取り込みました: 事業所 {loaded.organizations}、"
        f"人 {loaded.people}、患者 {loaded.patients}、グループ {loaded.groups}、"
        f"メッセージ {loaded.messages}"
    )
