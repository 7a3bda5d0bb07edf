"""``renkei erase``: carry out the erasures that are due, see them, and verify a certificate."""

from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from renkei.backup import keyplaces
from renkei.backup.trouble import refusal
from renkei.config import erasing, unlocking
from renkei.config.erasing import Outcome
from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.terminal import columns, refuse_nothing_there
from renkei.disclosure import certificate
from renkei.disclosure.certificate import NoCertificate
from renkei.disclosure.models import Erasure
from renkei.kernel import clock

STATES: Final = {
    "asked": "申請（運営事務局の確認待ち）",
    "returned": "差戻し",
    "confirmed": "待機期間",
    "withdrawn": "取下げ",
    "begun": "消去の途中",
    "done": "消去済み",
    "replayed": "消去済み（写しから戻したため、証明書は前のもの）",
}
WHY: Final = {
    "copies": "内容と鍵は消えました。鍵の写しの場所に届かないため、証明書はまだ出せません",
    "reading": "鍵は消えました。鍵の保管庫を読んでいるプログラムがあり、続きは後で行います",
    "bucket": "鍵は消えました。バケット（S3_URL）からファイルをまだ消せず、続きは後で行います",
    "copying": "鍵は消えました。バックアップが動いているため、続きは後で行います",
    "left": "鍵は消えました。消しきれないものがあります。ログを保守の担当者に伝えてください",
}


class Command(TerminalCommand):
    help = "完全消去: 期限の来たものを消す、一覧を見る、証明書を確かめる"

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        run = commands.add_parser("run", help="待機期間の終わったものを消す（何度実行してもよい）")
        run.add_argument(
            "--given-up", action="append", default=[], metavar="PLACE",
            help="もう使わず、人の手で廃棄した鍵の写しの場所。いくつでも指定できます",
        )  # fmt: skip
        commands.add_parser("list", help="申請と消去の一覧")
        proof = commands.add_parser("verify", help="消去証明書（PDFかJSON）を確かめる")
        proof.add_argument("certificate", type=Path, help="証明書のファイル")
        proof.add_argument(
            "--signed-by", default="", metavar="KEY", help="証明書を出した機械の公開鍵"
        )

    def handle(self, *, command: str, **options: Any) -> None:
        refuse_nothing_there()
        if command == "list":
            prepare()
            self._list()
        elif command == "verify":
            prepare()
            self._verify(options["certificate"], options["signed_by"])
        else:
            unlocking.unlock()
            prepare()
            self._run(options["given_up"])

    def _run(self, given_up: list[str]) -> None:
        if unknown := [place for place in given_up if place not in keyplaces.places()]:
            raise CommandError(
                f"{unknown[0]} は、鍵の写しの場所として記録にありません。"
                "renkei backup で使った場所を、そのまま指定してください。"
            )
        outcomes = erasing.carry_out(given_up=given_up)
        for one in outcomes:
            self._say(one)
        if not outcomes:
            self.stdout.write("いま消すものはありません。")
        if any(not one.done for one in outcomes):
            raise CommandError("終わっていない消去があります。", returncode=2)

    def _say(self, one: Outcome) -> None:
        number = Erasure.objects.get(pk=one.erasure).shown_number
        if one.done:
            self.stdout.write(f"申請 {number}: すべて消し、証明書に署名しました。")
            return
        self.stdout.write(f"申請 {number}: {WHY.get(one.why, '続きは後で行います')}。")
        for place in one.waiting:
            self.stdout.write(
                f"  {place}　つないで renkei backup を実行するか、もうない場所なら "
                f"--given-up {place} を付けてください。"
            )

    def _list(self) -> None:
        lines = [
            [
                one.shown_number,
                one.subject,
                one.organization.name,
                STATES[one.state],
                one.due_at.astimezone(clock.JAPAN).strftime("%Y-%m-%d %H:%M") if one.due_at else "",
            ]
            for one in Erasure.objects.select_related("organization").order_by("number")
        ]
        if not lines:
            self.stdout.write("完全消去の申請は、まだありません。")
            return
        for line in columns([["番号", "対象", "事業所", "状態", "消す日時"], *lines]):
            self.stdout.write(line)

    def _verify(self, file: Path, signed_by: str) -> None:
        try:
            one = certificate.read(file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file}を読めません: {refusal(error)}") from error
        except NoCertificate as error:
            raise CommandError(f"{file}は、消去証明書ではありません。") from error
        facts = one.facts
        self.stdout.write(
            f"証明書 {facts['number']}　対象 {facts['subject']}　{facts['organization']}　"
            f"{facts['removed_at']}"
        )
        if faults := certificate.verify(one, signed_by=signed_by):
            for why in faults:
                self.stdout.write(f"  {_(why)}")
            raise CommandError("この証明書は、そのままでは信じられません。")
        self.stdout.write(
            "正しい証明書です。署名と監査証跡が合い、鍵は破棄され、何も残っていません。"
        )
