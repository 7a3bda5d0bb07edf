"""``renkei audit``: prove that nothing was changed; take a signed head to prove it by later."""

import sys
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _

from renkei.audit import heads
from renkei.audit.heads import Head, NoHead
from renkei.backup.trouble import refusal
from renkei.config.installation import prepare
from renkei.config.places import PARTS, place
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.terminal import ProgressLine, refuse_nothing_there
from renkei.config.verification import Part, verify
from renkei.kernel import clock, durable, signing
from renkei.region.models import Region


class Command(TerminalCommand):
    help = "監査証跡と保存されたすべての値を確かめる"

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        proof = commands.add_parser(
            "verify", help="証跡の鎖、メッセージ、封、鍵、ファイルがすべて合っているかを確かめる"
        )
        proof.add_argument(
            "--head", action="append", default=[], type=Path, metavar="FILE",
            help="以前に取った署名付きの控え。いくつでも指定できます",
        )  # fmt: skip
        proof.add_argument(
            "--signed-by", default="", metavar="KEY", help="控えを取ったときに書き留めた公開鍵"
        )
        proof.add_argument("--json", action="store_true", help="結果をJSONで出す")
        head = commands.add_parser("head", help="すべての鎖の終わりに署名した控えを取る")
        head.add_argument("--out", type=Path, metavar="FILE", help="控えを書くファイル")
        head.add_argument("--mail", action="store_true", help="運営事務局にメールで送る")

    def handle(self, *, command: str, **options: Any) -> None:
        try:
            refuse_nothing_there()
            prepare()
        except DatabaseError as error:
            raise CommandError(
                "データベースのファイルが壊れていて、開けません。データには手を加えず、"
                "最後に合っていたときのバックアップから戻してください。"
            ) from error
        if command == "verify":
            self._verify(options["head"], options["signed_by"], as_json=options["json"])
        else:
            self._head(options["out"], by_mail=options["mail"])

    # ── verify ───────────────────────────────────────────────────────────────────────────────────

    def _verify(self, files: list[Path], signed_by: str, *, as_json: bool) -> None:
        line = ProgressLine(PARTS)
        parts = []
        given = [_read(file) for file in files]
        for part in verify(line.count, given=given, signed_by=signed_by):
            line.clear()
            parts.append(part)
            if not as_json:
                self._say(part)
        if as_json:
            self.stdout.write(orjson.dumps([_facts(part) for part in parts]).decode())
        if faults := sum(len(part.breaks) for part in parts):
            raise CommandError(
                f"合わないところが{faults}件あります。データには手を加えず、保守の担当者に"
                "この画面を伝え、最後に合っていたときのバックアップと比べてください。"
            )
        if not as_json:
            self.stdout.write(_all_well(parts))

    def _say(self, part: Part) -> None:
        name = PARTS[part.name]
        if part.note:
            self.stdout.write(f"{name}: {_(part.note)}")
            return
        erased = f"（ほかに、鍵を消去した値 {part.erased}件）" if part.erased else ""
        self.stdout.write(f"{name}: {part.count}件 {part.seconds:.1f}秒{erased}")
        for found in part.breaks:
            self.stdout.write(f"  {place(part.name, found)}: {_(found.why)}")

    # ── head ─────────────────────────────────────────────────────────────────────────────────────

    def _head(self, out: Path | None, *, by_mail: bool) -> None:
        data = heads.take()
        if out is not None:
            _write(out, data)
            self.stdout.write(
                f"控えを{out}に書きました。この機械とは別のところに保管してください。"
            )
        if by_mail:
            self._mail(data)
        if out is None and not by_mail:
            self.stdout.write(data.decode(), ending="")
        sys.stderr.write(f"公開鍵 {signing.public_key()}\n")

    def _mail(self, data: bytes) -> None:
        if not settings.EMAIL_HOST:
            raise CommandError(
                "メールの設定（EMAIL_URL）がないため、送れません。"
                "--out で控えをファイルに書き、別のところに保管してください。"
            )
        regions = list(Region.objects.order_by("opened_at"))
        if not regions:
            raise CommandError("まだ地域がないため、送り先がありません。")
        for region in regions:
            try:
                _letter(region, data).send()
            except OSError as error:
                raise CommandError(f"{region.email}にメールを送れませんでした: {error}") from error
            self.stdout.write(f"控えを{region.operator_name}（{region.email}）に送りました。")


def _all_well(parts: list[Part]) -> str:
    """What was not looked at is not said to fit."""
    if any(part.note for part in parts):
        return "確かめたところは、すべて合っています。確かめていないところがあります。"
    return "すべて合っています。"


def _read(file: Path) -> Head:
    try:
        return heads.read(file.read_bytes())
    except OSError as error:
        raise CommandError(f"{file}を読めません: {refusal(error)}") from error
    except NoHead as error:
        raise CommandError(f"{file}は、署名付きの控えではありません。") from error


def _write(file: Path, data: bytes) -> None:
    """A new file that only its owner reads; one that is there, or a link, stays as it is."""
    try:
        durable.put_new(file, data)
    except FileExistsError as error:
        raise CommandError(f"{file}はすでにあります。別の名前にしてください。") from error
    except OSError as error:
        raise CommandError(f"{file}に書けません: {refusal(error)}") from error


def _letter(region: Region, data: bytes) -> EmailMessage:
    day = clock.now().astimezone(clock.JAPAN)
    letter = EmailMessage(
        subject=f"連携: 監査証跡の控え（{day:%Y年%-m月%-d日 %H:%M}）",
        body=(
            f"{region.operator_name} ご担当者様\n\n"
            "監査証跡の控えをお送りします。記録があとから書き換えられていないことを確かめるための"
            "ものです。患者さんや利用者の情報は含まれていません。\n\n"
            "このメールを消さずに保管してください。確かめるときは、添付のファイルを使って、"
            "サーバーで次のように実行します。\n\n"
            f"  renkei audit verify --head ファイル --signed-by {signing.public_key()}\n"
        ),
        from_email=region.email,
        to=[region.email],
    )
    letter.attach(f"renkei-head-{day:%Y%m%d-%H%M}.json", data, "application/json")
    return letter


def _facts(part: Part) -> dict[str, Any]:
    """A part for ``--json``."""
    faults = [
        {"place": one.stream, "number": one.seq, "why": one.why, "text": place(part.name, one)}
        for one in part.breaks
    ]
    facts = {"part": part.name, "count": part.count, "seconds": round(part.seconds, 3)}
    return facts | {"erased": part.erased, "skipped": part.note, "faults": faults}
