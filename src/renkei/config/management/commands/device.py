"""``renkei device``: certificates that stand for devices, from a private authority."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext

from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand
from renkei.device import certificates
from renkei.device.guard import HOST
from renkei.device.models import Device
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import wareki

FAULT = "証明書を出せませんでした。"


class Command(TerminalCommand):
    help = "端末の証明書を扱う"

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        commands.add_parser("ca", help="端末の証明書を出す認証局を、この機械に作る")
        issue = commands.add_parser("certificate", help="端末の証明書をPKCS#12で出す")
        revoke = commands.add_parser("revoke", help="端末の証明書を無効にする")
        commands.add_parser("crl", help="無効にした証明書の一覧を書き直す")
        issue.add_argument("--out", type=Path, required=True, help="書き出すファイル（.p12）")
        for one in (issue, revoke):
            one.add_argument("device", help="台帳の番号")
            one.add_argument("--organization", default="", help="番号が重なるときの事業所コード")

    def handle(self, *, command: str, **options: Any) -> None:
        prepare()
        try:
            {
                "ca": self._ca,
                "certificate": self._certificate,
                "revoke": self._revoke,
                "crl": self._crl,
            }[command](options)
        except Problem as problem:
            raise CommandError(f"{FAULT}{gettext(problem.message) % problem.values}") from None

    def _ca(self, options: dict[str, Any]) -> None:
        made = certificates.make_authority()
        word = "認証局を作りました" if made else "認証局はすでにあります"
        self.stdout.write(
            f"{word}。プロキシに次の二つを渡してください。\n"
            f"  認証局の証明書  {certificates.authority_file()}\n"
            f"  無効の一覧      {certificates.revocation_file()}"
        )

    def _device(self, options: dict[str, Any]) -> Device:
        devices = Device.objects.filter(number=options["device"])
        if options["organization"]:
            devices = devices.filter(organization__code=options["organization"])
        found = list(devices[:2])
        if not found:
            raise CommandError("この番号の端末は台帳にありません。")
        if len(found) > 1:
            raise CommandError(
                "この番号の端末が二つ以上あります。--organization で事業所を選んでください。"
            )
        return found[0]

    def _certificate(self, options: dict[str, Any]) -> None:
        device, out = self._device(options), options["out"]
        issued = certificates.make_certificate(device)
        try:
            certificates.write_new(out, issued.bundle)
        except OSError as error:
            raise CommandError(f"{out} に書けません（{error.strerror}）。") from None
        try:
            certificates.certify(HOST, None, device=device.id, issued=issued)
        except Problem:
            out.unlink()
            raise
        self.stdout.write(
            f"{out} に端末 {device.number} の証明書を書きました。"
            f"{wareki(issued.not_after.date())}まで使えます。\n"
            f"取り込むときのパスワード: {issued.password}\n"
            "パスワードはもう表示できません。ファイルは端末に取り込んだら消してください。"
        )

    def _revoke(self, options: dict[str, Any]) -> None:
        device = self._device(options)
        count = certificates.revoke(HOST, None, device=device.id)
        certificates.write_revocations()
        self.stdout.write(
            f"端末 {device.number} の証明書{count}枚を無効にしました。"
            "プロキシを読み直してください。"
        )

    def _crl(self, options: dict[str, Any]) -> None:
        count = certificates.write_revocations()
        self.stdout.write(
            f"無効の一覧を書き直しました（{count}枚）。プロキシを読み直してください。"
        )
