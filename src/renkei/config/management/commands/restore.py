"""``renkei restore``: bring everything back on a blank machine."""

import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from renkei.backup import places, recipients, restoring
from renkei.backup.manifest import short
from renkei.backup.trouble import Trouble
from renkei.backup.trust import Signer, signer
from renkei.config.management.commands.backup import LOCKED, PARTS
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.terminal import ProgressLine


class Command(TerminalCommand):
    help = "写しから、新しいフォルダーに元どおりに戻す"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("place", type=Path, metavar="場所", help="内容の写しの場所")
        parser.add_argument("--keys", type=Path, metavar="場所", help="鍵の写しの場所")
        parser.add_argument(
            "--identity",
            required=True,
            metavar="ファイル",
            help="写しを開く鍵のファイル（- なら標準入力）",
        )
        parser.add_argument("--at", default="", metavar="写し", help="いちばん新しいもの以外を戻す")
        parser.add_argument("--signed-by", default="", help="署名の鍵かその指紋")
        parser.add_argument(
            "--erased",
            type=Path,
            action="append",
            default=[],
            metavar="ファイル",
            help="ほかの場所にある消去の一覧（erased.jsonl）",
        )
        parser.add_argument(
            "--accept-faults",
            action="store_true",
            help="合わないところがあっても、それを示して戻す",
        )
        parser.add_argument(
            "--accept-missing-erasures",
            action="store_true",
            help="消去の一覧が足りなくても戻す",
        )

    def handle(
        self,
        *,
        place: Path,
        keys: Path | None,
        identity: str,
        at: str,
        signed_by: str,
        erased: list[Path],
        accept_faults: bool,
        accept_missing_erasures: bool,
        **_: Any,
    ) -> None:
        signal.signal(signal.SIGTERM, lambda number, frame: _stop(number))
        try:
            where = places.places(place, keys)
            text = places.identity_text(identity)
            trusted = signer(given=signed_by, in_identity=recipients.signer_in(text))
            chosen = restoring.choose(where, at, trusted)
            restoring.refuse_in_use(*chosen)
            done = restoring.restore(
                where,
                chosen,
                recipients.identities(text),
                trusted,
                ProgressLine(PARTS),
                erased=erased,
                accept_faults=accept_faults,
                accept_missing_erasures=accept_missing_erasures,
            )
        except Trouble as trouble:
            raise CommandError(f"{trouble.words}\n何も戻していません。") from trouble
        self._tell(done, trusted)

    def _tell(self, done: restoring.Restored, trusted: Signer) -> None:
        for fault in done.proof.faults:
            self.stdout.write(f"合わないところ: {fault}")
        for note in done.proof.notes:
            self.stdout.write(f"注意: {note}")
        if done.erased.strange:
            self.stdout.write(
                f"注意: 消去の一覧の{len(done.erased.strange)}行が読めず、使っていません。"
            )
        if lost := done.made.facts["files"]["damaged"]:
            self.stdout.write(f"注意: 写したときにもう壊れていたファイルが{lost}件あります。")
        if not trusted.key:
            self.stdout.write(
                f"署名の鍵の指紋: {short(done.made.signed_by)}。控えと同じかを確かめてください。"
                "違うときは偽物なので、使わないでください。"
            )
        rows = sum(int(one["rows"]) for one in done.made.facts["tables"].values())
        self.stdout.write(
            f"写し {done.made.generation} を {settings.DATA} に戻しました: {rows}行、"
            f"ファイル {done.made.facts['files']['count']}、開いた鍵 {done.proof.keys}。"
            f"{_judged(done)}\n"
            f"消去した鍵 {len(done.erased.keys)}個は、消えたままです。"
            "全員がもう一度ログインします。\n"
            f"始めるには: renkei serve --data {settings.DATA}"
        )


def _judged(done: restoring.Restored) -> str:
    if done.proof.faults:
        return f"合わないところが{len(done.proof.faults)}件、そのまま残っています。"
    if not done.proof.keys:
        return f"監査証跡まで合っています。{LOCKED}"
    return "監査証跡まで、すべて合っています。"


def _stop(number: int) -> NoReturn:
    """End as an error would, so that nothing half made is left behind."""
    sys.exit(128 + number)
