"""``renkei mail``: mail that came back."""

import sys
from typing import Any, BinaryIO

from django.core.management.base import CommandError, CommandParser

from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.terminal import refuse_nothing_there
from renkei.notification.bounces import LARGEST, known, mark_returned, read
from renkei.policy.standing import HOST


class Command(TerminalCommand):
    help = "届かなかったメールの知らせを受け取る"
    stdin: BinaryIO = sys.stdin.buffer

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        commands.add_parser(
            "bounced", help="配送の知らせ（RFC 3464）を標準入力から読み、届かない宛先に印を付ける"
        )

    def handle(self, *, command: str, **options: Any) -> None:
        refuse_nothing_there()
        returned = read(self.stdin.read(LARGEST))
        if returned is None:
            raise CommandError(
                "配送の知らせ（message/delivery-status）ではありません。何も変えていません。"
            )
        prepare()
        letter = known(returned)
        if letter is None:
            raise CommandError(
                "このサーバーが1か月以内に送った通知のメールではありません。何も変えていません。"
            )
        if not returned.failed:
            self.stdout.write("遅れているだけの知らせです。何も変えていません。")
        elif mark_returned(HOST, None, letter=letter, status=returned.status):
            self.stdout.write(
                "宛先に「届いていません」の印を付けました。本人と連携管理者の画面に出ます。"
                "本人が確かめ直すまで、通知のメールは送りません。"
            )
        else:
            self.stdout.write("もう印が付いているか、宛先が変わっています。何も変えていません。")
