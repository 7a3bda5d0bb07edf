"""``renkei access EMAIL``: the first one-time link, for somebody of the operator's staff."""

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand
from renkei.kernel.errors import Problem
from renkei.people.access import HOURS, WORD_LEAST, Given, open_access
from renkei.people.models import OneTimeLink
from renkei.policy.standing import Actor
from renkei.web import mail
from renkei.web.begin import link_address

HOST = Actor(system="host")


class Command(TerminalCommand):
    help = "運営事務局の方に、一回限りのリンクを作る（はじめてのとき、またはすべて設定し直すとき）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="運営事務局の方のメールアドレス")
        parser.add_argument(
            "--mail", dest="by_mail", action="store_true", help="リンクを本人のメールに送る"
        )

    def handle(self, *, email: str, by_mail: bool, **options: Any) -> None:
        prepare()
        if by_mail:
            self._send(self._open(email, OneTimeLink.Way.MAIL, ""))
        else:
            given = self._open(email, OneTimeLink.Way.TERMINAL, self._word())
            self._say(given, link_address(None, given.token, on_paper=True))

    def _open(self, email: str, way: str, word: str) -> Given:
        if way == OneTimeLink.Way.MAIL and not mail.is_set_up():
            raise CommandError(
                "メールの設定（EMAIL_URL）がありません。--mail なしで作ってください。"
            )
        try:
            return open_access(HOST, None, email=email, way=str(way), word=word)
        except Problem as problem:
            raise CommandError(_(problem.message) % problem.values) from problem

    def _word(self) -> str:
        """The word that the person types, unseen; from a pipe it is one line."""
        if not sys.stdin.isatty():
            return sys.stdin.readline().strip()
        self.stdout.write("リンクとは別に、本人だけが知る合言葉が要ります。本人が入れてください。")
        word = getpass(f"合言葉（{WORD_LEAST}文字以上）: ")
        if word != getpass("もう一度: "):
            raise CommandError("二回の合言葉が違います。何も作っていません。")
        return word

    def _say(self, given: Given, address: str) -> None:
        self.stdout.write(f"{given.name}さんのリンクです。{HOURS}時間、一回だけ使えます。")
        self.stdout.write(f"  {address}")
        self.stdout.write(
            "開いて合言葉を入れ、パスワードを決めてください。前に作ったリンクは使えなくなりました。"
        )

    def _send(self, given: Given) -> None:
        if not mail.send_link(given, link_address(None, given.token, on_paper=False)):
            raise CommandError(
                "リンクを送れませんでした。メールの設定を確かめ、もう一度作ってください。"
            )
        self.stdout.write(f"{given.name}さんにリンクを送りました。{HOURS}時間、一回だけ使えます。")
