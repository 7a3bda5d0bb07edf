"""``renkei keys``: change the master key, give it to custodians, take it back."""

import os
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from renkei.config import sheets, unlocking
from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.terminal import refuse_nothing_there
from renkei.kernel import custody, master, rotation, vault
from renkei.kernel.errors import Tampered
from renkei.kernel.master import Source
from renkei.notification.push_keys import replace_leaked_push_key, replace_push_key
from renkei.policy.standing import HOST
from renkei.region.services import KeyChange, record_key_change


class Command(TerminalCommand):
    help = "マスター鍵を取り替える、保管者に預ける、戻す"

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        rotate = commands.add_parser(
            "rotate", help="マスター鍵を新しくし、すべてのデータ鍵を包み直す（止めずにできる）"
        )
        split = commands.add_parser("split", help="マスター鍵を3枚の控えに分け、この機械から消す")
        join = commands.add_parser("join", help="2枚の控えから、マスター鍵をこの機械に戻す")
        push = commands.add_parser("push", help="通知（プッシュ）に署名する鍵を新しくする")
        push.add_argument(
            "--drop",
            action="store_true",
            help="前の鍵の登録をすぐにすべて終える（鍵が漏れたおそれがあるとき）",
        )
        for one in (rotate, split):
            _takes_folder(one)
        for one in (rotate, join):
            one.add_argument(
                "--sheets",
                dest="brought",
                type=Path,
                nargs=2,
                default=(),
                help="控えのファイル2つ（端末の代わり）",
            )

    def handle(
        self,
        *,
        command: str,
        brought: Sequence[Path] = (),
        to: Path | None = None,
        prove: Sequence[Path] = (),
        drop: bool = False,
        **options: Any,
    ) -> None:
        refuse_nothing_there()
        unlocking.unlock(brought)
        prepare()
        if command == "push":
            return self._push(drop)
        try:
            if command == "rotate":
                self._rotate(to, prove)
            elif command == "split":
                self._split(to, prove)
            else:
                self._join()
        except rotation.Busy:
            raise CommandError("鍵の取り替えが、いま別のところで動いています。") from None
        except Tampered as error:
            raise CommandError(
                f"壊れた鍵があります（{error}）。鍵の保管庫の控えから戻してから、もう一度"
                "実行してください。ここまでの分は包み直され、古い鍵も残してあります。"
            ) from None

    def _rotate(self, to: Path | None, prove: Sequence[Path]) -> None:
        where = master.source()[0]
        in_custody = where is Source.CUSTODIANS
        if where not in (Source.DATA_FOLDER, Source.CUSTODIANS) and len(master.read()) < 2:
            raise CommandError(
                "新しいマスター鍵（head -c 32 /dev/urandom | base64）を、いまの鍵の前に、コンマか"
                "改行で区切って加え、サーバーを始め直してから、もう一度実行してください。"
            )
        _record(KeyChange.ROTATION_BEGUN)
        try:
            count = self._rotate_in_custody(to, prove) if in_custody else rotation.rotate()
        except vault.StillThere:
            raise CommandError(
                "取り替えは終わりましたが、鍵の保管庫を読んでいるプログラムがあり、"
                "古い包みを消しきれませんでした。もう一度実行してください。"
            ) from None
        _record(KeyChange.ROTATED, keys=count)
        self.stdout.write(f"{count}個のデータ鍵を新しいマスター鍵で包み直しました。")
        if in_custody:
            self.stdout.write("前の控えはもう使えません。3枚とも回収して、裁断してください。")
        elif where is not Source.DATA_FOLDER:
            self.stdout.write("古いマスター鍵は、もう設定から外してかまいません。")

    def _rotate_in_custody(self, to: Path | None, prove: Sequence[Path]) -> int:
        finished = rotation.finish_in_custody()
        if finished is not None:
            self.stdout.write("途中で止まっていた前回の取り替えを、終わりまで行いました。")
            return finished
        new = os.urandom(32)
        made = self._hand_out(new, to, prove)
        return rotation.rotate_in_custody(master.read()[0], new, made)

    def _split(self, to: Path | None, prove: Sequence[Path]) -> None:
        master.masters()
        if master.source()[0] is not Source.DATA_FOLDER:
            raise CommandError(
                "マスター鍵がデータフォルダーの外から渡されています。分けるには、鍵を "
                f"{master.master_key_file()} に置き、設定から外してください。"
            )
        keys = master.read()
        if len(keys) != 1:
            raise CommandError("鍵の取り替えが途中です。先に renkei keys rotate を終えてください。")
        made = self._hand_out(keys[0], to, prove)
        _record(KeyChange.GIVEN_TO_CUSTODIANS)
        custody.begin(made)
        self.stdout.write(
            "マスター鍵をこの機械から消しました。これからサーバーを始めるたびに、"
            "保管者2人の控えが必要です。\n"
            "動いているサーバーは、一度止めて始め直すまで、これまでどおり鍵を持っています。\n"
            "master.key の控えを別の場所に取ってあるなら、それも消してください。"
        )

    def _hand_out(self, key: bytes, to: Path | None, prove: Sequence[Path]) -> custody.SheetSet:
        """Make the sheets, and see two of them come back before anything relies on them."""
        made, words = custody.split(key)
        if to is not None:
            for path in sheets.write_into(to, made, words):
                self.stdout.write(f"{path}")
            self.stdout.write("1枚ずつ印刷して保管者に渡し、ファイルは消してください。")
        elif sheets.has_terminal():
            sheets.show(made, words)
        else:
            raise CommandError("端末がありません。--to で控えを書くフォルダーを決めてください。")
        self.stdout.write("正しく写せたことを、2枚の控えで確かめます。")
        self.stdout.flush()
        if prove:
            sheets.key_from([one for path in prove for one in sheets.read(path)], [made])
        elif sheets.has_terminal():
            sheets.ask([made])
        else:
            raise CommandError("確かめられません。何も変更していません。控えは捨ててください。")
        return made

    def _push(self, drop: bool) -> None:
        replace = replace_leaked_push_key if drop else replace_push_key
        if replace(HOST, None) is None:
            raise CommandError("地域がまだありません。")
        self.stdout.write("通知に署名する鍵を新しくしました。")
        self.stdout.write(
            "前の鍵の登録はすべて終えました。使う方が端末ごとに通知を入れ直すか、次にログインした"
            "ときに登録し直されます。"
            if drop
            else "端末は、次にログインしたときに新しい鍵で登録し直されます。"
            "それまでは前の鍵で届きます。"
        )

    def _join(self) -> None:
        if master.source()[0] is not Source.CUSTODIANS:
            raise CommandError("マスター鍵は保管者に預けられていません。")
        keys = master.read()
        if len(keys) != 1:
            raise CommandError("鍵の取り替えが途中です。先に renkei keys rotate を終えてください。")
        _record(KeyChange.TAKEN_BACK)
        custody.end(keys[0])
        self.stdout.write(
            f"マスター鍵を {master.master_key_file()} に戻しました。\n"
            "控えの2枚でまだ同じ鍵が開きます。控えを使わないなら、renkei keys rotate で"
            "鍵を取り替え、控えを裁断してください。"
        )


def _takes_folder(parser: ArgumentParser) -> None:
    parser.add_argument("--to", type=Path, help="控えを書くフォルダー（なければ端末に1枚ずつ）")
    parser.add_argument(
        "--prove", type=Path, nargs=2, default=(), help="確かめる控えのファイル2つ（端末の代わり）"
    )


def _record(what: KeyChange, keys: int = 0) -> None:
    record_key_change(HOST, None, what=what, master=master.masters().current, keys=keys)
