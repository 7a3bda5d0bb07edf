"""``renkei export --all FILE --to age1…``: everything into one sealed file, for another server."""

import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from renkei.backup.trouble import refusal
from renkei.config.figures import size
from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.terminal import ProgressLine, refuse_nothing_there
from renkei.config.unlocking import unlock
from renkei.kernel import age
from renkei.kernel.errors import Problem
from renkei.kernel.vault import MasterKeyMissing
from renkei.moving.exporting import Damage, Damaged, Exported, export, go_on, refuse
from renkei.moving.held import WHYS

PARTS = {"rows": "記録", "files": "添付ファイル"}
YES = "はい"


class Command(TerminalCommand):
    help = "すべてを、封をした一つのファイルに書き出す（別のサーバーや別の製品に移すため）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="書き出すファイル（まだないもの）")
        parser.add_argument("--all", action="store_true", required=True, help="すべてを書き出す")
        parser.add_argument(
            "--to", action="append", required=True, help="宛先の公開鍵 age1…（何度でも）"
        )
        parser.add_argument(
            "--with-faults", action="store_true", help="壊れた値があっても、一覧を添えて書き出す"
        )
        parser.add_argument("--yes", action="store_true", help="確かめずに始める")

    def handle(
        self, *, file: Path, to: list[str], with_faults: bool, yes: bool, **options: Any
    ) -> None:
        recipients = recipients_of(to)
        if file.exists() or file.is_symlink():
            raise CommandError(f"{file} はもうあります。別の名前にしてください。")
        refuse_nothing_there()
        unlock()
        prepare()
        if not yes:
            self._confirm(recipients)
        start = time.perf_counter()
        try:
            done = export(
                file,
                recipients,
                progress=ProgressLine(PARTS),
                on_damage=go_on if with_faults else refuse,
            )
        except Damaged as error:
            self._tell(error.damage)
            count = len(error.damage.faults) + len(error.damage.breaks)
            raise CommandError(
                f"記録と合わないものが{count}件あるため、書き出しませんでした。"
                "そのまま書き出すには --with-faults を付けてください（一覧がファイルに残ります）。"
            ) from error
        except Problem as error:
            raise CommandError(_(error.message) % error.values) from error
        except MasterKeyMissing as error:
            raise CommandError("マスター鍵がないため、書き出せません。") from error
        except OSError as error:
            raise CommandError(f"{file} に書けません: {refusal(error)}") from error
        self._summary(file, done, time.perf_counter() - start)

    def _confirm(self, recipients: list[age.Recipient]) -> None:
        """Say plainly what this is, and go on only after a yes."""
        self.stdout.write(
            "この連携にあるすべて（患者・利用者の情報、メッセージ、下書き、スタッフの氏名、"
            "鍵、監査証跡、添付ファイル）を、一つのファイルに書き出します。\n"
            "次の公開鍵に合う秘密の鍵を持つ人は、そのすべてを読むことができます。"
        )
        for one in recipients:
            self.stdout.write(f"  {one}")
        if not sys.stdin.isatty():
            raise CommandError(
                "端末から実行するか、--yes を付けてください。何も書き出していません。"
            )
        if input(f"よろしければ「{YES}」と入力してください: ").strip() not in (YES, "yes"):
            raise CommandError("やめました。何も書き出していません。")

    def _tell(self, damage: Damage) -> None:
        for fault in damage.faults:
            self.stdout.write(f"{fault.table} {fault.id} {fault.column}: {_(WHYS[fault.why])}")
        for found in damage.breaks:
            self.stdout.write(f"{found.stream} {found.seq}: {_(found.why)}")

    def _summary(self, file: Path, done: Exported, seconds: float) -> None:
        tally = done.manifest.tally
        self.stdout.write(
            f"記録 {tally['rows']}件、鍵 {tally['keys']}個、添付ファイル {tally['files']}個を"
            f" {file} に書き出しました（{size(file.stat().st_size)}、{seconds:.1f}秒）。"
        )
        damaged = len(done.manifest.faults) + len(done.manifest.breaks)
        if damaged:
            self.stdout.write(f"記録と合わないものが{damaged}件、そのまま入っています。")
        self.stdout.write(
            f"署名の公開鍵: {done.manifest.signed_by}\n"
            "移す先では、この公開鍵を --signed-by に付けて取り込むと、"
            "このファイルが確かにこのサーバーのものだと確かめられます。"
        )


def recipients_of(given: list[str]) -> list[age.Recipient]:
    """The recipients named on the command line, each once.

    Raises:
        CommandError: one of them is none.
    """
    try:
        found = [one for text in given for one in age.recipients(text)]
    except ValueError as error:
        raise CommandError(
            "--to には age の公開鍵（age1… で始まるもの）を書いてください。"
        ) from error
    return list({str(one): one for one in found}.values())
